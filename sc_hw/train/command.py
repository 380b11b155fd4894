"""``sc-hw train``: options to a run, its folder, and what it says in the end."""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError, in_shell
from ..folder import check_output
from ..records import write_record
from .callbacks import TensorBoardCallback, TrainingCallback, WandBCallback
from .data import load
from .run import CHECKPOINT, TrainConfig, listed_files, tasks, train

__all__ = ["train_command"]

# Chosen on held-out samples for each protocol with Adam (docs/measured/learning: forgetting for split-task with ewc and si, else
# scenarios); those of SGD on permuted digits.
STRENGTH = {
    "split-task": {"ewc": 1e5, "online_ewc": 1e5, "si": 1.0, "mas": 0.1, "lwf": 1.0},
    "split-domain": {"ewc": 100.0, "online_ewc": 100.0, "si": 0.1, "mas": 0.1, "lwf": 1.0},
    "split-class": {"ewc": 100.0, "online_ewc": 100.0, "si": 0.1, "mas": 0.1, "lwf": 1.0},
    "permuted-domain": {"ewc": 10.0, "online_ewc": 10.0, "si": 0.1, "mas": 0.01, "lwf": 1.0},
}
STRENGTH_SGD = {"ewc": 10.0, "online_ewc": 10.0, "si": 0.1, "mas": 0.01, "lwf": 1.0}
TASK_KNOWN = "note: split-task tells the network at test time which task a sample is of; split-domain and split-class do not"
BOARDS = ("tensorboard", "wandb")


def train_command(
    options: Mapping[str, Any],
    output: Path,
    *,
    resume: bool,
    force: bool,
    board: str | None,
    json_path: Path | None,
    progress: Callable[[int, int], None],
    echo: Callable[[str], None],
) -> int:
    """Train into ``output``, print accuracies and the command that derives cores from it; return 0."""
    if resume and force:
        raise UserError("--resume and --force: one goes on, the other starts anew; leave out one of the two")
    if board is not None and board not in BOARDS:
        raise UserError(f"--log {board!r}: not known; allowed are {', '.join(BOARDS)}")
    config = _config(options)
    data = load(config.data).standardised() if config.standardise else load(config.data)
    config.trainer(data), tasks(config, data)  # refuse what cannot be trained before anything is written
    output = output.absolute() if resume else check_output(output, listed_files, force=force, verb="trained")
    record = train(config, data, output, resume=resume, callbacks=_boards(board, output), progress=progress)
    if json_path:
        write_record(json_path, record)
    echo(f"test accuracy, %: a row after each task, a column for each; {config.protocol}, {config.method}")
    for label, row in (("untrained", record["untrained"]), *((f"task {k}", row) for k, row in enumerate(record["accuracy"]))):
        echo(f"  {label:>9}  {' '.join(f'{100 * value:5.1f}' for value in row)}")
    names = ("average_accuracy", "learned", "backward_transfer", "forward_transfer", "forgetting")
    average, learned, backward, forward, forgetting = (100 * record[name] for name in names)
    echo(
        f"average accuracy {average:.1f}, when just learned {learned:.1f}, backward transfer {backward:+.1f}, forward transfer "
        f"{forward:+.1f}, forgetting {forgetting:.1f}"
    )
    if config.protocol == "split-task" and config.tasks > 1:
        echo(TASK_KNOWN)
    weights, importance = in_shell(output / "weights.npz"), in_shell(output / "importance.npz")
    echo(f"  sc-hw derive {weights} --importance {importance} --axes post,pre -o DIR")
    return 0


def _config(options: Mapping[str, Any]) -> TrainConfig:
    """Return the configuration the options make, what was left open filled in."""
    given = dict(options)
    try:
        given["hidden"] = tuple(int(size) for size in options["hidden"].split(",") if options["hidden"])
    except ValueError as error:
        raise UserError(f"--hidden {options['hidden']!r}: allowed are sizes of at least 1, separated by commas") from error
    if given["strength"] is None:
        table = STRENGTH_SGD if given["optimiser"] == "sgd" else STRENGTH.get(given["protocol"], {})
        given["strength"] = table.get(given["method"], 0.0)
    if given["lr"] is None:
        given["lr"] = 0.1 if given["optimiser"] == "sgd" else 1e-3
    return TrainConfig(**given)


def _boards(board: str | None, output: Path) -> list[TrainingCallback]:
    if board == "tensorboard":
        return [TensorBoardCallback(output.parent / f"{output.name}-tensorboard")]
    return [WandBCallback("sc-hw", id=_run_id(output), resume="allow")] if board == "wandb" else []


def _run_id(output: Path) -> str:
    """Return the name under which Weights & Biases knows the run in a folder, kept beside it, so that a resumed run goes on."""
    path = output.parent / f"{output.name}-wandb-id"
    try:
        if not (output / CHECKPOINT).exists() or not path.exists():
            path.write_text(secrets.token_hex(8) + "\n", encoding="ascii")
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise UserError(f"{path}: cannot be read or written ({error}); give a writable folder") from error

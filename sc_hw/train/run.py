"""A training run: tasks made of a data set, epochs with a checkpoint after each, and the files it ends in."""

import dataclasses
import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from sc_hw_models.continual.metrics import transfer
from sc_hw_models.continual.trainer import ContinualTrainer
from sc_hw_models.rule import ConfigError

from .. import __version__
from ..errors import UserError
from ..folder import npz_bytes, replace_file, write_folder
from ..reading import read_npz, reading
from .callbacks import CSVCallback, TrainingCallback
from .data import Data

__all__ = ["CHECKPOINT", "PROTOCOLS", "RECORD", "TrainConfig", "tasks", "train"]

PROTOCOLS = ("single", "split-task", "split-domain", "split-class", "permuted-domain")
RECORD, CHECKPOINT, LOG = "train.json", "checkpoint.npz", "log.csv"
WEIGHTS, IMPORTANCE = "weights.npz", "importance.npz"
# What a kill leaves of a file that was being written.
_STRAY = re.compile(r"\.(train\.json|(checkpoint|weights|importance)\.npz)\.[0-9a-f]{16}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """What a run depends on; two runs with equal configurations on equal data write the same bytes.

    ``protocol``: ``single`` learns all classes at once; the others are the three scenarios of van de Ven, Tuytelaars and Tolias
    (Nature Machine Intelligence 4, 2022). A task of ``split-task`` has a few of the classes and its own output layer, so that who
    asks must know the task; of ``split-domain`` the same samples told apart by one output layer, first class from second and so
    on; of ``split-class`` they add to the classes that one output layer tells apart. ``permuted-domain``: all classes, the
    features in another order each task, one output layer. The rest as ``ContinualTrainer``. Errors: ``UserError`` names the
    option.
    """

    data: str = "digits"
    standardise: bool = False
    protocol: str = "split-task"
    tasks: int = 5
    hidden: tuple[int, ...] = (64,)
    method: str = "ewc"
    strength: float = 1.0
    damping: float = 1e-3
    decay: float = 1.0
    memory: int = 200
    biases: bool = False
    optimiser: str = "adam"
    lr: float = 1e-3
    batch: int = 64
    epochs: int = 10
    seed: int = 1

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise UserError(f"--protocol {self.protocol!r}: not known; allowed are {', '.join(PROTOCOLS)}")
        if self.protocol == "single" and self.tasks != 1:
            raise UserError(f"--tasks {self.tasks}: the protocol single has one; give --tasks 1, or another --protocol")

    @property
    def split(self) -> bool:
        """Whether tasks share out the classes."""
        return self.protocol.startswith("split")

    def trainer(self, data: Data) -> ContinualTrainer:
        """Return a fresh trainer for the data."""
        if self.split and data.classes % self.tasks:
            raise UserError(f"--tasks {self.tasks}: does not divide {data.classes} classes; give a number that does")
        width = data.classes // self.tasks
        few = self.protocol in ("split-task", "split-domain")
        sizes = [data.train.shape[1], *self.hidden, width if few else data.classes]
        heads, growth = self.tasks if self.protocol == "split-task" else 1, width if self.protocol == "split-class" else 0
        try:
            return ContinualTrainer(
                sizes,
                heads,
                growth=growth,
                method=self.method,
                strength=self.strength,
                damping=self.damping,
                decay=self.decay,
                memory=self.memory,
                optimiser=self.optimiser,
                lr=self.lr,
                batch=self.batch,
                biases=self.biases,
                seed=self.seed,
            )
        except ConfigError as error:
            raise UserError(f"train: {error}") from error


def tasks(config: TrainConfig, data: Data) -> list[Data]:
    """Return the data of each task."""
    if config.split:
        width = data.classes // config.tasks
        parts = [_chosen(data, range(k * width, (k + 1) * width)) for k in range(config.tasks)]
        for number, part in enumerate(parts):
            if not (len(part.train) and len(part.test)):
                first, last = number * width, (number + 1) * width - 1
                raise UserError(
                    f"--tasks {config.tasks}: no samples of the classes {first}..{last} to train on or to test on; "
                    "give other data or fewer --tasks"
                )
        if config.protocol == "split-class":  # as they are named in all the data
            return [
                dataclasses.replace(part, train_labels=part.train_labels + k * width, test_labels=part.test_labels + k * width)
                for k, part in enumerate(parts)
            ]
        return parts
    features = data.train.shape[1]
    orders = [
        np.random.default_rng([config.seed, 3, k]).permutation(features) if k else np.arange(features)
        for k in range(config.tasks)
    ]
    return [Data(data.train[:, order], data.train_labels, data.test[:, order], data.test_labels) for order in orders]


def _chosen(data: Data, classes: range) -> Data:
    """Return the samples of some classes, these counted from 0."""
    first = classes.start
    train, test = (np.isin(labels, classes) for labels in (data.train_labels, data.test_labels))
    return Data(data.train[train], data.train_labels[train] - first, data.test[test], data.test_labels[test] - first)


def train(
    config: TrainConfig,
    data: Data,
    folder: Path,
    *,
    resume: bool,
    callbacks: Sequence[TrainingCallback] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Train in ``folder``, from its checkpoint if ``resume``, write weights, importance and record, and return the record."""
    trainer, parts = config.trainer(data), tasks(config, data)
    identity = json.dumps(dataclasses.asdict(config) | {"sha256": _digest(data)})
    untrained = [trainer.accuracy(k, p.test, p.test_labels) for k, p in enumerate(parts)]
    history: list[list[float]] = []
    rows = 0

    def checkpoint() -> bytes:
        return npz_bytes(
            trainer.state | {"identity": np.array(identity), "rows": np.array(rows), "history": np.array(json.dumps(history))}
        )

    if resume:
        rows, history = _restore(folder, identity, trainer)
        for part in parts[: trainer.task]:
            trainer.remember(part.train, part.train_labels)
    else:
        write_folder(folder, {CHECKPOINT: checkpoint()})  # from its first moment a folder that can be resumed
    total = config.epochs * config.tasks
    with ExitStack() as stack:
        everything: list[TrainingCallback] = [CSVCallback(folder / LOG, keep=rows), *callbacks]
        for callback in everything:
            stack.callback(callback.close)
        while trainer.task < config.tasks:
            number, part = trainer.task, parts[trainer.task]
            try:
                with np.errstate(all="ignore"):  # what overflows is told below
                    loss = trainer.train_epoch(part.train, part.train_labels)
            except ConfigError:  # a gradient that is not finite
                loss = math.nan
            if not np.isfinite(loss) or not all(np.isfinite(w).all() for w in trainer.weights):
                raise UserError(
                    f"--lr {config.lr:g}: weights are no longer finite after epoch {trainer.epoch} of task {number}; "
                    "give a smaller --lr or --strength"
                )
            row: dict[str, str | int | float] = {"task": number, "epoch": trainer.epoch, "loss": loss}
            accuracies = [trainer.accuracy(k, p.test, p.test_labels) for k, p in enumerate(parts)]
            row |= {f"accuracy{k}": accuracy for k, accuracy in enumerate(accuracies)}
            if trainer.epoch == config.epochs:
                trainer.finish_task(part.train, part.train_labels)
                history.append(accuracies)
            for callback in everything:
                callback.log(row, rows)
            rows += 1
            replace_file(folder / CHECKPOINT, checkpoint())
            progress(rows, total)
    names = trainer.names
    replace_file(folder / WEIGHTS, npz_bytes(dict(zip(names, trainer.weights, strict=True))))
    replace_file(folder / IMPORTANCE, npz_bytes(dict(zip(names, trainer.importance, strict=True))))
    # The folder's own description: no date and no path, so that the same input gives the same bytes.
    record = {
        "schema": "sc-hw/trained/2",
        "verb": "train",
        "verdict": "pass",
        "config": dataclasses.asdict(config),
        "data_sha256": _digest(data),
        "tools": {"sc-hw": __version__, "numpy": np.__version__},
        "layers": {name: list(w.shape) for name, w in zip(names, trainer.weights, strict=True)},
        "accuracy": history,
        "untrained": untrained,
        **dataclasses.asdict(transfer(np.array(history), np.array(untrained))),
    }
    replace_file(folder / RECORD, (json.dumps(record, indent=2) + "\n").encode())
    return record


def _restore(folder: Path, identity: str, trainer: ContinualTrainer) -> tuple[int, list[list[float]]]:
    """Put the trainer where the checkpoint left it; return the rows of the log and the accuracies so far."""
    path = folder / CHECKPOINT
    what = "start anew with --force"
    state = read_npz(path, option="--resume:", what=what, fault="cannot be read")
    with reading(path, option="--resume:", what=what, fault="cannot be read"):
        kept, rows = str(state.pop("identity")), int(state.pop("rows"))
        history = msgspec.json.decode(str(state.pop("history")), type=list[list[float]])
        before = msgspec.json.decode(kept, type=dict[str, Any])
        if kept == identity:
            trainer.restore(state)
            for stray in filter(_STRAY.fullmatch, os.listdir(folder)):
                (folder / stray).unlink()
            return rows, history
        differs = [k for k, v in json.loads(identity).items() if before.get(k) != v]
    raise UserError(
        f"--resume: {path} was written with another {', '.join(differs)}; give the same options, or --force to start anew"
    )


def listed_files(folder: Path) -> list[str]:
    """Return the files of a folder that ``train`` wrote, finished or not. Errors: ``UserError`` when it is none."""
    what = "sc-hw train writes one"
    state = read_npz(folder / CHECKPOINT, what=what, fault="no checkpoint of sc-hw train")
    if not {"identity", "rows", "history"} <= state.keys():
        raise UserError(f"{folder / CHECKPOINT}: no checkpoint of sc-hw train; {what}")
    return [RECORD, CHECKPOINT, LOG, WEIGHTS, IMPORTANCE, *filter(_STRAY.fullmatch, os.listdir(folder))]


def _digest(data: Data) -> str:
    digest = hashlib.sha256()
    for field in dataclasses.fields(data):
        digest.update(np.ascontiguousarray(getattr(data, field.name)).tobytes())
    return digest.hexdigest()

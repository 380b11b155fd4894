"""What is told of each epoch: to a CSV file that survives a crash, and to the boards that people use."""

import csv
import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sc_hw_models.errors import shown
from sc_hw_models.rule import ConfigError, check_integer

from ..errors import UserError

__all__ = ["CSVCallback", "TensorBoardCallback", "TrainingCallback", "WandBCallback"]

Value = str | int | float


def _path(name: str, value: str | Path) -> Path:
    """Return a path, or refuse what is none."""
    if not isinstance(value, str | os.PathLike) or not os.fspath(value) or "\0" in str(value):
        raise ConfigError(f"{name}={shown(value)}: allowed are paths")
    return Path(value)


def _named(metrics: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values of a step, or refuse what is none, and a name that would take the step's place."""
    if not isinstance(metrics, Mapping) or not all(isinstance(name, str) and name for name in metrics):
        raise ConfigError(f"metrics: {shown(metrics)} given; allowed is a mapping from names to numbers and text")
    for name, value in metrics.items():
        if name == "step" or not (isinstance(value, str | int | float | np.number) or getattr(value, "shape", None) == ()):
            raise ConfigError(f"metrics {name}={shown(value)}: allowed are numbers and text, under other names than step")
    return dict(metrics)


class TrainingCallback:
    """Base: takes named values at a step, which is at least 0 and rises. This one does nothing with them.

    Values are text or one number each, and none is called ``step``. Errors: ``ConfigError`` names the argument.
    """

    def log(self, metrics: Mapping[str, Value], step: int) -> None:
        """Take the values of a step."""

    def close(self) -> None:
        """Finish; nothing follows."""


class CSVCallback(TrainingCallback):
    """Writes each row, ``step`` and the values, to the disk before it returns.

    Text is quoted where CSV needs it, floats are written exactly. With ``keep``, the first so many rows of the file are kept and
    it is gone on with; otherwise it starts anew. Errors: ``UserError`` when the file cannot be written or has fewer rows;
    ``ConfigError``, a ``ValueError``, for a row of other columns than the first.
    """

    def __init__(self, path: str | Path = "metrics.csv", *, keep: int = 0) -> None:
        path, keep = _path("path", path), check_integer("keep", keep, 0, 2**31 - 1)
        try:
            self._file = path.open("r+" if keep else "w", encoding="utf-8", newline="")
        except OSError as error:
            raise UserError(f"{path}: cannot be written ({error.strerror}); give a writable folder") from error
        kept = list(islice(iter(self._file.readline, ""), keep + 1)) if keep else []
        if keep and (len(kept) <= keep or not kept[-1].endswith("\n")):
            self._file.close()
            raise UserError(f"{path}: fewer than {keep} rows; it was changed since, so start anew with --force")
        self._columns = next(csv.reader(kept)) if kept else None
        self._file.truncate(self._file.tell())  # never emptied first: a kill here loses nothing
        self._file.seek(0, os.SEEK_END)

    def log(self, metrics: Mapping[str, Value], step: int) -> None:
        """Add a row, below a heading if it is the first."""
        values = {"step": check_integer("step", step, 0, 2**63 - 1), **_named(metrics)}
        if self._file.closed:
            raise ConfigError("log: the file is closed; make a new callback")
        if self._columns is None:
            self._columns = list(values)
            csv.writer(self._file, lineterminator="\n").writerow(self._columns)
        if list(values) != self._columns:
            raise ConfigError(f"metrics: columns {list(values)} given; the file has {self._columns}")
        csv.writer(self._file, lineterminator="\n").writerow(values.values())
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class TensorBoardCallback(TrainingCallback):
    """Writes event files into ``log_dir``.

    What an earlier run left there for steps from the first on that this one logs is marked as overwritten, so that a run that was
    resumed goes on where it stopped. Errors: ``UserError`` when tensorboardX is not installed.
    """

    def __init__(self, log_dir: str | Path = "runs") -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise UserError("--log tensorboard: needs tensorboardX; install it with: pip install 'sc-hw[tensorboard]'") from error
        self._new: Any = SummaryWriter
        self._log_dir = str(_path("log_dir", log_dir))
        self._writer: Any = None

    def log(self, metrics: Mapping[str, Value], step: int) -> None:
        """Add the numbers among the values as scalars."""
        metrics, step = _named(metrics), check_integer("step", step, 0, 2**63 - 1)
        if self._writer is None:
            self._writer = self._new(self._log_dir, purge_step=step)
        for name, value in metrics.items():
            if not isinstance(value, str):
                self._writer.add_scalar(name, value, step)
        self._writer.flush()  # a checkpoint follows: what it has must be there after a kill

    def close(self) -> None:
        """Close the files."""
        if self._writer is not None:
            self._writer.close()


class WandBCallback(TrainingCallback):
    """Logs to a run of Weights & Biases.

    ``init_kwargs`` go to ``wandb.init``, such as ``id`` and ``resume`` of a run to go on with.
    Errors: ``UserError`` when wandb is not installed.
    """

    def __init__(self, project: str = "sc-hw", **init_kwargs: Any) -> None:
        try:
            import wandb
        except ImportError as error:
            raise UserError("--log wandb: needs wandb; install it with: pip install 'sc-hw[wandb]'") from error
        if not isinstance(project, str) or not project:
            raise ConfigError(f"project={shown(project)}: allowed are non-empty strings")
        self._run: Any = wandb.init(project=project, **init_kwargs)

    def log(self, metrics: Mapping[str, Value], step: int) -> None:
        """Log the values."""
        self._run.log(_named(metrics), step=check_integer("step", step, 0, 2**63 - 1))

    def close(self) -> None:
        """Finish the run."""
        self._run.finish()

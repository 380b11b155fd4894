"""What is told of each epoch: to a CSV file that survives a crash, and to the boards that people use."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ..errors import UserError

__all__ = ["CSV", "Callback", "TensorBoard", "WandB"]

Value = str | int | float


class Callback(Protocol):
    """Takes one row of named values an epoch."""

    def row(self, values: Mapping[str, Value]) -> None:
        """Take a row."""

    def close(self) -> None:
        """Finish; no row follows."""


class CSV:
    """Writes each row to the disk before it returns; text is quoted where CSV needs it, floats are written exactly.

    With ``keep``, the first so many rows of the file are kept and it is gone on with; otherwise it starts anew.
    Errors: ``UserError`` when the file cannot be written or has fewer rows; ``ValueError`` for a row of other columns than the
    first.
    """

    def __init__(self, path: Path, keep: int = 0) -> None:
        try:
            self._file = path.open("r+" if keep else "w", encoding="utf-8", newline="")
        except OSError as error:
            raise UserError(f"{path}: cannot be written ({error.strerror}); give a writable folder") from error
        kept = [self._file.readline() for _ in range(keep + 1)] if keep else []
        if not all(row.endswith("\n") for row in kept):
            self._file.close()
            raise UserError(f"{path}: fewer than {keep} rows; it was changed since, so start anew with --force")
        self._columns = next(csv.reader(kept)) if kept else None
        self._file.truncate(self._file.tell())  # never emptied first: a kill here loses nothing
        self._file.seek(0, os.SEEK_END)

    def row(self, values: Mapping[str, Value]) -> None:
        """Add a row, below a heading if it is the first."""
        if self._columns is None:
            self._columns = list(values)
            csv.writer(self._file, lineterminator="\n").writerow(self._columns)
        if list(values) != self._columns:
            raise ValueError(f"columns {list(values)}; the file has {self._columns}")
        csv.writer(self._file, lineterminator="\n").writerow(values.values())
        self._write("")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()
        os.fsync(self._file.fileno())


class TensorBoard:
    """Writes event files into ``folder``. Errors: ``UserError`` when tensorboardX is not installed."""

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise UserError("--log tensorboard: needs tensorboardX; install it with: pip install 'sc-hw[tensorboard]'") from error
        self._writer: Any = SummaryWriter(str(folder))
        self._count = 0

    def row(self, values: Mapping[str, Value]) -> None:
        """Add the row's numbers as scalars, the rows counted."""
        for name, value in values.items():
            if not isinstance(value, str):
                self._writer.add_scalar(name, value, self._count)
        self._count += 1

    def close(self) -> None:
        """Close the files."""
        self._writer.close()


class WandB:
    """Logs to a run of Weights & Biases. Errors: ``UserError`` when wandb is not installed."""

    def __init__(self, project: str) -> None:
        try:
            import wandb
        except ImportError as error:
            raise UserError("--log wandb: needs wandb; install it with: pip install 'sc-hw[wandb]'") from error
        self._run: Any = wandb.init(project=project)

    def row(self, values: Mapping[str, Value]) -> None:
        """Log the row."""
        self._run.log(dict(values))

    def close(self) -> None:
        """Finish the run."""
        self._run.finish()

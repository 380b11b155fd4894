"""The store: every finished measurement, on the disk before it counts, so that a kill at any moment loses none."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ..errors import UserError, one_line
from ..reading import check_regular, reading
from .measure import Task

__all__ = ["Store"]


class _Learning(Struct):
    tools: dict[str, str]
    result: dict[str, float]


class _Counted(Struct):
    resources: dict[str, float]
    fits: bool
    failures: list[str]


class _Counts(Struct):
    tools: dict[str, str]
    result: _Counted


class _Clock(Struct):
    mhz: float
    error: str


class _Clocks(Struct):
    tools: dict[str, str]
    result: _Clock


_KINDS: dict[str, Any] = {"learning": _Learning, "counts": _Counts, "clocks": _Clocks}


def _outcome(task: str, text: str) -> dict[str, Any]:
    """Return the kept outcome of a task. Errors: ``ValueError``, ``KeyError`` or ``TypeError`` for what is none."""
    kind, _arguments = msgspec.json.decode(task, type=tuple[str, dict[str, Any]])
    outcome = json.loads(text)
    msgspec.convert(outcome, _KINDS[kind])
    return dict(outcome)


class Store:
    """Measurements by the key of their task, in an SQLite file that one process at a time has open.

    Errors: ``UserError`` when another process has it, or when it is no such file.
    """

    def __init__(self, path: Path) -> None:
        if path.exists():
            with reading(path, what="give another folder"):
                check_regular(path)
        self._database = sqlite3.connect(path, isolation_level=None, timeout=0)
        try:
            tables = {name for (name,) in self._database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if tables - {"measurements"}:
                raise ValueError(f"it has tables {', '.join(sorted(tables))}")
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")  # a lock that ends with the process, however it ends
            self._database.execute("BEGIN EXCLUSIVE")
            self._database.execute("CREATE TABLE IF NOT EXISTS measurements (key TEXT PRIMARY KEY, task TEXT, outcome TEXT)")
            self._database.execute("COMMIT")
            rows = self._database.execute("SELECT key, task, outcome FROM measurements")
            self._outcomes = {key: _outcome(task, text) for key, task, text in rows}
        except sqlite3.OperationalError as error:
            raise UserError(f"-o {path.parent}: another sc-hw explore is at work there ({error}); wait until it ends") from error
        except (sqlite3.DatabaseError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise UserError(f"{path}: not a store of measurements ({one_line(error)}); give another folder") from error

    def get(self, task: Task) -> dict[str, Any] | None:
        """Return the outcome of a task, ``None`` when it has not been done."""
        return self._outcomes.get(task.key)

    def add(self, task: Task, outcome: dict[str, Any]) -> None:
        """Keep the outcome of a task; it is on the disk when this returns."""
        what, text = json.dumps([task.kind, task.arguments]), json.dumps(outcome)
        self._database.execute("INSERT INTO measurements VALUES (?, ?, ?)", (task.key, what, text))
        self._outcomes[task.key] = json.loads(text)  # as a later run will read it

    def close(self) -> None:
        """Close the file."""
        self._database.close()

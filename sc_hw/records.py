"""Records of what ran: one JSON file a verb, in the results folder of the core and wherever the user asks.

Every record of a core begins with the same head, which ``write_results`` adds: the schema, the verb, the
verdict (``pass``, ``fail`` or ``unknown``) and whether it is of a ``partial`` run, the core by name and by digest, the command,
when it ended.
"""

import json
import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import click

from sc_hw_models.scratch import partial

from .errors import UserError
from .outlet import write_outlet

__all__ = [
    "ARGUMENTS",
    "RECORD_SCHEMA",
    "WAVEFORM",
    "Emitted",
    "head",
    "results_folder",
    "stamp",
    "write_bytes",
    "write_record",
    "write_results",
    "write_text",
]

ARGUMENTS = "sc_hw.arguments"
"""Under which a verb keeps in its context what it was given."""
RECORD_SCHEMA = "sc-hw/record/1"
WAVEFORM = "waveform.json"  # what sim leaves for the report's drawings


class Named(Protocol):
    """A design has a name, that of its top module."""

    @property
    def name(self) -> str:
        """The name."""


class Emitted(Protocol):
    """What a record needs of an emitted folder: a core, or a network."""

    @property
    def folder(self) -> Path:
        """Where it is."""

    @property
    def design(self) -> Named:
        """What it is of."""

    @property
    def edited(self) -> tuple[str, ...]:
        """Files that are not as they were emitted."""

    @property
    def digest(self) -> str:
        """Of everything in it."""


def results_folder(folder: Path) -> Path:
    """Return the folder of results inside a folder of emitted IP; whoever writes first makes it."""
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder}: not writable; give a folder that may hold the results")
    return folder / "results"


def head(core: Emitted) -> dict[str, Any]:
    """Return what every record of a core says: which core, which version of its files, which command, when.

    ``partial`` is why the run was less than a whole one of its verb; empty says that it was whole.
    """
    return stamp() | {"core": core.design.name, "core_sha256": core.digest, "edited": list(core.edited), "partial": ""}


def _command() -> str:
    """Return the command that runs, from a shell or from Python, as a shell takes it; else the program that does."""
    context = click.get_current_context(silent=True)
    if context is None or ARGUMENTS not in context.meta:
        return shlex.join(sys.argv)
    return shlex.join([*context.command_path.split(), *context.meta[ARGUMENTS]])


def stamp() -> dict[str, Any]:
    """Return what every record says: its schema, the command, and when it ended."""
    return {
        "schema": RECORD_SCHEMA,
        "command": _command(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write_results(core: Emitted, record: dict[str, Any], also: Path | None) -> None:
    """Write a verb's record, with its head, into the results of a core and, when asked, to a file of the user's."""
    record = head(core) | record
    write_record(results_folder(core.folder) / f"{record['verb']}.json", record)
    if also is not None:
        write_record(also, record)


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write a record whole or not at all; ``UserError`` when the path cannot be written."""
    write_text(path, json.dumps(record, indent=2, allow_nan=False) + "\n", option="--json")


def write_text(path: Path, text: str, *, option: str) -> None:
    """Write a text as ``write_bytes`` does."""
    write_bytes(path, text.encode(errors="backslashreplace"), option=option)


def write_bytes(path: Path, content: bytes, *, option: str) -> None:
    """Write a file as ``write_outlet`` does, the folder ``results`` too; ``UserError`` names the option that it came from."""
    if path.parent.name != "results" or path.parent.exists():
        write_outlet(path, content, option)
        return
    with partial(path.parent, empty=True):
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{path.parent}: cannot be made ({error.strerror}); give a folder that may hold the results"
            ) from error
        write_outlet(path, content, option)

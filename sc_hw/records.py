"""Records of what ran: one JSON file a verb, in the results folder of the core and wherever the user asks."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from .errors import UserError
from .interrupt import interruption_held

__all__ = ["results_folder", "write_record", "write_results"]


def results_folder(folder: Path) -> Path:
    """Return the folder of results inside a folder of emitted IP; whoever writes first makes it."""
    if not os.access(folder, os.W_OK):
        raise UserError(f"{folder}: not writable; give a folder that may hold the results")
    return folder / "results"


def write_results(folder: Path, record: dict[str, Any], also: Path | None) -> None:
    """Write a verb's record into the results of a core's ``folder`` and, when asked, to a file of the user's."""
    write_record(results_folder(folder) / f"{record['verb']}.json", record)
    if also is not None:
        write_record(also, record)


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write a record whole or not at all; ``UserError`` when the path cannot be written."""
    path = path.absolute()
    try:
        if path.parent.name == "results":
            path.parent.mkdir(exist_ok=True)
        with (
            interruption_held(),
            tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8") as file,
        ):
            file.write(json.dumps(record, indent=2) + "\n")
            file.flush()
            os.chmod(file.name, 0o644)  # a temporary file is private; a record is not
            os.replace(file.name, path)
    except OSError as error:
        raise UserError(f"--json {path}: cannot be written ({error.strerror}); give a file in a folder that exists") from error

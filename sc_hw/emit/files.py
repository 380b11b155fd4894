"""The verb ``files``: what a tool of the user's reads of an emitted folder."""

import os
from pathlib import Path

from ..errors import UserError
from ..network_folder import load_emitted

__all__ = ["files_text"]


def files_text(folder: Path) -> str:
    """Return the absolute paths of a folder's Verilog, a line each, the top first. Errors: ``UserError`` for another folder."""
    paths = [os.path.realpath(path) for path in load_emitted(folder).sources]
    if any("\n" in path for path in paths):
        raise UserError(f"{folder}: has a line break in its path, which a file list cannot hold; move the folder")
    return "\n".join(paths)

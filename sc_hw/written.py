"""What a run has written so far: when it fails after that, its line says what stands (docs/exit_status.md)."""

import os

__all__ = ["forget", "standing", "wrote"]

_paths: dict[str, None] = {}


def forget() -> None:
    """Begin a run: it has written nothing."""
    _paths.clear()


def wrote(path: str | os.PathLike[str]) -> None:
    """Keep in mind a file or folder that is whole now, where the user looks for it."""
    _paths[os.path.abspath(os.fspath(path))] = None


def standing() -> list[str]:
    """Return what the run has written and is still there; what is in a folder of the list goes with it."""
    there = [path for path in _paths if os.path.lexists(path)]
    return [path for path in there if not any(path.startswith(f"{other}{os.sep}") for other in there)]

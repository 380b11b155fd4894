"""Where the data folders are: beside the package in a checkout, inside it in an installed wheel."""

from pathlib import Path

__all__ = ["data_folder"]


def data_folder(name: str) -> Path:
    """Return the folder ``rtl_templates`` or ``synth``."""
    package = Path(__file__).resolve().parent
    for candidate in (package / "_data" / name, package.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the data folder {name} is missing from this installation")

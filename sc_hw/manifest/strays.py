"""Verilog in an emitted folder that nothing lists: whoever proves or simulates the listed files says nothing of it."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..strict import read_json

__all__ = ["recorded_files", "spoiled_record", "stray_verilog"]

_SUFFIXES = (".v", ".vh", ".sv", ".svh")
_RECORDS = ("board", "bus", "vectors", "package")  # folders of ours with a record in NAME.json that lists their files
_RECORD_BYTES = 1 << 20


def stray_verilog(folder: Path, listed: Collection[str], parts: Collection[str]) -> str:
    """Return the path, from ``folder``, of the first Verilog at any depth that nothing lists; empty when there is none.

    ``listed`` are the files of the folder itself. Its ``parts`` are read as folders of their own, its results are what verbs
    leave, and a folder that another verb or option of ours wrote has a record that lists what is in it.
    """
    allowed = {folder / name for name in listed}
    for place, folders, files in os.walk(folder):
        inside = Path(place)
        folders[:] = sorted(name for name in folders if inside != folder or name not in ("results", *parts))
        allowed |= {inside / name for kind in _RECORDS if f"{kind}.json" in files for name in _recorded(inside, kind)}
        for name in sorted(files):
            if name.lower().endswith(_SUFFIXES) and inside / name not in allowed:
                return (inside / name).relative_to(folder).as_posix()
    return ""


def spoiled_record(folder: Path, stray: str) -> str:
    """Return the path of a record around stray Verilog that can no longer be read as one of ours; empty when there is none."""
    for place in list(Path(stray).parents)[:-1]:
        for kind in _RECORDS:
            if os.path.lexists(folder / place / f"{kind}.json") and not _recorded(folder / place, kind):
                return (place / f"{kind}.json").as_posix()
    return ""


def _recorded(folder: Path, kind: str) -> list[str]:
    """Return the files that a record of ours in a folder lists; none of what is no such record."""
    try:
        record = read_json(folder / f"{kind}.json", limit=_RECORD_BYTES, remedy="")
    except UserError:
        return []
    return recorded_files(record, kind) or []


def recorded_files(record: Any, kind: str) -> list[str] | None:
    """Return the files that the record of a folder of this kind lists, of any version; ``None`` for what is no such record."""
    ours = isinstance(record, dict) and str(record.get("schema")).startswith(f"sc-hw/{kind}/")
    return [*map(str, record["sha256"])] if ours and isinstance(record.get("sha256"), dict) else None

r"""Verilator's coverage file, read into points.

Each line is ``C '<fields>' <hits>``; a field is ``\x01key\x02value``. Verilator documents the tool that reads
it, not the format; the wheel does not have that tool.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["KINDS", "Point", "read_points"]

KINDS = ("line", "branch", "toggle")
_BENCH = "sc_hw_bench."


@dataclass(frozen=True, kw_only=True)
class Point:
    """One thing that can be covered, in one instance of a core.

    ``core`` is the number of the core in its bench, ``scope`` the instance inside it ("" is the core itself),
    ``file`` a name without folder. ``kind`` is line, branch, toggle or user; ``what`` is the arm (if, elsif, else,
    case, cond_then, cond_else, block), the signal's bit with its direction (``name[3]:0->1``), or a label.
    """

    core: int
    scope: str
    file: str
    line: int
    column: int
    kind: str
    what: str
    hits: int

    @property
    def name(self) -> str:
        """Where and what, as a person would say it."""
        place = ".".join(part for part in (self.scope, self.what) if part) if self.kind == "toggle" else self.what
        return f"{self.file}:{self.line} {place}"


def read_points(path: Path, files: Iterable[str]) -> list[Point]:
    """Return the points inside the cores whose sources are ``files``, and the user's own; the rest is bench.

    Elements of memory arrays are left out: every word is compared by read-back. Errors: ``ValueError`` for a
    file that Verilator did not write.
    """
    kept, points = set(files), []
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0].startswith("# SystemC::Coverage"):
        raise ValueError(f"{path}: not a coverage file of Verilator")
    for line in lines[1:]:
        head, _, hits = line.rpartition("' ")
        fields = dict(field.split("\x02", 1) for field in head.split("\x01")[1:])
        kind = fields["page"].partition("/")[0].removeprefix("v_")
        found = re.match(rf"(?:TOP\.)?{re.escape(_BENCH)}core_(\d+)\.?(.*)", fields["h"])
        file = Path(fields["f"]).name
        if not found or (file not in kept and kind != "user") or re.search(r"\]\[\d+\]:", fields["o"]):
            continue
        points.append(
            Point(
                core=int(found[1]),
                scope=found[2],
                file=file,
                line=int(fields["l"]),
                column=int(fields["n"]),
                kind=kind,
                what=fields["o"],
                hits=int(hits),
            )
        )
    return points

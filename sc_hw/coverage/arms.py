"""The arms of branches in RTLIL: found by their place in the source, and made visible as wires.

Yosys' intermediate text still has every ``if`` and ``case`` as it stands in the Verilog before ``proc`` runs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .points import Point

__all__ = ["Branch", "branches", "find_arms", "mark"]

Place = tuple[int, int]
_ARMS = {"if": 0, "elsif": 0, "else": 1, "cond_then": 0, "cond_else": 1}


@dataclass(kw_only=True)
class Branch:
    """An ``if``, ``case`` or ``?:``: where it stands in the source, and the numbers of its lines in the RTLIL text.

    ``arms`` are the lines that begin its arms, in order; a ``?:`` has none, but ``select`` is its condition.
    """

    module: int
    process: int
    file: str
    start: Place
    end: Place
    arms: list[int] = field(default_factory=list)
    select: str = ""


def branches(lines: Sequence[str]) -> Iterator[Branch]:
    """Yield the branches of some RTLIL."""
    module = process = 0
    source: tuple[str, Place, Place] = ("", (0, 0), (0, 0))
    switches: list[Branch] = []
    choice: Branch | None = None
    for number, line in enumerate(lines):
        word, _, rest = line.strip().partition(" ")
        if word == "module":
            module = number
        elif word == "process":
            process = number
        elif word == "attribute" and (found := re.match(r'\\src "([^:"]+):(\d+)\.(\d+)-(\d+)\.(\d+)', rest)):
            first, last = ((int(found[k]), int(found[k + 1])) for k in (2, 4))
            source = (found[1], first, last)
        elif word == "switch" or (word == "cell" and rest.startswith("$mux ")):
            branch = Branch(module=module, process=process, file=source[0], start=source[1], end=source[2])
            if word == "switch":
                switches.append(branch)
            else:
                choice = branch
        elif word == "case":
            switches[-1].arms.append(number)
        elif word == "connect" and choice and rest.startswith("\\S "):
            choice.select = rest.removeprefix("\\S ")
            yield choice
        elif word == "end" and switches:
            yield switches.pop()
        elif word == "end":
            choice = None


def find_arms(point: Point, found: Sequence[Branch], points: Sequence[Point]) -> list[tuple[Branch, int]]:
    """Return the arm that a line or branch point stands for, in every module made from its source; none if there is none.

    ``points`` are all points of the core: the arms of a case are told apart by their order.
    """
    here = [branch for branch in found if branch.file == point.file]
    second = _ARMS.get(point.what, 0)
    place = (point.line, point.column - second)
    if point.what in ("if", "elsif", "else"):
        chosen = [branch for branch in here if not branch.select and branch.start == place]
        return [(branch, second) for branch in chosen]
    if point.what in ("cond_then", "cond_else"):
        return [(branch, second) for branch in _innermost([b for b in here if b.select], place)]
    if point.what != "case":
        return []
    ifs = {(p.line, p.column) for p in points if p.file == point.file and p.what in ("if", "elsif")}
    cases = [branch for branch in here if not branch.select and branch.start not in ifs]
    result = []
    for branch in _innermost(cases, place):
        arms = {(p.line, p.column) for p in points if p.file == point.file and p.what == "case"}
        mine = sorted(arm for arm in arms if _innermost(cases, arm)[0].start == branch.start)
        if len(mine) <= len(branch.arms):
            result.append((branch, mine.index(place)))
    return result


def _innermost(found: Sequence[Branch], place: Place) -> list[Branch]:
    """Return the branches that hold a place and begin last: one for each module made from the source."""
    around = [branch for branch in found if branch.start <= place <= branch.end]
    return [branch for branch in around if branch.start == max(b.start for b in around)]


def mark(lines: Sequence[str], arms: Mapping[str, Sequence[tuple[Branch, int]]]) -> str:
    """Return the RTLIL with a wire for each name in ``arms``, high where its arm is taken."""
    added: dict[int, list[str]] = {}

    def add(number: int, *text: str) -> None:
        added.setdefault(number, []).extend(text)

    for name, places in arms.items():
        for branch, arm in places:
            last = lines.index("end", branch.module) - 1  # wires come before what uses them
            add(branch.module, f"wire \\{name}")
            if not branch.select:
                add(branch.process, f"assign \\{name} 1'0")
                add(branch.arms[arm], f"assign \\{name} 1'1")
            elif arm == 0:
                add(last, f"connect \\{name} {branch.select}")
            else:
                add(
                    last,
                    f"cell $logic_not ${name}",
                    "parameter \\A_SIGNED 0",
                    "parameter \\A_WIDTH 1",
                    "parameter \\Y_WIDTH 1",
                    f"connect \\A {branch.select}",
                    f"connect \\Y \\{name}",
                    "end",
                )
    return "\n".join(text for number, line in enumerate(lines) for text in (line, *added.get(number, ())))

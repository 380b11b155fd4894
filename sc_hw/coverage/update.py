"""Can any update of a synapse give a point of the datapath? The datapath alone, unrolled, asked of a solver.

Every register of the datapath holds while ``enable`` is low. Whatever its registers held, after as many enabled clocks as it is
deep they hold what the last updates made of them, so one unrolling from free registers stands for every later clock.
"""

import dataclasses
import re
from collections.abc import Sequence

from ..errors import UserError
from ..manifest import Core
from ..proof.solver import find_solver
from .netlist import SEEN, datapath_question
from .points import Point

__all__ = ["SOLVER", "impossible"]

SOLVER = "yices"
_INSIDE = re.compile(r"lane_\d+\.datapath(?:\.|$)")


def impossible(core: Core, wanted: Sequence[Point], points: Sequence[Point], *, seconds: int) -> set[int]:
    """Return which points of ``wanted`` no update gives: bits that cannot change and arms that cannot be taken.

    All lanes have the same datapath, so a bit is asked about once. Nothing is returned of other points, of a datapath that does
    not hold, nor without a solver. ``points`` are all points of the core. Errors: ``YosysError``.
    """
    groups: dict[Point, list[int]] = {}
    for index, point in enumerate(wanted):
        if found := _INSIDE.match(point.scope):
            what = re.sub(r":[01]->[01]$", "", point.what)
            inside = dataclasses.replace(point, scope=point.scope[found.end() :], what=what, hits=0)
            groups.setdefault(inside, []).append(index)
    try:
        solver = find_solver(SOLVER)
    except UserError:
        return set()
    asked = list(groups)
    text, order = datapath_question(core, asked, points) if asked else ("", [])
    if not order:
        return set()
    top, clocks = str(core.manifest["modules"]["datapath"]), core.design.spec.latency
    states = "".join(f"(declare-fun s{k} () |{top}_s|)\n" for k in range(clocks + 1))
    registers = set(re.findall(rf"\(\|({top}#\d+)\| next_state\)", text))
    moves = " ".join(f"(distinct (|{r}| s0) (|{r}| s1))" for r in registers)
    if (
        solver.ask(
            f"{text}{states}(assert (and (|{top}_t| s0 s1) (not (|{top}_n enable| s0)) (or false {moves})))", [], timeout=seconds
        ).verdict
        != "unsat"
    ):
        return set()
    steps = "".join(f"(assert (and (|{top}_t| s{k} s{k + 1}) (|{top}_n enable| s{k})))\n" for k in range(clocks))
    seen = f"(|{top}_n {SEEN}| s{clocks})"
    if len(order) == 1:
        seen = f"(ite {seen} #b1 #b0)"
    goals = [f"(= ((_ extract {k} {k}) {seen}) #b{value})" for k in range(len(order)) for value in (1, 0)]
    never = [verdict == "unsat" for verdict in solver.ask_each(text + states + steps, goals, timeout=seconds)]
    result: set[int] = set()
    for k, index in enumerate(order):
        one, zero = (*never[2 * k : 2 * k + 2], False, False)[:2]
        if one or (zero and asked[index].kind == "toggle"):
            result.update(groups[asked[index]])
    return result

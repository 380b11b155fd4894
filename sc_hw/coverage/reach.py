"""Can a point be reached at all? Property-directed reachability (the ABC that comes with Yosys) on the emitted design."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sc_hw_models.scratch import temporary_folder

from ..manifest import Core
from ..yosys import YosysError, run_abc
from .netlist import settling_clocks, write_question
from .points import Point
from .update import SOLVER, impossible

__all__ = ["PROVEN", "REACHABLE", "UNDECIDED", "Finding", "reachable"]

PROVEN, REACHABLE, UNDECIDED = "unreachable (proven)", "not reached", "undecided"
Finding = tuple[str, str]  # verdict, reason
# scorr finds registers that never differ; -a goes on after the first output reached, -H ends an output that takes too long.
_PROVE = "scorr; pdr -a -H {each} -T {seconds}"
# cycle -x runs the reset with unknown inputs. What is unknown then is made free by undc, which an AIG with such registers needs:
# pdr takes them for 0. Starting behind the reset is much easier, but free registers may reach what the core does not.
_SCRIPTS = (
    "read_aiger question.aig; strash; cycle -F {clocks} -x; logic; undc; strash; zero; " + _PROVE,
    "read_aiger question.aig; strash; " + _PROVE,
)
_HARD = 8  # so many outputs may use up their time
_LEAST = 10  # Python allows a process more than ABC allows itself


def reachable(core: Core, wanted: Sequence[Point], points: Sequence[Point], *, seconds: int) -> list[Finding]:
    """Return for each point of ``wanted`` whether some input sequence reaches it, and why.

    ``points`` are all points of the core. Whatever a memory returns is free, so ``unreachable (proven)`` holds for
    every memory content; a sequence found may need one that the core never writes. Each core in a layer or crossbar is asked
    by itself first, with inputs that are all free, as those that others in there give it, too, may be anything; what is not
    proven so is asked of the whole. Errors: ``YosysError``.
    """
    result: list[Finding] = [(UNDECIDED, "the netlist has no such bit or arm")] * len(wanted)
    # In a top that was edited nobody knows what a core's reset and host are.
    edited = f"{core.design.name}.v" in core.edited
    for part in core.parts:
        place = f"{part.folder.name}."
        mine = {k: _inside(p, place) for k, p in enumerate(wanted) if f"{p.scope}.".startswith(place)}
        found = _of_one(part, [*mine.values()], points, seconds, search=not edited, inside=True)
        result = [
            finding if finding[0] == PROVEN else was for was, finding in _paired(result, dict(zip(mine, found, strict=True)))
        ]
    rest = [k for k, (verdict, _) in enumerate(result) if verdict != PROVEN]
    own = _of_one(core, [wanted[k] for k in rest], points, seconds)
    return [finding for _, finding in _paired(result, dict(zip(rest, own, strict=True)))]


def _inside(point: Point, place: str) -> Point:
    """Return a point as one of the core at a place."""
    return replace(point, scope=f"{point.scope}.".removeprefix(place).removesuffix("."))


def _paired(result: Sequence[Finding], found: Mapping[int, Finding]) -> list[tuple[Finding, Finding]]:
    """Return each finding beside what was found of its point since, or itself."""
    return [(finding, found.get(k, finding)) for k, finding in enumerate(result)]


def _of_one(
    core: Core, wanted: Sequence[Point], points: Sequence[Point], seconds: int, *, search: bool = True, inside: bool = False
) -> list[Finding]:
    """Return what is found of points in one netlist: by the datapath of one core alone, and by a ``search`` in all of it."""
    result: list[Finding] = [(UNDECIDED, "the netlist has no such bit or arm")] * len(wanted)
    for index in () if core.parts else impossible(core, wanted, points, seconds=seconds):
        result[index] = (PROVEN, f"no update gives it: the datapath unrolled, {SOLVER}")
    # What datapaths calculate rarely matters to what the cores do with each other, and is most of a whole.
    tries = [(_SCRIPTS[0], True)] * bool(core.parts) + [(script, False) for script in _SCRIPTS]
    for script, apart in tries if search else ():
        rest = [index for index, (verdict, _) in enumerate(result) if verdict != PROVEN]
        if rest:
            found = _searched(core, [wanted[index] for index in rest], points, script, seconds, inside=inside, apart=apart)
            result = [found[rest.index(index)] if index in rest else finding for index, finding in enumerate(result)]
    return result


def _searched(
    core: Core, wanted: Sequence[Point], points: Sequence[Point], script: str, seconds: int, *, inside: bool, apart: bool
) -> list[Finding]:
    """Return what ABC finds of each point with a script."""
    result: list[Finding] = [(UNDECIDED, "the netlist has no such bit or arm")] * len(wanted)
    with temporary_folder() as folder:
        asked = write_question(core, wanted, points, folder / "question.aig", inside=inside, apart=apart)
        if not asked:
            return result
        commands = script.format(clocks=settling_clocks(core), seconds=seconds, each=1000 * seconds // _HARD)
        said = run_abc(commands, cwd=folder, timeout=2 * seconds + _LEAST)
    late = (UNDECIDED, f"no proof and no input sequence within {seconds} s")
    if not said:
        return [late if index in asked else finding for index, finding in enumerate(result)]
    counts = re.search(r"All = +(\d+)\. Proved = +(\d+)\. Disproved = +(\d+)\. Undecided = +(\d+)\.", said)
    found = {int(output): int(frame) for output, frame in re.findall(r"^Output +(\d+) was asserted in frame +(\d+)", said, re.M)}
    proven = {int(output) for output in re.findall(r"^Proved output +(\d+) ", said, re.M)}
    if counts and counts[4] == "0":  # those that need an invariant are proven together, without a line each
        proven = set(range(len(asked))) - set(found)
    # The lines are read right only if they agree with ABC's own count.
    if not counts or [int(n) for n in counts.groups()[:3]] != [len(asked), len(proven), len(found)]:
        raise YosysError(f"ABC's answer is not understood: {said.strip()[-2000:]}")
    for output, index in enumerate(asked):
        if output in found:
            result[index] = (REACHABLE, f"inputs that reach it in {found[output]} clocks exist")
        elif output in proven:
            result[index] = (PROVEN, "no input sequence reaches it: property-directed reachability, ABC")
        else:
            result[index] = late
    return result

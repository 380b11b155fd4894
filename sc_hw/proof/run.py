"""Runs of a lane: what the model makes of its inputs clock by clock, and the search for a run that shows a fault.

A solver starts from any registers and, with cut points, any numbers. A run starts from registers that are 0 and
knows only the lane's inputs, so it can be simulated.
"""

import dataclasses
import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sc_hw_models.checked import unchecked
from sc_hw_models.rule import Field

from ..manifest import Core
from ..rtl.design import CoreDesign
from ..rtl.port import Port
from .circuit import Register, read_whole_lane
from .docket import Docket
from .question import integer
from .result import Counterexample
from .script import literal

__all__ = ["RANDOM_REGISTER", "Clock", "Golden", "find_run", "golden", "lane_inputs", "made_for", "shown"]

Clock = dict[str, int]
"""The inputs of a lane in one clock, by port, as unsigned numbers."""

RANDOM_REGISTER = "random_register"
_RUNS = 64


@dataclass(frozen=True, kw_only=True)
class Golden:
    """What a run should show after its last clock edge: ``values``, and the update they come from (empty for none)."""

    values: dict[str, int]
    state: dict[str, int]
    inputs: dict[str, int]


def golden(design: CoreDesign, clocks: Sequence[Clock]) -> Golden:
    """Return what the model makes of a run; the last of ``clocks`` only holds inputs while the results are looked at."""
    spec, lfsr = design.spec, design.spec.lfsr
    positions = spec.positions()
    register: int | None = None
    pipeline: deque[tuple[dict[str, int], dict[str, int]] | None] = deque([None], maxlen=spec.latency)
    pipeline.extend([None] * (spec.latency - 1))
    for clock in clocks[:-1]:
        if clock["enable"]:
            inputs = {f.name: integer(f, clock[f"in_{f.name}"]) for f in spec.inputs}
            inputs |= _cut(spec.noise, register or 0)
            state = {f.name: integer(f, clock["word_in"] >> positions[f.name] & ((1 << f.bits) - 1)) for f in spec.state}
            pipeline.append((state, inputs) if register is not None or lfsr is None else None)
        if lfsr is not None:
            stepped = lfsr.step(register) if register is not None and clock["accept"] else register
            register = clock["seed"] if clock["restart"] else stepped
    values = {} if register is None else {RANDOM_REGISTER: register}
    update = pipeline[0]
    if update is None:
        return Golden(values=values, state={}, inputs={n: v for n, v in clocks[-2].items() if n in ("restart", "accept", "seed")})
    state, outputs = unchecked(design.rule.step)(design.config, *update)  # shown even where it leaves a field
    values = {f"next_{n}": int(v) for n, v in state.items()} | {f"out_{n}": int(v) for n, v in outputs.items()} | values
    return Golden(values=values, state=update[0], inputs=update[1])


def shown(design: CoreDesign, ports: Mapping[str, int], right: Golden) -> dict[str, int]:
    """Return what a lane shows of the values the model gives, from its ports and random register as unsigned numbers."""
    spec = design.spec
    values = {f"next_{name}": value for name, value in _cut(spec.state, ports["word_out"]).items()}
    values |= {f"out_{f.name}": integer(f, ports[f"out_{f.name}"]) for f in spec.outputs}
    values |= {name: value for name, value in ports.items() if name == RANDOM_REGISTER}
    return {name: values[name] for name in right.values if name in values}


def _cut(fields: Sequence[Field], word: int) -> dict[str, int]:
    """Return the fields of a word, the first in its lowest bits."""
    result = {}
    for f in fields:
        result[f.name] = integer(f, word & ((1 << f.bits) - 1))
        word >>= f.bits
    return result


def _joined(fields: Sequence[Field], values: dict[str, int]) -> int:
    """Return the word that holds the fields."""
    word = 0
    for f in reversed(fields):
        word = word << f.bits | values[f.name] & ((1 << f.bits) - 1)
    return word


def find_run(
    core: Core,
    refuted: str,
    found: Counterexample | None,
    register_case: tuple[str, Clock] | None,
    register: Register | None,
    docket: Docket,
) -> Counterexample | None:
    """Return a counterexample with a run, or ``None`` when none of those tried shows the fault.

    Tried are the update that refutes a result, after other updates; the clock that refutes an obligation of the random
    register; and random updates with and without a stall, which show whatever is ``refuted``.
    """
    design, lane = core.design, read_whole_lane(core)
    inputs, outputs = lane_inputs(design), [port for port in design.lane_ports() if port.direction == "output"]
    cleared = [f"(= {lane.register(r, 0)} {literal(0, r.bits)})" for r in lane.registers]
    random_register = [(RANDOM_REGISTER, r) for r in lane.registers if register and r.name == register.name]
    for obligation, clocks in _candidates(design, refuted, found, register_case):
        last = len(clocks) - 1
        given = [f"(= {lane.port(p.name, p.bits, k)} {literal(c[p.name], p.bits)})" for k, c in enumerate(clocks) for p in inputs]
        wanted = {p.name: (lane.port(p.name, p.bits, last), p.bits) for p in outputs}
        wanted |= {name: (lane.register(r, last), r.bits) for name, r in random_register}
        lines = [*lane.unrolled(last, cut=False), *(f"(assert {fact})" for fact in cleared + given)]
        answer = docket.run("\n".join(lines), list(wanted.values()))
        if answer.verdict != "sat":
            continue
        right = golden(design, clocks)
        values = shown(design, dict(zip(wanted, answer.values, strict=True)), right)
        expected = {name: right.values[name] for name in values}
        if values != expected:
            return Counterexample(
                obligation=obligation,
                state=right.state,
                inputs=right.inputs,
                expected=expected,
                found=values,
                before={},
                later=[],
                run=clocks,
            )
    return None


def made_for(design: CoreDesign) -> dict[str, Any]:
    """Return what a file with a counterexample says of the core whose lane it is of."""
    return {"core": design.name, "rule": design.rule.name, "config": dataclasses.asdict(design.config)}


def lane_inputs(design: CoreDesign) -> list[Port]:
    """Return the ports whose values a clock of a run holds."""
    return [port for port in design.lane_ports() if port.direction == "input" and port.name != "clk"]


def _candidates(
    design: CoreDesign, refuted: str, found: Counterexample | None, register_case: tuple[str, Clock] | None
) -> Iterator[tuple[str, list[Clock]]]:
    """Yield runs to try, each with the obligation it would refute."""
    spec = design.spec
    generator = random.Random(1)  # noqa: S311 # numbers to try, nothing secret
    if found:
        for _ in range(_RUNS // 8):
            clocks = _random_run(design, generator)
            updates = [found.inputs | {f"state_{n}": v for n, v in found.state.items()}]
            updates += [{n.removeprefix("in_").removeprefix("noise_"): v for n, v in later.items()} for later in found.later]
            for k, update in enumerate(updates, spec.latency):
                clocks[k] |= {f"in_{f.name}": update[f.name] & ((1 << f.bits) - 1) for f in spec.inputs}
                clocks[k]["word_in"] = _joined(spec.state, {f.name: update[f"state_{f.name}"] for f in spec.state})
                if spec.lfsr:  # a restart gives the register any value, so the noise of the clock after it too
                    high = clocks[k - 1]["seed"] >> spec.lfsr.fresh << spec.lfsr.fresh
                    clocks[k - 1] |= {"restart": 1, "seed": high | _joined(spec.noise, update)}
            yield found.obligation, clocks
    if register_case:
        name, clock = register_case
        nothing = {port.name: 0 for port in lane_inputs(design)}
        yield name, [nothing | {"restart": 1, "seed": clock["register"]}, {port: clock[port] for port in nothing}, nothing]
    for number in range(_RUNS):
        clocks = _random_run(design, generator)
        if number % 2:
            stall = _random_clock(design, generator) | {"enable": 0} | ({"restart": 0, "accept": 0} if spec.lfsr else {})
            clocks.insert(generator.randrange(spec.latency + 1, len(clocks)), stall)
        yield refuted, clocks


def _random_run(design: CoreDesign, generator: random.Random) -> list[Clock]:
    """Return updates enough to fill the pipeline and to see the one after that leave it."""
    clocks = [_random_clock(design, generator) for _ in range(2 * design.spec.latency + 1)]
    return [clocks[0] | ({"restart": 1} if design.spec.lfsr else {}), *clocks[1:]]


def _random_clock(design: CoreDesign, generator: random.Random) -> Clock:
    """Return an enabled update, its values often at the ends of their ranges."""
    spec = design.spec

    def drawn(f: Field) -> int:
        value = generator.choice([f.minimum, f.maximum, *(generator.randint(f.minimum, f.maximum) for _ in range(2))])
        return value & ((1 << f.bits) - 1)

    clock = {"enable": 1, "word_in": _joined(spec.state, {f.name: drawn(f) for f in spec.state})}
    clock |= {f"in_{f.name}": drawn(f) for f in spec.inputs}
    if spec.lfsr:
        clock |= {
            "restart": generator.randrange(2),
            "accept": generator.randrange(2),
            "seed": generator.getrandbits(spec.lfsr.bits),
        }
    return clock

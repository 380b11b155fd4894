"""The lane around the datapath: wiring, random register, and what the engine gives it; the datapath is a cut point."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from sc_hw_models.lfsr import Lfsr
from sc_hw_models.rule import Field, RuleSpec

from ..errors import UserError
from ..manifest import Core
from .bits import Bits, slice_of
from .circuit import Circuit, Register
from .docket import Docket
from .run import Clock, lane_inputs
from .script import literal

__all__ = ["OUTSIDE_THE_LANE", "LaneProof"]

OUTSIDE_THE_LANE = ("fields", "lane_seeds", "lane_accept", "clear_word", "state_bits")
"""Obligations that no run of a lane can show refuted: they are of the model, of the engine, or counts."""


@dataclass(frozen=True, kw_only=True)
class _Equation:
    """Two bit vectors that must be equal, the ``expected`` one as the specification has it."""

    name: str
    bits: int
    found: str
    expected: str


@dataclass(kw_only=True)
class LaneProof:
    """The obligations of one core's lane and, where there is one, of what its ``engine`` gives the lanes.

    ``register_case`` is set when an obligation of the random register is refuted: which, and the register and the lane's
    inputs before the clock edge.
    """

    core: Core
    lane: Circuit
    engine: Circuit | None
    docket: Docket
    register_case: tuple[str, Clock] | None = None

    @cached_property
    def _spec(self) -> RuleSpec:
        return self.core.design.spec

    @cached_property
    def random(self) -> Register | None:
        """The register of the lane that holds the random bits; ``None`` when there is not exactly one so long."""
        bits = self._spec.lfsr.bits if self._spec.lfsr else 0
        found = [register for register in self.lane.registers if register.bits == bits]
        return found[0] if len(found) == 1 else None

    def run(self) -> None:
        """Decide all obligations, each a question about one clock."""
        self._wiring()
        if self._spec.lfsr:
            self._random(self._spec.lfsr)
        if self.engine:
            self._engine(self.engine)
            self._state_bits(self.engine)

    def _ask(
        self,
        name: str,
        statement: str,
        circuit: Circuit,
        equations: Sequence[_Equation],
        facts: Sequence[str] = (),
        also: Sequence[tuple[str, int]] = (),
    ) -> tuple[int, ...]:
        """Prove equations in one clock from any state and inputs in which ``facts`` hold.

        Returns the values of ``also`` where an equation does not hold, nothing when all do.
        """
        goal = " ".join(f"(distinct {e.found} {e.expected})" for e in equations)
        lines = [*circuit.unrolled(1, cut=False), *(f"(assert {fact})" for fact in facts), f"(assert (or false {goal}))"]
        wanted = [(text, e.bits) for e in equations for text in (e.expected, e.found)]
        answer, answers = self.docket.decide("\n".join(lines), [*wanted, *also])
        verdict, note = self.docket.verdict(answer), answer.text
        if facts and verdict == "proven":
            case = "\n".join([*circuit.unrolled(1, cut=False), *(f"(assert {fact})" for fact in facts)])
            if self.docket.run(case, []).verdict != "sat":
                verdict, note = "unknown", "the case never occurs, so nothing is said of it"
        elif answer.verdict == "sat":
            pairs = zip(equations, answer.values[::2], answer.values[1::2], strict=False)
            note = ", ".join(f"{e.name} expected {expected}, found {found}" for e, expected, found in pairs if expected != found)
        self.docket.add(name, statement, verdict, answers, note)
        return answer.values[len(wanted) :]

    # The lane

    def _wiring(self) -> None:
        spec, lane, positions = self._spec, self.lane, self._spec.positions()
        instances = list(lane.instances(str(self.core.manifest["modules"]["datapath"])))
        if len(instances) != 1:
            raise UserError(f"{self.core.folder}: the lane has {len(instances)} datapaths, not one; emit the core again")

        def inside(port: str, bits: int) -> str:
            return lane.port(f"{instances[0]}.{port}", bits, 0)

        def equal(port: str, bits: int, expected: str) -> _Equation:
            return _Equation(name=f"datapath {port}", bits=bits, found=inside(port, bits), expected=expected)

        def word(port: str, f: Field) -> str:
            return slice_of(lane.port(port, spec.state_bits, 0), positions[f.name], f.bits)

        fields = [equal(f"state_{f.name}", f.bits, word("word_in", f)) for f in spec.state]
        fields += [
            _Equation(
                name=f"word_out {f.name}", bits=f.bits, found=word("word_out", f), expected=inside(f"next_{f.name}", f.bits)
            )
            for f in spec.state
        ]
        self._ask("lane_word", "each state field enters and leaves the datapath at its place in the state word", lane, fields)
        ports = [equal("enable", 1, lane.port("enable", 1, 0))]
        ports += [equal(f"in_{f.name}", f.bits, lane.port(f"in_{f.name}", f.bits, 0)) for f in spec.inputs]
        ports += [
            _Equation(
                name=f"out_{f.name}",
                bits=f.bits,
                found=lane.port(f"out_{f.name}", f.bits, 0),
                expected=inside(f"out_{f.name}", f.bits),
            )
            for f in spec.outputs
        ]
        self._ask(
            "lane_ports",
            "inputs, enable and clock reach the datapath, its outputs leave the lane",
            lane,
            [*ports, *self._clocks(instances[0])],
        )
        if spec.noise and self.random:
            register, low, noise = lane.register(self.random, 0), 0, []
            for f in spec.noise:
                noise.append(equal(f"noise_{f.name}", f.bits, slice_of(register, low, f.bits)))
                low += f.bits
            self._ask("lane_noise", "each noise word is its own bits of the random register", lane, noise)

    def _clocks(self, datapath: str) -> list[_Equation]:
        """Return an equation that holds when the datapath has the lane's clock, as the netlist shows."""
        top = self.lane.modules[self.lane.top]
        same = top["cells"][datapath]["connections"].get("clk") == top["ports"]["clk"]["bits"]
        return [_Equation(name="datapath clk is the lane's", bits=1, found=literal(same, 1), expected=literal(1, 1))]

    def _random(self, lfsr: Lfsr) -> None:
        """Prove what the register becomes in each case; the step is the model's own code, run on symbolic bits."""
        lane, register, n = self.lane, self.random, lfsr.bits
        restart, accept = (lane.port(port, 1, 0) for port in ("restart", "accept"))
        if register is None:
            for name in ("lane_noise", "random_step", "random_hold", "random_restart"):
                self.docket.add(name, "", "unknown", [], f"the lane has no single register of {n} bits")
            return
        before, after, seed = lane.register(register, 0), lane.register(register, 1), lane.port("seed", n, 0)
        symbolic = Bits(tuple(slice_of(before, k, 1) for k in range(n)))
        stepped = cast(Bits, lfsr.step(cast(Any, symbolic))).text(n)
        ports = lane_inputs(self.core.design)
        inputs = [(lane.port(p.name, p.bits, 0), p.bits) for p in ports]
        for name, statement, facts, expected in (
            ("random_step", "accept advances the random register by the model's step", {restart: 0, accept: 1}, stepped),
            ("random_hold", "without accept the random register keeps its value", {restart: 0, accept: 0}, before),
            ("random_restart", "restart loads the seed and wins over accept", {restart: 1}, seed),
        ):
            equation = _Equation(name="random register", bits=n, found=after, expected=expected)
            told = [f"(= {text} {literal(value, 1)})" for text, value in facts.items()]
            values = self._ask(name, statement, lane, [equation], told, [(before, n), *inputs])
            if values:
                names = ["register", *(port.name for port in ports)]
                self.register_case = name, dict(zip(names, values, strict=True))

    # What the engine gives its lanes

    def _engine(self, engine: Circuit) -> None:
        """Prove seeds, draws of noise, and the word a clear writes, at the ports of lanes and memories, from any engine state."""
        design = self.core.design
        bits, reset = self._spec.state_bits, literal(design.reset_value(), self._spec.state_bits)
        # With a queue, what the host writes is stored a clock later.
        result, at = ("result_queue_0.push", 1) if design.queued else ("result_valid", 0)

        def port(name: str, step: int = at) -> str:
            return engine.port(name, 1, step)

        # A word is written by the host, with a result, or by a clear.
        writes = [port(f"memory_{lane}.write_enable") for lane in range(design.lanes)]
        alone = f"(bvnot (bvor {port(result)} (bvand {port('host_valid', 0)} {port('host_ready', 0)} {port('host_write', 0)})))"
        words = [
            _Equation(
                name=f"memory_{lane} write_data",
                bits=bits,
                expected=reset,
                found=f"(ite (= {written} #b1) {engine.port(f'memory_{lane}.write_data', bits, at)} {reset})",
            )
            for lane, written in enumerate(writes)
        ]
        facts = [f"(= {alone} #b1)", f"(or false {' '.join(f'(= {written} #b1)' for written in writes)})"]
        self._ask(
            "clear_word", "what is written without a result and without a host is every field's reset value", engine, words, facts
        )
        if not (lfsr := self._spec.lfsr):
            return
        seeds, gates = [], []
        for lane, written in enumerate(writes):
            seed = engine.port(f"lane_{lane}.seed", lfsr.bits, at)
            seeds.append(
                _Equation(name=f"lane_{lane} seed", bits=lfsr.bits, found=seed, expected=literal(design.seed(lane), lfsr.bits))
            )
            enable, accept, restart = (port(f"lane_{lane}.{name}") for name in ("enable", "accept", "restart"))
            for name, condition, consequence in (
                ("accept without enable", f"(bvand {accept} (bvnot {restart}))", enable),  # restart wins over accept
                ("rst without restart", port("rst"), restart),
                ("clear without restart", f"(bvand {written} {alone})", restart),
            ):
                found = f"(bvand {condition} (bvnot {consequence}))"
                gates.append(_Equation(name=f"lane_{lane} {name}", bits=1, found=found, expected=literal(0, 1)))
        self._ask("lane_seeds", "each lane's random register restarts from its own seed", engine, seeds)
        self._ask(
            "lane_accept",
            "no lane draws noise in a clock without enable unless it restarts; rst and clear restart every lane",
            engine,
            gates,
        )

    def _state_bits(self, engine: Circuit) -> None:
        """Count the storage of the netlist and compare it with what the manifest claims."""
        manifest, modules = self.core.manifest, engine.modules
        cells = modules[engine.top]["cells"]
        wanted = {f"memory_{lane}": manifest["words_per_lane"] * manifest["state_bits"] for lane in range(manifest["lanes"])}
        total = sum(wanted.values()) + manifest["lanes"] * manifest["random_bits_per_lane"]
        found = {}
        for name in wanted:
            memories = modules[cells[name]["type"]].get("memories", {}) if name in cells else {}
            found[name] = sum(memory["width"] * memory["size"] for memory in memories.values())
        wanted["a lane beside its datapath"] = manifest["random_bits_per_lane"]
        found["a lane beside its datapath"] = sum(register.bits for register in self.lane.registers)
        wrong = [f"{name} has {found[name]:,} bits, not {count:,}" for name, count in wanted.items() if found[name] != count]
        self.docket.add(
            "state_bits",
            f"memories and random registers hold the manifest's {total:,} bits, counted in the netlist",
            "refuted" if wrong else "proven",
            [],
            ", ".join(wrong),
        )

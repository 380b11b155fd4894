"""The weight stage of every rule that proposes a change: protect, round, saturate, remember (docs/consolidation.md)."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from sc_hw_models.rule import Field

from .arithmetic import cut, delay, floor_part, leading_one, register, saturate, wire
from .design import CoreDesign
from .faults import Fault
from .faults import datapath_fault as fault
from .kind import StageKind, stage_kind

__all__ = ["BuiltStage", "WeightStage", "hardly_moves"]


class WeightStage:
    """All that lies between a rule's drive and the next weight, anchor, importance and code.

    Parameters: ``design``, whose configuration says the kind. ``drive`` is the name of the net whose signed register of ``bits``
    bits ends stage ``number`` of the pipeline, as many clocks behind the inputs; ``shift`` scales it down.
    """

    def __init__(self, design: CoreDesign, *, drive: str, bits: int, shift: int, number: int) -> None:
        self.design, self.drive, self.bits, self.shift, self.number = design, drive, bits, shift, number
        self.kind: StageKind = stage_kind(design.config)

    def build(self, m: Module, ports: Any, drive: Signal) -> None:
        """Build the stage into a datapath, given its module, its ports and the register of the drive."""
        BuiltStage(self, m, ports).build(drive)

    @property
    def register(self) -> str:
        """The register of the drive."""
        return f"{self.drive}_{self.number}"

    @property
    def gated_bits(self) -> int:
        """Bits of what is scaled down: the drive, raised by what a code needs."""
        return self.bits + int(self.design.config.change_headroom)

    @property
    def weight(self) -> Field:
        """The field of the weight."""
        return next(f for f in self.design.spec.state if f.name == "weight")

    @property
    def still(self) -> str:
        """Why a wrong change may not show, or nothing."""
        return hardly_moves(self.design, self.bits, self.shift)

    def faults(self) -> list[Fault]:
        """Return the bugs that ``sc-hw selftest`` plants in the stage."""
        weight, wide = self.weight, self.gated_bits
        total = self.shift + int(self.design.config.change_headroom)
        top = f"{{1'b0, {{{weight.bits - 1}{{1'b1}}}}}}" if weight.signed else f"{{{weight.bits}{{1'b1}}}}"
        below = (1 << min(total, wide - 1)) - 1
        lower = f"value == {top} ? value ^ {weight.bits}'d1 : value"
        scaled, toward_zero = ("gated" if self.kind.gates else self.drive), f"value[{wide - 1}] ? value + {wide}'d{below} : value"
        reason = self.still or ("" if total else "no shift: nothing is rounded")
        title = "floor turned into truncation"
        return [
            fault("saturation off by one", "the weight saturates at its maximum - 1", "weight_clipped", lower),
            fault(title, "a negative weight change is rounded toward zero", scaled, toward_zero, reason),
            *self.kind.faults(self),
        ]


class BuiltStage:
    """The stage while it is built into a datapath ``m`` with its ``ports``: what a kind makes its part of.

    The stage drives the ``next_...`` ports of its fields. One update a clock; the specification counts its latency.
    Overflow: the weight saturates, everything between is exact. Clocks are counted from the register of the drive.
    """

    def __init__(self, stage: WeightStage, m: Module, ports: Any) -> None:
        self.m, self.ports, self.config = m, ports, stage.design.config
        self._kind, self._number, self._shift = stage.kind, stage.number, stage.shift
        self._inputs = dict[str, list[Value]]()

    def build(self, drive: Signal) -> None:
        """Build the whole stage."""
        m, gate = self.m, int(self._kind.gates)
        gated = self.register("gated", self._kind.gated(self, drive), 1) if gate else drive
        shift = self._shift + self.config.change_headroom
        # The noise stands below the weight, so that rounding costs no adder of its own.
        noise = self.noise("weight_noise", shift, gate)
        total = self.above(noise, self.input("state_weight", gate)) + floor_part(m, gated.name, gated, shift - len(noise))
        fine = cut(m, "weight_sum", total, len(noise), signed(len(total) - len(noise)))
        weight_sum = self.register("weight_sum", fine, gate + 1)
        clipped = wire(m, "weight_clipped", saturate(weight_sum, self.ports.state_weight.shape()))
        self._summed, self._change_bits = weight_sum, min(len(weight_sum), max(1, len(gated) - shift) + 1)
        self._kind.finish(self, drive, clipped, gate + 2)

    def change(self) -> Signal:
        """Return the change as it was added, before saturation, two clocks on."""
        return cut(self.m, "change", self._summed - self.input("state_weight", 2), 0, signed(self._change_bits))

    def register(self, name: str, value: Value, clock: int) -> Signal:
        """Return ``value`` as a register that ends the stage ``clock`` stages after the drive's."""
        return register(self.m, f"{name}_{self._number + clock}", value)

    def input(self, name: str, clock: int) -> Value:
        """Return an input as it came with the drive of ``clock`` clocks ago."""
        chain = self._inputs.setdefault(name, [getattr(self.ports, name)])
        while len(chain) <= self._number + clock:
            chain.append(register(self.m, f"{name.partition('_')[2]}_{len(chain)}", chain[-1]))
        return chain[self._number + clock]

    def leave(self, field: str, value: Value) -> None:
        """Drive the next value of a field."""
        self.m.d.sync += getattr(self.ports, f"next_{field}").eq(value)

    def noise(self, name: str, shift: int, clock: int) -> Value:
        """Return the noise of a rounding, its highest bit worth half a unit; no bits when it floors."""
        if self.config.rounding == "floor" or shift == 0:
            return Const(0, 0)
        return Const(1, 1) if self.config.rounding == "nearest" else self.input(f"noise_{name}", clock)

    def above(self, noise: Value, weight: Value) -> Value:
        """Return the weight with the bits of the noise below its unit."""
        return Cat(noise, weight).as_signed() if self.ports.state_weight.shape().signed else Cat(noise, weight)

    def zeros(self, noise: Value, clock: int) -> Value:
        """Return how many of the noise's 2^k - 1 bits, from the lowest, are 0: at least n with probability 2^-n."""
        lowest_one = leading_one(self.m, "lowest_one", Cat(Const(0, 1), *reversed(noise)))
        return delay(self.m, "zeros", ~lowest_one, self._number + clock)

    def raised(self, name: str, value: Value, code: Value) -> Value:
        """Return ``value * 2^(largest code - code)``, 0 for the largest: a constant shift behind it scales by 2^-code."""
        value = wire(self.m, "raised_0", Mux(wire(self.m, "unlocked", ~code.all()), value, 0))
        for position, bit in enumerate(code):
            result = name if position == len(code) - 1 else f"raised_{position + 1}"
            value = wire(self.m, result, Mux(bit, value, value.shift_left(1 << position)))
        return value

    def delayed(self, name: str, value: Value, clock: int, clocks: int) -> Value:
        """Return ``value``, which ends stage ``clock``, some stages later."""
        for later in range(clock + 1, clock + clocks + 1):
            value = self.register(name, value, later)
        return value


def hardly_moves(design: CoreDesign, bits: int, shift: int) -> str:
    """Return the reason why a fault of a change of so many ``bits`` before its ``shift`` may not show, or nothing.

    The largest one is about 2^(bits - 2); rounding may make nothing, or almost never something, of it.
    """
    spare = {"floor": 0, "nearest": 1, "stochastic": 14}[design.config.rounding] if shift else 0
    return "the weight hardly ever moves by it in this configuration" if spare and bits - 2 <= shift - spare else ""

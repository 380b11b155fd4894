"""The weight stage of every rule that proposes a change: protect, round, saturate, remember (docs/consolidation.md)."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned

from .arithmetic import apart, cut, delay, floor_part, leading_one, magnitude, register, saturate, wire
from .design import CoreDesign
from .faults import Fault

__all__ = ["WeightStage", "consolidation_faults", "hardly_moves"]

_GATED = ("shift", "probabilistic", "lock", "si")  # kinds whose code acts on the drive, a clock before the sum


class WeightStage:
    """Builds, into a datapath, all that lies between the rule's drive and the next weight, anchor, importance and code.

    Parameters: ``m`` and ``ports``, the datapath's module and its ports; ``config`` says the kind. ``drive`` is a signed
    register that ends stage ``number`` of the pipeline, as many clocks behind the inputs; ``shift`` scales it down.
    The stage drives the ``next_...`` ports of its fields. One update a clock; the specification counts its latency.
    Overflow: the weight saturates, everything between is exact.
    """

    def __init__(self, m: Module, ports: Any, config: Any, *, drive: Signal, shift: int, number: int) -> None:
        self._m, self._ports, self._config, self._number = m, ports, config, number
        self._kind, self._delayed = config.consolidation, dict[str, list[Value]]()
        gate = int(self._kind in _GATED)
        gated = self._register("gated", self._gated(drive), 1) if gate else drive
        shift += config.change_headroom
        # The noise stands below the weight, so that rounding costs no adder of its own.
        noise = self._noise("weight_noise", shift, gate)
        total = self._above(noise, self._at("state_weight", gate)) + floor_part(m, gated.name, gated, shift - len(noise))
        fine = cut(m, "weight_sum", total, len(noise), signed(len(total) - len(noise)))
        weight_sum = self._register("weight_sum", fine, gate + 1)
        clipped = wire(m, "weight_clipped", saturate(weight_sum, ports.state_weight.shape()))
        if self._kind in ("pull", "si"):
            weight, anchor = self._remembered(clipped, gate + 2)
        if self._kind == "pull":
            self._pull(weight, anchor, gate + 2)
        elif self._kind == "si":
            self._leave("weight", self._delay("weight", weight, gate + 2, 2))
            change_bits = min(len(weight_sum), max(1, len(gated) - shift) + 1)
            change = cut(m, "change", weight_sum - self._at("state_weight", gate + 1), 0, signed(change_bits))
            self._count(drive, self._register("change", change, gate + 2))
        else:
            self._leave("weight", clipped)
            if self._kind != "none":
                self._leave("code", self._at("state_code", gate + 1))

    def _register(self, name: str, value: Value, clock: int) -> Signal:
        """Return ``value`` as a register that ends the stage ``clock`` stages after the drive's."""
        return register(self._m, f"{name}_{self._number + clock}", value)

    def _at(self, name: str, clock: int) -> Value:
        """Return an input as it came with the drive of ``clock`` clocks ago."""
        chain = self._delayed.setdefault(name, [getattr(self._ports, name)])
        while len(chain) <= self._number + clock:
            chain.append(register(self._m, f"{name.partition('_')[2]}_{len(chain)}", chain[-1]))
        return chain[self._number + clock]

    def _leave(self, field: str, value: Value) -> None:
        self._m.d.sync += getattr(self._ports, f"next_{field}").eq(value)

    def _noise(self, name: str, shift: int, clock: int) -> Value:
        """Return the noise of a rounding, its highest bit worth half a unit; no bits when it floors."""
        if self._config.rounding == "floor" or shift == 0:
            return Const(0, 0)
        return Const(1, 1) if self._config.rounding == "nearest" else self._at(f"noise_{name}", clock)

    def _above(self, noise: Value, weight: Value) -> Value:
        """Return the weight with the bits of the noise below its unit."""
        return Cat(noise, weight).as_signed() if self._ports.state_weight.shape().signed else Cat(noise, weight)

    def _gated(self, drive: Value) -> Value:
        """Return what the code lets through of the drive."""
        code = self._at("state_code", 0)
        if self._kind in ("shift", "si"):
            return self._raised("gated", drive, code)
        if self._kind == "lock":
            return wire(self._m, "gated", Mux(code, 0, drive))
        zeros = self._zeros(self._ports.noise_chance_noise, 0)
        return wire(self._m, "gated", Mux(wire(self._m, "passes", zeros >= code), drive, 0))

    def _zeros(self, noise: Value, clock: int) -> Value:
        """Return how many of the noise's 2^k - 1 bits, from the lowest, are 0: at least n with probability 2^-n."""
        lowest_one = leading_one(self._m, "lowest_one", Cat(Const(0, 1), *reversed(noise)))
        return delay(self._m, "zeros", ~lowest_one, self._number + clock)

    def _raised(self, name: str, value: Value, code: Value) -> Value:
        """Return ``value * 2^(largest code - code)``, 0 for the largest: a constant shift behind it scales by 2^-code."""
        value = wire(self._m, "raised_0", Mux(wire(self._m, "unlocked", ~code.all()), value, 0))
        for position, bit in enumerate(code):
            result = name if position == len(code) - 1 else f"raised_{position + 1}"
            value = wire(self._m, result, Mux(bit, value, value.shift_left(1 << position)))
        return value

    def _remembered(self, clipped: Signal, clock: int) -> tuple[Signal, Signal]:
        """Return weight and anchor registered ``clock`` clocks on: a timestep that consolidates makes the old weight both."""
        m, hold, weight = self._m, self._at("in_consolidate", clock - 1), self._at("state_weight", clock - 1)
        anchor_old = wire(m, "anchor_old", apart(self._at("state_anchor", clock - 1)))
        weight_held = wire(m, "weight_held", Mux(hold, weight, clipped))
        anchor_next = wire(m, "anchor_next", Mux(hold, weight, anchor_old))
        anchor = self._register("anchor", anchor_next, clock)
        self._leave("anchor", self._delay("anchor", anchor, clock, 2))
        return self._register("weight", weight_held, clock), anchor

    def _pull(self, weight: Signal, anchor: Signal, clock: int) -> None:
        """Take back the part of the weight's distance from the anchor that the code says; it cannot leave the range."""
        m, config = self._m, self._config
        distance = self._register("distance", weight - anchor, clock + 1)
        pull = self._register("pull", self._raised("pull", distance, self._at("state_code", clock + 1)), clock + 2)
        shift = config.pull_shift + config.max_code
        # Less floor((x + noise) / 2^s) is less x plus the noise's complement, floored: one subtractor does all.
        noise = self._noise("pull_noise", shift, clock + 2)
        fine = self._above(~noise, self._delay("weight", weight, clock, 2)) - floor_part(m, pull.name, pull, shift - len(noise))
        self._leave("weight", cut(m, "weight_pulled", fine, len(noise), weight.shape()))
        self._leave("code", self._at("state_code", clock + 2))

    def _count(self, drive: Signal, change: Signal) -> None:
        """Count drive times change on a logarithmic scale, and make codes of the counts; ``change`` is three clocks on.

        docs/consolidation.md explains the arithmetic; each line below is one register or one net.
        """
        m, config, reg = self._m, self._config, self._register
        bits = len(self._ports.state_importance)
        # What the counter is compared with: the octave of drive times change.
        drive_magnitude = reg("drive_magnitude", magnitude(m, "drive_magnitude", drive), 1)
        drive_log = reg("drive_log", leading_one(m, "drive_log", drive_magnitude), 2)
        level_3 = reg("level", drive_log - config.importance_scale, 3)
        change_magnitude = reg("change_magnitude", magnitude(m, "change_magnitude", change), 4)
        change_log = leading_one(m, "change_log", change_magnitude)
        level_4 = reg("level", level_3, 4)
        ahead = reg("ahead", self._at("state_importance", 3) - level_3, 4)
        octave = reg("octave", level_4 + change_log, 5)
        excess = reg("excess", ahead - change_log, 5)  # counter less octave
        moved = reg("moved", change_magnitude.any(), 5)
        # Counting up has probability 2^-excess.
        zeros = self._zeros(self._ports.noise_importance_noise, 5)
        old = self._at("state_importance", 5)
        counts = wire(m, "counts", ~self._negative("unlucky", zeros - excess) | zeros.all())
        raised = Mux(excess[-1], octave, old + counts)
        counted = wire(m, "importance_counted", Mux(moved & ~octave[-1], raised, old))
        limited = Mux(counted[bits:].any(), (1 << bits) - 1, counted[:bits])
        hold = wire(m, "consolidating", apart(self._at("in_consolidate", 5)))
        self._leave("importance", wire(m, "importance_next", Mux(hold, 0, limited)))
        # Importance over squared distance, both as octaves, is the code earned since the last time.
        distance = reg("distance", self._at("state_weight", 1) - self._at("state_anchor", 1), 2)
        distance_magnitude = reg("distance_magnitude", magnitude(m, "distance_magnitude", distance), 3)
        distance_log = leading_one(m, "distance_log", distance_magnitude)
        far = self._negative("far", config.importance_damping - distance_log)
        damped = reg("damped", Mux(far, distance_log, config.importance_damping), 4)
        octaves = reg("octaves", self._at("state_importance", 4) - damped.shift_left(1) - config.importance_offset, 5)
        code = self._at("state_code", 5)
        earned = wire(m, "earned", saturate(octaves, code.shape()))
        self._leave("code", wire(m, "code_next", Mux(hold & (earned > code), earned, code)))

    def _negative(self, name: str, value: Value) -> Signal:
        """Return whether a signed value is below zero."""
        return cut(self._m, name, value, len(value) - 1, unsigned(1))

    def _delay(self, name: str, value: Value, clock: int, clocks: int) -> Value:
        """Return ``value``, which ends stage ``clock``, some stages later."""
        for later in range(clock + 1, clock + clocks + 1):
            value = self._register(name, value, later)
        return value


def hardly_moves(design: CoreDesign, bits: int, shift: int) -> str:
    """Return the reason why a fault of a change of so many ``bits`` before its ``shift`` may not show, or nothing.

    The largest one is about 2^(bits - 2); rounding may make nothing, or almost never something, of it.
    """
    spare = {"floor": 0, "nearest": 1, "stochastic": 14}[design.config.rounding] if shift else 0
    return "the weight hardly ever moves by it in this configuration" if spare and bits - 2 <= shift - spare else ""


def consolidation_faults(design: CoreDesign, *, drive: str, bits: int, shift: int, stage: int) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants in the stage; the arguments say what the rule gives it.

    ``drive`` is the net whose register, with ``bits``, ends stage ``stage``.
    """
    c, kind = design.config, design.config.consolidation
    weight = next(f for f in design.spec.state if f.name == "weight")
    register, headroom = f"{drive}_{stage}", c.change_headroom
    still = hardly_moves(design, bits, shift)

    def fault(name: str, description: str, cuts: dict[str, str], reason: str = "", **reads: str) -> Fault:
        if reason:
            return Fault(name=name, description=description, reason=reason)
        return Fault(name=name, description=description, cuts={f"datapath.{net}": cut for net, cut in cuts.items()}, reads=reads)

    top = f"{{1'b0, {{{weight.bits - 1}{{1'b1}}}}}}" if weight.signed else f"{{{weight.bits}{{1'b1}}}}"
    scaled, wide, total = ("gated" if kind in _GATED else drive), bits + headroom, shift + headroom
    below = (1 << min(total, wide - 1)) - 1
    result = [
        fault("saturation off by one", "the weight saturates at its maximum - 1",
              {"weight_clipped": f"value == {top} ? value ^ {weight.bits}'d1 : value"}),
        fault("floor turned into truncation", "a negative weight change is rounded toward zero",
              {scaled: f"value[{wide - 1}] ? value + {wide}'d{below} : value"},
              still or ("" if total else "no shift: nothing is rounded")),
    ]  # fmt: skip
    if headroom:
        result += [
            fault("code ignored", "every change counts in full", {"gated": f"{{drive, {headroom}'d0}}"}, still, drive=register),
            fault("code one too strong", "a change is halved once more", {"gated": f"{{value[{wide - 1}], value[{wide - 1}:1]}}"},
                  still),
            fault("lock ignored", "the largest code only slows a weight down", {"unlocked": "1'b1"}, still),
        ]  # fmt: skip
    if kind == "probabilistic":
        result += [
            fault("code ignored", "every change is made", {"passes": "1'b1"}, still),
            fault("chance stuck", "no change is made", {"passes": "1'b0"}, still),
        ]
    if kind == "lock":
        result.append(fault("lock ignored", "a locked weight moves", {"gated": "drive"}, still, drive=register))
    if kind in ("pull", "si"):
        result += [
            fault("consolidate ignored", "a timestep that consolidates changes the weight and not the anchor",
                  {"weight_held": "clipped", "anchor_next": "anchor"}, clipped="weight_clipped", anchor="anchor_old"),
            fault("weight not held", "a timestep that consolidates changes the weight", {"weight_held": "clipped"}, still,
                  clipped="weight_clipped"),
            fault("anchor not updated", "the anchor stays for ever", {"anchor_next": "anchor"}, anchor="anchor_old"),
        ]  # fmt: skip
    if kind == "pull":
        pull_bits = weight.bits + 1 + c.max_code
        weak = hardly_moves(design, pull_bits, c.pull_shift + c.max_code)
        halved = f"{{value[{pull_bits - 1}], value[{pull_bits - 1}:1]}}"
        result += [
            fault("pull sign", "a weight is pushed away from its anchor", {"pull": "~value"}, weak),
            fault("code one too strong", "half as much is taken back", {"pull": halved}, weak),
            fault("lock ignored", "the largest code pulls", {"unlocked": "1'b1"}, weak),
        ]
    if kind == "si":
        result += [
            fault("counter stuck", "the counter does not count up by chance", {"counts": "1'b0"}),
            fault("chance ignored", "the counter counts up whenever it may", {"counts": "1'b1"}),
            fault("importance not cleared", "a timestep that consolidates sets the counter to 1",
                  {"importance_next": "hold ? 1 : value"}, hold="consolidating"),
            fault("code not earned", "a timestep that consolidates leaves the code", {"earned": "0"}),
        ]  # fmt: skip
    return result

"""A code scales the change down, and the core makes the codes: it counts drive times change on a logarithmic scale."""

from amaranth.hdl import Module, Mux, Signal, Value, unsigned

from ..arithmetic import apart, cut, leading_one, magnitude, saturate, wire
from ..consolidation import BuiltStage, WeightStage
from ..faults import Fault
from ..faults import datapath_fault as fault
from ..kind import AnchoringStage, ScalingStage

__all__ = ["KIND"]


class SynapticIntelligence(ScalingStage, AnchoringStage):
    """Four more stages; docs/consolidation.md explains the arithmetic, each line below is one register or one net."""

    def settle(self, at: BuiltStage, drive: Signal, weight: Signal, anchor: Signal, clock: int) -> None:
        """Drive weight, code and what else is kept."""
        at.leave("weight", at.delayed("weight", weight, clock, 2))
        change = at.register("change", at.change(), clock)
        self._earn(at, self._count(at, drive, change))

    def _count(self, at: BuiltStage, drive: Signal, change: Signal) -> Signal:
        """Count drive times change, which is three clocks on; return whether this timestep consolidates."""
        m, reg, scale = at.m, at.register, at.config.importance_scale
        bits = len(at.ports.state_importance)
        # What the counter is compared with: the octave of drive times change.
        drive_magnitude = reg("drive_magnitude", magnitude(m, "drive_magnitude", drive), 1)
        drive_log = reg("drive_log", leading_one(m, "drive_log", drive_magnitude), 2)
        level_3 = reg("level", drive_log - scale, 3)
        change_magnitude = reg("change_magnitude", magnitude(m, "change_magnitude", change), 4)
        change_log = leading_one(m, "change_log", change_magnitude)
        level_4 = reg("level", level_3, 4)
        ahead = reg("ahead", at.input("state_importance", 3) - level_3, 4)
        octave = reg("octave", level_4 + change_log, 5)
        excess = reg("excess", ahead - change_log, 5)  # counter less octave
        moved = reg("moved", change_magnitude.any(), 5)
        # Counting up has probability 2^-excess.
        zeros = at.zeros(at.ports.noise_importance_noise, 5)
        old = at.input("state_importance", 5)
        counts = wire(m, "counts", ~_negative(m, "unlucky", zeros - excess) | zeros.all())
        raised = Mux(excess[-1], octave, old + counts)
        counted = wire(m, "importance_counted", Mux(moved & ~octave[-1], raised, old))
        limited = Mux(counted[bits:].any(), (1 << bits) - 1, counted[:bits])
        hold = wire(m, "consolidating", apart(at.input("in_consolidate", 5)))
        at.leave("importance", wire(m, "importance_next", Mux(hold, 0, limited)))
        return hold

    def _earn(self, at: BuiltStage, hold: Signal) -> None:
        """Make codes: importance over squared distance, both as octaves, is what was earned since the last time."""
        m, reg, config = at.m, at.register, at.config
        distance = reg("distance", at.input("state_weight", 1) - at.input("state_anchor", 1), 2)
        distance_magnitude = reg("distance_magnitude", magnitude(m, "distance_magnitude", distance), 3)
        distance_log = leading_one(m, "distance_log", distance_magnitude)
        far = _negative(m, "far", config.importance_damping - distance_log)
        damped = reg("damped", Mux(far, distance_log, config.importance_damping), 4)
        octaves = reg("octaves", at.input("state_importance", 4) - damped.shift_left(1) - config.importance_offset, 5)
        code = at.input("state_code", 5)
        earned = wire(m, "earned", saturate(octaves, code.shape()))
        at.leave("code", wire(m, "code_next", Mux(hold & (earned > code), earned, code)))

    def faults(self, stage: WeightStage) -> list[Fault]:
        """Return the kind's bugs."""
        kept = "a timestep that consolidates sets the counter to 1"
        return [
            *ScalingStage.faults(self, stage),
            *AnchoringStage.faults(self, stage),
            fault("counter stuck", "the counter does not count up by chance", "counts", "1'b0"),
            fault("chance ignored", "the counter counts up whenever it may", "counts", "1'b1"),
            fault("importance not cleared", kept, "importance_next", "hold ? 1 : value", hold="consolidating"),
            fault("code not earned", "a timestep that consolidates leaves the code", "earned", "0"),
        ]


def _negative(m: Module, name: str, value: Value) -> Signal:
    """Return whether a signed value is below zero."""
    return cut(m, name, value, len(value) - 1, unsigned(1))


KIND = SynapticIntelligence()

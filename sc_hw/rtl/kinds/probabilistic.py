"""The change is made with probability 2^-code."""

from amaranth.hdl import Mux, Value

from ..arithmetic import wire
from ..consolidation import BuiltStage, WeightStage
from ..faults import Fault
from ..faults import datapath_fault as fault
from ..kind import StageKind

__all__ = ["KIND"]


class Probabilistic(StageKind):
    """The drive passes when enough bits of the noise are 0."""

    gates = True

    def gated(self, at: BuiltStage, drive: Value) -> Value:
        """Return what the code lets through."""
        code = at.input("state_code", 0)
        zeros = at.zeros(at.ports.noise_chance_noise, 0)
        return wire(at.m, "gated", Mux(wire(at.m, "passes", zeros >= code), drive, 0))

    def faults(self, stage: WeightStage) -> list[Fault]:
        """Return the kind's bugs."""
        return [
            fault("code ignored", "every change is made", "passes", "1'b1", stage.still),
            fault("chance stuck", "no change is made", "passes", "1'b0", stage.still),
        ]


KIND = Probabilistic()

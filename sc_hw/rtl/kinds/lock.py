"""A code of one bit: 1 locks the weight."""

from amaranth.hdl import Mux, Value

from ..arithmetic import wire
from ..consolidation import BuiltStage, WeightStage
from ..faults import Fault
from ..faults import datapath_fault as fault
from ..kind import StageKind

__all__ = ["KIND"]


class Lock(StageKind):
    """A locked synapse has no drive."""

    gates = True

    def gated(self, at: BuiltStage, drive: Value) -> Value:
        """Return what the code lets through."""
        return wire(at.m, "gated", Mux(at.input("state_code", 0), 0, drive))

    def faults(self, stage: WeightStage) -> list[Fault]:
        """Return the kind's bugs."""
        return [fault("lock ignored", "a locked weight moves", "gated", "drive", stage.still, drive=stage.register)]


KIND = Lock()

"""The datapath of the three-factor rule: one synapse a clock."""

from amaranth.hdl import EnableInserter, Fragment, Module
from amaranth.lib import wiring

from ..arithmetic import members, register, wire
from ..consolidation import WeightStage
from ..design import CoreDesign
from ..faults import Fault
from ..faults import datapath_fault as fault

__all__ = ["Datapath", "faults"]


class Datapath(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """One timestep of one synapse, pipelined; docs/rules/three_factor.md has the equations and their source.

    Parameters: ``design``, whose ``config`` gives widths, shift, rounding and consolidation.
    Ports: ``design.datapath_ports()``; ``clk`` is the clock domain. ``enable`` low freezes every register.
    Reset: none. Latency: ``design.spec.latency`` enabled clocks from the inputs to ``out_...`` and ``next_...``;
    one update a clock. Overflow: the weight saturates, everything between is exact.
    """

    def __init__(self, design: CoreDesign) -> None:
        self._design = design
        super().__init__(members(design.datapath_ports()))

    def elaborate(self, _platform: object) -> Fragment:
        """Build the pipeline: the product, then the weight stage."""
        m = Module()
        product_1 = register(m, "product_1", wire(m, "product", self.in_signal * self.in_activity))
        _stage(self._design).build(m, self, product_1)
        m.d.comb += self.out_weight.eq(self.next_weight)
        return EnableInserter(self.enable)(m)


def _stage(design: CoreDesign) -> WeightStage:
    c = design.config
    return WeightStage(design, drive="product", bits=c.activity_bits + c.signal_bits, shift=c.learning_shift, number=1)


def faults(design: CoreDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants in the datapath, or why one cannot show in this configuration."""
    c, stage = design.config, _stage(design)
    unsigned = f"value[{c.signal_bits - 1}] ? ~value : value"
    signed = f"value - (activity[{c.activity_bits - 1}] ? {{signal, {c.activity_bits}'d0}} : {stage.bits}'d0)"
    taken, upper = "activity taken as signed", "the upper half of the activities counts as negative"
    return [
        fault("signal sign lost", "a negative learning signal acts as a positive one", "in_signal", unsigned, stage.still),
        fault(taken, upper, "product", signed, stage.still, activity="in_activity", signal="in_signal"),
        *stage.faults(),
    ]

"""The datapath of the three-factor rule: one synapse a clock."""

from amaranth.hdl import EnableInserter, Fragment, Module
from amaranth.lib import wiring

from ..arithmetic import members, register, wire
from ..consolidation import WeightStage, consolidation_faults, hardly_moves
from ..design import CoreDesign
from ..faults import Fault, datapath_fault

__all__ = ["Datapath", "faults"]


class Datapath(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """One timestep of one synapse, pipelined; docs/rules/three_factor.md has the equations and their source.

    Parameters: ``design``, whose ``config`` gives widths, shift, rounding and consolidation.
    Ports: ``design.datapath_ports()``; ``clk`` is the clock domain. ``enable`` low freezes every register.
    Reset: none. Latency: ``design.spec.latency`` enabled clocks from the inputs to ``out_...`` and ``next_...``;
    one update a clock. Overflow: the weight saturates, everything between is exact.
    """

    def __init__(self, design: CoreDesign) -> None:
        self._config = design.config
        super().__init__(members(design.datapath_ports()))

    def elaborate(self, _platform: object) -> Fragment:
        """Build the pipeline: the product, then the weight stage."""
        m = Module()
        product_1 = register(m, "product_1", wire(m, "product", self.in_signal * self.in_activity))
        WeightStage(m, self, self._config, drive=product_1, shift=self._config.learning_shift, number=1)
        m.d.comb += self.out_weight.eq(self.next_weight)
        return EnableInserter(self.enable)(m)


def faults(design: CoreDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants in the datapath, or why one cannot show in this configuration."""
    c = design.config
    bits = c.activity_bits + c.signal_bits
    still = hardly_moves(design, bits, c.learning_shift)

    def fault(name: str, description: str, net: str, expression: str, **reads: str) -> Fault:
        return datapath_fault(name, description, net, expression, still, **reads)

    return [
        fault("signal sign lost", "a negative learning signal acts as a positive one", "in_signal",
              f"value[{c.signal_bits - 1}] ? ~value : value"),
        fault("activity taken as signed", "the upper half of the activities counts as negative", "product",
              f"value - (activity[{c.activity_bits - 1}] ? {{signal, {c.activity_bits}'d0}} : {bits}'d0)",
              activity="in_activity", signal="in_signal"),
        *consolidation_faults(design, drive="product", bits=bits, shift=c.learning_shift, stage=1),
    ]  # fmt: skip

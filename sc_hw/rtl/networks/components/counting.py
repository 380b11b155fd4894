"""Neurons that integrate a constant current and count their spikes, in Amaranth."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring

from ...arithmetic import apart, asr, members, wire
from ..counting import CountingBlock
from .pieces import count, extended, free

__all__ = ["Counting"]


class Counting(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Gives the spikes and the slope of each current, a clock later.

    Parameters: ``block``, whose docstring is the contract. Ports: ``block.ports()``. Reset: the next beat is of neuron 0.
    Latency: one clock, a beat a clock. Overflow: none; counts end at ``block.timesteps``.
    """

    def __init__(self, block: CountingBlock) -> None:
        self._block = block
        super().__init__(members(block.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build the step of a neuron and the register behind it."""
        m, block = Module(), self._block
        valid, begun = Signal(name="valid_reg"), Signal(name="begun_reg")
        row, number = free(block.row_bits, "row_reg"), Signal(block.row_bits, name="next_reg")
        activity, slope, last = free(block.activity_bits, "activity_reg"), free(1, "slope_reg"), free(1, "last_reg")

        move = wire(m, "move", ~valid | self.active_ready)
        take = wire(m, "take", self.current_valid & self.current_ready)
        current = wire(m, "current", extended(self.current_value, block.count_bits))
        whole = wire(m, "whole", apart(asr(current, block.threshold_shift)))
        below = wire(m, "below", apart(whole[-1]))
        above = wire(m, "above", ~below & (whole >= block.timesteps))
        m.d.comb += [
            self.current_ready.eq(apart(move)),
        ]
        spikes = Mux(below, 0, Mux(above, block.timesteps, whole[: block.activity_bits]))
        with m.If(move):
            m.d.sync += [valid.eq(self.current_valid), activity.eq(spikes), slope.eq(~below & ~above)]
            m.d.sync += [last.eq(self.current_last), row.eq(number)]
        count(m, number, take, self.current_last)
        with m.If(take):
            m.d.sync += begun.eq(~self.current_last)
        m.d.comb += [
            self.active_valid.eq(apart(valid)),
            self.active_row.eq(apart(row)),
            self.active_activity.eq(apart(activity)),
            self.active_slope.eq(apart(slope)),
            self.active_last.eq(apart(last)),
            self.idle.eq(~(valid | begun)),
        ]
        return m

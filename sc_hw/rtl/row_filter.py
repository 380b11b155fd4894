"""The module that tells the fan-out which rows of a crossbar to skip."""

from functools import reduce
from operator import and_

from amaranth.hdl import ClockSignal, Const, Instance, Module, Mux, Signal, Value
from amaranth.lib import wiring

from .arithmetic import apart, cut, members, small, wire
from .marks import compare_marks
from .rows import RowsDesign

__all__ = ["RowFilter"]


class RowFilter(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Passes on what presynaptic neurons give, each with whether its row can be skipped.

    Parameters: ``design``. Ports: ``design.ports()``: ``begins`` with a timestep whose inputs are all 0 (``silent``); ``changed``
    when a clear or the host changed synapses, after which the next timestep visits every row, as after a reset; beats of the
    postsynaptic neurons and of results as they move; the streams ``pre`` and ``played``. Latency: one clock, a beat a clock.
    """

    def __init__(self, design: RowsDesign) -> None:
        self._design = design
        super().__init__(members(design.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build the decision, and what it rests on."""
        m, design = Module(), self._design
        open_, valid, final = Signal(name="open_reg"), Signal(name="valid_reg"), Signal(name="final_reg", reset_less=True)
        full, silent, reached = Signal(name="full_reg"), Signal(name="silent_reg"), Signal(name="reached_reg")
        stale = Signal(name="stale_reg", init=1)
        event, traced = Signal(name="input_reg", reset_less=True), Signal(name="traces_reg", reset_less=True)
        row, data = Signal(design.row_bits, name="row_reg"), Signal(design.data_bits, name="data_reg", reset_less=True)

        move = wire(m, "move", ~valid | self.played_ready)
        last_row = wire(m, "last_row", row == design.rows - 1)
        if design.checked:
            compare_marks(m, self, "pre", last_row)
        next_row = cut(m, "next_row", row + 1, 0, row.shape())
        m.d.comb += [self.pre_ready.eq(open_ & move), self.played_valid.eq(apart(valid)), self.played_data.eq(apart(data))]
        bounded = [
            small(self.pre_data[low : low + f.bits], design.bounds[f.name])
            for f, low in design.slices()
            if f.name in design.bounds
        ]
        input_offered = wire(m, "input_offered", self.pre_data[: design.event_bits].any())
        traces_offered = wire(m, "traces_offered", ~reduce(and_, bounded, Const(1)))
        with m.If(move):
            m.d.sync += [valid.eq(self.pre_valid & open_), data.eq(self.pre_data), final.eq(last_row)]
            m.d.sync += [event.eq(input_offered), traced.eq(traces_offered)]
        with m.If(self.pre_valid & self.pre_ready):
            m.d.sync += row.eq(Mux(last_row, 0, next_row))
            with m.If(last_row):
                m.d.sync += open_.eq(0)
        with m.If(self.begins):
            m.d.sync += [open_.eq(1), full.eq(stale), stale.eq(0), silent.eq(self.silent)]
        with m.If(self.changed):
            m.d.sync += stale.eq(1)
        # Whether any postsynaptic neuron has an input; complete before a beat is played.
        with m.If(self.stored_moves):
            m.d.sync += reached.eq(reached | self.stored_events)
        with m.If(valid & self.played_ready & final):
            m.d.sync += reached.eq(0)

        level = Signal(design.level_bits, name="level")
        met, known = wire(m, "met", traced & reached), wire(m, "known", ~full)
        rests = wire(m, "rests", Mux(silent, level[0], level[1]))
        m.d.comb += self.played_skip.eq(known & ~event & ~met & rests)
        self._levels(m, move, row, level)
        return m

    def _levels(self, m: Module, move: Signal, row: Signal, level: Signal) -> None:
        """Keep what the synapses of each row gave last: whether all of them rest."""
        design = self._design
        result_row, word = Signal(design.row_bits, name="result_row_reg"), Signal(design.word_bits, name="word_reg")
        so_far = Signal(design.level_bits, name="level_reg", reset_less=True)
        lanes = [self.result_rest[k * design.level_bits : (k + 1) * design.level_bits] for k in range(design.lanes)]
        rest: Value = lanes[0]
        for lane in lanes[1:]:
            rest = rest & lane
        rest = wire(m, "rest", apart(rest))
        first, last = wire(m, "first_word", word == 0), wire(m, "last_word", word == design.words - 1)
        level_now = wire(m, "level_now", rest & (so_far | first.replicate(design.level_bits)))
        visit = wire(m, "visit", self.result_moves & ~self.result_skip)
        next_word = cut(m, "next_word", word + 1, 0, word.shape())
        next_row = cut(m, "next_result_row", result_row + 1, 0, result_row.shape())
        with m.If(visit):
            m.d.sync += [so_far.eq(level_now), word.eq(Mux(last, 0, next_word))]
        with m.If(self.result_moves & (self.result_skip | last)):
            m.d.sync += result_row.eq(Mux(result_row == design.rows - 1, 0, next_row))
        m.submodules.memory = Instance(
            f"{design.name}_memory",
            p_WORD_BITS=design.level_bits,
            p_WORDS=design.rows,
            p_COLUMN_BITS=design.level_bits,
            p_ADDRESS_BITS=design.row_bits,
            i_clk=ClockSignal(),
            i_read_enable=move,
            i_read_address=row,
            o_read_data=level,
            i_write_enable=visit & last,
            i_write_address=result_row,
            i_write_data=level_now,
        )

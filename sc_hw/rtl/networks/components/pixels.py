"""The input of a network, in Amaranth: pixels to activities by their addresses, shifted by chance."""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Mux, ResetSignal, Signal, Value, signed, unsigned
from amaranth.lib import wiring

from sc_hw_models.rule import index_bits

from ...arithmetic import apart, cut, members, wire
from ..pixels import LEVEL_BITS, PIXEL_BITS, PixelsBlock
from .pieces import count, extended, free, memory

__all__ = ["Pixels"]


class Pixels(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Adds each pixel to the input that its row and column lead to.

    Parameters: ``block``, whose docstring is the contract. Ports: ``block.ports()``. Reset: forgets the sample under way; the
    random register is its seed. Latency: two clocks from a pixel to its activity; a pixel a clock. Overflow: none.
    """

    def __init__(self, block: PixelsBlock) -> None:
        self._block = block
        super().__init__(members(block.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build the way of a pixel: from where, to where, its sum, its activity."""
        m, block = Module(), self._block
        rows, columns = block.height + block.margin, block.width + block.margin
        from_row = Signal(index_bits(rows), name="from_row_reg")
        from_column = Signal(index_bits(columns), name="from_column_reg")
        ended, dropping, told = Signal(name="ended_reg"), Signal(name="dropping_reg"), Signal(name="target_valid_reg")
        move = Signal(name="move")

        first = wire(m, "first", (from_row == 0) & (from_column == 0))
        row_begins, row_ends = wire(m, "row_begins", from_column == 0), wire(m, "row_ends", from_column == columns - 1)
        sample_ends = wire(m, "sample_ends", row_ends & (from_row == rows - 1))
        behind: Value = Const(0)  # the picture: places that no pixel is sent for
        if block.margin:
            behind = wire(m, "behind", (from_row > block.height - 1) | (from_column > block.width - 1))
        sent = wire(m, "sent", ~(ended | behind))
        waits = wire(m, "waits", first & told)
        fill = wire(m, "fill", ~dropping & move & (~sent | self.pixel_valid) & ~waits)
        brightness = wire(m, "brightness", Mux(sent, self.pixel_data, 0))
        ends = wire(m, "ends", Mux(sent, self.pixel_last, ended))
        row, column = self._place(m, fill, first, row_begins, row_ends)
        count(m, from_column, fill, row_ends)
        count(m, from_row, fill & row_ends, sample_ends)
        with m.If(fill):
            m.d.sync += ended.eq(ends & ~sample_ends)
            with m.If(sample_ends & ~ends):
                m.d.sync += dropping.eq(1)
        with m.If(dropping & self.pixel_valid & self.pixel_last):
            m.d.sync += dropping.eq(0)
        self._target(m, wire(m, "begins", fill & first), told)

        valid, kept = Signal(name="valid_reg"), free(PIXEL_BITS, "brightness_reg")
        inside, last, number = free(1, "inside_reg"), free(1, "last_reg"), free(block.row_bits, "input_reg")
        inner_rows, inner_columns = block.inner
        within = (row < inner_rows) & (column < inner_columns)
        lands = wire(m, "lands", ~row[-1] & ~column[-1] & within)
        level = block.pool.bit_length() - 1
        square_row, square_column = row[level:-1], column[level:-1]
        place = square_row * block.squares + square_column
        bits = max(block.row_bits, block.place_bits - 1) + block.squares.bit_length()
        input_number = cut(m, "input_number", extended(place, max(bits, len(place))), 0, unsigned(bits))
        wire(m, "unused_input_number", input_number[block.row_bits :])
        with m.If(move):
            m.d.sync += [valid.eq(fill), kept.eq(brightness), inside.eq(lands), last.eq(sample_ends)]
            m.d.sync += number.eq(input_number[: block.row_bits])
        counts, whole = self._sum(m, move, valid, kept, inside, (row, column), (row_begins, from_row == 0))

        active_valid, active_last = Signal(name="active_valid_reg"), free(1, "active_last_reg")
        active_row, active_activity = free(block.row_bits, "active_row_reg"), free(LEVEL_BITS, "active_activity_reg")
        rounded = Signal(block.sum_bits + 1, name="rounded")
        m.d.comb += rounded.eq(counts + (1 << (block.shift - 1)))
        wire(m, "unused_rounded", rounded[: block.shift])
        activity = wire(m, "level", Mux(whole, rounded[block.shift :], 0))
        with m.If(move):
            m.d.sync += [active_valid.eq(valid & (last | (activity != 0))), active_last.eq(last)]
            m.d.sync += [active_row.eq(number), active_activity.eq(activity)]
        m.d.comb += [
            move.eq(~active_valid | self.active_ready),
            self.pixel_ready.eq(dropping | (sent & move & ~waits)),
            self.active_valid.eq(apart(active_valid)),
            self.active_row.eq(apart(active_row)),
            self.active_activity.eq(apart(active_activity)),
            self.active_last.eq(apart(active_last)),
            self.idle.eq(first & ~(dropping | valid | active_valid | told)),
        ]
        return m

    def _place(self, m: Module, fill: Value, first: Value, row_begins: Value, row_ends: Value) -> tuple[Value, Value]:
        """Return row and column, among those of the inputs, of the place that is filled next."""
        block, shape = self._block, signed(self._block.place_bits)
        row_kept, column_kept = free(shape, "row_reg"), free(shape, "column_reg")
        crop: Value = Const(-block.crop, shape)
        top = left = crop
        if block.jitter:
            down, right = self._shifts(m, fill & first & self.pixel_learn)
            top, sideways = cut(m, "top", crop + down, 0, shape), cut(m, "sideways", crop + right, 0, shape)
            left_kept = free(shape, "left_reg")
            left = wire(m, "left", Mux(first, sideways, left_kept))
            with m.If(fill):
                m.d.sync += left_kept.eq(left)
        row, column = Signal(shape, name="row"), Signal(shape, name="column")
        m.d.comb += [row.eq(Mux(first, top, row_kept)), column.eq(Mux(row_begins, left, column_kept))]
        next_column, next_row = cut(m, "next_column", column + 1, 0, shape), cut(m, "next_row", row + 1, 0, shape)
        with m.If(fill):
            m.d.sync += [column_kept.eq(next_column), row_kept.eq(Mux(row_ends, next_row, row))]
        return row, column

    def _shifts(self, m: Module, draws: Value) -> tuple[Value, Value]:
        """Return by how much a sample that learns is shifted, 0 for any other: a byte each, scaled to so many steps."""
        block, chance = self._block, Signal(16, name="chance")
        m.submodules.random = Instance(
            f"{block.name}_random",
            i_clk=ClockSignal(),
            i_restart=ResetSignal(),
            i_step=draws,
            i_seed=Const(block.seed, block.lfsr.bits),
            o_bits=chance,
        )
        shifts = []
        for name, byte in (("down", chance[:8]), ("right", chance[8:])):
            scaled = Signal(12, name=name)
            m.d.comb += scaled.eq(byte * Const(2 * block.jitter + 1, 4))
            wire(m, f"unused_{name}", scaled[:8])
            shifts.append(Mux(self.pixel_learn, scaled[8:] - block.jitter, 0))
        return shifts[0], shifts[1]

    def _target(self, m: Module, begins: Value, told: Signal) -> None:
        """Pass on what came with the first pixel."""
        block = self._block
        label, learn = free(block.label_bits, "label_reg"), free(1, "learn_reg")
        slower = free(block.slower_bits, "slower_reg")
        with m.If(begins):
            m.d.sync += [told.eq(1), label.eq(self.pixel_label), learn.eq(self.pixel_learn), slower.eq(self.pixel_slower)]
        with m.Elif(self.target_ready):
            m.d.sync += told.eq(0)
        m.d.comb += [
            self.target_valid.eq(apart(told)),
            self.target_label.eq(apart(label)),
            self.target_learn.eq(apart(learn)),
            self.target_slower.eq(apart(slower)),
        ]

    def _sum(
        self,
        m: Module,
        move: Value,
        valid: Value,
        brightness: Signal,
        inside: Value,
        place: tuple[Value, Value],
        begins: tuple[Value, Value],
    ) -> tuple[Value, Value]:
        """Return the sum of the pixels of an input, and whether that is all of them.

        Pixels side by side are added up in a register, rows one below the other in a memory.
        """
        block, (row, column) = self._block, place
        level = block.pool.bit_length() - 1
        if not level:
            return brightness, wire(m, "whole", apart(inside))
        opens, closes, top, bottom = (free(1, f"{name}_reg") for name in ("opens", "closes", "top", "bottom"))
        side_kept, above = free(block.sum_bits, "side_reg"), Signal(block.sum_bits, name="above")
        line, bits = free(index_bits(block.squares), "line_reg"), index_bits(block.squares)
        square_column = column[level : level + bits].as_unsigned()
        with m.If(move):
            m.d.sync += [
                opens.eq(begins[0] | (column[:level] == 0)),
                closes.eq(column[:level] == block.pool - 1),
                top.eq(begins[1] | (row[:level] == 0)),
                bottom.eq(row[:level] == block.pool - 1),
                line.eq(square_column),
            ]
        side = cut(m, "side", Mux(opens, 0, side_kept) + brightness, 0, side_kept.shape())
        result = cut(m, "sum", Mux(top, 0, above) + side, 0, side.shape())
        with m.If(move & valid):
            m.d.sync += side_kept.eq(side)
        writes = wire(m, "sum_ends", move & valid & inside & closes)
        memory(m, block, "line", read=(move, square_column, above), write=(writes, line, result))
        return result, wire(m, "whole", inside & closes & bottom)

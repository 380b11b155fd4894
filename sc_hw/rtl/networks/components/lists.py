"""The list of active rows of a projection, in Amaranth."""

from collections.abc import Callable
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned

from ...arithmetic import apart, cut, wire
from ..projection import ProjectionBlock
from .pieces import extended, free

__all__ = ["Listed", "build_list"]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The list in use: whether it is whole and has no row, the number of its ``last`` entry, whether ``nothing`` waits in any.

    ``place`` gives where an entry is kept in the memory of lists; ``write`` are enable, address and data of that memory.
    """

    complete: Value
    empty: Value
    last: Signal
    nothing: Value
    place: Callable[[Signal], Value]
    write: tuple[Value, Value, Value]


@dataclass(frozen=True, kw_only=True)
class _Beat:
    """What goes into the list: whether it does and closes the list, and the row and activity of it."""

    store: Value
    ends: Value
    row: Value
    activity: Value
    waits: Value


def build_list(m: Module, block: ProjectionBlock, ports: dict[str, Signal], finish: Value) -> Listed:
    """Build the lists; ``ports`` are those of the stream ``active`` by item, ``finish`` is when the one in use is done with."""
    count, double = unsigned(block.count_bits), block.buffers > 1
    fill, bias = Signal(count, name="fill_reg"), Signal(name="bias_reg")
    complete, empty = Signal(block.buffers, name="complete_reg"), free(block.buffers, "empty_reg")
    filling: Value = Const(0)  # which list is filled, and which is in use
    using: Value = Const(0)
    lasts = [free(count, f"last_{k}_reg" if double else "last_reg") for k in range(block.buffers)]
    room = wire(m, "room", ~complete[0])
    if double:
        filling, using = Signal(name="fill_half_reg"), Signal(name="half_reg")
        m.d.comb += room.eq(~Mux(filling, complete[1], complete[0]))
    beat = _every_row(m, block, ports, fill, bias, room) if block.every_row else _active_rows(m, block, ports, bias, room)

    close = wire(m, "close", apart(bias if block.bias else beat.ends))
    filled = cut(m, "filled", fill + beat.store, 0, count)
    none = wire(m, "none", filled == 0)
    final = cut(m, "final", Mux(none, 0, filled - 1), 0, count)
    with m.If(beat.store | close):
        m.d.sync += fill.eq(Mux(close, 0, filled))
    m.d.sync += bias.eq(beat.ends if block.bias else apart(Const(0)))
    for k in range(block.buffers):
        with m.If(close & (filling == k)):
            m.d.sync += [complete[k].eq(1), empty[k].eq(none), lasts[k].eq(final)]
        with m.If(finish & (using == k)):
            m.d.sync += complete[k].eq(0)
    if double:
        with m.If(close):
            m.d.sync += filling.eq(~filling)
        with m.If(finish):
            m.d.sync += using.eq(~using)

    def place(name: str, entry: Signal, second: Value) -> Value:
        if not double:
            return entry[: block.list_bits]
        return cut(m, name, entry + Mux(second, block.rows, 0), 0, unsigned(block.list_bits))

    entry: Value = Cat(extended(beat.activity, block.activity_bits), extended(beat.row, block.number_bits))
    if block.bias:
        own = Cat(Const(block.bias, block.activity_bits), Const(block.rows - 1, block.number_bits))
        entry = Mux(bias, own, entry)
    last: Value = Mux(using, lasts[1], lasts[0]) if double else lasts[0]
    whole = Mux(using, complete[1], complete[0]) if double else complete
    return Listed(
        complete=wire(m, "complete", apart(whole)),
        empty=wire(m, "empty", apart(Mux(using, empty[1], empty[0]) if double else empty)),
        last=wire(m, "last_entry", apart(last)),
        nothing=~(complete.any() | bias | (fill != 0) | beat.waits),
        place=lambda entry: place("entry_place", entry, using),
        write=(beat.store, place("fill_place", fill, filling), wire(m, "entry", apart(entry))),
    )


def _active_rows(m: Module, block: ProjectionBlock, ports: dict[str, Signal], bias: Value, room: Value) -> _Beat:
    """List the rows that are active, then the bias."""
    m.d.comb += ports["ready"].eq(room & ~bias)
    take = wire(m, "take", ports["valid"] & ports["ready"])
    return _Beat(
        store=wire(m, "store", (take & (ports["activity"] != 0)) | bias),
        ends=wire(m, "ends_list", take & ports["last"]),
        row=ports["row"],
        activity=ports["activity"],
        waits=Const(0),
    )


def _every_row(m: Module, block: ProjectionBlock, ports: dict[str, Signal], fill: Signal, bias: Value, room: Value) -> _Beat:
    """List every row, because each may change: an entry's number is its row, rows that were not sent get activity 0."""
    own = block.rows - bool(block.bias)
    got, tail = Signal(name="got_reg"), Signal(name="tail_reg")  # a beat waits for the rows before it; only rows are left
    row, activity = free(block.row_bits, "got_row_reg"), free(block.given_bits, "got_activity_reg")
    last = free(1, "got_last_reg")
    sent, here = wire(m, "sent", activity != 0), wire(m, "here", row == fill)
    placed = wire(m, "placed", got & (here | ~sent))
    gap = wire(m, "gap", tail | (got & sent & ~here))
    store = wire(m, "store", (placed & sent) | gap | bias)
    filled_up = wire(m, "filled_up", fill == Mux(store, own - 1, own))
    over = wire(m, "over", tail | (placed & last))
    take = wire(m, "take", ports["valid"] & ports["ready"])
    with m.If(take):
        m.d.sync += [row.eq(ports["row"]), activity.eq(ports["activity"]), last.eq(ports["last"])]
    m.d.sync += [got.eq(take | (got & ~placed)), tail.eq(over & ~filled_up)]
    m.d.comb += ports["ready"].eq(room & ~(got | tail | bias))
    return _Beat(
        store=store,
        ends=wire(m, "ends_list", over & filled_up),
        row=fill[: block.row_bits],
        activity=Mux(gap, 0, activity),
        waits=got | tail,
    )

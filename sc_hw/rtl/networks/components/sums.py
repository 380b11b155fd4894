"""The exact current of each neuron of a population, in Amaranth."""

from enum import IntEnum
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring

from ...arithmetic import apart, cut, members, wire
from ..sums import SumsBlock
from .pieces import count, extended, free, memory, pick, priority

__all__ = ["Sums"]


class _State(IntEnum):
    ADD = 0
    SETTLE = 1  # the last sum is written
    FETCH = 2
    GIVE = 3


class Sums(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Adds products to the sums of their word, then gives the sums one by one.

    Parameters: ``block``, whose docstring is the contract. Ports: ``block.ports()``. Reset: the next beat begins a sample.
    Latency: the first current is offered three clocks after the last products were taken; a beat a clock both ways.
    Overflow: none, ``block.sum_bits`` hold every sum.
    """

    def __init__(self, block: SumsBlock) -> None:
        self._block = block
        super().__init__(members(block.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build the adders around the memory, and who is next."""
        m, block = Module(), self._block
        state, begun = Signal(2, name="state_reg"), Signal(name="begun_reg")
        word = Signal(block.address_bits, name="word_reg")
        inputs = range(len(block.inputs))
        due: list[Value] = [Const(1)]
        if len(inputs) > 1:
            number = Signal(block.input_bits, name="input_reg")
            due = [number == k for k in inputs]

        adding = state == _State.ADD
        valid, ready, ended, first = (
            [getattr(self, f"product_{k}_{pin}") for k in inputs] for pin in ("valid", "ready", "last", "first")
        )
        for k in inputs:
            m.d.comb += ready[k].eq(adding & due[k])
        take = wire(m, "take", reduce(or_, [valid[k] & ready[k] for k in inputs]))
        last = wire(m, "last", reduce(or_, [ended[k] & ready[k] for k in inputs]))
        replace = wire(m, "replace", first[0] & ready[0])
        if len(inputs) > 1:
            wire(m, "unused_first", Cat(first[1:]))
        word_last = wire(m, "word_last", word == block.words - 1)
        products = []
        for lane in range(block.lanes):
            parts = [
                getattr(self, f"product_{k}_values")[lane * bits : (lane + 1) * bits].as_signed()
                for k, bits in enumerate(block.inputs)
            ]
            wide = [extended(part, block.sum_bits) for part in parts]
            products.append(wire(m, f"product_{lane}", apart(priority(list(zip(ready, wide, strict=True))))))

        held = Signal(block.lanes * block.sum_bits, name="held")
        add, add_word, new_sums = self._added(m, take, replace, word, Cat(products), held)

        # After the last products the sums leave, lane by lane.
        giving = wire(m, "giving", state == _State.GIVE)
        gone = wire(m, "gone", giving & self.current_ready)
        lane_last: Value = Const(1)
        if block.lanes > 1:
            lane = Signal(block.lane_bits, name="lane_reg")
            lane_last = wire(m, "lane_last", lane == block.lanes - 1)
            count(m, lane, gone, lane_last)
            sums = [held.word_select(k, block.sum_bits) for k in range(block.lanes)]
            pick(m, self.current_value, lane, [one.as_signed() for one in sums])
        else:
            m.d.comb += self.current_value.eq(apart(held))
        next_word = wire(m, "next_word", apart(gone & lane_last))
        next_place = wire(m, "following", Mux(word_last, 0, cut(m, "word_after", word + 1, 0, word.shape())))
        m.d.comb += [
            self.current_valid.eq(apart(giving)),
            self.current_last.eq(word_last & lane_last),
            self.idle.eq(adding & ~begun),
        ]
        with m.If(take):
            m.d.sync += begun.eq(1)
        with m.If(take | next_word):
            m.d.sync += word.eq(next_place)
        if len(inputs) > 1:
            count(m, number, take & last, due[-1])
        with m.Switch(state):
            with m.Case(_State.ADD), m.If(take & last & word_last & due[-1]):
                m.d.sync += state.eq(_State.SETTLE)
            with m.Case(_State.SETTLE):
                m.d.sync += [state.eq(_State.FETCH), begun.eq(0)]
            with m.Case(_State.FETCH):
                m.d.sync += state.eq(_State.GIVE)
            with m.Case(_State.GIVE), m.If(gone & self.current_last):
                m.d.sync += state.eq(_State.ADD)

        # The sums are read with a beat that is taken, or for the next word that leaves.
        read = wire(m, "read", take | (state == _State.FETCH) | next_word)
        read_word = wire(m, "read_word", apart(Mux(next_word, next_place, word)))
        memory(m, block, "sums", read=(read, read_word, held), write=(add, add_word, new_sums))
        return m

    def _added(
        self, m: Module, take: Value, replace: Value, word: Value, products: Value, held: Signal
    ) -> tuple[Signal, Signal, Signal]:
        """Add the products of a beat to the sums of its word, a clock later; return the write of the sums.

        A sum that is read while it is written is taken from the register that was written.
        """
        block, bits = self._block, self._block.sum_bits
        add, written = Signal(name="add_reg"), Signal(name="written_reg")
        add_word, written_word = (free(block.address_bits, f"{name}_word_reg") for name in ("add", "written"))
        anew, kept = free(1, "replace_reg"), free(len(held), "products_reg")
        written_sums, new_sums = free(len(held), "written_sums_reg"), Signal(len(held), name="new_sums")
        m.d.sync += [add.eq(take), anew.eq(replace), add_word.eq(word), kept.eq(products)]
        again = wire(m, "again", written & (written_word == add_word))
        for lane in range(block.lanes):
            own = slice(lane * bits, (lane + 1) * bits)
            before = Mux(anew, 0, Mux(again, written_sums[own], held[own]))
            above = Signal(name=f"unused_sum_{lane}_above")
            m.d.comb += Cat(new_sums[own], above).eq(before + kept[own])
        with m.If(add):
            m.d.sync += [written.eq(1), written_word.eq(add_word), written_sums.eq(new_sums)]
        return add, add_word, new_sums

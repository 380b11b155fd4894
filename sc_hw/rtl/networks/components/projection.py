"""Synapses of a projection, in Amaranth: the pass over the rows that are active, and the sweep that learns."""

from enum import IntEnum
from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, ResetSignal, Signal, Value, signed, unsigned
from amaranth.lib import wiring

from ...arithmetic import apart, cut, members, wire
from ..projection import ProjectionBlock
from .learning import build_learning
from .lists import Listed, build_list
from .pieces import carried, count, free, memory, pick

__all__ = ["ProjectionUnit"]


class _State(IntEnum):
    WAIT = 0
    FORWARD = 1
    LEARN = 2  # signals are awaited
    ROWS = 3  # all rows leave, for the feedback
    SWEEP = 4
    DRAIN = 5
    HOST = 6
    TASK = 7  # every row goes through the lanes, as the end of a task


class ProjectionUnit(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Reads the rows of a list word by word, gives products, and sends the same words through the lanes and back.

    Parameters: ``block``, whose docstring is the contract. Ports: ``block.ports()``. Reset: forgets lists and sample; synapses
    stay. Latency: five clocks from a word to its products, ``block.latency`` and four to the write of what it learned; a word a
    clock. Everything holds while products or rows wait. Overflow: none here; the lanes' affair.
    """

    def __init__(self, block: ProjectionBlock) -> None:
        self._block = block
        super().__init__(members(block.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build control, pipeline, lanes and the host's way in."""
        m, block = Module(), self._block
        enable, finish = Signal(name="enable"), Signal(name="finish")
        state, drained, served = Signal(3, name="state_reg"), Signal(name="drained"), Signal(name="served")
        entry, word = Signal(block.count_bits, name="entry_reg"), Signal(block.word_bits, name="word_reg")
        active = {name: getattr(self, f"active_{name}") for name in ("valid", "ready", "row", "activity", "last")}
        listed = build_list(m, block, active, finish)
        swept: Value = Const(0)
        in_task: Value = Const(0)
        if block.consolidates:  # swept: of a task that ends, all words are on their way
            swept, in_task = Signal(name="swept_reg"), wire(m, "in_task", state == _State.TASK)

        passes = [_State.FORWARD, *([_State.SWEEP] if block.core else []), *([_State.ROWS] if block.gives_rows else [])]
        passing = wire(m, "passing", reduce(or_, [state == one for one in passes]) | (in_task & ~swept))
        issue = wire(m, "issue", passing & enable)
        word_last = wire(m, "word_last", word == block.words - 1)
        final: Value = listed.last
        if block.consolidates:
            final = Mux(in_task, block.rows - 1, final)
        if block.gives_rows:
            final = Mux(state == _State.ROWS, block.rows - bool(block.bias) - 1, final)
        entry_last = wire(m, "entry_last", entry == final)
        ends = wire(m, "ends", issue & word_last & entry_last)
        count(m, word, issue, word_last)
        count(m, entry, issue & word_last, entry_last)
        asked = Signal(name="asked_reg")
        m.d.sync += asked.eq((state == _State.HOST) & ~served)
        if block.consolidates:
            m.d.sync += swept.eq(in_task & ~served & (swept | ends))
        told = self._control(m, state, listed, ends, drained, served, finish)

        # Which kind of word is in each clock of the pipeline.
        learned_at = 4 + block.latency
        sweeping = in_task | (state == _State.SWEEP)
        kinds = {"forward": (issue & (state == _State.FORWARD), 4), "host": ((state == _State.HOST) & ~asked, 4)}
        kinds |= {"learn": (issue & sweeping, learned_at)} if block.core else {}
        kinds |= {"rows": (issue & (state == _State.ROWS), 4)} if block.gives_rows else {}
        flags = {kind: carried(m, enable, kind, value, 1, last, reset=True) for kind, (value, last) in kinds.items()}
        firsts = carried(m, enable, "first", wire(m, "first_0", entry == 0), 1, 4)
        lasts = carried(m, enable, "last", word_last & entry_last, 1, 4)
        tasks = carried(m, enable, "task", in_task, 1, 4) if block.consolidates else [Const(0)] * 4
        words = carried(m, enable, "word", word, 1, 2 if block.core else 1)

        addresses, activities = self._addresses(m, enable, state, listed, entry, words[0], flags, tasks[0], learned_at)
        bits = block.lanes * block.synapse_bits
        held, stored, word_4 = Signal(bits, name="held"), Signal(bits, name="stored"), free(bits, "word_4")
        with m.If(enable):
            m.d.sync += word_4.eq(held)
        write_host = wire(m, "write_host", flags["host"][3] & self.access_write & ~ResetSignal())
        write: tuple[Value, Value, Value] = (write_host, addresses[2], stored)
        if block.core:
            learned = Signal(bits, name="learned")
            # What registers hold at power-up writes nothing.
            write_learned = wire(m, "write_learned", flags["learn"][-1] & enable & ~ResetSignal())
            place = wire(m, "write_address", Mux(write_learned, addresses[-1], addresses[2]))
            write = (write_learned | write_host, place, Mux(write_learned, learned, stored))
            signal = {name: getattr(self, f"signal_{name}") for name in ("value", "skip", "slower")}
            build_learning(
                m,
                block,
                signal,
                enable=enable,
                told=told,
                word=words[1],
                operands=(word_4, activities[2]),
                accept=flags["learn"][3],
                task=tasks[3],
                learned=learned,
            )
        memory(m, block, "synapses", read=(enable, addresses[0], held), write=write)
        waiting = self._given(m, enable, word_4, activities[2], flags, firsts[3], lasts[3])
        self._access(m, flags["host"][3], word_4, stored, write_host, swept & drained, served)

        under_way = reduce(or_, [stage for stages in flags.values() for stage in stages] + waiting)
        m.d.comb += drained.eq(~under_way)
        rests = wire(m, "rests", (state == _State.WAIT) & drained)
        m.d.comb += self.idle.eq(rests & listed.nothing)
        if block.held:
            m.d.comb += self.still.eq(apart(rests))
        return m

    def _control(
        self, m: Module, state: Signal, listed: Listed, ends: Value, drained: Value, served: Value, finish: Signal
    ) -> Value:
        """Build what follows what, drive ``finish``, and return when a signal is taken."""
        block = self._block
        told: Value = Const(0)
        finished: Value = (state == _State.FORWARD) & ends
        if block.core:
            m.d.comb += self.signal_ready.eq(state == _State.LEARN)
            told = wire(m, "told", self.signal_valid & (state == _State.LEARN))
            over = self.signal_skip if block.gives_rows else self.signal_skip | (self.signal_last & listed.empty)
            finished = (told & over) | ((state == _State.DRAIN) & drained)
        m.d.comb += finish.eq(finished)
        access = Mux(self.access_consolidate, _State.TASK, _State.HOST) if block.consolidates else _State.HOST
        swept = Mux(listed.empty, _State.DRAIN if block.gives_rows else _State.WAIT, _State.SWEEP)
        with m.Switch(state):
            with m.Case(_State.WAIT):
                with m.If(listed.complete & ~self.hold if block.held else listed.complete):
                    m.d.sync += state.eq(_State.FORWARD)
                with m.Elif(self.access_valid):
                    m.d.sync += state.eq(access)
            with m.Case(_State.FORWARD), m.If(ends):
                m.d.sync += state.eq(_State.LEARN if block.core else _State.WAIT)
            if block.core:
                with m.Case(_State.LEARN):
                    with m.If(told & self.signal_skip):
                        m.d.sync += state.eq(_State.WAIT)
                    with m.Elif(told & self.signal_last):
                        m.d.sync += state.eq(_State.ROWS if block.gives_rows else swept)
                with m.Case(_State.SWEEP), m.If(ends):
                    m.d.sync += state.eq(_State.DRAIN)
                with m.Case(_State.DRAIN), m.If(drained):
                    m.d.sync += state.eq(_State.WAIT)
            if block.gives_rows:
                with m.Case(_State.ROWS), m.If(ends):
                    m.d.sync += state.eq(swept)
            with m.Default(), m.If(served):
                m.d.sync += state.eq(_State.WAIT)
        return told

    def _addresses(
        self,
        m: Module,
        enable: Value,
        state: Signal,
        listed: Listed,
        entry: Signal,
        word: Signal,
        flags: dict[str, list[Signal]],
        task: Value,
        last: int,
    ) -> tuple[list[Signal], list[Signal]]:
        """Return addresses and activities of words from the end of clock 2 on: of the list, of all rows, or of the host."""
        block = self._block
        row, activity = Signal(block.number_bits, name="listed_row"), Signal(block.activity_bits, name="listed_activity")
        memory(m, block, "list", read=(enable, listed.place(entry), Cat(activity, row)), write=listed.write)
        (empty,) = carried(m, enable, "empty", listed.empty & (state == _State.FORWARD), 1, 1)  # its list was never written
        read_row: Value = row
        if block.gives_rows or block.consolidates:
            (own,) = carried(m, enable, "row", entry[: block.number_bits], 1, 1)
            rows = flags["rows"][0] if block.gives_rows else Const(0)
            read_row = Mux(wire(m, "own_row", apart(rows | task)), own, row)
        place = cut(m, "place_1", read_row * block.words + (word if block.words > 1 else 0), 0, unsigned(block.address_bits))
        address = Mux(empty, 0, Mux(flags["host"][0], self.access_address, place))
        addresses = carried(m, enable, "address", wire(m, "address_1", address), 2, last)
        silent = wire(m, "silent", empty | task)
        activities = carried(m, enable, "activity", Mux(silent, 0, activity), 2, 4)
        return addresses, activities

    def _given(
        self, m: Module, enable: Signal, word: Signal, activity: Signal, flags: dict[str, list[Signal]], first: Value, last: Value
    ) -> list[Value]:
        """Build the registers of products and rows, drive ``enable``, and return whether anything waits in them."""
        block, products, weights = self._block, list[Value](), list[Value]()
        for lane in range(block.lanes):
            low = lane * block.synapse_bits + block.weight_low
            weight = wire(m, f"weight_{lane}", apart(word[low : low + block.weight_bits].as_signed()))
            exact = weight * Cat(activity, Const(0, 1)).as_signed()
            products.append(cut(m, f"product_{lane}", exact, 0, signed(block.product_bits)))
            weights.append(weight)
        ways: list[tuple[str, Value, dict[str, Any]]] = [
            ("product", flags["forward"][3], {"first": first, "last": last, "values": Cat(products)})
        ]
        if block.gives_rows:
            ways.append(("row", flags["rows"][3], {"weights": Cat(weights)}))
        registers = {"values": "products_reg", "weights": "row_weights_reg"}
        free_ways, waiting = list[Value](), list[Value]()
        for name, valid, items in ways:
            offered = Signal(name=f"{name}_valid_reg")
            with m.If(enable):
                m.d.sync += offered.eq(valid)
            m.d.comb += getattr(self, f"{name}_valid").eq(apart(offered))
            for item, value in items.items():
                register = free(len(value), registers.get(item, f"{name}_{item}_reg"))
                with m.If(enable):
                    m.d.sync += register.eq(value)
                m.d.comb += getattr(self, f"{name}_{item}").eq(apart(register))
            free_ways.append(~offered | getattr(self, f"{name}_ready"))
            waiting.append(offered)
        m.d.comb += enable.eq(free_ways[0] & free_ways[1] if block.gives_rows else free_ways[0])
        return waiting

    def _access(
        self, m: Module, arrived: Value, word: Signal, stored: Signal, write_host: Value, swept: Value, served: Signal
    ) -> None:
        """Give the synapse that the host asks for, or ``stored``: the word with that synapse replaced."""
        block, bits = self._block, self._block.synapse_bits
        lanes = [word[lane * bits : (lane + 1) * bits] for lane in range(block.lanes)]
        chosen: Value = lanes[0]
        if block.lanes > 1:
            chosen = Signal(bits, name="chosen")
            pick(m, chosen, self.access_lane, lanes)
            lanes = [Mux(self.access_lane == lane, self.access_data, own) for lane, own in enumerate(lanes)]
            m.d.comb += stored.eq(Cat(lanes))
        else:
            m.d.comb += stored.eq(apart(self.access_data))
        valid, answer = Signal(name="answer_valid_reg"), free(bits, "answer_reg")
        with m.If(arrived & ~self.access_write):
            m.d.sync += [valid.eq(1), answer.eq(chosen)]
        with m.Elif(self.answer_ready):
            m.d.sync += valid.eq(0)
        m.d.comb += [
            self.answer_valid.eq(apart(valid)),
            self.answer_data.eq(apart(answer)),
            served.eq(write_host | (valid & self.answer_ready) | swept),
            self.access_ready.eq(apart(served)),
        ]

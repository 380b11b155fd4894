"""What a readout decides, and how wrong it was, in Amaranth."""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring

from ...arithmetic import apart, asr, cut, members, wire
from ..error import NONE, ONE, ErrorBlock
from .pieces import carried, count, free, memory

__all__ = ["Error"]

_SHARE = ONE.bit_length()  # bits of an exponential, a reciprocal, a share, an output


class _State(IntEnum):
    RECEIVE = 0
    DECIDE = 1
    TOTAL = 2  # the pass that adds up all exponentials
    OTHERS = 3  # the pass that finds the largest error
    JUDGE = 4
    GIVE = 5  # the pass that gives the errors
    SKIP = 6


class Error(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Decides, then works out the errors in passes over the outputs that it keeps.

    Parameters: ``block``, whose docstring is the contract. Ports: ``block.ports()``. Reset: forgets the sample, and the target
    that waits. Latency: a pass takes a clock an output and three more. Overflow: none; a softmax adds up to 0 exactly.
    """

    def __init__(self, block: ErrorBlock) -> None:
        self._block = block
        super().__init__(members(block.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build target, decision, passes and the register of errors."""
        m, block = Module(), self._block
        state, index = Signal(3, name="state_reg"), Signal(block.index_bits, name="index_reg")
        top, done = free(signed(block.sum_bits), "top_reg"), Signal(name="done")
        known, learn, label = self._target(m, done)
        enable = wire(m, "enable", ~self.error_valid | self.error_ready)
        last, start = wire(m, "last", index == block.neurons - 1), wire(m, "start", index == 0)
        passing = (state == _State.TOTAL) | (state == _State.OTHERS) | (state == _State.GIVE)
        issuing, drained, learns = free(1, "issuing_reg"), Signal(name="drained"), Signal(name="learns")
        issue = wire(m, "issue", passing & issuing & enable)
        take = wire(m, "take", self.current_valid & self.current_ready)
        count(m, index, take | issue, last)
        with m.If(issue & last):
            m.d.sync += issuing.eq(0)
        decided = Signal(name="decided_reg")
        decides = wire(m, "decides", (state == _State.DECIDE) & ~decided & known)
        self._decision(m, take, start, decides, index, top, decided)
        with m.Switch(state):
            with m.Case(_State.RECEIVE), m.If(take & last):
                m.d.sync += state.eq(_State.DECIDE)
            with m.Case(_State.DECIDE), m.If(decides):
                first = _State.TOTAL if block.softmax else _State.OTHERS
                m.d.sync += [issuing.eq(1), state.eq(Mux(learn, first, _State.SKIP))]
            with m.Case(_State.TOTAL), m.If(drained):
                m.d.sync += [issuing.eq(1), state.eq(_State.OTHERS)]
            with m.Case(_State.OTHERS), m.If(drained):
                m.d.sync += state.eq(_State.JUDGE)
            with m.Case(_State.JUDGE):
                m.d.sync += [issuing.eq(1), state.eq(Mux(learns, _State.GIVE, _State.SKIP))]
            with m.Case(_State.GIVE), m.If(drained & enable):
                m.d.sync += state.eq(_State.RECEIVE)
            with m.Default(), m.If(self.error_ready):
                m.d.sync += state.eq(_State.RECEIVE)

        value = Signal(signed(block.sum_bits), name="value")
        memory(m, block, "outputs", read=(enable, index, value), write=(take, index, self.current_value))
        valid = carried(m, enable, "valid", issue, 1, 3, reset=True)
        own = carried(m, enable, "label", wire(m, "label_0", index == label), 1, 3)
        ends = carried(m, enable, "last", last, 1, 3)
        error = self._softmax if block.softmax else self._hard
        found = error(m, state, enable, value, top, valid, own[2], learns)

        error_valid, error_last = Signal(name="error_valid_reg"), free(1, "error_last_reg")
        given = free(signed(block.error_bits), "error_reg")
        with m.If(enable):
            m.d.sync += [error_valid.eq(valid[2] & (state == _State.GIVE)), error_last.eq(ends[2]), given.eq(found)]
        skip = wire(m, "skip", state == _State.SKIP)
        wire(m, "unused_last", self.current_last)
        m.d.comb += [
            drained.eq(~(issuing | valid[0] | valid[1] | valid[2] | self.error_valid)),
            done.eq(((state == _State.GIVE) & drained & enable) | (skip & self.error_ready)),
            self.current_ready.eq(state == _State.RECEIVE),
            self.error_valid.eq(error_valid | skip),
            self.error_value.eq(apart(given)),
            self.error_skip.eq(apart(skip)),
            self.error_last.eq(error_last | skip),
            self.idle.eq((state == _State.RECEIVE) & start & ~decided),
        ]
        return m

    def _target(self, m: Module, done: Value) -> tuple[Signal, Signal, Signal]:
        """Keep what is to be learned, which may come before the outputs; return whether it came, learns, and its label."""
        block = self._block
        known, learn, label = Signal(name="known_reg"), free(1, "learn_reg"), free(block.index_bits, "label_reg")
        slower = free(block.slower_bits, "slower_reg")
        with m.If(self.target_ready & self.target_valid):
            m.d.sync += [known.eq(1), label.eq(self.target_label), learn.eq(self.target_learn), slower.eq(self.target_slower)]
        with m.Elif(done):
            m.d.sync += known.eq(0)
        m.d.comb += [self.target_ready.eq(~known), self.error_slower.eq(apart(slower))]
        return known, learn, label

    def _decision(self, m: Module, take: Value, start: Value, decides: Value, index: Value, top: Signal, decided: Signal) -> None:
        """Note the first of the largest outputs; once it ``decides``, offer it until it is taken."""
        block = self._block
        best, number = free(block.index_bits, "best_reg"), free(block.index_bits, "class_reg")
        better = wire(m, "better", start | (self.current_value > top))
        with m.If(take & better):
            m.d.sync += [top.eq(self.current_value), best.eq(index)]
        with m.If(self.decision_ready):
            m.d.sync += decided.eq(0)
        with m.If(decides):  # the outputs of the next sample may come before the decision is taken
            m.d.sync += [decided.eq(1), number.eq(best)]
        m.d.comb += [self.decision_valid.eq(apart(decided)), self.decision_class.eq(apart(number))]

    def _softmax(
        self,
        m: Module,
        state: Signal,
        enable: Value,
        value: Signal,
        top: Signal,
        valid: list[Signal],
        label: Value,
        learns: Signal,
    ) -> Signal:
        """Return the error of an output at the end of clock 3: its exponential, its share of their sum, the others' shares."""
        block = self._block
        far = cut(m, "far", top - value, block.output_shift, unsigned(block.distance_bits))
        table = sum(number << 16 * k for k, number in enumerate(block.exponentials))
        exponentials = wire(m, "exponentials", Const(table, 256) >> Cat(Const(0, 4), far[:4]))
        wire(m, "unused_exponentials", exponentials[_SHARE:])
        power = free(_SHARE, "exponential_2")
        with m.If(enable):
            m.d.sync += power.eq(Mux(far >= NONE, 0, exponentials[:_SHARE] >> far[4:8]))
        total = free(block.total_bits, "total_reg")
        next_total = cut(m, "next_total", total + power, 0, total.shape())
        with m.If(state == _State.DECIDE):
            m.d.sync += total.eq(0)
        with m.Elif(valid[1] & (state == _State.TOTAL)):
            m.d.sync += total.eq(next_total)

        # A number for each bit of the reciprocals: as one table they would be block RAM to some tools.
        numbers, bits = block.reciprocals, []
        for bit in range(_SHARE):
            column = sum((number >> bit & 1) << n for n, number in enumerate(numbers))
            bits.append(cut(m, f"reciprocal_{bit}", Const(column, len(numbers)) >> total[4:], 0, unsigned(1)))
        reciprocal, share = free(_SHARE, "reciprocal_reg"), free(_SHARE, "share_3")
        product = wire(m, "product", power * reciprocal)
        wire(m, "unused_product", Cat(product[:8], product[8 + _SHARE :]))
        m.d.sync += reciprocal.eq(Cat(bits))
        with m.If(enable):
            m.d.sync += share.eq(product[8 : 8 + _SHARE])
        others = free(block.error_bits, "others_reg")
        next_others = cut(m, "next_others", others + share, 0, others.shape())
        with m.If(state == _State.DECIDE):
            m.d.sync += others.eq(0)
        with m.Elif(valid[2] & ~label & (state == _State.OTHERS)):
            m.d.sync += others.eq(next_others)
        m.d.comb += learns.eq(others >= block.margin if block.margin else apart(Const(1)))  # the label's is the largest
        result = Signal(signed(block.error_bits), name="value_3")
        m.d.comb += result.eq(Mux(label, others.as_signed(), -share))
        return result

    def _hard(
        self,
        m: Module,
        state: Signal,
        enable: Value,
        value: Signal,
        _top: Signal,
        valid: list[Signal],
        label: Value,
        learns: Signal,
    ) -> Signal:
        """Return the error of an output at the end of clock 3: 256 at the label, less the output, shifted and clipped."""
        block = self._block
        scaled = Signal(signed(max(block.sum_bits, _SHARE + 1)), name="scaled")
        m.d.comb += scaled.eq(asr(value, block.output_shift))
        negative = wire(m, "negative", apart(scaled[-1]))
        clipped = Mux(negative, 0, Mux(scaled[_SHARE - 1 : -1].any(), ONE, scaled[: _SHARE - 1]))
        output = free(_SHARE, "output_2")
        with m.If(enable):
            m.d.sync += output.eq(clipped)
        (output,) = carried(m, enable, "output", output, 3, 3)
        result = Signal(signed(block.error_bits), name="value_3")
        m.d.comb += result.eq(Mux(label, ONE, 0) - output)
        if not block.margin:
            m.d.comb += learns.eq(apart(Const(1)))
            return result
        reached = free(1, "learns_reg")
        size = wire(m, "size", Mux(result[-1], cut(m, "negated", -result, 0, result.shape()), result).as_unsigned())
        reaches = size >= block.margin
        with m.If(state == _State.DECIDE):
            m.d.sync += reached.eq(0)
        with m.Elif(valid[2] & reaches & (state == _State.OTHERS)):
            m.d.sync += reached.eq(1)
        m.d.comb += learns.eq(apart(reached))
        return result

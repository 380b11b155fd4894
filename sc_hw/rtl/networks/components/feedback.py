"""The way of the error back to hidden neurons, in Amaranth."""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring

from ...arithmetic import apart, asr, cut, members, saturate, wire
from ..feedback import FeedbackBlock
from .pieces import carried, count, extended, free, memory

__all__ = ["Feedback"]


class _State(IntEnum):
    GATHER = 0
    RUN = 1
    FLUSH = 2  # the last signals are on their way
    SKIP = 3


class Feedback(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Multiplies the errors of a sample with what brings them back to each neuron.

    Parameters: ``block``, whose docstring is the contract. Ports: ``block.ports()``. Reset: forgets the sample. Latency: five
    clocks from a neuron's last weights to its signal; a beat a clock. Overflow: the signal saturates, nothing before it can.
    The errors are kept in a register that turns by ``lanes`` of them with each beat.
    """

    def __init__(self, block: FeedbackBlock) -> None:
        self._block = block
        super().__init__(members(block.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build who is next, and the pipeline."""
        m, block = Module(), self._block
        state, enable, ended = Signal(2, name="state_reg"), Signal(name="enable"), Signal(name="ended")
        gathering = state == _State.GATHER
        kept, neuron = Signal(block.neuron_bits, name="kept_reg"), Signal(block.neuron_bits, name="neuron_reg")
        begun, slower = Signal(name="begun_reg"), free(block.slower_bits, "slower_reg")

        m.d.comb += [self.slope_ready.eq(gathering), self.error_ready.eq(gathering)]
        keep = wire(m, "keep", self.slope_valid & self.slope_ready)
        gather = wire(m, "gather", self.error_valid & self.error_ready)
        count(m, kept, keep, self.slope_last)
        with m.If(gather):
            m.d.sync += [slower.eq(self.error_slower), begun.eq(~self.error_last)]

        if block.signs:
            issue = wire(m, "issue", (state == _State.RUN) & enable)
        else:
            m.d.comb += self.row_ready.eq((state == _State.RUN) & enable)
            issue = wire(m, "issue", self.row_valid & self.row_ready)
        first, last = Signal(name="word_first"), Signal(name="word_last")
        if block.words > 1:
            word = Signal(block.word_bits, name="word_reg")
            m.d.comb += [first.eq(word == 0), last.eq(word == block.words - 1)]
            count(m, word, issue, last)
        else:
            m.d.comb += [first.eq(apart(Const(1))), last.eq(apart(Const(1)))]
        neuron_last = wire(m, "neuron_last", neuron == block.neurons - 1)
        count(m, neuron, issue & last, neuron_last)
        with m.Switch(state):
            with m.Case(_State.GATHER):
                with m.If(gather & self.error_skip):
                    m.d.sync += state.eq(_State.SKIP)
                with m.Elif(gather & self.error_last):
                    m.d.sync += state.eq(_State.RUN)
            with m.Case(_State.RUN), m.If(issue & last & neuron_last):
                m.d.sync += state.eq(_State.FLUSH)
            with m.Case(_State.FLUSH), m.If(ended):
                m.d.sync += state.eq(_State.GATHER)
            with m.Case(_State.SKIP), m.If(self.signal_ready):
                m.d.sync += state.eq(_State.GATHER)

        products = self._products(m, state, enable, issue, self._errors(m, enable, gather, issue))
        slope = Signal(name="slope_1")
        kept_place = wire(m, "kept_place", apart(kept))
        memory(m, block, "slopes", read=(enable, neuron, slope), write=(keep, kept_place, self.slope_value))
        valids = carried(m, enable, "valid", issue, 1, 3, reset=True)
        firsts = carried(m, enable, "first", first, 1, 3)
        wholes = carried(m, enable, "whole", last, 1, 3)
        lasts = carried(m, enable, "last", neuron_last, 1, 4)
        slopes = carried(m, enable, "slope", slope, 2, 4)
        (done,) = carried(m, enable, "valid", valids[2] & wholes[2], 4, 4, reset=True)

        saturated = self._saturated(m, enable, products, valids[2], firsts[2])
        signal_valid, signal_last = Signal(name="signal_valid_reg"), free(1, "signal_last_reg")
        signal = free(block.signal_bits, "signal_reg")
        with m.If(enable):
            m.d.sync += [signal_valid.eq(done), signal_last.eq(lasts[3]), signal.eq(Mux(slopes[2], saturated, 0))]
        skip = wire(m, "skip", state == _State.SKIP)
        m.d.comb += [
            enable.eq(~signal_valid | self.signal_ready),
            ended.eq(signal_valid & signal_last & self.signal_ready),
            self.signal_valid.eq(signal_valid | skip),
            self.signal_value.eq(apart(signal)),
            self.signal_skip.eq(apart(skip)),
            self.signal_last.eq(signal_last | skip),
            self.signal_slower.eq(apart(slower)),
            self.idle.eq(gathering & ~begun & (kept == 0)),
        ]
        return m

    def _errors(self, m: Module, enable: Value, gather: Value, issue: Value) -> list[Value]:
        """Keep the errors of a sample, and return those that the beat of a neuron meets, a clock later."""
        block, bits = self._block, self._block.error_bits
        errors = free(block.classes * bits, "errors_reg")
        with m.If(gather):
            m.d.sync += errors.eq(Cat(errors[bits:], self.error_value))
        part = block.lanes * bits
        if block.words > 1:
            with m.If(issue):
                m.d.sync += errors.eq(Cat(errors[part:], errors[:part]))
        (own,) = carried(m, enable, "errors", errors[:part], 1, 1)
        return [own[lane * bits : (lane + 1) * bits].as_signed() for lane in range(block.lanes)]

    def _products(self, m: Module, state: Value, enable: Value, issue: Value, errors: list[Value]) -> list[Signal]:
        """Return errors times weights, or with the signs, at the end of clock 2."""
        block = self._block
        if block.signs:
            place, signs = free(block.sign_bits, "place_reg"), Signal(block.lanes, name="signs_1")
            next_place = cut(m, "next_place", place + 1, 0, place.shape())
            with m.If(state == _State.GATHER):
                m.d.sync += place.eq(0)
            with m.Elif(issue):
                m.d.sync += place.eq(next_place)
            unwritten = (Const(0), Const(0, block.sign_bits), Const(0, block.lanes))
            memory(m, block, "signs", read=(enable, place, signs), write=unwritten)
        else:
            (weights,) = carried(m, enable, "weights", self.row_weights, 1, 1)
        products = []
        for lane, kept in enumerate(errors):
            product = free(signed(block.product_bits), f"product_{lane}")
            error = wire(m, f"error_{lane}", extended(kept, block.product_bits if block.signs else block.error_bits))
            if block.signs:
                value: Value = Mux(signs[lane], error, cut(m, f"negated_{lane}", -error, 0, error.shape()))
            else:
                bits = block.weight_bits
                weight = wire(m, f"weight_{lane}", apart(weights[lane * bits : (lane + 1) * bits].as_signed()))
                value = weight * error
            with m.If(enable):
                m.d.sync += product.eq(value)
            products.append(product)
        return products

    def _saturated(self, m: Module, enable: Value, products: list[Signal], valid: Value, first: Value) -> Signal:
        """Return the sum of a neuron's products, scaled, in the bits of a signal: sums at the end of clocks 3 and 4."""
        block, shape = self._block, signed(self._block.sum_bits)
        total, brought = free(shape, "sum_3"), free(shape, "brought_4")
        wide_products = [extended(product, block.sum_bits) for product in products]
        now = wide_products[0]
        for lane, product in enumerate(wide_products[1:], 1):
            now = cut(m, f"sum_of_{lane + 1}", now + product, 0, shape)
        added = cut(m, "added", brought + total, 0, shape)
        with m.If(enable):
            m.d.sync += total.eq(now)
            with m.If(valid):
                m.d.sync += brought.eq(Mux(first, total, added))
        wide = wire(m, "brought", extended(brought, block.scaled_bits))
        if block.gain < 0:
            scaled = wire(m, "scaled", asr(wide, -block.gain))
        else:
            scaled = cut(m, "scaled", wide << block.gain, 0, wide.shape())
        return wire(m, "saturated", saturate(scaled, signed(block.signal_bits)).as_unsigned())

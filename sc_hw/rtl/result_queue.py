"""The module in which results wait, so that the lanes never have to."""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal, unsigned
from amaranth.lib import wiring

from .arithmetic import apart, cut, members, wire
from .queue import QueueDesign

__all__ = ["ResultQueue"]


class ResultQueue(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """A first-in first-out queue whose slots are promised before their beats come, so that nothing ever waits to enter.

    Parameters: ``design``. Ports: ``design.ports()``; ``reserve`` only while there is ``room``, ``push`` once for each
    ``reserve``, later. Reset: forgets all beats. Latency: two clocks from ``push`` to ``result_valid``; a beat a clock.
    """

    def __init__(self, design: QueueDesign) -> None:
        self._design = design
        super().__init__(members(design.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build the counters and the instance of the memory, whose read register is the beat on offer."""
        m, design = Module(), self._design
        bits = design.slot_bits
        # One bit more than a slot's number: the two addresses differ in it alone when the memory is full.
        write, read = Signal(bits + 1, name="write_reg"), Signal(bits + 1, name="read_reg")
        promised, valid = Signal(bits + 1, name="promised_reg"), Signal(name="valid_reg")

        move = wire(m, "move", ~valid | self.result_ready)
        stored = wire(m, "stored", write != read)
        pop = wire(m, "pop", move & stored)
        m.d.comb += [
            self.room.eq(~promised[-1]),
            self.waiting.eq(promised.any() | valid),
            self.result_valid.eq(apart(valid)),
        ]
        next_write, next_read, one_less = (
            cut(m, name, count + Const(step, unsigned(bits + 1)), 0, count.shape())
            for name, count, step in (("next_write", write, 1), ("next_read", read, 1), ("one_less", promised, -1))
        )
        one_more = wire(m, "one_more", promised[:-1] + 1)  # only where there is room: the top bit is 0
        with m.If(self.push):
            m.d.sync += write.eq(next_write)
        with m.If(pop):
            m.d.sync += read.eq(next_read)
        with m.If(self.reserve & ~pop):
            m.d.sync += promised.eq(one_more)
        with m.Elif(pop & ~self.reserve):
            m.d.sync += promised.eq(one_less)
        with m.If(move):
            m.d.sync += valid.eq(stored)
        m.submodules.memory = Instance(
            f"{design.name}_memory",
            p_WORD_BITS=design.data_bits,
            p_WORDS=design.slots,
            p_COLUMN_BITS=design.data_bits,
            p_ADDRESS_BITS=bits,
            i_clk=ClockSignal(),
            i_read_enable=move,
            i_read_address=wire(m, "read_address", apart(read[:bits])),
            o_read_data=self.result_data,
            i_write_enable=self.push,
            i_write_address=wire(m, "write_address", apart(write[:bits])),
            i_write_data=self.push_data,
        )
        return m

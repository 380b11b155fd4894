"""The module that keeps a timestep's beats of a stream, so that others may come before what takes them."""

from functools import reduce
from operator import xor

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring

from .arithmetic import apart, members, wire
from .store import StoreDesign

__all__ = ["EventStore"]


class EventStore(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """A first-in first-out queue that a whole timestep of a stream fits into.

    Parameters: ``design``. Ports: ``design.ports()``, two valid/ready streams: ``event`` is taken while there is room, ``beat``
    gives the same beats in the same order. Reset: forgets all beats. Latency: two clocks; a beat a clock.
    """

    def __init__(self, design: StoreDesign) -> None:
        self._design = design
        super().__init__(members(design.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build both addresses and the instance of the memory, whose read register is the beat on offer."""
        m, design = Module(), self._design
        write, read = Signal(design.slot_bits, name="write_reg"), Signal(design.slot_bits, name="read_reg")
        full, valid = Signal(name="full_reg"), Signal(name="valid_reg")

        same = wire(m, "same", write == read)
        stored = wire(m, "stored", full | ~same)
        pop = wire(m, "pop", stored & (~valid | self.beat_ready))
        m.d.comb += [self.event_ready.eq(~(full & same)), self.beat_valid.eq(apart(valid))]
        push = wire(m, "push", self.event_valid & self.event_ready)
        for moves, slot in ((push, write), (pop, read)):
            with m.If(moves):
                if design.shifted:  # a shift register goes through all slots without a carry
                    m.d.sync += slot.eq(Cat(~reduce(xor, (slot[tap] for tap in design.taps)), slot[:-1]))
                else:
                    m.d.sync += slot.eq(slot + 1)
        # Where addresses differ it means nothing, so that a beat that leaves, which is known late, need not clear it.
        m.d.sync += full.eq(push | (full & same))
        m.d.sync += valid.eq(stored | (valid & ~self.beat_ready))
        given = Signal(design.data_bits, name="read_data")
        m.d.comb += Cat(getattr(self, f"beat_{item.name}") for item in design.items).eq(given)
        m.submodules.memory = Instance(
            f"{design.name}_memory",
            p_WORD_BITS=design.data_bits,
            p_WORDS=design.slots,
            p_COLUMN_BITS=design.data_bits,
            p_ADDRESS_BITS=design.slot_bits,
            i_clk=ClockSignal(),
            i_read_enable=pop,
            i_read_address=wire(m, "read_address", apart(read)),
            o_read_data=given,
            i_write_enable=push,
            i_write_address=wire(m, "write_address", apart(write)),
            i_write_data=Cat(getattr(self, f"event_{item.name}") for item in design.items),
        )
        return m

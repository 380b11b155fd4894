"""The module that turns address events into spikes as bits."""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Mux, Signal
from amaranth.lib import wiring

from .addresses import AddressesDesign
from .arithmetic import apart, cut, members, wire

__all__ = ["AddressDecoder"]


class AddressDecoder(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Keeps a bit for each neuron that an event names; gives and wipes all words when a timestep's events are complete.

    Parameters: ``design``. Ports: ``design.ports()``, two valid/ready streams. Reset: wipes all words before events are
    taken. Latency: two clocks from the end of a timestep's events to its first beat; a beat a clock.
    """

    def __init__(self, design: AddressesDesign) -> None:
        self._design = design
        super().__init__(members(design.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build the two phases and the memories, one a lane."""
        m, design = Module(), self._design
        open_, quiet, read_left = Signal(name="open_reg"), Signal(name="quiet_reg", init=1), Signal(name="read_reg", init=1)
        word, valid = Signal(design.word_bits, name="word_reg"), Signal(name="valid_reg")
        beat_word = Signal(design.word_bits, name="beat_word_reg", reset_less=True)

        m.d.comb += [self.event_ready.eq(apart(open_)), self.beat_valid.eq(valid & ~quiet)]
        take = wire(m, "take", self.event_valid & self.event_ready)
        wipe = wire(m, "wipe", valid & (quiet | self.beat_ready))
        move = wire(m, "move", ~valid | wipe)
        last_read = wire(m, "last_read", word == design.words - 1)
        next_word = cut(m, "next_word", word + 1, 0, word.shape())
        with m.If(move):
            m.d.sync += [valid.eq(read_left), beat_word.eq(word)]
        with m.If(read_left & move):
            m.d.sync += word.eq(Mux(last_read, 0, next_word))
            with m.If(last_read):
                m.d.sync += read_left.eq(0)
        with m.If(wipe & (beat_word == design.words - 1)):
            m.d.sync += open_.eq(1)
        with m.If(take & self.event_end):
            m.d.sync += [open_.eq(0), quiet.eq(0), read_left.eq(1)]

        bits = design.lane_bits
        event_word = self.event_neuron[bits : bits + design.word_bits] if design.words > 1 else Const(0, 1)
        write_word = wire(m, "write_word", Mux(open_, event_word, beat_word))
        for lane in range(design.lanes):
            named = self.event_neuron < design.neurons if design.bounded else Const(1, 1)
            mine = self.event_neuron[:bits] == lane if bits else Const(1, 1)
            spike = wire(m, f"spike_{lane}", take & ~self.event_end & named & mine)
            written = wire(m, f"written_{lane}", Mux(open_, spike, wipe))
            m.submodules[f"memory_{lane}"] = Instance(
                f"{design.name}_memory",
                p_WORD_BITS=1,
                p_WORDS=design.words,
                p_COLUMN_BITS=1,
                p_ADDRESS_BITS=design.word_bits,
                i_clk=ClockSignal(),
                i_read_enable=move,
                i_read_address=word,
                o_read_data=self.beat_data[lane],
                i_write_enable=written,
                i_write_address=write_word,
                i_write_data=open_,
            )
        return m

"""The fan-out between cores, and the top module of a layer: neurons, fan-out and synapses."""

from amaranth.hdl import ClockSignal, Instance, Module, Mux, Signal, Value
from amaranth.lib import wiring

from .arithmetic import apart, cut, members, wire
from .joint import FanoutDesign
from .marks import compare_marks

__all__ = ["Fanout"]


class Fanout(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Stores one timestep of what one kind of neuron gives and plays it for every neuron of the other kind.

    Parameters: ``design``. Ports: ``design.ports()``, three valid/ready streams: ``stored`` is taken while nothing is
    played, a beat a word; ``played`` is one beat for each round, taken with its last word; ``beat`` goes to
    the synapses. Reset: forgets what was stored. Latency: one clock from ``played`` to its first ``beat``; a beat a clock.
    """

    def __init__(self, design: FanoutDesign) -> None:
        self._design = design
        super().__init__(members(design.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build counters, the register behind ``played`` and the instance of the memory."""
        m, design = Module(), self._design
        replay, valid = Signal(name="replay_reg"), Signal(name="valid_reg")
        address = Signal(design.address_bits, name="address_reg")
        number = Signal(design.round_bits, name="round_reg")
        played = Signal(design.played_bits, name="played_reg", reset_less=True)

        store = wire(m, "store", self.stored_valid & self.stored_ready)
        move = wire(m, "move", ~valid | self.beat_ready)
        read = wire(m, "read", replay & self.played_valid & move)
        last = wire(m, "last", address == design.words - 1)
        row_ends: Value = last
        if design.skips:  # a round that is skipped is one beat
            row_ends = wire(m, "row_ends", last | (replay & self.played_skip))
            skip = Signal(name="skip_reg", reset_less=True)
            with m.If(move):
                m.d.sync += skip.eq(self.played_skip)
            m.d.comb += self.beat_skip.eq(apart(skip))
        last_round = wire(m, "last_round", number == design.rounds - 1)
        m.d.comb += [
            self.stored_ready.eq(~replay),
            self.played_ready.eq(replay & move & row_ends),
            self.beat_valid.eq(apart(valid)),
            self.beat_played.eq(apart(played)),
        ]
        for name, counted in {"stored": last, "played": last_round}.items():
            if name in design.checked:
                compare_marks(m, self, name, counted)
        next_address = cut(m, "next_address", address + 1, 0, address.shape())
        next_round = cut(m, "next_round", number + 1, 0, number.shape())
        with m.If(store | read):
            m.d.sync += address.eq(Mux(row_ends, 0, next_address))
        with m.If(store & last):
            m.d.sync += replay.eq(1)
        with m.If(read & row_ends):
            m.d.sync += number.eq(Mux(last_round, 0, next_round))
            with m.If(last_round):
                m.d.sync += replay.eq(0)
        with m.If(move):
            m.d.sync += [valid.eq(read), played.eq(self.played_data)]
        m.submodules.memory = Instance(
            f"{design.name}_memory",
            p_WORD_BITS=design.stored_bits,
            p_WORDS=design.words,
            p_COLUMN_BITS=design.stored_bits,
            p_ADDRESS_BITS=design.address_bits,
            i_clk=ClockSignal(),
            i_read_enable=move,
            i_read_address=wire(m, "read_address", apart(address)),
            o_read_data=self.beat_stored,
            i_write_enable=store,
            i_write_address=address,
            i_write_data=self.stored_data,
        )
        return m

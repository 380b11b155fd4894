"""The fan-out between cores, and the top module of a layer: neurons, fan-out and synapses."""

from collections.abc import Iterable, Mapping

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Mux, ResetSignal, Signal, Value
from amaranth.lib import wiring

from .arithmetic import apart, cut, members, wire
from .design import Port
from .joint import FanoutDesign
from .layer import NEURON, LayerDesign

__all__ = ["Fanout", "Layer", "instance"]


def instance(module: str, ports: Iterable[Port], values: Mapping[str, Value]) -> Instance:
    """Return an instance of a module with these ports, each connected to the value of its name."""
    return Instance(module, **{f"{'i' if p.direction == 'input' else 'o'}_{p.name}": values[p.name] for p in ports})


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
            p_WORD_BITS=design.stored_bits, p_WORDS=design.words,
            p_COLUMN_BITS=design.stored_bits, p_ADDRESS_BITS=design.address_bits,
            i_clk=ClockSignal(),
            i_read_enable=move, i_read_address=wire(m, "read_address", apart(address)), o_read_data=self.beat_stored,
            i_write_enable=store, i_write_address=address, i_write_data=self.stored_data,
        )  # fmt: skip
        return m


class Layer(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Presynaptic neurons, fan-out and synapses.

    Parameters: ``design``. Ports: ``design.ports()``: those of the neurons' core, which begin with ``neuron_``, and those of
    the synapses' core, whose events lack what the neurons give. Reset: synchronous, of control only.
    """

    def __init__(self, design: LayerDesign) -> None:
        self._design = design
        super().__init__(members(design.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Instantiate the three."""
        m, design = Module(), self._design
        valid, stored_ready, idle, beat_valid, beat_ready, synapses_idle = (
            Signal(name=name)
            for name in ("neurons_valid", "stored_ready", "neurons_idle", "beat_valid", "beat_ready", "synapses_idle")
        )
        beat_stored, beat_played = Signal(design.pre_bits, name="beat_stored"), Signal(design.post_bits, name="beat_played")
        outside = getattr(self, f"{NEURON}result_ready")
        given = getattr(self, f"{NEURON}result_{design.given.name}")
        clocked = {"clk": ClockSignal(), "rst": ResetSignal()}

        # A beat of the neurons moves when outside and fan-out both take it.
        m.d.comb += [getattr(self, f"{NEURON}result_valid").eq(valid & stored_ready), self.idle.eq(idle & synapses_idle)]
        ports = design.presynaptic.ports()
        inside = clocked | {"idle": idle, "result_valid": valid, "result_ready": outside & stored_ready}
        named = {port.name: getattr(self, f"{NEURON}{port.name}") for port in ports if port.name not in inside}
        m.submodules.neurons = instance(design.presynaptic.name, ports, named | inside)
        bits, taken = design.given.bits, design.taken.bits
        leading = Cat(given[(lane + 1) * bits - taken : (lane + 1) * bits] for lane in range(design.lanes))
        posts = Cat(getattr(self, f"event_{f.name}") for f in design.postsynaptic_inputs)
        m.submodules.fan_out = instance(
            design.fanout.name, design.fanout.ports(),
            clocked | {"stored_valid": valid & outside, "stored_ready": stored_ready, "stored_data": leading,
                       "played_valid": self.event_valid, "played_ready": self.event_ready, "played_data": posts,
                       "beat_valid": beat_valid, "beat_ready": beat_ready, "beat_stored": beat_stored,
                       "beat_played": beat_played},
        )  # fmt: skip
        inside = clocked | {"idle": synapses_idle, "event_valid": beat_valid, "event_ready": beat_ready,
                            f"event_{design.taken.name}": beat_stored}  # fmt: skip
        low = 0
        for f in design.postsynaptic_inputs:
            inside[f"event_{f.name}"] = beat_played[low : low + f.bits].replicate(design.lanes)
            low += f.bits
        ports = design.core.ports()
        named = {port.name: getattr(self, port.name) for port in ports if port.name not in inside}
        m.submodules.synapses = instance(design.core.name, ports, named | inside)
        return m

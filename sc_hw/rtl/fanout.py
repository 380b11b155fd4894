"""What joins the two cores of a layer: the fan-out from neurons to synapses, and the top module around all three."""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring

from .arithmetic import apart, cut, members, wire
from .layer import NEURON, LayerDesign

__all__ = ["Fanout", "Layer"]


class Fanout(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Stores one timestep of what presynaptic neurons give and plays it for every postsynaptic neuron.

    Parameters: ``design``. Ports: ``design.fanout_ports()``, three valid/ready streams: ``pre`` is taken while nothing is
    played, a beat a word; ``post`` is one beat for each postsynaptic neuron, taken with its last word; ``beat`` goes to
    the synapses. Reset: forgets what was stored. Latency: one clock from ``post`` to its first ``beat``; a beat a clock.
    """

    def __init__(self, design: LayerDesign) -> None:
        self._design = design
        super().__init__(members(design.fanout_ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build counters, the register behind ``post`` and the instance of the memory."""
        m, design = Module(), self._design
        address_bits = design.presynaptic.address_bits
        replay, valid = Signal(name="replay_reg"), Signal(name="valid_reg")
        address = Signal(address_bits, name="address_reg")
        neuron = Signal(design.neuron_bits, name="neuron_reg")
        post = Signal(design.post_bits, name="post_reg", reset_less=True)

        store = wire(m, "store", self.pre_valid & self.pre_ready)
        move = wire(m, "move", ~valid | self.beat_ready)
        read = wire(m, "read", replay & self.post_valid & move)
        last = wire(m, "last", address == design.presynaptic.words - 1)
        last_neuron = wire(m, "last_neuron", neuron == design.postsynaptic - 1)
        m.d.comb += [
            self.pre_ready.eq(~replay),
            self.post_ready.eq(replay & move & last),
            self.beat_valid.eq(apart(valid)),
            self.beat_post.eq(apart(post)),
        ]
        next_address = cut(m, "next_address", address + 1, 0, address.shape())
        next_neuron = cut(m, "next_neuron", neuron + 1, 0, neuron.shape())
        with m.If(store | read):
            m.d.sync += address.eq(Mux(last, 0, next_address))
        with m.If(store & last):
            m.d.sync += replay.eq(1)
        with m.If(read & last):
            m.d.sync += neuron.eq(Mux(last_neuron, 0, next_neuron))
            with m.If(last_neuron):
                m.d.sync += replay.eq(0)
        with m.If(move):
            m.d.sync += [valid.eq(read), post.eq(self.post_data)]
        m.submodules.memory = Instance(
            f"{design.name}_fanout_memory",
            p_WORD_BITS=design.pre_bits, p_WORDS=design.presynaptic.words,
            p_COLUMN_BITS=design.pre_bits, p_ADDRESS_BITS=address_bits,
            i_clk=ClockSignal(),
            i_read_enable=move, i_read_address=wire(m, "read_address", apart(address)), o_read_data=self.beat_pre,
            i_write_enable=store, i_write_address=address, i_write_data=self.pre_data,
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
        valid, pre_ready, idle, beat_valid, beat_ready, synapses_idle = (
            Signal(name=name)
            for name in ("neurons_valid", "pre_ready", "neurons_idle", "beat_valid", "beat_ready", "synapses_idle")
        )
        beat_pre, beat_post = Signal(design.pre_bits, name="beat_pre"), Signal(design.post_bits, name="beat_post")
        outside = getattr(self, f"{NEURON}result_ready")
        given = getattr(self, f"{NEURON}result_{design.given.name}")
        clocked = {"clk": ClockSignal(), "rst": ResetSignal()}

        def instance(module: str, ports: dict[str, Const | Signal], inward: set[str]) -> Instance:
            return Instance(module, **{f"{'i' if name in inward else 'o'}_{name}": value for name, value in ports.items()})

        # A beat of the neurons moves when outside and fan-out both take it.
        m.d.comb += [getattr(self, f"{NEURON}result_valid").eq(valid & pre_ready), self.idle.eq(idle & synapses_idle)]
        inside = clocked | {"idle": idle, "result_valid": valid, "result_ready": outside & pre_ready}
        ports = design.presynaptic.ports()
        m.submodules.neurons = instance(
            design.presynaptic.name,
            {port.name: inside[port.name] if port.name in inside else getattr(self, f"{NEURON}{port.name}") for port in ports},
            {port.name for port in ports if port.direction == "input"},
        )
        bits, taken = design.given.bits, design.taken.bits
        leading = Cat(given[(lane + 1) * bits - taken : (lane + 1) * bits] for lane in range(design.lanes))
        posts = Cat(getattr(self, f"event_{f.name}") for f in design.postsynaptic_inputs)
        m.submodules.fan_out = instance(
            f"{design.name}_fanout",
            clocked | {"pre_valid": valid & outside, "pre_ready": pre_ready, "pre_data": leading,
                       "post_valid": self.event_valid, "post_ready": self.event_ready, "post_data": posts,
                       "beat_valid": beat_valid, "beat_ready": beat_ready, "beat_pre": beat_pre, "beat_post": beat_post},
            {port.name for port in design.fanout_ports() if port.direction == "input"},
        )  # fmt: skip
        inside = clocked | {"idle": synapses_idle, "event_valid": beat_valid, "event_ready": beat_ready,
                            f"event_{design.taken.name}": beat_pre}  # fmt: skip
        low = 0
        for f in design.postsynaptic_inputs:
            inside[f"event_{f.name}"] = beat_post[low : low + f.bits].replicate(design.lanes)
            low += f.bits
        ports = design.core.ports()
        m.submodules.synapses = instance(
            design.core.name,
            {port.name: inside[port.name] if port.name in inside else getattr(self, port.name) for port in ports},
            {port.name for port in ports if port.direction == "input"},
        )
        return m

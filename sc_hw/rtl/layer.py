"""A layer: a core of presynaptic neurons in front of a core of synapses, and what leads from one to the other."""

from dataclasses import dataclass, replace
from functools import cached_property

from sc_hw_models.rule import ConfigError, Field, connection

from ..errors import UserError
from .design import CoreDesign, Port
from .faults import Fault

__all__ = ["NEURON", "LayerDesign", "layer_faults"]

NEURON = "neuron_"  # begins the names of the ports that belong to the presynaptic neurons


@dataclass(frozen=True, kw_only=True)
class LayerDesign(CoreDesign):
    """``presynaptic`` neurons, each with as many synapses as there are postsynaptic neurons.

    Synapse ``j * neurons + i`` joins neuron ``i`` to postsynaptic neuron ``j``; ``rule``, ``config``, ``synapses``, ``lanes``
    and ``initial`` are those of the synapses. Both cores have as many lanes, and the neurons fill them.
    Errors: ``UserError`` for rules or numbers that do not fit.
    """

    presynaptic: CoreDesign

    def __post_init__(self) -> None:
        super().__post_init__()
        neurons = self.presynaptic.synapses
        if self.synapses % neurons:
            raise UserError(f"--synapses {self.synapses}: allowed are multiples of the {neurons} presynaptic neurons")
        if neurons % self.lanes:
            raise UserError(f"--lanes {self.lanes}: allowed are divisors of the {neurons} presynaptic neurons")
        try:
            connection(self.presynaptic.spec, self.spec)
        except ConfigError as error:
            raise UserError(str(error)) from error

    @cached_property
    def core(self) -> CoreDesign:
        """The core of the synapses."""
        return CoreDesign(name=f"{self.name}_synapses", rule=self.rule, config=self.config, synapses=self.synapses,
                          lanes=self.lanes, initial=self.initial)  # fmt: skip

    @property
    def postsynaptic(self) -> int:
        """Number of postsynaptic neurons."""
        return self.synapses // self.presynaptic.synapses

    @property
    def given(self) -> Field:
        """What a neuron gives."""
        return connection(self.presynaptic.spec, self.spec)[0]

    @property
    def taken(self) -> Field:
        """What a synapse takes of it: the leading bits."""
        return connection(self.presynaptic.spec, self.spec)[1]

    @property
    def postsynaptic_inputs(self) -> tuple[Field, ...]:
        """The other inputs of a synapse, which are its postsynaptic neuron's."""
        return tuple(f for f in self.spec.synapse_inputs if f != self.taken)

    @property
    def pre_bits(self) -> int:
        """Bits of a stored word: what the synapses of one beat take of their neurons."""
        return self.lanes * self.taken.bits

    @property
    def post_bits(self) -> int:
        """Bits of the inputs of a postsynaptic neuron."""
        return sum(f.bits for f in self.postsynaptic_inputs)

    @property
    def memories(self) -> list[int]:
        """Bits of each memory: those of the synapses, of the neurons, and what the neurons gave in a timestep."""
        return [*self.core.memories, *self.presynaptic.memories, self.presynaptic.words * self.pre_bits]

    def inputs(self) -> dict[Field, int]:
        """Return the inputs of a timestep and how many values each has: those of the neurons come first."""
        own = dict.fromkeys(self.postsynaptic_inputs, self.postsynaptic) | dict.fromkeys(self.spec.step_inputs, 0)
        return self.presynaptic.inputs() | own

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the layer: those of both cores, less what one gives the other."""
        own = {port.name: port for port in self.core.ports()}
        own = {name: port for name, port in own.items() if name != f"event_{self.taken.name}"}
        for f in self.postsynaptic_inputs:
            own[f"event_{f.name}"] = replace(own[f"event_{f.name}"], bits=f.bits, meaning=f.meaning)
        front = [replace(port, name=f"{NEURON}{port.name}") for port in self.presynaptic.ports()
                 if port.name not in ("clk", "rst", "idle")]  # fmt: skip
        return (own.pop("clk"), own.pop("rst"), *front, *own.values())

    def fanout_ports(self) -> tuple[Port, ...]:
        """Return the ports of the module between the two cores."""

        def stream(name: str, inward: str, outward: str, **data: int) -> list[Port]:
            bits = [Port(name=part, direction=inward, bits=width, vector=True) for part, width in data.items()]
            return [Port(name=f"{name}_valid", direction=inward), Port(name=f"{name}_ready", direction=outward), *bits]

        return (
            Port(name="clk", direction="input"),
            Port(name="rst", direction="input"),
            *stream("pre", "input", "output", pre_data=self.pre_bits),
            *stream("post", "input", "output", post_data=self.post_bits),
            *stream("beat", "output", "input", beat_pre=self.pre_bits, beat_post=self.post_bits),
        )

    # Verilog pieces, so that templates hold no arithmetic.

    @property
    def leading_bits(self) -> list[str]:
        """The bit ranges of what the neurons give that the synapses take, lane 0 first."""
        bits = self.given.bits
        return [f"{(lane + 1) * bits - 1}:{(lane + 1) * bits - self.taken.bits}" for lane in range(self.lanes)]

    @property
    def neuron_bits(self) -> int:
        """Bits of a postsynaptic neuron's number, at least 1."""
        return max(1, (self.postsynaptic - 1).bit_length())

    def neuron_literal(self, neuron: int) -> str:
        """Return the number of a postsynaptic neuron as a sized literal."""
        return f"{self.neuron_bits}'d{neuron}"


def layer_faults(design: LayerDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants between the two cores."""
    words, posts = design.presynaptic.words, design.postsynaptic
    given = f"{NEURON}result_{design.given.name}"
    alone = "one postsynaptic neuron" if posts == 1 else ""
    narrow = "nothing is cut off" if design.given.bits == design.taken.bits else ""
    trailing = ", ".join(f"given[{lane * design.given.bits + design.taken.bits - 1}:{lane * design.given.bits}]"
                         for lane in reversed(range(design.lanes)))  # fmt: skip

    def fault(name: str, description: str, net: str, expression: str, reason: str = "", **reads: str) -> Fault:
        if reason:
            return Fault(name=name, description=description, reason=reason)
        return Fault(name=name, description=description, cuts={net: expression}, reads=reads)

    return [
        fault("beat not held", "a beat that waits for the synapses is overwritten by the next", "fanout.move", "1'b1"),
        fault("stored while played", "a neuron's next value is stored before all synapses have had this one", "fanout.pre_ready",
              "1'b1"),
        fault("one neuron short", "the last postsynaptic neuron gets nothing", "fanout.last_neuron",
              f"neuron == {design.neuron_literal(max(0, posts - 2))}", alone, neuron="neuron_reg"),
        fault("neuron's input early", "a beat carries what the postsynaptic neuron on offer has", "fanout.beat_post", "post",
              alone, post="post_data"),
        fault("word reused", "every beat carries the values of the first neurons", "fanout.read_address", "0",
              "one word" if words == 1 else ""),
        fault("trailing bits taken", "the synapses get the lowest bits of what a neuron gives", "fan_out.pre_data",
              f"{{{trailing}}}", narrow, given=given),
        fault("taken unseen", "a neuron's value leaves its core before it can be stored", "neurons.result_ready", "ready",
              ready=f"{NEURON}result_ready"),
        fault("reset ignored", "a reset keeps what was stored", "fan_out.rst", "1'b0"),
    ]  # fmt: skip

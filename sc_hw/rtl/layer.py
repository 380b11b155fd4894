"""A layer: a core of presynaptic neurons in front of a core of synapses, and what leads from one to the other."""

from dataclasses import dataclass, replace
from functools import cached_property

from sc_hw_models.rule import ConfigError, Field, connection

from ..errors import UserError
from .design import CoreDesign, Port
from .faults import Fault
from .instances import Instance, below
from .joint import FanoutDesign, fanout_faults
from .text import select

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
    def parts(self) -> dict[str, tuple[str, CoreDesign]]:
        """Return the cores inside by instance, the neurons first."""
        return {"neurons": (NEURON, self.presynaptic), "synapses": ("", self.core)}

    @property
    def fanout(self) -> FanoutDesign:
        """What stands between the two cores."""
        neurons, posts = self.presynaptic, self.postsynaptic
        return FanoutDesign(name=f"{self.name}_fanout", words=neurons.words, stored_bits=self.pre_bits, rounds=posts,
                            played_bits=self.post_bits, stored=f"{neurons.synapses} presynaptic neurons",
                            played=f"{posts} postsynaptic neurons")  # fmt: skip

    def instances(self) -> dict[str, Instance]:
        """Return the modules inside that are proven apart, by place: both cores and what is in them, and the fan-out's memory."""
        found = below("fan_out", self.fanout.instances())
        for place, (_, part) in self.parts.items():
            found |= {place: Instance(module=part.name)} | below(place, part.instances())
        return found

    @property
    def memories(self) -> list[int]:
        """Bits of each memory: those of the synapses, of the neurons, and what the neurons gave in a timestep."""
        return [*self.core.memories, *self.presynaptic.memories, self.fanout.memory_bits]

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

    # Verilog pieces, so that templates hold no arithmetic.

    def leading_bits(self, bus: str) -> list[str]:
        """Return the bits of a bus of what the neurons give that the synapses take, lane 0 first."""
        bits = self.given.bits
        return [select(bus, bits * self.lanes, (lane + 1) * bits - 1, (lane + 1) * bits - self.taken.bits)
                for lane in range(self.lanes)]  # fmt: skip


def layer_faults(design: LayerDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants between the two cores."""
    given = f"{NEURON}result_{design.given.name}"
    trailing = ", ".join(f"given[{lane * design.given.bits + design.taken.bits - 1}:{lane * design.given.bits}]"
                         for lane in reversed(range(design.lanes)))  # fmt: skip
    title, description = "trailing bits taken", "the synapses get the lowest bits of what a neuron gives"
    leading = (
        Fault(name=title, description=description, reason="nothing is cut off")
        if design.given.bits == design.taken.bits
        else Fault(name=title, description=description, cuts={"fan_out.stored_data": f"{{{trailing}}}"}, reads={"given": given})
    )
    return [
        *fanout_faults(design.fanout),
        leading,
        Fault(name="taken unseen", description="a neuron's value leaves its core before it can be stored",
              cuts={"neurons.result_ready": "ready"}, reads={"ready": f"{NEURON}result_ready"}),
    ]  # fmt: skip

"""A layer: a core of presynaptic neurons in front of a core of synapses, and what leads from one to the other."""

from dataclasses import dataclass, replace
from functools import cached_property

from sc_hw_models.rule import ConfigError, Field, connection

from ..errors import UserError
from .design import CoreDesign
from .faults import Fault, fault
from .graph import Channel, Graph, Node, Target, unpacked
from .instances import Instance, below
from .joint import FanoutDesign, fanout_faults
from .net import Net, join, part, times
from .order import in_any_order, stores_of
from .store import store_faults
from .stream import LAST, Item, Stream
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

    kind = "layer"

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
        return CoreDesign(
            name=f"{self.name}_synapses",
            rule=self.rule,
            config=self.config,
            synapses=self.synapses,
            lanes=self.lanes,
            initial=self.initial,
            checked=False,
        )

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
    def around(self) -> dict[str, CoreDesign]:
        """The presynaptic neurons."""
        return {"neurons": self.presynaptic}

    @property
    def addition(self) -> str:
        """Those in front, in a few words."""
        return f"; in front {self.presynaptic.synapses} neurons of {self.presynaptic.rule.name}"

    @property
    def parts(self) -> dict[str, tuple[str, CoreDesign]]:
        """Return the cores inside by instance, the neurons first."""
        return {"neurons": (NEURON, self.presynaptic), "synapses": ("", self.core)}

    @property
    def fanout(self) -> FanoutDesign:
        """What stands between the two cores."""
        neurons, posts = self.presynaptic, self.postsynaptic
        return FanoutDesign(
            name=f"{self.name}_fanout",
            words=neurons.words,
            stored_bits=self.pre_bits,
            rounds=posts,
            played_bits=self.post_bits,
            stored=f"{neurons.synapses} presynaptic neurons",
            played=f"{posts} postsynaptic neurons",
            checked=frozenset({"played"}),
        )

    def instances(self) -> dict[str, Instance]:
        """Return the modules inside that are proven apart, by place: cores, store, and what is in them; the fan-out's memory."""
        found = below("fan_out", self.fanout.instances())
        for place, (_, core) in self.parts.items():
            found |= {place: Instance(module=core.name)} | below(place, core.instances())
        for place, store in stores_of(self.graph).items():
            found |= {place: Instance(module=store.name)} | below(place, store.instances())
        return found

    @property
    def memories(self) -> list[int]:
        """Bits of each memory: those of the synapses, of the neurons, and what the neurons gave in a timestep."""
        kept = [store.memory_bits for store in stores_of(self.graph).values()]
        return [*self.core.memories, *self.presynaptic.memories, self.fanout.memory_bits, *kept]

    def inputs(self) -> dict[Field, int]:
        """Return the inputs of a timestep and how many values each has: those of the neurons come first."""
        own = dict.fromkeys(self.postsynaptic_inputs, self.postsynaptic) | dict.fromkeys(self.spec.step_inputs, 0)
        return self.presynaptic.inputs() | own

    @cached_property
    def graph(self) -> Graph:
        """Neurons, fan-out and synapses, joined."""
        neurons, taken, bits = self.presynaptic, self.taken, self.given.bits
        given = Net(self.given.name, bits * self.lanes)
        leading = join(part(given, (lane + 1) * bits - 1, (lane + 1) * bits - taken.bits) for lane in range(self.lanes))
        own = {stream.name: stream for stream in self.core.streams}
        items = tuple(Item(name=f.name, bits=f.bits, meaning=f.meaning) for f in self.postsynaptic_inputs)
        last = Item(name=LAST, meaning="last postsynaptic neuron of the timestep")
        outer = replace(own["event"], beats=self.postsynaptic, items=(last, *items))
        played = join(Net(item.name, item.bits) for item in items)
        copied = {f.name: times(value, self.lanes) for f, value in unpacked(self.postsynaptic_inputs, "played")}
        fronted = [(f"neurons.{stream.name}", f"{NEURON}{stream.name}") for stream in neurons.streams]
        result = next(stream for stream in neurons.streams if stream.name == "result").named(f"{NEURON}result")
        count, posts = neurons.synapses, self.postsynaptic
        return in_any_order(
            name=self.name,
            purpose=f"{count} presynaptic neurons of {neurons.spec.rule}, each with {posts} synapses of {self.spec.rule}",
            note=f"Synapse {count} j + i joins presynaptic neuron i to postsynaptic neuron j. What the neurons give in their "
            f"k-th timestep leaves as\n{NEURON}result_ and reaches the synapses in their k-th timestep; event_ brings one "
            "beat for each postsynaptic neuron.",
            nodes={
                "neurons": Node(block=neurons, note="Neurons: a beat of theirs moves when outside and fan-out both take it"),
                "fan_out": Node(block=self.fanout, note="Fan-out: what they gave, for every postsynaptic neuron"),
                "synapses": Node(block=self.core, note="Synapses"),
            },
            outside=(
                *((result if name == result.name else (end, name)) for end, name in fronted),
                ("synapses.command", "command"),
                outer,
                *((f"synapses.{name}", name) for name in ("result", "host", "readback")),
            ),
            channels=(
                Channel(
                    source="neurons.result",
                    targets=(Target(to=result.name), Target(to="fan_out.stored", items={"data": leading})),
                ),
                Channel(source="event", targets=(Target(to="fan_out.played", items={"data": played}),)),
                Channel(
                    source="fan_out.beat",
                    targets=(Target(to="synapses.event", items={taken.name: Net("stored", self.pre_bits), **copied}),),
                ),
            ),
            checks={"event": "fan_out.played"},
        )

    def leading_bits(self, bus: str) -> list[str]:
        """Return the bits of a bus of what the neurons give that the synapses take, lane 0 first."""
        bits = self.given.bits
        return [
            select(bus, bits * self.lanes, (lane + 1) * bits - 1, (lane + 1) * bits - self.taken.bits)
            for lane in range(self.lanes)
        ]

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Those of both cores, less what one gives the other."""
        return self.graph.streams


def layer_faults(design: LayerDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants between the two cores."""
    given = f"{NEURON}result_{design.given.name}"
    trailing = ", ".join(
        f"given[{lane * design.given.bits + design.taken.bits - 1}:{lane * design.given.bits}]"
        for lane in reversed(range(design.lanes))
    )
    title, description = "trailing bits taken", "the synapses get the lowest bits of what a neuron gives"
    whole = "nothing is cut off" if design.given.bits == design.taken.bits else ""
    unseen, ready = "a neuron's value leaves its core before it can be stored", f"{NEURON}result_ready"
    return [
        *fanout_faults(design.fanout),
        *(one for place, store in stores_of(design.graph).items() for one in store_faults(place, store)),
        fault(title, description, "fan_out.stored_data", f"{{{trailing}}}", whole, given=given),
        fault("taken unseen", unseen, "neurons.result_ready", "ready", ready=ready),
    ]

"""A network as hardware: its blocks by place, and the graph that joins them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from sc_hw_models.lfsr import lane_seed
from sc_hw_models.networks import NetworkSpec, PopulationSpec, ProjectionSpec
from sc_hw_models.networks.errors import ERROR_BITS
from sc_hw_models.networks.neurons import CountingConfig, InputConfig
from sc_hw_models.networks.synapses import Feedback, Plastic, Weights
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import index_bits

from ...errors import UserError
from ..bank import Bank
from ..design import CoreDesign, check_name
from ..faults import Fault
from ..graph import Channel, Graph, Node, Target
from ..instances import Instance, below
from ..net import Expression, Net, both
from ..port import Port
from ..stream import Stream
from .block import NetworkBlock, place_of, words_of
from .counting import CountingBlock
from .error import ErrorBlock
from .feedback import FeedbackBlock
from .host import HostBlock
from .pixels import PixelsBlock
from .projection import ProjectionBlock
from .sums import SumsBlock

__all__ = ["NetworkDesign"]

SYNAPSES, SUMS, NEURONS, BACK = "synapses", "sums", "neurons", "back"  # begin the places of blocks
_MOST_SIGNS = 16  # brought back at a time


@dataclass(frozen=True, kw_only=True)
class NetworkDesign:
    """A network of the counting form, module ``name``; ``initial`` is what its memories hold at power-up, by projection.

    ``initial`` has the weights ``(rows, neurons)`` of each projection that carries activity, and the signs ``(neurons, classes)``
    of each fixed feedback. Errors: ``UserError`` for a network of which there is no hardware yet.
    """

    name: str
    spec: NetworkSpec
    initial: Mapping[str, np.ndarray] = field(repr=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        spec = self.spec
        if not spec.counting:
            raise UserError('[population]: the stepping form (lif, alif) has no Verilog yet; allowed is rule = "counting"')
        for population in spec.order:
            lanes = {p.synapses.lanes for p in spec.onto(population.name) if isinstance(p.synapses, Weights)}
            if len(lanes) > 1:
                raise UserError(
                    f"{population.place}: projections of {' and '.join(map(str, sorted(lanes)))} lanes lead to it; "
                    "give all of them as many"
                )

    # Blocks.

    @cached_property
    def pixels(self) -> PixelsBlock:
        """Where samples enter."""
        spec, neuron = self.spec, self.spec.input.neuron
        if not isinstance(neuron, InputConfig):
            raise TypeError("the input of a network is of another rule")
        return PixelsBlock(
            name=f"{self.name}_pixels",
            height=neuron.height or 1,
            width=neuron.width or spec.input.size,
            crop=neuron.crop,
            pool=neuron.pool,
            jitter=neuron.jitter,
            seed=lane_seed(spec.stream(".jitter"), 0, 31),
            label_bits=self.class_bits,
            slower_bits=self.slower_bits,
        )

    @property
    def ahead(self) -> int:
        """Samples that come in while another is learned."""
        return int(getattr(self.spec.input.neuron, "ahead", 1))

    @property
    def class_bits(self) -> int:
        """Bits of the number of a class."""
        return index_bits(self.spec.output.size)

    @property
    def slower_bits(self) -> int:
        """Bits of the octaves by which learning is slowed."""
        return max(1, self.spec.sample.octaves.bit_length())

    @cached_property
    def learning(self) -> dict[str, ProjectionSpec]:
        """The feedback of each population that some projection learns by."""
        learned = {p.target for p in self.spec.forward if isinstance(p.synapses, Plastic)}
        return {name: p for name, p in self.spec.feedback.items() if name in learned}

    def _gives_rows(self, projection: ProjectionSpec) -> bool:
        ways = (
            self.spec.symmetric(name)
            for name, p in self.learning.items()
            if isinstance(p.synapses, Feedback) and p.synapses.initial == "symmetric"
        )
        return any(projection is way for way in ways)

    @cached_property
    def projections(self) -> dict[str, ProjectionBlock]:
        """The synapses of each projection that carries activity, in the order of the file."""
        return {p.name: self._projection(k, p) for k, p in enumerate(self.spec.forward)}

    @property
    def tasks(self) -> tuple[int, ...]:
        """Numbers of the projections to which the end of a task is a command."""
        return tuple(k for k, block in enumerate(self.projections.values()) if block.consolidates)

    def _projection(self, number: int, projection: ProjectionSpec) -> ProjectionBlock:
        spec, synapses, name = self.spec, projection.synapses, f"{self.name}_synapses_{number}"
        source, target = spec.populations[projection.source], spec.populations[projection.target]
        if not isinstance(synapses, Weights):
            raise TypeError(f"{projection.name} has no weights")
        activity = spec.activity_bits(source)
        from_input = source is spec.input
        seeds: tuple[int, ...] = ()
        core, bits, low = None, synapses.weight_bits, 0
        if isinstance(synapses, Plastic):
            core = CoreDesign(
                name=name,
                rule=get_rule("three_factor"),
                config=spec.rule_config(projection),
                synapses=source.rows * target.size,
                lanes=synapses.lanes,
            )
            bits, low = core.spec.state_bits, core.spec.positions()["weight"]
            if core.spec.lfsr:
                seeds = tuple(lane_seed(spec.stream(projection.name), k, core.spec.lfsr.bits) for k in range(synapses.lanes))
        signal = ERROR_BITS if target is spec.output else spec.signal_bits
        return ProjectionBlock(
            name=name,
            projection=projection.name,
            rows=source.rows,
            neurons=target.size,
            lanes=synapses.lanes,
            bias=source.neuron.bias,
            row_bits=index_bits(source.size),
            activity_bits=activity,
            given_bits=self.pixels.stream("active").bits("activity") if from_input else activity,
            weight_bits=synapses.weight_bits,
            weight_low=low,
            synapse_bits=bits,
            core=core,
            seeds=seeds,
            signal_bits=signal if core else 0,
            octaves=spec.sample.octaves,
            slower_bits=self.slower_bits,
            gives_rows=self._gives_rows(projection),
            buffers=1 + self.ahead if from_input else 1,
            held=from_input,
            initial=words_of(self.initial[projection.name], synapses.lanes, synapses.weight_bits, bits, low),
        )

    def _sums(self, population: PopulationSpec, number: int) -> SumsBlock:
        own = [self.projections[p.name] for p in self.spec.onto(population.name)]
        return SumsBlock(
            name=f"{self.name}_sums_{number}",
            population=population.name,
            neurons=population.size,
            lanes=own[0].lanes,
            sum_bits=self.spec.sum_bits(population),
            inputs=tuple(p.product_bits for p in own),
        )

    def _counting(self, population: PopulationSpec, number: int) -> CountingBlock:
        neuron = population.neuron
        if not isinstance(neuron, CountingConfig):
            raise TypeError(f"{population.name} is of another rule")
        return CountingBlock(
            name=f"{self.name}_neurons_{number}",
            population=population.name,
            neurons=population.size,
            sum_bits=self.spec.sum_bits(population),
            threshold_shift=neuron.threshold_shift,
            timesteps=self.spec.sample.timesteps,
            activity_bits=self.spec.activity_bits(population),
        )

    @cached_property
    def error(self) -> ErrorBlock:
        """What decides."""
        sample, output = self.spec.sample, self.spec.output
        return ErrorBlock(
            name=f"{self.name}_error",
            neurons=output.size,
            sum_bits=self.spec.sum_bits(output),
            error_bits=ERROR_BITS,
            softmax=sample.error == "softmax",
            output_shift=sample.output_shift,
            margin=sample.margin,
            slower_bits=self.slower_bits,
        )

    def _feedback(self, number: int, projection: ProjectionSpec) -> FeedbackBlock:
        spec, synapses = self.spec, projection.synapses
        if not isinstance(synapses, Feedback):
            raise TypeError(f"{projection.name} is no feedback")
        classes, target = spec.output.size, spec.populations[projection.target]
        signs: tuple[int, ...] = ()
        way = spec.symmetric(target.name)
        if synapses.initial == "symmetric" and way:
            own = self.projections[way.name]
            lanes, weight = own.lanes, own.weight_bits
        else:
            lanes, weight = next(n for n in range(min(classes, _MOST_SIGNS), 0, -1) if classes % n == 0), 1
            signs = words_of((self.initial[projection.name] > 0).astype(np.int64), lanes, 1, 1, 0)
        return FeedbackBlock(
            name=f"{self.name}_back_{number}",
            population=target.name,
            neurons=target.size,
            classes=classes,
            lanes=lanes,
            weight_bits=weight,
            error_bits=ERROR_BITS,
            signal_bits=spec.signal_bits,
            gain=synapses.gain,
            slower_bits=self.slower_bits,
            signs=signs,
        )

    @cached_property
    def blocks(self) -> dict[str, NetworkBlock]:
        """Every block by place, in the order in which a sample passes them."""
        spec, found = self.spec, dict[str, NetworkBlock]()
        found["pixels"] = self.pixels
        for number, population in enumerate(p for p in spec.order if p is not spec.input):
            found |= {place_of(SYNAPSES, p.name): self.projections[p.name] for p in spec.onto(population.name)}
            found[place_of(SUMS, population.name)] = self._sums(population, number)
            if population is not spec.output:
                found[place_of(NEURONS, population.name)] = self._counting(population, number)
        found["error"] = self.error
        for number, (population_name, projection) in enumerate(self.learning.items()):
            found[place_of(BACK, population_name)] = self._feedback(number, projection)
        accesses = tuple(p.access for p in self.projections.values())
        found["host"] = HostBlock(name=f"{self.name}_host", accesses=accesses, tasks=self.tasks)
        return found

    # How they are joined.

    @cached_property
    def graph(self) -> Graph:
        """The chip."""
        spec = self.spec
        lists = {p.name: self._targets_of(p) for p in spec.order if p is not spec.output}
        channels = [
            Channel(source="pixels.active", targets=tuple(lists[spec.input.name])),
            Channel(source="pixels.target", targets=(Target(to="error.target"),)),
        ]
        for population in spec.order:
            if population is spec.input:
                continue
            sums = place_of(SUMS, population.name)
            channels += [
                Channel(source=f"{place_of(SYNAPSES, p.name)}.product", targets=(Target(to=f"{sums}.product_{k}"),))
                for k, p in enumerate(spec.onto(population.name))
            ]
            after = "error" if population is spec.output else place_of(NEURONS, population.name)
            channels.append(Channel(source=f"{sums}.current", targets=(Target(to=f"{after}.current"),)))
            if population is not spec.output:
                channels.append(Channel(source=f"{after}.active", targets=tuple(lists[population.name])))
        told = {spec.output.name: "error.error"} | {name: f"{place_of(BACK, name)}.signal" for name in self.learning}
        for name, source in told.items():
            targets = [
                Target(to=f"{place_of(SYNAPSES, p.name)}.signal") for p in spec.onto(name) if isinstance(p.synapses, Plastic)
            ]
            if source == "error.error":
                targets += [Target(to=f"{place_of(BACK, other)}.error") for other in self.learning]
            channels.append(Channel(source=source, targets=tuple(targets)))
        for name, projection in self.learning.items():
            way = spec.symmetric(name)
            if isinstance(projection.synapses, Feedback) and projection.synapses.initial == "symmetric" and way:
                channels.append(
                    Channel(source=f"{place_of(SYNAPSES, way.name)}.row", targets=(Target(to=f"{place_of(BACK, name)}.row"),))
                )
        for k, name in enumerate(self.projections):
            place = place_of(SYNAPSES, name)
            channels += [
                Channel(source=f"host.access_{k}", targets=(Target(to=f"{place}.access"),)),
                Channel(source=f"{place}.answer", targets=(Target(to=f"host.answer_{k}"),)),
            ]
        return Graph(
            name=self.name,
            purpose=f"a network that learns, {'-'.join(str(p.size) for p in spec.order)}",
            note="Pixels and a label in, a decision out. Blocks wait for what they need: while a sample is learned the next one "
            "comes in.\nThe host reads and writes synapses between samples.",
            nodes={
                place: Node(block=block, note=block.purpose[0].upper() + block.purpose[1:])
                for place, block in self.blocks.items()
            },
            outside=(
                ("pixels.pixel", "pixel"),
                ("error.decision", "decision"),
                ("host.host", "host"),
                ("host.readback", "readback"),
            ),
            channels=tuple(channels),
            driven=self._driven(),
        )

    def _targets_of(self, population: PopulationSpec) -> list[Target]:
        """Return where the activities of a population go."""
        targets = [Target(to=f"{place_of(SYNAPSES, p.name)}.active") for p in self.spec.forward if p.source == population.name]
        if population.name in self.learning:
            targets.append(Target(to=f"{place_of(BACK, population.name)}.slope", items={"value": Net("slope")}))
        return targets

    def _driven(self) -> dict[str, Expression]:
        """Return what keeps samples from beginning, and what says that none is under way."""
        driven: dict[str, Expression] = {"host.hold": Net("hold")}
        quiet = []
        for place, block in self.blocks.items():
            if place in ("pixels", "host"):
                continue
            still = any(port.name == "still" for port in block.signals)
            quiet.append(Net(f"{place}_still" if still else f"{place}_idle"))
            if still:
                driven |= {f"{place}.hold": Net("hold"), f"{place}.still": quiet[-1]}
        return driven | {"host.still": both(*quiet)}

    def instances(self) -> dict[str, Instance]:
        """Return every block, memory, lane and datapath inside, by place."""
        inside = ({place: Instance(module=b.name)} | below(place, b.instances()) for place, b in self.blocks.items())
        return {place: instance for found in inside for place, instance in found.items()}

    def faults(self) -> list[Fault]:
        """Return the bugs that ``sc-hw selftest`` plants in its blocks, nets by their module."""
        found = []
        for block in self.blocks.values():
            module = block.name.removeprefix(f"{self.name}_")
            for one in block.faults():
                cuts = {f"{module}_{net}" if "." in net else f"{module}.{net}": value for net, value in one.cuts.items()}
                found.append(replace(one, name=f"{module}: {one.name}", cuts=cuts))
        return found

    @property
    def title(self) -> str:
        """What it is."""
        return "network"

    @property
    def legend(self) -> str:
        """What it is, in a line."""
        return self.graph.purpose

    @property
    def synapses(self) -> int:
        """Synapses of all projections."""
        return sum(block.rows * block.neurons for block in self.projections.values())

    @property
    def lanes(self) -> int:
        """Lanes of all projections."""
        return sum(block.lanes for block in self.projections.values())

    @property
    def synapse_bits(self) -> int:
        """Bits of what all synapses keep."""
        return sum(block.rows * block.neurons * block.synapse_bits for block in self.projections.values())

    @property
    def memories(self) -> list[int]:
        """Bits of each memory."""
        return [
            words * bits
            for block in self.blocks.values()
            for place, (words, bits) in block.memories().items()
            if not block.in_registers(place)
        ]

    @property
    def banks(self) -> dict[str, Bank]:
        """What the host reads and writes: the synapses of each projection, by its name."""
        several, task = len(self.projections) > 1, {"consolidate": 0} if self.tasks else {}
        chosen = [({"projection": k} if several else {}) | task for k in range(len(self.projections))]
        return {p.projection: p.bank(own) for p, own in zip(self.projections.values(), chosen, strict=True)}

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Those of the chip."""
        return self.graph.streams

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the chip."""
        return self.graph.ports()

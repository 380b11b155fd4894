"""Blocks joined by streams: one description of a top module, from which both generators write it and a proof derives it.

A graph is itself a block, so that graphs stand inside graphs. What the source of a channel offers goes to each of its targets and
moves when all of them take it: so neurons' results leave a layer exactly when they are stored, and the cores of a crossbar take
their commands together. A target that asks whether the others can take a beat (``<stream>_others``) is shown it at once; any
other is offered it when all others take it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Protocol

from sc_hw_models.rule import Field

from .net import Expression, Net, both, nets_of, part
from .port import CLOCKED, IDLE, Port
from .stream import Stream

__all__ = [
    "Block",
    "Channel",
    "Graph",
    "InnerBlock",
    "Joined",
    "Node",
    "Target",
    "Top",
    "has_memory",
    "inner_blocks",
    "late_streams",
    "net",
    "unpacked",
]


class Block(Protocol):
    """What a graph asks of a module: its name, its streams, and the ports that belong to none but for clock and reset."""

    @property
    def name(self) -> str:
        """Of the module."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """In the order of their ports."""

    @property
    def signals(self) -> tuple[Port, ...]:
        """Ports of no stream."""

    def ports(self) -> tuple[Port, ...]:
        """Return all ports, in their order."""


class InnerBlock(Block, Protocol):
    """A block whose files stand beside those of the graph.

    Where both generators find it, by what name the ledger of a proof knows what is assumed of it, and what its memory keeps:
    empty where it has none.
    """

    component: ClassVar[str]
    harness: ClassVar[str]
    template: ClassVar[str]
    kept: ClassVar[str]

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A block at its place in a graph; ``note`` heads its section."""

    block: Block
    note: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where beats of a channel go: ``place.stream``, or a stream outside by its name, and what each item is made of.

    ``items`` maps an item of the target to an expression over the items of the source; those that are not named are the
    source's of the same name.
    """

    to: str
    items: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A source, named as a target is, and the targets that take its beats together."""

    source: str
    targets: tuple[Target, ...]


def net(stream: str, name: str, bits: int = 1) -> Net:
    """Return the net that holds valid, ready or an item of a stream, ``place.stream`` or one outside."""
    return Net(f"{stream.replace('.', '_')}_{name}", bits)


@dataclass(frozen=True, kw_only=True)
class Top:
    """A graph as a module: for each place its pins, what is assigned, the wires inside, and which pin drives a net."""

    pins: dict[str, dict[str, Expression]]
    assigned: list[tuple[Net, Expression]]
    wires: list[Net]
    drivers: dict[str, tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Nodes by place, and how their streams are joined.

    ``outside`` lists the streams of the whole in order: a stream that a channel begins or ends with, or ``(place.stream, name)``
    for one of a node's own that is shown under that name. ``driven`` are expressions for inputs of nodes that belong to
    no stream, by ``place.port``. ``checks`` says of a stream outside that is checked, and no node's own, by which
    ``place.stream``. Errors: ``ValueError`` for a stream that is joined twice or never, an item that nothing gives,
    widths that differ, marks that nobody checks, and streams that would have to come in some order (``order.in_any_order``
    makes a graph without): a fault of a recipe.
    """

    name: str
    purpose: str
    note: str
    nodes: Mapping[str, Node]
    outside: tuple[Stream | tuple[str, str], ...]
    channels: tuple[Channel, ...]
    driven: Mapping[str, Expression] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_joined()
        self._check_widths()
        self._check_marks()
        if waiting := dict(late_streams(self)):
            raise ValueError(f"{self.name}: kept by nobody until a timestep of another stream is here: {waiting}")

    def stream(self, end: str) -> Stream:
        """Return the stream of an end: of a node, as the node has it, or outside."""
        place, dot, name = end.partition(".")
        if dot:
            return next(stream for stream in self.nodes[place].block.streams if stream.name == name)
        return next(stream for stream in self.streams if stream.name == end)

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """The streams of the whole."""
        return tuple(one if isinstance(one, Stream) else self.stream(one[0]).named(one[1]) for one in self.outside)

    @property
    def signals(self) -> tuple[Port, ...]:
        """Ports of no stream: what breach there was of streams that are checked, and whether nothing is under way."""
        return (*(port for stream in self.streams for port in stream.signals()), IDLE)

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the whole."""
        return (*CLOCKED, *(port for stream in self.streams for port in stream.ports()), *self.signals)

    @property
    def busy(self) -> list[str]:
        """Places that say whether they are idle."""
        return [place for place, node in self.nodes.items() if any(port.name == "idle" for port in node.block.signals)]

    @cached_property
    def top(self) -> Top:
        """The module."""
        return _Build(self).top()

    def _check_joined(self) -> None:
        ends = [f"{place}.{stream.name}" for place, node in self.nodes.items() for stream in node.block.streams]
        joined = [end for channel in self.channels for end in (channel.source, *(target.to for target in channel.targets))]
        shown = [one[0] for one in self.outside if not isinstance(one, Stream)]
        own = [one.name for one in self.outside if isinstance(one, Stream)]
        if sorted([*ends, *own]) != sorted([*joined, *shown]):
            twice = sorted({end for end in joined + shown if (joined + shown).count(end) > 1})
            left = sorted({*ends, *own} ^ {*joined, *shown})
            raise ValueError(f"{self.name}: joined twice: {twice}; never, or unknown: {left}")

    def _check_widths(self) -> None:
        for channel in self.channels:
            source = self.stream(channel.source)
            if source.gives != ("." in channel.source):
                raise ValueError(f"{self.name}: {channel.source} offers nothing")
            for target in channel.targets:
                stream = self.stream(target.to)
                if stream.gives != ("." not in target.to):
                    raise ValueError(f"{self.name}: {target.to} takes nothing")
                for item in stream.items:
                    given = target.items.get(item.name, Net(item.name, source.bits(item.name)))
                    if given.bits != item.bits:
                        raise ValueError(f"{self.name}: {target.to}: {item.name} has {item.bits} bits and gets {given.bits}")

    def _check_marks(self) -> None:
        own = {one.name for one in self.outside if isinstance(one, Stream) and one.checked}
        if own != set(self.checks) or any(self.stream(end).beats != self.stream(name).beats for name, end in self.checks.items()):
            raise ValueError(f"{self.name}: checked: {sorted(own)}; by a node with that count: {dict(self.checks)}")


class Joined(Protocol):
    """What of a graph says who takes the beats of a stream."""

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Blocks by place."""

    @property
    def outside(self) -> tuple[Stream | tuple[str, str], ...]:
        """Streams of the whole."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """How streams are joined."""


def late_streams(graph: Joined) -> Iterator[tuple[str, str]]:
    """Yield streams outside, with the ``place.stream`` where each comes in, whose beats wait for a timestep of another.

    A block says what waits: with ``behind`` that it takes one of its streams only after a timestep of another. Such beats are
    kept on their way, by a block that ``keeps`` a timestep of what it takes; else whoever sends them first stands still.
    """
    for place, node in graph.nodes.items():
        for stream in getattr(node.block, "behind", {}):
            yield from _unkept(graph, f"{place}.{stream}")


def _unkept(graph: Joined, end: str) -> Iterator[tuple[str, str]]:
    """Yield what is outside of the beats that ``place.stream`` takes, where no block on the way keeps them."""
    shown = {one[0]: one[1] for one in graph.outside if not isinstance(one, Stream)}
    if end in shown:
        yield shown[end], end
        return
    source = next(one.source for one in graph.channels if any(target.to == end for target in one.targets))
    place, dot, _ = source.partition(".")
    if not dot:
        yield source, end
    elif not getattr(graph.nodes[place].block, "keeps", False):
        for stream in graph.nodes[place].block.streams:
            if stream.several and not stream.gives:
                yield from _unkept(graph, f"{place}.{stream.name}")


class _Build:
    """How a graph becomes a module."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.pins: dict[str, dict[str, Expression]] = {place: {"clk": Net("clk"), "rst": Net("rst")} for place in graph.nodes}
        self.assigned: list[tuple[Net, Expression]] = []

    def top(self) -> Top:
        """Return the module: pins in the order of each block's ports, and wires for what is no port of the whole."""
        graph = self.graph
        for one in graph.outside:
            if not isinstance(one, Stream):
                self._show(*one)
        for channel in graph.channels:
            self._join(channel)
        for name, end in graph.checks.items():
            self._tell(end, name)
        for place in graph.busy:
            self.pins[place]["idle"] = Net(f"{place}_idle")
        self.assigned.append((Net("idle"), both(*(Net(f"{place}_idle") for place in graph.busy))))
        for pin, value in graph.driven.items():
            place, _, port = pin.partition(".")
            self.pins[place][port] = value
        pins = {
            place: {port.name: self.pins[place][port.name] for port in node.block.ports()} for place, node in graph.nodes.items()
        }
        ports = {port.name for port in graph.ports()}
        driven = {
            value: (place, port.name)
            for place, node in graph.nodes.items()
            for port in node.block.ports()
            if port.direction == "output" and isinstance(value := pins[place][port.name], Net)
        }
        wires = [wire for wire in driven if wire.name not in ports]
        return Top(pins=pins, assigned=self.assigned, wires=wires, drivers={wire.name: pin for wire, pin in driven.items()})

    def _show(self, end: str, name: str) -> None:
        """Wire a stream of a node to that of the whole."""
        place, _, inner = end.partition(".")
        stream = self.graph.stream(end)
        for suffix in ("valid", "ready", *(item.name for item in stream.items)):
            self.pins[place][f"{inner}_{suffix}"] = net(name, suffix, stream.bits(suffix))
        self._tell(end, name)

    def _tell(self, end: str, name: str) -> None:
        """Show what a node tells of a stream of its own as what is told of a stream of the whole."""
        place, _, _ = end.partition(".")
        told = self.graph.stream(end).named(name).signals()
        for own, port in zip(self.graph.stream(end).signals(), told, strict=True):
            self.pins[place][own.name] = Net(port.name)

    def _join(self, channel: Channel) -> None:
        """Wire a source to its targets; of several, each is offered a beat when all others take it, or is told when they do."""
        graph, source = self.graph, self.graph.stream(channel.source)
        single = len(channel.targets) == 1
        ready = {t.to: net(channel.source if single and "." in channel.source else t.to, "ready") for t in channel.targets}
        if single and "." not in channel.source and "." in channel.targets[0].to:
            ready[channel.targets[0].to] = net(channel.source, "ready")  # an outer source reads the target's own pin
        taken = both(*ready.values())
        held = {item.name: self._held(channel, item.name, item.bits) for item in source.items}
        if "." in channel.source:
            place, _, inner = channel.source.partition(".")
            self.pins[place] |= {f"{inner}_valid": net(channel.source, "valid"), f"{inner}_ready": taken}
            self.pins[place] |= {f"{inner}_{name}": value for name, value in held.items()}
        elif not single:
            self.assigned.append((net(channel.source, "ready"), taken))
        asks = {target.to: self._asks(target.to) for target in channel.targets}
        able = {to: net(to, "able") if asks[to] else value for to, value in ready.items()}
        for target in channel.targets:
            others = [value for to, value in able.items() if to != target.to]
            values: dict[str, Expression] = {"valid": both(net(channel.source, "valid"), *([] if asks[target.to] else others))}
            for item in graph.stream(target.to).items:
                values[item.name] = _renamed(target.items.get(item.name, Net(item.name, item.bits)), held)
            place, dot, inner = target.to.partition(".")
            if dot:
                self.pins[place] |= {f"{inner}_{name}": value for name, value in values.items()}
                for port in graph.stream(target.to).signals():  # where somebody else tells of the same beats, nobody looks
                    self.pins[place][port.name] = Net(f"unused_{place}_{port.name}")
                self.pins[place][f"{inner}_ready"] = ready[target.to]
                if asks[target.to]:
                    self.pins[place] |= {f"{inner}_able": able[target.to], f"{inner}_others": both(*others)}
                continue
            for name, value in values.items():
                if value != net(target.to, name, value.bits):
                    self.assigned.append((net(target.to, name, value.bits), value))

    def _asks(self, end: str) -> bool:
        """Return whether a target asks what the others can."""
        place, dot, inner = end.partition(".")
        return bool(dot) and any(port.name == f"{inner}_others" for port in self.graph.nodes[place].block.signals)

    def _held(self, channel: Channel, name: str, bits: int) -> Net:
        """Return the net of an item of the source: the port itself where it goes outside as it is."""
        for target in channel.targets:
            if "." not in target.to and name not in target.items and "." in channel.source:
                return net(target.to, name, bits)
        read = any(
            name == one.name
            for target in channel.targets
            for item in self.graph.stream(target.to).items
            for one in nets_of(target.items.get(item.name, Net(item.name, item.bits)))
        )
        held = net(channel.source, name, bits)
        return held if read or "." not in channel.source else Net(f"unused_{held.name}", bits)


def _renamed(value: Expression, held: Mapping[str, Net]) -> Expression:
    """Return an expression over items as one over the nets that hold them."""
    match value:
        case Net(name=name):
            return held[name]
    if hasattr(value, "parts"):
        return replace(value, parts=tuple(_renamed(one, held) for one in value.parts))  # type: ignore[arg-type]
    return replace(value, of=_renamed(value.of, held))  # type: ignore[arg-type]


def unpacked(fields: Iterable[Field], item: str, copies: int = 1) -> Iterator[tuple[Field, Expression]]:
    """Yield fields that stand side by side in an item, the first lowest, ``copies`` of each, with their part of it."""
    listed = list(fields)
    whole, low = Net(item, sum(f.bits for f in listed) * copies), 0
    for f in listed:
        yield f, part(whole, low + f.bits * copies - 1, low)
        low += f.bits * copies


def has_memory(block: InnerBlock) -> bool:
    """Return whether a memory belongs to a block, in a file beside its own."""
    return bool(block.kept)


def inner_blocks(design: Any) -> list[InnerBlock]:
    """Return the blocks of a design's graph that are not parts with a folder of their own, in the order of the graph."""
    return [node.block for place, node in design.graph.nodes.items() if place not in design.parts]

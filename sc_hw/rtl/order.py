"""Streams in any order: a stream whose beats would wait for those of another is kept, a timestep of it, where it comes in."""

from dataclasses import dataclass, field, replace
from typing import Any

from .graph import Channel, Graph, Joined, Node, Target, late_streams
from .net import Expression
from .store import StoreDesign
from .stream import Stream

__all__ = ["in_any_order", "stores_of"]


@dataclass(kw_only=True)
class _Parts:
    """A graph that is not checked yet."""

    nodes: dict[str, Node]
    outside: tuple[Stream | tuple[str, str], ...]
    channels: tuple[Channel, ...]
    checks: dict[str, str] = field(default_factory=dict)


def in_any_order(**parts: Any) -> Graph:
    """Return the graph of these parts, in which each stream that would wait for another has a store in front.

    Whoever sends a timestep of one stream before any of another then stands still in no order. Errors: ``ValueError`` for a
    stream that does not say how many beats a timestep has, and as ``Graph``.
    """
    joined = _Parts(**{name: parts.pop(name) for name in ("nodes", "outside", "channels")}, checks=dict(parts.pop("checks", {})))
    while found := next(late_streams(joined), None):
        _keep(joined, parts["name"], *found)
    return Graph(**parts, **vars(joined))


def stores_of(graph: Joined) -> dict[str, StoreDesign]:
    """Return the stores of a graph by place."""
    return {place: node.block for place, node in graph.nodes.items() if isinstance(node.block, StoreDesign)}


def _keep(joined: _Parts, graph: str, name: str, end: str) -> None:
    """Put a store between the stream of that name outside and the ``place.stream`` that takes its beats."""
    place, _, inner = end.partition(".")
    (outer,) = (one for one in joined.outside if (one.name if isinstance(one, Stream) else one[1]) == name)
    if not isinstance(outer, Stream):  # shown as that of its block, which compares its marks
        (own,) = (stream for stream in joined.nodes[place].block.streams if stream.name == inner)
        stream = own.named(name)
        joined.outside = tuple(stream if one is outer else one for one in joined.outside)
        joined.channels = (Channel(source=name, targets=(Target(to=end),)), *joined.channels)
        joined.checks |= {name: end} if stream.checked else {}
    else:
        stream = outer
    if not stream.beats:
        raise ValueError(f"{graph}: {name} waits for another stream and does not say how many beats a timestep has")
    block = StoreDesign(name=f"{graph}_{name}_store", stream=name, beats=stream.beats, items=stream.items)
    kept, channels = f"{name}_kept", list[Channel]()
    for channel in joined.channels:
        if channel.source != name:
            channels.append(channel)
            continue
        items: dict[str, Expression] = {}
        into = tuple(Target(to=f"{kept}.event", items=items) if target.to == end else target for target in channel.targets)
        behind = tuple(target for target in channel.targets if target.to == end)
        channels += [replace(channel, targets=into), Channel(source=f"{kept}.beat", targets=behind)]
    joined.channels = tuple(channels)
    note = f"A timestep of {name}, so that it may come before what it waits for"
    joined.nodes = {kept: Node(block=block, note=note), **joined.nodes}

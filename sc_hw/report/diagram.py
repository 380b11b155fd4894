"""A picture of a design: its blocks, and the streams between them and to the outside.

An arrow is a channel, with the name of its source's stream and the bits of a beat; where a channel has several targets, they take
each beat together. Streams that a block shows to the outside under their own name are listed in it.
"""

from typing import Any

from ..rtl.design import CoreDesign
from ..rtl.graph import Graph
from ..rtl.networks.design import NetworkDesign
from ..rtl.stream import Stream
from .picture import Arrow, Box, picture, wrapped

__all__ = ["diagram"]


def diagram(design: CoreDesign | NetworkDesign) -> str:
    """Return the picture of a design as an SVG; of a core, which is one block, the block and its streams."""
    graph = design.graph
    if graph is None:
        return picture({"core": Box("core", _about(design) + [_shown(stream) for stream in design.streams])}, (), _title(design))
    boxes = {place: Box(place, _about(node.block)) for place, node in graph.nodes.items()}
    for end, name in (one for one in graph.outside if not isinstance(one, Stream)):
        boxes[_at(end)].lines.append(_shown(graph.stream(end).named(name)))
    joined = {end for channel in graph.channels for end in (channel.source, *(t.to for t in channel.targets)) if "." not in end}
    boxes = {name: Box(name, ["outside"]) for name in sorted(joined)} | boxes
    return picture(boxes, _arrows(graph), _title(design))


def _title(design: CoreDesign | NetworkDesign) -> str:
    return f"{design.name}: its blocks and streams"


def _at(end: str) -> str:
    """Return the box of an end of a channel: its place, or the stream outside."""
    return end.partition(".")[0]


def _bits(stream: Stream) -> str:
    bits = sum(item.bits for item in stream.items)
    return f"{bits} bit{'s' if bits != 1 else ''}"


def _shown(stream: Stream) -> str:
    return f"{'⟶' if stream.gives else '⟵'} {stream.name}: {_bits(stream)}"


def _about(block: Any) -> list[str]:
    """Return what there is to know of a block: what it is, its size and its clocks."""
    if not isinstance(block, CoreDesign):
        return [block.name, *wrapped(block.purpose)]
    lanes = f"{block.lanes} lane{'s' if block.lanes > 1 else ''}"
    clocks = f"{block.words} word{'s' if block.words > 1 else ''} a lane, {block.pipeline_depth} stages"
    return [block.name, f"{block.synapses} of {block.rule.name}, {lanes}", clocks]


def _arrows(graph: Graph) -> list[Arrow]:
    return [
        Arrow(
            start=_at(channel.source),
            source=channel.source,
            ends=tuple(_at(target.to) for target in channel.targets),
            targets=tuple(target.to for target in channel.targets),
            said=f"{channel.source.rpartition('.')[2]}: {_bits(graph.stream(channel.source))}",
        )
        for channel in graph.channels
    ]

"""A picture of a design: its blocks, and the streams between them and to the outside, as an SVG for light and dark pages.

Blocks stand in columns, each right of all whose beats it takes. A line is a channel, with the name of its source's stream and
the bits of a beat; where a channel has several targets, they take each beat together. Streams that a block shows to the outside
under their own name are listed in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from .rtl.design import CoreDesign
from .rtl.graph import Channel, Graph
from .rtl.stream import Stream

__all__ = ["diagram"]

_CHARACTER, _LINE, _PAD, _GAP = 6.7, 15, 10, 26  # pixels: of a character, a line, around text, between blocks
_WRAP = 36  # characters of a line in a block
_STYLE = """
  .diagram text { font: 11px ui-monospace, "DejaVu Sans Mono", monospace; fill: #1f2328 }
  .diagram .name { font-weight: bold; font-size: 12px }
  .diagram .note { fill: #656d76 }
  .diagram .label { paint-order: stroke; stroke: #ffffff; stroke-width: 3px }
  .diagram rect { fill: #f6f8fa; stroke: #57606a }
  .diagram path { fill: none; stroke: #0969da; stroke-width: 1.5 }
  .diagram marker path { fill: #0969da; stroke: none }
  @media (prefers-color-scheme: dark) {
    .diagram text { fill: #e6edf3 } .diagram .note { fill: #8d96a0 } .diagram .label { stroke: #161b22 }
    .diagram rect { fill: #161b22; stroke: #8d96a0 }
    .diagram path { stroke: #4493f8 } .diagram marker path { fill: #4493f8 }
  }
"""


@dataclass
class _Box:
    """A block, or a stream outside that a channel begins or ends with, and where it is drawn."""

    name: str
    lines: list[str] = field(default_factory=list)
    column: int = 0
    x: float = 0
    y: float = 0

    @property
    def width(self) -> float:
        return max(len(line) for line in [self.name, *self.lines]) * _CHARACTER + 2 * _PAD

    @property
    def height(self) -> float:
        return _LINE * (1 + len(self.lines)) + 2 * _PAD


def _bits(stream: Stream) -> str:
    bits = sum(item.bits for item in stream.items)
    return f"{bits} bit{'s' if bits != 1 else ''}"


def _about(block: Any) -> list[str]:
    """Return what there is to know of a block: what it is, its size and its clocks."""
    if not isinstance(block, CoreDesign):
        return [block.name, *wrap(block.purpose, _WRAP)]
    lanes = f"{block.lanes} lane{'s' if block.lanes > 1 else ''}"
    clocks = f"{block.words} word{'s' if block.words > 1 else ''} a lane, {block.pipeline_depth} stages"
    return [block.name, f"{block.synapses} of {block.rule.name}, {lanes}", clocks]


def _boxes(graph: Graph) -> dict[str, _Box]:
    """Return a box for each place and for each stream outside that a channel joins, in columns."""
    boxes = {place: _Box(place, _about(node.block)) for place, node in graph.nodes.items()}
    for end, name in (one for one in graph.outside if not isinstance(one, Stream)):
        place, stream = end.partition(".")[0], graph.stream(end)
        boxes[place].lines.append(f"{'⟶' if stream.gives else '⟵'} {name}: {_bits(stream)}")
    joined = {end for channel in graph.channels for end in (channel.source, *(t.to for t in channel.targets)) if "." not in end}
    boxes |= {name: _Box(name, ["outside"]) for name in sorted(joined)}
    edges = [(channel.source.partition(".")[0], target.to.partition(".")[0])
             for channel in graph.channels for target in channel.targets]  # fmt: skip
    for _ in boxes:  # the longest way there; a circle of channels would have a register in it, and ends with the boxes
        for source, target in edges:
            boxes[target].column = min(max(boxes[target].column, boxes[source].column + 1), len(boxes))
    return boxes


def _place(boxes: Mapping[str, _Box], labels: Mapping[int, float]) -> tuple[float, float]:
    """Give each box its place, the columns side by side with room for the labels between, and return the size of all."""
    x, height = float(_PAD), 0.0
    columns = sorted({box.column for box in boxes.values()})
    tall = max(sum(b.height + _GAP for b in boxes.values() if b.column == column) for column in columns)
    for column in columns:
        own = [box for box in boxes.values() if box.column == column]
        y = _PAD + (tall - sum(box.height + _GAP for box in own)) / 2
        for box in own:
            box.x, box.y = x, y
            y += box.height + _GAP
        height = max(height, y)
        x += max(box.width for box in own) + labels.get(column, 0) + 2 * _GAP
    return x - labels.get(columns[-1], 0) - _GAP, height


def diagram(design: CoreDesign) -> str:
    """Return the picture of a design as an SVG; of a core, which is one block, the block and its streams."""
    graph, channels, texts = design.graph, tuple[Channel, ...](), dict[str, str]()
    if graph:
        boxes, channels = _boxes(graph), graph.channels
        texts = {end: f"{end.rpartition('.')[2]}: {_bits(graph.stream(end))}" for end in (one.source for one in channels)}
    else:
        lines = [f"{'⟶' if stream.gives else '⟵'} {stream.name}: {_bits(stream)}" for stream in design.streams]
        boxes = {"core": _Box("core", _about(design) + lines)}
    labels: dict[int, float] = {}
    for end, said in texts.items():
        column = boxes[_at(end)].column
        labels[column] = max(labels.get(column, 0), len(said) * _CHARACTER)
    width, height = _place(boxes, labels)
    size = {"viewBox": f"0 0 {width:.0f} {height:.0f}", "width": f"{width:.0f}", "height": f"{height:.0f}"}
    root = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "diagram", "role": "img", **size})
    ElementTree.SubElement(root, "title").text = f"{design.name}: its blocks and streams"
    ElementTree.SubElement(root, "style").text = _STYLE
    marker = ElementTree.SubElement(ElementTree.SubElement(root, "defs"), "marker", id="diagram-end", viewBox="0 0 8 8", refX="8",
                                    refY="4", markerWidth="7", markerHeight="7", orient="auto")  # fmt: skip
    ElementTree.SubElement(marker, "path", d="M0 0 L8 4 L0 8 z")
    for channel in channels:
        _draw_channel(root, channel, channels, boxes, texts[channel.source])
    for box in boxes.values():
        _draw_box(root, box)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _at(end: str) -> str:
    """Return the box of an end of a channel: its place, or the stream outside."""
    return end.partition(".")[0]


def _along(box: _Box, end: str, ends: Sequence[str]) -> float:
    """Return how far down the side of a box one of its ends is."""
    return box.y + box.height * (1 + ends.index(end)) / (1 + len(ends))


def _draw_channel(root: Element, channel: Channel, channels: Sequence[Channel], boxes: Mapping[str, _Box], said: str) -> None:
    box = boxes[_at(channel.source)]
    x, y = box.x + box.width, _along(box, channel.source, [one.source for one in channels if _at(one.source) == box.name])
    for target in channel.targets:
        to = boxes[_at(target.to)]
        end = _along(to, target.to, [t.to for one in channels for t in one.targets if _at(t.to) == to.name])
        bend = max(30.0, (to.x - x) / 2)
        curve = f"M{x:.0f} {y:.0f} C{x + bend:.0f} {y:.0f} {to.x - bend:.0f} {end:.0f} {to.x:.0f} {end:.0f}"
        ElementTree.SubElement(root, "path", {"marker-end": "url(#diagram-end)", "d": curve})
    ElementTree.SubElement(root, "text", {"class": "label", "x": f"{x + 6:.0f}", "y": f"{y - 5:.0f}"}).text = said


def _draw_box(root: Element, box: _Box) -> None:
    size = {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "rx": 5}
    ElementTree.SubElement(root, "rect", {name: f"{value:.0f}" for name, value in size.items()})
    for number, line in enumerate([box.name, *box.lines]):
        place = {"x": f"{box.x + _PAD:.0f}", "y": f"{box.y + _PAD + _LINE * number + 11:.0f}"}
        ElementTree.SubElement(root, "text", {"class": "note" if number else "name", **place}).text = line

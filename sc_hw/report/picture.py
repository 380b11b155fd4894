"""Boxes in columns, or in rows, and arrows between them, as an SVG for light and dark pages.

A box stands right of, or below, all whose arrows come to it. Arrows of one source leave it at one place, with a text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

__all__ = ["Arrow", "Box", "picture", "wrapped"]

_CHARACTER, _LINE, _PAD, _GAP = 6.7, 15, 10, 26  # pixels: of a character, a line, around text, between blocks
_WRAP = 36  # characters of a line in a box
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
class Box:
    """What is drawn: a name, and lines below it; ``column`` (or row), ``x`` and ``y`` follow from the arrows."""

    name: str
    lines: list[str] = field(default_factory=list)
    column: int = 0
    x: float = 0
    y: float = 0

    @property
    def width(self) -> float:
        """Pixels."""
        return max(1.12 * len(self.name), *map(len, self.lines), 0) * _CHARACTER + 2 * _PAD  # the name is larger

    @property
    def height(self) -> float:
        """Pixels."""
        return _LINE * (1 + len(self.lines)) + 2 * _PAD


@dataclass(frozen=True)
class Arrow:
    """From a box to others, with what is said of it; ``source`` tells arrows of one box apart, ``targets`` those to one."""

    start: str
    source: str
    ends: tuple[str, ...]
    targets: tuple[str, ...]
    said: str = ""


def wrapped(text: str, characters: int = _WRAP) -> list[str]:
    """Return a text as lines of a box."""
    return wrap(text, characters)


def picture(boxes: Mapping[str, Box], arrows: Sequence[Arrow], title: str, *, row: int = 0) -> str:
    """Return the drawing; it changes the places of the ``boxes``, which are given by name.

    With ``row`` arrows go down, and so many boxes at most stand side by side: what has many columns is read on a page so. Nothing
    is said of arrows then.
    """
    for _ in boxes:  # the longest way there; a circle ends with the boxes
        for arrow in arrows:
            for end in arrow.ends:
                boxes[end].column = min(max(boxes[end].column, boxes[arrow.start].column + 1), len(boxes))
    labels: dict[int, float] = {}
    for arrow in arrows:
        column = boxes[arrow.start].column
        labels[column] = max(labels.get(column, 0), len(arrow.said) * _CHARACTER)
    width, height = _place_down(boxes, row) if row else _place(boxes, labels)
    size = {"viewBox": f"0 0 {width:.0f} {height:.0f}", "width": f"{width:.0f}", "height": f"{height:.0f}"}
    root = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "diagram", "role": "img", **size})
    ElementTree.SubElement(root, "title").text = title
    ElementTree.SubElement(root, "style").text = _STYLE
    marker = ElementTree.SubElement(
        ElementTree.SubElement(root, "defs"),
        "marker",
        id="diagram-end",
        viewBox="0 0 8 8",
        refX="8",
        refY="4",
        markerWidth="7",
        markerHeight="7",
        orient="auto",
    )
    ElementTree.SubElement(marker, "path", d="M0 0 L8 4 L0 8 z")
    for arrow in arrows:
        _draw_arrow(root, arrow, arrows, boxes, down=bool(row))
    for box in boxes.values():
        _draw_box(root, box)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _place(boxes: Mapping[str, Box], labels: Mapping[int, float]) -> tuple[float, float]:
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


def _place_down(boxes: Mapping[str, Box], row: int) -> tuple[float, float]:
    """Give each box its place, a column in as many rows of ``row`` boxes as it takes, and return the size of all."""
    width = max(box.width for box in boxes.values()) + _GAP
    y = float(_PAD)
    for column in sorted({box.column for box in boxes.values()}):
        own = [box for box in boxes.values() if box.column == column]
        for first in range(0, len(own), row):
            beside = own[first : first + row]
            for place, box in enumerate(beside):
                box.x, box.y = _PAD + width * (place + (row - len(beside)) / 2), y
            y += max(box.height for box in beside) + _GAP
        y += _GAP
    return width * row + _PAD, y - _GAP


def _share(end: str, ends: Sequence[str]) -> float:
    """Return how far along the side of a box one of its ends is."""
    return (1 + ends.index(end)) / (1 + len(ends))


def _draw_arrow(root: Element, arrow: Arrow, arrows: Sequence[Arrow], boxes: Mapping[str, Box], *, down: bool) -> None:
    box = boxes[arrow.start]
    share = _share(arrow.source, [one.source for one in arrows if one.start == arrow.start])
    x, y = (box.x + box.width * share, box.y + box.height) if down else (box.x + box.width, box.y + box.height * share)
    for name, target in zip(arrow.ends, arrow.targets, strict=True):
        to = boxes[name]
        share = _share(target, [t for one in arrows for e, t in zip(one.ends, one.targets, strict=True) if e == name])
        to_x, to_y = (to.x + to.width * share, to.y) if down else (to.x, to.y + to.height * share)
        bend = max(30.0, (to_y - y if down else to_x - x) / 2)
        over, under = (0.0, bend) if down else (bend, 0.0)
        curve = f"M{x:.0f} {y:.0f} C{x + over:.0f} {y + under:.0f} {to_x - over:.0f} {to_y - under:.0f} {to_x:.0f} {to_y:.0f}"
        ElementTree.SubElement(root, "path", {"marker-end": "url(#diagram-end)", "d": curve})
    if arrow.said:
        ElementTree.SubElement(root, "text", {"class": "label", "x": f"{x + 6:.0f}", "y": f"{y - 5:.0f}"}).text = arrow.said


def _draw_box(root: Element, box: Box) -> None:
    size = {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "rx": 5}
    ElementTree.SubElement(root, "rect", {name: f"{value:.0f}" for name, value in size.items()})
    for number, line in enumerate([box.name, *box.lines]):
        place = {"x": f"{box.x + _PAD:.0f}", "y": f"{box.y + _PAD + _LINE * number + 11:.0f}"}
        ElementTree.SubElement(root, "text", {"class": "note" if number else "name", **place}).text = line

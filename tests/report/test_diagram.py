"""The picture of a design: every block, every stream, and nothing that is not an element of SVG."""

import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sc_hw.report.diagram import diagram
from sc_hw.rtl.stream import Stream

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=["core", "queue", "layer", "crossbar", "addresses", "one side"])
def design(request, make_core, make_layer, make_crossbar):
    return {
        "core": lambda: make_core(synapses=7, lanes=2),
        "queue": lambda: make_core(synapses=7, lanes=2, queued=True),
        "layer": make_layer,
        "crossbar": lambda: make_crossbar(pre=4, post=4, lanes=2),
        "addresses": lambda: make_crossbar(pre=4, post=4, lanes=2, addressed=True),
        "one side": lambda: make_crossbar(rule="three_factor", pre=3, post=2),
    }[request.param]().design


def test_every_block_and_stream_is_there(design):
    root = ElementTree.fromstring(diagram(design))  # noqa: S314 - our own
    texts = [text.text for text in root.iter(f"{SVG}text")]
    for stream in design.streams:
        assert any(
            text == stream.name or f"{stream.name}: {sum(item.bits for item in stream.items)} bit" in text for text in texts
        )
    if design.graph:
        assert {*design.graph.nodes} <= {*texts}
        arrows = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
        assert len(arrows) == sum(len(channel.targets) for channel in design.graph.channels)
        assert all(isinstance(one, Stream) or f"{one[1]}:" in " ".join(texts) for one in design.graph.outside)


def test_blocks_do_not_lie_on_each_other(design):
    root = ElementTree.fromstring(diagram(design))  # noqa: S314 - our own
    width, height = (float(root.get(side)) for side in ("width", "height"))
    boxes = [tuple(float(box.get(name)) for name in ("x", "y", "width", "height")) for box in root.iter(f"{SVG}rect")]
    assert boxes
    for x, y, w, h in boxes:
        assert min(x, y) >= 0
        assert x + w <= width
        assert y + h <= height
    for k, (x, y, w, h) in enumerate(boxes):
        for u, v, p, q in boxes[:k]:
            assert x + w < u or u + p < x or y + h < v or v + q < y


def test_the_pictures_in_the_documentation_are_of_today():
    docs = Path(__file__).parents[2] / "docs"
    for name, text in runpy.run_path(str(docs / "pictures.py"))["pictures"]().items():
        assert (docs / "images" / name).read_text(encoding="utf-8") == text, "run python docs/pictures.py"

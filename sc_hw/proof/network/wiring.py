"""What joins the blocks of a network: every pin is on what the graph says, and beats pass from block to block unchanged."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...rtl.graph import Graph, Target
from ...rtl.net import Net
from ...rtl.networks.design import NetworkDesign
from ..graph import wires_of
from ..induction import engine_script
from .question import render

__all__ = ["WIRING", "wiring_task"]

WIRING = {
    "wiring": "every pin of every block, and every output, is on what the graph says",
    "moves": "a beat leaves a block exactly when all that it goes to take it, and each takes what was offered",
}


def wiring_task(design: NetworkDesign, sources: Mapping[str, str]) -> dict[str, Any]:
    """Return ``script`` and ``files`` of the question about a chip's top module."""
    graph, blocks = design.graph, list(design.blocks.values())
    top = f"{design.name}_proof"
    harness = render("wiring.sv.j2", top=top, graph=graph, blocks=blocks, wires=list(wires_of(graph)), moves=list(_moves(graph)))
    names = [block.name for block in blocks]
    files = {f"{module}.v": sources[f"{module}.v"] for module in (design.name, *names)}
    return {"script": engine_script(files, names, top), "files": {**files, "engine.sv": harness}}


def _moves(graph: Graph) -> Iterator[tuple[list[str], list[str], list[tuple[str, str]]]]:
    """Yield, for each target inside of each source inside, valid and ready of both, and the items of both."""
    for channel in graph.channels:
        for target in channel.targets:
            source, to = (list(_ends(end)) for end in (channel.source, target.to))
            yield source, to, list(_items(graph, channel.source, target))


def _ends(end: str) -> Iterator[str]:
    for name in ("valid", "ready"):
        yield _pin(end, name)


def _pin(end: str, name: str) -> str:
    place, _, stream = end.partition(".")
    return rf"\dut.{place}.{stream}_{name} "


def _items(graph: Graph, source: str, target: Target) -> Iterator[tuple[str, str]]:
    """Yield the pins of an item where it leaves and where it is taken."""
    for item in graph.stream(target.to).items:
        value = target.items.get(item.name, Net(item.name))
        if not isinstance(value, Net):
            raise TypeError(f"{target.to}: {item.name} is more than an item of what is sent")
        yield _pin(source, value.name), _pin(target.to, item.name)

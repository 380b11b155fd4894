"""What the proof of a graph knows of a kind of block that stands between cores."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...rtl.graph import Graph
from ..assumption import Assumption
from ..memories import memory_pins

__all__ = ["INSIDE", "BlockRoom", "giver_of", "memories_of", "memory_taps", "placed"]

INSIDE = "the invariants by which the induction closes"


@dataclass(frozen=True, kw_only=True)
class BlockRoom:
    """A block's part of the proof.

    ``kind`` is its description and ``template`` its harness. ``alone``: that asks about the block by itself; else the harness
    asks about the whole graph, and the templates of all such blocks of a graph are one: that of the first in the registry.
    ``statements`` are the obligations about it, ``registers(block)`` what lies inside that the induction looks at, with bits.
    ``covers(place, block)`` are what shows that the statements are not vacuous, within ``depth(block)`` clocks; none
    where that takes more steps than a solver goes. Of a block's second room the ``title`` names
    the harness in the ledger. ``values(graph, place, block)`` are what its template is given.
    """

    kind: type[Any]
    template: str
    alone: bool
    statements: Mapping[str, str]
    assumptions: tuple[Assumption, ...]
    registers: Callable[[Any], dict[str, int]]
    values: Callable[[Graph, str, Any], Mapping[str, Any]]
    covers: Callable[[str, Any], Mapping[str, str]] = lambda _place, _block: {}
    depth: Callable[[Any], int] = lambda _block: 0
    title: str = ""


def placed(graph: Graph, kind: type[Any]) -> dict[str, Any]:
    """Return the blocks of a kind by place."""
    return {place: node.block for place, node in graph.nodes.items() if isinstance(node.block, kind)}


def memories_of(block: Any) -> dict[str, dict[str, Any]]:
    """Return the memories inside a block by place: module, bits of a word and of an address."""
    return {
        place: {
            "module": inner.module,
            "bits": inner.parameters["WORD_BITS"],
            "address_bits": inner.parameters["ADDRESS_BITS"],
        }
        for place, inner in block.instances().items()
        if inner.parameters
    }


def memory_taps(block: Any) -> dict[str, int]:
    """Return the pins of the memories inside a block, with bits."""
    return {
        f"{place}.{pin}": bits
        for place, memory in memories_of(block).items()
        for pin, bits in memory_pins(memory["address_bits"], memory["bits"]).items()
    }


def giver_of(design: Any, to: str) -> Iterator[tuple[str, Any]]:
    """Yield place and block of whoever offers the beats of ``place.stream``; nothing where that is the user."""
    (source,) = (channel.source for channel in design.graph.channels for target in channel.targets if target.to == to)
    place, dot, _ = source.partition(".")
    if dot:
        yield place, design.graph.nodes[place].block

"""Every kind of block inside a design that is no core: found by place, as a bench or a proof of it alone wants it."""

from typing import Any, ClassVar, Protocol

from .addresses import AddressesDesign
from .design import CoreDesign
from .graph import inner_blocks
from .instances import Instance
from .joint import FanoutDesign
from .port import Port
from .queue import QueueDesign, queue_of
from .rows import RowsDesign
from .store import StoreDesign
from .stream import Stream, Watch

__all__ = ["BLOCKS", "PlayedBlock", "blocks_of"]


class PlayedBlock(Protocol):
    """A block as it is alone: beside what a graph asks of it, its golden model by name, and how else it sees what moves."""

    component: ClassVar[str]
    harness: ClassVar[str]
    golden: ClassVar[str]
    watches: ClassVar[tuple[Watch, ...]]

    @property
    def name(self) -> str:
        """Of the module."""

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""

    @property
    def settings(self) -> dict[str, Any]:
        """The numbers that its golden model is made with."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """In the order of their ports."""

    def ports(self) -> tuple[Port, ...]:
        """Return all ports, in their order."""

    def instances(self) -> dict[str, Instance]:
        """Return the modules inside."""


BLOCKS: tuple[type[PlayedBlock], ...] = (FanoutDesign, RowsDesign, AddressesDesign, QueueDesign, StoreDesign)


def blocks_of(design: CoreDesign) -> dict[str, PlayedBlock]:
    """Return the blocks of a design that are no cores, by place: those of its graph, or of a core its queue of results."""
    if design.graph is None:
        queue = queue_of(design)
        return {"result_queue": queue} if queue else {}
    inner = {block.name for block in inner_blocks(design)}
    return {place: node.block for place, node in design.graph.nodes.items() if node.block.name in inner}  # type: ignore[misc]

"""What can happen in each topology: its parts, and the moments of the blocks between them; one file each, by ``kind``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..engine import Part
from ..moment import Moment, Registers
from . import core, crossbar, layer

__all__ = ["TOPOLOGIES", "Topology"]


@dataclass(frozen=True, kw_only=True)
class Topology:
    """``parts`` are the cores in order; ``blocks`` gives moments and registers between them, given the idle one."""

    parts: Callable[[Any, int], list[Part]]
    blocks: Callable[[Any, int, Moment], tuple[list[Moment], list[Registers]]]


TOPOLOGIES = {
    "core": Topology(parts=core.parts, blocks=core.blocks),
    "layer": Topology(parts=layer.parts, blocks=layer.blocks),
    "crossbar": Topology(parts=crossbar.parts, blocks=crossbar.blocks),
}

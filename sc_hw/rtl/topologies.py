"""Every topology: its design, and the bugs that ``sc-hw selftest`` plants in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .crossbar import CrossbarDesign, crossbar_faults
from .design import CoreDesign
from .faults import Fault, engine_faults
from .layer import LayerDesign, layer_faults
from .queue import queue_faults

__all__ = ["TOPOLOGIES", "Topology"]


@dataclass(frozen=True, kw_only=True)
class Topology:
    """``timesteps`` are those after which a fault shows even in a small design."""

    design: type[CoreDesign]
    faults: Callable[[Any], list[Fault]]
    timesteps: int = 200


TOPOLOGIES = {
    topology.design.kind: topology
    for topology in (
        Topology(design=CoreDesign, faults=lambda design: [*engine_faults(design), *queue_faults(design)]),
        Topology(design=LayerDesign, faults=layer_faults),
        Topology(
            design=CrossbarDesign, faults=crossbar_faults, timesteps=8000
        ),  # a row must come to rest before it can be skipped wrongly,
    )
}

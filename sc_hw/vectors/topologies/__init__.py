"""What moves in the timesteps of each topology, by its golden model; one file each, by ``kind``."""

from collections.abc import Callable
from typing import Any

from ..part import Arrays, Parts
from ..script import Script
from . import core, crossbar, layer

__all__ = ["TOPOLOGIES"]

# Each adds the beats of timesteps with these inputs to a script, and leaves the models as the timesteps leave them.
TOPOLOGIES: dict[str, Callable[[Any, Parts, Script, Arrays], None]] = {
    "core": core.play,
    "layer": layer.play,
    "crossbar": crossbar.play,
}

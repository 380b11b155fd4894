"""The golden model of each topology, one file each, by ``kind``; a model of one core is built by what is passed as ``made``."""

from collections.abc import Callable
from typing import Any

from sc_hw_models.core import CoreModel

from ...rtl.design import CoreDesign
from . import core, crossbar, layer

__all__ = ["TOPOLOGIES"]

TOPOLOGIES: dict[str, Callable[[Any, Callable[[CoreDesign], CoreModel]], Any]] = {
    "core": core.model,
    "layer": layer.model,
    "crossbar": crossbar.model,
}

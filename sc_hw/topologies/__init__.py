"""What each topology asks of the user: one file each, with the option that chooses it, its checks, and what it makes."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ..rtl.design import CoreDesign
from . import core, crossbar, layer
from .request import Request

__all__ = ["Request", "check_options", "chosen", "design_from"]

# The first whose option is given is meant, the last where none is.
_TOPOLOGIES: tuple[ModuleType, ...] = (crossbar, layer, core)


def check_options(options: Mapping[str, Any]) -> None:
    """Raise ``UserError`` for options that do not go together."""
    for topology in reversed(_TOPOLOGIES[:-1]):
        topology.check(options)
    core.check(options, [topology.KEY for topology in _TOPOLOGIES if topology.KEY])
    chosen(options).check_chosen(options)


def chosen(options: Mapping[str, Any]) -> ModuleType:
    """Return the topology that is meant."""
    return next(topology for topology in _TOPOLOGIES if not topology.KEY or options.get(topology.KEY) is not None)


def design_from(request: Request) -> CoreDesign:
    """Return the design. Errors: ``UserError`` for what is not allowed."""
    design: CoreDesign = chosen(request.options).make(request)
    return design

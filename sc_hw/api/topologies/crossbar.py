"""The golden model of a crossbar."""

from collections.abc import Callable

from sc_hw_models.core import CoreModel
from sc_hw_models.crossbar import CrossbarModel

from ...rtl.crossbar import CrossbarDesign
from ...rtl.design import CoreDesign

__all__ = ["model"]


def model(design: CrossbarDesign, made: Callable[[CoreDesign], CoreModel]) -> CrossbarModel:
    """Return the model: both neurons, and the synapses between them; neurons without a state are no part of the folder."""
    own = {prefix.rstrip("_"): part for prefix, part in design.parts.values()}
    sides = {owner: made(own.get(owner, side)) for owner, side in design.sides.items()}
    return CrossbarModel(sides["pre"], sides["post"], made(own[""]))

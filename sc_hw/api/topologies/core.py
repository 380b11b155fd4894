"""The golden model of a core."""

from collections.abc import Callable

from sc_hw_models.core import CoreModel

from ...rtl.design import CoreDesign

__all__ = ["model"]


def model(design: CoreDesign, made: Callable[[CoreDesign], CoreModel]) -> CoreModel:
    """Return the model."""
    return made(design)

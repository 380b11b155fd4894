"""What draws the beats of a block alone: one file a block, of the name that its golden model has."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sc_hw_models.blocks import BLOCKS

if TYPE_CHECKING:
    from .stimulus import Stimulus

__all__ = ["get_stimulus"]


def get_stimulus(name: str) -> "type[Stimulus[Any]]":
    """Return what draws the beats of the block called ``name``."""
    stimulus: type[Stimulus[Any]] = import_module(f"{__name__}.{BLOCKS[BLOCKS.index(name)]}").STIMULUS
    return stimulus

"""Golden models of the blocks between cores: one file a block, its name in the registry.

Each plays beats: from all beats of its input streams in a timestep it makes those of its output streams, in order, whatever
clocks and stalls there are. A block of RTL names its model and gives the numbers that the model is made with; neither knows
more of the other. What draws the beats of a block alone is in ``sim/sc_hw_sim/blocks``, in a file of the same name.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .block import BlockModel

__all__ = ["BLOCKS", "get_block"]

BLOCKS = ("fanout", "rows", "addresses", "queue", "store")


def get_block(name: str) -> "type[BlockModel]":
    """Return the golden model of the block called ``name``, one of ``BLOCKS``."""
    model: type[BlockModel] = import_module(f"{__name__}.{BLOCKS[BLOCKS.index(name)]}").MODEL
    return model

"""What the proof knows of each kind of block that stands between cores: a file and a line of ``ROOMS`` each."""

from .addresses import ADDRESSES
from .fanout import FANOUT
from .room import INSIDE, BlockRoom, memories_of, memory_taps, placed
from .rows import ROWS
from .store import ORDER, STORE

__all__ = ["INSIDE", "ROOMS", "BlockRoom", "memories_of", "memory_taps", "placed"]

ROOMS: tuple[BlockRoom, ...] = (FANOUT, ROWS, ADDRESSES, STORE, ORDER)

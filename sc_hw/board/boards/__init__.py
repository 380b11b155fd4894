"""The boards that there are: a line each."""

from ..description import Board
from .colorlight_i5 import COLORLIGHT_I5
from .icebreaker import ICEBREAKER
from .tang_nano_9k import TANG_NANO_9K
from .ulx3s import ULX3S_25F, ULX3S_85F

__all__ = ["BOARDS"]

BOARDS: dict[str, Board] = {board.name: board for board in (ULX3S_85F, ULX3S_25F, ICEBREAKER, TANG_NANO_9K, COLORLIGHT_I5)}

"""Radiona ULX3S."""

from typing import Any

from ..description import Board
from ..families.ecp5 import FAMILY

__all__ = ["ULX3S_25F", "ULX3S_85F"]


def _platform(name: str) -> Any:
    from amaranth_boards import ulx3s

    return getattr(ulx3s, name)()


ULX3S_25F = Board(
    name="ulx3s-25f",
    title="Radiona ULX3S with LFE5U-25F",
    family=FAMILY,
    target="ecp5-25k",
    loader="ulx3s",
    platform=lambda: _platform("ULX3S_25F_Platform"),
    leds=(("led", 0), ("led", 1)),
)
ULX3S_85F = Board(
    name="ulx3s-85f",
    title="Radiona ULX3S with LFE5U-85F",
    family=FAMILY,
    target="ecp5-85k",
    loader="ulx3s",
    platform=lambda: _platform("ULX3S_85F_Platform"),
    leds=(("led", 0), ("led", 1)),
)

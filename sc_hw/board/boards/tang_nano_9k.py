"""Sipeed Tang Nano 9K."""

from typing import Any

from ..description import Board
from ..families.gowin import FAMILY

__all__ = ["TANG_NANO_9K"]


def _platform() -> Any:
    from amaranth_boards.tang_nano_9k import TangNano9kPlatform

    return TangNano9kPlatform()


TANG_NANO_9K = Board(
    name="tang-nano-9k",
    title="Sipeed Tang Nano 9K with GW1NR-9",
    family=FAMILY,
    target="gowin-gw1n9",
    loader="tangnano9k",
    platform=_platform,
    leds=(("led", 0), ("led", 1)),
)

"""1BitSquared iCEBreaker."""

from typing import Any

from ..description import Board
from ..families.ice40 import FAMILY

__all__ = ["ICEBREAKER"]


def _platform() -> Any:
    from amaranth_boards.icebreaker import ICEBreakerPlatform

    return ICEBreakerPlatform()


ICEBREAKER = Board(
    name="icebreaker",
    title="1BitSquared iCEBreaker with iCE40UP5K",
    family=FAMILY,
    target="ice40-up5k",
    loader="ice40_generic",
    platform=_platform,
    leds=(("led_g", 0), ("led_r", 0)),
)

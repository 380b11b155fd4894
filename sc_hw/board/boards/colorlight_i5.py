"""Colorlight i5 on its extension board, which amaranth-boards does not have; one LED, for errors."""

from typing import Any

from ..description import Board
from ..families.ecp5 import FAMILY

__all__ = ["COLORLIGHT_I5"]


def _platform() -> Any:
    from amaranth.build import Attrs, Clock, Pins, Resource
    from amaranth.vendor import LatticeECP5Platform
    from amaranth_boards.resources import LEDResources, UARTResource

    class ColorlightI5Platform(LatticeECP5Platform):  # type: ignore[misc] # Amaranth ships no types
        """Revision 7.0; the line is that of the extension board's DAPLink."""

        device, package, speed, default_clk = "LFE5U-25F", "BG381", "6", "clk25"
        resources = (
            Resource("clk25", 0, Pins("P3", dir="i"), Clock(25e6), Attrs(IO_TYPE="LVCMOS33")),
            *LEDResources(pins="U16", invert=True, attrs=Attrs(IO_TYPE="LVCMOS33")),
            UARTResource(0, rx="H18", tx="J17", attrs=Attrs(IO_TYPE="LVCMOS33")),
        )
        connectors = ()

    return ColorlightI5Platform()


COLORLIGHT_I5 = Board(
    name="colorlight-i5",
    title="Colorlight i5 with LFE5U-25F",
    family=FAMILY,
    target="ecp5-25k",
    loader="colorlight-i5",
    platform=_platform,
    leds=(None, ("led", 0)),
)

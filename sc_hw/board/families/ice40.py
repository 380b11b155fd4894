"""Lattice iCE40."""

from typing import Any

from ..description import Family, Pin, Pll
from .tools import pll_text

__all__ = ["FAMILY"]


def _pins(pins: list[Pin], mhz: float) -> str:
    lines = [f"set_frequency clock_pin {mhz:g}"]
    for pin in pins:
        pull = "-pullup yes " if pin.attributes.get("PULLUP") == "1" else ""
        lines.append(f"set_io {pull}{pin.port} {pin.site}")
    return "".join(f"{line}\n" for line in lines)


def _arguments(platform: Any, pins: str) -> tuple[str, ...]:
    return (f"--{platform.device.removeprefix('iCE40').lower()}", "--package", platform.package.lower(), "--pcf", pins)


def _pll(given: float, mhz: float) -> Pll:
    arguments = ["-i", f"{given:g}", "-o", f"{mhz:g}", "-p", "-m", "-n", "pll", "-f", "pll.v"]  # -p: clocks stand on its pad
    text, reached = pll_text("icepll", arguments, r"Achieved output frequency:\s+([\d.]+)", mhz=mhz, given=given)
    return Pll(text=text, name="pll", takes="clock_in", gives="clock_out", mhz=reached)


FAMILY = Family(
    suffix=".pcf",
    pins=_pins,
    arguments=_arguments,
    pack=(),
    own=frozenset(("SB_IO", "SB_GB", "SB_GB_IO", "SB_PLL40_PAD")),
    pll=_pll,
)

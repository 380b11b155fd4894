"""Lattice ECP5."""

from typing import Any

from ..description import Family, Pin, Pll
from .tools import pll_text

__all__ = ["FAMILY"]

_SIZES = {"LFE5U-12F": "12k", "LFE5U-25F": "25k", "LFE5U-45F": "45k", "LFE5U-85F": "85k"}
_PACKAGES = {"BG256": "CABGA256", "BG381": "CABGA381", "BG554": "CABGA554"}


def _pins(pins: list[Pin], mhz: float) -> str:
    lines = [f"FREQUENCY PORT clock_pin {mhz:g} MHZ;"]
    for pin in pins:
        lines.append(f'LOCATE COMP "{pin.port}" SITE "{pin.site}";')
        lines.append(f'IOBUF PORT "{pin.port}" {" ".join(f"{name}={value}" for name, value in pin.attributes.items())};')
    return "".join(f"{line}\n" for line in lines)


def _arguments(platform: Any, pins: str) -> tuple[str, ...]:
    return (f"--{_SIZES[platform.device]}", "--package", _PACKAGES[platform.package], "--speed", platform.speed, "--lpf", pins)


def _pll(given: float, mhz: float) -> Pll:
    arguments = ["-i", f"{given:g}", "-o", f"{mhz:g}", "-n", "pll", "-f", "pll.v"]
    text, reached = pll_text("ecppll", arguments, r'FREQUENCY_PIN_CLKOP="([\d.]+)"', mhz=mhz, given=given)
    return Pll(text=text, name="pll", takes="clkin", gives="clkout0", mhz=reached)


FAMILY = Family(
    suffix=".lpf",
    pins=_pins,
    arguments=_arguments,
    pack=("--compress",),
    own=frozenset(("TRELLIS_IO", "EHXPLLL", "DCCA")),
    pll=_pll,
)

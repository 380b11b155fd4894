"""Gowin."""

from typing import Any

from ..description import Family, Pin, Pll
from .tools import pll_text

__all__ = ["FAMILY"]


def _pins(pins: list[Pin], mhz: float) -> str:
    lines = []
    for pin in pins:
        lines.append(f'IO_LOC "{pin.port}" {pin.site};')
        lines.append(f'IO_PORT "{pin.port}" {" ".join(f"{name}={value}" for name, value in pin.attributes.items())};')
    return "".join(f"{line}\n" for line in lines)


def _arguments(platform: Any, pins: str) -> tuple[str, ...]:
    family = platform.family.replace("GW1NR", "GW1N")  # the die is the same; the R has memory beside it
    return ("--device", platform.part, "--vopt", f"family={family}", "--vopt", f"cst={pins}")


def _pll(given: float, mhz: float) -> Pll:
    arguments = ["-i", f"{given:g}", "-o", f"{mhz:g}", "-d", "GW1NR-9 C6/I5", "-m", "pll", "-f", "pll.v"]
    text, reached = pll_text("gowin_pll", arguments, r"Achieved output frequency:\s+([\d.]+)", mhz=mhz, given=given)
    return Pll(text=text, name="pll", takes="clock_in", gives="clock_out", mhz=reached)


FAMILY = Family(
    suffix=".cst",
    pins=_pins,
    arguments=_arguments,
    pack=("--sspi_as_gpio", "--mspi_as_gpio"),  # pins that load the device are pins like others afterwards
    own=frozenset(("IBUF", "OBUF", "TBUF", "IOBUF", "rPLL")),
    pll=_pll,
)

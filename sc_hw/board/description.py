"""What a board is here: its device, its clock, and the pins that are used, as amaranth-boards describes them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import UserError

__all__ = ["Board", "Family", "Pin", "Pll", "platform_of"]

_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")  # names and values that reach a constraint file


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A pin of the device: ``port`` of the top that is on it, whether that is ``inverted``, what the device is told of it."""

    port: str
    site: str
    inverted: bool
    attributes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Pll:
    """A module that makes a clock of another: its Verilog, its name, its ports for the clocks, and the MHz that it reaches."""

    text: str
    name: str
    takes: str
    gives: str
    mhz: float


@dataclass(frozen=True, kw_only=True)
class Family:
    """What boards of one family of devices have in common.

    ``suffix`` is that of the file of pins, ``pins`` writes it, given the MHz of the board's own clock too; ``arguments`` are
    those of nextpnr for a platform, ``pack`` more of the tool that writes the bitstream, ``own`` the cells that are pins and
    clocks, no logic. ``pll`` makes a module for a clock of so many MHz from one of so many. Errors of it: ``UserError``.
    """

    suffix: str
    pins: Callable[[list[Pin], float], str]
    arguments: Callable[[Any, str], tuple[str, ...]]
    pack: tuple[str, ...]
    own: frozenset[str]
    pll: Callable[[float, float], Pll]


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board: its ``platform`` in the form of amaranth-boards, the target that counts, what openFPGALoader calls it.

    ``leds`` are the resource and number of the pins that tell of learning and of errors; one of two means both, the other none.
    """

    name: str
    title: str
    family: Family
    target: str
    loader: str
    platform: Callable[[], Any]
    leds: tuple[tuple[str, int] | None, tuple[str, int] | None]

    def clock_mhz(self) -> float:
        """Return the MHz of the board's own clock. Errors: ``UserError`` without amaranth-boards."""
        platform = platform_of(self)
        return float(platform.lookup(platform.default_clk).clock.frequency) / 1e6

    def pins(self) -> list[Pin]:
        """Return the pins that are used: clock, line and LEDs. Errors: ``UserError`` without amaranth-boards."""
        platform = platform_of(self)
        line = platform.lookup("uart", 0)
        parts = {part.name: part for part in line.ios}
        found = [
            _pin("clock_pin", platform.lookup(platform.default_clk)),
            _pin("rx", line, parts["rx"].ios[0]),
            _pin("tx", line, parts["tx"].ios[0]),
        ]
        for port, place in zip(("led_learning", "led_error"), self.leds, strict=True):
            if place:
                found.append(_pin(port, platform.lookup(*place)))
        return found


def platform_of(board: Board) -> Any:
    """Return the platform of a board. Errors: ``UserError`` without amaranth-boards."""
    try:
        return board.platform()
    except ImportError as error:
        raise UserError("pins of boards come from amaranth-boards; install it with: pip install 'sc-hw[boards]'") from error


def _pin(port: str, resource: Any, pins: Any = None) -> Pin:
    pins = pins or resource.ios[0]
    attributes = {name: str(int(value) if isinstance(value, bool) else value) for name, value in resource.attrs.items()}
    (site,) = pins.names
    if odd := [text for text in (site, *attributes, *attributes.values()) if not _PLAIN.fullmatch(text)]:
        raise UserError(f"amaranth-boards: {port} has {odd[0]!r}, which no file of pins takes; report it")
    return Pin(port=port, site=site, inverted=pins.invert, attributes=attributes)

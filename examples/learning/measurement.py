"""What measuring a system gives."""

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

__all__ = ["INK", "Measurement", "Row"]

INK = "#808890"  # on white and on black


@dataclass(frozen=True)
class Row:
    """One figure: what, how much, what was wanted, and whether it was met."""

    quantity: str
    measured: str
    wanted: str
    met: bool


@dataclass(frozen=True)
class Measurement:
    """A system's figures, the setting they hold for (a sentence), and its picture."""

    title: str
    setting: str
    rows: list[Row]
    draw: Callable[[Figure], None]

"""What measuring a system gives."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from matplotlib.figure import Figure

__all__ = ["INK", "Measurement", "Row", "on_all_processors"]

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
    """A system's figures, the setting they hold for (a sentence), its picture, and further lines of its page."""

    title: str
    setting: str
    rows: list[Row]
    draw: Callable[[Figure], None]
    details: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError(f"{self.title}: nothing was measured")


def on_all_processors(function: Callable[[Any], Any], arguments: Iterable[Any]) -> list[Any]:
    """Return the function of each argument, in order, computed side by side."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(function, arguments))

"""What measuring a system gives."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import sc_hw_models.continual
from sc_hw.plot_style import INK

__all__ = ["INK", "KEPT", "Measurement", "Row", "kept", "on_all_processors"]

KEPT = Path("build/learning/runs")  # what finished runs gave: a measurement that was stopped goes on from there


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


def kept(key: str, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Return what a run gives, from ``KEPT`` if it ran there with the same code, NumPy and ``key``: all that it depends on."""
    packages = (import_module("sc_hw.train"), sc_hw_models.continual)
    sources = sorted(p for package in packages for p in Path(package.__path__[0]).glob("*.py"))
    parts = [key.encode(), np.__version__.encode(), *(path.read_bytes() for path in sources)]
    file = KEPT / f"{hashlib.sha256(b''.join(hashlib.sha256(part).digest() for part in parts)).hexdigest()}.json"
    if file.is_file():
        return dict(json.loads(file.read_text(encoding="utf-8")))
    figures = measure()
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = file.with_suffix(".new")
    whole.write_text(json.dumps(figures), encoding="utf-8")
    whole.replace(file)
    return figures


def on_all_processors(function: Callable[[Any], Any], arguments: Iterable[Any]) -> list[Any]:
    """Return the function of each argument, in order, computed side by side."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(function, arguments))

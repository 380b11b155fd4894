"""Spikes of the last moments, as rows of bytes: 0 is none, 255 as many as there can be."""

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from .view import packed

__all__ = ["COLUMNS", "ROWS", "Raster"]

COLUMNS = 240  # moments that are kept
ROWS = 64  # of a group: more could not be told apart


class Raster:
    """The last moments of groups of units, by name and number of units; of many units some are shown, evenly spaced.

    ``unit`` is what a moment is: a timestep or a sample.
    """

    def __init__(self, groups: Mapping[str, int], *, unit: str, source: str) -> None:
        self._places = {name: np.linspace(0, units - 1, min(units, ROWS)).round().astype(int) for name, units in groups.items()}
        self._units, self._unit, self._source = dict(groups), unit, source
        self._columns: deque[np.ndarray] = deque(maxlen=COLUMNS)
        self._marks: deque[tuple[int, str, bool]] = deque(maxlen=COLUMNS)
        self._count = 0

    def add(self, levels: Mapping[str, np.ndarray]) -> None:
        """Take a moment: for each group bytes ``(units,)``."""
        self._columns.append(np.concatenate([levels[name][places] for name, places in self._places.items()]))
        self._count += 1

    def mark(self, text: str, good: bool) -> None:
        """Write a short text behind the last moment."""
        self._marks.append((self._count - 1, text, good))

    @property
    def section(self) -> dict[str, Any]:
        """What a page is told: bytes row by row, and where each mark stands."""
        first = self._count - len(self._columns)
        rows = sum(map(len, self._places.values()))
        shown = np.stack(self._columns, axis=1) if self._columns else np.zeros((rows, 0), np.uint8)
        return {
            "unit": self._unit,
            "source": self._source,
            "width": COLUMNS,
            "first": first,
            "columns": shown.shape[1],
            "groups": [{"name": n, "rows": len(p), "units": self._units[n]} for n, p in self._places.items()],
            "levels": packed(shown),
            "marks": [{"at": at - first, "text": text, "good": good} for at, text, good in self._marks if at >= first],
        }

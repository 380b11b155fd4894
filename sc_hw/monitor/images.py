"""Weights as images: numbers of a part as they were read, unit by unit, in turns."""

from typing import Any

import numpy as np

from .view import packed

__all__ = ["Images"]

BINS = 32


class Images:
    """``count`` images of ``height`` by ``width`` numbers, side by side, each as it was when it was last read.

    Colours reach as far as the numbers do that were read. With ``histogram`` it is also told how many there are of each.
    """

    def __init__(self, name: str, legend: str, *, count: int, height: int, width: int, histogram: bool = False) -> None:
        self.name, self.count, self._legend = name, count, legend
        self._values = np.zeros((count, height, width), np.int64)
        self._read: list[int | None] = [None] * count
        self._bins: dict[str, Any] | None = None
        self._histogram = histogram

    def put(self, k: int, values: np.ndarray, at: int) -> None:
        """Take the numbers of image ``k``, as of moment ``at``; those behind its last are left out, such as a bias."""
        own = self._values[k].reshape(-1)  # a view
        own[: len(values)] = values[: len(own)]
        self._read[k] = at
        if self._histogram and len(values):
            counts, edges = np.histogram(values, BINS)
            self._bins = {"counts": counts.tolist(), "low": int(edges[0]), "high": int(edges[-1]), "of": len(values)}

    @property
    def section(self) -> dict[str, Any]:
        """What a page is told: bytes, 128 for nought, with the number that 255 stands for."""
        reach = max(int(np.abs(self._values).max()), 1)
        count, height, width = self._values.shape
        return {
            "name": self.name,
            "legend": self._legend,
            "count": count,
            "height": height,
            "width": width,
            "reach": reach,
            "read": self._read,
            "bins": self._bins,
            "levels": packed(128 + np.rint(self._values * 127 / reach)),
        }

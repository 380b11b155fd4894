"""Weights as images: numbers of a part as they were read, unit by unit, in turns."""

from typing import Any

import numpy as np

from .view import packed

__all__ = ["Images"]


class Images:
    """``count`` images of ``height`` by ``width`` numbers, side by side, each as it was when it was last read.

    Colours reach as far as the numbers do that were read.
    """

    def __init__(self, name: str, legend: str, *, count: int, height: int, width: int) -> None:
        self.name, self.count, self._legend = name, count, legend
        self._values = np.zeros((count, height, width), np.int64)
        self._read: list[int | None] = [None] * count

    def put(self, k: int, values: np.ndarray, at: int) -> None:
        """Take the numbers of image ``k``, as of moment ``at``; those behind its last are left out, such as a bias."""
        own = self._values[k].reshape(-1)  # a view
        own[: len(values)] = values[: len(own)]
        self._read[k] = at

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
            "levels": packed(128 + np.rint(self._values * 127 / reach)),
        }

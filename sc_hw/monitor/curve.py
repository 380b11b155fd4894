"""A curve that grows as long as somebody looks: of many points every other one goes, so that there are never too many."""

from typing import Any

__all__ = ["MOST", "Curve"]

MOST = 1024  # points


class Curve:
    """Points (samples, part of decisions that are right), evenly thinned out when there are more than ``MOST``."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []
        self._stride, self._given = 1, 0

    def add(self, at: int, value: float) -> None:
        """Take a point; the last one given is always there."""
        if self.points and (self._given - 1) % self._stride:
            self.points.pop()  # it was there only because it was the last
        self.points.append((at, value))
        self._given += 1
        if len(self.points) > MOST:
            self.points, self._stride = self.points[::2], 2 * self._stride

    @property
    def section(self) -> list[list[Any]]:
        """What a page is told."""
        return [[at, round(value, 5)] for at, value in self.points]

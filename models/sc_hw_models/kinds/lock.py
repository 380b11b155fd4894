"""A code of one bit: 1 locks the weight."""

from typing import Any

import numpy as np

from ..fixed import Value, select
from ..kind import Kind, Update

__all__ = ["KIND"]


class Lock(Kind):
    """A synapse learns or it does not."""

    def code_bits(self, config: Any) -> int:
        """Return one."""
        return 1

    def change(self, at: Update) -> Value:
        """Return the change that the code leaves."""
        return select(at.code, 0, super().change(at))

    def change_float(self, config: Any, change: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Return the change that the code leaves, in float64."""
        return np.where(code == config.max_code, 0.0, change)

    def codes(self, importance: np.ndarray, below: np.ndarray, top: int) -> np.ndarray:
        """Return 1 for what is above the median."""
        return np.asarray(importance > np.median(importance), dtype=np.int64)


KIND = Lock(clocks=3, coded=True)

"""After the change, the 2^-(``pull_shift`` + c) part of the distance to the anchor is taken back.

So a *small* code protects; the largest code does not pull at all.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ..fixed import Value, select
from ..kind import Anchoring, Update

__all__ = ["KIND"]


class Pull(Anchoring):
    """Elastic: a weight moves to learn and comes back."""

    pulls: ClassVar[bool] = True

    def noise(self, config: Any) -> dict[str, int]:
        """Return the noise words that the kind draws."""
        return {"pull_noise": (config.pull_shift + config.max_code) * (config.rounding == "stochastic")}

    def settled(self, at: Update, new: Value) -> Value:
        """Take a part of the distance back."""
        c = at.config
        back = at.scaled(at.raised(new - at.state["anchor"]), c.pull_shift + c.max_code, "pull_noise")
        return select(at.code == c.max_code, new, new - back)

    def settled_float(self, config: Any, state: Mapping[str, np.ndarray], weight: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Take a part of the distance back, in float64."""
        part = np.where(code == config.max_code, 0.0, 2.0 ** -(config.pull_shift + code))
        result: np.ndarray = weight - (weight - state["anchor"]) * part
        return result

    def codes(self, importance: np.ndarray, below: np.ndarray, top: int) -> np.ndarray:
        """Return as codes how far each is below the largest."""
        return below


KIND = Pull(clocks=5, coded=True)

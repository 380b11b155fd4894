"""The change is applied with probability 2^-c."""

from typing import Any

import numpy as np

from ..fixed import Value, chance, select
from ..kind import Kind, Update

__all__ = ["KIND"]


class Probabilistic(Kind):
    """A synapse of code c takes part in one of 2^c timesteps."""

    def noise(self, config: Any) -> dict[str, int]:
        """Return the noise words that the kind draws."""
        return {"chance_noise": config.max_code}

    def change(self, at: Update) -> Value:
        """Return the change that the code leaves."""
        return select(chance(at.inputs["chance_noise"], at.code, at.config.max_code), super().change(at), 0)

    def change_float(self, config: Any, change: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Return the change that the code leaves, in float64."""
        return change * 2.0**-code


KIND = Probabilistic(clocks=3, coded=True)

"""How far a fixed-point model lies from its float reference over a run."""

from collections.abc import Mapping

import numpy as np

from .errors import ConfigError

__all__ = ["Deviations"]


class Deviations:
    """Root mean square and largest magnitude of errors by name, gathered timestep after timestep."""

    def __init__(self) -> None:
        self._gathered: dict[str, tuple[int, float, float]] = {}

    def add(self, errors: Mapping[str, np.ndarray]) -> None:
        """Count the errors of one timestep, an array of any size for each name."""
        for name, error in errors.items():
            count, squares, largest = self._gathered.get(name, (0, 0.0, 0.0))
            worst = float(np.abs(error).max(initial=largest))
            self._gathered[name] = count + error.size, squares + float(np.square(error).sum()), worst

    def figures(self) -> dict[str, float]:
        """Return ``NAME_rms`` and ``NAME_max`` of every name, in the unit of the errors.

        Errors: ``ConfigError`` when there were none of a name, or of any.
        """
        empty = [name for name, (count, _, _) in self._gathered.items() if not count]
        if empty or not self._gathered:
            raise ConfigError(f"no errors of {', '.join(empty) or 'anything'} were gathered; compare at least one timestep")
        rms = {f"{name}_rms": (squares / count) ** 0.5 for name, (count, squares, _) in self._gathered.items()}
        return rms | {f"{name}_max": largest for name, (_, _, largest) in self._gathered.items()}

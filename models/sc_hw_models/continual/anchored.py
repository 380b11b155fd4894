"""A quadratic penalty about the weights after the latest task, with one importance that gathers those of all tasks.

Sources: Schwarz et al., "Progress and compress", ICML 2018: online EWC, importances of earlier tasks fade by ``decay``; Aljundi
et al., "Memory aware synapses", ECCV 2018, eqs. 2 to 4: importance is how much the outputs' squared length moves with a weight.
"""

from collections.abc import Iterable

import numpy as np

from ..checks import check_all, check_number
from ..rule import ConfigError
from .ewc import MOST, check_arrays, finite, pulling

__all__ = ["AnchoredPenalty"]

Arrays = list[np.ndarray]


class AnchoredPenalty:
    """The penalty strength/2 sum Omega_i (w_i - w*_i)^2; with each task Omega becomes decay Omega + the task's importance.

    ``shapes`` are those of the layers; ``strength`` at least 0, ``decay`` 0..1. Errors: ``ConfigError`` names the argument.
    """

    def __init__(self, shapes: list[tuple[int, ...]], strength: float, decay: float = 1.0) -> None:
        self.strength, self.decay = check_number("strength", strength, low=0), check_number("decay", decay, low=0, high=1)
        shapes = check_all("shapes", shapes, tuple)
        self.importance, self.anchor = ([np.zeros(shape) for shape in shapes] for _ in range(2))

    @property
    def arrays(self) -> dict[str, Arrays]:
        """All that is kept, by name; to be saved, or written into."""
        return {"importance": self.importance, "anchor": self.anchor}

    def add(self, importance: Arrays, weights: Arrays) -> None:
        """Hold the weights where they are now, by what earlier tasks and this one need of them."""
        for name, arrays in (("importance", importance), ("weights", weights)):
            check_arrays(name, arrays, [a.shape for a in self.anchor])
        if any((np.asarray(i) < 0).any() or (np.asarray(i) > MOST).any() for i in importance):
            raise ConfigError(f"importance: negative values, or above {MOST:g}; allowed are values of at least 0")
        for layer, (i, w) in enumerate(zip(importance, weights, strict=True)):
            self.importance[layer] = self.decay * self.importance[layer] + i
            self.anchor[layer] = np.array(w, dtype=np.float64)

    def value(self, weights: Arrays) -> float:
        """Return the penalty."""
        return finite(self.strength / 2 * float(sum((i * np.square(w - a)).sum() for i, a, w in self._parts(weights))))

    def gradient(self, weights: Arrays) -> Arrays:
        """Return the penalty's gradient for each layer."""
        return [self.strength * i * (w - a) for i, a, w in self._parts(weights)]

    def pull(self, weights: Arrays, lr: float) -> None:
        """Move the weights, in place, to where lr times the penalty plus half the squared distance from them is least."""
        k = pulling(lr, self.strength)
        for i, a, w in self._parts(weights):
            w -= k * i * (w - a) / (1 + k * i)

    def record(self, gradients: Arrays, changes: Arrays) -> None:
        """Nothing: this importance is measured at the end of a task, not gathered on the way."""

    def _parts(self, weights: Arrays) -> Iterable[tuple[np.ndarray, ...]]:
        check_arrays("weights", weights, [a.shape for a in self.anchor])
        return zip(self.importance, self.anchor, weights, strict=True)

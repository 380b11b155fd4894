"""Elastic weight consolidation: a quadratic penalty that holds each weight where an earlier task left it, as hard as it mattered.

Source: Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS 114 (2017), eq. 3.
"""

import math
from collections.abc import Iterable

import numpy as np

from ..checks import as_array, check_all, check_number
from ..errors import shown
from ..rule import ConfigError

__all__ = ["ElasticPenalty"]

Arrays = list[np.ndarray]
MOST = 1e100  # of importance, and of lr times strength: their product with a weight is finite


class ElasticPenalty:
    """The penalty strength/2 sum_t sum_i F_ti (w_i - w*_ti)^2 over every task t registered so far.

    Only sums over tasks are kept (F, F w*, F w*^2), so memory does not grow with their number and no task is overwritten.
    ``shapes`` are those of the layers; ``strength`` (lambda) is at least 0. Errors: ``ConfigError`` for a strength that is
    negative or not finite, an array of another shape, or a Fisher information that is negative or not finite.
    """

    def __init__(self, shapes: list[tuple[int, ...]], strength: float) -> None:
        self.strength = check_number("strength", strength, low=0)
        shapes = check_all("shapes", shapes, tuple)
        self.fisher, self._pulled, self._constant = ([np.zeros(shape) for shape in shapes] for _ in range(3))

    def add(self, fisher: Arrays, weights: Arrays) -> None:
        """Hold the weights where they are now, each by its Fisher information."""
        for name, arrays in (("fisher", fisher), ("weights", weights)):
            check_arrays(name, arrays, [f.shape for f in self.fisher])
        if any((np.asarray(f) < 0).any() or (np.asarray(f) > MOST).any() for f in fisher):
            raise ConfigError(f"fisher: negative values, or above {MOST:g}; a Fisher information is a mean of squares")
        for layer, (f, w) in enumerate(zip(fisher, weights, strict=True)):
            self.fisher[layer] = self.fisher[layer] + f
            self._pulled[layer] = self._pulled[layer] + f * w
            self._constant[layer] = self._constant[layer] + f * w * w

    @property
    def arrays(self) -> dict[str, Arrays]:
        """All that is kept, by name; to be saved, or written into."""
        return {"fisher": self.fisher, "pulled": self._pulled, "constant": self._constant}

    def anchors(self, otherwise: Arrays) -> Arrays:
        """Return where the penalty of each weight is least; ``otherwise`` where it has none."""
        check_arrays("otherwise", otherwise, [f.shape for f in self.fisher])
        return [np.where(f > 0, g / np.where(f > 0, f, 1.0), w) for f, g, _, w in self._parts(otherwise)]

    def value(self, weights: Arrays) -> float:
        """Return the penalty."""
        return finite(self.strength / 2 * float(sum((f * w * w - 2 * g * w + h).sum() for f, g, h, w in self._parts(weights))))

    def pull(self, weights: Arrays, lr: float) -> None:
        """Move the weights, in place, to where lr times the penalty plus half the squared distance from them is least.

        The proximal step (Parikh and Boyd, "Proximal algorithms", 2014): stable for any strength, where a gradient step is not.
        """
        k = pulling(lr, self.strength)
        for f, g, _, w in self._parts(weights):
            w -= k * (f * w - g) / (1 + k * f)

    def gradient(self, weights: Arrays) -> Arrays:
        """Return the penalty's gradient for each layer."""
        return [self.strength * (f * w - g) for f, g, _, w in self._parts(weights)]

    def record(self, gradients: Arrays, changes: Arrays) -> None:
        """Nothing: this importance is measured at the end of a task, not gathered on the way."""

    def _parts(self, weights: Arrays) -> Iterable[tuple[np.ndarray, ...]]:
        """Return for each layer the sums over tasks of F, F w* and F w*^2, and the weights, after checking those."""
        check_arrays("weights", weights, [f.shape for f in self.fisher])
        return zip(self.fisher, self._pulled, self._constant, weights, strict=True)


def pulling(lr: float, strength: float) -> float:
    """Return how strongly a proximal step pulls, lr times strength; no more than is finite, where weights reach their anchors."""
    return min(check_number("lr", lr, above=0) * strength, MOST)


def finite(penalty: float) -> float:
    """Return the value of a penalty, or refuse weights that make it overflow."""
    if not math.isfinite(penalty):
        raise ConfigError("weights: so large that the penalty is not finite; allowed are smaller ones")
    return penalty


def check_arrays(name: str, arrays: Arrays, shapes: list[tuple[int, ...]]) -> None:
    """Refuse arrays of other shapes than the layers', or that are no finite real numbers; ``ConfigError`` names them ``name``."""
    if not isinstance(arrays, list | tuple):
        raise ConfigError(f"{name}: {type(arrays).__name__} given; allowed is a list with an array for each layer")
    given = [as_array(name, array) for array in arrays]
    if [array.shape for array in given] != shapes or any(array.dtype.kind not in "biuf" for array in given):
        raise ConfigError(f"{name}: shapes {shown([array.shape for array in given])} given; allowed are {shapes} of real numbers")
    if not all(np.isfinite(array).all() for array in given):
        raise ConfigError(f"{name}: not finite")

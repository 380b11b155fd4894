"""Synaptic intelligence: importance gathered while learning, as each weight's share in the fall of the loss.

Source: Zenke, Poole and Ganguli, "Continual learning through synaptic intelligence", ICML 2017, eqs. 3 to 5.
"""

from collections.abc import Iterable

import numpy as np

from ..checks import as_array, check_number
from ..rule import ConfigError
from .ewc import check_arrays, finite, pulling

__all__ = ["SynapticIntelligence"]

Arrays = list[np.ndarray]


class SynapticIntelligence:
    """Path integral of each weight and the penalty c sum_i Omega_i (w_i - w*_i)^2 that it leads to.

    ``path`` is the running -sum g_i dw_i of the current task, whose sum over all weights is the fall of the loss for small
    steps. At the end of a task Omega_i grows by max(path_i, 0) / ((w_i - w_i at its start)^2 + ``damping``), the anchor
    w* becomes the weights, and the path starts anew. Parameters: the weights before the first task, ``strength`` (c) >= 0
    and ``damping`` (xi) > 0. Errors: ``ConfigError`` names what is out of range or of another shape.
    """

    def __init__(self, weights: Arrays, *, strength: float = 0.1, damping: float = 1e-3) -> None:
        self.strength, self.damping = check_number("strength", strength, low=0), check_number("damping", damping, above=0)
        if not isinstance(weights, list | tuple):
            raise ConfigError(f"weights: {type(weights).__name__} given; allowed is a list with an array for each layer")
        check_arrays("weights", weights, [np.shape(as_array("weights", weight)) for weight in weights])
        self.anchor = [np.array(weight, dtype=np.float64) for weight in weights]
        self.path = [np.zeros(weight.shape) for weight in self.anchor]
        self.importance = [np.zeros(weight.shape) for weight in self.anchor]

    @property
    def arrays(self) -> dict[str, Arrays]:
        """All that is kept, by name; to be saved, or written into."""
        return {"anchor": self.anchor, "path": self.path, "importance": self.importance}

    def record(self, gradients: Arrays, changes: Arrays) -> None:
        """Count one step of training: the gradient of the task's own loss, and the change of each weight."""
        for name, arrays in (("gradients", gradients), ("changes", changes)):
            check_arrays(name, arrays, [weight.shape for weight in self.anchor])
        self.path = [path - g * change for path, g, change in zip(self.path, gradients, changes, strict=True)]

    def finish_task(self, weights: Arrays) -> None:
        """Turn the path into importance and make the weights the anchor."""
        check_arrays("weights", weights, [weight.shape for weight in self.anchor])
        for layer, (path, weight, start) in enumerate(zip(self.path, weights, self.anchor, strict=True)):
            gained = np.maximum(path, 0) / (np.square(weight - start) + self.damping)
            self.importance[layer] = self.importance[layer] + gained
        self.anchor = [np.array(weight, dtype=np.float64) for weight in weights]
        self.path = [np.zeros(weight.shape) for weight in self.anchor]

    def penalty(self, weights: Arrays) -> float:
        """Return the penalty."""
        return finite(self.strength * float(sum((o * np.square(w - anchor)).sum() for o, anchor, w in self._parts(weights))))

    def pull(self, weights: Arrays, lr: float) -> None:
        """Move the weights, in place, to where lr times the penalty plus half the squared distance from them is least."""
        k = pulling(lr, 2 * self.strength)
        for omega, anchor, w in self._parts(weights):
            w -= k * omega * (w - anchor) / (1 + k * omega)

    def gradient(self, weights: Arrays) -> Arrays:
        """Return the penalty's gradient 2c Omega (w - w*) for each layer."""
        return [2 * self.strength * omega * (w - anchor) for omega, anchor, w in self._parts(weights)]

    def _parts(self, weights: Arrays) -> Iterable[tuple[np.ndarray, ...]]:
        """Return for each layer importance, anchor and weights, after checking the last."""
        check_arrays("weights", weights, [anchor.shape for anchor in self.anchor])
        return zip(self.importance, self.anchor, weights, strict=True)

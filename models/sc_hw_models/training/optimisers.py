"""Optimisers: they change arrays of weights in place; ``lr`` may be set between steps, which is all a schedule does."""

import math
from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np

from ..checks import check_all, check_number
from ..rule import ConfigError

__all__ = ["SGD", "Adam", "Optimiser", "Penalty", "follow", "protected_step"]

Arrays = list[np.ndarray]
_BLOCK = 2**14  # values of an array worked on at once


@runtime_checkable
class Optimiser(Protocol):
    """What learners ask of an optimiser; ``state`` is all that a checkpoint must keep of it."""

    lr: float

    def step(self, weights: Arrays, gradients: Arrays) -> None:
        """Change the weights by one step against the gradients."""

    @property
    def state(self) -> Arrays:
        """The arrays to keep."""


@runtime_checkable
class Penalty(Protocol):
    """What holds weights where earlier tasks left them: EWC, SI and their kin."""

    @property
    def arrays(self) -> dict[str, Arrays]:
        """All that is kept, by name, one array a layer; to be saved, or written into."""

    def gradient(self, weights: Arrays) -> Arrays:
        """Return the penalty's gradient for each layer."""

    def pull(self, weights: Arrays, lr: float) -> None:
        """Move the weights, in place, to where lr times the penalty plus half the squared distance from them is least."""

    def record(self, gradients: Arrays, changes: Arrays) -> None:
        """Count one step of training: the gradient of the task's own loss, and the change of each weight."""


def follow(optimiser: Optimiser, k: int, layers: int, carried: Callable[[np.ndarray], np.ndarray]) -> None:
    """Carry what an optimiser of so many ``layers`` keeps for the synapses of layer ``k`` over to others (``network.Wiring``)."""
    for j in range(k, len(optimiser.state), layers):
        if optimiser.state[j].ndim:
            optimiser.state[j] = carried(optimiser.state[j])


def protected_step(optimiser: Optimiser, weights: Arrays, gradients: Arrays, penalty: Penalty | None) -> None:
    """Change the weights by one step against the loss and what protects them.

    The penalty acts by its gradient with ``Adam`` and by a proximal step with ``SGD``, which no strength makes unstable.
    """
    if penalty is None:
        optimiser.step(weights, gradients)
        return
    before = [w.copy() for w in weights]
    if isinstance(optimiser, SGD):
        optimiser.step(weights, gradients)
        penalty.pull(weights, optimiser.lr)
    else:
        optimiser.step(weights, [g + p for g, p in zip(gradients, penalty.gradient(weights), strict=True)])
    penalty.record(gradients, [w - b for w, b in zip(weights, before, strict=True)])


class SGD:
    """w <- w - lr g, with momentum: v <- momentum v + g, w <- w - lr v. ``lr`` above 0, ``momentum`` 0 <= m < 1."""

    def __init__(self, lr: float = 0.1, *, momentum: float = 0.0) -> None:
        self.lr = check_number("lr", lr, above=0)
        self.momentum = check_number("momentum", momentum, low=0, below=1)
        self.state: Arrays = []

    def step(self, weights: Arrays, gradients: Arrays) -> None:
        """Change the weights by one step against the gradients."""
        _check(weights, gradients, self.state, 1)
        self.state = self.state or [np.zeros(w.shape) for w in weights]
        for w, g, v in zip(weights, gradients, self.state, strict=True):
            v *= self.momentum
            v += g
            w -= self.lr * v


class Adam:
    """Adam of Kingma and Ba, ICLR 2015, algorithm 1. ``lr`` and ``epsilon`` above 0, 0 <= ``beta1``, ``beta2`` < 1."""

    def __init__(self, lr: float = 1e-3, *, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> None:
        self.lr, self.epsilon = check_number("lr", lr, above=0), check_number("epsilon", epsilon, above=0)
        self.beta1, self.beta2 = (check_number(n, b, low=0, below=1) for n, b in (("beta1", beta1), ("beta2", beta2)))
        self.state: Arrays = []  # first moments, second moments, number of steps

    def step(self, weights: Arrays, gradients: Arrays) -> None:
        """Change the weights by one step against the gradients."""
        _check(weights, gradients, self.state[:-1], 2)
        n = len(weights)
        self.state = self.state or [np.zeros(w.shape) for w in (*weights, *weights)] + [np.zeros(())]
        self.state[-1] += 1
        t = float(self.state[-1])
        for arrays in zip(weights, gradients, self.state[:n], self.state[n : 2 * n], strict=True):
            for w, g, m, v in _blocks(*arrays):
                m += (1 - self.beta1) * (g - m)
                v += (1 - self.beta2) * (g * g - v)
                w -= self.lr / (1 - self.beta1**t) * m / (np.sqrt(v / (1 - self.beta2**t)) + self.epsilon)


def _blocks(*arrays: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield a few rows of each array at a time, so few that what is computed of them stays in a processor's cache."""
    arrays = tuple(np.atleast_1d(array) for array in arrays)
    rows = max(1, _BLOCK // max(1, math.prod(arrays[0].shape[1:])))
    for start in range(0, len(arrays[0]), rows):
        yield tuple(array[start : start + rows] for array in arrays)


def _check(weights: Arrays, gradients: Arrays, state: Arrays, moments: int) -> None:
    check_all("weights", weights, np.ndarray)
    check_all("gradients", gradients, np.ndarray)
    if not all(g.dtype.kind in "fiu" and np.isfinite(g).all() for g in gradients):
        raise ConfigError("gradients: not all finite real numbers; allowed are such (weights too large? give a smaller lr)")
    if [w.shape for w in weights] != [np.shape(g) for g in gradients]:
        raise ConfigError(f"gradients: shapes {[np.shape(g) for g in gradients]}; allowed are {[w.shape for w in weights]}")
    if state and [s.shape for s in state] != moments * [w.shape for w in weights]:
        learned = [s.shape for s in state[: len(state) // moments]]
        raise ConfigError(
            f"weights: shapes {[w.shape for w in weights]}; this optimiser learns {learned}: make one for each learner"
        )

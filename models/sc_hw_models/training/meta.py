"""Model-agnostic meta-learning: weights from which a task is learned in a few steps of gradient descent.

Source: Finn, Abbeel and Levine, "Model-agnostic meta-learning for fast adaptation of deep networks", ICML 2017, algorithm 1;
the first-order form is theirs too, section 5.2. Second-order derivatives are exact, by Pearlmutter's R operator
(Neural Computation 6 (1994)).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np

from ..checks import check_array, check_number, new_generator
from ..rule import ConfigError, check_integer
from .optimisers import Adam, Optimiser

__all__ = ["MetaLearner", "TanhRegressor", "Task", "Trainable"]

Arrays = list[np.ndarray]
Batch = tuple[np.ndarray, np.ndarray]  # inputs, targets
Task = tuple[Batch, Batch]  # what to adapt on (support), what to be judged on (query)


class Trainable(Protocol):
    """A network whose loss has a gradient, and for the second-order form a Hessian."""

    weights: Arrays

    def gradient(self, weights: Arrays, batch: Batch) -> tuple[float, Arrays]:
        """Return the loss and its gradient."""

    def hessian_product(self, weights: Arrays, batch: Batch, direction: Arrays) -> Arrays:
        """Return the loss's Hessian times ``direction``."""


class MetaLearner:
    """MAML: ``steps`` >= 1 of gradient descent at ``inner_lr`` > 0 for each task, then one of Adam at ``outer_lr`` for all.

    The outer gradient goes through the inner steps; with ``first_order`` it is taken at their end as if they were constant.
    ``network.weights`` are changed in place. Errors: ``ConfigError`` names the argument.
    """

    def __init__(
        self, network: Trainable, inner_lr: float = 0.01, outer_lr: float = 0.001, *, steps: int = 1, first_order: bool = False,
        optimiser: Optimiser | None = None,
    ) -> None:  # fmt: skip
        self.network, self.first_order = network, first_order
        self.inner_lr, self.steps = check_number("inner_lr", inner_lr, above=0), check_integer("steps", steps, 1, 10_000)
        self.optimiser = optimiser or Adam(check_number("outer_lr", outer_lr, above=0))

    def adapt(self, support: Batch, steps: int | None = None) -> Arrays:
        """Return the weights after ``steps`` >= 0 (default: those of training) on a task; the network keeps its own."""
        count = self.steps if steps is None else check_integer("steps", steps, 0, 10_000)
        return self._path(support, count)[-1]

    def meta_gradient(self, task: Task) -> tuple[float, Arrays]:
        """Return the loss on the query after adapting to the support, and its gradient for the weights before."""
        support, query = task
        path = self._path(support, self.steps)
        loss, gradient = self.network.gradient(path[-1], query)
        if not self.first_order:
            for weights in reversed(path[:-1]):  # d w[k+1] / d w[k] = 1 - inner_lr Hessian, which is symmetric
                product = self.network.hessian_product(weights, support, gradient)
                gradient = [g - self.inner_lr * h for g, h in zip(gradient, product, strict=True)]
        return loss, gradient

    def train_step(self, tasks: Sequence[Task]) -> float:
        """Learn from a batch of tasks and return the mean loss after adaptation."""
        if not len(tasks):
            raise ConfigError("tasks: none; give at least one")
        results = [self.meta_gradient(task) for task in tasks]
        mean = [np.mean(parts, axis=0) for parts in zip(*(gradient for _, gradient in results), strict=True)]
        self.optimiser.step(self.network.weights, mean)
        return float(np.mean([loss for loss, _ in results]))

    def _path(self, support: Batch, steps: int) -> list[Arrays]:
        """Return the weights before each inner step and after the last."""
        path = [self.network.weights]
        for _ in range(steps):
            _, gradient = self.network.gradient(path[-1], support)
            path.append([w - self.inner_lr * g for w, g in zip(path[-1], gradient, strict=True)])
        return path


class TanhRegressor:
    """A perceptron with tanh between its layers and mean squared error; weights and biases of each layer alternate.

    ``sizes``: inputs, hidden layers, outputs. Weights ``(n, m)`` are normal with deviation sqrt(1/n), from ``seed``.
    """

    def __init__(self, sizes: Sequence[int], seed: int = 0) -> None:
        if len(sizes) < 2:
            raise ConfigError(f"sizes={list(sizes)}: allowed are at least two, inputs and outputs")
        for size in sizes:
            check_integer("sizes", size, 1, 2**31 - 1)
        g = new_generator(seed)
        self.sizes = list(sizes)
        self.weights: Arrays = []
        for n, m in pairwise(sizes):
            self.weights += [g.normal(0.0, n**-0.5, (n, m)), np.zeros(m)]

    def predict(self, weights: Arrays, inputs: np.ndarray) -> np.ndarray:
        """Return outputs ``(samples, outputs)`` of inputs ``(samples, inputs)``."""
        return self._forward(weights, check_array("inputs", inputs, (None, self.sizes[0])))[-1]

    def gradient(self, weights: Arrays, batch: Batch) -> tuple[float, Arrays]:
        """Return the mean of (y - y*)^2 over samples and outputs, and its gradient."""
        inputs, targets = self._checked(batch)
        activities = self._forward(weights, inputs)
        error = activities[-1] - targets
        result: Arrays = []
        delta = 2 * error / error.size
        for k in range(len(weights) - 2, -1, -2):
            below = activities[k // 2]
            result[:0] = [below.T @ delta, delta.sum(axis=0)]
            delta = (delta @ weights[k].T) * (1 - below**2)
        return float(np.mean(error**2)), result

    def hessian_product(self, weights: Arrays, batch: Batch, direction: Arrays) -> Arrays:
        """Return the Hessian times ``direction``: the derivative of every line of ``gradient`` along it."""
        inputs, targets = self._checked(batch)
        activities, moved = self._forward(weights, inputs), [np.zeros(inputs.shape)]
        for k in range(0, len(weights), 2):
            change = activities[k // 2] @ direction[k] + moved[-1] @ weights[k] + direction[k + 1]
            moved.append(change if k == len(weights) - 2 else change * (1 - activities[k // 2 + 1] ** 2))
        error = activities[-1] - targets
        result: Arrays = []
        delta, delta_moved = 2 * error / error.size, 2 * moved[-1] / error.size
        for k in range(len(weights) - 2, -1, -2):
            below, below_moved = activities[k // 2], moved[k // 2]
            result[:0] = [below_moved.T @ delta + below.T @ delta_moved, delta_moved.sum(axis=0)]
            back = delta @ weights[k].T
            back_moved = delta_moved @ weights[k].T + delta @ direction[k].T
            delta, delta_moved = back * (1 - below**2), back_moved * (1 - below**2) - 2 * back * below * below_moved
        return result

    def _forward(self, weights: Arrays, inputs: np.ndarray) -> Arrays:
        activities = [inputs]
        for k in range(0, len(weights), 2):
            z = activities[-1] @ weights[k] + weights[k + 1]
            activities.append(z if k == len(weights) - 2 else np.tanh(z))
        return activities

    def _checked(self, batch: Batch) -> Batch:
        inputs = check_array("inputs", batch[0], (None, self.sizes[0]))
        return inputs, check_array("targets", batch[1], (len(inputs), self.sizes[-1]))

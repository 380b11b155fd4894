"""Model-agnostic meta-learning: weights from which a task is learned in a few steps of gradient descent.

Source: Finn, Abbeel and Levine, "Model-agnostic meta-learning for fast adaptation of deep networks", ICML 2017, algorithm 1;
the first-order form is theirs too, section 5.2. Second-order derivatives are exact, by Pearlmutter's R operator
(Neural Computation 6 (1994)).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..checks import check_array, check_instance, check_number, check_sizes, new_generator
from ..network import Network
from ..rule import ConfigError, check_integer
from .losses import Loss, squared_error
from .optimisers import Adam, Optimiser
from .spiking import SpikingTrainable

__all__ = ["MetaLearner", "TanhRegressor", "Task", "Trainable"]

Arrays = list[np.ndarray]
Batch = tuple[np.ndarray, np.ndarray]  # inputs, targets
Task = tuple[Batch, Batch]  # what to adapt on (support), what to be judged on (query)


class Trainable(Protocol):
    """A network whose loss has a gradient; for the second-order form it is ``Smooth`` too."""

    @property
    def weights(self) -> Arrays:
        """The weights; the arrays themselves."""

    def gradient(self, weights: Arrays, batch: Batch) -> tuple[float, Arrays]:
        """Return the loss and its gradient."""


@runtime_checkable
class Smooth(Trainable, Protocol):
    """One whose loss has a Hessian too."""

    def hessian_product(self, weights: Arrays, batch: Batch, direction: Arrays) -> Arrays:
        """Return the loss's Hessian times ``direction``."""


class MetaLearner:
    """MAML: ``steps`` >= 1 of gradient descent at ``inner_lr`` > 0 for each task, then one of Adam at ``outer_lr`` for all.

    ``network`` is a ``Network``, which learns by backpropagation through time from ``loss_fn``, or any ``Trainable``. A task is
    ``(inputs, targets)``, or two such pairs: what to adapt on (support) and what to be judged on (query); one pair is both. The
    outer gradient goes through the inner steps; with ``first_order`` it is taken at their end as if they were constant: the
    only form for spiking networks, whose surrogate gradient is the gradient of no function, and the default (None) for them.
    The network's weights are changed in place. Errors: ``ConfigError`` names the argument.
    """

    def __init__(
        self,
        network: Network | Trainable,
        inner_lr: float = 0.01,
        outer_lr: float = 0.001,
        *,
        steps: int = 1,
        first_order: bool | None = None,
        loss_fn: Loss = squared_error,
        optimiser: Optimiser | None = None,
    ) -> None:
        trainable: Trainable = SpikingTrainable(network, loss_fn) if isinstance(network, Network) else network
        if not callable(getattr(trainable, "gradient", None)) or not isinstance(getattr(trainable, "weights", None), list):
            raise ConfigError(f"network: {type(network).__name__} given; allowed are Network and what has weights and gradient")
        smooth = isinstance(trainable, Smooth)
        if first_order is not None:
            check_instance("first_order", first_order, bool)
        if first_order is False and not smooth:
            raise ConfigError("first_order=False: this network has no hessian_product; allowed are True and None")
        self.network, self.first_order = trainable, not smooth if first_order is None else first_order
        self.inner_lr, self.steps = check_number("inner_lr", inner_lr, above=0), check_integer("steps", steps, 1, 10_000)
        outer_lr = check_number("outer_lr", outer_lr, above=0)
        self.optimiser: Optimiser = Adam(outer_lr) if optimiser is None else check_instance("optimiser", optimiser, Optimiser)  # type: ignore[type-abstract]

    def adapt(self, task_data: Batch, n_steps: int | None = None) -> Arrays:
        """Return the weights after ``n_steps`` >= 0 (default: ``steps``) on a task; the network keeps its own."""
        count = self.steps if n_steps is None else check_integer("n_steps", n_steps, 0, 10_000)
        return [np.array(w) for w in self._path(_pair("task_data", task_data), count)[-1]]

    def inner_loop(self, task_data: Batch, n_steps: int = 5) -> None:
        """Adapt the network itself to a task by ``n_steps`` >= 0."""
        for w, adapted in zip(self.network.weights, self.adapt(task_data, n_steps), strict=True):
            w[...] = adapted

    def meta_gradient(self, task: Task | Batch) -> tuple[float, Arrays]:
        """Return the loss on the query after adapting to the support, and its gradient for the weights before."""
        first, second = _pair("task", task)
        both = isinstance(first, tuple | list) and isinstance(second, tuple | list) and len(first) == len(second) == 2
        support: Batch
        query: Batch
        support, query = (_pair("support", first), _pair("query", second)) if both else ((first, second), (first, second))
        path = self._path(support, self.steps)
        loss, gradient = self.network.gradient(path[-1], query)
        if not self.first_order and isinstance(self.network, Smooth):
            for weights in reversed(path[:-1]):  # d w[k+1] / d w[k] = 1 - inner_lr Hessian, which is symmetric
                product = self.network.hessian_product(weights, support, gradient)
                gradient = [g - self.inner_lr * h for g, h in zip(gradient, product, strict=True)]
        return _finite(loss, gradient)

    def outer_step(self, tasks: Sequence[Task | Batch]) -> float:
        """Learn from a batch of tasks and return the mean loss after adaptation."""
        if not isinstance(tasks, list | tuple) or not len(tasks):
            raise ConfigError("tasks: none, or no list; give a list with at least one")
        results = [self.meta_gradient(task) for task in tasks]
        mean = [np.mean(parts, axis=0) for parts in zip(*(gradient for _, gradient in results), strict=True)]
        self.optimiser.step(self.network.weights, mean)
        return float(np.mean([loss for loss, _ in results]))

    def _path(self, support: Batch, steps: int) -> list[Arrays]:
        """Return the weights before each inner step and after the last."""
        path = [self.network.weights]
        for _ in range(steps):
            _, gradient = _finite(*self.network.gradient(path[-1], support))
            path.append([w - self.inner_lr * g for w, g in zip(path[-1], gradient, strict=True)])
        return path


def _pair(name: str, value: Any) -> Any:
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ConfigError(f"{name}: {type(value).__name__} given; allowed are pairs: inputs and targets")
    return value


def _finite(loss: float, gradient: Arrays) -> tuple[float, Arrays]:
    """Return both, or refuse to go on with what is not finite."""
    if not np.isfinite(loss) or not all(np.isfinite(g).all() for g in gradient):
        raise ConfigError(f"inner_lr: the loss is {loss}, or its gradient is not finite; give a smaller one")
    return loss, gradient


class TanhRegressor:
    """A perceptron with tanh between its layers and mean squared error; weights and biases of each layer alternate.

    ``sizes``: inputs, hidden layers, outputs. Weights ``(n, m)`` are normal with deviation sqrt(1/n), from ``seed``.
    """

    def __init__(self, sizes: Sequence[int], seed: int = 0) -> None:
        g = new_generator(seed)
        self.sizes = check_sizes("sizes", sizes)
        self.weights: Arrays = []
        for n, m in pairwise(self.sizes):
            self.weights += [g.normal(0.0, n**-0.5, (n, m)), np.zeros(m)]

    def predict(self, weights: Arrays, inputs: np.ndarray) -> np.ndarray:
        """Return outputs ``(samples, outputs)`` of inputs ``(samples, inputs)``."""
        return self._forward(self._weights(weights), check_array("inputs", inputs, (None, self.sizes[0])))[-1]

    def gradient(self, weights: Arrays, batch: Batch) -> tuple[float, Arrays]:
        """Return the mean of (y - y*)^2 over samples and outputs, and its gradient."""
        weights = self._weights(weights)
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
        weights, direction = self._weights(weights), self._weights(direction, "direction")
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

    def _weights(self, arrays: Arrays, name: str = "weights") -> Arrays:
        """Return arrays in the shapes of the weights, or refuse them."""
        if not isinstance(arrays, list | tuple) or len(arrays) != len(self.weights):
            raise ConfigError(f"{name}: allowed is a list of {len(self.weights)} arrays, in the shapes of the network's weights")
        return [check_array(name, array, w.shape) for array, w in zip(arrays, self.weights, strict=True)]

    def _checked(self, batch: Batch) -> Batch:
        batch = _pair("batch", batch)
        inputs = check_array("inputs", batch[0], (None, self.sizes[0]))
        return inputs, check_array("targets", batch[1], (len(inputs), self.sizes[-1]))

"""Training on one task after another, with what protects the earlier ones; it can be stopped after any epoch and resumed."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from ..checks import as_array, check_array, check_number
from ..rule import ConfigError, check_integer
from ..training.optimisers import SGD, Adam, Optimiser
from .ewc import ElasticPenalty
from .fisher import Perceptron, fisher_diagonal
from .si import SynapticIntelligence

__all__ = ["METHODS", "OPTIMISERS", "ContinualTrainer"]

METHODS = ("none", "ewc", "si")
OPTIMISERS = ("adam", "sgd")

Arrays = list[np.ndarray]


class ContinualTrainer:
    """A perceptron (ReLU, no biases, softmax) with one output layer for all tasks, or one for each.

    ``sizes``: inputs, hidden layers, classes of a task. ``heads`` (1 or the number of tasks) is the number of output layers.
    ``method``: ``none``; ``ewc`` with the exact Fisher information of ``fisher_samples`` inputs and ``strength`` lambda; ``si``
    with ``strength`` c and ``damping`` xi. The penalty acts by its gradient with ``adam`` and by a proximal step with ``sgd``.
    Every task starts with a new optimiser. Everything random follows from ``seed``, task and epoch, so that a trainer restored
    from ``state`` goes on as if it had never stopped. Errors: ``ConfigError`` names the argument.
    """

    def __init__(
        self, sizes: Sequence[int], heads: int = 1, *, method: str = "ewc", strength: float = 1.0, damping: float = 1e-3,
        optimiser: str = "adam", lr: float = 1e-3, batch: int = 64, fisher_samples: int = 2000, seed: int = 0,
    ) -> None:  # fmt: skip
        for name, value, allowed in (("method", method, METHODS), ("optimiser", optimiser, OPTIMISERS)):
            if value not in allowed:
                raise ConfigError(f"{name}={value!r}: not known; allowed are {', '.join(allowed)}")
        if len(sizes) < 2:
            raise ConfigError(f"sizes={list(sizes)}: allowed are at least two, inputs and classes")
        sizes = [check_integer("sizes", size, 1, 2**31 - 1) for size in sizes]
        self.sizes, self.heads, self.method = list(sizes), check_integer("heads", heads, 1, 10_000), method
        self.seed = check_integer("seed", seed, 0, 2**63 - 1)
        self.lr, self.batch = check_number("lr", lr, above=0), check_integer("batch", batch, 1, 2**31 - 1)
        self.fisher_samples = check_integer("fisher_samples", fisher_samples, 1, 2**31 - 1)
        self._new_optimiser = Adam if optimiser == "adam" else SGD
        self.optimiser: Optimiser = self._new_optimiser(self.lr)
        self.network, self.task, self.epoch = Perceptron("softmax"), 0, 0
        g = np.random.default_rng([self.seed, 0])
        outputs = [(sizes[-1], sizes[-2])] * self.heads
        shapes: list[tuple[int, ...]] = [*((m, n) for n, m in pairwise(sizes[:-1])), *outputs]
        self.weights: Arrays = [g.uniform(-1.0, 1.0, shape) / shape[1] ** 0.5 for shape in shapes]
        self.penalty: ElasticPenalty | SynapticIntelligence | None = None
        if method == "ewc":
            self.penalty = ElasticPenalty(shapes, strength)
        elif method == "si":
            self.penalty = SynapticIntelligence(self.weights, strength=strength, damping=damping)

    @property
    def names(self) -> list[str]:
        """A name for each array of weights: ``hidden0``, ..., ``output0``, ..."""
        hidden = len(self.sizes) - 2
        return [*(f"hidden{k}" for k in range(hidden)), *(f"output{k}" for k in range(self.heads))]

    @property
    def importance(self) -> Arrays:
        """How much each weight matters for the tasks finished, one array a layer; zeros with method ``none``."""
        if isinstance(self.penalty, SynapticIntelligence):
            return list(self.penalty.importance)
        return list(self.penalty.fisher) if self.penalty else [np.zeros(w.shape) for w in self.weights]

    def train_epoch(self, inputs: np.ndarray, labels: np.ndarray) -> float:
        """Learn once from each sample of the current task, ``(samples, inputs)`` and classes ``(samples,)``; return the loss."""
        if self.heads > 1:
            check_integer("task", self.task, 0, self.heads - 1)
        inputs, labels = self._checked(inputs, labels)
        order = np.random.default_rng([self.seed, 1, self.task, self.epoch]).permutation(len(inputs))
        total = 0.0
        for start in range(0, len(order), self.batch):
            chosen = order[start : start + self.batch]
            total += len(chosen) * self._step(inputs[chosen], labels[chosen])
        self.epoch += 1
        return total / len(inputs)

    def finish_task(self, inputs: np.ndarray, labels: np.ndarray) -> None:
        """Protect what the current task has taught, and go on to the next."""
        inputs, _ = self._checked(inputs, labels)
        if isinstance(self.penalty, ElasticPenalty):
            chosen = np.random.default_rng([self.seed, 2, self.task]).permutation(len(inputs))[: self.fisher_samples]
            found = [np.zeros(w.shape) for w in self.weights]
            active = self._active(self.task)
            fisher = fisher_diagonal(self.network, [self.weights[k] for k in active], inputs[chosen])
            for k, array in zip(active, fisher, strict=True):
                found[k] = array
            self.penalty.add(found, self.weights)
        elif self.penalty:
            self.penalty.finish_task(self.weights)
        self.task, self.epoch, self.optimiser = self.task + 1, 0, self._new_optimiser(self.lr)

    def accuracy(self, task: int, inputs: np.ndarray, labels: np.ndarray) -> float:
        """Return the fraction of a task's samples that its output layer gets right."""
        task = check_integer("task", task, 0, self.heads - 1 if self.heads > 1 else 2**31 - 1)
        inputs, labels = self._checked(inputs, labels)
        p = self.network.probabilities([self.weights[k] for k in self._active(task)], inputs)
        return float((p.argmax(axis=1) == labels).mean())

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Everything that training has changed, as named arrays; copy them if training goes on."""
        groups = self._groups() | {"optimiser": self.optimiser.state}
        arrays = {f"{group}{k}": array for group, arrays in groups.items() for k, array in enumerate(arrays)}
        return arrays | {"progress": np.array([self.task, self.epoch])}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from a ``state`` of a trainer with the same arguments."""
        for group, arrays in self._groups().items():
            for k, array in enumerate(arrays):
                array[...] = check_array(f"{group}{k}", state[f"{group}{k}"], array.shape)
        kept = sorted((name for name in state if name.startswith("optimiser")), key=lambda name: int(name[len("optimiser") :]))
        self.optimiser = self._new_optimiser(self.lr)
        self.optimiser.state = [np.array(state[name]) for name in kept]
        self.task, self.epoch = (int(n) for n in state["progress"])

    def _groups(self) -> dict[str, Arrays]:
        return {"weights": self.weights} | (self.penalty.arrays if self.penalty else {})

    def _active(self, task: int) -> list[int]:
        """Return the layers a task uses: the hidden ones and its output layer."""
        hidden = len(self.sizes) - 2
        return [*range(hidden), hidden + (task if self.heads > 1 else 0)]

    def _step(self, inputs: np.ndarray, labels: np.ndarray) -> float:
        active = self._active(self.task)
        loss, found = self.network.loss_gradient([self.weights[k] for k in active], inputs, labels)
        gradients = [np.zeros(w.shape) for w in self.weights]
        for k, gradient in zip(active, found, strict=True):
            gradients[k] = gradient
        before = [w.copy() for w in self.weights] if isinstance(self.penalty, SynapticIntelligence) else []
        by_gradient = isinstance(self.optimiser, Adam)
        pulls = self.penalty.gradient(self.weights) if self.penalty and by_gradient else []
        self.optimiser.step(self.weights, [g + p for g, p in zip(gradients, pulls, strict=True)] if pulls else gradients)
        if self.penalty and not by_gradient:
            self.penalty.pull(self.weights, self.lr)
        if isinstance(self.penalty, SynapticIntelligence):
            self.penalty.record(gradients, [w - b for w, b in zip(self.weights, before, strict=True)])
        return loss

    def _checked(self, inputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inputs, labels = check_array("inputs", inputs, (None, self.sizes[0])), as_array("labels", labels)
        good = labels.shape == (len(inputs),) and labels.dtype.kind in "iu"
        if not good or labels.min() < 0 or labels.max() >= self.sizes[-1]:
            raise ConfigError(
                f"labels: {labels.dtype} of shape {labels.shape}; allowed are {len(inputs)} classes 0..{self.sizes[-1] - 1}"
            )
        return inputs, labels

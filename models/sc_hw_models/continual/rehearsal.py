"""Learning new tasks together with old ones: from samples that were kept, or from what the network said before.

Sources: Rolnick et al., "Experience replay for continual learning", NeurIPS 2019; van de Ven, Tuytelaars and Tolias, "Three
types of incremental learning", Nature Machine Intelligence 4 (2022), for the weights of old and new; Li and Hoiem, "Learning
without forgetting", ECCV 2016, with the distillation of Hinton et al. (2015) at temperature 2.
"""

import numpy as np

from ..checks import as_array, check_all, check_array, check_instance
from ..rule import ConfigError, check_integer
from .fisher import Perceptron

__all__ = ["TEMPERATURE", "ReplayBuffer", "distilled"]

TEMPERATURE = 2.0
Arrays = list[np.ndarray]


class ReplayBuffer:
    """Up to ``size`` >= 1 samples of each finished task, drawn evenly; with ``None``, all of them. Errors: ``ConfigError``."""

    def __init__(self, size: int | None) -> None:
        self.size = None if size is None else check_integer("size", size, 1, 2**31 - 1)
        self.tasks: list[tuple[np.ndarray, np.ndarray]] = []

    def keep(self, inputs: np.ndarray, labels: np.ndarray, seed: list[int]) -> None:
        """Keep samples of a task, ``(samples, n)`` with a label each; which, follows from ``seed``, integers from 0."""
        inputs, labels = check_array("inputs", inputs, (None, None)), as_array("labels", labels)
        if labels.shape != inputs.shape[:1]:
            raise ConfigError(f"labels: shape {labels.shape} given; allowed is ({len(inputs)},)")
        seeds = [check_integer("seed", value, 0, 2**63 - 1) for value in check_all("seed", seed, int)]
        chosen = np.random.default_rng(seeds).permutation(len(inputs))[: self.size]
        self.tasks.append((inputs[chosen], labels[chosen]))

    def draw(self, task: int, count: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return ``count`` >= 1 samples of a task, with replacement."""
        if not self.tasks:
            raise ConfigError("draw: no task was kept; call keep first")
        inputs, labels = self.tasks[check_integer("task", task, 0, len(self.tasks) - 1)]
        count = check_integer("count", count, 1, 2**31 - 1)
        chosen = check_instance("generator", generator, np.random.Generator).integers(0, len(inputs), count)
        return inputs[chosen], labels[chosen]


def distilled(network: Perceptron, before: Arrays, weights: Arrays, inputs: np.ndarray) -> tuple[float, Arrays]:
    """Return the cross-entropy to what weights ``before`` say of the inputs, both softened, times the temperature's square.

    With its gradient. Outputs are softened by the temperature, so the square keeps the gradient's size.
    """
    said, now = (_softened(network.outputs(w, inputs)) for w in (before, weights))
    loss = -float((said * np.log(np.maximum(now, 1e-300))).sum(axis=1).mean()) * TEMPERATURE**2
    return loss, network.output_gradient(weights, inputs, TEMPERATURE * (now - said) / len(inputs))


def _softened(z: np.ndarray) -> np.ndarray:
    e = np.exp((z - z.max(axis=1, keepdims=True)) / TEMPERATURE)
    return np.asarray(e / e.sum(axis=1, keepdims=True))

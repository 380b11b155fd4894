"""A layer that computes with random bitstreams, and that elastic weight consolidation keeps from forgetting.

Sources: Gaines, "Stochastic computing systems", Advances in Information Systems Science 2 (1969): bipolar coding, products
by XNOR; Kirkpatrick et al., PNAS 114 (2017): the penalty.
"""

import numpy as np

from ..checks import check_array, check_number, new_generator
from ..rule import ConfigError, check_integer
from .ewc import ElasticPenalty
from .fisher import fisher_diagonal

__all__ = ["EWC_SCLayer"]


class EWC_SCLayer:  # noqa: N801 - the name under which users of stochastic computing know such a layer
    """Logistic outputs p = 1 / (1 + exp(-gain mean_i w_ji x_i)), the mean computed from bitstreams.

    A value v in -1..1 is a stream of bits that are 1 with chance (v + 1) / 2; the XNOR of two independent streams is a stream of
    their product. ``stream_length`` bits (1..2^20) are drawn for each product. Weights ``(n_outputs, n_inputs)`` start at 0 and
    stay in -1..1. ``lr`` and ``gain`` above 0; ``ewc_lambda`` >= 0 is the strength of the pull to where earlier tasks
    left the weights. Everything random comes from ``seed``. Errors: ``ConfigError`` names the argument.
    """

    likelihood = "logistic"

    def __init__(
        self, n_inputs: int, n_outputs: int, *, stream_length: int = 256, gain: float = 16.0, lr: float = 0.1,
        ewc_lambda: float = 1.0, seed: int = 0,
    ) -> None:  # fmt: skip
        shape = tuple(check_integer(name, n, 1, 2**31 - 1) for name, n in (("n_outputs", n_outputs), ("n_inputs", n_inputs)))
        self.stream_length = check_integer("stream_length", stream_length, 1, 2**20)
        self.gain, self.lr = check_number("gain", gain, above=0), check_number("lr", lr, above=0)
        self.weights, self.penalty = np.zeros(shape), ElasticPenalty([shape], ewc_lambda)
        self._generator = new_generator(seed)

    @property
    def importance(self) -> np.ndarray:
        """The Fisher information summed over the tasks consolidated, in the shape of the weights."""
        return self.penalty.fisher[0]

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return p ``(samples, n_outputs)`` of inputs -1..1 ``(samples, n_inputs)``, computed from fresh streams."""
        inputs = self._checked(inputs)
        total = np.zeros((len(inputs), len(self.weights)), dtype=np.int64)
        for _ in range(self.stream_length):  # bit by bit, as hardware does
            x = 2.0 * (self._generator.random(inputs.shape) < (inputs + 1) / 2) - 1
            w = 2.0 * (self._generator.random(self.weights.shape) < (self.weights + 1) / 2) - 1
            total += (x @ w.T).astype(np.int64)  # XNOR of bits is the product of signs
        return self._logistic(total / (self.stream_length * inputs.shape[1]))

    def probabilities(self, weights: list[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        """Return what ``forward`` tends to for long streams."""
        return self._logistic(inputs @ weights[0].T / inputs.shape[1])

    def squared_gradients(self, weights: list[np.ndarray], inputs: np.ndarray, errors: np.ndarray) -> list[np.ndarray]:
        """Return the sum over samples of the squared gradient of ``sum_c errors_c z_c``, z before the logistic function."""
        return [(self.gain / inputs.shape[1]) ** 2 * np.square(errors).T @ np.square(inputs)]

    def train_step(self, inputs: np.ndarray, labels: np.ndarray) -> float:
        """Learn from inputs and labels 0 or 1, ``(samples, n_outputs)``; return the mean square error of ``forward``."""
        inputs = self._checked(inputs)
        labels = check_array("labels", labels, (len(inputs), len(self.weights)))
        if ((labels != 0) & (labels != 1)).any():
            raise ConfigError("labels: allowed are 0 and 1")
        error = self.forward(inputs) - labels
        self.weights -= self.lr * self.gain / inputs.shape[1] * error.T @ inputs / len(inputs)
        self.penalty.pull([self.weights], self.lr)
        np.clip(self.weights, -1.0, 1.0, out=self.weights)
        return float(np.square(error).mean())

    def consolidate(self, inputs: np.ndarray) -> None:
        """Hold the weights where they are, by the exact Fisher information of these inputs, beside what earlier tasks hold."""
        self.penalty.add(fisher_diagonal(self, [self.weights], self._checked(inputs)), [self.weights])

    def _logistic(self, mean: np.ndarray) -> np.ndarray:
        return np.asarray(0.5 * (1 + np.tanh(self.gain * mean / 2)))

    def _checked(self, inputs: np.ndarray) -> np.ndarray:
        inputs = check_array("inputs", inputs, (None, self.weights.shape[1]))
        if np.abs(inputs).max() > 1:
            raise ConfigError(f"inputs: up to {np.abs(inputs).max():g} in size; allowed are -1..1")
        return inputs

"""A layer that computes with random bitstreams, and that elastic weight consolidation keeps from forgetting.

Sources: Gaines, "Stochastic computing systems", Advances in Information Systems Science 2 (1969): bipolar coding, products
by XNOR; Kirkpatrick et al., PNAS 114 (2017): the penalty.
"""

import numpy as np

from ..checks import check_array, check_number, new_generator
from ..rule import ConfigError, check_integer
from .ewc import ElasticPenalty, check_arrays
from .fisher import fisher_diagonal

__all__ = ["EWC_SCLayer"]


class EWC_SCLayer:  # noqa: N801 - the name under which users of stochastic computing know such a layer
    """Logistic outputs p = 1 / (1 + exp(-gain mean_i w_ji x_i)), the mean computed from bitstreams.

    A value v in -1..1 is a stream of bits that are 1 with chance (v + 1) / 2; the XNOR of two independent streams is a stream of
    their product. ``stream_length`` bits (1..2^20) are drawn for each product. Weights ``(n_neurons, n_inputs)`` start at 0, or
    at the nearest bound, and stay in ``w_min`` .. ``w_max`` (-1 <= w_min < w_max <= 1). ``lr``, ``gain`` above 0; ``ewc_lambda``
    >= 0 is the strength of the pull to where earlier tasks left the weights. Up to ``fisher_samples`` inputs of a task, drawn
    evenly, are kept until it is consolidated. Everything random comes from ``seed``. Errors: ``ConfigError`` names the argument.
    """

    likelihood = "logistic"

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        *,
        w_min: float = -1.0,
        w_max: float = 1.0,
        stream_length: int = 256,
        gain: float = 16.0,
        lr: float = 0.1,
        ewc_lambda: float = 10.0,
        fisher_samples: int = 2000,
        seed: int = 0,
    ) -> None:
        shape = tuple(check_integer(name, n, 1, 2**31 - 1) for name, n in (("n_neurons", n_neurons), ("n_inputs", n_inputs)))
        self.w_min = check_number("w_min", w_min, low=-1, high=1)
        self.w_max = check_number("w_max", w_max, above=self.w_min, high=1)
        self.stream_length = check_integer("stream_length", stream_length, 1, 2**20)
        self.gain, self.lr = check_number("gain", gain, above=0), check_number("lr", lr, above=0)
        ewc_lambda = check_number("ewc_lambda", ewc_lambda, low=0)
        self.weights, self.penalty = np.full(shape, np.clip(0.0, self.w_min, self.w_max)), ElasticPenalty([shape], ewc_lambda)
        self._generator, self._chooser = new_generator(seed), np.random.default_rng([seed, 1])
        self._fisher_samples = check_integer("fisher_samples", fisher_samples, 1, 2**31 - 1)
        self._kept: list[np.ndarray] = []  # inputs of the task that is being learned, an even draw of all
        self._count, self._last = 0, self.weights.copy()

    @property
    def ewc_lambda(self) -> float:
        """The strength of the pull."""
        return self.penalty.strength

    @property
    def fisher_info(self) -> np.ndarray:
        """The Fisher information summed over the tasks consolidated, in the shape of the weights."""
        return self.penalty.fisher[0]

    @property
    def star_weights(self) -> np.ndarray:
        """Where the pull of all consolidated tasks is 0; where they pull nowhere, the weights when the last was consolidated."""
        return self.penalty.anchors([self._last])[0]

    def get_weights(self) -> np.ndarray:
        """Return a copy of the weights, ``(n_neurons, n_inputs)``."""
        return self.weights.copy()

    def forward(self, inputs: np.ndarray) -> np.ndarray:
        """Return p ``(samples, n_neurons)`` of inputs -1..1 ``(samples, n_inputs)``, computed from fresh streams."""
        inputs = self._checked(inputs)
        total = np.zeros((len(inputs), len(self.weights)), dtype=np.int64)
        for _ in range(self.stream_length):  # bit by bit, as hardware does
            x = 2.0 * (self._generator.random(inputs.shape) < (inputs + 1) / 2) - 1
            w = 2.0 * (self._generator.random(self.weights.shape) < (self.weights + 1) / 2) - 1
            total += (x @ w.T).astype(np.int64)  # XNOR of bits is the product of signs
        return self._logistic(total / (self.stream_length * inputs.shape[1]))

    def probabilities(self, weights: list[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        """Return what ``forward`` tends to for long streams."""
        check_arrays("weights", weights, [self.weights.shape])
        inputs = self._checked(inputs)
        return self._logistic(inputs @ np.transpose(weights[0]) / inputs.shape[1])

    def squared_gradients(self, weights: list[np.ndarray], inputs: np.ndarray, errors: np.ndarray) -> list[np.ndarray]:
        """Return the sum over samples of the squared gradient of ``sum_c errors_c z_c``, z before the logistic function."""
        inputs = self._checked(inputs)
        errors = check_array("errors", errors, (len(inputs), len(self.weights)))
        return [(self.gain / inputs.shape[1]) ** 2 * np.square(errors).T @ np.square(inputs)]

    def train_step(self, inputs: np.ndarray, labels: np.ndarray) -> float:
        """Learn from inputs and labels 0 or 1, ``(samples, n_neurons)``; return the mean square error of ``forward``."""
        inputs = self._checked(inputs)
        labels = check_array("labels", labels, (len(inputs), len(self.weights)))
        if ((labels != 0) & (labels != 1)).any():
            raise ConfigError("labels: allowed are 0 and 1")
        for x in inputs:
            self._keep(x)
        error = self.forward(inputs) - labels
        self.weights -= self.lr * self.gain / inputs.shape[1] * error.T @ inputs / len(inputs)
        self.apply_ewc_penalty(self.lr)
        return float(np.square(error).mean())

    def apply_ewc_penalty(self, step_size: float = 0.01) -> float:
        """Pull the weights to where earlier tasks left them by one proximal step; return the sum of the changes' sizes.

        ``train_step`` does so itself, with ``lr``.
        """
        before = self.weights.copy()
        self.penalty.pull([self.weights], check_number("step_size", step_size, above=0))
        np.clip(self.weights, self.w_min, self.w_max, out=self.weights)
        return float(np.abs(self.weights - before).sum())

    def consolidate_task(self, inputs: np.ndarray | None = None) -> None:
        """Hold the weights where they are, by the exact Fisher information of these inputs, beside what earlier tasks hold.

        Without ``inputs``, by that of the inputs kept since the last task. Errors: ``ConfigError`` when there are none.
        """
        if inputs is None and not self._kept:
            raise ConfigError("consolidate_task: nothing learned since the last task; call train_step first, or give inputs")
        used = np.array(self._kept) if inputs is None else self._checked(inputs)
        self.penalty.add(fisher_diagonal(self, [self.weights], used), [self.weights])
        self._kept, self._count, self._last = [], 0, self.weights.copy()

    def _keep(self, x: np.ndarray) -> None:
        """Keep an input, or put it in place of another, so that each is kept with equal chance (Vitter's algorithm R, 1985)."""
        self._count += 1
        if len(self._kept) < self._fisher_samples:
            self._kept.append(x.copy())
        elif (place := int(self._chooser.integers(self._count))) < self._fisher_samples:
            self._kept[place] = x.copy()

    def _logistic(self, mean: np.ndarray) -> np.ndarray:
        return np.asarray(0.5 * (1 + np.tanh(self.gain * mean / 2)))

    def _checked(self, inputs: np.ndarray) -> np.ndarray:
        inputs = check_array("inputs", inputs, (None, self.weights.shape[1]))
        if np.abs(inputs).max() > 1:
            raise ConfigError(f"inputs: up to {np.abs(inputs).max():g} in size; allowed are -1..1")
        return inputs

"""Layers of LIF neurons that learn while they run: traces forward in time, errors backward through the layers at each timestep.

Source: Xiao et al., "Online training through time for spiking neural networks", NeurIPS 2022, eqs. 5 to 8; for one hidden layer
it is e-prop without recurrence, with the readout's filter left out of the eligibility.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..checks import check_array, check_length, check_number, new_generator
from ..neurons import ALIF, LIF, Leaky, Surrogate
from ..rule import ConfigError, check_integer
from .losses import Loss, cross_entropy
from .optimisers import Adam, Optimiser
from .surrogates import fast_sigmoid

__all__ = ["OnlineLIFLayer", "OnlineTrainer"]


class OnlineLIFLayer:
    """A layer with one trace an input: x_i[t] = alpha x_i[t-1] + input_i[t].

    The gradient of a weight is x_i psi_j times the signal that comes to neuron j at this timestep. ``neuron`` is ``LIF``, or
    ``Leaky`` for a readout (psi = 1). Weights ``(n_inputs, n_neurons)`` are normal with deviation ``scale`` / sqrt(n_inputs).
    """

    def __init__(
        self, n_inputs: int, n_neurons: int, neuron: LIF | Leaky, *, generator: np.random.Generator, scale: float = 1.0,
        surrogate: Surrogate | None = None,
    ) -> None:  # fmt: skip
        if isinstance(neuron, ALIF) or not isinstance(neuron, LIF | Leaky):
            raise ConfigError(f"neuron={neuron!r}: allowed are LIF and Leaky")
        self.neuron, self.surrogate = neuron, surrogate or fast_sigmoid()
        n_inputs, n_neurons = (check_integer(k, n, 1, 2**31 - 1) for k, n in (("n_inputs", n_inputs), ("n_neurons", n_neurons)))
        check_number("scale", scale, low=0)
        self.weights = generator.normal(0.0, scale / n_inputs**0.5, (n_inputs, n_neurons))
        self.gradient = np.zeros(self.weights.shape)
        self.reset(1)

    def reset(self, samples: int) -> None:
        """Put ``samples`` copies of the layer at rest and forget the traces; gradients stay."""
        check_integer("samples", samples, 1, 2**31 - 1)
        self.state = self.neuron.rest((samples, self.weights.shape[1]))
        self.trace = np.zeros((samples, self.weights.shape[0]))

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return the output ``(samples, n_neurons)`` of a timestep with input ``(samples, n_inputs)``."""
        x = check_array("x", x, self.trace.shape)
        self.trace = self.neuron.decay * self.trace + x
        self.state = self.neuron.step(self.state, x @ self.weights)
        return self.state["output"]

    def backward(self, signal: np.ndarray) -> np.ndarray:
        """Take the loss's gradient for the output of this timestep, add to ``gradient``, return that for the input."""
        signal = check_array("signal", signal, self.state["output"].shape)
        local = signal * self.neuron.slope(self.state, self.surrogate) if isinstance(self.neuron, LIF) else signal
        self.gradient += self.trace.T @ local
        return np.asarray(local @ self.weights.T)


class OnlineTrainer:
    """Layers of LIF neurons with a leaky readout; state and traces are all that a timestep leaves behind.

    ``layer_sizes``: inputs, hidden layers, outputs, at least two; ``tau_mem`` in timesteps and ``threshold`` of every hidden
    layer; ``lr`` is for Adam. ``loss_fn`` is a loss of ``losses``. Weights are drawn from ``seed``. Errors: ``ConfigError``.
    """

    def __init__(
        self, layer_sizes: Sequence[int], tau_mem: float = 10.0, threshold: float = 1.0, lr: float = 1e-3, *,
        loss_fn: Loss = cross_entropy, surrogate: Surrogate | None = None, optimiser: Optimiser | None = None, scale: float = 2.0,
        seed: int = 0,
    ) -> None:  # fmt: skip
        if len(layer_sizes) < 2:
            raise ConfigError(f"layer_sizes={list(layer_sizes)}: allowed are at least two sizes, inputs and outputs")
        for size in layer_sizes:
            check_integer("layer_sizes", size, 1, 2**31 - 1)
        generator = new_generator(seed)
        hidden, readout = LIF(tau_mem=tau_mem, threshold=threshold), Leaky(tau_mem=tau_mem)
        pairs = list(pairwise(layer_sizes))
        self.layers = [
            OnlineLIFLayer(
                n, m, readout if k == len(pairs) - 1 else hidden, generator=generator, scale=scale, surrogate=surrogate
            )
            for k, (n, m) in enumerate(pairs)
        ]
        self.loss_fn, self.optimiser = loss_fn, optimiser or Adam(lr)

    @property
    def weights(self) -> list[np.ndarray]:
        """The weights of each layer; the arrays themselves."""
        return [layer.weights for layer in self.layers]

    def step(self, x: np.ndarray) -> np.ndarray:
        """Advance by a timestep with ``(samples, inputs)`` and return the output."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def accumulate(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """Run a sequence ``(timesteps, samples, inputs)`` from rest, gradients in the layers, and return the loss."""
        inputs = self._start(inputs)
        targets = check_length("targets", targets, len(inputs))
        for layer in self.layers:
            layer.gradient = np.zeros(layer.weights.shape)
        total = 0.0
        for x, target in zip(inputs, targets, strict=True):
            loss, signal = self.loss_fn(self.step(x)[None], target[None])
            total, signal = total + loss, signal[0]
            for layer in reversed(self.layers):
                signal = layer.backward(signal)
        return total

    def train_sequence(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """Learn from a sequence, one step of the optimiser at its end, and return the loss on the way."""
        loss = self.accumulate(inputs, targets)
        self.optimiser.step(self.weights, [layer.gradient for layer in self.layers])
        return loss

    def predict_sequence(self, inputs: np.ndarray) -> np.ndarray:
        """Return the output after every timestep of a sequence from rest."""
        return np.stack([self.step(x) for x in self._start(inputs)])

    def _start(self, inputs: np.ndarray) -> np.ndarray:
        inputs = check_array("inputs", inputs, (None, None, self.layers[0].weights.shape[0]))
        for layer in self.layers:
            layer.reset(inputs.shape[1])
        return inputs

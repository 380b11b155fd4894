"""Layers of LIF neurons that learn while they run: traces forward in time, errors backward through the layers at each timestep.

Source: Xiao et al., "Online training through time for spiking neural networks", NeurIPS 2022, eqs. 5 to 8; for one hidden layer
it is e-prop without recurrence, with the readout's filter left out of the eligibility.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..checks import (
    as_array,
    check_array,
    check_callable,
    check_instance,
    check_length,
    check_number,
    check_sizes,
    new_generator,
)
from ..neurons import LIF, Leaky, Surrogate
from ..rule import ConfigError, check_integer
from .losses import Loss, evaluated, squared_error
from .optimisers import Adam, Optimiser
from .surrogates import fast_sigmoid

__all__ = ["OnlineLIFLayer", "OnlineTrainer"]


class OnlineLIFLayer:
    """A layer with one trace an input: x_i[t] = alpha x_i[t-1] + input_i[t].

    The gradient of a weight is x_i psi_j times the signal that comes to neuron j at this timestep. ``tau_mem`` and ``dt`` in ms;
    without ``spiking`` the neurons are leaky integrators, for a readout (psi = 1), and ``threshold`` is not used. ``lr`` above 0
    is for ``apply_learning_signal``. Weights ``(n_inputs, n_neurons)`` are normal with deviation ``scale`` / sqrt(n_inputs), from
    ``seed``. It starts as one layer; ``reset`` makes copies of it side by side. Errors: ``ConfigError``.
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        tau_mem: float = 20.0,
        threshold: float = 1.0,
        lr: float = 0.01,
        dt: float = 1.0,
        *,
        spiking: bool = True,
        scale: float = 1.0,
        surrogate: Surrogate | None = None,
        seed: int = 0,
    ) -> None:
        lif = LIF(tau_mem=tau_mem, threshold=threshold, dt=dt)
        self.neuron: LIF | Leaky = lif if check_instance("spiking", spiking, bool) else Leaky(tau_mem=tau_mem, dt=dt)
        self.surrogate = fast_sigmoid() if surrogate is None else check_callable("surrogate", surrogate, "distance", "threshold")
        n_inputs, n_neurons = (check_integer(k, n, 1, 2**31 - 1) for k, n in (("n_inputs", n_inputs), ("n_neurons", n_neurons)))
        self.lr, deviation = check_number("lr", lr, above=0), check_number("scale", scale, low=0) / n_inputs**0.5
        self.weights = new_generator(seed).normal(0.0, deviation, (n_inputs, n_neurons))
        self.gradient = np.zeros(self.weights.shape)
        self.reset()

    def reset(self, samples: int | None = None) -> None:
        """Put the layer at rest, with ``samples`` copies side by side if given, and forget the traces; gradients stay."""
        leading = () if samples is None else (check_integer("samples", samples, 1, 2**31 - 1),)
        self.state = self.neuron.rest((*leading, self.weights.shape[1]))
        self.trace = np.zeros((*leading, self.weights.shape[0]))

    def step(self, x: np.ndarray) -> np.ndarray:
        """Return the output ``(n_neurons,)`` of a timestep with input ``(n_inputs,)``, with samples in front if there are."""
        x = check_array("x", x, self.trace.shape)
        self.trace = self.neuron.decay * self.trace + x
        self.state = self.neuron.step(self.state, x @ self.weights)
        return self.state["output"]

    def backward(self, signal: np.ndarray) -> np.ndarray:
        """Take the loss's gradient for the output of this timestep, add to ``gradient``, return that for the input."""
        signal = check_array("signal", signal, self.state["output"].shape)
        local = signal * self.neuron.slope(self.state, self.surrogate) if isinstance(self.neuron, LIF) else signal
        n_inputs, n_neurons = self.weights.shape
        self.gradient += self.trace.reshape(-1, n_inputs).T @ local.reshape(-1, n_neurons)
        return np.asarray(local @ self.weights.T)

    def apply_learning_signal(self, signal: np.ndarray) -> None:
        """Change the weights at once, by ``lr`` against the gradient that ``signal``, as for ``backward``, gives."""
        before, self.gradient = self.gradient, np.zeros(self.weights.shape)
        try:
            self.backward(signal)
            change = self.lr * self.gradient
            if not np.isfinite(change).all():
                raise ConfigError(
                    "signal: so large that the weights would not be finite; allowed are smaller ones, or a smaller lr"
                )
            self.weights -= change
        finally:
            self.gradient = before


class OnlineTrainer:
    """Layers of LIF neurons with a leaky readout; state and traces are all that a timestep leaves behind.

    ``layer_sizes``: inputs, hidden layers, outputs, at least two; ``tau_mem`` (ms; a timestep is ``dt``) of all layers and
    ``threshold`` of the hidden ones; ``lr`` is for Adam, unless an ``optimiser`` is given. ``loss_fn`` is a loss of ``losses``.
    Weights are drawn from ``seed``. Sequences are ``(timesteps, n)`` or ``(timesteps, samples, n)``. Errors: ``ConfigError``.
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        tau_mem: float = 20.0,
        threshold: float = 1.0,
        lr: float = 0.01,
        dt: float = 1.0,
        *,
        loss_fn: Loss = squared_error,
        surrogate: Surrogate | None = None,
        optimiser: Optimiser | None = None,
        scale: float = 2.0,
        seed: int = 0,
    ) -> None:
        sizes = list(pairwise(check_sizes("layer_sizes", layer_sizes)))
        seeds = new_generator(seed).integers(0, 2**62, len(sizes)).tolist()
        self.layers = [
            OnlineLIFLayer(
                n, m, tau_mem, threshold, lr, dt, spiking=k < len(sizes) - 1, scale=scale, surrogate=surrogate, seed=seeds[k]
            )
            for k, (n, m) in enumerate(sizes)
        ]
        self.loss_fn = check_callable("loss_fn", loss_fn, "outputs", "targets")
        self.optimiser: Optimiser = Adam(lr) if optimiser is None else check_instance("optimiser", optimiser, Optimiser)  # type: ignore[type-abstract]

    @property
    def weights(self) -> list[np.ndarray]:
        """The weights of each layer; the arrays themselves."""
        return [layer.weights for layer in self.layers]

    @property
    def memory_per_step(self) -> int:
        """How many numbers are carried from one timestep to the next, counted from the arrays that hold them."""
        return sum(array.size for layer in self.layers for array in (layer.trace, layer.gradient, *layer.state.values()))

    def reset(self, samples: int | None = None) -> None:
        """Put all layers at rest, with ``samples`` copies side by side if given, and forget traces and gradients."""
        for layer in self.layers:
            layer.reset(samples)
        self._forget()

    def step(self, x: np.ndarray, target: np.ndarray | None = None) -> dict[str, Any]:
        """Advance by a timestep; with a target, what the loss takes for one timestep, learn from it at once.

        Returns ``output`` and, with a target, ``loss``.
        """
        result = self._advance(x, target)
        if target is not None:
            self._apply()
        return result

    def accumulate(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """As ``train_sequence``, with gradients in the layers and nothing learned yet."""
        inputs = self._start(inputs)
        targets = check_length("targets", targets, len(inputs))
        return float(np.mean([self._advance(x, target)["loss"] for x, target in zip(inputs, targets, strict=True)]))

    def train_sequence(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """Learn from a sequence from rest, one step of the optimiser at its end; return the mean loss of a timestep."""
        loss = self.accumulate(inputs, targets)
        self._apply()
        return loss

    def predict_sequence(self, inputs: np.ndarray) -> np.ndarray:
        """Return the output after every timestep of a sequence from rest."""
        outputs = np.stack([self._advance(x, None)["output"] for x in self._start(inputs)])
        if not np.isfinite(outputs).all():
            raise ConfigError("inputs: an output that is not finite; give smaller ones, or smaller weights")
        return outputs

    def _advance(self, x: np.ndarray, target: np.ndarray | None) -> dict[str, Any]:
        for layer in self.layers:
            x = layer.step(x)
        result: dict[str, Any] = {"output": x}
        if target is not None:
            loss, signals = evaluated(self.loss_fn, x[None], as_array("targets", target)[None])
            signal, result["loss"] = signals[0], loss
            for layer in reversed(self.layers):
                signal = layer.backward(signal)
        return result

    def _apply(self) -> None:
        self.optimiser.step(self.weights, [layer.gradient for layer in self.layers])
        self._forget()

    def _forget(self) -> None:
        for layer in self.layers:
            layer.gradient = np.zeros(layer.weights.shape)

    def _start(self, inputs: np.ndarray) -> np.ndarray:
        array, n = as_array("inputs", inputs), self.layers[0].weights.shape[0]
        if array.ndim not in (2, 3):
            raise ConfigError(f"inputs: shape {array.shape} given; allowed are (timesteps, {n}) and (timesteps, samples, {n})")
        inputs = check_array("inputs", array, (None, *([None] if array.ndim == 3 else []), n))
        self.reset(inputs.shape[1] if inputs.ndim == 3 else None)
        return inputs

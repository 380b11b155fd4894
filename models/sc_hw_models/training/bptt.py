"""Backpropagation through time, whole and truncated, through every projection of a network.

The forward pass is the network's own, with real spikes; backward, the derivative of a spike is a surrogate (Neftci, Mostafa and
Zenke, IEEE Signal Processing Magazine 36 (2019)). Truncation carries the state, not the gradient, from one window to the next
(Williams and Peng, Neural Computation 2 (1990), with as many steps back as forward).
"""

from collections.abc import Iterator, Mapping

import numpy as np

from ..checks import check_callable, check_instance, check_length
from ..network import Inputs, Network, Wiring
from ..neurons import State, Surrogate
from ..rule import ConfigError, check_integer
from .losses import Loss, evaluated
from .optimisers import Adam, Optimiser, Penalty, follow, protected_step
from .surrogates import fast_sigmoid

__all__ = ["BPTTLearner", "TBPTTLearner", "backward", "forward"]

Arrays = list[np.ndarray]
Moment = Mapping[str, State]  # the state of every population after a timestep


def forward(network: Network, inputs: Mapping[str, np.ndarray]) -> list[Moment]:
    """Advance a network by a sequence of checked inputs; return the state before the first timestep and after each."""
    populations = network.populations
    moments: list[Moment] = [{name: p.state for name, p in populations.items()}]
    for values in zip(*inputs.values(), strict=True):
        network.advance(dict(zip(inputs, values, strict=True)))
        moments.append({name: p.state for name, p in populations.items()})
    return moments


def backward(
    network: Network, moments: list[Moment], slope: np.ndarray, surrogate: Surrogate
) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """Carry the loss's gradient for the outputs, ``slope`` ``(timesteps, ..., n)``, back through all timesteps.

    Returns for each projection and timestep what its source sent and the gradient for the currents at its target, each
    ``(..., n)``: a weight's gradient is the sum of their products. Backward in time and in the order of populations,
    so that what a population's output causes, in the same timestep or the next, has been seen when its turn comes.
    """
    order = {name: k for k, name in enumerate(network.populations)}
    pending = {name: np.zeros(p.output.shape) for name, p in network.populations.items()}
    later: dict[str, State] = {name: {} for name in order}
    currents: dict[str, list[np.ndarray]] = {name: [] for name in order}
    for t in range(len(moments) - 1, 0, -1):
        pending[network.output.name] = pending[network.output.name] + slope[t - 1]
        for name in reversed(order):
            if not network.incoming[name]:
                continue
            later[name] = network.populations[name].neuron.adjoint(moments[t][name], pending[name], later[name], surrogate)
            pending[name] = np.zeros(pending[name].shape)
            current = later[name]["voltage"]
            currents[name].append(current)
            for _, projection in network.incoming[name]:
                source = projection.source.name
                if network.incoming[source]:
                    pending[source] = pending[source] + projection.backward(current)
    result = []
    for p in network.projections:
        delayed = order[p.source.name] >= order[p.target.name]
        sent = [moment[p.source.name]["output"] for moment in (moments[:-1] if delayed else moments[1:])]
        result.append(list(zip(sent, reversed(currents[p.target.name]), strict=True)))
    return result


class BPTTLearner:
    """Learns by the gradient of the loss over a whole sequence; memory grows with its length.

    ``loss_fn(outputs, targets)`` is a loss of ``losses`` or any function that returns a number, or a number and its gradient for
    the outputs. ``lr`` above 0 is for Adam, unless an ``optimiser`` is given; ``penalty`` protects earlier tasks. Every
    sequence starts at rest. Inputs are ``(timesteps, n)`` or ``(timesteps, samples, n)`` for each source. Where a projection was
    rewired, what optimiser and penalty keep of its synapses follows. Errors: ``ConfigError``.
    """

    def __init__(
        self,
        network: Network,
        loss_fn: Loss,
        lr: float = 1e-3,
        *,
        surrogate: Surrogate | None = None,
        optimiser: Optimiser | None = None,
        penalty: Penalty | None = None,
    ) -> None:
        self.network, self.loss_fn = (
            check_instance("network", network, Network),
            check_callable("loss_fn", loss_fn, "outputs", "targets"),
        )
        self.surrogate = fast_sigmoid() if surrogate is None else check_callable("surrogate", surrogate, "distance", "threshold")
        self.optimiser: Optimiser = Adam(lr) if optimiser is None else check_instance("optimiser", optimiser, Optimiser)  # type: ignore[type-abstract]
        self.penalty = penalty if penalty is None else check_instance("penalty", penalty, Penalty)  # type: ignore[type-abstract]
        shapes = [w.shape for w in network.weights]
        for kept in self.penalty.arrays.values() if self.penalty else ():
            if [np.shape(array) for array in kept] != shapes:
                raise ConfigError(f"penalty: shapes {[np.shape(array) for array in kept]} given; allowed are {shapes}")
        self._wiring = Wiring(network.projections)

    def gradients(self, inputs: Inputs, targets: np.ndarray) -> tuple[float, Arrays]:
        """Return the loss of a sequence and its gradient for the weights of each projection; nothing is learned."""
        total, sums = 0.0, [np.zeros(w.shape) for w in self.network.weights]
        for loss, gradients in self._windows(inputs, targets):
            total += loss
            for sum_, gradient in zip(sums, gradients, strict=True):
                sum_ += gradient
        return total, sums

    def train_step(self, inputs: Inputs, targets: np.ndarray) -> float:
        """Learn from a sequence, one step of the optimiser a window, and return the loss met on the way."""
        for k, carried in self._wiring.changes():
            follow(self.optimiser, k, len(self.network.projections), carried)
            for arrays in self.penalty.arrays.values() if self.penalty else ():
                arrays[k] = carried(arrays[k])
        total = 0.0
        for loss, gradients in self._windows(inputs, targets):
            total += loss
            protected_step(self.optimiser, self.network.weights, gradients, self.penalty)
        return total

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Return the output after every timestep of a sequence from rest; nothing is learned."""
        return self.network.run(inputs)

    def _windows(self, inputs: Inputs, targets: np.ndarray) -> Iterator[tuple[float, Arrays]]:
        """Yield loss and gradients of each window of a sequence."""
        network = self.network
        arrays = network.check_sequence(inputs)
        shape = arrays[network.sources[0]].shape
        targets = check_length("targets", targets, shape[0])
        network.reset(shape[1] if len(shape) == 3 else None)
        length = self._length(shape[0])
        for start in range(0, shape[0], length):
            window = {name: array[start : start + length] for name, array in arrays.items()}
            with network.held():
                moments = forward(network, window)
                network.check_voltages()
                outputs = np.stack([moment[network.output.name]["output"] for moment in moments[1:]])
                loss, slope = evaluated(self.loss_fn, outputs, targets[start : start + length])
                pairs = backward(network, moments, slope, self.surrogate)
            gradients = [p.weight_gradients(of_each) for p, of_each in zip(network.projections, pairs, strict=True)]
            if not all(np.isfinite(g).all() for g in gradients):
                raise ConfigError("loss_fn: a gradient that is not finite; give a smaller lr or smaller weights")
            yield loss, gradients

    def _length(self, timesteps: int) -> int:
        return timesteps


class TBPTTLearner(BPTTLearner):
    """As ``BPTTLearner``, in windows of ``k`` >= 1 timesteps: memory O(k), and a step of the optimiser after each window.

    The state is carried across windows, the gradient is not. With k at least as long as the sequence it is BPTT.
    """

    def __init__(
        self,
        network: Network,
        loss_fn: Loss,
        lr: float = 1e-3,
        k: int = 50,
        *,
        surrogate: Surrogate | None = None,
        optimiser: Optimiser | None = None,
        penalty: Penalty | None = None,
    ) -> None:
        super().__init__(network, loss_fn, lr, surrogate=surrogate, optimiser=optimiser, penalty=penalty)
        self.k = check_integer("k", k, 1, 2**31 - 1)

    def _length(self, timesteps: int) -> int:
        return self.k

"""Backpropagation through time, whole and truncated, through every projection of a network.

The forward pass is the network's own, with real spikes; backward, the derivative of a spike is a surrogate (Neftci, Mostafa and
Zenke, IEEE Signal Processing Magazine 36 (2019)). Truncation carries the state, not the gradient, from one window to the next
(Williams and Peng, Neural Computation 2 (1990), with as many steps back as forward).
"""

from collections.abc import Iterator, Mapping

import numpy as np

from ..checks import check_length
from ..network import Network
from ..neurons import State, Surrogate
from ..rule import check_integer
from .losses import Loss
from .optimisers import Adam, Optimiser
from .surrogates import fast_sigmoid

__all__ = ["BPTTLearner", "TBPTTLearner"]

Arrays = list[np.ndarray]
Moment = Mapping[str, State]  # the state of every population after a timestep


class BPTTLearner:
    """Learns by the gradient of the loss over a whole sequence; memory grows with its length.

    ``loss_fn`` is a loss of ``losses``; ``lr`` above 0 is for Adam, unless an ``optimiser`` is given. Every sequence starts at
    rest. Inputs are ``(timesteps, n)`` or ``(timesteps, samples, n)`` for each source. Errors: ``ConfigError``.
    """

    def __init__(
        self, network: Network, loss_fn: Loss, lr: float = 1e-3, *, surrogate: Surrogate | None = None,
        optimiser: Optimiser | None = None,
    ) -> None:  # fmt: skip
        self.network, self.loss_fn = network, loss_fn
        self.surrogate = surrogate or fast_sigmoid()
        self.optimiser = optimiser or Adam(lr)

    def gradients(self, inputs: Mapping[str, np.ndarray], targets: np.ndarray) -> tuple[float, Arrays]:
        """Return the loss of a sequence and its gradient for the weights of each projection; nothing is learned."""
        total, sums = 0.0, [np.zeros(w.shape) for w in self.network.weights]
        for loss, gradients in self._windows(inputs, targets):
            total += loss
            for sum_, gradient in zip(sums, gradients, strict=True):
                sum_ += gradient
        return total, sums

    def train_step(self, inputs: Mapping[str, np.ndarray], targets: np.ndarray) -> float:
        """Learn from a sequence, one step of the optimiser a window, and return the loss met on the way."""
        total = 0.0
        for loss, gradients in self._windows(inputs, targets):
            total += loss
            self.optimiser.step(self.network.weights, gradients)
        return total

    def _windows(self, inputs: Mapping[str, np.ndarray], targets: np.ndarray) -> Iterator[tuple[float, Arrays]]:
        """Yield loss and gradients of each window of a sequence."""
        arrays = self.network.check_sequence(inputs)
        shape = arrays[self.network.sources[0]].shape
        targets = check_length("targets", targets, shape[0])
        self.network.reset(shape[1] if len(shape) == 3 else None)
        length = self._length(shape[0])
        for start in range(0, shape[0], length):
            window = {name: array[start : start + length] for name, array in arrays.items()}
            moments = list(self._forward(window))
            outputs = np.stack([moment[self.network.output.name]["output"] for moment in moments[1:]])
            loss, slope = self.loss_fn(outputs, targets[start : start + length])
            yield loss, self._backward(moments, slope)

    def _length(self, timesteps: int) -> int:
        return timesteps

    def _forward(self, inputs: Mapping[str, np.ndarray]) -> Iterator[Moment]:
        """Yield the state before the first timestep and after each."""
        populations = self.network.populations
        yield {name: p.state for name, p in populations.items()}
        for values in zip(*inputs.values(), strict=True):
            self.network.advance(dict(zip(inputs, values, strict=True)))
            yield {name: p.state for name, p in populations.items()}

    def _backward(self, moments: list[Moment], slope: np.ndarray) -> Arrays:
        """Return the gradient of each projection's weights.

        Backward in time and in the order of populations, so that what a population's output causes, in the same timestep or
        in the next, has been seen when its turn comes; ``pending`` collects it.
        """
        network = self.network
        sums = [np.zeros(w.shape) for w in network.weights]
        order = list(network.populations)
        pending = {name: np.zeros(p.output.shape) for name, p in network.populations.items()}
        later: dict[str, State] = {name: {} for name in order}
        for t in range(len(moments) - 1, 0, -1):
            pending[network.output.name] = pending[network.output.name] + slope[t - 1]
            for name in reversed(order):
                if not network.incoming[name]:
                    continue
                neuron = network.populations[name].neuron
                later[name] = neuron.adjoint(moments[t][name], pending[name], later[name], self.surrogate)
                pending[name] = np.zeros(pending[name].shape)
                current = later[name]["voltage"]
                for k, projection in network.incoming[name]:
                    source = projection.source.name
                    sent = moments[t if order.index(source) < order.index(name) else t - 1][source]["output"]
                    sums[k] += projection.weight_gradient(sent, current)
                    if network.incoming[source]:
                        pending[source] = pending[source] + projection.backward(current)
        return sums


class TBPTTLearner(BPTTLearner):
    """As ``BPTTLearner``, in windows of ``k`` >= 1 timesteps: memory O(k), and a step of the optimiser after each window.

    The state is carried across windows, the gradient is not. With k at least as long as the sequence it is BPTT.
    """

    def __init__(
        self, network: Network, loss_fn: Loss, lr: float = 1e-3, *, k: int = 50, surrogate: Surrogate | None = None,
        optimiser: Optimiser | None = None,
    ) -> None:  # fmt: skip
        super().__init__(network, loss_fn, lr, surrogate=surrogate, optimiser=optimiser)
        self.k = check_integer("k", k, 1, 2**31 - 1)

    def _length(self, timesteps: int) -> int:
        return self.k

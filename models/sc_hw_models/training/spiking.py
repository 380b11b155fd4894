"""Spiking networks where other systems expect a network: as a classifier whose Fisher information can be taken, and for MAML."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..checks import as_array, check_array, check_callable, check_choice, check_instance
from ..continual.fisher import LIKELIHOODS, likelihood_probabilities
from ..network import Network
from ..neurons import Surrogate
from ..rule import ConfigError
from .bptt import BPTTLearner, backward, forward
from .losses import Loss
from .surrogates import fast_sigmoid

__all__ = ["SpikingClassifier", "SpikingTrainable", "loaded"]

Arrays = list[np.ndarray]


@contextmanager
def loaded(network: Network, weights: Arrays) -> Iterator[None]:
    """Within, the network has these weights, one array a projection; afterwards its own again, the arrays themselves."""
    own = network.weights
    if not isinstance(weights, list | tuple) or len(weights) != len(own):
        raise ConfigError(f"weights: allowed is a list of {len(own)} arrays, one for each projection")
    arrays = [check_array("weights", w, mine.shape) if mine.size else mine for w, mine in zip(weights, own, strict=True)]
    try:
        for p, w in zip(network.projections, arrays, strict=True):
            p.data = w
        yield
    finally:
        for p, w in zip(network.projections, own, strict=True):
            p.data = w


class SpikingClassifier:
    """A network of one source that reads a sequence and whose outputs, averaged over time, are the z of a likelihood.

    Inputs are ``(samples, timesteps, n)``; weights are those of the projections. It is what ``fisher_diagonal`` takes; the
    gradient is that of backpropagation through time with ``surrogate``. ``likelihood`` is ``softmax`` or ``logistic``.
    Errors: ``ConfigError`` names the argument.
    """

    def __init__(self, network: Network, likelihood: str = "softmax", *, surrogate: Surrogate | None = None) -> None:
        self.network = check_instance("network", network, Network)
        if len(network.sources) != 1:
            raise ConfigError(f"network: sources {network.sources}; allowed is one")
        self.likelihood = check_choice("likelihood", likelihood, LIKELIHOODS)
        self.surrogate = fast_sigmoid() if surrogate is None else check_callable("surrogate", surrogate, "distance", "threshold")

    @property
    def weights(self) -> Arrays:
        """The weights of each projection; the arrays themselves."""
        return self.network.weights

    def probabilities(self, weights: Arrays, inputs: np.ndarray) -> np.ndarray:
        """Return p, ``(samples, outputs)``."""
        with loaded(self.network, weights):
            return likelihood_probabilities(self.likelihood, self.network.run(self._turned(inputs)).mean(axis=0))

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Return the class of each sample, ``(samples,)``: the output that is largest on average."""
        return np.asarray(self.network.run(self._turned(inputs)).mean(axis=0).argmax(axis=1))

    def squared_gradients(self, weights: Arrays, inputs: np.ndarray, errors: np.ndarray) -> Arrays:
        """Return for each projection the sum over samples of the squared gradient of ``sum_c errors_c z_c``."""
        turned = self._turned(inputs)
        errors = check_array("errors", errors, (turned.shape[1], self.network.output.n))
        slope = np.broadcast_to(errors / len(turned), (len(turned), *errors.shape))
        with loaded(self.network, weights):
            self.network.reset(turned.shape[1])
            with self.network.held():
                moments = forward(self.network, {self.network.sources[0]: turned})
                pairs = backward(self.network, moments, slope, self.surrogate)
            return [
                sum(
                    (np.square(p.weight_gradients([(o[k], c[k]) for o, c in of_each])) for k in range(turned.shape[1])),
                    np.zeros(p.data.shape),
                )
                for p, of_each in zip(self.network.projections, pairs, strict=True)
            ]

    def _turned(self, inputs: np.ndarray) -> np.ndarray:
        """Return inputs with time in front."""
        array = check_array(
            "inputs", as_array("inputs", inputs), (None, None, self.network.populations[self.network.sources[0]].n)
        )
        return np.ascontiguousarray(array.transpose(1, 0, 2))


class SpikingTrainable:
    """A network and a loss as MAML takes them: a gradient for any weights, by backpropagation through time; no Hessian.

    Inputs and targets are sequences, as for ``BPTTLearner``. Errors: ``ConfigError``.
    """

    def __init__(self, network: Network, loss_fn: Loss, *, surrogate: Surrogate | None = None) -> None:
        self._learner = BPTTLearner(network, loss_fn, surrogate=surrogate)

    @property
    def weights(self) -> Arrays:
        """The weights of each projection; the arrays themselves."""
        return self._learner.network.weights

    def gradient(self, weights: Arrays, batch: tuple[np.ndarray, np.ndarray]) -> tuple[float, Arrays]:
        """Return the loss of a sequence and its gradient; ``batch`` is inputs and targets."""
        if not isinstance(batch, list | tuple) or len(batch) != 2:
            raise ConfigError(f"batch: {type(batch).__name__} given; allowed is a pair of inputs and targets")
        with loaded(self._learner.network, weights):
            return self._learner.gradients(*batch)

"""E-prop: learning of a recurrent spiking network forward in time, with memory that does not grow with the sequence.

Source: Bellec et al., "A solution to the learning dilemma for recurrent networks of spiking neurons", Nature Communications 11
(2020), eqs. 4, 23 to 28. The sign is that of gradient descent.
"""

from typing import Any

import numpy as np

from ..checks import as_array, check_array, check_length, check_number, new_generator
from ..network import Network, Population, Projection
from ..neurons import ALIF, LIF, Leaky, Source, State, Surrogate
from ..rule import ConfigError, check_integer
from .losses import Loss, squared_error
from .optimisers import Adam, Optimiser
from .surrogates import triangular

__all__ = ["EligibilityTrace", "EpropTrainer"]

FEEDBACKS = ("symmetric", "random")


class EligibilityTrace:
    """The eligibility of the synapses of a projection onto LIF or ALIF neurons, ``(..., synapses)`` in the order of its data.

    With x the filtered presynaptic trace (decay alpha), psi the surrogate and c the ALIF term:

        x_i[t] = alpha x_i[t-1] + z_i[t]                                  (z_i as the projection carries it at t)
        e_ij[t] = psi_j[t] (x_i[t] - adaptation c_ij[t])
        c_ij[t+1] = psi_j[t] x_i[t] + (rho - psi_j[t] adaptation) c_ij[t]

    The traces x are kept for each presynaptic neuron, c for each synapse and for ALIF only.
    """

    def __init__(self, projection: Projection, surrogate: Surrogate | None = None) -> None:
        if not isinstance(projection.target.neuron, LIF):
            raise ConfigError(f"projection onto {projection.target.name}: allowed are targets that are LIF or ALIF")
        self.projection, self.neuron = projection, projection.target.neuron
        self.surrogate = surrogate or triangular()
        self.reset()

    def reset(self, samples: int | None = None) -> None:
        """Forget all; with ``samples``, that many copies side by side."""
        leading = () if samples is None else (check_integer("samples", samples, 1, 2**31 - 1),)
        self.trace = np.zeros((*leading, self.projection.source.n))
        self.slow = np.zeros((*leading, len(self.projection.data))) if isinstance(self.neuron, ALIF) else np.zeros(0)

    def step(self, sent: np.ndarray, state: State) -> np.ndarray:
        """Return the eligibility of a timestep: what the source ``sent`` and the state of the target after it."""
        self.trace = self.neuron.decay * self.trace + check_array("sent", sent, self.trace.shape)
        slope = self.neuron.slope(state, self.surrogate).take(self.projection.indices, axis=-1)
        fast = self.trace.take(self.projection.rows, axis=-1)
        if not isinstance(self.neuron, ALIF):
            return slope * fast
        eligibility = slope * (fast - self.neuron.adaptation * self.slow)
        self.slow = self.neuron.adaptation_decay * self.slow + eligibility
        return eligibility


class EpropTrainer:
    """A recurrent layer of LIF neurons (ALIF where ``adaptation`` > 0) with a leaky readout, trained by e-prop.

    ``tau_mem``, ``tau_adaptation`` and ``dt`` are in ms, as is ``tau_trace``: the readout's time constant and so that of the
    filter behind the eligibility. ``loss_fn`` is a loss of ``losses``; ``feedback`` carries the readout's error back by the
    readout's own weights (``symmetric``) or by fixed random ones (``random``). Weights are drawn from ``seed``;
    ``input_scale`` and ``recurrent_scale`` multiply a deviation of threshold / sqrt(fan-in). Errors: ``ConfigError``.
    """

    def __init__(
        self, n_inputs: int, n_neurons: int, n_outputs: int, tau_mem: float = 20.0, tau_trace: float = 20.0,
        threshold: float = 1.0, lr: float = 1e-3, dt: float = 1.0, *, tau_adaptation: float = 200.0, adaptation: float = 0.0,
        refractory: int = 0, loss_fn: Loss = squared_error, feedback: str = "symmetric",
        surrogate: Surrogate | None = None, optimiser: Optimiser | None = None, input_scale: float = 1.0,
        recurrent_scale: float = 1.0, seed: int = 0,
    ) -> None:  # fmt: skip
        if feedback not in FEEDBACKS:
            raise ConfigError(f"feedback={feedback!r}: not known; allowed are {', '.join(FEEDBACKS)}")
        check_number("tau_trace", tau_trace, above=0)
        for name, scale in (("input_scale", input_scale), ("recurrent_scale", recurrent_scale)):
            check_number(name, scale, low=0)
        plain: dict[str, Any] = {"tau_mem": tau_mem, "threshold": threshold, "refractory": refractory, "dt": dt}
        adapting = check_number("adaptation", adaptation, low=0) > 0
        neuron = ALIF(**plain, tau_adaptation=tau_adaptation, adaptation=adaptation) if adapting else LIF(**plain)
        for name, n in (("n_inputs", n_inputs), ("n_neurons", n_neurons), ("n_outputs", n_outputs)):
            check_integer(name, n, 1, 2**31 - 1)
        g = new_generator(seed)
        x, h, y = Population("input", n_inputs, Source()), Population("hidden", n_neurons, neuron), Population(
            "output", n_outputs, Leaky(tau_mem=tau_trace, dt=dt))  # fmt: skip
        deviations = {(x, h): input_scale * threshold / n_inputs**0.5, (h, h): recurrent_scale * threshold / n_neurons**0.5,
                      (h, y): 1 / n_neurons**0.5}  # fmt: skip
        self.network = Network([x, h, y], [
            Projection.from_matrix(s, t, g.normal(0.0, deviation, (s.n, t.n)), ~np.eye(s.n, dtype=bool) if s is t else None)
            for (s, t), deviation in deviations.items()
        ])  # fmt: skip
        self.random_feedback = g.normal(0.0, 1 / n_neurons**0.5, (n_outputs, n_neurons)) if feedback == "random" else None
        self.loss_fn, self.optimiser = loss_fn, optimiser or Adam(lr)
        self.eligibilities = [EligibilityTrace(projection, surrogate) for projection in self.network.projections[:2]]
        self.reset()

    def reset(self, samples: int | None = None) -> None:
        """Put the network at rest, with ``samples`` copies side by side if given, and forget traces and gradients."""
        self.network.reset(samples)
        for trace in self.eligibilities:
            trace.reset(samples)
        hidden = self.network.populations["hidden"].output
        self.filtered = [np.zeros((*hidden.shape[:-1], len(trace.projection.data))) for trace in self.eligibilities]
        self.filtered.append(np.zeros(hidden.shape))
        self.gradients = [np.zeros(w.shape) for w in self.network.weights]

    def step(self, x: np.ndarray, target: np.ndarray | None = None) -> dict[str, Any]:
        """Advance by a timestep; with a target, add this timestep's part to ``gradients``.

        ``x`` is ``(n_inputs,)`` or ``(samples, n_inputs)`` as at the reset, ``target`` what the loss takes for one timestep.
        Returns ``spikes``, ``output`` and ``loss`` (None without a target).
        """
        hidden, readout = self.network.populations["hidden"], self.network.output
        sent = check_array("x", x, (*hidden.output.shape[:-1], self.network.populations["input"].n)), hidden.output
        output = self.network.advance({"input": sent[0]})
        loss = None
        kappa = readout.neuron.decay  # type: ignore[attr-defined]
        parts = [trace.step(z, hidden.state) for trace, z in zip(self.eligibilities, sent, strict=True)]
        self.filtered = [kappa * f + e for f, e in zip(self.filtered, [*parts, hidden.output], strict=True)]
        if target is not None:
            loss, errors = self.loss_fn(output[None], as_array("targets", target)[None])
            self._learn(errors[0])
        return {"spikes": hidden.output, "output": output, "loss": loss}

    def apply(self) -> None:
        """Change the weights by one step of the optimiser against the gradients gathered since, and forget those."""
        self.optimiser.step(self.network.weights, self.gradients)
        self.gradients = [np.zeros(w.shape) for w in self.network.weights]

    def train_sequence(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """Learn from a sequence ``(timesteps, n)`` or ``(timesteps, samples, n)`` from rest and return the loss on the way."""
        loss = self.accumulate(inputs, targets)
        self.apply()
        return loss

    def accumulate(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """Run a sequence from rest with its gradient in ``gradients``, nothing learned yet, and return the loss."""
        inputs = self._start(inputs)
        targets = check_length("targets", targets, len(inputs))
        return float(sum(self.step(x, target)["loss"] for x, target in zip(inputs, targets, strict=True)))

    def predict_sequence(self, inputs: np.ndarray) -> np.ndarray:
        """Return the output after every timestep of a sequence from rest; nothing is learned."""
        return np.stack([self.step(x)["output"] for x in self._start(inputs)])

    @property
    def memory_per_step(self) -> int:
        """Bytes of state that are carried from one timestep to the next, counted from the arrays that hold them."""
        states = [array for population in self.network.populations.values() for array in population.state.values()]
        traces = [array for trace in self.eligibilities for array in (trace.trace, trace.slow)]
        return sum(array.nbytes for array in (*states, *traces, *self.filtered, *self.gradients))

    def _learn(self, errors: np.ndarray) -> None:
        """Add the learning signals times the filtered eligibilities, summed over samples."""
        output = self.network.projections[2]
        signal = output.backward(errors) if self.random_feedback is None else errors @ self.random_feedback
        for k, trace in enumerate(self.eligibilities):
            product = signal.take(trace.projection.indices, axis=-1) * self.filtered[k]
            self.gradients[k] += product.reshape(-1, product.shape[-1]).sum(axis=0)
        self.gradients[2] += output.weight_gradient(self.filtered[2], errors)

    def _start(self, inputs: np.ndarray) -> np.ndarray:
        inputs = self.network.check_sequence({"input": inputs})["input"]
        self.reset(inputs.shape[1] if inputs.ndim == 3 else None)
        return inputs

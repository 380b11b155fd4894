"""E-prop: learning of a recurrent spiking network forward in time, with memory that does not grow with the sequence.

Source: Bellec et al., "A solution to the learning dilemma for recurrent networks of spiking neurons", Nature Communications 11
(2020), eqs. 4, 23 to 28. The sign is that of gradient descent.
"""

import math
from typing import Any

import numpy as np

from ..checks import (
    as_array,
    check_array,
    check_callable,
    check_choice,
    check_instance,
    check_length,
    check_number,
    new_generator,
)
from ..network import Network, Population, Projection, Wiring
from ..neurons import ALIF, LIF, Leaky, Source, State, Surrogate
from ..rule import ConfigError, check_integer
from .losses import Loss, evaluated, squared_error
from .optimisers import Adam, Optimiser, follow
from .surrogates import triangular

__all__ = ["EligibilityTrace", "EpropTrainer", "ProjectionEligibility"]

FEEDBACKS = ("symmetric", "random")


class EligibilityTrace:
    """E-prop's filtered eligibility of all pairs of two groups of neurons, for weights that are kept elsewhere.

    With decay d = exp(-dt / tau_e), ``tau_e`` and ``dt`` in ms, above 0:

        x_i[t] = d x_i[t-1] + pre_i[t]
        e_ij[t] = d e_ij[t-1] + x_i[t] post_j[t]

    so that a presynaptic spike counts for postsynaptic ones after it, and the pair for errors after both. ``post`` may be the
    surrogate of a spike instead. Errors: ``ConfigError`` names the argument.
    """

    def __init__(self, tau_e: float = 20.0, dt: float = 1.0) -> None:
        self.tau_e, self.dt = check_number("tau_e", tau_e, above=0), check_number("dt", dt, above=0)
        self.reset()

    def reset(self) -> None:
        """Forget all; the next update says how many neurons there are."""
        self.pre: np.ndarray | None = None
        self.eligibility = np.zeros((0, 0))

    def update(self, pre_spike: np.ndarray, post_spike: np.ndarray, error_signal: np.ndarray) -> np.ndarray:
        """Take a timestep and return the change of each weight, ``(n_pre, n_post)``: eligibility times the neuron's error.

        ``pre_spike`` ``(n_pre,)``, ``post_spike`` and ``error_signal`` ``(n_post,)``; the error is target minus output, the
        direction in which the neuron should move.
        """
        sizes = (None, None) if self.pre is None else self.eligibility.shape
        pre, post = check_array("pre_spike", pre_spike, sizes[:1]), check_array("post_spike", post_spike, sizes[1:])
        error = check_array("error_signal", error_signal, post.shape)
        if self.pre is None:
            self.pre, self.eligibility = np.zeros(pre.shape), np.zeros((len(pre), len(post)))
        decay = math.exp(-self.dt / self.tau_e)
        self.pre = decay * self.pre + pre
        self.eligibility = decay * self.eligibility + np.outer(self.pre, post)
        change = self.eligibility * error
        if not np.isfinite(change).all():
            raise ConfigError("error_signal: so large, or the spikes, that a change is not finite; allowed are smaller ones")
        return np.asarray(change)


class ProjectionEligibility:
    """The eligibility of the synapses of a projection onto LIF or ALIF neurons, ``(..., synapses)`` in the order of its data.

    With x the filtered presynaptic trace (decay alpha), psi the surrogate and c the ALIF term:

        x_i[t] = alpha x_i[t-1] + z_i[t]                                  (z_i as the projection carries it at t)
        e_ij[t] = psi_j[t] (x_i[t] - adaptation c_ij[t])
        c_ij[t+1] = psi_j[t] x_i[t] + (rho - psi_j[t] adaptation) c_ij[t]

    The traces x are kept for each presynaptic neuron, c for each synapse and for ALIF only.
    """

    def __init__(self, projection: Projection, surrogate: Surrogate | None = None) -> None:
        check_instance("projection", projection, Projection)
        if not isinstance(projection.target.neuron, LIF):
            raise ConfigError(f"projection onto {projection.target.name}: allowed are targets that are LIF or ALIF")
        self.projection, self.neuron = projection, projection.target.neuron
        self.surrogate = triangular() if surrogate is None else check_callable("surrogate", surrogate, "distance", "threshold")
        self._wiring = Wiring([projection])
        self.reset()

    def reset(self, samples: int | None = None) -> None:
        """Forget all; with ``samples``, that many copies side by side."""
        leading = () if samples is None else (check_integer("samples", samples, 1, 2**31 - 1),)
        list(self._wiring.changes())  # seen: nothing is kept that could follow
        self.trace = np.zeros((*leading, self.projection.source.n))
        self.slow = np.zeros((*leading, len(self.projection.data))) if isinstance(self.neuron, ALIF) else np.zeros(0)

    def step(self, sent: np.ndarray, state: State) -> np.ndarray:
        """Return the eligibility of a timestep: what the source ``sent`` and the state of the target after it."""
        self.trace = self.neuron.decay * self.trace + check_array("sent", sent, self.trace.shape)
        wanted, target = {"voltage", "refractory", *(["adaptation"] if self.slow.size else [])}, self.projection.target
        if not isinstance(state, dict) or not wanted <= set(state):
            raise ConfigError(f"state: allowed is the state of {target.name}, with {', '.join(sorted(wanted))}")
        for name in wanted:
            check_array(f"state {name}", state[name], (*self.trace.shape[:-1], target.n))
        for _, carried in self._wiring.changes():
            self.slow = carried(self.slow) if self.slow.size else self.slow
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
    readout's own weights (``symmetric``) or by fixed random ones (``random``). ``lr`` is for Adam, unless an ``optimiser`` is
    given. Weights are drawn from ``seed``; ``input_scale`` and ``recurrent_scale`` multiply a deviation of threshold /
    sqrt(fan-in). The projections of ``network`` may be rewired. Errors: ``ConfigError``.
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        n_outputs: int,
        tau_mem: float = 20.0,
        tau_trace: float = 20.0,
        threshold: float = 1.0,
        lr: float = 0.01,
        dt: float = 1.0,
        *,
        tau_adaptation: float = 200.0,
        adaptation: float = 0.0,
        refractory: int = 0,
        loss_fn: Loss = squared_error,
        feedback: str = "symmetric",
        surrogate: Surrogate | None = None,
        optimiser: Optimiser | None = None,
        input_scale: float = 1.0,
        recurrent_scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        check_choice("feedback", feedback, FEEDBACKS)
        tau_trace = check_number("tau_trace", tau_trace, above=0)
        input_scale = check_number("input_scale", input_scale, low=0)
        recurrent_scale = check_number("recurrent_scale", recurrent_scale, low=0)
        plain: dict[str, Any] = {"tau_mem": tau_mem, "threshold": threshold, "refractory": refractory, "dt": dt}
        adapting = check_number("adaptation", adaptation, low=0) > 0
        neuron = ALIF(**plain, tau_adaptation=tau_adaptation, adaptation=adaptation) if adapting else LIF(**plain)
        n_inputs, n_neurons, n_outputs = (
            check_integer(name, n, 1, 2**31 - 1)
            for name, n in (("n_inputs", n_inputs), ("n_neurons", n_neurons), ("n_outputs", n_outputs))
        )
        g = new_generator(seed)
        x, h, y = (
            Population("input", n_inputs, Source()),
            Population("hidden", n_neurons, neuron),
            Population("output", n_outputs, Leaky(tau_mem=tau_trace, dt=dt)),
        )
        deviations = {
            (x, h): input_scale * neuron.threshold / n_inputs**0.5,
            (h, h): recurrent_scale * neuron.threshold / n_neurons**0.5,
            (h, y): 1 / n_neurons**0.5,
        }
        self.network = Network(
            [x, h, y],
            [
                Projection.from_matrix(s, t, g.normal(0.0, deviation, (s.n, t.n)), ~np.eye(s.n, dtype=bool) if s is t else None)
                for (s, t), deviation in deviations.items()
            ],
        )
        self.random_feedback = g.normal(0.0, 1 / n_neurons**0.5, (n_outputs, n_neurons)) if feedback == "random" else None
        self.loss_fn = check_callable("loss_fn", loss_fn, "outputs", "targets")
        self.optimiser: Optimiser = Adam(lr) if optimiser is None else check_instance("optimiser", optimiser, Optimiser)  # type: ignore[type-abstract]
        self.eligibilities = [ProjectionEligibility(projection, surrogate) for projection in self.network.projections[:2]]
        self._wiring, self.filtered = Wiring(self.network.projections), list[np.ndarray]()
        self._forget()
        self.reset()

    def reset(self, samples: int | None = None) -> None:
        """Put the network at rest, with ``samples`` copies side by side if given, and forget traces and gradients."""
        self._follow()
        self.network.reset(samples)
        for trace in self.eligibilities:
            trace.reset(samples)
        hidden = self.network.populations["hidden"].output
        self.filtered = [np.zeros((*hidden.shape[:-1], len(trace.projection.data))) for trace in self.eligibilities]
        self.filtered.append(np.zeros(hidden.shape))
        self._forget()

    def step(self, x: np.ndarray, target: np.ndarray | None = None) -> dict[str, Any]:
        """Advance by a timestep; with a target, learn from it at once.

        ``x`` is ``(n_inputs,)`` or ``(samples, n_inputs)`` as at the reset, ``target`` what the loss takes for one timestep.
        Returns ``spikes``, ``output`` and, with a target, ``loss``.
        """
        result = self._advance(x, target)
        if target is not None:
            self.apply()
        return result

    def apply(self) -> None:
        """Change the weights by one step of the optimiser against the gradients gathered since, and forget those."""
        self._follow()
        self.optimiser.step(self.network.weights, self.gradients)
        self._forget()

    def train_sequence(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """Learn from a sequence ``(timesteps, n)`` or ``(timesteps, samples, n)`` from rest; return the mean loss of a timestep.

        The weights change once, at its end, by one step of the optimiser.
        """
        loss = self.accumulate(inputs, targets)
        self.apply()
        return loss

    def accumulate(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """As ``train_sequence``, with its gradient in ``gradients`` and nothing learned yet."""
        inputs = self._start(inputs)
        targets = check_length("targets", targets, len(inputs))
        with self.network.held():
            return float(np.mean([self._advance(x, target)["loss"] for x, target in zip(inputs, targets, strict=True)]))

    def predict_sequence(self, inputs: np.ndarray) -> np.ndarray:
        """Return the output after every timestep of a sequence from rest; nothing is learned."""
        return self.network.run(inputs)

    @property
    def memory_per_step(self) -> int:
        """How many numbers are carried from one timestep to the next, counted from the arrays that hold them."""
        states = [array for population in self.network.populations.values() for array in population.state.values()]
        traces = [array for trace in self.eligibilities for array in (trace.trace, trace.slow)]
        return sum(array.size for array in (*states, *traces, *self.filtered, *self.gradients))

    def _advance(self, x: np.ndarray, target: np.ndarray | None) -> dict[str, Any]:
        """Advance by a timestep; with a target, add this timestep's part to ``gradients``."""
        self._follow()
        hidden, readout = self.network.populations["hidden"], self.network.output
        sent = check_array("x", x, (*hidden.output.shape[:-1], self.network.populations["input"].n)), hidden.output
        output = self.network.advance({"input": sent[0]})
        self.network.check_voltages()
        kappa = readout.neuron.decay  # type: ignore[attr-defined]
        parts = [trace.step(z, hidden.state) for trace, z in zip(self.eligibilities, sent, strict=True)]
        self.filtered = [kappa * f + e for f, e in zip(self.filtered, [*parts, hidden.output], strict=True)]
        result: dict[str, Any] = {"spikes": hidden.output, "output": output}
        if target is not None:
            loss, errors = evaluated(self.loss_fn, output[None], as_array("targets", target)[None])
            self._learn(errors[0])
            result["loss"] = loss
        return result

    def _follow(self) -> None:
        """Carry what is kept for each synapse over where projections were rewired."""
        for k, carried in self._wiring.changes():
            follow(self.optimiser, k, len(self.network.projections), carried)
            self.gradients[k] = carried(self.gradients[k])
            if k < len(self.eligibilities):
                self.filtered[k] = carried(self.filtered[k])

    def _forget(self) -> None:
        self.gradients = [np.zeros(w.shape) for w in self.network.weights]

    def _learn(self, errors: np.ndarray) -> None:
        """Add the learning signals times the filtered eligibilities, summed over samples."""
        output = self.network.projections[2]
        signal = output.backward(errors) if self.random_feedback is None else errors @ self.random_feedback
        for k, trace in enumerate(self.eligibilities):
            product = signal.take(trace.projection.indices, axis=-1) * self.filtered[k]
            self.gradients[k] += product.sum(axis=tuple(range(product.ndim - 1)))
        self.gradients[2] += output.weight_gradient(self.filtered[2], errors)

    def _start(self, inputs: np.ndarray) -> np.ndarray:
        inputs = self.network.check_sequence({"input": inputs})["input"]
        self.reset(inputs.shape[1] if inputs.ndim == 3 else None)
        return inputs

"""Homeostatic synaptic scaling: a neuron multiplies its input weights so that it spikes at a target rate.

Source: Turrigiano, "The self-tuning neuron: synaptic scaling of excitatory synapses", Cell 135 (2008); the slow form is that of
van Rossum, Bi and Turrigiano, Journal of Neuroscience 20 (2000), eq. 4.
"""

import math
from collections.abc import Sequence

import numpy as np

from ..checks import check_array, check_number
from ..network import Projection
from ..rule import ConfigError

__all__ = ["HomeostaticPlasticity"]

FORMS = ("slow", "clipped")


class HomeostaticPlasticity:
    """Keeps the rate of each neuron of a population at ``target_rate`` (Hz, above 0).

    ``tau`` (ms, above 0) is the time constant of the rate's estimate. ``slow``: tau_scaling dw/dt = w (1 - rate / target) for
    each weight of the neuron; ``tau_scaling`` (ms, above 0) is to be several times ``tau``, or the loop swings. ``clipped``: once
    every ``tau``, w *= clip(target / rate, 0.9, 1.1), which swings about the target the more, the steeper the rate rises with
    the weights. A silent neuron scales up in both; a weight of 0 stays 0. Errors: ``ConfigError`` names the argument.
    """

    def __init__(
        self, target_rate: float = 10.0, tau: float = 1000.0, *, tau_scaling: float = 5000.0, form: str = "slow", dt: float = 1.0
    ) -> None:  # fmt: skip
        if form not in FORMS:
            raise ConfigError(f"form={form!r}: not known; allowed are {', '.join(FORMS)}")
        self.target_rate, self.form = check_number("target_rate", target_rate, above=0), form
        self.tau, self.tau_scaling = check_number("tau", tau, above=0), check_number("tau_scaling", tau_scaling, above=0)
        self.dt = check_number("dt", dt, above=0, high=tau)
        self._decay, self._steps = math.exp(-dt / tau), 0
        self.rates: np.ndarray | None = None  # Hz; none before the first timestep

    def update(self, spikes: np.ndarray, projections: Sequence[Projection]) -> np.ndarray:
        """Take the spikes ``(n,)`` of a timestep, scale the projections onto their neurons, and return the factors ``(n,)``.

        Signs are kept; give the projections that are to be scaled, in Turrigiano's experiments the excitatory ones.
        """
        spikes = check_array("spikes", spikes, (None,) if self.rates is None else self.rates.shape)
        for p in projections:
            if p.target.n != len(spikes):
                raise ConfigError(
                    f"projections: {p.source.name} to {p.target.name} has {p.target.n} targets; {len(spikes)} spikes given"
                )
        if self.rates is None:
            self.rates = np.full(len(spikes), self.target_rate)  # so that nothing is scaled before something was seen
        self.rates = self._decay * self.rates + (1 - self._decay) * spikes * 1000.0 / self.dt
        self._steps += 1
        factors = self._factors(self.rates)
        for p in projections:
            p.data *= factors[p.indices]
        return factors

    def _factors(self, rates: np.ndarray) -> np.ndarray:
        if self.form == "slow":
            return np.asarray(np.exp(self.dt / self.tau_scaling * (1 - rates / self.target_rate)))
        if self._steps % round(self.tau / self.dt):
            return np.ones(rates.shape)
        return np.asarray(np.clip(self.target_rate / np.maximum(rates, 1e-9), 0.9, 1.1))

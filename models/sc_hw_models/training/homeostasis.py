"""Homeostatic synaptic scaling: a neuron multiplies its input weights so that it spikes at a target rate.

Source: Turrigiano, "The self-tuning neuron: synaptic scaling of excitatory synapses", Cell 135 (2008); the slow form is that of
van Rossum, Bi and Turrigiano, Journal of Neuroscience 20 (2000), eq. 4.
"""

import math

import numpy as np

from ..checks import check_array, check_choice, check_instance, check_number
from ..network import Kept, Population
from ..rule import ConfigError

__all__ = ["HomeostaticPlasticity"]

FORMS = ("slow", "clipped")


class HomeostaticPlasticity:
    """Keeps the rate of each neuron of one or more populations at ``target_rate`` (Hz, above 0).

    ``tau`` (ms, above 0) is the time constant of the rate's estimate. ``slow``: tau_scaling dw/dt = w (1 - rate / target) for
    each weight of the neuron; ``tau_scaling`` (ms, above 0) is to be several times ``tau``, or the loop swings. ``clipped``: once
    every ``tau``, w *= clip(target / rate, 0.9, 1.1), which swings about the target the more, the steeper the rate rises with
    the weights. A silent neuron scales up in both; a weight of 0 stays 0. What scaling makes of a weight stays within ``w_min``
    .. ``w_max`` in size (0 <= w_min < w_max): a neuron that cannot reach its target stops there instead of growing without
    bound, or fading to what no float holds. A weight given beyond these bounds is moved to them. ``dt`` in ms. Errors:
    ``ConfigError`` names the argument.
    """

    def __init__(
        self,
        target_rate: float = 10.0,
        tau: float = 1000.0,
        *,
        tau_scaling: float = 5000.0,
        form: str = "slow",
        dt: float = 1.0,
        w_min: float = 1e-6,
        w_max: float = 1e3,
    ) -> None:
        self.target_rate, self.form = check_number("target_rate", target_rate, above=0), check_choice("form", form, FORMS)
        self.tau, self.tau_scaling = check_number("tau", tau, above=0), check_number("tau_scaling", tau_scaling, above=0)
        self.dt, self.w_min = check_number("dt", dt, above=0), check_number("w_min", w_min, low=0)
        if self.tau < self.dt:
            raise ConfigError(
                f"tau={self.tau}, dt={self.dt}: a time constant shorter than a timestep; allowed are at least as long ones"
            )
        self.w_max = check_number("w_max", w_max, above=self.w_min)
        self._decay = math.exp(-self.dt / self.tau)
        self._every = round(self.tau / self.dt)  # timesteps between two steps of the clipped form
        self._seen: Kept[Population, tuple[int, np.ndarray]] = Kept()

    def rates(self, population: Population) -> np.ndarray:
        """Return the estimated rate of each neuron, ``(n,)`` in Hz; the target before anything was seen."""
        check_instance("population", population, Population)
        return self._seen.get(population, (0, np.full(population.n, self.target_rate)))[1]

    def update(self, population: Population) -> None:
        """Take what the population sent in the last timestep and scale the projections onto it (``incoming``).

        Signs are kept. Errors: ``ConfigError`` for a population that is in no network, or runs samples side by side.
        """
        rates = self.rates(population)
        if not population.incoming:
            raise ConfigError(f"population: nothing projects onto {population.name}; put it into a Network, with projections")
        spikes = check_array("spikes of the population", population.output, rates.shape)
        for p in population.incoming:
            p.check_finite()
        rates = self._decay * rates + (1 - self._decay) * spikes * 1000.0 / self.dt
        steps = self._seen.get(population, (0, rates))[0] + 1
        self._seen[population] = (steps, rates)
        factors = self.factors(rates) if self.form == "slow" or steps % self._every == 0 else None
        if factors is not None:
            for p in population.incoming:
                size = np.clip(np.abs(p.data) * factors[p.indices], self.w_min, self.w_max)
                p.data[:] = np.where(p.data == 0, 0.0, np.copysign(size, p.data))

    def factors(self, rates: np.ndarray) -> np.ndarray:
        """Return what the weights of neurons with these rates, ``(n,)`` in Hz, are multiplied by, when they are."""
        rates = check_array("rates", rates, (None,))
        if self.form == "slow":
            return np.asarray(np.exp(self.dt / self.tau_scaling * (1 - rates / self.target_rate)))
        return np.asarray(np.clip(self.target_rate / np.maximum(rates, 1e-9), 0.9, 1.1))

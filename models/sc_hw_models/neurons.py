"""Neuron models in discrete time, and what backpropagation needs of them.

A leaky integrate-and-fire neuron with an adaptive threshold (Bellec et al., Nature Communications 11 (2020), eqs. 6 to 8):

    v[t] = alpha v[t-1] + I[t] - threshold z[t-1]          alpha = exp(-dt / tau_mem)
    a[t] = rho a[t-1] + z[t-1]                             rho = exp(-dt / tau_adaptation)
    z[t] = 1 if v[t] > threshold + adaptation a[t] and the neuron is not refractory, else 0

``Izhikevich`` is another model, with equations of its own. A state is a dictionary of arrays ``(..., n)``; ``output`` is what
the neurons sent in the last timestep. Times are in ms, voltages and currents in units of the caller's choice.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .checks import check_array, keep_number
from .rule import ConfigError, check_integer

__all__ = ["ALIF", "LIF", "Izhikevich", "Leaky", "Neuron", "Source", "State", "Surrogate"]

State = dict[str, np.ndarray]
Surrogate = Callable[[np.ndarray, float], np.ndarray]  # distance from the threshold, threshold -> dz/dv


class Neuron(Protocol):
    """A model of a population's neurons, without state of its own."""

    def rest(self, shape: tuple[int, ...]) -> State:
        """Return the state before the first timestep."""

    def step(self, state: State, current: np.ndarray) -> State:
        """Return the state after a timestep with input ``current``; the state given is left as it is."""

    def adjoint(self, state: State, gradient: np.ndarray, later: State, surrogate: Surrogate) -> State:
        """Return the loss's gradient with respect to the state's variables after a timestep.

        ``gradient`` is that of the loss with respect to the timestep's output, ``later`` what this function returned for the
        following timestep (empty for the last). The gradient with respect to the input current is under ``voltage``.
        """


@dataclass(frozen=True)
class Source:
    """Neurons that send what they are given: the inputs of a network."""

    def rest(self, shape: tuple[int, ...]) -> State:
        """Return silence."""
        return {"output": np.zeros(shape)}

    def step(self, state: State, current: np.ndarray) -> State:
        """Return ``current`` as output."""
        return {"output": current}

    def adjoint(self, state: State, gradient: np.ndarray, later: State, surrogate: Surrogate) -> State:
        """Return the gradient: nothing lies behind an input."""
        return {"voltage": gradient}


@dataclass(frozen=True, kw_only=True)
class Leaky:
    """Leaky integrators without spikes, the usual readout: v[t] = kappa v[t-1] + I[t], and v is sent.

    ``tau_mem`` (kappa = exp(-dt / tau_mem)) and ``dt`` in ms, above 0. Errors: ``ConfigError`` names the argument.
    """

    tau_mem: float = 20.0
    dt: float = 1.0

    def __post_init__(self) -> None:
        keep_number(self, "tau_mem", above=0), keep_number(self, "dt", above=0)

    @property
    def decay(self) -> float:
        """What is left of a voltage after a timestep."""
        return math.exp(-self.dt / self.tau_mem)

    def rest(self, shape: tuple[int, ...]) -> State:
        """Return voltages of 0."""
        return {"voltage": np.zeros(shape), "output": np.zeros(shape)}

    def step(self, state: State, current: np.ndarray) -> State:
        """Integrate ``current``."""
        voltage = self.decay * state["voltage"] + current
        return {"voltage": voltage, "output": voltage}

    def adjoint(self, state: State, gradient: np.ndarray, later: State, surrogate: Surrogate) -> State:
        """Return the gradient with respect to the voltage."""
        return {"voltage": gradient + self.decay * later["voltage"] if later else gradient}


@dataclass(frozen=True, kw_only=True)
class LIF:
    """Leaky integrate-and-fire neurons; a spike takes ``threshold`` from the voltage in the next timestep.

    ``tau_mem`` and ``dt`` in ms and ``threshold``, above 0; ``refractory``, timesteps 0..10000 after a spike in which a neuron
    integrates but cannot spike. Errors: ``ConfigError`` names the argument.
    """

    tau_mem: float = 20.0
    threshold: float = 1.0
    refractory: int = 0
    dt: float = 1.0

    def __post_init__(self) -> None:
        for name in ("tau_mem", "threshold", "dt"):
            keep_number(self, name, above=0)
        object.__setattr__(self, "refractory", check_integer("refractory", self.refractory, 0, 10_000))

    @property
    def decay(self) -> float:
        """What is left of a voltage after a timestep."""
        return math.exp(-self.dt / self.tau_mem)

    def rest(self, shape: tuple[int, ...]) -> State:
        """Return voltages of 0, no spikes, not refractory."""
        return {name: np.zeros(shape) for name in ("voltage", "output", "refractory")}

    def step(self, state: State, current: np.ndarray) -> State:
        """Integrate ``current`` and spike."""
        spike = state["output"]
        after = {
            "voltage": self.decay * state["voltage"] + current - self.threshold * spike,
            "refractory": np.where(spike > 0, self.refractory, np.maximum(state["refractory"] - 1, 0)),
        } | self._adapt(state)
        after["output"] = ((self.distance(after) > 0) & (after["refractory"] == 0)).astype(np.float64)
        return after

    def distance(self, state: State) -> np.ndarray:
        """Return how far each voltage is above its threshold."""
        return np.asarray(state["voltage"] - self.threshold)

    def slope(self, state: State, surrogate: Surrogate) -> np.ndarray:
        """Return dz/dv by the surrogate; 0 while a neuron is refractory."""
        found = check_array("surrogate", surrogate(self.distance(state), self.threshold), state["voltage"].shape)
        return np.where(state["refractory"] > 0, 0.0, found)

    def adjoint(self, state: State, gradient: np.ndarray, later: State, surrogate: Surrogate) -> State:
        """Return the gradients with respect to the state; the reset and the adaptation are paths like any other."""
        voltage = self.slope(state, surrogate) * (gradient - self.threshold * later["voltage"] if later else gradient)
        return {"voltage": voltage + self.decay * later["voltage"] if later else voltage}

    def _adapt(self, state: State) -> State:
        return {}


@dataclass(frozen=True, kw_only=True)
class ALIF(LIF):
    """LIF neurons whose threshold rises by ``adaptation`` (>= 0) with each spike and falls back with ``tau_adaptation`` (ms)."""

    tau_adaptation: float = 200.0
    adaptation: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_number(self, "tau_adaptation", above=0), keep_number(self, "adaptation", low=0)

    @property
    def adaptation_decay(self) -> float:
        """What is left of an adaptation after a timestep."""
        return math.exp(-self.dt / self.tau_adaptation)

    def rest(self, shape: tuple[int, ...]) -> State:
        """Return voltages of 0, no spikes, no adaptation."""
        return {**super().rest(shape), "adaptation": np.zeros(shape)}

    def distance(self, state: State) -> np.ndarray:
        """Return how far each voltage is above its threshold."""
        return np.asarray(state["voltage"] - self.threshold - self.adaptation * state["adaptation"])

    def adjoint(self, state: State, gradient: np.ndarray, later: State, surrogate: Surrogate) -> State:
        """Return the gradients with respect to the state; the reset and the adaptation are paths like any other."""
        if not later:
            later = {"voltage": np.zeros(()), "adaptation": np.zeros(())}
        spike = gradient - self.threshold * later["voltage"] + later["adaptation"]
        drive = self.slope(state, surrogate) * spike
        return {
            "voltage": drive + self.decay * later["voltage"],
            "adaptation": self.adaptation_decay * later["adaptation"] - self.adaptation * drive,
        }

    def _adapt(self, state: State) -> State:
        return {"adaptation": self.adaptation_decay * state["adaptation"] + state["output"]}


@dataclass(frozen=True, kw_only=True, eq=False)
class Izhikevich:
    """Izhikevich's neurons: v' = 0.04 v^2 + 5 v + 140 - u + I, u' = a (b v - u); at v >= 30 a spike, v <- c, u <- u + d.

    Source: Izhikevich, "Simple model of spiking neurons", IEEE Transactions on Neural Networks 14 (2003). Voltages in mV, times
    in ms; the defaults make regular spiking. ``a``, ``b``, ``c``, ``d`` are numbers, or arrays ``(n,)`` where neurons differ.
    ``dt`` (above 0, at most 1) is taken by Euler's method in two halves for v and whole for u. They have no surrogate
    gradient. Errors: ``ConfigError`` names the argument.
    """

    a: float | np.ndarray = 0.02
    b: float | np.ndarray = 0.2
    c: float | np.ndarray = -65.0
    d: float | np.ndarray = 8.0
    dt: float = 1.0

    def __post_init__(self) -> None:
        for name in ("a", "b", "c", "d"):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, name, check_array(name, value, (None,)))
            else:
                keep_number(self, name)
        keep_number(self, "dt", above=0, high=1)

    def rest(self, shape: tuple[int, ...]) -> State:
        """Return voltages of ``c`` and recovery variables of b c."""
        for name in ("a", "b", "c", "d"):
            if np.shape(getattr(self, name)) not in ((), shape[-1:]):
                raise ConfigError(f"{name}: shape {np.shape(getattr(self, name))} given; allowed are a number and {shape[-1:]}")
        return {"voltage": np.zeros(shape) + self.c, "recovery": np.zeros(shape) + self.b * self.c, "output": np.zeros(shape)}

    def step(self, state: State, current: np.ndarray) -> State:
        """Reset what spiked, integrate ``current`` and spike."""
        spiked = state["output"] > 0
        v = np.where(spiked, self.c, state["voltage"])
        u = state["recovery"] + self.d * state["output"]
        drive = 140 - u + current
        for _ in range(2):
            v = v + self.dt / 2 * ((0.04 * v + 5) * v + drive)
        u = u + self.dt * self.a * (self.b * v - u)
        return {"voltage": v, "recovery": u, "output": (v >= 30).astype(np.float64)}

    def adjoint(self, state: State, gradient: np.ndarray, later: State, surrogate: Surrogate) -> State:
        """Refuse: there is no surrogate for these neurons."""
        raise ConfigError("neuron: Izhikevich has no surrogate gradient; allowed for learning by gradients are LIF and ALIF")

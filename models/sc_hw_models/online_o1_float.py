"""The float64 reference of ``r_stdp``, and how far its fixed model is from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from math import expm1, log1p
from typing import Any

import numpy as np

from .consolidation import ConsolidationConfig, Stage
from .core import CoreModel
from .deviation import Deviations
from .fixed import clip
from .rule import ConfigError, Rule

__all__ = ["OnlineO1Float", "accuracy"]


@dataclass(frozen=True, kw_only=True)
class OnlineO1Float:
    """Float64 reference with time constants in ms; traces and eligibility in units of a full trace, weights in 0..1.

    ``dt_ms`` is the timestep, ``learning_rate`` the weight change for a reward of 1 (full scale) at an
    eligibility of 1, ``eligibility_limit`` its bound, ``potentiation`` and ``depression`` its amplitudes.
    A time constant of ``inf`` does not decay. Decay is exact: x exp(-dt/tau) per timestep. ``consolidation`` protects
    weights; codes and anchors, where it has them, are part of the state and stay as they are.
    """

    tau_trace_ms: float
    tau_eligibility_ms: float
    learning_rate: float
    dt_ms: float = 1.0
    potentiation: float = 1.0
    depression: float = 1.0
    eligibility_limit: float = 0.5
    consolidation: ConsolidationConfig = field(default_factory=ConsolidationConfig)

    def __post_init__(self) -> None:
        for f in fields(self):
            if f.type is float and not getattr(self, f.name) > 0:
                raise ConfigError(f"{f.name}={getattr(self, f.name)!r}: allowed are numbers above 0")

    @classmethod
    def from_config(cls, config: Any, *, dt_ms: float = 1.0) -> "OnlineO1Float":
        """Return the reference whose constants the fixed configuration approximates: tau = -dt / ln(1 - 2^-D)."""

        def tau(shift: int) -> float:
            return -dt_ms / log1p(-(2.0**-shift)) if shift else float("inf")

        scale = 2.0 ** (config.reward_bits - 1 + config.trace_bits - config.learning_shift - config.weight_bits)
        gain = 2.0**-config.eligibility_gain_shift
        return cls(
            tau_trace_ms=tau(config.trace_decay_shift),
            tau_eligibility_ms=tau(config.effective_eligibility_decay_shift),
            learning_rate=scale,
            dt_ms=dt_ms,
            potentiation=gain,
            depression=gain * 2.0**-config.depression_shift,
            consolidation=config,
        )

    @cached_property
    def _factors(self) -> tuple[float, float]:
        return tuple(1.0 + expm1(-self.dt_ms / tau) for tau in (self.tau_trace_ms, self.tau_eligibility_ms))  # type: ignore[return-value]

    def step(
        self, state: Mapping[str, np.ndarray], *, pre_spike: np.ndarray, post_spike: np.ndarray, reward: float
    ) -> dict[str, np.ndarray]:
        """Advance one timestep; ``reward`` in -1..1, spikes bool arrays."""
        trace, slow = self._factors
        p0, q0 = state["pre_trace"], state["post_trace"]
        gain = self.potentiation * np.where(post_spike, np.where(pre_spike, 1.0, p0), 0.0)
        loss = self.depression * np.where(pre_spike, q0, 0.0)
        limit = self.eligibility_limit
        eligibility = np.clip(state["eligibility"] * slow + gain - loss, -limit, limit)
        change = self.learning_rate * reward * eligibility
        return {
            **state,
            "weight": self.consolidation.next_float(state, change, 0.0, 1.0),
            "pre_trace": np.where(pre_spike, 1.0, p0 * trace),
            "post_trace": np.where(post_spike, 1.0, q0 * trace),
            "eligibility": eligibility,
        }


def accuracy(rule: Rule, stage: Stage, config: Any, seed: int, timesteps: int) -> dict[str, float]:
    """Run fixed and float side by side on Poisson spikes and return deviations relative to full scale.

    512 synapses, ``timesteps`` of 1 ms, 20 Hz on both sides, a reward of one sixteenth of full scale that is +,
    - or 0 with equal chance every 50 ms; weights start at mid scale.
    """
    n, reward, deviations = 512, 0, Deviations()
    generator = np.random.default_rng(seed)
    reference, fixed = OnlineO1Float.from_config(config), CoreModel(rule, config, synapses=n)
    fixed.load({"weight": np.full(n, (config.max_weight + 1) // 2)})
    command = {f.name: 0 for f in fixed.spec.step_inputs}
    traces = ("pre_trace", "post_trace", "eligibility")
    scale = {"weight": config.max_weight + 1.0} | dict.fromkeys(traces, config.max_trace + 1.0)
    protection = stage.random_protection(fixed.state["weight"], generator)
    fixed.load(protection)
    exact = protection | dict.fromkeys(("weight", "anchor"), np.full(n, 0.5)) | dict.fromkeys(traces, np.zeros(n))
    for k in range(timesteps):
        if k % 50 == 0:
            reward = int(generator.integers(-1, 2)) * max(1, (config.max_reward + 1) // 16)
            reward = clip(reward, config.min_reward, config.max_reward)
        pre, post = generator.random((2, n)) < 0.02
        fixed.step({"pre_spike": pre, "post_spike": post, **command, "reward": config.encode_reward(reward)})
        state = fixed.state
        exact = reference.step(exact, pre_spike=pre, post_spike=post, reward=reward / -config.min_reward)
        errors = {name: state[name] / full - exact[name] for name, full in scale.items()}
        deviations.add(errors)
    return deviations.figures() | {"weight_bias": float(errors["weight"].mean())}

"""What a layer's synapses should do after training, in units a modeller uses, and how it becomes shifts and bits."""

import math
from dataclasses import dataclass

import numpy as np

from ..checks import check_choice, keep_number
from ..errors import shown
from ..rule import ConfigError

__all__ = ["PLASTICITY_RULES", "Conversion", "PlasticityConfig", "decay_shift", "learning_shift", "weight_bits"]

PLASTICITY_RULES = ("stdp", "r_stdp", "homeostatic", "none")


@dataclass(frozen=True)
class PlasticityConfig:
    """Plasticity of one layer.

    ``rule`` is one of ``PLASTICITY_RULES``. ``tau_pre`` and ``tau_post`` are the traces' time constants in ms (> 0),
    ``lr_potentiation`` and ``lr_depression`` the largest change of a weight by one pairing (>= 0), in the units of the
    weight range ``w_min`` < ``w_max``; ``homeostatic_target`` is a rate in spikes a timestep (above 0, at most 1).
    Errors: ``ConfigError`` names the field, the value and what is allowed.
    """

    layer_name: str
    rule: str = "stdp"
    tau_pre: float = 20.0
    tau_post: float = 20.0
    lr_potentiation: float = 0.01
    lr_depression: float = 0.012
    w_min: float = 0.0
    w_max: float = 1.0
    homeostatic_target: float = 0.1

    def __post_init__(self) -> None:
        if not isinstance(self.layer_name, str) or not self.layer_name:
            raise ConfigError(f"layer_name={shown(self.layer_name)}: allowed are non-empty strings")
        check_choice("rule", self.rule, PLASTICITY_RULES)
        keep_number(self, "tau_pre", above=0), keep_number(self, "tau_post", above=0)
        keep_number(self, "lr_potentiation", low=0), keep_number(self, "lr_depression", low=0)
        keep_number(self, "w_max", above=keep_number(self, "w_min"))
        keep_number(self, "homeostatic_target", above=0, high=1)

    def require(self, *rules: str) -> None:
        """Refuse every other rule than ``rules``; ``ConfigError`` names those."""
        if self.rule not in rules:
            raise ConfigError(f"{self.layer_name}: rule={self.rule!r}: nothing a lane does; allowed are {', '.join(rules)}")


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A rule's fixed-point configuration for a layer, and what it could not represent.

    ``errors`` gives for each quantity the relative error of what the configuration does to what was asked: 0.03 is 3 % too much.
    """

    config: object
    errors: dict[str, float]


def weight_bits(change: float, least: int = 8, largest: int = 31) -> int:
    """Return the bits of a weight so that ``change``, a fraction of its range, is at least two of its last bit."""
    return min(max(math.ceil(math.log2(2 / change)), least), largest) if change > 0 else least


def decay_shift(tau: float, largest: int = 30) -> tuple[int, float]:
    """Return the shift k (1..``largest``) of a decay by 2^-k a timestep nearest to ``tau`` timesteps, and its relative error.

    A decay by 2^-k has the time constant -1 / ln(1 - 2^-k); nearest is meant in the ratio of the two.
    """
    taus = np.array([-1 / math.log1p(-(2.0**-k)) for k in range(1, largest + 1)])
    best = int(np.argmin(np.abs(np.log(taus / tau))))
    return best + 1, float(taus[best] / tau - 1)


def learning_shift(full_scale: float, change: float, largest: int = 30) -> tuple[int, float]:
    """Return the shift s (0..``largest``) that scales a largest drive of ``full_scale`` nearest to ``change``, and the error.

    Both are in units of a weight's last bit; nearest is meant in the ratio. A ``change`` of 0 takes the largest shift; its
    error is what is left of it, as a fraction of a weight's last bit.
    """
    if change == 0:
        return largest, full_scale * 2.0**-largest
    shift = min(max(round(math.log2(full_scale / change)), 0), largest)
    return shift, full_scale * 2.0**-shift / change - 1

"""The spread of configurations of the parity regression: hand-picked corners, then seeded random ones."""

import dataclasses
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError

RANDOM_SEED = 11
RANDOM_COUNT = 24
KINDS = ("shift", "probabilistic", "pull", "lock", "si")
GROUP = 6  # configurations in one simulator, each in both generators


@dataclass(frozen=True)
class Configuration:
    """One core of the regression."""

    synapses: int = 64
    lanes: int = 1
    settings: dict = field(default_factory=dict)
    rule: str = "r_stdp"

    @property
    def label(self) -> str:
        return f"{self.rule} N={self.synapses} P={self.lanes} " + " ".join(
            f"{k}={v}" for k, v in self.settings.items() if v != getattr(get_rule(self.rule).config_type(), k)
        )


def corners() -> list[Configuration]:
    """Every default, end of range and option once, and the shapes of memory and lanes that need their own logic."""
    c = Configuration
    cured = {"trace_fraction_bits": 6, "eligibility_decay_shift": 9, "eligibility_gain_shift": 1, "rounding": "stochastic"}
    return [
        c(1024),
        c(1),
        c(2, 2),
        c(3),
        c(9),  # one word fewer than the pipeline is deep: sweeps must wait
        c(10),  # one word more: sweeps may overlap
        c(257, 4),  # lanes without a synapse in the last word
        c(255, 8, {"rounding": "stochastic"}),
        c(37, 3, cured),
        c(512, 2, cured),
        c(64, 1, {"weight_bits": 1, "trace_bits": 2, "reward_bits": 1, "learning_shift": 0, "trace_decay_shift": 0}),
        c(64, 1, {"weight_bits": 1, "trace_bits": 2, "reward_bits": 1, "learning_shift": 30, "trace_decay_shift": 30}),
        c(64, 1, {"weight_bits": 31, "trace_bits": 30, "reward_bits": 30, "learning_shift": 0, "trace_decay_shift": 0}),
        c(64, 1, {"weight_bits": 31, "trace_bits": 30, "reward_bits": 30, "learning_shift": 30, "trace_decay_shift": 30}),
        c(64, 2, {"weight_bits": 31, "trace_bits": 2, "reward_bits": 30, "learning_shift": 1, "trace_decay_shift": 1}),
        c(64, 1, {"trace_bits": 2, "trace_fraction_bits": 28, "trace_decay_shift": 29, "rounding": "nearest"}),
        c(64, 1, {"trace_fraction_bits": 4}),
        c(64, 1, {"trace_fraction_bits": 1, "decay_rounding": "stochastic"}),
        c(64, 1, {"eligibility_decay_shift": 0}),
        c(64, 1, {"eligibility_decay_shift": 10, "decay_rounding": "stochastic", "rounding": "stochastic"}),
        c(64, 1, {"eligibility_gain_shift": 1, "depression_shift": 1}),
        c(64, 1, {"eligibility_gain_shift": 30, "depression_shift": 30}),
        c(64, 1, {"rounding": "nearest", "decay_rounding": "nearest"}),
        c(64, 1, {"rounding": "stochastic", "learning_shift": 30, "decay_rounding": "stochastic", "trace_decay_shift": 30,
                  "random_seed": 2**31 - 1}),
        c(64, 1, {"rounding": "stochastic", "learning_shift": 0, "decay_rounding": "stochastic", "trace_decay_shift": 0}),
        *(c(48, 2, {"consolidation": kind, "rounding": rounding, "trace_fraction_bits": 2})
          for kind, rounding in zip(KINDS, ("nearest", "floor", "stochastic", "nearest", "stochastic"), strict=True)),
    ]  # fmt: skip


def presets() -> list[Configuration]:
    """Every preset of every rule on two lanes, but for the default that the corners begin with."""
    return [
        Configuration(33, 2, {f.name: getattr(preset.config, f.name) for f in dataclasses.fields(preset.config)}, rule)
        for rule in sorted(RULES)
        for name, preset in get_rule(rule).presets.items()
        if (rule, name) != ("r_stdp", "default")
    ]


def random_ones(count: int, seed: int) -> list[Configuration]:
    """Configurations drawn from the whole space of a random rule; the same seed gives the same ones."""
    generator = np.random.default_rng(seed)
    result = []
    while len(result) < count:
        rule = get_rule(str(generator.choice(sorted(RULES))))
        settings: dict[str, int | str] = {}
        for name, (low, high) in rule.config_type.RANGES.items():
            if generator.random() < 0.75:  # else its default
                settings[name] = int(generator.integers(low, high + 1))
        settings |= {name: str(generator.choice(words)) for name, words in rule.config_type.CHOICES.items()}
        synapses = int(generator.integers(1, 401))
        lanes = int(generator.integers(1, min(4, synapses) + 1))
        with suppress(ConfigError):  # a condition between fields
            rule.config_type(**settings)
            result.append(Configuration(synapses, lanes, settings, rule.name))
    return result


CONFIGURATIONS = corners() + presets() + random_ones(RANDOM_COUNT, RANDOM_SEED)

"""The three-factor rule: the step against its definition, its anchor in gradient descent, its limits."""

import math

import numpy as np
import pytest

from sc_hw_models.core import CoreModel
from sc_hw_models.rule import ConfigError
from sc_hw_models.rules.three_factor import RULE, ThreeFactorConfig


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_bits": 2, "activity_bits": 1, "signal_bits": 2, "learning_shift": 0},
        {"weight_bits": 31, "activity_bits": 16, "signal_bits": 16, "learning_shift": 30},
    ],
    ids=str,
)
def test_the_weight_follows_the_definition(settings):
    """Floor, so that the definition has no noise: w + floor(L x / 2^shift), saturating."""
    config, n = ThreeFactorConfig(**settings, rounding="floor"), 400
    core, generator = CoreModel(RULE, config, synapses=n), np.random.default_rng(2)
    low, high = -(2 ** (config.weight_bits - 1)), 2 ** (config.weight_bits - 1) - 1
    half = 2 ** (config.signal_bits - 1)
    for _ in range(20):
        weight = generator.choice([low, 0, high, int(generator.integers(low, high + 1))], n)
        activity = generator.integers(0, 2**config.activity_bits, n)
        signal = generator.choice([-half, -1, 0, half - 1, int(generator.integers(-half, half))], n)
        core.load({"weight": weight})
        outputs = core.step({"activity": activity, "signal": signal})
        for k in range(n):
            change = math.floor(int(signal[k]) * int(activity[k]) / 2**config.learning_shift)
            expected = min(max(int(weight[k]) + change, low), high)
            assert core.state["weight"][k] == outputs["weight"][k] == expected


def test_with_the_output_error_it_is_the_delta_rule():
    """Learning a random linear map by integer updates reaches the map: the error falls to the rounding of the weights."""
    generator = np.random.default_rng(4)
    n, timesteps = 16, 4000
    target = generator.integers(-200, 201, n)
    core = CoreModel(RULE, ThreeFactorConfig(learning_shift=10), synapses=n)
    for _ in range(timesteps):
        x = generator.integers(0, 32, n)
        error = int(np.clip((target - core.state["weight"]) @ x >> 5, -256, 255))
        core.step({"activity": x, "signal": np.full(n, error)})
    assert np.abs(core.state["weight"] - target).max() <= 8


def test_a_drive_too_wide_for_the_scaling_is_refused_by_name():
    config = ThreeFactorConfig(activity_bits=16, signal_bits=16, code_bits=4, consolidation="shift")
    with pytest.raises(ConfigError, match=r"consolidation=shift with code_bits=4: .* 48 bits; allowed are 47; narrow"):
        config.check_drive(48)
    config.check_drive(47)
    config.check_drive(16 + 16)  # the widest there is


@pytest.mark.parametrize("settings", [{"weight_bits": 1}, {"activity_bits": 17}, {"signal_bits": 1}, {"learning_shift": 31}])
def test_widths_out_of_range_are_refused(settings):
    ((name, value),) = settings.items()
    with pytest.raises(ConfigError, match=f"{name}={value}: out of range; allowed are integers"):
        ThreeFactorConfig(**settings)


def test_stochastic_rounding_is_closer_to_the_reference_than_floor():
    figures = {rounding: RULE.accuracy(ThreeFactorConfig(rounding=rounding), 0, 1000) for rounding in ("floor", "stochastic")}
    assert abs(figures["stochastic"]["weight_bias"]) < 0.01 < abs(figures["floor"]["weight_bias"])

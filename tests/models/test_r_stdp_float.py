"""Reward-modulated STDP: the float reference and the measured accuracy."""

import itertools
import math

import numpy as np
import pytest

from sc_hw_models.online_o1 import OnlineO1Array
from sc_hw_models.rule import ConfigError
from sc_hw_models.rules.r_stdp import RULE, OnlineO1Config, OnlineO1Float

from .r_stdp_reference import FIELDS, changed


@pytest.mark.parametrize("dt_ms", [0.1, 1.0])
@pytest.mark.parametrize(("decay", "own"), [(1, None), (4, 7), (10, 0), (0, 4)])
def test_the_float_reference_s_constants_are_the_config_s(decay, own, dt_ms):
    reference = OnlineO1Float.from_config(changed(trace_decay_shift=decay, eligibility_decay_shift=own), dt_ms=dt_ms)
    state = {name: np.array([1.0 if name != "eligibility" else 0.25]) for name in FIELDS}
    quiet = np.zeros(1, dtype=bool)
    after = reference.step(state, pre_spike=quiet, post_spike=quiet, reward=0.0)
    for shift, tau, name in (
        (decay, reference.tau_trace_ms, "pre_trace"),
        (decay, reference.tau_trace_ms, "post_trace"),
        (decay if own is None else own, reference.tau_eligibility_ms, "eligibility"),
    ):
        expected = 1.0 if shift == 0 else 1 - 2.0**-shift
        assert math.exp(-dt_ms / tau) == pytest.approx(expected, rel=1e-14)
        assert after[name] / state[name] == pytest.approx(expected, rel=1e-14)


def test_the_float_reference_pairs_by_the_exponential():
    reference = OnlineO1Float(
        tau_trace_ms=20.0, tau_eligibility_ms=1000.0, learning_rate=0.1, potentiation=0.4, depression=0.3, dt_ms=0.5
    )
    yes, no = np.array([True]), np.array([False])
    for post_first, amplitude in ((False, 0.4), (True, -0.3)):
        state = {name: np.array([0.5 if name == "weight" else 0.0]) for name in FIELDS}
        state = reference.step(state, pre_spike=no if post_first else yes, post_spike=yes if post_first else no, reward=0.0)
        for _ in range(7):
            state = reference.step(state, pre_spike=no, post_spike=no, reward=0.0)
        state = reference.step(state, pre_spike=yes if post_first else no, post_spike=no if post_first else yes, reward=0.5)
        eligibility = amplitude * math.exp(-7 * 0.5 / 20)
        assert state["eligibility"] == pytest.approx(eligibility, rel=1e-12)
        assert state["weight"] == pytest.approx(0.5 + 0.1 * 0.5 * eligibility, rel=1e-12)
        for _ in range(200):
            state = reference.step(state, pre_spike=no, post_spike=no, reward=0.0)
        assert state["eligibility"] == pytest.approx(eligibility * math.exp(-0.1), rel=1e-12)


@pytest.mark.parametrize(
    "name", ["tau_trace_ms", "tau_eligibility_ms", "learning_rate", "dt_ms", "potentiation", "eligibility_limit"]
)
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_the_float_reference_refuses_what_is_not_positive(name, value):
    with pytest.raises(ConfigError, match=f"{name}={value!r}"):
        OnlineO1Float(**({"tau_trace_ms": 20.0, "tau_eligibility_ms": 20.0, "learning_rate": 1.0} | {name: value}))


def deviations(config, steps=600, count=64, seed=3):
    """Return the rms deviation of traces and eligibility from the float reference, in full traces."""
    generator = np.random.default_rng(seed)
    reference, fixed = OnlineO1Float.from_config(config), OnlineO1Array(config, count, 500)
    exact = {name: np.zeros(count) for name in FIELDS}
    squares = dict.fromkeys(FIELDS[1:], 0.0)
    for _ in range(steps):
        pre, post = generator.random((2, count)) < 0.02
        state = fixed.update(pre_spike=pre, post_spike=post, reward=0)
        exact = reference.step(exact, pre_spike=pre, post_spike=post, reward=0.0)
        for name in squares:
            squares[name] += float(np.mean((state[name] / 2**config.stored_trace_bits - exact[name]) ** 2)) / steps
    return {name: math.sqrt(square) for name, square in squares.items()}


def test_the_deviation_never_grows_with_the_fraction():
    runs = [deviations(changed(trace_fraction_bits=f)) for f in (0, 1, 2, 4, 8, 12)]
    for name in FIELDS[1:]:
        series = [run[name] for run in runs]
        assert all(a >= b for a, b in itertools.pairwise(series)), (name, series)
        assert series[-1] < series[0] / 1000


def test_accuracy_is_reproducible_and_improves_with_the_options():
    default = RULE.accuracy(OnlineO1Config(), 0, 500)
    better = RULE.accuracy(changed(trace_fraction_bits=8, rounding="stochastic"), 0, 500)
    assert set(default) == {f"{name}_{kind}" for name in FIELDS for kind in ("rms", "max")} | {"weight_bias"}
    assert default == RULE.accuracy(OnlineO1Config(), 0, 500)
    assert default != RULE.accuracy(OnlineO1Config(), 1, 500)
    for figure, value in default.items():
        assert abs(better[figure]) < abs(value) / 3, figure

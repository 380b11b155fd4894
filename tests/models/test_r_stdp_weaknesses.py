"""Reward-modulated STDP: the weaknesses of the default, exactly, and what cures each."""

import itertools
import math

import numpy as np
import pytest

from sc_hw_models.online_o1 import OnlineO1Array, OnlineO1Synapse
from sc_hw_models.rules.r_stdp import OnlineO1Config, OnlineO1Float

from .r_stdp_reference import FIELDS, Z, changed, floored_decay, pair

# The weaknesses of the default, exactly, and what cures each.


def silent(config, *, eligibility_at_start=None, steps=300, reward=127):
    """Pair, let everything fade without reward, then reward silence: return the snapshots before and after."""
    synapse = OnlineO1Synapse(config, 30_000)
    synapse.step(pre_spike=True, post_spike=False, reward=0)
    synapse.step(pre_spike=False, post_spike=True, reward=0)
    for _ in range(500 + (4 << config.trace_decay_shift)):
        before = synapse.step(pre_spike=False, post_spike=False, reward=0)
    for _ in range(steps):
        after = synapse.step(pre_spike=False, post_spike=False, reward=reward)
    return before, after


@pytest.mark.parametrize("decay", [1, 2, 4, 7, 10])
def test_floored_decay_is_stuck_at_two_to_the_shift_minus_one(decay):
    before, after = silent(changed(trace_decay_shift=decay), steps=4 << decay, reward=0)
    assert [getattr(after, name) for name in FIELDS[1:]] == [2**decay - 1] * 3
    assert before.weight == after.weight == 30_000


def test_a_stuck_eligibility_drives_the_weight_to_its_limit_in_silence():
    before, after = silent(OnlineO1Config())
    assert before == (30_000, 15, 15, 15, None)
    assert after.weight == 65_535
    assert silent(OnlineO1Config(), steps=1)[1].weight == 30_000 + 127 * 15 // 16


@pytest.mark.parametrize("fraction", range(9))
def test_fraction_bits_from_the_decay_shift_on_cure_the_drift(fraction):
    """A stuck eligibility of 2^D - 1 stored units is below one whole unit as soon as F >= D, and just then."""
    before, after = silent(changed(trace_fraction_bits=fraction))
    assert before.eligibility == 15
    expected = 30_000 if fraction >= 4 else min(65_535, 30_000 + 300 * (127 * (15 >> fraction) // 16))
    assert after.weight == expected
    assert (after.weight == 30_000) == (fraction >= 4)


def test_a_negative_remainder_below_one_unit_drives_nothing_either():
    config = changed(trace_fraction_bits=4)
    array = OnlineO1Array(config, 3, 30_000)
    array.load({"eligibility": np.array([-15, -16, -31])})
    zero = np.zeros(3, dtype=np.int64)
    changes = array.update(pre_spike=zero, post_spike=zero, reward=64)["weight"] - 30_000
    assert changes.tolist() == [0, 64 * math.trunc(-15 / 16) // 16, -4]  # -16 and -31 decay to -15 and -30 first


def test_stochastic_decay_reaches_zero():
    before, after = silent(changed(decay_rounding="stochastic"))
    assert before == (30_000, 0, 0, 0, None)
    assert after.weight == 30_000


def test_nearest_decay_is_stuck_at_half():
    assert silent(changed(decay_rounding="nearest"), steps=1)[0][1:4] == (7, 7, 7)


def steady(config, eligibility, reward, synapses=1):
    """Return the weight changes of one silent timestep at an eligibility that the default decay leaves alone."""
    array = OnlineO1Array(config, synapses, 30_000)
    array.load({"eligibility": np.full(synapses, eligibility)})
    zero = np.zeros(synapses, dtype=np.int64)
    return array.update(pre_spike=zero, post_spike=zero, reward=reward)["weight"] - 30_000


def test_floor_biases_toward_depression():
    assert steady(OnlineO1Config(), 7, 1).tolist() == [0]
    assert steady(OnlineO1Config(), 7, -1).tolist() == [-1]


def test_nearest_rounding_treats_both_signs_alike():
    config = changed(rounding="nearest")
    assert steady(config, 7, 1).tolist() == steady(config, 7, -1).tolist() == [0]
    assert steady(config, 9, 1).tolist() == [1]
    assert steady(config, 9, -1).tolist() == [-1]


@pytest.mark.parametrize(("rounding", "bias"), [("floor", -15 / 32), ("nearest", 1 / 32)])
def test_the_mean_error_of_deterministic_rounding_is_its_closed_form(rounding, bias):
    """Over all remainders of the shift; the ties go up, which is all that is left of the nearest form's bias."""
    errors = [steady(changed(rounding=rounding, trace_decay_shift=0), e, 1)[0] - e / 16 for e in range(-160, 160)]
    assert np.mean(errors) == bias


def test_nearest_rounding_keeps_a_bias_where_half_of_the_drives_are_ties():
    """At reward 8 and L = 4 every odd eligibility is a tie: a quarter of a unit upward, on average."""
    errors = [steady(changed(rounding="nearest", trace_decay_shift=0), e, 8)[0] - e / 2 for e in range(-160, 160)]
    assert np.mean(errors) == 0.25


@pytest.mark.parametrize("reward", [1, -1, 3, -7])
@pytest.mark.parametrize("eligibility", [7, -7, 15])
def test_stochastic_rounding_is_unbiased(eligibility, reward):
    count = 40_000
    changes = steady(changed(rounding="stochastic"), eligibility, reward, count)
    exact = eligibility * reward / 16
    part = exact - math.floor(exact)
    assert set(changes.tolist()) == {math.floor(exact), math.floor(exact) + 1}
    assert abs(changes.mean() - exact) < Z * math.sqrt(part * (1 - part) / count)
    assert abs(steady(OnlineO1Config(), eligibility, reward, 1).mean() - exact) > 0.05


@pytest.mark.parametrize("name", FIELDS[1:])
def test_stochastic_decay_is_unbiased(name):
    count, value = 40_000, 1000
    array = OnlineO1Array(changed(decay_rounding="stochastic"), count)
    array.load({name: np.full(count, value)})
    zero = np.zeros(count, dtype=np.int64)
    after = array.update(pre_spike=zero, post_spike=zero, reward=0)[name]
    assert set(after.tolist()) == {937, 938}
    assert abs(after.mean() - value * 15 / 16) < Z * 0.5 / math.sqrt(count)


def test_early_lags_saturate_and_the_gain_shift_separates_them():
    lags = range(40)
    default = [pair(OnlineO1Config(), lag).eligibility for lag in lags]
    assert default[:12] == [2047] * 12
    assert default[12] < 2047
    halved = [pair(changed(eligibility_gain_shift=1), lag).eligibility for lag in lags]
    assert halved[0] == halved[1] == 2047
    assert all(a > b for a, b in itertools.pairwise(halved[1:]))


@pytest.mark.parametrize("own", [0, 2, 6, 10])
def test_eligibility_has_its_own_time_constant(own):
    config = changed(eligibility_decay_shift=own)
    synapse = OnlineO1Synapse(config)
    synapse.step(pre_spike=True, post_spike=False, reward=0)
    synapse.step(pre_spike=False, post_spike=True, reward=0)
    for _ in range(100):
        after = synapse.step(pre_spike=False, post_spike=False, reward=0)
    assert after.eligibility == (floored_decay(2047, own, 100) if own else 2047)
    assert after.post_trace == floored_decay(4095, 4, 100)


def test_a_decay_shift_of_ten_remembers_for_a_second():
    reference = OnlineO1Float.from_config(changed(eligibility_decay_shift=10))
    assert reference.tau_eligibility_ms == pytest.approx(1023.5, abs=0.01)
    assert reference.tau_trace_ms == pytest.approx(15.494, abs=0.001)


@pytest.mark.parametrize("shift", range(5))
def test_depression_shift_scales_depression_only(shift):
    config = changed(depression_shift=shift, eligibility_gain_shift=1)
    assert pair(config, 3).eligibility == floored_decay(4095, 4, 2) // 2
    assert pair(config, 3, post_first=True).eligibility == -(floored_decay(4095, 4, 2) // 2 ** (1 + shift))

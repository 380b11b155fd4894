"""Reward-modulated STDP: every option: scalar, array, core and reference agree; closed forms."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_hw_models.core import CoreModel
from sc_hw_models.online_o1 import OnlineO1Array, OnlineO1Synapse
from sc_hw_models.rules.r_stdp import RULE, OnlineO1Config

from .r_stdp_reference import (
    ROUNDINGS,
    SerialNoise,
    changed,
    configs,
    floored_decay,
    noise_widths,
    option_step,
    pair,
    random_reward,
    random_state,
    reproducible,
    tuples,
)

# Options: scalar == array == core == reference.

OPTION_GRID = [
    {
        "rounding": rounding,
        "decay_rounding": decay_rounding,
        "trace_fraction_bits": fraction,
        "eligibility_decay_shift": own,
        "eligibility_gain_shift": gain,
        "depression_shift": depression,
    }
    for rounding, decay_rounding, fraction, own, (gain, depression) in itertools.product(
        ROUNDINGS, ROUNDINGS, (0, 5), (None, 0, 9), ((0, 0), (1, 2))
    )
]


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("decay_rounding", ROUNDINGS)
def test_scalar_array_core_and_reference_agree_for_all_options(rounding, decay_rounding):
    generator = np.random.default_rng(20263)
    grid = [o for o in OPTION_GRID if (o["rounding"], o["decay_rounding"]) == (rounding, decay_rounding)]
    for options in grid:
        config = changed(**options, random_seed=77)
        scalar, array = OnlineO1Synapse(config, 30_000), OnlineO1Array(config, 1, 30_000)
        core = CoreModel(RULE, config, synapses=1)
        core.load({"weight": np.array([30_000])})
        fresh = sum(noise_widths(config))
        noise = SerialNoise(77, 0, fresh) if fresh else None
        state = (30_000, 0, 0, 0)
        for _ in range(60):
            pre, post = (generator.random(2) < 0.2).tolist()
            reward = random_reward(generator, config)
            state = option_step(config, state, pre, post, reward, noise.draw() if noise else 0)
            assert tuple(scalar.step(pre_spike=pre, post_spike=post, reward=reward)[:4]) == state, options
            updated = array.update(pre_spike=np.array([pre]), post_spike=np.array([post]), reward=reward)
            core.step({"pre_spike": np.array([pre]), "post_spike": np.array([post]), "reward": reward})
            assert tuples(updated) == tuples(core.state) == [state], options


@settings(reproducible, max_examples=25)
@given(configs(), st.integers(1, 12), st.data())
def test_lanes_follow_the_reference_for_any_configuration(config, synapses, data):
    lanes = data.draw(st.integers(1, synapses))
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    core = CoreModel(RULE, config, synapses=synapses, lanes=lanes)
    fresh = sum(noise_widths(config))
    noise = [SerialNoise(config.random_seed, lane, fresh) for lane in range(lanes)]
    for _ in range(4):
        core.load(random_state(generator, core.spec, synapses))
        before, reward = tuples(core.state), random_reward(generator, config)
        pre, post = generator.integers(0, 2, (2, synapses))
        draws = [noise[i % lanes].draw() if fresh else 0 for i in range(core.words * lanes)]  # an empty word draws too
        core.step({"pre_spike": pre, "post_spike": post, "reward": reward})
        inputs = zip(before, pre.tolist(), post.tolist(), draws[:synapses], strict=True)
        assert tuples(core.state) == [option_step(config, s, a, b, reward, draw) for s, a, b, draw in inputs]


@pytest.mark.parametrize("bits", [1, 2, 3, 7, 8, 16, 30])
def test_a_power_of_two_is_the_same_reward_as_the_number(bits):
    """Every word there is, those above the highest power included, against a rule whose reward is wide enough a number."""
    config, top = changed(reward_encoding="pow2", reward_bits=bits), 2 ** len(f"{bits:b}")
    values = [0, *(2 ** min(k, bits - 1) for k in range(top - 1))]
    values += [-value for value in values]
    assert RULE.spec(config).step_inputs[0].bits == len(f"{2 * top - 1:b}")
    generator = np.random.default_rng(20265)
    # The widest number has 30 bits: where the lowest reward needs 31, half of it at half the scaling is the same.
    wide, divisor = (changed(reward_bits=bits + 1), 1) if bits < 30 else (changed(reward_bits=30, learning_shift=3), 2)
    for word, value in enumerate(values):
        if value % divisor:
            continue
        core, linear = (CoreModel(RULE, c, synapses=300) for c in (config, wide))
        core.load(random_state(generator, core.spec, 300))
        linear.load(core.state)
        pre, post = generator.integers(0, 2, (2, 300))
        core.step({"pre_spike": pre, "post_spike": post, "reward": word})
        linear.step({"pre_spike": pre, "post_spike": post, "reward": value // divisor})
        assert tuples(core.state) == tuples(linear.state), (word, value)


@pytest.mark.parametrize("bits", [1, 2, 5, 7, 8])
def test_a_reward_becomes_the_nearest_power_of_two(bits):
    config, places = changed(reward_encoding="pow2", reward_bits=bits), len(f"{bits:b}")
    assert (config.min_reward, config.max_reward) == (-(2 ** (bits - 1)), 2 ** (bits - 1))
    seen: set[int] = set()
    for reward in (*range(-300, 301), 10**30, -(10**30)):
        word = config.encode_reward(reward)
        code = word % 2**places
        meant = (2 ** (code - 1) if code else 0) * (-1 if word >= 2**places else 1)
        powers = [2**k * (-1 if reward < 0 else 1) for k in range(bits)] if reward else [0]
        assert meant == max(powers, key=lambda power: (-abs(power - reward), abs(power)))
        if word in seen and reward % 16:  # a synapse for every word, and for some of the rewards that become it
            continue
        seen.add(word)
        synapse = OnlineO1Synapse(config, 30_000)
        synapse.step(pre_spike=True, post_spike=False, reward=0)
        weight = synapse.step(pre_spike=False, post_spike=True, reward=reward).weight
        assert weight == 30_000 + (meant * 2047 >> 4)


@settings(reproducible, max_examples=15)
@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_random_seed_chooses_the_noise(a, b):
    def life(seed):
        array = OnlineO1Array(changed(rounding="stochastic", decay_rounding="stochastic", random_seed=seed), 64, 30_000)
        ones = np.ones(64, dtype=np.int64)
        return [array.update(pre_spike=ones * (k == 0), post_spike=ones * (k == 3), reward=9)["weight"] for k in range(5)][-1]

    assert np.array_equal(life(a), life(b)) == (a == b)


def test_the_default_is_the_definition_and_every_option_is_off():
    assert dataclasses.asdict(OnlineO1Config()) == {
        "weight_bits": 16,
        "trace_bits": 12,
        "reward_bits": 8,
        "learning_shift": 4,
        "trace_decay_shift": 4,
        "rule_family": "reward_modulated_stdp",
        "trace_fraction_bits": 0,
        "eligibility_decay_shift": None,
        "eligibility_gain_shift": 0,
        "depression_shift": 0,
        "rounding": "floor",
        "decay_rounding": "floor",
        "random_seed": 1,
        "reward_encoding": "linear",
        "consolidation": "none",
        "code_bits": 3,
        "pull_shift": 6,
        "importance_scale": 4,
        "importance_damping": 7,
        "importance_offset": -3,
    }
    assert RULE.spec(OnlineO1Config()).noise == ()


# Closed forms.


@pytest.mark.parametrize("decay", [1, 3, 4, 6])
@pytest.mark.parametrize("lag", [0, 1, 2, 5, 12, 40, 200])
def test_a_pair_leaves_the_decayed_trace(lag, decay):
    """A spike sets its trace at the end of the timestep, so lags 0 and 1 both meet it full: decay^(lag-1)(max_trace)."""
    config = changed(trace_decay_shift=decay, eligibility_gain_shift=1)
    trace = floored_decay(config.max_trace, decay, max(0, lag - 1))
    assert pair(config, lag).eligibility == trace // 2
    assert pair(config, lag, post_first=True).eligibility == (trace // 2 if lag == 0 else -(trace // 2))
    ideal = config.max_trace * (1 - 2.0**-decay) ** max(0, lag - 1)
    assert 0 <= trace - ideal < 2**decay


def test_a_coincidence_potentiates_in_full_and_depresses_by_the_older_trace():
    config = changed(eligibility_gain_shift=1)
    synapse = OnlineO1Synapse(config)
    synapse.step(pre_spike=False, post_spike=True, reward=0)
    both = synapse.step(pre_spike=True, post_spike=True, reward=0)
    assert both.eligibility == config.max_trace // 2 - config.max_trace // 2 == 0
    assert both.pre_trace == both.post_trace == config.max_trace


def test_the_weight_uses_the_eligibility_and_reward_of_the_same_timestep():
    assert pair(OnlineO1Config(), 1, reward=16, weight=100).weight == 100 + 16 * 2047 // 16
    assert pair(OnlineO1Config(), 1, reward=-16, weight=5000).weight == 5000 - 16 * 2047 // 16


@pytest.mark.parametrize(
    ("reward", "clipped"), [(127, 127), (128, 127), (10**30, 127), (-128, -128), (-129, -128), (-(10**30), -128)]
)
def test_the_reward_is_clipped(reward, clipped):
    expected = 30_000 + clipped * 2047 // 16
    assert pair(OnlineO1Config(), 1, reward=reward, weight=30_000).weight == expected
    array = OnlineO1Array(OnlineO1Config(), 1, 30_000)
    array.load({"eligibility": np.array([2047]), "pre_trace": np.array([4095])})
    updated = array.update(pre_spike=np.array([0]), post_spike=np.array([1]), reward=reward)
    assert updated["weight"].tolist() == [expected]


@pytest.mark.parametrize(("sign", "bound"), [(1, 65535), (-1, 0)])
def test_the_weight_saturates_and_stays(sign, bound):
    synapse = OnlineO1Synapse(initial_weight=32_768)
    weights = [synapse.step(pre_spike=True, post_spike=True, reward=127 * sign).weight for _ in range(20)]
    assert weights[-5:] == [bound] * 5

"""Reward-modulated STDP: the rule against a reference of its own, closed forms, its weaknesses and what cures each."""

import dataclasses
import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_hw_models.core import CoreModel
from sc_hw_models.lfsr import lane_seed
from sc_hw_models.rule import ConfigError
from sc_hw_models.rules import r_stdp
from sc_hw_models.rules.r_stdp import (
    RULE,
    OnlineO1Array,
    OnlineO1Config,
    OnlineO1Float,
    OnlineO1Synapse,
    build_online_o1_memory_proof,
)

reproducible = settings(derandomize=True, deadline=None)
FIELDS = ("weight", "pre_trace", "post_trace", "eligibility")
ROUNDINGS = ("floor", "nearest", "stochastic")
SMALLEST = {"weight_bits": 1, "trace_bits": 2, "reward_bits": 1, "learning_shift": 30, "trace_decay_shift": 30}
LARGEST = {"weight_bits": 31, "trace_bits": 30, "reward_bits": 30, "learning_shift": 0, "trace_decay_shift": 0}
Z = 4.5  # standard deviations allowed to a mean


# References. They share nothing with the model: plain conditions, division and powers instead of select and shifts.


def definition_step(c, state, pre, post, reward):
    """The default rule as it is defined, on the tuple (weight, pre_trace, post_trace, eligibility)."""
    w, p0, q0, e = state
    top, half, r_half = 2**c.trace_bits - 1, 2 ** (c.trace_bits - 1), 2 ** (c.reward_bits - 1)
    if reward > r_half - 1:
        reward = r_half - 1
    if reward < -r_half:
        reward = -r_half

    def decay(x):
        if c.trace_decay_shift == 0:
            return x
        if x >= 0:
            return x - x // 2**c.trace_decay_shift
        return -(-x - -x // 2**c.trace_decay_shift)

    p1 = top if pre else decay(p0)
    q1 = top if post else decay(q0)
    potentiation = depression = 0
    if post:
        potentiation = top if pre else p0
    if pre:
        depression = q0
    e = decay(e) + potentiation - depression
    if e > half - 1:
        e = half - 1
    if e < -half:
        e = -half
    w = w + reward * e // 2**c.learning_shift
    if w < 0:
        w = 0
    if w > 2**c.weight_bits - 1:
        w = 2**c.weight_bits - 1
    return w, p1, q1, e


class SerialNoise:
    """A lane's register, one bit at a time: b[t] = b[t-n] ^ b[t-k]."""

    def __init__(self, seed, lane, fresh):
        self.fresh = fresh
        self.n, self.k = (31, 28) if fresh <= 28 else (63, 62) if fresh <= 62 else (127, 126)
        state = lane_seed(seed, lane, self.n)
        self.history = [(state >> i) & 1 for i in reversed(range(self.n))]

    def draw(self):
        word = sum(bit << i for i, bit in enumerate(reversed(self.history[self.n - self.fresh :])))
        for _ in range(self.fresh):
            self.history.append(self.history[-self.n] ^ self.history[-self.k])
        self.history = self.history[-self.n :]
        return word


def noise_widths(c):
    """The noise words of an update in the order in which they are drawn."""
    eligibility_shift = c.trace_decay_shift if c.eligibility_decay_shift is None else c.eligibility_decay_shift
    weight = c.learning_shift if c.rounding == "stochastic" else 0
    decays = (c.trace_decay_shift, c.trace_decay_shift, eligibility_shift) if c.decay_rounding == "stochastic" else (0, 0, 0)
    return weight, *decays


def option_step(c, state, pre, post, reward, draw=0):
    """The rule with every option; ``draw`` is the update's random word."""
    w, p0, q0, e = state
    bits = c.trace_bits + c.trace_fraction_bits
    top, unit = 2**bits - 1, 2**c.trace_fraction_bits
    words = []
    for width in noise_widths(c):
        words.append(draw % 2**width)
        draw //= 2**width

    def rounded(numerator, shift, mode, word):
        if shift == 0:
            return numerator
        offset = {"floor": Fraction(0), "nearest": Fraction(1, 2), "stochastic": Fraction(word, 2**shift)}[mode]
        return math.floor(Fraction(numerator, 2**shift) + offset)

    def decay(x, shift, word):
        if shift == 0:
            return x
        magnitude = abs(x) - rounded(abs(x), shift, c.decay_rounding, word)
        return magnitude if x >= 0 else -magnitude

    own = c.eligibility_decay_shift
    e = decay(e, c.trace_decay_shift if own is None else own, words[3])
    if post:
        e += (top if pre else p0) // 2**c.eligibility_gain_shift
    if pre:
        e -= q0 // 2 ** (c.eligibility_gain_shift + c.depression_shift)
    e = max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, e))
    reward = max(-(2 ** (c.reward_bits - 1)), min(2 ** (c.reward_bits - 1) - 1, reward))
    w += rounded(reward * math.trunc(Fraction(e, unit)), c.learning_shift, c.rounding, words[0])
    w = max(0, min(2**c.weight_bits - 1, w))
    p1 = top if pre else decay(p0, c.trace_decay_shift, words[1])
    q1 = top if post else decay(q0, c.trace_decay_shift, words[2])
    return w, p1, q1, e


def random_state(generator, spec, count):
    """Draw states: one third at a bound or zero, one third near zero, one third uniform."""
    result = {}
    for f in spec.state:
        uniform = generator.integers(f.minimum, f.maximum, count, endpoint=True)
        small = np.clip(generator.integers(-20, 21, count), f.minimum, f.maximum)
        bound = generator.choice([f.minimum, 0, f.maximum], count)
        result[f.name] = np.choose(generator.integers(0, 3, count), [uniform, small, bound])
    return result


def random_reward(generator, config):
    low, high = config.min_reward, config.max_reward
    return int(generator.choice([low, high, 0, int(generator.integers(low, high, endpoint=True))]))


def tuples(state):
    return list(zip(*(state[name].tolist() for name in FIELDS), strict=True))


def label(value):
    return ",".join(f"{k}={v}" for k, v in value.items()) or "default" if isinstance(value, dict) else None


def changed(**options):
    return OnlineO1Config(**options)


# The definition.

DEFINITION_CONFIGS = [
    {},
    SMALLEST,
    LARGEST,
    SMALLEST | {"learning_shift": 0, "trace_decay_shift": 0},
    SMALLEST | {"trace_decay_shift": 1},
    LARGEST | {"learning_shift": 30, "trace_decay_shift": 30},
    LARGEST | {"trace_decay_shift": 1},
    LARGEST | {"weight_bits": 1, "learning_shift": 29},
    {"trace_decay_shift": 0},
    {"trace_decay_shift": 1},
    {"trace_decay_shift": 12},
    {"trace_decay_shift": 13},
    {"learning_shift": 0},
    {"learning_shift": 19},
    {"learning_shift": 20},
    {"reward_bits": 1},
    {"weight_bits": 8, "trace_bits": 4, "trace_decay_shift": 2},
    {"weight_bits": 5, "trace_bits": 20, "reward_bits": 3, "learning_shift": 11, "trace_decay_shift": 6},
]


@pytest.mark.parametrize("options", DEFINITION_CONFIGS, ids=label)
def test_every_field_follows_the_definition_from_any_state(options):
    """20,480 updates a configuration, from states the rule may or may not reach by itself."""
    config, count = changed(**options), 1024
    generator = np.random.default_rng(20261)
    core = CoreModel(RULE, config, synapses=count)
    for _ in range(20):
        core.load(random_state(generator, core.spec, count))
        before, reward = tuples(core.state), random_reward(generator, config)
        pre, post = generator.integers(0, 2, (2, count))
        core.step({"pre_spike": pre, "post_spike": post, "reward": reward})
        inputs = zip(before, pre.tolist(), post.tolist(), strict=True)
        assert tuples(core.state) == [definition_step(config, s, a, b, reward) for s, a, b in inputs]


@pytest.mark.parametrize(
    "options", [{}, SMALLEST, LARGEST, {"weight_bits": 8, "trace_bits": 6, "trace_decay_shift": 2}], ids=label
)
def test_a_long_life_follows_the_definition(options):
    """20,000 timesteps of one synapse: bursts, silences, coincidences, rewards beyond their range."""
    config = changed(**options)
    generator = np.random.default_rng(20262)
    rates = np.repeat(generator.choice([0.0, 0.01, 0.1, 0.5, 1.0], (200, 2)), 100, axis=0)
    spikes = (generator.random((20_000, 2)) < rates).tolist()
    wide = 2 * config.max_reward + 3
    rewards = np.repeat(generator.integers(-wide, wide + 1, 2000), 10).tolist()
    start = (config.max_weight + 1) // 2
    synapse = OnlineO1Synapse(config, start)
    state, visited = (start, 0, 0, 0), set()
    for (pre, post), reward in zip(spikes, rewards, strict=True):
        state = definition_step(config, state, pre, post, reward)
        assert tuple(synapse.step(pre_spike=pre, post_spike=post, reward=reward).values()) == state
        visited.add(state)
    assert {s[0] for s in visited} >= {0, config.max_weight}
    if options != LARGEST:  # there nothing decays, so one eligibility bound is reached for good
        assert {s[3] for s in visited} >= {config.min_eligibility, config.max_eligibility}


@pytest.mark.parametrize("trace_decay_shift", range(4))
@pytest.mark.parametrize("learning_shift", range(4))
def test_a_tiny_rule_follows_the_definition_everywhere(learning_shift, trace_decay_shift):
    """All 256 states, all spikes, all rewards and two beyond the range: every case there is."""
    config = changed(
        weight_bits=2, trace_bits=2, reward_bits=2, learning_shift=learning_shift, trace_decay_shift=trace_decay_shift
    )
    cases = list(itertools.product(range(4), range(4), range(4), range(-2, 2), (0, 1), (0, 1), range(-3, 3)))
    columns = np.array(cases).T
    state = dict(zip(FIELDS, columns[:4], strict=True))
    inputs = {"pre_spike": columns[4], "post_spike": columns[5], "reward": columns[6]}
    after, outputs = RULE.step(config, state, inputs)
    assert tuples(after) == [definition_step(config, c[:4], *c[4:]) for c in cases]
    np.testing.assert_array_equal(outputs["weight"], after["weight"])


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
            assert tuple(scalar.step(pre_spike=pre, post_spike=post, reward=reward).values()) == state, options
            updated = array.update(pre_spike=np.array([pre]), post_spike=np.array([post]), reward=reward)
            core.step({"pre_spike": np.array([pre]), "post_spike": np.array([post]), "reward": reward})
            assert tuples(updated) == tuples(core.state) == [state], options


@st.composite
def configs(draw):
    trace_bits = draw(st.integers(2, 30))
    shift = st.integers(0, 30)
    return OnlineO1Config(
        weight_bits=draw(st.integers(1, 31)),
        trace_bits=trace_bits,
        reward_bits=draw(st.integers(1, 30)),
        learning_shift=draw(shift),
        trace_decay_shift=draw(shift),
        trace_fraction_bits=draw(st.integers(0, 30 - trace_bits)),
        eligibility_decay_shift=draw(st.none() | shift),
        eligibility_gain_shift=draw(shift),
        depression_shift=draw(shift),
        rounding=draw(st.sampled_from(ROUNDINGS)),
        decay_rounding=draw(st.sampled_from(ROUNDINGS)),
        random_seed=draw(st.integers(0, 2**31 - 1)),
    )


@settings(reproducible, max_examples=60)
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


@settings(reproducible, max_examples=30)
@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_random_seed_chooses_the_noise(a, b):
    def life(seed):
        array = OnlineO1Array(changed(rounding="stochastic", decay_rounding="stochastic", random_seed=seed), 64, 30_000)
        ones = np.ones(64, dtype=np.int64)
        return [array.update(pre_spike=ones * (k == 0), post_spike=ones * (k == 3), reward=9)["weight"] for k in range(5)][-1]

    assert np.array_equal(life(a), life(b)) == (a == b)


def test_the_default_is_the_definition_and_every_option_is_off():
    assert dataclasses.asdict(OnlineO1Config()) == {
        "weight_bits": 16, "trace_bits": 12, "reward_bits": 8, "learning_shift": 4, "trace_decay_shift": 4,
        "rule_family": "reward_modulated_stdp", "trace_fraction_bits": 0, "eligibility_decay_shift": None,
        "eligibility_gain_shift": 0, "depression_shift": 0, "rounding": "floor", "decay_rounding": "floor", "random_seed": 1,
    }  # fmt: skip
    assert RULE.spec(OnlineO1Config()).noise == ()


# Closed forms.


def pair(config, lag, *, post_first=False, reward=0, weight=0):
    """Return the state right after the second spike of a pair ``lag`` timesteps apart (0: together)."""
    synapse = OnlineO1Synapse(config, weight)
    for k in range(lag + 1):
        first, second = k == 0, k == lag
        pre, post = (second, first) if post_first else (first, second)
        snapshot = synapse.step(pre_spike=pre, post_spike=post, reward=reward)
    return snapshot


def floored_decay(value, shift, steps):
    """``steps`` times value <- ceil(value (1 - 2^-shift)), by rationals."""
    for _ in range(steps):
        value = math.ceil(value * (1 - Fraction(1, 2**shift)))
    return value


@pytest.mark.parametrize("decay", [1, 3, 4, 6])
@pytest.mark.parametrize("lag", [0, 1, 2, 5, 12, 40, 200])
def test_a_pair_leaves_the_decayed_trace(lag, decay):
    """A spike sets its trace at the end of the timestep, so lags 0 and 1 both meet it full: decay^(lag-1)(max_trace)."""
    config = changed(trace_decay_shift=decay, eligibility_gain_shift=1)
    trace = floored_decay(config.max_trace, decay, max(0, lag - 1))
    assert pair(config, lag)["eligibility"] == trace // 2
    assert pair(config, lag, post_first=True)["eligibility"] == (trace // 2 if lag == 0 else -(trace // 2))
    ideal = config.max_trace * (1 - 2.0**-decay) ** max(0, lag - 1)
    assert 0 <= trace - ideal < 2**decay


def test_a_coincidence_potentiates_in_full_and_depresses_by_the_older_trace():
    config = changed(eligibility_gain_shift=1)
    synapse = OnlineO1Synapse(config)
    synapse.step(pre_spike=False, post_spike=True, reward=0)
    both = synapse.step(pre_spike=True, post_spike=True, reward=0)
    assert both["eligibility"] == config.max_trace // 2 - config.max_trace // 2 == 0
    assert both["pre_trace"] == both["post_trace"] == config.max_trace


def test_the_weight_uses_the_eligibility_and_reward_of_the_same_timestep():
    assert pair(OnlineO1Config(), 1, reward=16, weight=100)["weight"] == 100 + 16 * 2047 // 16
    assert pair(OnlineO1Config(), 1, reward=-16, weight=5000)["weight"] == 5000 - 16 * 2047 // 16


@pytest.mark.parametrize(
    ("reward", "clipped"), [(127, 127), (128, 127), (10**30, 127), (-128, -128), (-129, -128), (-(10**30), -128)]
)
def test_the_reward_is_clipped(reward, clipped):
    expected = 30_000 + clipped * 2047 // 16
    assert pair(OnlineO1Config(), 1, reward=reward, weight=30_000)["weight"] == expected
    array = OnlineO1Array(OnlineO1Config(), 1, 30_000)
    array.load({"eligibility": np.array([2047]), "pre_trace": np.array([4095])})
    updated = array.update(pre_spike=np.array([0]), post_spike=np.array([1]), reward=reward)
    assert updated["weight"].tolist() == [expected]


@pytest.mark.parametrize(("sign", "bound"), [(1, 65535), (-1, 0)])
def test_the_weight_saturates_and_stays(sign, bound):
    synapse = OnlineO1Synapse(initial_weight=32_768)
    weights = [synapse.step(pre_spike=True, post_spike=True, reward=127 * sign)["weight"] for _ in range(20)]
    assert weights[-5:] == [bound] * 5


# The weaknesses of the default, exactly, and what cures each.


def silent(config, *, eligibility_at_start=None, steps=300, reward=127):
    """Pair, let everything fade without reward, then reward silence: return the snapshots before and after."""
    synapse = OnlineO1Synapse(config, 30_000)
    synapse.step(pre_spike=True, post_spike=False, reward=0)
    synapse.step(pre_spike=False, post_spike=True, reward=0)
    for _ in range(2000):
        before = synapse.step(pre_spike=False, post_spike=False, reward=0)
    for _ in range(steps):
        after = synapse.step(pre_spike=False, post_spike=False, reward=reward)
    return before, after


@pytest.mark.parametrize("decay", [1, 2, 4, 7, 10])
def test_floored_decay_is_stuck_at_two_to_the_shift_minus_one(decay):
    before, after = silent(changed(trace_decay_shift=decay), steps=4000, reward=0)
    assert [after[name] for name in FIELDS[1:]] == [2**decay - 1] * 3
    assert before["weight"] == after["weight"] == 30_000


def test_a_stuck_eligibility_drives_the_weight_to_its_limit_in_silence():
    before, after = silent(OnlineO1Config())
    assert before == {"weight": 30_000, "pre_trace": 15, "post_trace": 15, "eligibility": 15}
    assert after["weight"] == 65_535
    assert silent(OnlineO1Config(), steps=1)[1]["weight"] == 30_000 + 127 * 15 // 16


@pytest.mark.parametrize("fraction", range(9))
def test_fraction_bits_from_the_decay_shift_on_cure_the_drift(fraction):
    """A stuck eligibility of 2^D - 1 stored units is below one whole unit as soon as F >= D, and just then."""
    before, after = silent(changed(trace_fraction_bits=fraction))
    assert before["eligibility"] == 15
    expected = 30_000 if fraction >= 4 else min(65_535, 30_000 + 300 * (127 * (15 >> fraction) // 16))
    assert after["weight"] == expected
    assert (after["weight"] == 30_000) == (fraction >= 4)


def test_a_negative_remainder_below_one_unit_drives_nothing_either():
    config = changed(trace_fraction_bits=4)
    array = OnlineO1Array(config, 3, 30_000)
    array.load({"eligibility": np.array([-15, -16, -31])})
    zero = np.zeros(3, dtype=np.int64)
    changes = array.update(pre_spike=zero, post_spike=zero, reward=64)["weight"] - 30_000
    assert changes.tolist() == [0, 64 * math.trunc(-15 / 16) // 16, -4]  # -16 and -31 decay to -15 and -30 first


def test_stochastic_decay_reaches_zero():
    before, after = silent(changed(decay_rounding="stochastic"))
    assert before == {"weight": 30_000, "pre_trace": 0, "post_trace": 0, "eligibility": 0}
    assert after["weight"] == 30_000


def test_nearest_decay_is_stuck_at_half():
    assert [silent(changed(decay_rounding="nearest"), steps=1)[0][name] for name in FIELDS[1:]] == [7] * 3


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
    default = [pair(OnlineO1Config(), lag)["eligibility"] for lag in lags]
    assert default[:12] == [2047] * 12
    assert default[12] < 2047
    halved = [pair(changed(eligibility_gain_shift=1), lag)["eligibility"] for lag in lags]
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
    assert after["eligibility"] == (floored_decay(2047, own, 100) if own else 2047)
    assert after["post_trace"] == floored_decay(4095, 4, 100)


def test_a_decay_shift_of_ten_remembers_for_a_second():
    reference = OnlineO1Float.from_config(changed(eligibility_decay_shift=10))
    assert reference.tau_eligibility_ms == pytest.approx(1023.5, abs=0.01)
    assert reference.tau_trace_ms == pytest.approx(15.494, abs=0.001)


@pytest.mark.parametrize("shift", range(5))
def test_depression_shift_scales_depression_only(shift):
    config = changed(depression_shift=shift, eligibility_gain_shift=1)
    assert pair(config, 3)["eligibility"] == floored_decay(4095, 4, 2) // 2
    assert pair(config, 3, post_first=True)["eligibility"] == -(floored_decay(4095, 4, 2) // 2 ** (1 + shift))


# Float reference.


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
    reference, fixed = OnlineO1Float.from_config(config), OnlineO1Array(config, count, 1000)
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
    default = RULE.accuracy(OnlineO1Config(), 0)
    better = RULE.accuracy(changed(trace_fraction_bits=8, rounding="stochastic"), 0)
    assert set(default) == {f"{name}_{kind}" for name in FIELDS for kind in ("rms", "max")} | {"weight_bias"}
    assert default == RULE.accuracy(OnlineO1Config(), 0)
    assert default != RULE.accuracy(OnlineO1Config(), 1)
    for figure, value in default.items():
        assert abs(better[figure]) < abs(value) / 3, figure
        assert "rms" not in figure or value <= default[figure.replace("rms", "max")]


# Invariants.


@st.composite
def updates(draw):
    """A configuration, a state and inputs with noise: any single update."""
    config = draw(configs())
    spec = RULE.spec(config)
    state = {f.name: draw(st.integers(f.minimum, f.maximum)) for f in spec.state}
    inputs = {f.name: draw(st.integers(f.minimum, f.maximum)) for f in (*spec.inputs, *spec.noise)}
    return config, spec, state, inputs


many = settings(reproducible, max_examples=150)


@many
@given(updates())
def test_state_and_outputs_stay_in_their_fields(update):
    config, spec, state, inputs = update
    after, outputs = RULE.step(config, state, inputs)
    assert list(after) == [f.name for f in spec.state] == list(FIELDS)
    for f in spec.state:
        assert f.minimum <= after[f.name] <= f.maximum
    assert outputs == {"weight": after["weight"]}
    arrays, _ = RULE.step(config, {k: np.array([v]) for k, v in state.items()}, {k: np.array([v]) for k, v in inputs.items()})
    assert {name: array.tolist() for name, array in arrays.items()} == {name: [value] for name, value in after.items()}


@many
@given(updates())
def test_no_reward_no_change(update):
    config, _, state, inputs = update
    assert RULE.step(config, state, inputs | {"reward": 0})[0]["weight"] == state["weight"]


@many
@given(updates(), st.data())
def test_the_weight_follows_the_sign_of_reward_times_eligibility_and_is_monotone_in_reward(update, data):
    config, spec, state, inputs = update
    after = RULE.step(config, state, inputs)[0]
    drive = inputs["reward"] * after["eligibility"]
    change = after["weight"] - state["weight"]
    assert change >= 0 if drive >= 0 else change <= 0
    reward = spec.step_inputs[0]
    more = data.draw(st.integers(inputs["reward"], reward.maximum))
    raised = RULE.step(config, state, inputs | {"reward": more})[0]
    gain = raised["weight"] - after["weight"]
    assert gain >= 0 if after["eligibility"] >= 0 else gain <= 0
    assert {n: raised[n] for n in FIELDS[1:]} == {n: after[n] for n in FIELDS[1:]}


@many
@given(updates(), updates())
def test_a_trace_depends_on_its_own_side_only(update, other):
    """So that traces may be kept once a neuron without loss."""
    config, _, state, inputs = update
    after = RULE.step(config, state, inputs)[0]
    for side, opposite in (("pre", "post"), ("post", "pre")):
        strange_state = state | {f"{opposite}_trace": min(other[2]["pre_trace"], config.max_trace), "eligibility": 0, "weight": 0}
        strange = inputs | {f"{opposite}_spike": other[3]["pre_spike"], "reward": 0}
        assert RULE.step(config, strange_state, strange)[0][f"{side}_trace"] == after[f"{side}_trace"]
        if inputs[f"{side}_spike"]:
            assert after[f"{side}_trace"] == config.max_trace
        else:
            assert after[f"{side}_trace"] <= state[f"{side}_trace"]


@many
@given(updates())
def test_silence_only_fades_the_eligibility(update):
    config, _, state, inputs = update
    after = RULE.step(config, state, inputs | {"pre_spike": 0, "post_spike": 0})[0]["eligibility"]
    assert abs(after) <= abs(state["eligibility"])
    assert after * state["eligibility"] >= 0


# Configuration.

RANGES = {
    "weight_bits": (1, 31),
    "trace_bits": (2, 30),
    "reward_bits": (1, 30),
    "learning_shift": (0, 30),
    "trace_decay_shift": (0, 30),
    "eligibility_decay_shift": (0, 30),
    "eligibility_gain_shift": (0, 30),
    "depression_shift": (0, 30),
    "trace_fraction_bits": (0, 18),  # with 12 trace bits
    "random_seed": (0, 2**31 - 1),
}
WORDS = {"rounding": ROUNDINGS, "decay_rounding": ROUNDINGS, "rule_family": ("reward_modulated_stdp",)}


def test_the_tables_of_this_test_name_every_field():
    assert {*RANGES, *WORDS} == {f.name for f in dataclasses.fields(OnlineO1Config)}


@pytest.mark.parametrize("name", RANGES)
def test_integers_out_of_range_are_refused_and_the_bounds_are_not(name):
    low, high = RANGES[name]
    for value in (low, high):
        assert getattr(changed(**{name: value}), name) == value
    for value in (low - 1, high + 1, 10**30):
        with pytest.raises(ConfigError, match=rf"^{name}={value}: .*{low}\.\.{high}$"):
            changed(**{name: value})


@pytest.mark.parametrize("value", [4.0, 4.5, "4", True, False, None, [4], float("nan")], ids=repr)
@pytest.mark.parametrize("name", RANGES)
def test_anything_but_an_integer_is_refused(name, value):
    if name == "eligibility_decay_shift" and value is None:
        assert changed(eligibility_decay_shift=None).effective_eligibility_decay_shift == 4
        return
    low, high = RANGES[name]
    with pytest.raises(ConfigError) as caught:
        changed(**{name: value})
    assert str(caught.value) == f"{name}={value!r}: not an integer; allowed are integers {low}..{high}"


@pytest.mark.parametrize("value", ["ceil", "Floor", "", 0, None, True, ["floor"]], ids=repr)
@pytest.mark.parametrize("name", WORDS)
def test_unknown_words_are_refused(name, value):
    with pytest.raises(ConfigError) as caught:
        changed(**{name: value})
    assert str(caught.value) == f"{name}={value!r}: not known; allowed are {', '.join(WORDS[name])}"


@pytest.mark.parametrize("trace_bits", [2, 12, 29, 30])
def test_stored_traces_take_at_most_thirty_bits(trace_bits):
    assert changed(trace_bits=trace_bits, trace_fraction_bits=30 - trace_bits).stored_trace_bits == 30
    with pytest.raises(ConfigError, match=rf"trace_fraction_bits={31 - trace_bits}: .*0\.\.{30 - trace_bits}$"):
        changed(trace_bits=trace_bits, trace_fraction_bits=31 - trace_bits)


def test_a_config_is_frozen_hashable_and_keyword_only():
    config = OnlineO1Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.weight_bits = 8
    assert {config: 1}[OnlineO1Config()] == 1
    with pytest.raises(TypeError):
        OnlineO1Config(16)


@reproducible
@given(configs())
def test_derived_properties(config):
    bits = config.trace_bits + config.trace_fraction_bits
    assert config.stored_trace_bits == bits
    assert config.max_weight == 2**config.weight_bits - 1
    assert config.max_trace == 2**bits - 1
    assert (config.min_eligibility, config.max_eligibility) == (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    assert (config.min_reward, config.max_reward) == (-(2 ** (config.reward_bits - 1)), 2 ** (config.reward_bits - 1) - 1)
    spec = RULE.spec(config)
    assert config.per_synapse_state_bits == config.weight_bits + 3 * config.trace_bits + 3 * config.trace_fraction_bits
    assert spec.state_bits == config.per_synapse_state_bits == OnlineO1Synapse(config).state_bit_count
    assert [f.bits for f in spec.noise] == [width for width in noise_widths(config) if width]
    assert spec.latency == 7 + (config.trace_fraction_bits > 0) + (config.decay_rounding != "floor")


@reproducible
@given(configs())
def test_the_annotation_says_everything_and_is_json(config):
    note = config.to_annotation(rule_id="layer-1")
    assert json.loads(json.dumps(note, allow_nan=False)) == note
    for name, value in dataclasses.asdict(config).items():
        if name != "eligibility_decay_shift":
            assert note[name] == value
    assert note["eligibility_decay_shift"] == config.effective_eligibility_decay_shift
    assert note["rule_id"] == "layer-1"
    assert note["rule_family"] == "reward_modulated_stdp"
    assert note["schema_version"] == "sc-hw/online-o1/1"
    assert [f["name"] for f in note["state_fields"]] == list(FIELDS)
    assert sum(f["bits"] for f in note["state_fields"]) == note["per_synapse_state_bits"] == config.per_synapse_state_bits
    assert [f["signed"] for f in note["state_fields"]] == [False, False, False, True]
    assert note["per_lane_random_bits"] in ((31, 63, 127) if sum(noise_widths(config)) else (0,))
    assert "clip" in note["saturation_policy"]
    assert note["sequence_length_independent"] is True
    assert note["hidden_history_fields"] == []


# Synapse and array interfaces.


def test_a_synapse_starts_empty_and_its_snapshot_is_a_copy():
    synapse = OnlineO1Synapse(initial_weight=7)
    assert synapse.config == OnlineO1Config()
    assert synapse.state_fields == FIELDS
    assert synapse.snapshot() == {"weight": 7, "pre_trace": 0, "post_trace": 0, "eligibility": 0}
    synapse.snapshot()["weight"] = 9
    synapse.step(pre_spike=0, post_spike=0, reward=0)["weight"] = 9
    assert synapse.snapshot()["weight"] == 7


def test_a_synapse_takes_numpy_scalars():
    synapse = OnlineO1Synapse()
    assert synapse.step(pre_spike=np.bool_(True), post_spike=1, reward=np.int8(16))["weight"] == 2047


@pytest.mark.parametrize("weight", [-1, 65_536, 1.0, True])
def test_initial_weights_are_checked(weight):
    with pytest.raises(ConfigError, match="weight"):
        OnlineO1Synapse(initial_weight=weight)
    if weight is not True:
        with pytest.raises(ConfigError, match="weight"):
            OnlineO1Array(OnlineO1Config(), 3, weight)


@pytest.mark.parametrize(
    "inputs", [{"pre_spike": 2}, {"post_spike": -1}, {"pre_spike": 0.5}, {"reward": 1.0}, {"reward": True}, {"reward": None}]
)
def test_a_synapse_refuses_other_inputs_and_stays(inputs):
    synapse = OnlineO1Synapse(changed(rounding="stochastic"))
    before = vars(synapse) | {"_state": synapse.snapshot()}
    with pytest.raises(ConfigError, match=next(iter(inputs))):
        synapse.step(**({"pre_spike": 0, "post_spike": 0, "reward": 0} | inputs))
    assert vars(synapse) == before


def test_an_array_takes_one_weight_or_many():
    assert OnlineO1Array(OnlineO1Config(), 3, 5).state["weight"].tolist() == [5, 5, 5]
    assert OnlineO1Array(OnlineO1Config(), 3, [1, 2, 3]).state["weight"].tolist() == [1, 2, 3]


# Memory proof.


@pytest.mark.parametrize("sequence_length", [None, 1, 256, 5000, 1 << 24])
@pytest.mark.parametrize("options", [{}, LARGEST, {"trace_fraction_bits": 6, "rounding": "stochastic"}], ids=label)
def test_the_memory_proof_claims_the_same_bits_for_any_length(options, sequence_length):
    config = changed(**options)
    proof = build_online_o1_memory_proof(n_synapses=1000, config=config, sequence_length=sequence_length)
    bits = config.weight_bits + 3 * (config.trace_bits + config.trace_fraction_bits)
    assert proof["per_synapse_state_bits"] == bits
    assert proof["total_state_bits"] == 1000 * bits
    assert proof["state_fields"] == list(FIELDS)
    assert proof["sequence_length"] == sequence_length
    assert proof["steps_run"] == min(sequence_length or 256, 4096)
    assert proof["sequence_length_independent"] is True
    assert proof["hidden_history_fields"] == []
    json.dumps(proof)


@pytest.mark.parametrize(
    "arguments",
    [{"n_synapses": 0}, {"n_synapses": True}, {"n_synapses": 1.0}, {"sequence_length": 0}, {"sequence_length": 10.0}],
)
def test_the_memory_proof_checks_its_arguments(arguments):
    with pytest.raises(ConfigError, match=next(iter(arguments))):
        build_online_o1_memory_proof(**({"n_synapses": 10, "config": OnlineO1Config()} | arguments))


def _grow_an_attribute(synapse):
    synapse.spike_history = [*getattr(synapse, "spike_history", []), 1]


def _grow_a_state_field(synapse):
    synapse._state = synapse._state | {"count": synapse._state.get("count", 0) + 1}


def _leave_the_range(synapse):
    synapse._state = synapse._state | {"pre_trace": 1 << 40}


def _widen_the_random_register(synapse):
    synapse._random = synapse._random << 8 | 1


@pytest.mark.parametrize(
    ("plant", "hidden"),
    [
        (_grow_an_attribute, ["spike_history"]),
        (_grow_a_state_field, ["count"]),
        (_leave_the_range, []),
        (_widen_the_random_register, []),
    ],
)
def test_the_memory_proof_catches_a_synapse_that_remembers_more(plant, hidden, monkeypatch):
    genuine = OnlineO1Synapse.step

    def step(self, **inputs):
        genuine(self, **inputs)
        plant(self)
        return self.snapshot()

    monkeypatch.setattr(r_stdp.OnlineO1Synapse, "step", step)
    proof = build_online_o1_memory_proof(n_synapses=10, config=OnlineO1Config())
    assert proof["sequence_length_independent"] is False
    assert proof["hidden_history_fields"] == hidden


def test_the_memory_proof_catches_a_history_that_was_there_from_the_start(monkeypatch):
    genuine_init, genuine_step = OnlineO1Synapse.__init__, OnlineO1Synapse.step

    def init(self, *arguments, **options):
        genuine_init(self, *arguments, **options)
        self.history = []

    def step(self, **inputs):
        self.history.append(inputs)
        return genuine_step(self, **inputs)

    monkeypatch.setattr(r_stdp.OnlineO1Synapse, "__init__", init)
    monkeypatch.setattr(r_stdp.OnlineO1Synapse, "step", step)
    proof = build_online_o1_memory_proof(n_synapses=10, config=OnlineO1Config())
    assert proof["sequence_length_independent"] is False
    assert proof["hidden_history_fields"] == ["history"]

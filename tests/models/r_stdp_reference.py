"""Reward-modulated STDP written a second time, and what draws configurations, states and updates for its tests."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from sc_hw_models.lfsr import lane_seed
from sc_hw_models.online_o1 import OnlineO1Synapse
from sc_hw_models.rules.r_stdp import RULE, OnlineO1Config

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


@st.composite
def updates(draw):
    """A configuration, a state and inputs with noise: any single update."""
    config = draw(configs())
    spec = RULE.spec(config)
    state = {f.name: draw(st.integers(f.minimum, f.maximum)) for f in spec.state}
    inputs = {f.name: draw(st.integers(f.minimum, f.maximum)) for f in (*spec.inputs, *spec.noise)}
    return config, spec, state, inputs


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

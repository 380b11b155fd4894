"""The integer algebra: exact on every kind of value, and anchored to rational arithmetic that shares no code with it."""

import math
import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_hw_models.fixed import asr, clip, decay_magnitude, maximum, minimum, rounded_asr, select, truncate

reproducible = settings(derandomize=True, deadline=None)
values = st.integers(-(1 << 60), 1 << 60)
shifts = st.integers(0, 30)


class Term:
    """A symbolic value: remembers what is to be computed; using it as a Python condition is an error."""

    def __init__(self, evaluate):
        self.evaluate = evaluate

    def __bool__(self):
        raise TypeError("a symbolic value has no truth")

    @staticmethod
    def __select__(condition, when_true, when_false):
        return Term(lambda env: value_of(when_true, env) if value_of(condition, env) else value_of(when_false, env))


def value_of(term, env):
    return term.evaluate(env) if isinstance(term, Term) else term


def _operator(function):
    return lambda a, b: Term(lambda env: function(value_of(a, env), value_of(b, env)))


def _reflected(function):
    return lambda a, b: Term(lambda env: function(b, value_of(a, env)))


for name in ("add", "sub", "mul", "rshift", "le", "lt", "ge", "gt"):
    setattr(Term, f"__{name}__", _operator(getattr(operator, f"__{name}__")))
for name in ("add", "sub", "mul"):
    setattr(Term, f"__r{name}__", _reflected(getattr(operator, f"__{name}__")))
Term.__neg__ = lambda a: Term(lambda env: -value_of(a, env))


# The reference of each function, on rationals and Python conditions.


def exact_asr(value, shift):
    return math.floor(Fraction(value, 2**shift))


def exact_decay(value, shift, noise):
    if shift == 0:
        return value
    part = math.floor(Fraction(abs(value) + noise, 2**shift))
    return (abs(value) - part) * (-1 if value < 0 else 1)


def on_every_kind(function, *arguments):
    """Return the one result that ints, arrays and symbolic terms give, with every mixture of arrays and constants."""
    result = function(*arguments)
    assert isinstance(result, int)
    for wrapped in range(1, 1 << len(arguments)):
        mixed = [np.array([0, a, 1]) if wrapped >> i & 1 else a for i, a in enumerate(arguments)]
        array = np.asarray(function(*mixed))
        assert array.dtype == np.int64
        assert np.broadcast_to(array, 3)[1] == result
    env = dict(enumerate(arguments))
    terms = [Term(lambda env, i=i: env[i]) for i in env]
    assert value_of(function(*terms), env) == result
    assert value_of(function(*terms[:-1], arguments[-1]), env) == result
    return result


@reproducible
@given(st.booleans(), values, values)
def test_select(condition, a, b):
    assert on_every_kind(select, int(condition), a, b) == (a if condition else b)


@pytest.mark.parametrize("operands", [(0, np.arange(3), 7), (1, 7, np.arange(3)), (np.array([0, 1, 0]), 7, 7)], ids=str)
def test_select_has_the_shape_of_its_arrays_even_where_it_takes_the_constant(operands):
    assert np.shape(select(*operands)) == (3,)
    assert select(*operands).tolist() == [7, 7, 7]


@reproducible
@given(values, values)
def test_minimum_and_maximum(a, b):
    assert on_every_kind(minimum, a, b) == min(a, b)
    assert on_every_kind(maximum, a, b) == max(a, b)


@reproducible
@given(values, values, values)
def test_clip(value, a, b):
    low, high = min(a, b), max(a, b)
    assert on_every_kind(lambda v: clip(v, low, high), value) == sorted((low, value, high))[1]


@reproducible
@given(values, shifts)
def test_asr_floors(value, shift):
    assert on_every_kind(lambda v: asr(v, shift), value) == exact_asr(value, shift)


@reproducible
@given(values, shifts)
def test_truncate_rounds_toward_zero(value, shift):
    result = on_every_kind(lambda v: truncate(v, shift), value)
    assert result == math.trunc(Fraction(value, 2**shift)) == -truncate(-value, shift)


@reproducible
@given(values, shifts, st.data())
def test_rounded_asr(value, shift, data):
    noise = data.draw(st.integers(0, (1 << shift) - 1))
    result = on_every_kind(lambda v, n: rounded_asr(v, shift, n), value, noise)
    assert result == math.floor(Fraction(value + noise, 2**shift))
    assert abs(result - Fraction(value, 2**shift)) < 1


@reproducible
@given(values, st.integers(1, 30))
def test_half_a_unit_of_noise_rounds_to_the_nearest_ties_up(value, shift):
    exact = Fraction(value, 2**shift)
    result = rounded_asr(value, shift, 1 << (shift - 1))
    assert abs(result - exact) <= Fraction(1, 2)
    assert result - exact != Fraction(-1, 2)


@reproducible
@given(st.integers(-(1 << 40), 1 << 40), st.integers(0, 8))
def test_rounding_means_over_all_noise(value, shift):
    """Uniform noise is exact on average; without noise the mean error over all remainders is the floor's bias."""
    drawn = rounded_asr(np.full(1 << shift, value), shift, np.arange(1 << shift))
    assert int(drawn.sum()) == value
    run = [value + k for k in range(1 << shift)]
    floor_bias = sum(rounded_asr(v, shift, 0) - Fraction(v, 2**shift) for v in run) / len(run)
    assert floor_bias == -(1 - Fraction(1, 2**shift)) / 2
    if shift:
        nearest_bias = sum(rounded_asr(v, shift, 1 << (shift - 1)) - Fraction(v, 2**shift) for v in run) / len(run)
        assert nearest_bias == Fraction(1, 2 ** (shift + 1))


@reproducible
@given(values, shifts, st.data())
def test_decay_magnitude(value, shift, data):
    noise = data.draw(st.integers(0, max(0, (1 << shift) - 1)))
    result = on_every_kind(lambda v, n: decay_magnitude(v, shift, n), value, noise)
    assert result == exact_decay(value, shift, noise) == -decay_magnitude(-value, shift, noise)
    assert abs(result) <= abs(value)
    assert result * value >= 0


def test_decay_magnitude_leaves_the_value_alone_at_shift_zero():
    array = np.array([-5, 0, 5])
    assert decay_magnitude(array, 0, 0) is array


@pytest.mark.parametrize("shift", range(1, 9))
def test_floored_decay_stops_exactly_below_two_to_the_shift(shift):
    magnitudes = np.arange(-3 * (1 << shift), 3 * (1 << shift) + 1)
    stuck = magnitudes[decay_magnitude(magnitudes, shift, 0) == magnitudes]
    assert stuck.min() == -((1 << shift) - 1)
    assert stuck.max() == (1 << shift) - 1
    assert stuck.size == 2 * (1 << shift) - 1


@pytest.mark.parametrize("shift", range(1, 9))
def test_nearest_decay_stops_below_half_of_that(shift):
    magnitudes = np.arange(-3 * (1 << shift), 3 * (1 << shift) + 1)
    stuck = magnitudes[decay_magnitude(magnitudes, shift, 1 << (shift - 1)) == magnitudes]
    assert stuck.max() == -stuck.min() == (1 << (shift - 1)) - 1


@reproducible
@given(st.integers(0, 1 << 30), st.integers(1, 10), st.integers(1, 200))
def test_repeated_floored_decay_stays_near_the_exponential(value, shift, steps):
    """Each step removes up to one unit too little, and the errors decay too: 0 <= fixed - exact < 2^shift."""
    factor, fixed = Fraction((1 << shift) - 1, 1 << shift), value
    for _ in range(steps):
        fixed = decay_magnitude(fixed, shift, 0)
    assert 0 <= fixed - value * factor**steps < 1 << shift


@reproducible
@given(st.integers(-(1 << 40), 1 << 40), st.integers(1, 8))
def test_stochastic_decay_is_the_exponential_on_average(value, shift):
    drawn = decay_magnitude(np.full(1 << shift, value), shift, np.arange(1 << shift))
    assert int(drawn.sum()) == value * ((1 << shift) - 1)


@reproducible
@given(st.lists(values, min_size=1, max_size=8), st.integers(1, 30))
def test_a_whole_rule_shaped_expression_is_the_same_on_every_kind(items, shift):
    def step(x):
        return clip(decay_magnitude(x, shift, 0) + truncate(x, shift) - select(x >= 0, asr(x, 1), x), -(1 << 58), 1 << 58)

    array = step(np.array(items))
    term = step(Term(lambda env: env))
    for item, element in zip(items, array.tolist(), strict=True):
        assert step(item) == element == term.evaluate(item)


def test_a_python_condition_on_a_term_is_refused():
    with pytest.raises(TypeError, match="no truth"):
        bool(Term(lambda env: env) >= 0)

"""Symbolic integers: terms and their intervals give what Python ints give."""

import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_hw_models import fixed
from sc_hw_models.rule import Field
from sc_hw_models.term import evaluate, lift, signed_bits, subterms, variable

FIELDS = {
    "a": Field(name="a", bits=5, signed=True),
    "b": Field(name="b", bits=4),
    "c": Field(name="c", bits=1),
    "d": Field(name="d", bits=3, signed=True),
}
LEAVES = st.one_of(st.sampled_from(sorted(FIELDS)), st.integers(-40, 40))


def nodes(children):
    shift, condition = st.integers(0, 4), st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), children, children)
    return st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "minimum", "maximum", "<", "<=", ">", ">=", "==", "!="]), children, children),
        st.tuples(st.sampled_from(["neg"]), children),
        st.tuples(st.sampled_from(["asr", "truncate"]), children, shift),
        st.tuples(st.sampled_from(["rounded_asr", "decay_magnitude"]), children, shift, st.sampled_from(["b", "c"])),
        st.tuples(st.just("clip"), children, st.integers(-20, 0), st.integers(0, 20)),
        st.tuples(st.just("select"), condition, children, children),
        st.tuples(st.just("select"), st.just("c"), children, children),
    )


EXPRESSIONS = st.recursive(LEAVES, nodes, max_leaves=12)
VALUES = st.fixed_dictionaries({name: st.integers(f.minimum, f.maximum) for name, f in FIELDS.items()})
OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "neg": lambda a: -a,
    # Times 1, because sums of comparisons alone are refused: on arrays they would be logical.
    "<": lambda a, b: 1 * (a < b),
    "<=": lambda a, b: 1 * (a <= b),
    ">": lambda a, b: 1 * (a > b),
    ">=": lambda a, b: 1 * (a >= b),
    "==": lambda a, b: 1 * (a == b),
    "!=": lambda a, b: 1 * (a != b),
}


def build(expression, values):
    """Compute an expression on whatever the values are."""
    if isinstance(expression, int):
        return expression
    if isinstance(expression, str):
        return values[expression]
    operation, *operands = expression
    numbers = [build(operand, values) for operand in operands]
    function = OPERATIONS.get(operation) or getattr(fixed, operation)
    return function(*numbers)


def variables():
    return {name: variable(name, f.minimum, f.maximum) for name, f in FIELDS.items()}


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, VALUES)
def test_terms_are_integers_within_their_interval(expression, values):
    term = lift(build(expression, variables()))
    expected = int(build(expression, values))
    assert evaluate({"x": term}, values) == {"x": expected}
    assert term.low <= expected <= term.high
    assert term.bits == signed_bits(term.low, term.high)


def test_a_clip_is_as_narrow_as_its_bounds():
    a = variable("a", -4096, 4095)
    clipped = fixed.clip(a + a, -128, 127)
    assert (clipped.low, clipped.high, clipped.bits) == (-128, 127, 8)
    assert fixed.truncate(clipped, 0).bits == 8


def test_a_step_may_not_branch():
    a = variable("a", 0, 1)
    with pytest.raises(TypeError, match="select"):
        bool(a)
    with pytest.raises(TypeError, match="shift"):
        a >> a - 1
    with pytest.raises(TypeError, match="ints only"):
        a + 0.5


@pytest.mark.parametrize("shift", [1, 2, 5])
@pytest.mark.parametrize("toward", [0, 5, 19])
def test_an_approach_has_the_interval_of_its_values(shift, toward):
    """Every value it takes, and no more than noise and the ends add: checked on all of them."""
    a, noise = variable("a", 0, 19), variable("n", 0, (1 << shift) - 1)
    for term in (
        a - ((a - toward + noise) >> shift),
        a + ((toward - a + noise) >> shift),
        a - ((noise + a - toward) >> shift),
        a - (((noise - 1) + (a - toward)) >> shift),
        a + ((noise - 1 - a + toward) >> shift),
    ):
        values = [evaluate({"": term}, {"a": x, "n": n})[""] for x in range(20) for n in range(1 << shift)]
        assert (term.low, term.high) == (min(values), max(values))
    other = variable("b", 0, 19)
    assert (a - ((other + noise) >> shift)).low < 0  # nothing is known of another's part
    assert (a + ((a + noise) >> shift)).high > 19


@pytest.mark.parametrize("bound", range(-9, 9))
@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge], ids=lambda f: f.__name__)
def test_a_choice_has_the_interval_of_what_its_condition_leaves(compare, bound):
    a = variable("a", -8, 7)
    for chosen in (
        lambda x: fixed.select(compare(x, bound), x, x + 20),
        lambda x: fixed.select(compare(bound, x), x - 30, x),
        lambda x: fixed.select(compare(x, bound), 2 * x + 1, -(x >> 1)),
    ):
        term, values = chosen(a), [int(chosen(x)) for x in range(-8, 8)]
        assert (term.low, term.high) == (min(values), max(values))


def test_a_choice_between_variables_knows_which_is_larger():
    a, b = variable("a", -8, 7), variable("b", -3, 3)
    for chosen, interval in (
        (fixed.select(a < b, a, b), (-8, 3)),
        (fixed.select(a < b, a, -8), (-8, 2)),
        (fixed.select(a <= b, a, -8), (-8, 3)),
        (fixed.select(b < a, a, 7), (-2, 7)),
        (fixed.select(b <= a, a, 7), (-3, 7)),
        (fixed.select(a == b, a, 0), (-8, 7)),  # of equality nothing is made
    ):
        assert (chosen.low, chosen.high) == interval


def test_subterms_come_once_operands_first_and_without_the_known():
    a = variable("a", 0, 1)
    total = a
    for _ in range(60):  # 2^60 paths
        total = total + total
    terms = subterms([total, a, total])
    assert len(terms) == 61
    seen = set()
    for term in terms:
        assert {id(argument) for argument in term.arguments} <= seen
        seen.add(id(term))
    half = total.arguments[0]
    assert [id(term) for term in subterms([total], {id(half)})] == [id(total)]

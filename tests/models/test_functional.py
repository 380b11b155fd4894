"""A step that is no function of its arguments is refused: by its traces, on plain integers, on arrays; at once or later."""

import itertools
import random
import re
import time

import numpy as np
import pytest

from sc_hw_models import fixed
from sc_hw_models.checked import check_function
from sc_hw_models.functional import FIRST, LAST
from sc_hw_models.parts import step_terms
from sc_hw_models.rule import StepError
from sc_hw_models.term import Term

from .checked_rules import READERS, Toy, good_step, sets, toy, with_result

SEED = 20261128


def adds(function):
    """A rule whose weight is another where ``function(state, inputs)`` gives another number than 0."""
    return with_result(sets("weight", lambda s, i: fixed.clip(s["weight"] + function(s, i), 0, 65535)))


def counter(limit, step=1):
    calls = itertools.count(0, step)
    return adds(lambda s, i: 1 if next(calls) > limit else 0)


def drawn(chance):
    generator = random.Random(SEED)
    print("seed", SEED)
    return adds(lambda s, i: int(generator.random() < chance))


def by_clock():
    begun = time.perf_counter_ns()
    return adds(lambda s, i: (time.perf_counter_ns() - begun) % 7)


def remembered():
    """What the last call was given: as a list that a default keeps."""
    last = [0]

    def before(s, i):
        old, last[0] = last[0], s["debt"]
        return old if isinstance(old, int) and not isinstance(s["debt"], Term) else 0

    return adds(before)


def in_place(s, i):
    if isinstance(s["weight"], np.ndarray):
        s["weight"] += 0
    return 0


def puts_in(config, s, i):
    after, outputs = good_step(config, s, i)
    s.update(after)
    return s, outputs


def takes_away(config, s, i):
    results = good_step(config, s, i)
    i.pop("reward")
    return results


def adds_to(config, s, i):
    i.setdefault("more", 0)
    return good_step(config, s, i)


def only_once_more():
    """Right but for the second trace."""
    traces = itertools.count()
    return adds(lambda s, i: 1 if isinstance(s["weight"], Term) and next(traces) == 1 else 0)


RULES = {
    "a counter, next trace": (lambda: counter(0), "traced again, it gives another next weight"),
    "a counter": (lambda: counter(40), "weight=.* on plain integers, .* on terms"),
    "random numbers": (lambda: drawn(0.3), "another next weight|weight="),
    "rare random numbers": (lambda: drawn(0.05), "another next weight|weight="),
    "the time": (by_clock, "another next weight|weight="),
    "the second trace only": (only_once_more, "another next weight"),
    "is int": (lambda: adds(lambda s, i: 1 if type(s["weight"]) is int else 0), "on plain integers"),
    "is int, of an input": (lambda: adds(lambda s, i: 1 if type(i["post"]) is int else 0), "on plain integers"),
    "is an array": (lambda: adds(lambda s, i: 1 if isinstance(s["weight"], np.ndarray) else 0), "on arrays"),
    "is a term": (lambda: adds(lambda s, i: 1 if isinstance(s["weight"], Term) else 0), "on arrays"),
    "has a value": (lambda: adds(lambda s, i: 1 if isinstance(i["pre"], int) and i["pre"] == 15 else 0), "on plain integers"),
    "what was before": (remembered, "weight="),
    "a constant as narrow as no integer is": (lambda: adds(lambda s, i: s["weight"] * np.uint8(0)), "out of bounds for uint8"),
    "writes into its arguments": (lambda: adds(in_place), "read-only"),
    "puts results into its arguments": (lambda: toy(puts_in), "changes weight in what it is given"),
    "takes its arguments away": (lambda: toy(takes_away), "changes reward in what it is given"),
    "adds to its arguments": (lambda: toy(adds_to), "changes more in what it is given"),
    "an output alone": (
        lambda: with_result(sets("sum", lambda s, i: 1 if isinstance(s["debt"], np.ndarray) else 0)),
        "out_sum=1 on arrays",
    ),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("make", "why"), RULES.values(), ids=RULES)
def test_a_step_that_is_no_function_is_refused_by_every_reader(make, why, reader):
    with pytest.raises(StepError) as caught:
        READERS[reader](make())
    text = str(caught.value)
    assert re.search(why, text)
    assert text.startswith(("rule toy: the step", "rule toy.", "toy."))
    assert "\n" not in text


def test_what_differs_is_told_with_the_update():
    with pytest.raises(StepError) as caught:
        READERS["terms"](adds(lambda s, i: 1 if type(s["weight"]) is int else 0))
    values = dict(re.findall(r"(\w+)=(-?\d+)", str(caught.value)))
    found, terms = int(values["next_weight"]), int(re.search(r"(\d+) on terms", str(caught.value))[1])
    assert found == terms + 1
    assert int(values["weight"]) == terms
    assert values.keys() >= {"weight", "debt", "pre", "post", "reward"}


@pytest.mark.parametrize("later", [FIRST + 20, FIRST + LAST // 2])
def test_a_step_that_changes_after_its_first_use_is_found_at_the_end(later):
    rule = counter(later)
    READERS["terms"](rule)
    with pytest.raises(StepError, match="is no function"):
        check_function(rule.step, Toy(), SEED)


def test_every_trace_is_compared_with_the_first():
    """Under other names, too: C and Python text call their variables otherwise."""
    from sc_hw_models.c_text import c_text
    from sc_hw_models.python_text import python_text

    for read in (c_text, python_text, step_terms):
        traces = itertools.count()
        rule = adds(lambda s, i, traces=traces: 1 if isinstance(s["weight"], Term) and next(traces) > 1 else 0)
        with pytest.raises(StepError, match="traced again, it gives another next weight"):
            read(rule, Toy())


@pytest.mark.parametrize("shown", [False, True])
def test_a_step_that_is_a_function_is_one_to_the_end(shown):
    """Helpers that remember what they were given, and constants of other kinds, do not matter."""
    kept = {}

    def helper(s, i):
        kept.setdefault("gain", np.int64(3))
        return fixed.select(i["pre"] > 3, kept["gain"] - 3, 0) + (True if shown else 1) - 1

    rule = adds(helper)
    for reader in READERS.values():
        reader(rule)
    check_function(rule.step, Toy(), SEED)
    check_function(toy(good_step).step, Toy(), SEED)

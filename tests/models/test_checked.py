"""The golden model checks itself: rules that break their specification, each in one way, are refused by every reader."""

import inspect
import re
from dataclasses import replace

import numpy as np
import pytest

from sc_hw_models import fixed
from sc_hw_models.compiled import CompiledStep
from sc_hw_models.rule import Field, StepError

from .checked_rules import READERS, STATE, Toy, good_step, on_arrays, sets, toy, toy_spec, with_result


def test_the_good_rule_passes_in_every_reader():
    for read in READERS.values():
        read(toy(good_step))


# Results that leave their field.


LEAVING = {
    "a weight that nothing holds": ("weight", 16, "0..65535", lambda s, i: s["weight"] + i["pre"] * i["reward"]),
    "a weight below 0": ("weight", 16, "0..65535", lambda s, i: s["weight"] - 1),
    "far outside": ("weight", 16, "0..65535", lambda s, i: s["weight"] * 4096 + i["pre"] * (1 << 40)),
    "a signed field, one too low": ("debt", 6, "-32..31", lambda s, i: s["debt"] - i["post"]),
    "a signed field, one too high": ("debt", 6, "-32..31", lambda s, i: s["debt"] + 1),
    "an output": ("sum", 9, "-256..255", lambda s, i: i["reward"] * 3),
}


@pytest.mark.parametrize("reader", [name for name in READERS if name != "terms"])  # a solver decides there: tests/prove
@pytest.mark.parametrize(("field", "bits", "allowed", "function"), LEAVING.values(), ids=LEAVING)
def test_a_result_outside_its_field_is_refused(field, bits, allowed, function, reader):
    rule = with_result(sets(field, function))
    with pytest.raises(StepError) as caught:
        READERS[reader](rule)
    low, high = map(int, allowed.split(".."))
    assert caught.value.field == field
    assert not low <= caught.value.value <= high
    text = str(caught.value)
    name = "toy.synapse" if reader == "crossbar" else "toy"
    assert text.startswith(f"rule {name}: the step gives {field}={caught.value.value}")
    assert f"allowed are {allowed}, {bits} bits" in text


@pytest.mark.parametrize("reader", READERS)
def test_a_result_that_never_fits_is_refused_even_by_intervals(reader):
    rule = with_result(sets("weight", lambda s, i: s["weight"] + (1 << 16)))
    with pytest.raises(StepError, match=r"the step gives weight=\d+.*allowed are 0\.\.65535, 16 bits"):
        READERS[reader](rule)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_model_is_as_before_and_the_error_says_where(compiled):
    """Timestep, synapse, state and inputs of the update that failed; all readers tell the same."""
    model, run = on_arrays(with_result(sets("weight", lambda s, i: s["weight"] + (i["pre"] == 4) * 32767)), compiled=compiled)
    for _ in range(2):
        with pytest.raises(StepError, match="weight=65537, synapse 3;") as caught:
            run()
        error = caught.value
        assert (error.field, error.value, error.synapse, error.timestep) == ("weight", 65537, 3, 1)
        assert error.state == {"weight": 3 + 32767, "debt": -10}
        assert error.inputs == {"pre": 4, "post": 9, "reward": -2}
        assert {name: values.tolist() for name, values in model.state.items()} == {k: v.tolist() for k, v in STATE.items()}


@pytest.mark.parametrize("compiled", [False, True])
def test_a_refused_update_draws_no_noise(compiled):
    noisy = replace(toy_spec(None), noise=(Field(name="coin", bits=3),))
    rule = replace(with_result(sets("weight", lambda s, i: s["weight"] + i["pre"] * 16000)), spec=lambda _: noisy)
    model, run = on_arrays(rule, compiled=compiled)
    before = list(model.random_state)
    with pytest.raises(StepError):
        run()
    assert model.random_state == before


def test_the_compiled_step_compares_only_what_intervals_leave_open():
    from sc_hw_models.c_text import c_text

    assert "outside |=" not in c_text(toy(good_step), Toy())
    text = c_text(with_result(sets("debt", lambda s, i: s["debt"] - i["post"])), Toy())
    assert re.findall(r"outside \|= (.*);", text) == [f"{v} < -32 | {v} > 31" for v in re.findall(r"outside \|= (\w+) <", text)]


def test_a_compiled_step_that_stops_without_reason_is_a_defect(monkeypatch):
    _, run = on_arrays(toy(good_step), compiled=True)
    monkeypatch.setattr(CompiledStep, "run", lambda *_, **__: None)
    with pytest.raises(RuntimeError, match="compiled step leaves its field, of the plain one none does"):
        run()


# Steps that are not the algebra of integers.

HALF = np.float64(0.5)


def line_of(function):
    return inspect.getsourcelines(function)[1]


REFUSED = {
    "a float constant": (lambda s, i: s["weight"] * 0.5, "0.5"),
    "a float of NumPy": (lambda s, i: s["weight"] * HALF, "0.5"),
    "a float of NumPy in front": (lambda s, i: HALF * s["weight"], "0.5"),
    "a true division": (lambda s, i: s["weight"] / 2, "unsupported operand type"),
    "a true division and back": (lambda s, i: int(s["weight"] / 2), "unsupported operand type"),
    "a floor division": (lambda s, i: s["weight"] // 2, "unsupported operand type"),
    "None": (lambda s, i: s["weight"] + None, "None"),
    "a float bound": (lambda s, i: fixed.clip(s["weight"], 0, 65535.0), "65535.0"),
    "a branch": (lambda s, i: s["weight"] if i["pre"] > 3 else 0, "select instead of if"),
    "and": (lambda s, i: (i["pre"] > 3 and i["post"] > 3) * 1, "select instead of if"),
    "a function of NumPy": (lambda s, i: np.minimum(s["weight"], 9), "ufunc"),
    "where of NumPy": (lambda s, i: np.where(i["pre"] > 3, 1, 0), "select instead of if"),
    "a sum of comparisons": (lambda s, i: (i["pre"] > 3) + (i["post"] > 3), "select(condition, 1, 0)"),
    "a difference of comparisons": (lambda s, i: 1 + ((i["pre"] > 3) - (i["post"] != 3)), "select(condition, 1, 0)"),
    "a comparison below zero": (lambda s, i: 1 + -(i["pre"] > 3), "select(condition, 1, 0)"),
    "a sum with True": (lambda s, i: (i["pre"] > 3) + True, "select(condition, 1, 0)"),
    "a shift by what may be negative": (lambda s, i: s["weight"] >> i["reward"], "clip it"),
    "an input that is none": (lambda s, i: i["post_spike"], "KeyError: 'post_spike'"),
    "an attribute of arrays": (lambda s, i: s["weight"].astype(np.int8), "AttributeError"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("function", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_integer_algebra_is_refused_with_its_line(function, why, reader):
    with pytest.raises(StepError) as caught:
        READERS[reader](with_result(sets("weight", function)))
    text = str(caught.value)
    assert why in text
    assert text.startswith(f"rule toy: the step, line {line_of(function)} of test_checked.py, ")
    assert "allowed" not in text.split(";")[0] or "select" in text
    assert "\n" not in text


RESULTS = {
    "a float": ("weight", lambda s, i: 0.5, "gives 0.5 as state field weight"),
    "a float of NumPy": ("weight", lambda s, i: HALF, "as state field weight"),
    "None": ("debt", lambda s, i: None, "gives None as state field debt"),
    "text": ("sum", lambda s, i: "7", "gives '7' as output sum"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("field", "function", "why"), RESULTS.values(), ids=RESULTS)
def test_a_result_that_is_no_integer_is_refused(field, function, why, reader):
    with pytest.raises(StepError, match=why):
        READERS[reader](with_result(sets(field, function)))


NAMES = {
    "a field too few": (lambda c, s, i, a, o: a.pop("debt"), "returns no debt; allowed are exactly weight, debt"),
    "a field too many": (lambda c, s, i, a, o: a.update(more=1), "returns more, which is no state field"),
    "no output": (lambda c, s, i, a, o: o.clear(), "returns no sum; allowed are exactly sum"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("change", "why"), NAMES.values(), ids=NAMES)
def test_results_have_exactly_the_names_of_the_specification(change, why, reader):
    with pytest.raises(StepError, match=re.escape(why)):
        READERS[reader](with_result(change))


@pytest.mark.parametrize("reader", READERS)
def test_a_step_that_returns_no_pair_is_refused(reader):
    with pytest.raises(StepError, match="returns NoneType; allowed are two mappings"):
        READERS[reader](toy(lambda *_: None))


@pytest.mark.parametrize("reader", READERS)
def test_an_intermediate_beyond_int64_is_refused_before_anything_runs(reader):
    """Arrays would wrap: 65535 * 2^48 is no int64, though what is left of it after the shift fits."""
    steps = [with_result(sets("weight", lambda s, i, k=k: (s["weight"] * (1 << k)) >> k)) for k in (46, 47, 70)]
    READERS[reader](steps[0])
    for rule, bits in zip(steps[1:], (64, 87), strict=True):
        with pytest.raises(StepError, match=f"toy: an intermediate of the step needs {bits} bits; allowed are at most 63"):
            READERS[reader](rule)


def test_each_configuration_is_traced_on_its_own():
    rule = toy(good_step)
    for reader in READERS.values():
        reader(rule, Toy(gain=2))
        with pytest.raises(StepError, match=r"1\.5"):
            reader(rule, Toy(gain=1.5))
        with pytest.raises(StepError, match="needs 90 bits"):
            reader(rule, Toy(gain=1 << 78))
    # Equal to one that was traced, and yet a float: what it gives is looked at, too.
    for reader in ("integers", "arrays, run"):
        with pytest.raises(StepError, match=r"float64|as state field weight|needs|1\.0"):
            READERS[reader](rule, Toy(gain=1.0))


def test_a_reader_that_sees_the_kind_of_its_values_is_caught_at_its_results():
    """Such a step deceives the trace; what arrays and integers get is compared all the same."""

    def kind(wrong):
        def step(config, state, inputs):
            after, outputs = good_step(config, state, inputs)
            return (after | {"weight": wrong(state["weight"])} if not hasattr(state["weight"], "__select__") else after), outputs

        return toy(step)

    for wrong, why in ((lambda w: w * 0.25, "float64|0.0"), (lambda w: w - w + 70000, "weight=70000")):
        for reader in ("integers", "arrays, step", "arrays, run"):
            with pytest.raises(StepError, match=why):
                READERS[reader](kind(wrong))

"""The golden model checks itself: rules that break their specification, each in one way, are refused by every reader."""

import inspect
import re
from dataclasses import dataclass, replace

import numpy as np
import pytest

from sc_hw_models import fixed
from sc_hw_models import synapse as synapses_by_hand
from sc_hw_models.checked import CheckedStep, unchecked
from sc_hw_models.compiled import CompiledStep
from sc_hw_models.core import CoreModel
from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.layer import LayerModel
from sc_hw_models.parts import part, step_terms
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError, Field, Rule, RuleSpec, StepError
from sc_hw_models.rules import r_stdp
from sc_hw_models.term import evaluate

SYNAPSES = 5


@dataclass(frozen=True)
class Toy:
    gain: object = 1


def toy_spec(_config):
    return RuleSpec(
        rule="toy", state=(Field(name="weight", bits=16), Field(name="debt", bits=6, signed=True)),
        synapse_inputs=(Field(name="pre", bits=4, owner="pre"), Field(name="post", bits=4, owner="post")),
        step_inputs=(Field(name="reward", bits=8, signed=True),), noise=(), outputs=(Field(name="sum", bits=9, signed=True),),
        latency=1,
    )  # fmt: skip


def toy(step):
    return Rule(name="toy", summary="", config_type=Toy, spec=toy_spec, step=step, accuracy=lambda *_: {}, presets={})


def good_step(config, state, inputs):
    moved = fixed.clip(state["weight"] + inputs["pre"] * inputs["reward"] * config.gain, 0, 65535)
    debt = fixed.clip(state["debt"] - inputs["post"], -32, 31)
    return {"weight": moved, "debt": debt}, {"sum": fixed.select(inputs["pre"] < inputs["post"], debt, inputs["reward"])}


def with_result(change):
    """A step whose results ``change`` has spoilt: ``change(config, state, inputs, after, outputs)``."""

    def step(config, state, inputs):
        after, outputs = good_step(config, state, inputs)
        change(config, state, inputs, after, outputs)
        return after, outputs

    return toy(step)


GIVEN = {"pre": [[1, 2, 3, 4, 15]] * 4, "post": [[1, 0, 3, 9, 15]] * 4, "reward": [3, -2, 127, 1]}
INPUTS = {name: np.array(values) for name, values in GIVEN.items()}
STATE = {"weight": np.array([0, 60000, 65535, 3, 9]), "debt": np.array([0, -32, 31, -1, 5])}


def on_integers(rule, config=Toy()):  # frozen
    states = [{name: int(values[i]) for name, values in STATE.items()} for i in range(SYNAPSES)]
    for t in range(4):
        for i in range(SYNAPSES):
            given = {"pre": GIVEN["pre"][t][i], "post": GIVEN["post"][t][i], "reward": GIVEN["reward"][t]}
            states[i], _ = rule.step(config, states[i], given)


def on_arrays(rule, config=Toy(), compiled=False):
    model = CoreModel(rule, config, synapses=SYNAPSES, compiled=compiled)
    model.load(STATE)
    return model, lambda: model.run(INPUTS)


def by_step(rule, config=Toy()):
    model, _ = on_arrays(rule, config)
    for t in range(4):
        model.step({name: values[t] for name, values in INPUTS.items()})


READERS = {
    "integers": on_integers,
    "arrays, step": by_step,
    "arrays, run": lambda rule, *config: on_arrays(rule, *config)[1](),
    "compiled": lambda rule, *config: on_arrays(rule, *config, compiled=True)[1](),
    "terms": lambda rule, config=Toy(): step_terms(rule, config),
    "crossbar": lambda rule, config=Toy(): crossbar(rule, config),
}


def crossbar(rule, config, compiled=None):
    model = CrossbarModel.made(rule, config, pre=2, post=2)
    for core in (model.pre, model.post, model.synapses):
        core._use_compiled = compiled
    model.synapses.load({"weight": np.array([0, 65535, 60000, 3]), "debt": np.array([-32, 31, 0, 1])})
    columns = {"pre": INPUTS["pre"][:, 1:3], "post": INPUTS["post"][:, 3:], "reward": INPUTS["reward"]}
    model.run(columns)


def test_the_good_rule_passes_in_every_reader():
    for read in READERS.values():
        read(toy(good_step))


# Results that leave their field.


def sets(name, function):
    return lambda config, state, inputs, after, outputs: (after if name in after else outputs).update(
        {name: function(state, inputs)}
    )


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
    "a shift by data": (lambda s, i: s["weight"] >> i["pre"], "constants"),
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


# What stays allowed.


def test_numbers_of_numpy_comparisons_and_constants_are_integers():
    def step(config, state, inputs):
        up = (inputs["pre"] > 3) * (inputs["post"] >= np.int64(3))
        weight = fixed.select(up, np.int16(7) + state["weight"] * np.uint8(0), 9)
        return {"weight": weight, "debt": np.int8(-3)}, {"sum": inputs["pre"] != inputs["post"]}

    rule = toy(step)
    assert rule.step(Toy(), {"weight": 1, "debt": 0}, {"pre": 4, "post": 3, "reward": 0}) == (
        {"weight": 7, "debt": -3},
        {"sum": 1},
    )
    assert type(rule.step(Toy(), {"weight": 1, "debt": 0}, {"pre": 4, "post": 3, "reward": 0})[1]["sum"]) is int
    results = [on_arrays(rule, compiled=compiled)[1]() for compiled in (False, True)]
    for part_of in zip(*results, strict=True):
        for name in part_of[0]:
            assert part_of[0][name].tolist() == part_of[1][name].tolist(), name
    assert results[0][0]["weight"][0].tolist() == [9, 9, 9, 7, 7]
    assert results[0][1]["sum"][0].tolist() == [0, 1, 0, 1, 0]
    terms = step_terms(rule, Toy())
    values = {"weight": 1, "debt": 0, "pre": 4, "post": 3, "reward": 0}
    assert evaluate(terms, values) == {"next_weight": 7, "next_debt": -3, "out_sum": 1}
    model, _ = on_arrays(rule)
    model.step({name: values[0] for name, values in INPUTS.items()})
    assert {name: (values.dtype, values.shape) for name, values in model.state.items()} == dict.fromkeys(STATE, (np.int64, (5,)))


def test_a_rule_is_checked_once_however_often_it_is_replaced():
    rule = toy(good_step)
    again = replace(replace(rule, name="other"), summary="more")
    assert isinstance(again.step, CheckedStep)
    assert unchecked(again.step) is good_step
    leaving = replace(again, step=with_result(sets("sum", lambda s, i: 1000)).step)
    with pytest.raises(StepError, match="rule other: the step gives sum=1000"):
        on_integers(leaving)


def test_a_configuration_that_can_change_is_traced_each_time():
    rule, config = toy(good_step), type("Loose", (), {"__hash__": None, "gain": 1})()
    on_integers(rule, config)
    config.gain = 0.5
    with pytest.raises(StepError, match=r"0\.5"):
        on_integers(rule, config)


@pytest.mark.parametrize(("name", "preset"), [(name, preset) for name in RULES for preset in get_rule(name).presets])
def test_our_rules_pass_in_every_reader(name, preset):
    rule = get_rule(name)
    config = rule.presets[preset].config
    generator = np.random.default_rng(20271)
    runs = []
    for compiled in (False, True):
        model = CoreModel(rule, config, synapses=40, compiled=compiled)
        generator = np.random.default_rng(20271)
        model.load({f.name: generator.choice([f.minimum, f.maximum, f.reset], 40) for f in model.spec.state})
        shapes = dict.fromkeys(model.spec.synapse_inputs, (30, 40)) | dict.fromkeys(model.spec.step_inputs, (30,))
        model.run({f.name: generator.choice([f.minimum, 0, f.maximum], shape) for f, shape in shapes.items()})
        runs.append({key: values.tolist() for key, values in model.state.items()})
    assert runs[0] == runs[1]


# The same rules with one guard taken out: the kinds of fault that the issue saw.


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("name", "guard", "field"), [("three_factor", "consolidation.clip", "weight"), ("stp", "rules.stp.minimum", "x")]
)
def test_our_rules_without_a_guard_are_caught(name, guard, field, compiled, monkeypatch):
    monkeypatch.setattr(f"sc_hw_models.{guard}", lambda value, *_: value)
    rule = replace(get_rule(name))  # traced anew
    config = rule.config_type(rounding="floor") if name == "three_factor" else rule.config_type(u_se=255)
    model = CoreModel(rule, config, synapses=3, compiled=compiled)
    inputs = {f.name: np.full((3000, 3), f.maximum) for f in model.spec.synapse_inputs}
    with pytest.raises(StepError, match=f"rule {name}: the step gives {field}="):
        model.run(inputs)


def test_layers_crossbars_and_stepped_synapses_are_checked(monkeypatch):
    monkeypatch.setattr("sc_hw_models.consolidation.clip", lambda value, *_: value)
    synapse = synapses_by_hand.OnlineO1Synapse(r_stdp.OnlineO1Config(learning_shift=0), initial_weight=65535)
    monkeypatch.setattr(synapses_by_hand, "RULE", replace(r_stdp.RULE))
    synapse.step(pre_spike=True, post_spike=False, reward=127)
    before = synapse.snapshot()
    with pytest.raises(StepError, match="rule r_stdp: the step gives weight="):
        synapse.step(pre_spike=False, post_spike=True, reward=127)
    assert synapse.snapshot() == before

    rule = replace(get_rule("three_factor"))
    config = rule.config_type(rounding="floor")
    neurons = CoreModel(get_rule("stp"), get_rule("stp").config_type(bits=8), synapses=2)
    synapses = CoreModel(rule, config, synapses=4)
    synapses.load({"weight": np.full(4, 1023)})
    layer = LayerModel(neurons, synapses)
    with pytest.raises(StepError, match="rule three_factor: the step gives weight="):
        layer.run({"pre_spike": np.ones((2000, 2), int), "signal": np.full((2000, 2), 255)})
    crossbar_model = CrossbarModel.made(rule, config, pre=2, post=2)
    with pytest.raises(StepError, match=r"rule three_factor\.synapse: the step gives weight="):
        crossbar_model.run({"activity": np.full((2000, 2), 31), "signal": np.full((2000, 2), -256)})


def test_parts_of_a_rule_are_held_to_their_own_fields():
    """What a neuron gives its synapses is an output of its part, checked as one."""
    side = part(toy(good_step), "pre")
    with pytest.raises(StepError, match=r"rule toy\.pre: the step gives pre=16; allowed are 0\.\.15"):
        side.step(Toy(), {}, {"pre": 16})


def test_a_step_error_is_a_config_error():
    assert issubclass(StepError, ConfigError)

"""What the golden model's checks of itself let pass, and our own rules under them."""

from dataclasses import replace

import numpy as np
import pytest

from sc_hw_models import fixed
from sc_hw_models import online_o1 as synapses_by_hand
from sc_hw_models.checked import CheckedStep, unchecked
from sc_hw_models.core import CoreModel
from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.layer import LayerModel
from sc_hw_models.parts import part, step_terms
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError, StepError
from sc_hw_models.rules import r_stdp
from sc_hw_models.term import evaluate

from .checked_rules import INPUTS, STATE, Toy, good_step, on_arrays, on_integers, sets, toy, with_result

# What stays allowed.


def test_numbers_of_numpy_comparisons_and_constants_are_integers():
    def step(config, state, inputs):
        up = (inputs["pre"] > 3) * (inputs["post"] >= np.int64(3))
        weight = fixed.select(up, np.int64(7) + state["weight"] * np.int64(0), 9)
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
@pytest.mark.parametrize(("name", "guard", "field"), [("three_factor", "kind.clip", "weight"), ("stp", "rules.stp.minimum", "x")])
def test_our_rules_without_a_guard_are_caught(name, guard, field, compiled, monkeypatch):
    monkeypatch.setattr(f"sc_hw_models.{guard}", lambda value, *_: value)
    rule = replace(get_rule(name))  # traced anew
    config = rule.config_type(rounding="floor") if name == "three_factor" else rule.config_type(u_se=255)
    model = CoreModel(rule, config, synapses=3, compiled=compiled)
    inputs = {f.name: np.full((3000, 3), f.maximum) for f in model.spec.synapse_inputs}
    with pytest.raises(StepError, match=f"rule {name}: the step gives {field}="):
        model.run(inputs)


def test_layers_crossbars_and_stepped_synapses_are_checked(monkeypatch):
    monkeypatch.setattr("sc_hw_models.kind.clip", lambda value, *_: value)
    synapse = synapses_by_hand.OnlineO1Synapse(r_stdp.OnlineO1Config(learning_shift=0), initial_weight=65535)
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

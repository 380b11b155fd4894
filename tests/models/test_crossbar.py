"""The crossbar's golden model: the rule's own step for every pair of neurons, with what is a neuron's kept once."""

import dataclasses

import numpy as np
import pytest

from sc_hw_models.core import CoreModel
from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.fixed import select
from sc_hw_models.parts import dependencies, part
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError

PRE, POST, STEPS = 7, 4, 300
CONFIGURATIONS = [
    ("r_stdp", {}),
    ("r_stdp", {"decay_rounding": "nearest", "trace_fraction_bits": 3, "consolidation": "pull"}),
    ("r_stdp", {"eligibility_gain_shift": 4, "rounding": "nearest", "consolidation": "lock"}),
    ("three_factor", {"rounding": "floor"}),
]


def inputs_of(model, generator, rate):
    sides = {"pre": PRE, "post": POST}
    result = {
        f.name: generator.integers(f.minimum, f.maximum + 1, (STEPS, units)) * (generator.random((STEPS, units)) < rate)
        for side, units in sides.items()
        for f in model.neurons[side].spec.inputs
    }
    return result | {
        f.name: generator.integers(f.minimum, f.maximum + 1, STEPS) * (generator.random(STEPS) < 0.3)
        for f in model.synapses.spec.step_inputs
    }


@pytest.mark.parametrize(("name", "settings"), CONFIGURATIONS)
def test_it_computes_what_synapses_of_the_whole_rule_compute(name, settings):
    rule = get_rule(name)
    config = rule.config_type(**settings)
    crossbar = CrossbarModel.made(rule, config, pre=PRE, post=POST, lanes=2)
    whole = CoreModel(rule, config, synapses=PRE * POST)
    inputs = inputs_of(crossbar, np.random.default_rng(2), 0.2)
    states, outputs = crossbar.run(inputs)
    of_each = {
        f.name: np.repeat(inputs[f.name], POST, 1) if f.owner == "pre" else np.tile(inputs[f.name], (1, PRE))
        for f in whole.spec.synapse_inputs
    }
    expected, results = whole.run(of_each | {f.name: inputs[f.name] for f in whole.spec.step_inputs})
    assert {n: v.tolist() for n, v in states.items()} == {n: expected[n].tolist() for n in states}
    assert outputs["weight"].tolist() == results["weight"].tolist()
    neurons = {n for model in crossbar.neurons.values() for n in model.state}
    assert neurons | set(states) == set(expected)
    for name in neurons:
        side = crossbar.pre if name.startswith("pre") else crossbar.post
        per_pair = expected[name][-1].reshape(PRE, POST)
        assert np.array_equal(side.state[name], per_pair[:, 0] if side is crossbar.pre else per_pair[0])


def test_a_synapse_keeps_weight_and_eligibility():
    rule = get_rule("r_stdp")
    bits = {owner: part(rule, owner).spec(rule.config_type()).state_bits for owner in ("pre", "post", "synapse")}
    assert bits == {"pre": 12, "post": 12, "synapse": 28}


@pytest.mark.parametrize(("name", "settings"), [c for c in CONFIGURATIONS if c[1].get("consolidation") != "pull"])
def test_a_row_that_need_not_be_visited_does_not_change(name, settings):
    rule = get_rule(name)
    crossbar = CrossbarModel.made(rule, rule.config_type(**settings), pre=PRE, post=POST)
    inputs = inputs_of(crossbar, np.random.default_rng(5), 0.03)
    given = {
        n: v
        for side in crossbar.neurons.values()
        for n, v in side.run({f.name: inputs[f.name] for f in side.spec.inputs})[1].items()
    }
    before = crossbar.synapses.state
    states, outputs = crossbar.synapses.run(crossbar.synapse_inputs(given, inputs))
    visited = crossbar.visited(given, inputs, outputs["rest"], None)
    assert visited[0].all()
    assert 0.01 < visited.mean() < 0.9
    for name, after in states.items():
        changed = np.concatenate([before[name][None], after[:-1]]) != after
        assert not (changed.reshape(STEPS, PRE, POST).any(axis=2) & ~visited).any(), name


def test_rules_that_have_no_parts_are_refused():
    with pytest.raises(ConfigError, match=r"rule stp: names no input of its presynaptic neurons"):
        CrossbarModel.made(get_rule("stp"), get_rule("stp").config_type(), pre=2, post=2)
    with pytest.raises(ConfigError, match=r"part 'dendrite': unknown; allowed are pre, post, synapse"):
        get_rule("r_stdp.dendrite")


def test_a_trace_that_depends_on_more_than_its_neuron_is_refused():
    rule = get_rule("r_stdp")

    def leaking(config, state, inputs):
        after, outputs = rule.step(config, state, inputs)
        return {**after, "pre_trace": select(inputs["post_spike"], 0, after["pre_trace"])}, outputs

    wrong = dataclasses.replace(rule, step=leaking)
    assert dependencies(wrong, rule.config_type())["pre_trace"] == {"pre", "post"}
    with pytest.raises(ConfigError, match=r"pre_trace depends on more than its presynaptic neuron"):
        part(wrong, "synapse").spec(rule.config_type())

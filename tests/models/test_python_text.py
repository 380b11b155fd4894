"""The step of one synapse as a Python function: equal to the step itself, for every preset and for random configurations."""

import random

import pytest
from hypothesis import given

from sc_hw_models.python_text import python_step, python_text
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rules.r_stdp import RULE

from .r_stdp_reference import configs, reproducible


def compare(rule, config, rounds, seed):
    spec, step, generator = rule.spec(config), python_step(rule, config), random.Random(seed)

    def drawn(fields):
        return {f.name: generator.choice([f.minimum, f.maximum, generator.randint(f.minimum, f.maximum)]) for f in fields}

    for _ in range(rounds):
        state, inputs = drawn(spec.state), drawn((*spec.inputs, *spec.noise))
        after, _ = rule.step(config, state, inputs)
        made = step(*state.values(), *inputs.values())
        assert made == tuple(after[f.name] for f in spec.state), f"seed {seed}: {config}"
        assert all(type(value) is int for value in made)


@pytest.mark.parametrize(("rule", "preset"), [(rule, name) for rule in map(get_rule, RULES) for name in rule.presets])
def test_every_preset_from_any_state(rule, preset):
    compare(rule, rule.presets[preset].config, 200, 20266)


@reproducible
@given(configs())
def test_any_configuration_of_r_stdp(config):
    compare(RULE, config, 20, 20267)


def test_a_planted_fault_is_seen(monkeypatch):
    genuine = python_text(RULE, RULE.presets["default"].config)
    assert genuine.count(" >> 4") == 5
    for place in range(5):
        parts = genuine.split(" >> 4")
        broken = " >> 4".join(parts[: place + 1]) + " >> 3" + " >> 4".join(parts[place + 1 :])
        monkeypatch.setattr("sc_hw_models.python_text.python_text", lambda rule, config, text=broken: text)
        with pytest.raises(AssertionError, match="seed 20266"):
            compare(RULE, RULE.presets["default"].config, 200, 20266)

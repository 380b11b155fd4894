"""A synapse of any rule, stepped by hand, and its memory proof."""

import numpy as np
import pytest

from sc_hw_models.core import CoreModel
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError
from sc_hw_models.synapse import Synapse, build_memory_proof

SEED = 5
EVERY = [(name, preset) for name in RULES for preset in get_rule(name).presets]


@pytest.mark.parametrize(("name", "preset"), EVERY)
def test_a_synapse_of_every_preset_is_that_of_a_core(name, preset):
    rule = get_rule(name)
    config = rule.presets[preset].config
    synapse, core, generator = Synapse(rule, config), CoreModel(rule, config, synapses=1), np.random.default_rng(SEED)
    for _ in range(40):
        given = {f.name: int(generator.integers(f.minimum, f.maximum + 1)) for f in core.spec.inputs}
        of_core = {f.name: np.array([given[f.name]]) for f in core.spec.synapse_inputs}
        core.step(of_core | {f.name: given[f.name] for f in core.spec.step_inputs})
        assert synapse.update(**given) == {name: int(array[0]) for name, array in core.state.items()}, f"seed {SEED}"


@pytest.mark.parametrize("name", RULES)
def test_the_memory_proof_of_every_rule_holds_for_any_length(name):
    rule = get_rule(name)
    bits = rule.spec(rule.config_type()).state_bits
    for length in (None, 0, 300, 1 << 20):
        proof = build_memory_proof(rule, n_synapses=10, sequence_length=length)
        assert (proof["rule"], proof["total_state_bits"]) == (name, 10 * bits)
        assert proof["sequence_length_independent"], proof
        assert proof["hidden_history_fields"] == []


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(
    ("plant", "hidden"),
    [
        (lambda s: setattr(s, "history", 1), ["history"]),
        (lambda s: setattr(s, "_random", s._random << 70 | 1), []),
        (lambda s: setattr(s, "_state", (1 << 40, *s._state[1:])), []),
        (lambda s: setattr(s, "config", None), []),
    ],
)
def test_the_memory_proof_finds_what_a_synapse_hides(name, plant, hidden, monkeypatch):
    genuine, start = Synapse.update, []

    def update(self, **inputs):
        if not start:
            start.append((self._state, self._random, self.config))
        self._state, self._random, self.config = start[0]
        result = genuine(self, **inputs)
        plant(self)
        return result

    monkeypatch.setattr(Synapse, "update", update)
    proof = build_memory_proof(get_rule(name), n_synapses=1, sequence_length=3)
    assert not proof["sequence_length_independent"]
    assert proof["hidden_history_fields"] == hidden


def test_what_is_wrong_is_named():
    rule = get_rule("three_factor")
    for arguments, said in (
        ({"config": 3}, "config=3: allowed are ThreeFactorConfig and None"),
        ({"wait": 3}, "wait: no field of"),
    ):
        with pytest.raises(ConfigError, match=said):
            Synapse(rule, **arguments)
    with pytest.raises(ConfigError, match=r"weight=1024: .* -1024\.\.1023"):
        Synapse(rule, weight=1024)
    synapse = Synapse(rule, weight=3)
    before = synapse.state
    for inputs, said in (({"activity": 99}, r"activity=99: .* 0\.\.31"), ({"reward": 1}, "reward: no input of three_factor")):
        with pytest.raises(ConfigError, match=said):
            synapse.update(**inputs)
    assert synapse.state == before

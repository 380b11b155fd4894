"""Reward-modulated STDP: synapse and array interfaces, and the memory proof."""

import json

import numpy as np
import pytest

from sc_hw_models.rule import ConfigError
from sc_hw_models.rules import r_stdp
from sc_hw_models.rules.r_stdp import (
    OnlineO1Array,
    OnlineO1Config,
    OnlineO1Synapse,
    build_online_o1_memory_proof,
)

from .r_stdp_reference import FIELDS, LARGEST, changed, label

# Synapse and array interfaces.


def test_a_synapse_starts_empty_and_its_snapshot_is_a_copy():
    synapse = OnlineO1Synapse(initial_weight=7)
    assert synapse.config == OnlineO1Config()
    assert synapse.state_fields == FIELDS
    assert synapse.snapshot() == {"weight": 7, "pre_trace": 0, "post_trace": 0, "eligibility": 0}
    synapse.snapshot()["weight"] = 9
    synapse.step(pre_spike=0, post_spike=0, reward=0)["weight"] = 9
    assert synapse.snapshot()["weight"] == 7


def test_a_synapse_takes_numpy_scalars():
    synapse = OnlineO1Synapse()
    assert synapse.step(pre_spike=np.bool_(True), post_spike=1, reward=np.int8(16))["weight"] == 2047


@pytest.mark.parametrize("weight", [-1, 65_536, 1.0, True])
def test_initial_weights_are_checked(weight):
    with pytest.raises(ConfigError, match="weight"):
        OnlineO1Synapse(initial_weight=weight)
    if weight is not True:
        with pytest.raises(ConfigError, match="weight"):
            OnlineO1Array(OnlineO1Config(), 3, weight)


@pytest.mark.parametrize(
    "inputs", [{"pre_spike": 2}, {"post_spike": -1}, {"pre_spike": 0.5}, {"reward": 1.0}, {"reward": True}, {"reward": None}]
)
def test_a_synapse_refuses_other_inputs_and_stays(inputs):
    synapse = OnlineO1Synapse(changed(rounding="stochastic"))
    before = vars(synapse) | {"_state": synapse.snapshot()}
    with pytest.raises(ConfigError, match=next(iter(inputs))):
        synapse.step(**({"pre_spike": 0, "post_spike": 0, "reward": 0} | inputs))
    assert vars(synapse) == before


def test_an_array_takes_one_weight_or_many():
    assert OnlineO1Array(OnlineO1Config(), 3, 5).state["weight"].tolist() == [5, 5, 5]
    assert OnlineO1Array(OnlineO1Config(), 3, [1, 2, 3]).state["weight"].tolist() == [1, 2, 3]


# Memory proof.


@pytest.mark.parametrize("sequence_length", [None, 1, 256, 5000, 1 << 24])
@pytest.mark.parametrize("options", [{}, LARGEST, {"trace_fraction_bits": 6, "rounding": "stochastic"}], ids=label)
def test_the_memory_proof_claims_the_same_bits_for_any_length(options, sequence_length):
    config = changed(**options)
    proof = build_online_o1_memory_proof(n_synapses=1000, config=config, sequence_length=sequence_length)
    bits = config.weight_bits + 3 * (config.trace_bits + config.trace_fraction_bits)
    assert proof == {
        "rule": "r_stdp", "n_synapses": 1000, "sequence_length": sequence_length, "steps_run": min(sequence_length or 256, 4096),
        "state_fields": list(FIELDS), "per_synapse_state_bits": bits, "total_state_bits": 1000 * bits,
        "sequence_length_independent": True, "hidden_history_fields": [],
    }  # fmt: skip
    json.dumps(proof)


@pytest.mark.parametrize(
    "arguments",
    [{"n_synapses": 0}, {"n_synapses": True}, {"n_synapses": 1.0}, {"sequence_length": 0}, {"sequence_length": 10.0}],
)
def test_the_memory_proof_checks_its_arguments(arguments):
    with pytest.raises(ConfigError, match=next(iter(arguments))):
        build_online_o1_memory_proof(**({"n_synapses": 10, "config": OnlineO1Config()} | arguments))


@pytest.mark.parametrize(("name", "largest"), [("n_synapses", 1 << 32), ("sequence_length", 1 << 24)])
def test_the_memory_proof_takes_numbers_up_to_its_limits(name, largest):
    for value in (1, largest):
        assert build_online_o1_memory_proof(**({"n_synapses": 10, "config": OnlineO1Config()} | {name: value}))[name] == value
    with pytest.raises(ConfigError, match=rf"^{name}={largest + 1}: .* 1\.\.{largest}$"):
        build_online_o1_memory_proof(**({"n_synapses": 10, "config": OnlineO1Config()} | {name: largest + 1}))


def test_the_memory_proof_lets_the_synapse_live(monkeypatch):
    genuine, given = OnlineO1Synapse.step, []

    def step(self, **inputs):
        given.append(inputs)
        return genuine(self, **inputs)

    monkeypatch.setattr(r_stdp.OnlineO1Synapse, "step", step)
    build_online_o1_memory_proof(n_synapses=10, config=OnlineO1Config(), sequence_length=10_000)
    assert len(given) == 4096
    spikes = [(moment["pre_spike"], moment["post_spike"]) for moment in given]
    assert all(spikes.count((pre, post)) > 200 for pre in (False, True) for post in (False, True))
    assert {moment["reward"] for moment in given} == set(range(121, 128))


def _grow_an_attribute(synapse):
    synapse.spike_history = [*getattr(synapse, "spike_history", []), 1]


def _grow_a_state_field(synapse):
    synapse._state = synapse._state | {"count": synapse._state.get("count", 0) + 1}


def _leave_the_range(synapse):
    synapse._state = synapse._state | {"pre_trace": 1 << 40}


def _widen_the_random_register(synapse):
    synapse._random = synapse._random << 8 | 1


@pytest.mark.parametrize(
    ("plant", "hidden"),
    [
        (_grow_an_attribute, ["spike_history"]),
        (_grow_a_state_field, ["count"]),
        (_leave_the_range, []),
        (_widen_the_random_register, []),
    ],
)
def test_the_memory_proof_catches_a_synapse_that_remembers_more(plant, hidden, monkeypatch):
    genuine = OnlineO1Synapse.step

    def step(self, **inputs):
        genuine(self, **inputs)
        plant(self)
        return self.snapshot()

    monkeypatch.setattr(r_stdp.OnlineO1Synapse, "step", step)
    proof = build_online_o1_memory_proof(n_synapses=10, config=OnlineO1Config())
    assert proof["sequence_length_independent"] is False
    assert proof["hidden_history_fields"] == hidden


def test_the_memory_proof_catches_a_history_that_was_there_from_the_start(monkeypatch):
    genuine_init, genuine_step = OnlineO1Synapse.__init__, OnlineO1Synapse.step

    def init(self, *arguments, **options):
        genuine_init(self, *arguments, **options)
        self.history = []

    def step(self, **inputs):
        self.history.append(inputs)
        return genuine_step(self, **inputs)

    monkeypatch.setattr(r_stdp.OnlineO1Synapse, "__init__", init)
    monkeypatch.setattr(r_stdp.OnlineO1Synapse, "step", step)
    proof = build_online_o1_memory_proof(n_synapses=10, config=OnlineO1Config())
    assert proof["sequence_length_independent"] is False
    assert proof["hidden_history_fields"] == ["history"]

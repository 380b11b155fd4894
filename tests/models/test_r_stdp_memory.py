"""Reward-modulated STDP: synapse and array interfaces, and the memory proof."""

import json

import numpy as np
import pytest

from sc_hw_models.online_o1 import (
    OnlineO1Array,
    OnlineO1Snapshot,
    OnlineO1Synapse,
    RustOnlineO1Synapse,
    build_online_o1_memory_proof,
)
from sc_hw_models.rule import ConfigError
from sc_hw_models.rules.r_stdp import OnlineO1Config

from .r_stdp_reference import FIELDS, LARGEST, changed, label

RANGES = {
    "weight_bits": (1, 31),
    "trace_bits": (2, 30),
    "reward_bits": (1, 30),
    "learning_shift": (0, 30),
    "trace_decay_shift": (0, 30),
}

# Synapse and array interfaces.


def test_a_synapse_starts_empty_and_its_snapshot_is_a_copy():
    synapse = OnlineO1Synapse(initial_weight=7)
    assert synapse.config == OnlineO1Config()
    assert synapse.state_fields == FIELDS
    before = synapse.snapshot()
    assert before == OnlineO1Snapshot(weight=7, pre_trace=0, post_trace=0, eligibility=0)
    with pytest.raises(AttributeError):
        before.weight = 9
    after = synapse.step(pre_spike=1, post_spike=0, reward=0)
    assert (before.pre_trace, after.pre_trace) == (0, 4095)
    assert (synapse.weight, synapse.pre_trace, synapse.post_trace, synapse.eligibility) == after[:4] == (7, 4095, 0, 0)
    assert synapse.step(0, 1, 0) == synapse.snapshot()  # by position too


def test_a_synapse_takes_numpy_scalars():
    synapse = OnlineO1Synapse()
    assert synapse.step(pre_spike=np.bool_(True), post_spike=1, reward=np.int8(16)).weight == 2047


@pytest.mark.parametrize("weight", [-1, 65_536, 1.0, True])
def test_initial_weights_are_checked_and_one_synapse_s_saturates(weight):
    if type(weight) is int:
        assert OnlineO1Synapse(initial_weight=weight).weight == min(max(weight, 0), 65_535)
    else:
        with pytest.raises(ConfigError, match="initial_weight"):
            OnlineO1Synapse(initial_weight=weight)
    if weight is not True:
        with pytest.raises(ConfigError, match="weight"):
            OnlineO1Array(OnlineO1Config(), 3, weight)


@pytest.mark.parametrize("make", [OnlineO1Synapse, lambda config: build_online_o1_memory_proof(n_synapses=1, config=config)])
@pytest.mark.parametrize("config", [{}, 3, OnlineO1Config])
def test_what_is_no_configuration_is_refused(make, config):
    with pytest.raises(ConfigError, match=r"^config="):
        make(config)


def test_native_code_makes_the_same_steps():
    """Random widths, spikes and rewards, those beyond the range too."""
    generator = np.random.default_rng(20265)
    for _ in range(5):
        widths = {name: int(generator.integers(*RANGES[name], endpoint=True)) for name in RANGES}
        config = OnlineO1Config(*widths.values())
        weight = int(generator.integers(0, config.max_weight, endpoint=True))
        plain, native = OnlineO1Synapse(config, weight), RustOnlineO1Synapse(**widths, initial_weight=weight)
        assert native.per_synapse_state_bits == config.per_synapse_state_bits
        for pre, post in generator.random((300, 2)) < 0.3:
            reward = int(generator.integers(2 * config.min_reward, 2 * config.max_reward + 2))
            given = {"pre_spike": pre, "post_spike": post, "reward": reward}
            assert native.step(**given) == plain.step(**given), f"seed 20265, {config}, {given}"


@pytest.mark.parametrize(
    "inputs", [{"pre_spike": 2}, {"post_spike": -1}, {"pre_spike": 0.5}, {"reward": 1.0}, {"reward": True}, {"reward": None}]
)
def test_a_synapse_refuses_other_inputs_and_stays(inputs):
    synapse = OnlineO1Synapse(changed(rounding="stochastic"))
    before = dict(vars(synapse))
    with pytest.raises(ConfigError, match=next(iter(inputs))):
        synapse.step(**({"pre_spike": 0, "post_spike": 0, "reward": 0} | inputs))
    assert vars(synapse) == before


def test_an_array_takes_one_weight_or_many():
    assert OnlineO1Array(OnlineO1Config(), 3, 5).state["weight"].tolist() == [5, 5, 5]
    assert OnlineO1Array(OnlineO1Config(), 3, [1, 2, 3]).state["weight"].tolist() == [1, 2, 3]


# Memory proof.


@pytest.mark.parametrize("sequence_length", [None, 0, 1, 256, 5000, 1 << 24])
@pytest.mark.parametrize("options", [{}, LARGEST, {"trace_fraction_bits": 6, "rounding": "stochastic"}], ids=label)
def test_the_memory_proof_claims_the_same_bits_for_any_length(options, sequence_length):
    config = changed(**options)
    proof = build_online_o1_memory_proof(n_synapses=1000, config=config, sequence_length=sequence_length)
    bits = config.weight_bits + 3 * (config.trace_bits + config.trace_fraction_bits)
    assert proof == {
        "schema_version": "sc-hw/online-o1-memory/1",
        "rule": "r_stdp",
        "n_synapses": 1000,
        "sequence_length": sequence_length,
        "steps_run": 256 if sequence_length is None else min(sequence_length, 4096),
        "state_fields": list(FIELDS),
        "per_synapse_state_bits": bits,
        "total_state_bits": 1000 * bits,
        "sequence_length_independent": True,
        "hidden_history_fields": [],
    }
    json.dumps(proof)


@pytest.mark.parametrize(
    "arguments",
    [{"n_synapses": -1}, {"n_synapses": True}, {"n_synapses": 1.0}, {"sequence_length": -1}, {"sequence_length": 10.0}],
)
def test_the_memory_proof_checks_its_arguments(arguments):
    with pytest.raises(ConfigError, match=next(iter(arguments))):
        build_online_o1_memory_proof(**({"n_synapses": 10, "config": OnlineO1Config()} | arguments))


@pytest.mark.parametrize(("name", "largest"), [("n_synapses", 1 << 32), ("sequence_length", 1 << 24)])
def test_the_memory_proof_takes_numbers_up_to_its_limits(name, largest):
    for value in (0, 1, largest):
        assert build_online_o1_memory_proof(**({"n_synapses": 10, "config": OnlineO1Config()} | {name: value}))[name] == value
    with pytest.raises(ConfigError, match=rf"^{name}={largest + 1}: .* 0\.\.{largest}$"):
        build_online_o1_memory_proof(**({"n_synapses": 10, "config": OnlineO1Config()} | {name: largest + 1}))


def test_the_memory_proof_lets_the_synapse_live(monkeypatch):
    genuine, given = OnlineO1Synapse.step, []

    def step(self, **inputs):
        given.append(inputs)
        return genuine(self, **inputs)

    monkeypatch.setattr(OnlineO1Synapse, "step", step)
    build_online_o1_memory_proof(n_synapses=10, config=OnlineO1Config(), sequence_length=10_000)
    assert len(given) == 4096
    spikes = [(moment["pre_spike"], moment["post_spike"]) for moment in given]
    assert all(spikes.count((pre, post)) > 200 for pre in (False, True) for post in (False, True))
    assert {moment["reward"] for moment in given} == set(range(121, 128))


def _grow_an_attribute(synapse):
    synapse.spike_history = [*getattr(synapse, "spike_history", []), 1]


def _grow_a_state_field(synapse):
    synapse._state = (*synapse._state, 1)


def _leave_the_range(synapse):
    synapse._state = (synapse._state[0], 1 << 40, *synapse._state[2:])


def _widen_the_random_register(synapse):
    synapse._random = synapse._random << 8 | 1


@pytest.mark.parametrize(
    ("plant", "hidden"),
    [
        (_grow_an_attribute, ["spike_history"]),
        (_grow_a_state_field, ["_state[4]"]),
        (_leave_the_range, []),
        (_widen_the_random_register, []),
    ],
)
def test_the_memory_proof_catches_a_synapse_that_remembers_more(plant, hidden, monkeypatch):
    genuine = OnlineO1Synapse.step

    def step(self, **inputs):
        self._state = self._state[:4]
        genuine(self, **inputs)
        plant(self)

    monkeypatch.setattr(OnlineO1Synapse, "step", step)
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

    monkeypatch.setattr(OnlineO1Synapse, "__init__", init)
    monkeypatch.setattr(OnlineO1Synapse, "step", step)
    proof = build_online_o1_memory_proof(n_synapses=10, config=OnlineO1Config())
    assert proof["sequence_length_independent"] is False
    assert proof["hidden_history_fields"] == ["history"]


def test_names_are_where_they_were():
    from sc_hw_models import online_o1, synapse
    from sc_hw_models.rules import r_stdp

    for name in ("OnlineO1Array", "OnlineO1Synapse", "build_online_o1_memory_proof"):
        assert getattr(r_stdp, name) is getattr(synapse, name) is getattr(online_o1, name)
    for name in ("OnlineO1Snapshot", "RustOnlineO1Synapse"):
        assert getattr(synapse, name) is getattr(online_o1, name)
    for module in (r_stdp, synapse):
        with pytest.raises(AttributeError, match="has no attribute 'OnlineO2Synapse'"):
            _ = module.OnlineO2Synapse

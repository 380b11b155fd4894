"""Reward-modulated STDP: the configuration: ranges, words, derived properties, annotation."""

import dataclasses
import json

import pytest
from hypothesis import given

from sc_hw_models.consolidation import ConsolidationConfig
from sc_hw_models.online_o1 import OnlineO1Synapse
from sc_hw_models.rule import ConfigError
from sc_hw_models.rules.r_stdp import RULE, OnlineO1Config

from .r_stdp_reference import (
    FIELDS,
    ROUNDINGS,
    changed,
    configs,
    noise_widths,
    reproducible,
)

RANGES = {
    "weight_bits": (1, 31),
    "trace_bits": (2, 30),
    "reward_bits": (1, 30),
    "learning_shift": (0, 30),
    "trace_decay_shift": (0, 30),
    "eligibility_decay_shift": (0, 30),
    "eligibility_gain_shift": (0, 30),
    "depression_shift": (0, 30),
    "trace_fraction_bits": (0, 18),  # with 12 trace bits
    "random_seed": (0, 2**31 - 1),
}
WORDS = {
    "rounding": ROUNDINGS,
    "decay_rounding": ROUNDINGS,
    "rule_family": ("reward_modulated_stdp",),
    "reward_encoding": ("linear", "pow2"),
}


def test_the_tables_of_this_test_name_every_field():
    stage = {f.name for f in dataclasses.fields(ConsolidationConfig)} - {"rounding"}  # test_consolidation.py has these
    assert {*RANGES, *WORDS} == {f.name for f in dataclasses.fields(OnlineO1Config)} - stage


@pytest.mark.parametrize("name", RANGES)
def test_integers_out_of_range_are_refused_and_the_bounds_are_not(name):
    low, high = RANGES[name]
    for value in (low, high):
        assert getattr(changed(**{name: value}), name) == value
    for value in (low - 1, high + 1, 10**30):
        with pytest.raises(ConfigError, match=rf"^{name}={value}: .*{low}\.\.{high}$"):
            changed(**{name: value})


@pytest.mark.parametrize("value", [4.0, 4.5, "4", True, False, None, [4], float("nan")], ids=repr)
@pytest.mark.parametrize("name", RANGES)
def test_anything_but_an_integer_is_refused(name, value):
    if name == "eligibility_decay_shift" and value is None:
        assert changed(eligibility_decay_shift=None).effective_eligibility_decay_shift == 4
        return
    low, high = RANGES[name]
    with pytest.raises(ConfigError) as caught:
        changed(**{name: value})
    assert str(caught.value) == f"{name}={value!r}: not an integer; allowed are integers {low}..{high}"


@pytest.mark.parametrize("value", ["ceil", "Floor", "", 0, None, True, ["floor"]], ids=repr)
@pytest.mark.parametrize("name", WORDS)
def test_unknown_words_are_refused(name, value):
    with pytest.raises(ConfigError) as caught:
        changed(**{name: value})
    assert str(caught.value) == f"{name}={value!r}: not known; allowed are {', '.join(WORDS[name])}"


@pytest.mark.parametrize("trace_bits", [2, 12, 29, 30])
def test_stored_traces_take_at_most_thirty_bits(trace_bits):
    assert changed(trace_bits=trace_bits, trace_fraction_bits=30 - trace_bits).stored_trace_bits == 30
    with pytest.raises(ConfigError, match=rf"trace_fraction_bits={31 - trace_bits}: .*0\.\.{30 - trace_bits}$"):
        changed(trace_bits=trace_bits, trace_fraction_bits=31 - trace_bits)


def test_a_config_is_frozen_hashable_and_its_options_are_keyword_only():
    config = OnlineO1Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.weight_bits = 8
    assert {config: 1}[OnlineO1Config()] == 1
    assert OnlineO1Config(8, 6, 4, 3, 2, "reward_modulated_stdp") == changed(
        weight_bits=8, trace_bits=6, reward_bits=4, learning_shift=3, trace_decay_shift=2
    )
    with pytest.raises(TypeError):
        OnlineO1Config(8, 6, 4, 3, 2, "reward_modulated_stdp", 0)


@reproducible
@given(configs())
def test_derived_properties(config):
    bits = config.trace_bits + config.trace_fraction_bits
    assert config.stored_trace_bits == bits
    assert config.max_weight == 2**config.weight_bits - 1
    assert config.max_trace == 2**bits - 1
    assert (config.min_eligibility, config.max_eligibility) == (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    assert (config.min_reward, config.max_reward) == (-(2 ** (config.reward_bits - 1)), 2 ** (config.reward_bits - 1) - 1)
    spec = RULE.spec(config)
    assert config.per_synapse_state_bits == config.weight_bits + 3 * config.trace_bits + 3 * config.trace_fraction_bits
    assert spec.state_bits == config.per_synapse_state_bits == OnlineO1Synapse(config).state_bit_count
    assert [f.bits for f in spec.noise] == [width for width in noise_widths(config) if width]
    assert spec.latency == 7 + (config.trace_fraction_bits > 0) + (config.decay_rounding != "floor")


@reproducible
@given(configs())
def test_the_annotation_says_everything_and_is_json(config):
    note = config.to_scnir_annotation(rule_id="layer-1")
    assert json.loads(json.dumps(note, allow_nan=False)) == note
    for name, value in dataclasses.asdict(config).items():
        if name != "eligibility_decay_shift":
            assert note[name] == value
    assert note["eligibility_decay_shift"] == config.effective_eligibility_decay_shift
    assert note["rule_id"] == "layer-1"
    assert note["rule_family"] == "reward_modulated_stdp"
    assert note["schema_version"] == "sc-hw/online-o1/1"
    assert [f["name"] for f in note["state_fields"]] == list(FIELDS)
    assert sum(f["bits"] for f in note["state_fields"]) == note["per_synapse_state_bits"] == config.per_synapse_state_bits
    assert [f["signed"] for f in note["state_fields"]] == [False, False, False, True]
    assert all(f["reset"] == 0 for f in note["state_fields"])
    assert note["per_lane_random_bits"] in ((31, 63, 127) if sum(noise_widths(config)) else (0,))
    assert note["saturation_policy"] == "clip every stored value to its field; intermediates never wrap"
    assert note["sequence_length_independent"] is True
    assert note["hidden_history_fields"] == []


@pytest.mark.parametrize("rule_id", ["", None, 3])
def test_an_annotation_names_its_rule(rule_id):
    with pytest.raises(ConfigError, match="rule_id="):
        OnlineO1Config().to_scnir_annotation(rule_id=rule_id)


@pytest.mark.parametrize(
    ("options", "latency"),
    [
        ({}, 7),
        ({"trace_fraction_bits": 1}, 8),
        ({"decay_rounding": "nearest"}, 8),
        ({"decay_rounding": "stochastic"}, 8),
        ({"trace_fraction_bits": 4, "decay_rounding": "nearest"}, 9),
        ({"consolidation": "pull"}, 10),
    ],
)
def test_the_specification_of_some_configurations(options, latency):
    spec = RULE.spec(changed(**options, random_seed=5))
    assert (spec.latency, spec.random_seed) == (latency, 5)
    assert [f.maximum for f in spec.synapse_inputs] == [1, 1]


def test_a_drive_beyond_62_bits_is_refused():
    widest = {"reward_bits": 30, "trace_bits": 30}
    changed(**widest)
    changed(**widest, consolidation="shift", code_bits=1)
    with pytest.raises(ConfigError, match=r"consolidation=shift with code_bits=2: .* 60 bits; allowed are 59"):
        changed(**widest, consolidation="shift", code_bits=2)

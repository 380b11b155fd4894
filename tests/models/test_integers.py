"""NumPy's integers are integers, of every width and wherever one is given; truth values, floats and text are none."""

import json
from dataclasses import asdict, fields

import numpy as np
import pytest

from sc_hw.config import build_config, config_toml
from sc_hw.manifest import load_core
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.sim.simulate import simulate
from sc_hw_models.continual.codes import importance_codes
from sc_hw_models.continual.trainer import ContinualTrainer
from sc_hw_models.core import CoreModel
from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.lfsr import Lfsr, lane_seed
from sc_hw_models.neurons import LIF
from sc_hw_models.online_o1 import OnlineO1Array, OnlineO1Synapse, build_online_o1_memory_proof
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError, Field, as_integer, check_flag, check_integer
from sc_hw_models.rules.r_stdp import OnlineO1Config
from tests.daily import check

KINDS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, np.intp, np.array]
NO_INTEGERS = [True, np.True_, 3.0, np.float64(3), np.float32(3), "3", None, [3], np.array([3]), np.array([3, 4]), 3j]


@pytest.mark.parametrize("kind", KINDS)
def test_integers_of_numpy_are_integers(kind):
    for value in (as_integer("x", kind(3)), check_integer("x", kind(3), 1, 4)):
        assert type(value) is int
        assert value == 3
    with pytest.raises(ConfigError, match=r"x=5: out of range; allowed are integers 1\.\.4"):
        check_integer("x", kind(5), 1, 4)
    for flag in (kind(1), True, np.True_, 1):
        assert check_flag("x", flag) == 1
        assert type(check_flag("x", flag)) is int


@pytest.mark.parametrize("value", NO_INTEGERS, ids=repr)
def test_nothing_else_is(value):
    with pytest.raises(ConfigError, match=r"x=.*: not an integer; allowed are integers"):
        check_integer("x", value, 0, 9)
    if not isinstance(value, bool | np.bool_):
        with pytest.raises(ConfigError, match=r"x=.*: not an integer"):
            check_flag("x", value)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("kind", [np.int64, np.uint64, np.int32])
def test_a_configuration_of_numpy_is_the_same_as_one_of_python(name, kind):
    rule = get_rule(name)
    for preset in rule.presets.values():
        plain = asdict(preset.config)
        values = {key: kind(value) if isinstance(value, int) and value >= 0 else value for key, value in plain.items()}
        config = rule.config_type(**values)
        assert config == preset.config
        assert hash(config) == hash(preset.config)
        assert {f.name: type(getattr(config, f.name)) for f in fields(config)} == {
            key: type(value) for key, value in plain.items()
        }
        assert config_toml(config, "") == config_toml(preset.config, "")
        json.dumps(asdict(config))
        assert build_config(rule, values) == preset.config


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int64, np.uint64, np.bool_])
def test_a_synapse_takes_them_as_state_spikes_and_reward(kind):
    config = OnlineO1Config(learning_shift=np.int8(4))
    plain, numpy = OnlineO1Synapse(config, 30_000), OnlineO1Synapse(config, np.int64(30_000))
    for a, b, reward in ((1, 0, 0), (0, 1, 100), (1, 1, 1), (0, 0, 127)):
        expected = plain.step(pre_spike=bool(a), post_spike=bool(b), reward=reward)
        given = np.int64(reward) if kind in (np.int8, np.bool_) else kind(reward)
        found = numpy.step(pre_spike=kind(a), post_spike=kind(b), reward=given)
        assert found == expected
        json.dumps(found)


def test_what_is_no_spike_and_no_reward_is_refused():
    synapse = OnlineO1Synapse(OnlineO1Config(consolidation="pull"))
    good = {"pre_spike": 1, "post_spike": 0, "reward": 0}
    for name, value in (
        ("pre_spike", 0.5),
        ("post_spike", 2),
        ("pre_spike", np.float32(1)),
        ("reward", True),
        ("reward", 1.5),
        ("consolidate", 0.7),
        ("consolidate", 2),
    ):
        before = synapse.snapshot()
        with pytest.raises(ConfigError, match=rf"{name}="):
            synapse.step(**good | {name: value})
        assert synapse.snapshot() == before


def test_narrow_integers_do_not_overflow():
    """200 * 200 synapses, shifts by 100 bits and the most negative reward: none of it fits the type that was given."""
    config = OnlineO1Config(reward_encoding="pow2")
    for reward in (-128, 127, -1):
        assert config.encode_reward(np.int8(reward)) == config.encode_reward(reward)
    assert CrossbarModel.made(get_rule("r_stdp"), config, pre=np.uint8(200), post=np.uint8(200)).synapses.synapses == 40_000
    assert Lfsr(np.uint8(100)).step(5) == Lfsr(100).step(5)
    assert lane_seed(np.int32(2**31 - 1), np.uint8(255), np.uint8(127)) == lane_seed(2**31 - 1, 255, 127)
    assert Field(name="x", bits=np.int8(60), reset=np.int64(5)).maximum == 2**60 - 1
    assert importance_codes(np.array([1.0, 2.0, 300.0]), "shift", np.uint8(4)).tolist() == [7, 8, 15]
    trainer = ContinualTrainer([np.uint8(20), np.uint8(200), np.uint8(2)], np.uint8(2), seed=np.uint8(3))
    same = ContinualTrainer([20, 200, 2], 2, seed=3)
    for a, b in zip(trainer.weights, same.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert type(LIF(refractory=np.int64(2)).refractory) is int


def test_models_take_them_as_sizes():
    rule = get_rule("stp")
    model = CoreModel(rule, rule.config_type(), synapses=np.uint8(200), lanes=np.int16(3))
    assert (type(model.synapses), type(model.lanes), model.words) == (int, int, 67)
    model.run({"pre_spike": np.ones((np.int64(2), 200), np.uint8)})
    array = OnlineO1Array(OnlineO1Config(), np.int64(3), np.uint16(7))
    array.update(pre_spike=np.ones(3, np.uint8), post_spike=np.zeros(3, bool), reward=np.int8(3))
    proof = build_online_o1_memory_proof(n_synapses=np.int64(10), config=OnlineO1Config(), sequence_length=np.int32(5))
    assert json.loads(json.dumps(proof))["total_state_bits"] == 520


@check("the same integers are checked one by one in every run")
def test_a_core_described_by_them_is_emitted_and_simulated_as_any(tmp_path):
    rule = get_rule("r_stdp")
    folders = []
    for number, kind in enumerate((int, np.int64)):
        design = CoreDesign(
            name="core",
            rule=rule,
            config=rule.config_type(learning_shift=kind(6)),
            synapses=kind(12),
            lanes=kind(3),
            initial={"weight": np.arange(12).astype(kind)},
        )
        folders.append(emit(design, "verilog", tmp_path / str(number)))
    texts = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]
    assert texts[0] == texts[1]
    result = simulate([load_core(folders[1])], steps=np.int64(30), seed=np.int64(1), output=tmp_path / "out")
    assert result.passed
    json.dumps(result.to_dict())

"""The N-synapse model, driven by a rule made for the test: lanes, noise, loading, clearing, refusals."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_hw_models.core import CoreModel
from sc_hw_models.fixed import select
from sc_hw_models.lfsr import Lfsr, lane_seed
from sc_hw_models.rule import ConfigError, Field, Rule, RuleSpec, check_integer

reproducible = settings(derandomize=True, deadline=None)


@dataclass(frozen=True)
class Knobs:
    noise_bits: tuple[int, ...] = (3, 5)
    random_seed: int = 11


def knob_spec(config):
    return RuleSpec(
        rule="knobs",
        state=(Field(name="total", bits=40, reset=5), Field(name="debt", bits=8, signed=True, reset=-3)),
        synapse_inputs=(Field(name="event", bits=2),),
        step_inputs=(Field(name="gain", bits=4, signed=True),),
        noise=tuple(Field(name=f"noise_{i}", bits=bits) for i, bits in enumerate(config.noise_bits)),
        outputs=(Field(name="seen", bits=60),),
        latency=1,
        random_seed=config.random_seed,
    )


def knob_step(config, state, inputs):
    """Pack all noise of the update into the output, so that a test sees exactly which bits were drawn."""
    packed, low = inputs["event"] * 0, 0
    for i, bits in enumerate(config.noise_bits):
        packed, low = packed + (inputs[f"noise_{i}"] << low), low + bits
    total = select(inputs["event"] >= 2, packed, state["total"] + inputs["event"] * (inputs["gain"] + 8))
    return {"total": total, "debt": state["debt"]}, {"seen": packed}


KNOBS = Rule(
    name="knobs",
    summary="for tests",
    config_type=Knobs,
    spec=knob_spec,
    step=knob_step,
    accuracy=lambda config, seed: {},
    presets={},
)


def model(synapses=6, lanes=1, config=None):
    return CoreModel(KNOBS, config or Knobs(), synapses=synapses, lanes=lanes)


def quiet(synapses):
    return {"event": np.zeros(synapses, dtype=np.int64), "gain": 0}


def whole(core):
    """Return everything the model holds."""
    return {name: array.tolist() for name, array in core.state.items()}, list(core.random_state)


@reproducible
@given(st.integers(1, 40), st.data())
def test_every_update_draws_its_own_lane_s_next_word(synapses, data):
    """Synapse i is update i // lanes of lane i % lanes; a padded lane draws for its empty word too."""
    lanes = data.draw(st.integers(1, synapses))
    bits = tuple(data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=4)))
    seed = data.draw(st.integers(0, 2**31 - 1))
    core = model(synapses, lanes, Knobs(noise_bits=bits, random_seed=seed))
    register = Lfsr(sum(bits))
    states = [lane_seed(seed, lane, register.bits) for lane in range(lanes)]
    for _ in range(3):
        expected = {}
        for word in range(math.ceil(synapses / lanes)):
            for lane in range(lanes):
                expected[word * lanes + lane] = states[lane] & ((1 << sum(bits)) - 1)
                states[lane] = register.step(states[lane])
        seen = core.step(quiet(synapses))["seen"]
        assert seen.tolist() == [expected[i] for i in range(synapses)]
        assert core.random_state == states


def test_noise_words_are_cut_lowest_first():
    core = model(1)
    drawn = lane_seed(11, 0, 31)
    spied = {}

    def spy(config, state, inputs):
        spied.update(inputs)
        return knob_step(config, state, inputs)

    core.rule = Rule(
        name="spy", summary="", config_type=Knobs, spec=knob_spec, step=spy, accuracy=lambda config, seed: {}, presets={}
    )
    core.step(quiet(1))
    assert spied["noise_0"].tolist() == [drawn & 7]
    assert spied["noise_1"].tolist() == [drawn >> 3 & 31]


def test_a_rule_without_noise_has_no_register():
    core = model(config=Knobs(noise_bits=()))
    assert core.spec.lfsr is None
    assert core.random_state == []
    assert core.step(quiet(6))["seen"].tolist() == [0] * 6


def test_lanes_share_no_noise():
    core = model(2000, 4)
    seen = core.step(quiet(2000))["seen"].reshape(-1, 4)
    for a in range(4):
        for b in range(a):
            assert abs(np.corrcoef(seen[:, a], seen[:, b])[0, 1]) < 4.5 / math.sqrt(500)


def test_inputs_reach_their_synapse():
    core = model(4)
    core.step({"event": np.array([0, 1, 0, 1]), "gain": -3})
    assert core.state["total"].tolist() == [5, 10, 5, 10]
    core.step({"event": np.array([True, False, True, False]), "gain": np.int8(7)})
    assert core.state["total"].tolist() == [20, 10, 20, 10]


def test_clear_sets_resets_and_seeds_and_reset_only_seeds():
    core, fresh = model(), whole(model())
    assert fresh == ({"total": [5] * 6, "debt": [-3] * 6}, [lane_seed(11, 0, 31)])
    core.step({"event": np.ones(6, dtype=np.int64), "gain": 7})
    moved = whole(core)
    assert moved[0] != fresh[0]
    assert moved[1] != fresh[1]
    core.reset()
    assert whole(core) == (moved[0], fresh[1])
    core.clear()
    assert whole(core) == fresh


def test_load_replaces_whole_fields_and_copies():
    core, array = model(), np.arange(6)
    core.load({"total": array})
    array[:] = 99
    assert whole(core)[0] == {"total": list(range(6)), "debt": [-3] * 6}
    core.load({"total": np.full(6, 2**40 - 1), "debt": np.full(6, -128, dtype=np.int8)})
    assert whole(core)[0] == {"total": [2**40 - 1] * 6, "debt": [-128] * 6}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"totals": np.zeros(6, dtype=int)}, "'totals': unknown; allowed are total, debt"),
        ({"total": np.zeros(6)}, "total: dtype float64 given"),
        ({"total": np.zeros(5, dtype=int)}, r"total: shape \(5,\) given; allowed is \(6,\)"),
        ({"total": np.zeros((6, 1), dtype=int)}, "total: shape"),
        ({"total": np.array([0, 0, 0, 0, 0, -1])}, r"total: values -1\.\.0 given; allowed are 0\.\.1099511627775"),
        ({"debt": np.full(6, 128)}, r"debt: values 128\.\.128 given; allowed are -128\.\.127"),
        ({"debt": np.full(6, 2**64 - 1, dtype=np.uint64)}, "debt: values 18446744073709551615"),
        ({"debt": np.full(6, 2**70, dtype=object)}, "debt: dtype object given"),
        ({"total": np.ones(6, dtype=int), "debt": np.full(6, 128)}, "debt: values"),
    ],
)
def test_load_refuses_and_changes_nothing(values, message):
    core = model()
    before = whole(core)
    with pytest.raises(ConfigError, match=message):
        core.load(values)
    assert whole(core) == before


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"gain": 0}, r"inputs \['gain'\]: allowed are exactly \['event', 'gain'\]"),
        ({**quiet(6), "noise_0": 0}, "allowed are exactly"),
        ({**quiet(6), "event": np.zeros(7, dtype=int)}, "event: shape"),
        ({**quiet(6), "event": np.full(6, 4)}, r"event: values 4\.\.4 given; allowed are 0\.\.3"),
        ({**quiet(6), "event": np.full(6, 0.5)}, "event: dtype"),
        ({**quiet(6), "gain": 8}, r"gain: values 8\.\.8 given; allowed are -8\.\.7"),
        ({**quiet(6), "gain": 1.0}, "gain: dtype"),
        ({**quiet(6), "gain": [1, 1]}, "gain: shape"),
        ({**quiet(6), "gain": 2**64 - 1}, "gain: values"),
        ({**quiet(6), "gain": None}, "gain: dtype object"),
    ],
)
def test_step_refuses_and_changes_nothing(inputs, message):
    """A refused timestep draws no noise either, or the model would leave the hardware's sequence."""
    core = model()
    before = whole(core)
    with pytest.raises(ConfigError, match=message):
        core.step(inputs)
    assert whole(core) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"synapses": 0}, "synapses=0"),
        ({"synapses": 2.0}, "synapses=2.0"),
        ({"synapses": True}, "synapses=True"),
        ({"synapses": 4, "lanes": 0}, r"lanes=0.*1\.\.4"),
        ({"synapses": 4, "lanes": 5}, r"lanes=5.*1\.\.4"),
    ],
)
def test_sizes_are_checked(arguments, message):
    with pytest.raises(ConfigError, match=message):
        model(**arguments)


# The contract's own pieces.


@pytest.mark.parametrize(
    ("bits", "signed", "low", "high"),
    [(1, False, 0, 1), (1, True, -1, 0), (8, True, -128, 127), (62, False, 0, 2**62 - 1), (62, True, -(2**61), 2**61 - 1)],
)
def test_field_range(bits, signed, low, high):
    f = Field(name="x", bits=bits, signed=signed)
    assert (f.minimum, f.maximum) == (low, high)


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "x", "bits": 0},
        {"name": "x", "bits": 63},
        {"name": "x", "bits": True},
        {"name": "x", "bits": 4, "reset": 16},
        {"name": "x", "bits": 4, "signed": True, "reset": 8},
        {"name": "X", "bits": 4},
        {"name": "1x", "bits": 4},
        {"name": "x y", "bits": 4},
        {"name": "x\n", "bits": 4},
        {"name": "", "bits": 4},
    ],
)
def test_a_field_that_no_register_can_hold_is_refused(arguments):
    with pytest.raises(ConfigError):
        Field(**arguments)


def test_spec_positions_and_sizes():
    spec = knob_spec(Knobs())
    assert spec.positions() == {"total": 0, "debt": 40}
    assert spec.state_bits == 48
    three = tuple(Field(name=name, bits=bits) for name, bits in (("a", 3), ("b", 5), ("c", 7)))
    assert replace(spec, state=three).positions() == {"a": 0, "b": 3, "c": 8}
    assert [f.name for f in spec.inputs] == ["event", "gain"]
    assert spec.lfsr == Lfsr(8)


def test_a_register_gives_126_bits_an_update():
    assert knob_spec(Knobs(noise_bits=(62, 62, 2))).lfsr == Lfsr(126)
    with pytest.raises(
        ConfigError, match=r"^knobs: 127 random bits an update \(noise_0 62, noise_1 62, noise_2 3\); allowed are 126;"
    ):
        knob_spec(Knobs(noise_bits=(62, 62, 3)))


@reproducible
@given(st.integers(-100, 100), st.integers(-100, 100), st.integers(0, 50))
def test_check_integer(value, low, span):
    high = low + span
    if low <= value <= high:
        assert check_integer("n", value, low, high) == value
    else:
        with pytest.raises(ConfigError, match=f"n={value}: out of range; allowed are integers {low}..{high}"):
            check_integer("n", value, low, high)


@pytest.mark.parametrize("value", [1.0, "1", True, None, 1j, [1]])
def test_check_integer_refuses_other_types(value):
    with pytest.raises(ConfigError, match=r"n=.*: not an integer; allowed are integers 0\.\.9"):
        check_integer("n", value, 0, 9)

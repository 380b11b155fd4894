"""The golden model against its equations written a second time, against neurons stepped one by one, and against real data."""

import numpy as np
import pytest

from sc_hw_models.lfsr import Lfsr, lane_seed
from sc_hw_models.networks import NetworkModel, read_network
from sc_hw_models.networks.errors import softmax_error
from sc_hw_models.networks.inputs import InputPort
from sc_hw_models.networks.model import schedule
from sc_hw_models.networks.neurons import AlifConfig, CountingConfig, LifConfig, counting_step, lif_step
from sc_hw_models.rule import ConfigError

from .random_networks import network, samples
from .reference import Counting


def tables(**changes):
    """The tables of a small counting network, ``table__key`` replaced."""
    result = {
        "population": {
            "input": {"size": 9, "rule": "input", "bias": 16},
            "hidden": {"size": 8, "rule": "counting", "threshold_shift": 5, "bias": 4},
            "output": {"size": 4, "rule": "readout"},
        },
        "projection": {
            "in": {
                "from": "input",
                "to": "hidden",
                "rule": "three_factor",
                "signal": "feedback",
                "lanes": 4,
                "learning_shift": 7,
            },
            "out": {"from": "hidden", "to": "output", "rule": "three_factor", "signal": "error", "lanes": 2, "learning_shift": 5},
            "back": {"from": "output.error", "to": "hidden.signal", "rule": "symmetric"},
        },
        "sample": {"output_shift": 4},
    }
    for key, value in changes.items():
        *path, last = key.split("__")
        at = result
        for name in path:
            at = at[name]
        at[last] = value
    return result


@pytest.mark.parametrize("feedback", [{"rule": "symmetric", "gain": -3}, {"rule": "static", "gain": 1}], ids=lambda f: f["rule"])
@pytest.mark.parametrize("seed", range(3))
def test_every_weight_and_register_is_what_the_equations_say(feedback, seed):
    print(f"seed {seed}")
    back = {"from": "output.error", "to": "hidden.signal", **feedback}
    spec = read_network(tables(projection__back=back) | {"network": {"seed": seed}})
    model = NetworkModel(spec)
    start = {name: memory.state["weight"].tolist() for name, memory in model.memories.items()}
    twin = Counting(spec, start["in"], start["out"], model.signs["back"].tolist() if model.signs else None)
    pixels, labels = samples(spec, model, 30, seed)
    for slower in (0, 2):
        model.slower = slower
        for moment, sample, label in zip(model.play(pixels, labels), pixels, labels, strict=True):
            assert twin.sample([(int(p) + 8) // 16 for p in sample], int(label), slower) == moment["decision"]
            assert model.memories["in"].state["weight"].tolist() == twin.w
            assert model.memories["out"].state["weight"].tolist() == twin.v
    assert {name: memory.registers for name, memory in model.memories.items()} == {n: r for n, (_, r) in twin.registers.items()}
    assert model.memories["in"].state["weight"].tolist() != NetworkModel(spec).memories["in"].state["weight"].tolist()


def test_a_counting_neuron_is_the_neuron_stepped_by_timesteps():
    """Threshold T 2^s, current a in each of T timesteps, at most a spike each, the threshold taken off with it."""
    for timesteps in (1, 7, 16):
        config = CountingConfig(threshold_shift=4)
        for current in range(-40, 20 * timesteps + 40):
            membrane = spikes = 0
            for _ in range(timesteps):
                membrane += current
                if membrane >= timesteps << 4:
                    membrane, spikes = membrane - (timesteps << 4), spikes + 1
            assert counting_step(config, timesteps, current)[0] == spikes


def test_lif_and_alif_by_hand():
    lif = LifConfig(threshold=1024, leak_shift=1, membrane_bits=12, slope="triangle")
    assert lif_step(lif, {"membrane": 600}, 900) == ({"membrane": 176}, 1, 6)  # 1,200: 176 above the threshold, (1024 - 176) >> 7
    assert lif_step(lif, {"membrane": -600}, 100) == ({"membrane": -200}, 0, 0)
    assert lif_step(lif, {"membrane": 2000}, 9000) == ({"membrane": 2047 - 1024}, 1, 0)  # saturates first
    alif = AlifConfig(leak_shift=15, adaptation_shift=1, adaptation_gain=128, adaptation_bits=12)
    state, spike, slope = lif_step(alif, {"membrane": 0, "adaptation": 1000, "rest": 0}, 1524)
    assert (state, spike, slope) == ({"membrane": 500, "adaptation": 1524, "rest": 1}, 1, 8)  # threshold 1,024 + 500
    state, spike, slope = lif_step(alif, state, 5000)
    assert (spike, slope, state["rest"], state["adaptation"]) == (0, 0, 0, 762)
    assert state["membrane"] == 5500


def test_softmax_is_near_the_real_one_and_adds_up_to_nothing():
    generator = np.random.default_rng(3)
    for _ in range(300):
        y = generator.integers(-(2**17), 2**17, int(generator.integers(2, 40))).tolist()
        label = int(generator.integers(len(y)))
        error = softmax_error(y, label, 10)
        assert sum(error) == 0
        exact = np.exp2((np.array(y) - max(y)) / 2**14)
        exact = (np.arange(len(y)) == label) - exact / exact.sum()
        assert np.abs(np.array(error) / 256 - exact).max() < 0.07  # the sum is floored to its sixteenth: 15/256


def test_pixels_go_where_their_addresses_say_and_are_shifted_evenly():
    spec = read_network(
        tables(population__input={"size": 4, "rule": "input", "height": 6, "width": 6, "crop": 1, "pool": 2, "jitter": 1})
    )
    port, picture = InputPort(spec), np.zeros((6, 6), dtype=np.uint8)
    picture[2, 3] = 255
    assert port.levels(picture.reshape(-1), learn=False).tolist() == [0, 4, 0, 0]  # a quarter of a square, (255 + 32) >> 6
    register, seen = lane_seed(256, 0, 31), []
    for _ in range(900):
        dy, dx = (((register >> low & 255) * 3 >> 8) - 1 for low in (0, 8))
        expected = np.zeros((2, 2), dtype=int)
        expected[(1 + dy) // 2, (2 + dx) // 2] = 4
        assert port.levels(picture.reshape(-1), learn=True).tolist() == expected.reshape(-1).tolist()
        register = Lfsr(16).step(register)
        seen.append((dy, dx))
    counts = [seen.count((dy, dx)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    assert min(counts) > 60
    assert max(counts) < 140


def test_codes_of_the_input():
    changes = {
        "population__hidden": {"size": 8, "rule": "lif"},
        "population__input": {"size": 9, "rule": "input", "code": "poisson"},
    }
    levels = np.array([0, 1, 4, 8, 12, 15, 16, 16, 0])
    port = InputPort(read_network(tables(**changes, sample__timesteps=200)))
    counts = np.sum(list(port.timesteps(levels)), axis=0)
    assert counts[0] == 0
    assert counts[6] == 200
    assert np.abs(counts / 200 - levels / 16).max() < 0.1
    changes["population__input"] = {"size": 9, "rule": "input", "code": "latency"}
    steps = np.array(list(InputPort(read_network(tables(**changes, sample__timesteps=8))).timesteps(levels)))
    assert steps.sum(axis=0).tolist() == [0, 1, 1, 1, 1, 1, 1, 1, 0]
    assert steps.argmax(axis=0)[1:8].tolist() == [7, 6, 4, 2, 0, 0, 0]


def test_the_schedule_slows_at_a_half_three_quarters_and_seven_eighths():
    for samples_, passes in ((2500, 3), (16, 1), (1000, 30), (1, 1)):
        stretches = [each for done in range(passes) for each in schedule(samples_, done, passes, 3)]
        slower = [s for part, s in stretches for _ in range(part.start, part.stop)]
        total = samples_ * passes
        assert slower == [sum(8 * n >= total * (8 - 8 // 2**k) for k in (1, 2, 3)) for n in range(total)]
    assert [s for _, s in schedule(1000, 7, 8, 1)] == [1]


def test_predicting_changes_nothing_and_state_can_be_taken_back():
    for seed in (4, 5):
        spec = network(seed, "stepping")
        model, other = NetworkModel(spec), NetworkModel(spec)
        pixels, labels = samples(spec, model, 12, 1)
        model.partial_fit(pixels[:6], labels[:6])
        before = model.state
        model.predict(pixels)
        assert all((model.state[name] == before[name]).all() for name in before)
        other.load(before)
        for each in (model, other):
            each.partial_fit(pixels[6:], labels[6:])
        assert all((model.state[name] == other.state[name]).all() for name in before)
        with pytest.raises(ConfigError, match="lack or are not"):
            other.load({name: value for name, value in before.items() if name != "samples"})


@pytest.mark.parametrize("kind", ["shift", "probabilistic", "pull", "lock", "si"])
def test_every_kind_of_consolidation_protects(kind):
    """Weights of the largest code, or pulled with no code, move less than those of none; the end of a task is a command."""
    moved = []
    for protected in (False, True):
        model = NetworkModel(read_network(tables(projection__in={**tables()["projection"]["in"], "consolidation": kind})))
        memory = model.memories["in"]
        start = memory.state["weight"].copy()
        code = {"lock": 1}.get(kind, 7)
        if kind == "pull":
            memory.load({"code": np.full(start.shape, 0 if protected else 7), "anchor": start})
        else:
            memory.load({"code": np.full(start.shape, code if protected else 0)})
        model.partial_fit(*samples(model.spec, model, 40, 2))
        moved.append(np.abs(memory.state["weight"] - start).sum())
        model.consolidate()
        if kind in ("pull", "si"):
            assert (memory.state["anchor"] == memory.state["weight"]).all()
    assert moved[1] < moved[0]


@pytest.mark.parametrize(
    ("samples_", "labels", "part"),
    [
        (np.zeros((2, 9)), [0, 1], "bytes"),
        (np.zeros((2, 8), np.uint8), [0, 1], "(samples, 9)"),
        (np.zeros((2, 9), np.uint8), [0], "labels"),
        (np.zeros((2, 9), np.uint8), [0, 4], "0..3"),
        (np.zeros((2, 9), np.uint8), [0.0, 1.0], "integers"),
    ],
)
def test_wrong_samples_are_refused(samples_, labels, part):
    model = NetworkModel(read_network(tables()))
    with pytest.raises(ConfigError) as told:
        model.partial_fit(samples_, labels)
    assert part in str(told.value)

"""The driver over a simulation: state, timesteps and checkpoints equal to those of the golden model, and what it refuses."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from sc_hw.bus.folder import load_bus
from sc_hw.driver import BusError, Driver
from sc_hw.driver.simulation import Simulation
from sc_hw.errors import CheckError, UserError
from sc_hw.manifest import load_core
from sc_hw_sim.stimulus import random_state

from ..bus.designs import DESIGNS, Golden, random_inputs
from ..daily import few


@pytest.fixture
def simulated(sc_hw, tmp_path):
    """Emit a design behind a bus and return its driver over a simulation."""
    running = []

    def simulate(name, bus="axi-lite", folder="core"):
        status, _, err = sc_hw("emit", *DESIGNS[name], "--bus", bus, "-o", tmp_path / folder)
        assert status == 0, err
        core = load_core(tmp_path / folder)
        running.append(Simulation(core, load_bus(core)))
        return Driver(core, running[-1])

    yield simulate
    for one in running:
        one.close()


def equal(driver, golden):
    for part, state in golden.state.items():
        found = driver.read(part)
        for name, values in state.items():
            assert found[name].tolist() == values.tolist(), (part, name)


@pytest.mark.parametrize(
    ("name", "bus"),
    few(
        [(name, bus) for name in DESIGNS for bus in ("axi-lite", "wishbone", "apb")],
        [("core", "axi-lite"), ("layer", "wishbone")],
        "every design behind every bus",
    ),
)
def test_it_learns_as_the_golden_model_does(simulated, name, bus):
    driver = simulated(name, bus)
    design, golden, generator = driver.core.design, Golden(driver.core.design), np.random.default_rng(20261129)
    driver.clear()
    for part, (own, model) in golden.parts.items():
        model.load(random_state(own.spec.state, own.synapses, generator))
        driver.load(model.state, part)
    equal(driver, golden)
    inputs = random_inputs(design, 6, generator)
    for k in range(4):
        one = {key: values[k] for key, values in inputs.items()}
        outputs = driver.step(one)
        golden.run({key: values[k : k + 1] for key, values in inputs.items()})
        weights = golden.state[""]["weight"]
        there = ~outputs.get("skipped", np.zeros(len(weights), bool))
        assert outputs["weight"][there].tolist() == weights[there].tolist()
    driver.learn({key: values[4:] for key, values in inputs.items()})
    golden.run({key: values[4:] for key, values in inputs.items()})
    equal(driver, golden)
    assert driver.timesteps == 6
    assert driver.idle


@pytest.mark.parametrize(("register", "told"), [("event_last", "unexpected"), ("event", "missing")])
def test_a_timestep_of_another_length_is_told(simulated, monkeypatch, register, told):
    """Nine words: one beat marked as the last; or nine without a mark. A reset ends it."""
    driver = simulated("core")
    driver.clear()
    driver.put("command", 0)
    driver.put(register, 0, 0 if told == "unexpected" else 8)
    inputs = {"pre_spike": np.zeros(9, int), "post_spike": np.zeros(9, int), "reward": 0}
    with pytest.raises(CheckError, match=rf"event_last_{told}: (one|the last) beat of a timestep (too few|came without)"):
        driver.step(inputs)
    if told == "unexpected":  # it waits for eight beats, and commands wait, too: why is said, not that they do
        monkeypatch.setattr("sc_hw.driver.device.SECONDS", 0.2)
        with pytest.raises(CheckError, match="event_last_unexpected"):
            driver.clear()
    driver.reset()
    assert driver.step(inputs)["weight"].shape == (9,)


def test_a_checkpoint_brings_everything_back(simulated, tmp_path):
    driver = simulated("layer", "apb")
    generator, golden = np.random.default_rng(5), Golden(driver.core.design)
    for part, (own, model) in golden.parts.items():
        model.load(random_state(own.spec.state, own.synapses, generator))
        driver.load(model.state, part)
    driver.save(tmp_path / "state.npz")
    driver.clear()
    inputs = random_inputs(driver.core.design, 3, generator)
    driver.learn(inputs)
    driver.restore(tmp_path / "state.npz")
    equal(driver, golden)
    driver.learn(inputs)
    for _, model in golden.parts.values():
        model.reset()
    golden.run(inputs)
    equal(driver, golden)


def test_a_checkpoint_of_another_is_refused_and_nothing_is_written(simulated, tmp_path):
    driver = simulated("core")
    driver.clear()
    before = driver.read()
    driver.save(tmp_path / "own.npz")
    arrays = dict(np.load(tmp_path / "own.npz"))
    told, digest = arrays["checkpoint"].tobytes(), driver.layout.digest.encode()
    changed = {
        "of another design": {"checkpoint": np.frombuffer(told.replace(digest, digest[::-1]), np.uint8)},
        "not one of sc-hw": {"checkpoint": np.frombuffer(b"{}", np.uint8)},
        "give 9 integers of": {"weight": arrays["weight"] - 70_000},
        "lacks weight": {"weight": None},
    }
    for said, change in changed.items():
        kept = {name: array for name, array in (arrays | change).items() if array is not None}
        np.savez(tmp_path / "other.npz", **kept)
        with pytest.raises(UserError, match=said):
            driver.restore(tmp_path / "other.npz")
    (tmp_path / "other.npz").write_bytes(b"nothing of the kind")
    with pytest.raises(UserError, match=r"Driver\.save wrote"):
        driver.restore(tmp_path / "other.npz")
    assert {name: values.tolist() for name, values in driver.read().items()} == {n: v.tolist() for n, v in before.items()}


def test_another_design_is_refused_by_its_digest(simulated, sc_hw, tmp_path):
    driver = simulated("core")
    assert sc_hw("emit", "--synapses", "9", "--set", "learning_shift=6", "--bus", "axi-lite", "-o", tmp_path / "other")[0] == 0
    with pytest.raises(UserError, match="another design: it has digest"):
        Driver(tmp_path / "other", driver.transport)

    class Wrong:
        """What a bus without a design of ours answers."""

        def __init__(self, answer):
            self.read = answer

    def nothing(_address):
        raise BusError("nobody there")

    for answer, said in (
        (lambda _address: 0, "it says 00000000"),
        (nothing, "no design of sc-hw at this address .*; load the design that the folder is of, or give another line"),
        (lambda address: b"SChw\x03"[address // 4] if address < 20 else 0, "a design of ABI 3"),
    ):
        with pytest.raises(UserError, match=said):
            Driver(driver.core, Wrong(answer))


def test_inputs_of_another_shape_or_range_are_refused(simulated):
    driver = simulated("core")
    good = {"pre_spike": np.zeros(9, int), "post_spike": np.zeros(9, int), "reward": 0}
    for name, value, said in (
        ("pre_spike", np.zeros(8, int), "give 9 integers of 0..1"),
        ("pre_spike", np.full(9, 2), "give 9 integers of 0..1"),
        ("pre_spike", np.zeros(9), "give 9 integers of 0..1"),
        ("reward", 128, "give 1 integer of -128..127"),
    ):
        with pytest.raises(UserError, match=said):
            driver.step(good | {name: value})
    with pytest.raises(UserError, match="inputs: other; give exactly pre_spike, post_spike, reward"):
        driver.step(good | {"other": 0})
    with pytest.raises(UserError, match="state: eligibility, post_trace, pre_trace, weight; give exactly weight"):
        driver.load({})
    with pytest.raises(UserError, match="part 'pre_': unknown"):
        driver.read("pre_")
    assert driver.step(good)["weight"].shape == (9,)


def test_a_program_that_closes_nothing_ends_quietly(sc_hw, tmp_path):
    """As the page writes it: the simulation ends with the program, before the interpreter is taken apart."""
    assert sc_hw("emit", *DESIGNS["core"], "--bus", "axi-lite", "-o", tmp_path / "core")[0] == 0
    text = f"""
from pathlib import Path
from sc_hw.bus.folder import load_bus
from sc_hw.driver import Driver
from sc_hw.driver.simulation import Simulation
from sc_hw.manifest import load_core

core = load_core(Path({str(tmp_path / "core")!r}))
driver = Driver(core, Simulation(core, load_bus(core)))
driver.clear()
print("done")
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"reward": 20},
        {"pre_spike": [[1] * 16, [1]]},
        {"pre_spike": np.ma.masked_array(np.ones((2, 16), int), mask=np.eye(2, 16))},
        {"pre_spike": None},
        {"pre_spike": [["1"] * 16] * 2},
    ],
    ids=["no axis of timesteps", "ragged", "masked", "nothing", "texts"],
)
def test_whatever_is_given_for_an_array_is_one_line_when_it_is_none(simulated, wrong):
    driver = simulated("core")
    right = {"pre_spike": np.ones((2, 16), int), "post_spike": np.zeros((2, 16), bool), "reward": [3, 4]}
    units = driver.design.synapses
    right |= {name: right[name][:, :1].repeat(units, 1) for name in ("pre_spike", "post_spike")}
    driver.learn(right)
    before = driver.read()
    with pytest.raises(UserError):
        driver.learn({**right, **wrong})
    if "pre_spike" in wrong:
        with pytest.raises(UserError):
            driver.step({**{name: values[0] for name, values in right.items()}, **wrong})
    with pytest.raises(UserError, match="state weight: "):
        driver.load({**before, "weight": wrong.get("pre_spike", 1.5)})
    for given in (None, [], "weight"):
        for call in (driver.step, driver.learn, driver.load):
            with pytest.raises(UserError, match="give a dict of"):
                call(given)
    equal(driver, SimpleNamespace(state={"": before}))


def test_what_is_no_core_is_refused(tmp_path):
    with pytest.raises(UserError, match="core: of type NoneType; give what"):
        Driver(None, None)
    with pytest.raises(UserError, match=r"manifest\.json"):
        Driver(str(tmp_path), None)

"""The driver over a simulation: state, timesteps and checkpoints equal to those of the golden model, and what it refuses."""

import numpy as np
import pytest

from sc_hw.bus.folder import load_bus
from sc_hw.driver import Driver
from sc_hw.driver.simulation import Simulation
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
        [("core", "axi-lite"), ("lanes", "apb"), ("layer", "wishbone"), ("addressed", "axi-lite")],
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

"""The driver of a chip of a network over a simulation: what it learns, decides and keeps equals the golden network."""

import numpy as np
import pytest

from sc_hw.bus.folder import load_bus
from sc_hw.driver.network import NetworkDriver
from sc_hw.driver.simulation import Simulation
from sc_hw.errors import UserError
from sc_hw.network_folder import load_network
from sc_hw_models.networks import NetworkModel

from ..daily import check, few
from ..networks.small import SMALL, WIDE

SEED = 20261129


@pytest.fixture
def chip(sc_hw, tmp_path):
    """Emit a network behind a bus and return its driver over a simulation."""
    running = []

    def simulate(text=SMALL, bus="axi-lite", streams="registers"):
        (tmp_path / "network.toml").write_text(text)
        options = ["--bus", bus, "--bus-streams", streams]
        assert sc_hw("emit", "--network", tmp_path / "network.toml", *options, "-o", tmp_path / "chip", "--force")[0] == 0
        network = load_network(tmp_path / "chip")
        running.append(NetworkDriver(network, Simulation(network, load_bus(network))))
        return running[-1]

    yield simulate
    for one in running:
        one.close()


def samples(driver, count):
    print(f"seed {SEED}")
    generator = np.random.default_rng(SEED)
    pixels = generator.integers(0, 256, (count, driver.design.pixels.height * driver.design.pixels.width), dtype=np.uint8)
    pixels[generator.random(pixels.shape) < 0.3] = 0
    pixels[:2] = 0  # nothing is sent but the end
    return pixels, generator.integers(0, driver.spec.output.size, count)


def equal(driver, model):
    found = driver.read()
    assert found.keys() == {f"{name}.weight" for name in model.memories}
    for name, values in found.items():
        assert values.tolist() == model.state[name].tolist(), name


@pytest.mark.parametrize(
    ("text", "bus"),
    few(
        [(text, bus) for text in (SMALL, WIDE) for bus in ("axi-lite", "wishbone", "apb")],
        [(WIDE, "wishbone")],
        "every bus; the accesses of a master that is not ours go through each in every run",
    ),
    ids=lambda value: value if "\n" not in value else {SMALL: "small", WIDE: "wide"}[value],
)
def test_it_learns_as_the_golden_network_does(chip, text, bus):
    driver = chip(text, bus)
    model = NetworkModel(driver.spec)
    pixels, classes = samples(driver, 30)
    equal(driver, model)
    assert driver.predict(pixels).tolist() == model.predict(pixels).tolist()
    equal(driver, model)
    assert driver.partial_fit(pixels, classes) is driver
    model.partial_fit(pixels, classes)
    equal(driver, model)
    model.slower = driver.slower = 1
    decided = [moment["decision"] for moment in model.play(pixels, classes)]
    assert driver.learn(pixels, classes).tolist() == decided
    equal(driver, model)
    assert driver.score(pixels, classes) == model.score(pixels, classes)
    assert driver.classes_.tolist() == list(range(driver.spec.output.size))
    assert driver.samples == 4 * 30
    assert driver.idle
    registers = driver.registers()
    assert registers["samples"] == 4 * 30
    assert registers.keys() == {"identity", "control", "status", "events", "enable", "samples", "stalls"}


@check("it learns as the golden network does in every run")
def test_it_fits_as_the_golden_network_does(chip):
    driver = chip(WIDE)
    pixels, classes = samples(driver, 20)
    driver.partial_fit(pixels, classes)  # forgotten
    driver.fit(pixels, classes, passes=3, seed=4)
    model = NetworkModel(driver.spec)
    model.fit(pixels, classes, passes=3, seed=4)
    equal(driver, model)
    assert driver.slower == model.slower


@check("a checkpoint of a core is brought back in every run")
def test_a_checkpoint_brings_everything_back(chip, tmp_path):
    driver = chip(WIDE)
    pixels, classes = samples(driver, 12)
    driver.partial_fit(pixels, classes)
    driver.save(tmp_path / "state.npz")
    kept = driver.read()
    driver.partial_fit(pixels, classes)
    assert any((values != kept[name]).any() for name, values in driver.read().items())
    driver.restore(tmp_path / "state.npz")
    model = NetworkModel(driver.spec)
    model.load(model.state | kept)  # random registers at their seeds
    equal(driver, model)
    driver.partial_fit(pixels, classes)
    model.partial_fit(pixels, classes)
    equal(driver, model)


def test_what_is_wrong_is_refused_and_nothing_is_written(chip):
    driver = chip()
    before, (pixels, classes) = driver.read(), samples(driver, 4)
    wrong = {
        "samples: float64 .* allowed are bytes": lambda: driver.predict(pixels.astype(float)),
        "labels: 0..3 given; allowed are 0..2": lambda: driver.partial_fit(pixels, np.array([0, 1, 2, 3])),
        "labels: .* allowed are integers \\(4,\\)": lambda: driver.learn(pixels, classes[:3]),
        "samples: none given": lambda: driver.score(pixels[:0], classes[:0]),
        "passes": lambda: driver.fit(pixels, classes, passes=0),
        "slower": lambda: setattr(driver, "slower", 4),
        "state: lacks out.weight": lambda: driver.load({"in.weight": before["in.weight"] + 1}),
        "allowed is": lambda: driver.load({"in.weight": before["in.weight"] + 1, "out.weight": before["out.weight"][:1]}),
        "state weight: give 15 integers of -128..127": lambda: driver.load(
            {"in.weight": before["in.weight"] + 1, "out.weight": before["out.weight"] + 1000}
        ),
        "part 'feedback': unknown; allowed are 'in', 'out'": lambda: driver.weights("feedback"),
    }
    for said, call in wrong.items():
        with pytest.raises(UserError, match=said):
            call()
    equal(driver, NetworkModel(driver.spec))
    assert driver.samples == 0


@check("a network whose pixels come through the registers is in every run")
def test_pixels_that_have_a_port_of_their_own_are_not_the_drivers(chip):
    driver = chip(streams="axi-stream")
    pixels, classes = samples(driver, 4)
    for call in (
        lambda: driver.predict(pixels),
        lambda: driver.fit(pixels, classes),
        lambda: driver.partial_fit(pixels, classes),
    ):
        with pytest.raises(UserError, match="pixel and decision go through AXI4-Stream"):
            call()
    driver.load(driver.read())

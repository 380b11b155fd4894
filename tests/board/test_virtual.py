"""The virtual board: the unchanged driver on its line, noise of every kind beside a reference, and faults that both find."""

import random

import numpy as np
import pytest

from sc_hw.board.verilog import board_verilog
from sc_hw.board.virtual import VirtualBoard
from sc_hw.bus.folder import load_bus
from sc_hw.driver import BusError, Driver
from sc_hw.driver.frames import DROPPED
from sc_hw.driver.network import NetworkDriver
from sc_hw.driver.serial import SerialLine
from sc_hw.errors import CheckError, UserError
from sc_hw.manifest import load_core
from sc_hw.network_folder import load_network
from sc_hw_models.networks import NetworkModel
from sc_hw_models.networks.inputs import InputPort

from ..bus.designs import DESIGNS, Golden, random_inputs
from ..daily import check, few
from ..networks.small import SMALL
from .fuzz import fuzz

FUZZED = ["--synapses", "16"]  # a power of two: host has no address without a word


@pytest.fixture
def emitted(sc_hw, tmp_path):
    def make(options, bus="wishbone", *more):
        folder = tmp_path / "core"
        status, _, said = sc_hw("emit", *options, "--bus", bus, *more, "-o", folder)
        assert status == 0, said
        return load_core(folder)

    return make


@pytest.mark.parametrize(
    ("name", "bus"), few([(name, "axi-lite") for name in DESIGNS], 1, "the other topologies on the same line")
)
def test_the_driver_learns_over_the_line(emitted, name, bus):
    """Whatever bus the folder has: its registers are the same. State and results are the golden model's."""
    core = emitted(DESIGNS[name], bus)
    golden = Golden(core.design)
    inputs = random_inputs(core.design, 3, np.random.default_rng(1))
    golden.run(inputs)
    with VirtualBoard(core, load_bus(core).layout) as board, SerialLine(board.port) as line:
        driver = Driver(core, line)
        driver.clear()
        driver.learn(inputs)
        assert driver.timesteps == 3
        for prefix, state in golden.state.items():
            read = driver.read(prefix)
            assert all(np.array_equal(read[field], state[field]) for field in read)
        with pytest.raises(BusError, match="0xf00"):
            line.read(0xF00)
        assert (line.read(DROPPED), line.dropped) == (0, 0)


def test_a_torn_frame_is_dropped_and_counted(emitted):
    core = emitted(FUZZED)
    with VirtualBoard(core, load_bus(core).layout) as board, SerialLine(board.port) as line:
        line._line.write(b"\0\x07\1\2\0\5\0")
        assert (line.read(DROPPED), line.read(0), line.dropped) == (2, ord("S"), 0)


@check("the fuzz finds a planted bug in every run, so it is asked")
def test_every_answer_under_noise_is_the_reference(emitted):
    seed = random.SystemRandom().randrange(1 << 31)
    print(f"seed {seed}")
    heard = fuzz(emitted(FUZZED), seed, 15_000)
    assert heard.answers > 100
    assert heard.dropped > 300


BUGS = {
    "asked again is done again": ("bridge", "if (asked) again_reg <= again;", "if (asked) again_reg <= 1'b0;"),
    "the sum is not looked at": ("bridge", " & (sum_reg == RIGHT)", ""),
    "a code is a byte": ("bridge", "(~is_code | begun_reg)", "1'b1"),
    "it does not begin anew": ("bridge", "if (ends) count_reg <= 4'd0;\n    else if (stored)", "if (stored)"),
    "a zero in an answer": ("bridge", "~(any_reg | passed) | behind", "behind"),
    "an error is told as done": ("bridge", "frame_reg[15:8] <= wrong ? 8'd4", "frame_reg[15:8] <= wrong ? 8'd3"),
    "drops are not counted": ("bridge", "if (dropping) dropped_reg", "if (1'b0) dropped_reg"),
    "a bit too early": ("receiver", "HALF = DIVIDER / 2 - 1", "HALF = DIVIDER - 1"),
    "no stop bit": ("sender", "bits_reg <= 4'd10", "bits_reg <= 4'd9"),
}


@check("the proof finds the same bug in every run")
@pytest.mark.parametrize("bug", few(BUGS, 1, "each fault of the line that the fuzz finds"))
def test_the_fuzz_finds_a_planted_bug(emitted, bug):
    part, before, after = BUGS[bug]
    core = emitted(FUZZED)
    layout = load_bus(core).layout
    name = f"sc_core_board_{part}.v"
    text = board_verilog(layout)[name]
    assert text.count(before) == 1
    board = VirtualBoard(core, layout, verilog={name: text.replace(before, after)})
    with pytest.raises(AssertionError, match="seed 1"):
        fuzz(core, 1, 60_000, board=board, patience=1.0)


def test_a_design_behind_streams_has_no_line(emitted):
    core = emitted(FUZZED, "apb", "--bus-streams", "axi-stream")
    with pytest.raises(UserError, match="--bus-streams registers"):
        VirtualBoard(core, load_bus(core).layout)


def test_a_board_that_is_gone_is_told(emitted):
    core = emitted(FUZZED)
    with VirtualBoard(core, load_bus(core).layout) as board:
        board._process.kill()
        board._process.wait()
        with pytest.raises(CheckError, match="the board"):
            board.counts()


@check("a core learns over the line, and a network through its driver, in every run")
def test_a_network_learns_over_the_line(sc_hw, tmp_path):
    """A whole chip behind the virtual line: what it decides and holds is the golden network's."""
    (tmp_path / "small.toml").write_text(SMALL)
    assert sc_hw("emit", "--network", tmp_path / "small.toml", "--bus", "wishbone", "-o", tmp_path / "net")[0] == 0
    net = load_network(tmp_path / "net")
    model, generator = NetworkModel(net.design.spec), np.random.default_rng(20261129)
    samples = generator.integers(0, 256, (12, InputPort(model.spec).pixels), np.uint8)
    labels = generator.integers(0, net.design.spec.output.size, 12)
    with VirtualBoard(net, load_bus(net).layout) as board, NetworkDriver(net, SerialLine(board.port)) as driver:
        driver.partial_fit(samples, labels)
        model.partial_fit(samples, labels)
        assert driver.predict(samples).tolist() == model.predict(samples).tolist()
        for name, weights in driver.read().items():
            assert weights.tolist() == model.state[name].tolist(), name

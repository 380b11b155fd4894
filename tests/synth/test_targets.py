"""Target files: complete, refused when they are not, and no cell type lost."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sc_hw.errors import UserError
from sc_hw.pnr.place import placeable_targets
from sc_hw.synth.synthesise import map_sources
from sc_hw.targets import RESOURCES, distinct_targets, list_targets, load_target, read_target

from ..daily import few

TARGETS = Path(__file__).parents[2] / "synth" / "targets"

# Of the vendors' data sheets: LUT, FF, BRAM, large BRAM, DSP.
CAPACITY = {
    "ecp5-25k": (24288, 24288, 56, 0, 28),
    "ecp5-85k": (83640, 83640, 208, 0, 156),
    "gowin-gw1n9": (8640, 6480, 26, 0, 20),
    "ice40-hx8k": (7680, 7680, 32, 0, 0),
    "ice40-up5k": (5280, 5280, 30, 4, 8),
    "xc7a35t": (20800, 41600, 50, 0, 90),
}

# One of each thing a core may hold: registers with and without enable, set and reset, two kinds of memory, a product.
EVERYTHING = """
module everything (input clk, input rst, input arst, input en, input [9:0] a, input [9:0] b, input [35:0] d, input we,
                   output reg [35:0] q, output reg [35:0] m, output [3:0] s, output reg [20:0] p, output reg [3:0] x,
                   output reg [3:0] y, output reg [3:0] z);
  reg [35:0] big [0:1023];
  reg [3:0] small [0:15];
  assign s = small[b[3:0]];
  always @(posedge clk) begin
    if (we) begin big[a] <= d; small[a[3:0]] <= d[3:0]; end
    m <= big[b];
    q <= d + {26'd0, a};
    p <= a * b;
    if (rst) x <= 4'd5; else if (en) x <= d[3:0];
  end
  always @(posedge clk or posedge arst) if (arst) y <= 4'd10; else if (en) y <= d[7:4];
  always @(negedge clk) z <= d[11:8];
endmodule
"""


def test_capacities() -> None:
    assert list_targets() == sorted(CAPACITY), "what a data sheet says of each target stands in CAPACITY above, too"
    for name, numbers in CAPACITY.items():
        assert load_target(name).capacity == dict(zip(RESOURCES, numbers, strict=True))


@pytest.mark.parametrize("name", few(distinct_targets(), ["ecp5-25k"], "the other families"))
def test_every_cell_is_known(name: str) -> None:
    target = load_target(name)
    cells = map_sources({"everything.v": EVERYTHING.encode()}, "everything", target).cells
    counts = target.count(cells)
    assert counts["lut"] > 0
    assert counts["ff"] >= 36 + 3 * 4
    assert target.ram_bits(cells) >= 1024 * 36
    assert (counts["dsp"] > 0) == (target.capacity["dsp"] > 0)
    assert (target.lut_ram_cells(cells) > 0) == bool(target.lut_ram)
    assert set(target.bits) == set(target.weights["block_ram"]) | set(target.weights["large_ram"])


def test_another_size_of_a_device() -> None:
    small, large = load_target("ecp5-25k"), load_target("ecp5-85k")
    assert large.like == small.name
    assert (large.synth, large.weights, large.bits, large.ignored) == (small.synth, small.weights, small.bits, small.ignored)
    assert "ecp5-85k" not in distinct_targets()
    sizes = {name for name in list_targets() if re.search("^like = ", (TARGETS / f"{name}.toml").read_text(), re.MULTILINE)}
    assert set(distinct_targets()) == set(list_targets()) - sizes


def test_another_size_is_one_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sc_hw: Callable[..., Any]) -> None:
    """Nothing else has its name: it is counted, estimated and offered from its file alone."""
    shutil.copytree(TARGETS.parent / "estimate", tmp_path / "estimate")
    shutil.copytree(TARGETS, tmp_path / "targets")
    text = (TARGETS / "ecp5-85k.toml").read_text().replace("ecp5-85k", "ecp5-45k").replace("--85k", "--45k")
    monkeypatch.setattr("sc_hw.targets.data_folder", lambda _name: tmp_path)
    assert sc_hw("estimate", "-n", 16, "--target", "ecp5-45k")[0] == 2
    (tmp_path / "targets" / "ecp5-45k.toml").write_text(text.replace("lut = 83640", "lut = 43848"))
    assert load_target("ecp5-45k").capacity["lut"] == 43848
    assert load_target("ecp5-45k").count({"LUT4": 3, "CCU2C": 2})["lut"] == 7
    assert {"ecp5-45k"} == set(list_targets()) - set(CAPACITY) == set(placeable_targets()) - set(CAPACITY)
    status, out, _ = sc_hw("estimate", "-n", 16, "--target", "ecp5-45k")
    assert status == 0
    assert "ecp5-45k" in out


def test_unknown_cell_is_named() -> None:
    target = load_target("ice40-hx8k")
    with pytest.raises(UserError, match=r"SB_NOVEL \(3\).*synth/targets/ice40-hx8k.toml"):
        target.count({"SB_LUT4": 1, "SB_NOVEL": 3, "$scopeinfo": 9})


def test_weights() -> None:
    assert load_target("ecp5-25k").count({"LUT4": 3, "CCU2C": 2, "TRELLIS_DPR16X4": 1, "PFUMX": 7})["lut"] == 3 + 4 + 6
    assert load_target("xc7a35t").count({"RAMB18E1": 3, "RAMB36E1": 1, "INV": 2, "SRL16E": 1, "CARRY4": 9}) == {
        "lut": 3,
        "ff": 0,
        "block_ram": 2.5,
        "large_ram": 0,
        "dsp": 0,
    }


def test_unknown_target_lists_the_known() -> None:
    for name in ("ice41", "../targets/ecp5-25k", ""):
        with pytest.raises(UserError, match=f"allowed are {', '.join(sorted(CAPACITY))}$"):
            load_target(name)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('part = "LFE5U', 'parts = "LFE5U', "unknown keys parts"),
        ('part = "LFE5U-25F-6BG256C"', 'part = ""', "part is not a text"),
        ('name = "ecp5-25k"', 'name = "ecp5"', "not the name of the file"),
        ('"{top}"', '"top"', "does not say {top}"),
        ('"-top"', '"; exec -- ls"', "not a list of words"),
        ('"-top"', '"a/b"', "not a list of words"),
        ("CCU2C = 2", "CCU2C = -2", "CCU2C is -2"),
        ("CCU2C = 2", "TRELLIS_FF = 2", "TRELLIS_FF stands in more than one table"),
        ("CCU2C = 2", "CCU2C = [", "cannot be read as TOML"),
        ("DP16KD = { blocks = 1, bits = 18432 }", "DP16KD = 1", "DP16KD does not say blocks and bits"),
        ('VLO = "constant 0"', 'VLO = ""', "reason"),
        ("dsp = 28", "slices = 28", r"\[capacity\] takes"),
        ('part = "LFE5U', 'like = "../ecp5"\npart = "LFE5U', "like is '../ecp5', not the name of a target"),
        ('part = "LFE5U', 'like = "ecp5"\npart = "LFE5U', "ecp5.toml: cannot be read as TOML"),
        ("frequency_mhz = 145", "frequency_mhz = 0", r"\[pnr\] frequency_mhz is no frequency"),
        ("frequency_mhz = 145", "frequency = 145", r"\[pnr\] takes arguments, cells, frequency_mhz"),
        ("frequency_mhz = 145", "", r"\[pnr\] lacks frequency_mhz"),
        ('"--speed", "6"', '"--speed", 6', r"\[pnr\] arguments is not a list of words"),
        ("cells = { lut = ", "cells = { luts = ", r"\[pnr\] cells takes lut"),
        ('tool = "nextpnr-ecp5"', 'tool = "ls"', r"\[pnr\] tool is 'ls'"),
    ],
)
def test_bad_target_file(tmp_path: Path, before: str, after: str, message: str) -> None:
    text = (TARGETS / "ecp5-25k.toml").read_text()
    assert before in text
    path = tmp_path / "ecp5-25k.toml"
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(UserError, match=message):
        read_target(path)

"""Coverage: the reader, what a campaign reaches, and the proof about what it does not."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sc_hw.cli import app
from sc_hw.coverage.bins import possible
from sc_hw.coverage.points import Point, read_points
from sc_hw.coverage.reach import PROVEN, REACHABLE, reachable
from sc_hw.coverage.report import coverage_of
from sc_hw.coverage.update import impossible
from sc_hw.manifest import load_core
from sc_hw.sim.simulate import simulate
from sc_hw_models.cover import coverpoints

from ..daily import check

# ruff: noqa: E501
FILE = """# SystemC::Coverage-3
C '\x01f\x02/x/dut.v\x01l\x0212\x01n\x028\x01t\x02toggle\x01page\x02v_toggle/dut\x01o\x02sum[3]:0->1\x01h\x02sc_hw_bench.core_1.lane_0' 7
C '\x01f\x02/x/dut.v\x01l\x024\x01n\x023\x01t\x02branch\x01page\x02v_branch/dut\x01o\x02else\x01h\x02sc_hw_bench.core_0' 0
C '\x01f\x02/x/dut.v\x01l\x0213\x01n\x028\x01t\x02toggle\x01page\x02v_toggle/dut\x01o\x02words[3][0]:0->1\x01h\x02sc_hw_bench.core_1' 1
C '\x01f\x02/x/bench.sv\x01l\x0212\x01n\x028\x01t\x02toggle\x01page\x02v_toggle/b\x01o\x02idle_0:0->1\x01h\x02sc_hw_bench' 7
"""
# A branch that nothing can take, and one that takes 60,000 clocks.
PLANTED = """  reg [1:0] planted_reg, rare_reg;
  reg [15:0] waits_reg;
  always @(posedge clk) begin
    waits_reg <= rst ? 16'd0 : waits_reg + {15'd0, command_valid & ~command_ready & command_clear};
    if (sweeping & host_ready) planted_reg <= 2'd1;
    if (waits_reg == 16'd60000) rare_reg <= 2'd1;
  end
"""


def test_reader(tmp_path):
    path = tmp_path / "coverage.dat"
    path.write_text(FILE)
    points = read_points(path, ["dut.v"])
    assert [(p.core, p.scope, p.kind, p.what, p.line, p.hits) for p in points] == [
        (1, "lane_0", "toggle", "sum[3]:0->1", 12, 7),
        (0, "", "branch", "else", 4, 0),
    ]
    path.write_text("<html>")
    with pytest.raises(ValueError, match="not a coverage file"):
        read_points(path, ["dut.v"])


@check("half a minute each; what it joins is tried part by part in every run")
@pytest.mark.parametrize("generator", ["amaranth", "verilog"])
def test_default_core_is_explained_and_plants_are_told_apart(generator, make_core, tmp_path):
    """Nothing of the default rule is unexplained; a dead branch is proven dead; a rare one is a gap, not "proven".

    A point that was hit must never be proven unreachable: every arm hit is asked as well.
    """
    core = make_core(generator, synapses=64)
    top = core.folder / "dut.v"
    text = top.read_text()
    where = text.rindex("endmodule")
    top.write_text(text[:where] + PLANTED + text[where:])
    core = load_core(core.folder)
    result = simulate([core], steps=1000, seed=3, output=tmp_path / "sim", coverage=True)
    assert result.passed
    (record,) = coverage_of([core], result, seconds=8)
    planted = [e for e in record["unreached"] if any(name in e["place"] + e["text"] for name in ("planted", "rare", "waits"))]
    verdicts = {
        name: e["verdict"]
        for e in planted
        for name in ("planted_reg <=", "rare_reg <=")
        if e["kind"] == "branch" and name in e["text"]
    }
    assert verdicts["planted_reg <="] == PROVEN
    assert verdicts["rare_reg <="] != PROVEN
    assert [e for e in record["unreached"] if e["verdict"] != PROVEN and e not in planted] == []
    assert record["verdict"] == "fail"
    assert {row["kind"] for row in record["totals"]} == {"line", "branch", "toggle"}
    points = read_points(result.coverage, list(core.verilog))
    hit = [p for p in points if p.hits and p.kind in ("line", "branch") and p.what != "block"]
    assert len(hit) > 20
    assert not [p for p, (verdict, _) in zip(hit, reachable(core, hit, points, seconds=15), strict=True) if verdict == PROVEN]
    toggled = [p for p in points if p.hits and p.kind == "toggle" and p.scope.startswith("lane_0.datapath")]
    assert len(toggled) > 200
    assert not impossible(core, toggled, points, seconds=15)


def test_a_datapath_is_unrolled_only_if_it_holds(make_core):
    """The release plus its rounding never carries. Plant: a register that goes on while enable is low; then nothing is said."""
    core = make_core("amaranth", rule="stp")
    carry, low = (
        Point(core=0, scope="lane_0.datapath", file="", line=0, column=0, kind="toggle", what=f"{name}:0->1", hits=0)
        for name in ("unused_release_rounded_above", "release_6[0]")
    )
    assert impossible(core, [low, carry], [], seconds=30) == {1}
    datapath = core.folder / "dut_datapath.v"
    text = datapath.read_text()
    where = text.rindex("endmodule")
    loose = "  reg loose;\n  always @(posedge clk) loose <= in_pre_spike;\n"
    datapath.write_text(text[:where] + loose + text[where:])
    core = load_core(core.folder)
    assert impossible(core, [low, carry, replace(low, what="loose:0->1")], [], seconds=30) == set()


def test_a_register_without_reset_may_hold_anything(make_core):
    """Plant: two registers that exchange their power-up values for ever; what needs different ones is not unreachable."""
    core = make_core("verilog", synapses=4)
    top = core.folder / "dut.v"
    text = top.read_text()
    where = text.rindex("endmodule")
    pair = "  reg a_reg, b_reg;\n  always @(posedge clk) {a_reg, b_reg} <= {b_reg, a_reg};\n  wire differ = (a_reg ^ b_reg) & sweeping;\n"
    top.write_text(text[:where] + pair + text[where:])
    core = load_core(core.folder)
    point = Point(core=0, scope="", file="", line=0, column=0, kind="toggle", what="differ:0->1", hits=0)
    ((verdict, _),) = reachable(core, [point], [], seconds=30)
    assert verdict == REACHABLE


def test_bins_are_possible_or_not(make_core):
    """With R=1 the reward is never positive; a spike pair always is possible."""
    core = make_core(reward_bits=1)
    rule, config = core.design.rule, core.design.config
    bins = coverpoints(rule, config)
    asked = [("rule_r_stdp", "positive reward, positive eligibility"), ("rule_r_stdp", "both spikes at once")]
    assert all(label in bins[point] for point, label in asked)
    assert [verdict for verdict, _ in possible(rule, config, asked, seconds=30)] == [PROVEN, REACHABLE]


@check("what is not covered is told of one core more; make coverage looks at all")
def test_a_campaign_without_spikes_leaves_bins(make_core, tmp_path, monkeypatch):
    """Plant: recorded inputs without a spike; the bins that need one must be missing."""
    core = make_core("verilog", synapses=4)
    stimulus = tmp_path / "silent.npz"
    monkeypatch.setattr("sc_hw.coverage.command.PROOF_SECONDS", 3)
    silent = np.zeros((50, 4), dtype=np.int64)
    np.savez(stimulus, pre_spike=silent, post_spike=silent, reward=np.arange(50) - 25)
    with pytest.raises(SystemExit) as ended:
        app(["sim", str(core.folder), "--coverage", "--stimulus", str(stimulus)], standalone_mode=False)
    assert not ended.value.code
    record = json.loads((core.folder / "results" / "coverage.json").read_text())
    rows = {row["name"]: row for row in record["functional"]}
    assert "both spikes at once" in rows["rule_r_stdp"]["missing"]
    assert rows["synapse_inputs"]["hit"] == 1
    assert record["verdict"] == "fail"


@check("make coverage looks at all; what it joins is tried part by part in every run")
def test_every_instance_has_counters_of_its_own(make_core, tmp_path):
    core = make_core("verilog", synapses=8, lanes=4)
    result = simulate([core], steps=40, seed=1, output=tmp_path / "sim", coverage=True)
    points = read_points(result.coverage, list(core.verilog))
    for lane in range(4):
        assert any(p.hits for p in points if p.scope == f"lane_{lane}.datapath" and p.kind == "toggle")

"""Coverage of layers and crossbars: what is counted of each core and of what joins them, and the proof about the rest."""

import json
import re

import numpy as np
import pytest

from sc_hw.coverage.points import Point, read_points
from sc_hw.coverage.protocol import conditions, monitor, monitored
from sc_hw.coverage.reach import PROVEN, REACHABLE, reachable
from sc_hw.manifest import load_core
from sc_hw_models.registry import get_rule
from sc_hw_sim.cover import FunctionalCoverage

from ..daily import check

TINY = {"weight_bits": 5, "trace_bits": 3, "reward_bits": 2}
# Two registers that keep exchanging what they had at power-up; a reset makes both 0.
PAIR = """  reg a_reg, b_reg;
  always @(posedge clk) {a_reg, b_reg} <= rst ? 2'd0 : {b_reg, a_reg};
  wire differ = a_reg & ~b_reg;
"""
# A branch that nothing takes, and one that takes 60,000 clocks.
PLANTED = """  reg [1:0] planted_reg, rare_reg;
  reg [15:0] waits_reg;
  always @(posedge clk) begin
    waits_reg <= rst ? 16'd0 : waits_reg + {15'd0, command_valid & ~command_ready & command_clear};
    if (rst & ~rst) planted_reg <= 2'd1;
    if (waits_reg == 16'd60000) rare_reg <= 2'd1;
  end
"""


def planted(path, text):
    """Write a text into the last module of a file."""
    before, end, after = path.read_text().rpartition("endmodule")
    path.write_text(f"{before}{text}{end}{after}")


def toggle(scope, what):
    return Point(core=0, scope=scope, file="", line=0, column=0, kind="toggle", what=f"{what}:0->1", hits=0)


def test_what_is_not_visited_is_not_counted():
    """A row that is skipped computes nothing, whatever its model says of it."""
    rule = get_rule("stp")
    config = rule.config_type()
    counted = FunctionalCoverage("visits", rule, config)
    spec = rule.spec(config)
    before = {f.name: np.full(2, f.reset, np.int64) for f in spec.state}
    states = {name: np.stack([values, values]) for name, values in before.items()}
    inputs = {f.name: np.ones((2, 2), np.int64) for f in spec.inputs}
    outputs = {f.name: np.zeros((2, 2), np.int64) for f in spec.outputs}
    counted.sample(before, inputs, states, outputs, np.zeros((2, 2), bool))
    assert not any(hits for bins in counted.record().values() for hits in bins.values())
    counted.sample(before, inputs, states, outputs, np.array([[False, True], [False, False]]))
    assert any(hits for bins in counted.record().values() for hits in bins.values())


def test_each_core_and_the_whole_have_a_monitor(make_layer, make_crossbar):
    for whole in (make_layer(neurons=2, postsynaptic=2), make_crossbar(pre=2, post=2, lanes=1, name="bar")):
        places = ["", *(part.folder.name for part in whole.parts)]
        assert [*monitored(whole.design)] == places
        for design in monitored(whole.design).values():
            assert f"bind {design.name} " in monitor(design)
            skips = "event_skip" in {port.name for port in design.ports()}  # a beat then stands for a row
            assert (f"event_skip & ~clearing ? {design.row_words} : 1" in monitor(design)) == skips
        seen = conditions(whole.design)
        for stream in whole.design.streams:
            assert seen[f"{stream.name}: a beat waits"] == f"{stream.name}_valid & ~{stream.name}_ready"


def test_a_core_inside_is_reset_by_the_whole_only_where_that_says_so(make_crossbar):
    """Alone the core cannot have the two differ. Plant: a top that never resets it; then they may, and are not said not to."""
    crossbar = make_crossbar(pre=2, post=2, lanes=1, **TINY)
    planted(crossbar.folder / "pre" / "dut_pre.v", PAIR)
    crossbar, point = load_core(crossbar.folder), toggle("pre", "differ")
    assert reachable(crossbar, [point], [], seconds=20)[0][0] == PROVEN
    top = crossbar.folder / "dut.v"
    text, count = re.subn(r"(?s)(\bdut_pre pre \(.*?\.rst\()rst\)", r"\1 1'b0)", top.read_text(), count=1)
    assert count == 1
    top.write_text(text)
    assert reachable(load_core(crossbar.folder), [point], [], seconds=20)[0][0] == REACHABLE


def made(kind, generator, make_layer, make_crossbar):
    if kind == "layer":
        return make_layer(generator, neurons=2, postsynaptic=2, weight_bits=4, activity_bits=2, signal_bits=2)
    return make_crossbar(generator, pre=2, post=2, lanes=1, addressed=kind == "addresses", **TINY)


@check("minutes each; what is counted, asked and told is tried part by part in every run")
@pytest.mark.parametrize("generator", ["amaranth", "verilog"])
@pytest.mark.parametrize("kind", ["layer", "crossbar", "addresses"])
def test_a_whole_is_counted_and_plants_are_told_apart(make_layer, make_crossbar, sc_hw, monkeypatch, kind, generator):
    """A dead branch is proven dead in the top and in a core; a rare one is a gap. No arm that was taken is proven dead."""
    monkeypatch.setattr("sc_hw.coverage.command.PROOF_SECONDS", 6)
    whole = made(kind, generator, make_layer, make_crossbar)
    part = whole.parts[-1]
    planted(whole.folder / "dut.v", PLANTED)
    planted(part.folder / f"{part.design.name}.v", PLANTED.replace("_reg", "_inside_reg"))
    status, out, err = sc_hw("sim", whole.folder, "--coverage", "--steps", 60)
    assert status == 0, out + err
    record = json.loads((whole.folder / "results" / "coverage.json").read_text())
    assert record["verdict"] == "fail"
    assert "FAIL coverage:" in out

    def verdicts(text):
        return {e["verdict"] for e in record["unreached"] if e["kind"] == "branch" and text in e["text"]}

    for name in ("planted_reg <=", "planted_inside_reg <="):
        assert verdicts(name) == {PROVEN}
    for name in ("rare_reg <=", "rare_inside_reg <="):
        assert verdicts(name)
        assert PROVEN not in verdicts(name)
    places = [part.folder.name for part in whole.parts]
    rows = {row["name"] for row in record["functional"]}
    for place in places:
        assert {f"{place}/protocol", f"{place}/synapse_inputs"} <= rows
        assert f"{place}_datapath" in {row["module"] for row in record["totals"]} or place == "synapses"
    assert {"core", "fanout"} <= {row["module"] for row in record["totals"]}
    assert sc_hw("report", whole.folder)[0] == 1  # the record is of these files and says what it holds
    whole = load_core(whole.folder)
    points = read_points(whole.folder / "results" / "sim" / "coverage.dat", list(whole.verilog))
    taken = [p for p in points if p.hits and p.kind in ("line", "branch") and p.what != "block"]
    assert len(taken) > 40
    assert not [p for p, (verdict, _) in zip(taken, reachable(whole, taken, points, seconds=6), strict=True) if verdict == PROVEN]

"""Proofs of emitted datapaths, and planted faults that must not pass."""

import dataclasses
import json
from itertools import product

import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import SOLVERS, find_solver
from sc_hw.rtl.emit import GENERATORS

from ..daily import check, few

STOCHASTIC = {"trace_fraction_bits": 3, "rounding": "stochastic", "decay_rounding": "stochastic", "learning_shift": 5}
NEAREST = {"rounding": "nearest", "decay_rounding": "nearest", "eligibility_decay_shift": 6, "depression_shift": 1}
SMALL = {"weight_bits": 6, "trace_bits": 5, "reward_bits": 4}
SMALLEST = {"weight_bits": 1, "trace_bits": 2, "reward_bits": 1, "learning_shift": 0, "trace_decay_shift": 0}
WIDEST = {"weight_bits": 31, "trace_bits": 30, "reward_bits": 30}


def run(core, *solvers, timeout=60):
    return prove(core, [find_solver(name) for name in solvers or ("yices",)], timeout=timeout, parts=["datapath", "lane"])


CONFIGURATIONS = {
    "default": ({}, ("yices", "bitwuzla")),
    "small-z3": (SMALL, ("z3",)),
    "nearest": (NEAREST, ("yices",)),
    "stochastic": (STOCHASTIC, ("yices",)),
    "smallest": (SMALLEST, ("yices", "bitwuzla")),
    "widest": (WIDEST, ("yices",)),
}
DAILY = [("small-z3", "amaranth"), ("smallest", "verilog")]


@pytest.mark.parametrize(
    ("name", "generator"),
    few(
        product(CONFIGURATIONS, GENERATORS),
        DAILY,
        "the other generator; test_verb and test_spread.py have the default and the widest",
    ),
)
def test_proven(make_core, generator, name):
    config, solvers = CONFIGURATIONS[name]
    result = run(make_core(generator, **config), *solvers)
    assert result.verdict == "proven", [vars(o) for o in result.obligations if o.verdict != "proven"]
    names = {o.name for o in result.obligations}
    assert {
        "samples",
        "hold",
        "widths",
        "next_weight",
        "next_pre_trace",
        "next_post_trace",
        "next_eligibility",
        "out_weight",
    } <= names
    assert config == SMALLEST or "product_1" in names
    rest = [o for o in result.obligations if o.name not in ("samples", "structure", "defined")]
    asked = {answer["solver"] for o in rest for answer in o.answers}
    assert asked == set(solvers)


# Module, old text, new text, an obligation that must not hold.
FAULTS = {
    "saturation off by one": ("saturate", ": limit;", ": limit ^ 1'b1;", "next_eligibility"),
    "swapped pre and post": ("datapath", "in_pre_spike ? {T{1'b1}}", "in_post_spike ? {T{1'b1}}", "next_pre_trace"),
    "reward sign lost": ("datapath", "{I{reward_4[R-1]}}", "{I{1'b0}}", "next_weight"),
    "product one bit short": ("datapath", "product_5 <= product;", "product_5 <= {product[P-2], product[P-2:0]};", "next_weight"),
    "floor turned into truncation": (
        "datapath",
        "product_5 >>> CHANGE_SHIFT;",
        "(product_5 + $signed({1'b0, {L{product_5[P-1]}}})) >>> CHANGE_SHIFT;",
        "next_weight",
    ),
    "sum one bit short": (
        "datapath",
        "eligibility_sum_3 <= eligibility_sum;",
        "eligibility_sum_3 <= {eligibility_sum[T], eligibility_sum[T:0]};",
        "next_eligibility",
    ),
    "depression lost": ("datapath", "depression_1 <= depression;", "depression_1 <= 0;", "next_eligibility"),
    "decay floors": ("datapath", ", eligibility_exact}", ", 1'b1}", "next_eligibility"),
    "trace not clamped": (
        "datapath",
        "in_pre_spike ? {T{1'b1}} : pre_decayed",
        "in_pre_spike ? ~pre_decayed : pre_decayed",
        "next_pre_trace",
    ),
    "weight of the update before": (
        "datapath",
        "  always @(posedge clk)\n    if (enable) begin\n      weight_1 <= state_weight;",
        "  reg [W-1:0] weight_0;\n  always @(posedge clk)\n    if (enable) begin\n"
        "      weight_0 <= state_weight;\n      weight_1 <= weight_0;",
        "next_weight",
    ),
    "weight of the update after": ("datapath", "weight_5 <= weight_4;", "weight_5 <= weight_3;", "next_weight"),
    "register without enable": ("datapath", "if (enable) product_5 <=", "product_5 <=", "hold"),
    "delay without enable": ("datapath", "    if (enable) begin\n      weight_1", "    begin\n      weight_1", "hold"),
}
DAILY_FAULTS = ["saturation off by one"]


def edit(core, module, old, new):
    path = core.folder / f"{core.design.name}_{module}.v"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return load_core(core.folder)


@pytest.mark.parametrize("fault", few(FAULTS, DAILY_FAULTS, "further faults that break the same statements"))
def test_fault_is_refuted(make_core, fault):
    module, old, new, wrong = FAULTS[fault]
    # Only both minima wrap: with a 20-bit product that takes a solver ten seconds to find.
    config = SMALL if fault == "product one bit short" else {}
    core = edit(make_core("verilog", **config), module, old, new)
    assert core.edited
    result = run(core)
    assert result.verdict == "refuted"
    verdicts = {o.name: o.verdict for o in result.obligations}
    assert verdicts[wrong] in ("refuted", "skipped"), verdicts
    if wrong == "hold":
        assert "goes from" in next(o.note for o in result.obligations if o.name == "hold")
        return
    found = result.counterexample
    state, outputs = core.design.rule.step(core.design.config, found.state, found.inputs)
    expected = {f"next_{n}": v for n, v in state.items()} | {f"out_{n}": v for n, v in outputs.items()}
    assert found.expected == expected
    assert found.found != expected
    assert all(name in found.text for name in ("state", "inputs", "expected", "found", "reward = "))


def test_constraints_that_exclude_every_run_prove_nothing(make_core):
    with pytest.raises(UserError, match="'assume' is not allowed"):
        edit(
            make_core("verilog"),
            "datapath",
            "assign out_weight = next_weight;",
            "assign out_weight = next_weight;\nalways @* assume (in_reward == 8'd0);",
        )


def test_other_clocks_and_other_ports_are_refused(make_core):
    with pytest.raises(UserError, match=r"dut_datapath\.v:\d+: 'negedge' is not allowed"):
        edit(make_core("verilog"), "datapath", "@(posedge clk) if (enable) product_5", "@(negedge clk) if (enable) product_5")
    core = edit(make_core("verilog"), "datapath", "@(posedge clk) if (enable) product_5", "@(posedge in_pre_spike) product_5")
    with pytest.raises(UserError, match=r"\$dff that is not on the rising edge"):
        run(core)
    core = edit(
        make_core("verilog"),
        "datapath",
        "endmodule",
        "  reg kept [0:1];\n  always @(posedge clk) kept[in_pre_spike] <= in_pre_spike;\nendmodule",
    )
    with pytest.raises(UserError, match=r"an array \(\$memwr_v2\) in a module that has none"):
        run(core)
    with pytest.raises(UserError, match="a nonblocking assignment without a clock edge"):
        edit(make_core("verilog"), "datapath", "always @(posedge clk) if (enable) product_5", "always @* if (enable) product_5")
    with pytest.raises(UserError, match=r"dut\.lane_0\.datapath\.in_reward: not allowed \(8 bits on a pin of 7"):
        edit(make_core("verilog"), "datapath", "input  wire signed [7:0]  in_reward", "input  wire signed [6:0]  in_reward")
    with pytest.raises(UserError, match=r"dut_datapath\.v:\d+: .* is not allowed \(no Verilog: "):
        edit(make_core("verilog"), "datapath", "endmodule", "garbage")


@check("what is not proven is missed by the ledger in every run")
def test_no_answer_is_not_a_proof(make_core):
    result = run(make_core("verilog", **WIDEST), timeout=0.01)
    assert result.verdict == "unknown"
    assert "no answer in 0.01 s" in [o.note for o in result.obligations if o.verdict == "unknown"]


def test_verb(sc_hw, make_core, tmp_path):
    core = make_core("verilog", weight_bits=6, trace_bits=6, reward_bits=4)  # words that solvers are done with soon
    status, out, err = sc_hw("prove", core.folder, "--part", "datapath", "--part", "lane", "--json", tmp_path / "mine.json")
    assert status == 0, out + err
    assert "PASS dut: 18 of 18 obligations proven by yices and bitwuzla" in out
    assert "proven next_eligibility: yices" in err
    record = json.loads((core.folder / "results" / "prove.json").read_text())
    assert record == json.loads((tmp_path / "mine.json").read_text())
    assert (record["verb"], record["verdict"], record["counterexample"]) == ("prove", "pass", None)
    assert set(record["tools"]) == {"yosys", "yices", "bitwuzla"}
    assert record["config"] == dataclasses.asdict(core.design.config)
    answers = [answer for o in record["obligations"] for answer in o["answers"]]
    assert answers
    assert all(answer["version"] and answer["seconds"] >= 0 for answer in answers)

    edit(core, *FAULTS["swapped pre and post"][:3])
    status, out, err = sc_hw("prove", core.folder, "--part", "datapath", "--solver", "yices")
    assert status == 1
    assert "FAIL dut" in out
    assert "counterexample to" in out
    assert "edited since it was emitted: dut_datapath.v" in out
    assert json.loads((core.folder / "results" / "prove.json").read_text())["verdict"] == "fail"


def test_bad_input(sc_hw, make_core, tmp_path, monkeypatch):
    folder = make_core("verilog").folder
    missing = dataclasses.replace(SOLVERS["yices"](), path="")
    monkeypatch.setitem(SOLVERS, "yices", lambda: missing)
    for arguments, needle in (
        ((folder, "--solver", "cvc"), "allowed are yices, z3, bitwuzla"),
        ((folder,), "pip install 'sc-hw[prove]'"),
        ((tmp_path / "nothing", "--solver", "z3"), "manifest.json"),
        ((folder, "--timeout", "0"), "--timeout"),
    ):
        status, out, err = sc_hw("prove", *arguments)
        assert (status, out) == (2, "")
        assert len(err.strip().splitlines()) == 1
        assert needle in err
    assert not (folder / "results").exists()

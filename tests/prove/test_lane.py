"""Proofs of the lane around the datapath, faults planted in it, and counterexamples that simulation shows as they were given."""

import dataclasses
import json
import re
from itertools import product

import numpy as np
import pytest

from sc_hw.manifest import load_core
from sc_hw.proof.bits import Bits
from sc_hw.proof.prove import prove
from sc_hw.proof.run import golden
from sc_hw.proof.solver import find_solver
from sc_hw.replay.command import simulate_run
from sc_hw.rtl.emit import GENERATORS
from sc_hw_models.core import CoreModel
from sc_hw_models.lfsr import Lfsr

from ..daily import check, few

SMALL = {"weight_bits": 6, "trace_bits": 5, "reward_bits": 4, "rounding": "stochastic", "decay_rounding": "stochastic"}
AROUND = {"lane_word", "lane_ports", "clear_word", "state_bits", "fields"}
RANDOM = {"lane_noise", "random_step", "random_hold", "random_restart", "lane_seeds", "lane_accept"}

# Module, a pattern and its replacement (one for both generators, or for each), the obligation that must not hold.
FAULTS = {
    "state from another field's bits": ("lane", r"pre_trace\(word_in\[10:6\]", "pre_trace(word_in[15:11]", "lane_word"),
    "two fields leave swapped": (
        "lane",
        r"(?s)_(p\w+)_trace\((word_out.{8})(.*)_(p\w+)_trace\(word_out",
        r"_\4_trace(\2\3_\1_trace(word_out",
        "lane_word",
    ),
    "noise words overlap": ("lane", r"noise\[7:4\]", "noise[6:3]", "lane_noise"),
    "noise bits reversed": ("lane", r"noise\[3:0\]", "{noise[0], noise[1], noise[2], noise[3]}", "lane_noise"),
    "pre and post swapped": ("lane", r"in_pre_spike\(in_pre_spike", "in_pre_spike(in_post_spike", "lane_ports"),
    "enable does not gate": ("lane", r"enable\(enable\)", "enable(1'b1)", "lane_ports"),
    "accept ignored": ("lane", r"step\(accept\)", "step(1'b1)", "random_hold"),
    "never steps": ("lane", r"step\(accept\)", "step(1'b0)", "random_step"),
    "wrong seed loaded": ("lane", r"seed\(seed\)", "seed({seed[29:0], seed[30]})", "random_restart"),
    "restart loses to accept": ("lane", r"restart\(restart\)", "restart(restart & ~accept)", "random_restart"),
    "wrong tap": ("random", r"27:12|K-1:K-FRESH", {"amaranth": "26:11", "verilog": "K-2:K-FRESH-1"}, "random_step"),
    "a bit of state too many": ("lane", r"endmodule", "reg more; always @(posedge clk) more <= ~more; endmodule", "state_bits"),
    "a word too many": ("memory", r"WORDS-1\]", "WORDS]", "structure"),
    "two lanes of one seed": ("", r"31'h42fe7f77", "31'h2a1c2d", "lane_seeds"),
    "clear writes another word": ("", r"(RESET_WORD = |clearing_reg \? )21'h0+", r"\g<1>21'h1", "clear_word"),
    "noise drawn in stalls": ("", r"enable & word_valid_reg", "word_valid_reg", "lane_accept"),
    "clear does not reseed": ("", r"rst \| clearing_reg", "rst", "lane_accept"),
}
# One of every sixth statement, the generators by turns.
DAILY = [
    (next(name for name, (*_, broken) in FAULTS.items() if broken == statement), GENERATORS[k % 2])
    for k, statement in enumerate([*dict.fromkeys(broken for *_, broken in FAULTS.values())][::6])
]


def run(core):
    return prove(core, [find_solver("yices")], parts=["datapath", "lane"])


def edit(core, module, pattern, new):
    path = core.folder / "_".join(filter(None, (core.design.name, module)))
    path = path.with_suffix(".v")
    text, count = re.subn(pattern, new[core.manifest["generator"]] if isinstance(new, dict) else new, path.read_text())
    assert count
    path.write_text(text)
    return load_core(core.folder)


@pytest.mark.parametrize(
    ("fault", "generator"),
    few(product(FAULTS, GENERATORS), DAILY, "further faults of the same statements, and each in the other text"),
)
def test_fault_is_refuted(make_core, generator, fault):
    module, pattern, new, wrong = FAULTS[fault]
    core = edit(make_core(generator, synapses=5, lanes=2, **SMALL), module, pattern, new)
    result = run(core)
    refuted = {o.name: o.note for o in result.obligations if o.verdict == "refuted"}
    assert set(refuted) == {wrong}  # and no other: the datapath is right
    assert "expected" in refuted[wrong] or "not" in refuted[wrong]
    found = result.counterexample
    if module in ("lane", "random") and wrong != "state_bits":
        assert found.obligation == wrong
        assert found.expected != found.found
        right = golden(core.design, found.run)
        assert found.expected == {name: right.values[name] for name in found.expected}
    else:
        assert found is None


@pytest.mark.parametrize("generator", few(["verilog", "amaranth"], 1, "the same obligations of the other text"))
def test_obligations_follow_the_noise(make_core, generator):
    names = {o.name for o in run(make_core(generator, synapses=5, lanes=2, **SMALL)).obligations}
    assert names >= AROUND | RANDOM
    names = {o.name for o in run(make_core(generator, **SMALL | {"rounding": "floor", "decay_rounding": "nearest"})).obligations}
    assert names >= AROUND
    assert not names & RANDOM


def test_initial_contents_count_and_are_not_read(make_core):
    core = make_core("verilog", synapses=3000, initial={"weight": np.arange(3000) % 60}, **SMALL)
    result = run(core)
    assert result.verdict == "proven"
    assert f"{3000 * core.design.spec.state_bits + core.design.spec.lfsr.bits:,} bits" in result.obligations[-1].statement


@pytest.mark.parametrize("fresh", [1, 28, 29, 62, 126])
def test_symbolic_bits_step_as_integers_do(fresh):
    lfsr = Lfsr(fresh)
    n = lfsr.bits
    stepped = lfsr.step(Bits(tuple(f"b{i}" for i in range(n))))
    value = 0x5A5A_1234_8765_CCC3_0F0F_7777_1357_9BDF & ((1 << n) - 1)

    def bit(text):
        names = re.findall(r"(?<!#)b(\d+)", text)
        assert re.fullmatch(r"#b0|b\d+|\((bvor|bvxor) .*\)", text)
        return sum(value >> int(name) & 1 for name in names) % 2

    assert sum(bit(text) << i for i, text in enumerate(stepped.bits)) == lfsr.step(value)
    with pytest.raises(ValueError, match="does not fit"):
        stepped.text(n - 1)


def test_golden_run_is_the_core_model(make_core):
    design = make_core("verilog", synapses=1, **SMALL).design
    model = CoreModel(design.rule, design.config, synapses=1)
    stall = {
        "enable": 0,
        "restart": 0,
        "accept": 0,
        "seed": 9,
        "word_in": 5,
        "in_pre_spike": 0,
        "in_post_spike": 1,
        "in_reward": 3,
    }
    clear = stall | {"restart": 1, "seed": design.seed(0)}
    update = stall | {"enable": 1, "accept": 1, "word_in": design.reset_value(), "in_pre_spike": 1, "in_reward": 0b1101}
    outputs = model.step({"pre_spike": [1], "post_spike": [1], "reward": -3})
    latency = design.spec.latency
    right = golden(design, [clear, stall, update, *[stall | {"enable": 1}, stall] * (latency - 1), stall])
    expected = {f"next_{name}": int(value[0]) for name, value in model.state.items()}
    expected |= {f"out_{name}": int(value[0]) for name, value in outputs.items()} | {"random_register": model.random_state[0]}
    assert right.values == expected
    assert right.inputs["reward"] == -3


def test_a_model_value_outside_its_field_is_refuted(make_core):
    core = make_core("verilog", **SMALL)

    def step(config, state, inputs):
        state, outputs = core.design.rule.step(config, state, inputs)
        return state | {"weight": state["weight"] + 1}, outputs

    design = dataclasses.replace(core.design, rule=dataclasses.replace(core.design.rule, step=step))
    result = run(dataclasses.replace(core, design=design))
    notes = {o.name: o.note for o in result.obligations if o.verdict == "refuted"}
    assert re.search(r"next_weight = \d+, allowed are", notes["fields"])


@check("what is not proven is told in every run")
def test_operands_that_match_no_multiplier_are_listed(make_core):
    core = edit(make_core("verilog", **SMALL), "datapath", r"reward_wide \* whole_wide", "(-reward_wide) * (-whole_wide)")
    lemma = next(o for o in run(core).obligations if o.name == "product_1")
    assert lemma.verdict == "no cut"
    assert "real one is asked" in lemma.note


@check("a proof, a simulator and a proof again; what a replay refuses is in every run")
@pytest.mark.parametrize(
    ("generator", "module", "pattern", "new"),
    [
        pytest.param("verilog", "datapath", r"pre_spike_1 \? post_trace", "post_spike_1 ? post_trace", id="datapath"),
        pytest.param("amaranth", "random", "27:12", "26:11", id="random-register"),
    ],
)
def test_replay_shows_what_the_proof_found(sc_hw, make_core, generator, module, pattern, new):
    core = make_core(generator, **SMALL)
    file = core.folder / "results" / "prove" / "counterexample.json"
    right = {path: path.read_text() for path in core.sources}
    edit(core, module, pattern, new)
    ask = ("prove", core.folder, "--solver", "yices", "--part", "datapath", "--part", "lane")
    status, out, _ = sc_hw(*ask)
    assert (status, f"sc-hw replay {core.folder}" in out) == (1, True)
    given = json.loads(file.read_text())

    status, out, err = sc_hw("replay", core.folder)
    assert status == 1, out + err
    record = json.loads((core.folder / "results" / "replay.json").read_text())
    assert (record["verdict"], record["as_proven"]) == ("fail", True)
    assert (record["expected"], record["found"]) == (given["expected"], given["found"])
    name = next(name for name, value in given["expected"].items() if given["found"][name] != value)
    assert f"{name} expected {given['expected'][name]}, found {given['found'][name]}" in out
    waves = core.folder / "results" / "replay" / "waves.vcd"
    assert str(waves) in out
    assert "word_out" in waves.read_text()

    for path, text in right.items():
        path.write_text(text)
    replay = simulate_run(load_core(core.folder), given["run"], core.folder / "results" / "replay")
    assert replay.wrong == []
    assert sc_hw(*ask)[0] == 0
    assert not file.exists()


def test_replay_refuses_other_files(sc_hw, make_core, tmp_path):
    core = make_core("verilog", **SMALL)
    shared = {
        "core": "dut",
        "rule": "r_stdp",
        "config": dataclasses.asdict(core.design.config),
        "obligation": "weight",
        "found": {},
    }
    for content, needle in (
        (None, "cannot be read"),
        ("[]", "not a counterexample"),
        (json.dumps(shared | {"core": "x", "run": []}), "another core or configuration"),
        (json.dumps(shared | {"run": []}), "no run of the lane"),
        (json.dumps(shared | {"run": [{"enable": 2}]}), "does not fit the ports"),
    ):
        path = tmp_path / "given.json"
        if content:
            path.write_text(content)
        status, out, err = sc_hw("replay", core.folder, path)
        assert (status, out) == (2, "")
        assert len(err.strip().splitlines()) == 1
        assert needle in err
    assert not (core.folder / "results").exists()

"""``sc-hw mutate``: nothing is in the gap of a sound check, and a weakened check has a gap."""

import dataclasses
import re
import shutil
import sys
from importlib import import_module
from pathlib import Path

import pytest

import sc_hw_sim
from sc_hw.errors import CheckError
from sc_hw.faults.equivalence import compare
from sc_hw.faults.plant import Mutant, fixed, plant_faults, plant_mutants
from sc_hw.manifest import load_core
from sc_hw.mutate.run import Judged, mutate
from sc_hw.proof.broken import find_broken
from sc_hw.proof.mutants import judge_mutants
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.emit import GENERATORS

from ..daily import check, few

MUTANT = Mutant(
    number=1, mode="inv", module="dut", cell="$and$dut.v:7$3", port="Y", bit=2, wire="enable", sources=("dut.v:7.1-7.9",)
)
SMALL = {"weight_bits": 4, "trace_bits": 4, "reward_bits": 3}


def run(core, tmp_path, count, seed=3):
    return mutate(core, count=count, seed=seed, solvers=[find_solver("yices")], timeout=60, output=tmp_path / "out")


@check("what is drawn, judged and found of an engine is in every run; make mutate has all presets")
@pytest.mark.parametrize(
    ("generator", "queued", "count"),
    few(
        [("amaranth", False, 1), ("amaranth", False, 8), ("verilog", True, 8)],
        1,
        "more mutants, and the other generator with a queue",
    ),
)
def test_no_mutant_is_in_the_gap(make_core, tmp_path, generator, queued, count):
    daily = count == 1  # of a small core, and from a seed that draws no mutant over which ABC takes long
    sizes = {"synapses": 4, **SMALL} if daily else {"synapses": 12}
    core = make_core(generator, lanes=2, queued=queued, rounding="stochastic", **sizes)
    result = run(core, tmp_path, count, seed=5 if daily else 3)
    kinds = ["reset" if judged.mutant.mode == "reset" else bool(judged.mutant.fault) for judged in result.mutants]
    assert kinds == [False] * count + ["reset"] * count + [True] * count
    assert [judged.mutant.text for judged in result.mutants if judged.gap] == []
    assert result.verdict == "pass"
    assert all(judged.difference for judged in result.mutants if judged.simulation == "killed")
    assert len({judged.mutant.module for judged in result.mutants}) > (1 if daily else 2)
    assert dataclasses.replace(result, mutants=[]).verdict == "fail"


def test_a_core_that_is_wrong_has_no_mutants(make_core, tmp_path):
    """It passes a simulation; of its mutants the proof would refute all, for what is wrong without them."""
    core = make_core("verilog", synapses=4)
    path = core.folder / "dut_datapath.v"
    text = path.read_text()
    rare = "weight_1 <= state_weight ^ {15'd0, (state_weight == 16'hBEEF) & (state_pre_trace == 12'h5A5)};"
    assert "weight_1 <= state_weight;" in text
    path.write_text(text.replace("weight_1 <= state_weight;", rare))
    with pytest.raises(CheckError, match=r"not proven as it is, .* \(next_weight refuted.*run sc-hw prove"):
        run(load_core(core.folder), tmp_path, 1)
    assert not (tmp_path / "out").exists()


@check("it builds and proves a core to see one verdict; what is a gap is told in every run")
def test_a_scoreboard_that_does_not_compare_has_a_gap(make_core, tmp_path, monkeypatch):
    """The simulation runs a copy of the testbench that compares no state written and no output."""
    shutil.copytree(Path(sc_hw_sim.__file__).parent, tmp_path / "weak" / "sc_hw_sim")
    board = tmp_path / "weak" / "sc_hw_sim" / "scoreboard.py"
    text = board.read_text()
    board.write_text(text.replace("if first:", "if first and False:"))
    assert board.read_text() != text
    monkeypatch.setattr(sys, "path", [str(tmp_path / "weak"), *sys.path])
    monkeypatch.setattr(import_module("sc_hw.mutate.run"), "_ROUNDS", (1,))
    result = run(make_core(synapses=4, **SMALL), tmp_path, 1)
    assert {judged.gap for judged in result.mutants} >= {"survives simulation"}
    assert result.verdict == "fail"


@pytest.mark.parametrize(
    ("simulation", "proof", "gap"),
    [
        ("killed", "refuted", ""),
        ("killed", "differs", ""),
        ("survives", "equivalent", ""),
        ("survives", "refuted", "survives simulation"),
        ("killed", "equivalent", "simulation kills what the proof calls equivalent"),
        ("killed", "unknown", "the proof does not decide"),
        ("survives", "unknown", "the proof does not decide"),
    ],
)
def test_what_is_a_gap(simulation, proof, gap):
    judged = Judged(mutant=MUTANT, simulation=simulation, difference="", proof=proof, evidence="")
    assert judged.gap == gap
    assert judged.to_dict()["text"] == "inv enable at and.Y[2], dut.v:7.1-7.9"


def test_equivalence_tells_the_same_circuit_from_another(make_core, tmp_path):
    core, mutants = plant_mutants(make_core(synapses=4), 60, 1, tmp_path)
    gold = fixed(core, 0, tmp_path / "gold")
    assert compare(gold, gold, "dut", timeout=60) == ("equal", "")
    data = next(m for m in mutants if m.module == "dut" and m.mode == "inv")
    verdict, evidence = compare(gold, fixed(core, data.number, tmp_path / "gate"), "dut", timeout=60)
    assert verdict == "different", data.text
    assert "clock" in evidence


@check("bits of a datapath are compared in every run")
def test_a_memory_bit_that_is_never_written_is_different(make_core, tmp_path):
    """An undefined value is not one that equals any other."""
    core = make_core(synapses=4)
    path = core.folder / "dut_memory_0.v" if (core.folder / "dut_memory_0.v").is_file() else core.folder / "dut_memory.v"
    planted, _ = plant_mutants(core, 1, 1, tmp_path)
    path.write_text(path.read_text().replace("<= write_data[column+:BITS]", "<= write_data[column+:BITS] & ~52'h20"))
    changed, _ = plant_mutants(load_core(core.folder), 1, 1, _made(tmp_path / "changed"))
    gold, gate = fixed(planted, 0, tmp_path / "gold"), fixed(changed, 0, tmp_path / "gate")
    assert compare(gold, gate, path.stem, timeout=60)[0] == "different"


@pytest.mark.parametrize(("bit", "verdict"), [(0, "equal"), (1, "different")])
def test_a_bit_that_the_datapath_ignores(make_core, tmp_path, bit, verdict):
    """The largest code locks the weight, and any other leaves the drive even: the lowest bit of the noise decides nothing."""
    core = make_core(synapses=4, rule="three_factor", consolidation="shift", code_bits=1, learning_shift=2, activity_bits=1)
    planted, _ = plant_mutants(core, 1, 1, tmp_path)
    path = core.folder / "dut_lane.v"
    path.write_text(path.read_text().replace("_noise(noise)", f"_noise(noise | 3'd{1 << bit})"))
    changed, _ = plant_mutants(load_core(core.folder), 1, 1, _made(tmp_path / "changed"))
    gold, gate = fixed(planted, 0, tmp_path / "gold"), fixed(changed, 0, tmp_path / "gate")
    assert compare(gold, gate, "dut_lane", timeout=60)[0] == "different"
    assert compare(gold, gate, "dut_lane", timeout=60, through=True)[0] == verdict


@check("two registers that a reset does not set are in every run")
def test_a_register_that_a_reset_leaves_for_two_clocks(make_core, tmp_path):
    """How far a read was when a reset came is forgotten before another one gets there: seen by induction over two clocks."""
    core = make_core("verilog", synapses=12, lanes=2, queued=True, rounding="stochastic")
    planted, mutants = plant_mutants(core, 60, 3, tmp_path)
    kept = next(m for m in mutants if m.text == "reset: dut.picked_reg keeps its value in a reset")
    gold, gate = fixed(planted, 0, tmp_path / "gold"), fixed(planted, kept.number, tmp_path / "gate")
    assert compare(gold, gate, "dut", timeout=60) == ("equal", "")


@pytest.mark.parametrize(
    ("register", "verdict"),
    few([("word_valid_reg", "different"), ("clearing_reg", "equal")], 1, "one that makes no difference, which takes longer"),
)
def test_a_register_that_a_reset_does_not_set(make_core, tmp_path, register, verdict):
    """Whether the core was clearing decides nothing until the next command says it; that a word is there does."""
    planted, mutants = plant_mutants(make_core(synapses=4, rounding="stochastic", **SMALL), 60, 1, tmp_path)
    kept = next(m for m in mutants if m.text == f"reset: dut.{register} keeps its value in a reset")
    gold, gate = fixed(planted, 0, tmp_path / "gold"), fixed(planted, kept.number, tmp_path / "gate")
    assert {compare(gold, gate, "dut", timeout=60, enabled=enabled)[0] for enabled in (False, True)} == {verdict}


UNSEEN = {
    "a beat that there is not": ("result_last = ([^;]+);", r"result_last = \1 & result_valid;", "equal"),
    "a beat that waits": ("result_last = ([^;]+);", r"result_last = \1 & result_ready;", "different"),
    "a word that is not written": (r"\.write_data\((\w+)\)", r".write_data(\1 & {WORD_BITS{write_enable_0}})", "equal"),
}


@pytest.mark.parametrize("where", few(UNSEEN, 1, "what waits is seen, in every run, where a register of it is not reset"))
def test_what_nobody_looks_at_may_differ(make_core, tmp_path, where):
    """What a stream holds while it offers no beat, and what a memory is given while it takes nothing."""
    old, new, verdict = UNSEEN[where]
    core = make_core("verilog", synapses=4, **SMALL)
    planted, _ = plant_mutants(core, 1, 1, tmp_path)
    path = core.folder / "dut.v"
    text, count = re.subn(old, new, path.read_text())
    assert count == 1
    path.write_text(text)
    changed, _ = plant_mutants(load_core(core.folder), 1, 1, _made(tmp_path / "changed"))
    gold, gate = fixed(planted, 0, tmp_path / "gold"), fixed(changed, 0, tmp_path / "gate")
    assert compare(gold, gate, "dut", timeout=60)[0] == "different"
    assert compare(gold, gate, "dut", timeout=60, enabled=True)[0] == verdict


@check("what a stream holds while it offers no beat is compared in every run")
@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("wrong", ["keeps its value in a reset", "is reset to the value with its lowest bit inverted"])
def test_whether_rows_were_cleared_is_invisible_behind_a_reset(make_crossbar, tmp_path, generator, wrong):
    """It decides what goes with a word that is none; the theorem of an engine that skips rows takes minutes to say so."""
    core = make_crossbar(generator, pre=20, post=4)
    planted, mutants = plant_faults(core, (), tmp_path, registers=200, seed=1)
    chosen = [m for m in mutants if m.text == f"reset: dut_synapses.clearing_reg {wrong}"]
    numbers = [mutant.number for mutant in chosen]
    found = judge_mutants(
        core, planted, chosen, numbers, [find_solver("yices")], timeout=20, folder=_made(tmp_path / "each"), progress=lambda: None
    )
    assert [verdict for verdict, _ in found.values()] == ["equivalent"]


@check("one kind of memory is compared in every run")
def test_memories_of_several_kinds_are_compared(make_core, tmp_path):
    """One instance without a parameter that the other one sets: to Yosys these are two modules, with names of its own."""
    core = make_core("verilog", synapses=2, lanes=2, queued=True, weight_bits=2, trace_bits=2, reward_bits=2)
    path = core.folder / "dut.v"
    text = re.sub(r", \.COLUMN_BITS\(\d+\)", "", path.read_text(), count=1)
    assert text != path.read_text()
    path.write_text(text)
    planted, mutants = plant_mutants(load_core(core.folder), 60, 1, tmp_path)
    gold = fixed(planted, 0, tmp_path / "gold")
    kept = next(m for m in mutants if m.text == "reset: dut.state_reg keeps its value in a reset")
    gate = fixed(planted, kept.number, tmp_path / "gate")
    for other, verdict in ((gold, "equal"), (gate, "different")):
        assert compare(gold, other, "dut", timeout=60, enabled=True)[0] == verdict
    assert compare(gold, gold, core.design.memory_module(0), timeout=60)[0] == "equal"


@pytest.mark.parametrize(
    ("synapses", "verdict"), few([(16, "different"), (4, "equal")], 1, "what is equal of a datapath is told in every run")
)
def test_a_reward_that_is_not_held(make_core, tmp_path, synapses, verdict):
    """A stall that does not hold the reward shows only where sweeps overlap: else one reward at a time is under way."""
    core = make_core(synapses=synapses, weight_bits=2, trace_bits=2, reward_bits=2, learning_shift=0, trace_decay_shift=1)
    planted, _ = plant_mutants(core, 1, 1, tmp_path)
    path = core.folder / "dut_datapath.v"
    text = path.read_text()
    held = "      reward_1 <= in_reward;\n"
    assert text.count(held) == 1
    text = text.replace(held, "").replace("endmodule\n", "  always @(posedge clk) reward_1 <= in_reward;\nendmodule\n")
    path.write_text(text)
    changed, _ = plant_mutants(load_core(core.folder), 1, 1, _made(tmp_path / "changed"))
    gold, gate = fixed(planted, 0, tmp_path / "gold"), fixed(changed, 0, tmp_path / "gate")
    assert core.design.overlap == (verdict == "different")
    assert compare(gold, gate, "dut_datapath", timeout=60)[0] == "different"
    assert compare(gold, gate, "dut_datapath", timeout=60, through=True)[0] == verdict


@check("what is drawn and how it is judged is in every run; make mutate has all presets")
@pytest.mark.parametrize("every", few([24, 6, 1], 1, "more of the inverted bits; every 24th of a module is in every run"))
def test_a_broken_statement_of_the_engine_is_found(make_core, tmp_path, every):
    """Inverted bits of the engine and of its memory break one, and the core without a mutant breaks none.

    Each register in a reset asks for the number, too: one that is not told it may hold any fault, and breaks statements.
    """
    core, mutants = plant_mutants(make_core(synapses=4, **SMALL), 60, 2, tmp_path)
    unused = 1 + max(mutant.number for mutant in mutants)
    assert {m.wire for m in mutants if m.mode == "reset"} >= {"state_reg", "valid_reg", "word_valid_reg", "clearing_reg"}
    for name in ("dut", core.design.memory_module(0)):
        broken = find_broken(core, name)
        assert (broken(0, 2), broken(unused, 2)) == (None, None)
        inverted = [m for m in mutants if m.module == name and m.mode == "inv"][::every]
        assert inverted
        kept = [m for m in mutants if m.module == name and m.text.endswith(".state_reg keeps its value in a reset")]
        assert all(broken(mutant.number, 60) for mutant in inverted + kept)


def _made(folder):
    folder.mkdir()
    return folder


def test_places_are_lines_of_the_emitted_files(make_core, tmp_path):
    core = make_core(synapses=12)
    _, mutants = plant_mutants(core, 40, 1, tmp_path)
    assert len([m for m in mutants if m.mode != "reset"]) == 40
    lines = {path.name: path.read_text().splitlines() for path in core.sources}
    named = [m for m in mutants if m.wire and m.module == "dut" and "." not in m.wire]
    assert named
    for mutant in named:
        spans = [source.partition(":") for source in mutant.sources]
        assert any(mutant.wire in lines[name][int(place.split(".")[0]) - 1] for name, _, place in spans), mutant.text

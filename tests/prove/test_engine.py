"""Proofs of emitted engines, and planted faults that must not pass."""

import json
import re
from itertools import product

import numpy as np
import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.proof.engine import cover_engine, prove_engine
from sc_hw.rtl.emit import GENERATORS

from ..daily import check, few
from .questions import ask, first_refuted

SMALL = {"weight_bits": 2, "trace_bits": 2, "reward_bits": 2}
STOCHASTIC = SMALL | {"rounding": "stochastic"}

# Synapses, lanes, settings: padding, waiting and overlapping sweeps, deep memories, noise.
SHAPES = {
    "3 on 2 lanes, noise": (3, 2, STOCHASTIC),
    "10 words, the fewest that overlap": (10, 1, SMALL),
    "1 word": (1, 1, SMALL),
    "2 words": (2, 1, SMALL),
    "5 on 3 lanes": (5, 3, SMALL),
    "9 words, the most that wait": (9, 1, SMALL),
    "32 on 3 lanes, noise": (32, 3, STOCHASTIC),
    "default": (1024, 1, {}),
    "65536": (65536, 1, {}),
    "257 on 8 lanes": (257, 8, {}),
}
DAILY = [("3 on 2 lanes, noise", "amaranth")]


def run(core, tmp_path, *solvers, covers=True):
    return ask(prove_engine, core, tmp_path, *(solvers or ("yices",)), timeout=600, covers=cover_engine if covers else None)


@pytest.mark.parametrize(
    ("shape", "generator"),
    few(product(SHAPES, GENERATORS), DAILY, "deeper cores, and each by both generators"),
)
def test_proven(make_core, tmp_path, shape, generator):
    synapses, lanes, config = SHAPES[shape]
    core = make_core(generator, synapses=synapses, lanes=lanes, **config)
    obligations = run(core, tmp_path)
    assert {o.verdict for o in obligations} == {"proven"}, [vars(o) for o in obligations if o.verdict != "proven"]
    names = {o.name for o in obligations}
    assert {"engine_memory", "engine_sweep", "engine_streams", "engine_clear", "engine_reset", "engine_host", "inside"} <= names
    assert ("engine_noise" in names) == ("rounding" in config)
    assert {"cover_clear", "cover_load_and_read_back", "cover_load_and_update", "cover_reset_then_result"} <= names


# A pattern and what replaces it in the Verilog generator's text, the same for Amaranth's where that differs, the statements
# of which one must be refuted, synapses and lanes.
FAULTS = {
    "sweep not drained": (
        (r"command_ready = \(state_reg == IDLE\) & drained", "command_ready = (state_reg == IDLE) & (drained | ~command_clear)"),
        ("command_ready = resting & drained", "command_ready = resting & (drained | ~command_clear)"),
        ("engine_streams", "engine_sweep"),
        (3, 1),
    ),
    "write address off by one": (
        (r"write_address_reg \+ 2'd1", "write_address_reg + 2'd2"),
        (r"write_address_reg} \+ 3'h1", "write_address_reg} + 3'h2"),
        ("engine_sweep", "engine_streams"),
        (3, 1),
    ),
    "address of the host kept": (
        (r"host_address : 2'd0;\n    else if \(issue", "host_address : address_reg;\n    else if (issue"),
        (r"host_first \? host_address : 2'h0", "host_first ? host_address : address_reg"),
        ("engine_sweep", "engine_streams"),
        (3, 1),
    ),
    "result not held": (
        (r"enable = ~result_valid \| result_ready", "enable = 1'b1"),
        None,
        ("engine_streams", "engine_sweep"),
        (3, 1),
    ),
    "store in a sweep": (
        ("host_store = host_accept & host_write", "host_store = host_valid & host_write"),
        None,
        ("engine_sweep", "engine_host"),
        (3, 1),
    ),
    "clear skips the last word": (
        (r"write_enable_0 = write_back \|", "write_enable_0 = (write_back & ~(clearing_reg & write_last)) |"),
        None,
        ("engine_sweep", "engine_clear"),
        (3, 1),
    ),
    "event taken while stalled": (
        (r"(event_ready = sweeping & ~clearing_reg) & enable", r"\1"),
        None,
        ("engine_streams",),
        (3, 1),
    ),
    "padding written": (("write_back & ~write_last", "write_back"), None, ("engine_sweep",), (3, 2)),
    "step input of the next timestep": (
        ("word_reward_reg <= fetch_reward_reg", "word_reward_reg <= step_reward_reg"),
        None,
        ("engine_sweep", "engine_streams"),
        (10, 1),
    ),
    "memory loses the last word": (
        (r"if \(write_enable\) words", "if (write_enable && write_address != WORDS - 1) words"),
        None,
        ("engine_memory",),
        (3, 1),
    ),
    "valid bits ignore the stall": (
        (r"if \(enable\) begin\n      fetch_valid_reg <= issue;", "fetch_valid_reg <= issue;\n    if (enable) begin"),
        (r"enable \? issue : fetch_valid_reg", "issue"),
        ("engine_streams", "engine_sweep"),
        (3, 1),
    ),
    "event of the next word": (
        ("word_pre_spike_reg <= fetch_pre_spike_reg", "word_pre_spike_reg <= event_pre_spike"),
        None,
        ("engine_sweep", "engine_streams"),
        (3, 1),
    ),
    "reset leaves the pipeline": (
        (r" valid_reg <= {LATENCY{1'b0}};", ""),
        (r"rst \? 7'h00 :", "1'b0 ? 7'h00 :"),
        ("engine_streams", "engine_reset"),
        (3, 1),
    ),
    "reset leaves the sequencer": (
        (r"(if \(rst\) begin\s+)state_reg <= IDLE;", r"\1"),
        (r"rst \? 3'h0 :", "1'b0 ? 3'h0 :"),
        ("engine_streams", "engine_reset"),
        (3, 1),
    ),
    "reset leaves a word on its way": (
        ("occupied_reg <= 1'b0;", ""),
        (r"rst \? 1'h0 : \(issue", "1'b0 ? 1'h0 : (issue"),
        ("engine_streams", "engine_reset"),
        (3, 1),
    ),
    "the last words forgotten": (
        (r" \| \(\|valid_reg\[\w+-2:0\]\)", ""),
        (r" \| \(\|valid_reg\[5:0\]\)", ""),
        ("engine_streams", "engine_sweep"),
        (3, 1),
    ),
    "a result that waits forgotten": ((r" \| ~enable", ""), None, ("engine_streams", "engine_sweep"), (3, 1)),
    "an early mark overlooked": (
        (r"\(event_last != issue_last\)", "(~event_last & issue_last)"),
        None,
        ("engine_marks",),
        (3, 1),
    ),
    "a later breach told, too": (
        (r"\s*& ~\(event_unexpected_reg \| event_missing_reg\)", ""),
        None,
        ("engine_marks",),
        (3, 1),
    ),
    "a mark told that is not taken": (
        (r"event_ready & (\(event_last != issue_last\))", r"\1"),
        None,
        ("engine_marks",),
        (3, 1),
    ),
    "last flag on the first beat": (
        ("result_last = write_last", "result_last = (write_address_reg == 0)"),
        None,
        ("engine_streams",),
        (3, 1),
    ),
    "read answered too early": (
        ("READ: state_reg <= READBACK", "READ: state_reg <= IDLE"),
        ("readback_valid = state_reg == 3'h4", "readback_valid = state_reg == 3'h3"),
        ("engine_host", "engine_streams"),
        (3, 1),
    ),
    "a command passes twice": ((r" & ~host_passed_reg;", ";"), None, ("engine_host", "engine_streams"), (3, 1)),
    "a host access starves": (
        (r"host_first = host_passed_reg \| ~command_valid", "host_first = ~command_valid"),
        None,
        ("engine_host", "engine_streams"),
        (3, 1),
    ),
    "store in every lane": ((r" & \(host_lane == 1'd1\)", ""), (r" & \(host_lane == 1'h1\)", ""), ("engine_sweep",), (3, 2)),
    "noise drawn in bubbles": (("enable & word_valid_reg", "enable"), None, ("engine_noise",), (3, 2)),
    "clear keeps the noise": ((r"rst \| clearing_reg", "rst"), None, ("engine_noise",), (3, 2)),
}
DAILY_FAULTS = ["result not held"]


def plant(core, pattern, new):
    """Replace the pattern wherever it stands."""
    texts = {path: path.read_text() for path in core.sources}
    changed = {path: re.sub(pattern, new, text) for path, text in texts.items()}
    assert changed != texts, pattern
    for path, text in changed.items():
        path.write_text(text)
    return load_core(core.folder)


@pytest.mark.parametrize("generator", few(["verilog", "amaranth"], 1, "the same faults in the other generator's text"))
@pytest.mark.parametrize(
    "fault", few(FAULTS, DAILY_FAULTS, "further faults; of what goes in and of what comes out one is in every run")
)
def test_fault_is_refuted(make_core, tmp_path, fault, generator):
    verilog, amaranth, broken, (synapses, lanes) = FAULTS[fault]
    core = make_core(generator, synapses=synapses, lanes=lanes, **(STOCHASTIC if lanes > 1 else SMALL))
    core = plant(core, *(verilog if generator == "verilog" else amaranth or verilog))
    refuted = first_refuted(prove_engine, core, tmp_path, broken, solver="yices", timeout=600)
    assert refuted
    assert "waveform" in refuted.note
    assert list((tmp_path / "traces").glob("*.vcd"))


@check("a core with initial contents is proven and simulated in every run")
@pytest.mark.parametrize("generator", GENERATORS)
def test_initial_contents_outlive_the_reset_after_power_up(make_core, tmp_path, generator):
    core = make_core(generator, synapses=4, lanes=2, initial={"weight": np.arange(4) % 2}, **SMALL)
    assert {"engine_kept": "proven"}.items() <= {o.name: o.verdict for o in run(core, tmp_path, covers=False)}.items()
    core = plant(core, r"(assign|wire) write_enable_1 = (.*);", r"\1 write_enable_1 = (\2) | (rst & host_write);")
    assert first_refuted(prove_engine, core, tmp_path, ("engine_kept",), solver="yices", timeout=600)


@check("test_prove.py has the verb in every run, and this file the engine")
def test_verb(make_core, sc_hw):
    core = make_core("verilog", synapses=3, **SMALL)
    status, out, err = sc_hw("prove", core.folder, "--part", "engine", "--solver", "yices")
    assert status == 0, out + err
    assert "PASS dut: 15 of 15 obligations proven by yices" in out
    record = json.loads((core.folder / "results" / "prove.json").read_text())
    assert record["tools"].keys() == {"yosys", "yices", "sby"}


@check("test_fault_is_refuted asks for the waveform in every run")
def test_verb_fails_and_leaves_a_waveform(make_core, sc_hw):
    core = make_core("verilog", synapses=3, **SMALL)
    plant(core, "if .write_enable. words", "if (write_enable && write_address != 1) words")
    status, out, err = sc_hw("prove", core.folder, "--part", "engine", "--solver", "yices")
    assert status == 1, err
    assert "FAIL dut" in out
    assert (core.folder / "results" / "prove" / "dut_memory.vcd").is_file()


@check("a fault that is harmless; which are refuted is in every run")
@pytest.mark.parametrize("queued", [False, True])
def test_what_only_the_next_command_decides(make_core, tmp_path, queued):
    """Whether the core was clearing may be kept over a reset: nothing looks at it until the next command has set it."""
    core = make_core("verilog", synapses=3, queued=queued, **SMALL)
    core = plant(core, r"      state_reg <= IDLE;\n      clearing_reg <= 1'b0;", "      state_reg <= IDLE;")
    obligations = run(core, tmp_path, covers=False)
    assert {o.verdict for o in obligations} == {"proven"}, [vars(o) for o in obligations if o.verdict != "proven"]


PINS = {
    "in_pre_spike": r"in_pre_spike\((word_pre_spike_reg\[\d\])",
    "enable": r"enable\((enable)(?=\),\s*\.restart\(rst)",
    "word_in": r"word_in\((word_reg_\d)",
}


@check("a core that is proven, and one that is not, is in every run")
@pytest.mark.parametrize("pin", PINS)
def test_what_enters_a_lane_in_a_reset_means_nothing(make_core, tmp_path, pin):
    core = make_core("verilog", synapses=3, lanes=2, rounding="stochastic", **SMALL)
    bits = core.design.spec.state_bits if pin == "word_in" else 1
    core = plant(core, PINS[pin], rf"{pin}(\1 & {{{bits}{{~(rst | clearing_reg)}}}}")
    obligations = run(core, tmp_path, covers=False)
    assert {o.verdict for o in obligations} == {"proven"}, [vars(o) for o in obligations if o.verdict != "proven"]


def test_other_clocks_and_assumptions(make_core, tmp_path):
    core = make_core("verilog", synapses=3, **SMALL)
    with pytest.raises(UserError, match="'assume' is not allowed"):
        plant(core, "endmodule\n`resetall", "always @* assume (!rst);\nendmodule\n`resetall")
    core = make_core("verilog", synapses=3, **SMALL)
    with pytest.raises(UserError, match="'negedge' is not allowed"):
        plant(core, r"always @.posedge clk. if .enable. word_reg_0", "always @(negedge clk) if (enable) word_reg_0")
    core = make_core("verilog", synapses=3, **SMALL)
    core = plant(core, r"always @.posedge clk. if .enable. word_reg_0", "always @(posedge rst) if (enable) word_reg_0")
    with pytest.raises(UserError, match="rising edge of clk"):
        run(core, tmp_path)

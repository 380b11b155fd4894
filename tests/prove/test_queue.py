"""Proofs of cores whose results wait in a queue, and planted faults that must not pass."""

import pytest

from sc_hw.proof.engine import prove_engine
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.emit import GENERATORS

from ..daily import check, few
from .questions import first_refuted
from .test_engine import SMALL, STOCHASTIC, plant, run

# Synapses, lanes, settings: the first one is for every run.
SHAPES = {
    "3 words": (3, 1, SMALL),
    "3 on 2 lanes, noise": (3, 2, STOCHASTIC),
    "10 words, the fewest that overlap": (10, 1, SMALL),
    "1 word": (1, 1, SMALL),
    "16384 on 16 lanes": (16384, 16, {}),
}

DAILY = ["event issued without room"]
# A pattern and what replaces it, the same for Amaranth's text where that differs, and the statements of which one falls.
FAULTS = {
    "there is always room": (
        (r"room = ~promised_reg\[(SLOT_BITS|4)\]", "room = 1'b1"),
        None,
        ("queue_room",),
    ),
    "a result that waits is overwritten": (
        ("move = ~valid_reg . result_ready", "move = 1'b1"),
        None,
        ("queue_order",),
    ),
    "event issued without room": (
        (r"\(event_valid & room\)", "event_valid"),
        (r"event_valid & room", "event_valid"),
        ("engine_streams", "engine_sweep", "engine_queue"),
    ),
    "idle while results wait": ((" & ~waiting", ""), (r"idle = (\w+) & \w+", r"idle = \1"), ("engine_streams",)),
    "a slot is free twice": (
        ("else if .pop & ~reserve.", "else if (pop)"),
        (r": \(pop & ~reserve\) \?", ": pop ?"),
        ("queue_room", "inside"),
    ),
    "a reset keeps what was promised": (
        (r"promised_reg <= 5'd0;", ""),
        (r"rst \? 5'h00 :", "1'b0 ? 5'h00 :"),
        ("queue_room",),
    ),
    "a clear gives results": (
        (r"pushed_valid = (\w+(?:\[\d+\])?) & ~clearing_reg", r"pushed_valid = \1"),
        None,
        ("engine_streams",),
    ),
    "an event reserves before it is taken": (
        ("reserve = event_valid & event_ready", "reserve = event_valid"),
        None,
        ("engine_queue",),
    ),
}


@check("all statements of a whole queue; that the right ones are refuted, and one core with a queue, are in every run")
@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("shape", SHAPES)
def test_proven(make_core, tmp_path, shape, generator):
    synapses, lanes, config = SHAPES[shape]
    obligations = run(make_core(generator, synapses=synapses, lanes=lanes, queued=True, **config), tmp_path, "bitwuzla")
    assert {o.verdict for o in obligations} == {"proven"}, [vars(o) for o in obligations if o.verdict != "proven"]
    names = [o.name for o in obligations]
    assert {"engine_memory", "queue_memory", "engine_queue", "queue_room", "queue_order", "cover_queue_full"} <= set(names)


@check("a queue is selftested and met by every corner in every run, and a fault of an engine is refuted")
@pytest.mark.parametrize("generator", few(["verilog", "amaranth"], 1, "the same faults in the other generator's text"))
@pytest.mark.parametrize("fault", few(FAULTS, DAILY, "further faults of the same statements, or longer to refute"))
def test_fault_is_refuted(make_core, tmp_path, fault, generator):
    verilog, amaranth, broken = FAULTS[fault]
    core = make_core(generator, synapses=3, queued=True, **SMALL)
    core = plant(core, *(verilog if generator == "verilog" else amaranth or verilog))
    refuted = first_refuted(prove_engine, core, tmp_path, broken, solver="bitwuzla", timeout=600)
    assert refuted
    assert "waveform" in refuted.note


@check("a second solver's opinion of the same statements")
@pytest.mark.parametrize("solver", ["yices"])
def test_the_other_solver_agrees(make_core, tmp_path, solver):
    obligations = run(make_core(synapses=3, queued=True, **SMALL), tmp_path, solver, covers=False)
    assert {o.verdict for o in obligations} == {"proven"}
    assert {answer["solver"] for o in obligations for answer in o.answers} == {find_solver(solver).name}


@check("a fault that is harmless; which are refuted is in every run")
def test_what_the_last_command_was_matters_to_nobody_after_a_reset(make_core, tmp_path):
    """A register that a reset leaves is not seen by a user before the next command sets it: proven, not undecided."""
    core = plant(make_core("verilog", synapses=3, lanes=2, queued=True, **STOCHASTIC), r"      clearing_reg <= 1'b0;\n", "")
    assert {o.verdict for o in run(core, tmp_path, "yices", covers=False)} == {"proven"}

"""Proofs of what keeps a timestep's beats of a stream, for both generators, and planted faults that must not pass."""

import re
from types import SimpleNamespace

import pytest

from sc_hw.proof.graph import _alone, block_task
from sc_hw.rtl.amaranth import AmaranthModule, _rtlil, written
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.emit import GENERATORS
from sc_hw.rtl.event_store import EventStore
from sc_hw.rtl.order import stores_of
from sc_hw.rtl.verilog import block_text, memory_file
from sc_hw_models.registry import get_rule

from ..daily import few
from .questions import ask, first_refuted

RULE = get_rule("r_stdp")


def kept(beats, generator, pattern="", new=""):
    """Return what a proof asks of an emitted crossbar, of the store of its presynaptic events alone, with an edit of its text."""
    design = CrossbarDesign.made("dut", RULE, RULE.config_type(), pre=beats, post=1, lanes=1)
    (store,) = stores_of(design.graph).values()
    if generator == "amaranth":
        module = AmaranthModule(store.purpose, store.ports(), _rtlil(store.name, EventStore(store), reset=True))
        text = written({store.name: module})[f"{store.name}.v"]
    else:
        text = block_text(store.template, store)
    if pattern:
        text, count = re.subn(pattern, new, text)
        assert count == 1, (pattern, count)
    files = {f"{store.name}.v": text, **memory_file(f"{store.name}_memory", store.kept)}
    return SimpleNamespace(design=design, verilog_text=files, folder="dut")


def prove_store(inquiry):
    design = inquiry.core.design
    for place, block, room in _alone(design.graph):
        tasks = [block_task(design, place, block, room, inquiry.sources, inside=inside) for inside in (True, False)]
        yield from inquiry.decide(f"{block.name}{room.title}", *tasks, room.statements)


def cover_store(inquiry):
    design = inquiry.core.design
    for place, block, room in _alone(design.graph):
        if covers := room.covers(place, block):
            task = block_task(design, place, block, room, inquiry.sources, inside=None)
            yield from inquiry.cover("covers", task, covers, room.depth(block))


# Beats: one, no power of two, one, the most of a shift register, the least of a carry chain.
SHAPES = [
    (5, "verilog"),
    (1, "amaranth"),
    (5, "amaranth"),
    (64, "amaranth"),
    (64, "verilog"),
    (256, "verilog"),
    (257, "amaranth"),
]


@pytest.mark.parametrize(("beats", "generator"), few(SHAPES, 1, "other sizes, the other generator"))
def test_proven(beats, generator, tmp_path):
    obligations = ask(prove_store, kept(beats, generator), tmp_path, covers=cover_store)
    covers = ["cover_kept_pre_event_kept"] if beats <= 16 else []
    assert [(o.name, o.verdict) for o in obligations] == [(name, "proven") for name in ("store", "order", *covers)], obligations


@pytest.mark.parametrize("generator", GENERATORS)
def test_more_beats_than_a_shift_register_counts_are_counted_by_a_carry_chain(generator):
    """Of what both generators emit of one size more than the longest shift register has."""
    most, more = (kept(beats, generator).verilog_text["dut_pre_event_store.v"] for beats in (256, 257))
    assert ("^" in most, "^" in more) == (True, False)
    assert re.search(r"write_reg\}? \+ \d+'[dh]0*1", more)


FAULTS = {  # what is replaced in the Verilog generator's text, and the statement that must be refuted
    "a timestep is not taken whole": (r"event_ready = ~\(full_reg & same\)", "event_ready = ~(stored & valid_reg)", "store"),
    "a slot is overwritten": (r"event_ready = ~\(full_reg & same\)", "event_ready = 1'b1", "store"),
    "a beat that waits is overwritten": (r"stored & \(~valid_reg \| beat_ready\)", "stored", "store"),
    "a beat is given twice": (r"if \(pop\) read_reg", "if (pop & event_valid) read_reg", "order"),
    "a lost clock": (r"stored & \(~valid_reg \| beat_ready\)", "stored & ~valid_reg", "store"),
    "full is taken for empty": (r"push \| \(full_reg & same\)", "push & ~same", "store"),
    "the mark is lost": (r"event_pre_spike, event_last\}", "event_pre_spike, 1'b0}", "store"),
    "a reset keeps what is on offer": (r"      valid_reg <= 1'b0;\n", "", "store"),
    "a reset keeps an address": (r"      read_reg <= 3'd0;\n", "", "order"),
    "slots in a shorter circle": (r"~\(write_reg\[2\] \^ write_reg\[1\]\)", "~write_reg[2]", "order"),
}


@pytest.mark.parametrize("fault", few(FAULTS, ["a timestep is not taken whole"], "further faults of the same statements"))
def test_fault_is_refuted(fault, tmp_path):
    pattern, new, statement = FAULTS[fault]
    assert first_refuted(prove_store, kept(5, "verilog", pattern, new), tmp_path, {statement})

"""Proofs of what joins the cores of a layer, and planted faults that must not pass."""

import json
import re

import pytest

from sc_hw.manifest import load_core
from sc_hw.proof.graph import cover_graph, prove_graph

from ..daily import check, few
from .questions import ask, first_refuted


def run(layer, tmp_path):
    return ask(prove_graph, layer, tmp_path, timeout=300, covers=cover_graph)


# Generator, presynaptic and postsynaptic neurons, lanes: also one word, and one neuron on either side.
SHAPES = [("amaranth", 64, 10, 2), ("verilog", 64, 10, 2), ("amaranth", 3, 1, 3), ("verilog", 1, 5, 1)]


@check("a fault of a layer is refuted by the same statements in every run")
@pytest.mark.parametrize(
    ("generator", "neurons", "postsynaptic", "lanes"),
    few(SHAPES, SHAPES[3:], "the other shapes"),
)
def test_proven(make_layer, tmp_path, generator, neurons, postsynaptic, lanes):
    layer = make_layer(generator, neurons=neurons, postsynaptic=postsynaptic, lanes=lanes, consolidation="pull")
    obligations = run(layer, tmp_path)
    assert {o.verdict for o in obligations} == {"proven"}, [vars(o) for o in obligations if o.verdict != "proven"]
    covers = ["cover_beat_after_stall", "cover_beat_after_reset"] if layer.design.fanout.words <= 16 else []
    kept = ["cover_kept_event_kept"] if postsynaptic <= 16 else []
    own = ["fanout", "wiring", "inside", "store", "inside", "order", "inside"]
    names = ["event_store_memory", "fanout_memory", *own, *covers, *kept]
    assert [o.name for o in obligations] == names


FAULTS = {  # what is replaced in the Verilog generator's text, and the statement that must be refuted
    "beat not held": (r"move = ~valid_reg \| beat_ready", "move = 1'b1", "fanout"),
    "last word not stored": (r"write_enable\(store\)", "write_enable(store & ~last)", "fanout"),
    "one neuron short": (r"(LAST_ROUND = 2'd)2", r"\g<1>1", "fanout"),
    "input of the next neuron": (r"beat_played = played_reg", "beat_played = played_data", "fanout"),
    "a lost clock": (r"read = replay_reg & played_valid", "read = replay_reg & ~valid_reg & played_valid", "fanout"),
    "mark overlooked": (r"\(played_last != last_round\)", "(~played_last & last_round)", "fanout"),
    "mark of nothing": (r"\.played_last\(event_kept_beat_last\)", ".played_last(event_valid)", "wiring"),
    "taken unseen": (r"neuron_result_ready & fan_out_stored_ready\)", "neuron_result_ready)", "wiring"),
    "host ports crossed": (r"\.host_write\(host_write\)", ".host_write(neuron_host_write)", "wiring"),
}


DAILY = ["input of the next neuron"]


@pytest.mark.parametrize("fault", few(FAULTS, DAILY, "further faults of the same statements"))
def test_fault_is_refuted(make_layer, tmp_path, fault):
    pattern, new, statement = FAULTS[fault]
    layer = make_layer(neurons=2, postsynaptic=3)
    changed = 0
    for name in ("dut.v", "dut_fanout.v"):
        text = (layer.folder / name).read_text()
        changed += len(re.findall(pattern, text))
        (layer.folder / name).write_text(re.sub(pattern, new, text))
    assert changed == 1
    assert first_refuted(prove_graph, load_core(layer.folder), tmp_path, {statement})
    assert (tmp_path / "traces" / "dut.vcd").is_file()


@check("the verb proves a core in every run, and test_proven what joins the cores of a layer")
def test_verb_proves_both_cores_and_what_joins_them(make_layer, sc_hw):
    layer = make_layer(neurons=2, postsynaptic=2, weight_bits=3, activity_bits=2, signal_bits=2, rounding="floor")
    status, out, err = sc_hw("prove", layer.folder, "--solver", "yices", "--part", "engine")
    assert status == 0, out + err
    names = {o["name"] for o in json.loads((layer.folder / "results" / "prove.json").read_text())["obligations"]}
    assert {"neurons/engine_sweep", "synapses/engine_sweep", "fanout"} <= names

"""Proofs of crossbars: the theorems about a rule's parts and rests, what joins the cores, and what must not pass."""

import dataclasses
import re

import pytest

from sc_hw.manifest import load_core
from sc_hw.proof.docket import Docket
from sc_hw.proof.engine import prove_engine
from sc_hw.proof.graph import cover_graph, prove_graph
from sc_hw.proof.parts import prove_parts, prove_rest
from sc_hw.proof.shared import shared_places
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.graph import _Build
from sc_hw.rtl.net import Both, Net, both
from sc_hw_models.registry import get_rule

from ..daily import check, few
from .questions import ask, first_refuted

RESTS = [f"rest_{level}_{case}" for level in ("quiet", "inert") for case in ("trace", "spike")]


def theorems(prove, rule, config):
    docket = Docket(solvers=[find_solver("yices")], timeout=60, progress=lambda _o: None)
    prove(rule, config, docket)
    return {o.name: o.verdict for o in docket.obligations}


@pytest.mark.parametrize("name", ["r_stdp", "three_factor"])
def test_the_parts_of_every_preset_are_the_rule(name):
    rule = get_rule(name)
    for preset in rule.presets.values():
        found = theorems(prove_parts, rule, preset.config)
        assert found == dict.fromkeys(found, "proven")
        assert "synapse_part" in found


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("r_stdp", {}),
        ("r_stdp", {"trace_decay_shift": 0}),
        ("r_stdp", {"decay_rounding": "nearest", "rounding": "nearest", "trace_fraction_bits": 3, "consolidation": "shift"}),
        ("r_stdp", {"eligibility_decay_shift": 12, "trace_fraction_bits": 12, "eligibility_gain_shift": 5, "learning_shift": 0}),
        ("three_factor", {"rounding": "nearest", "consolidation": "lock"}),
    ],
)
def test_a_synapse_that_rests_keeps_its_state(name, settings):
    rule = get_rule(name)
    assert theorems(prove_rest, rule, rule.config_type(**settings)) == dict.fromkeys(RESTS, "proven")


@pytest.mark.parametrize("bounds", ["pre", "quiet", "inert"])
def test_no_bound_can_be_wider(bounds):
    rule = get_rule("r_stdp")

    def spec(config):
        true = rule.spec(config)
        wider = {name: exponent + 1 for name, exponent in getattr(true.rest, bounds).items()}
        return dataclasses.replace(true, rest=dataclasses.replace(true.rest, **{bounds: wider}))

    assert "refuted" in theorems(prove_rest, dataclasses.replace(rule, spec=spec), rule.config_type()).values()


def run(crossbar, tmp_path):
    return ask(prove_graph, crossbar, tmp_path, covers=cover_graph)


@pytest.mark.parametrize(
    ("generator", "rule", "settings"),
    few(
        [
            ("amaranth", "r_stdp", {"addressed": True}),
            ("verilog", "r_stdp", {"consolidation": "pull"}),
            ("verilog", "three_factor", {"rounding": "floor"}),
            ("amaranth", "r_stdp", {}),
            ("verilog", "r_stdp", {"addressed": True}),
        ],
        [("verilog", "r_stdp", {"consolidation": "pull"})],
        "spikes by number, other rules and the other generator",
    ),
)
def test_what_joins_the_cores_is_proven(make_crossbar, tmp_path, generator, rule, settings):
    crossbar = make_crossbar(generator, pre=4, post=4, lanes=2, rule=rule, **settings)
    obligations = run(crossbar, tmp_path)
    assert {o.verdict for o in obligations} == {"proven"}, [vars(o) for o in obligations if o.verdict != "proven"]
    rows, addressed = ["rows"] if crossbar.design.rows else [], crossbar.design.addressed
    memories = [
        "fanout_memory",
        *(["post_addresses_memory", "pre_addresses_memory"] if addressed else ["pre_event_store_memory"]),
    ]
    alone = ["addresses", "inside"] * 2 if addressed else ["store", "inside", "order", "inside"]
    kept = ["cover_addressed_pre_decoder", "cover_addressed_post_decoder"] if addressed else ["cover_kept_pre_event_kept"]
    assert [o.name for o in obligations] == [
        *memories,
        *["rows_memory"] * bool(rows),
        "fanout",
        *rows,
        *["shared"] * bool(shared_places(crossbar.design.graph)),
        "wiring",
        "inside",
        *alone,
        "cover_beat_after_stall",
        "cover_beat_after_reset",
        *kept,
    ]


FAULTS = {  # what is replaced in the Verilog generator's text, and the statement that must be refuted
    "input overlooked": (r"known & ~input_reg &", "known &", "rows"),
    "change overlooked": (r"known = ~full_reg", "known = 1'b1", "rows"),
    "command taken alone": (r"\.command_others\(pre_command_able & post_command_able\)", ".command_others(1'b1)", "wiring"),
    "command shown to one core alone": (
        r"(?s)( post \(.*?\.command_valid\(command_valid)\)",
        r"\1 & pre_command_able & synapses_command_able)",
        "wiring",
    ),
    "sides exchanged": (r"\.event_pre_spike\(pre_decoder_beat_data\)", ".event_pre_spike(post_decoder_beat_data)", "wiring"),
    "spike kept": (r"(?s)(dut_pre_addresses \(.*)open_reg \? spike_0 : wipe", r"\1open_reg & spike_0", "addresses"),
    "beat never leaves": (
        r"(?s)(dut_pre_addresses \(.*)valid_reg & \(quiet_reg \| beat_ready\)",
        r"\1valid_reg & quiet_reg",
        "addresses",
    ),
    "end is a spike": (r"(?s)(dut_pre_addresses \(.*)take & ~event_end", r"\1take", "addresses"),
    "word too many": (r"(?s)(dut_pre_addresses \(.*)beat_word_reg == LAST\)", r"\1beat_word_reg == 0)", "addresses"),
}


@check("a fault of a layer is refuted by the same code in every run, and what is right of a crossbar is proven")
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_refuted(make_crossbar, tmp_path, fault):
    pattern, new, statement = FAULTS[fault]
    crossbar = make_crossbar(pre=2, post=2, lanes=1, addressed=statement == "addresses" or "decoder" in pattern)
    changed = 0
    for name in ("dut.v", "dut_rows.v", "dut_pre_addresses.v"):
        text = (crossbar.folder / name).read_text() if (crossbar.folder / name).is_file() else ""
        changed += len(re.findall(pattern, text))
        if re.search(pattern, text):
            (crossbar.folder / name).write_text(re.sub(pattern, new, text))
    assert changed == 1
    assert first_refuted(prove_graph, load_core(crossbar.folder), tmp_path, {statement})


@check("a core's marks are asked about in every run, and a layer's fan-out")
@pytest.mark.parametrize(
    ("module", "pattern", "statement"),
    [
        ("fanout", r"\(stored_last != last\)", "fanout"),
        ("rows", r"\(pre_last != last_row\)", "rows"),
    ],
)
def test_marks_of_events_that_no_core_takes_are_compared(make_crossbar, tmp_path, module, pattern, statement):
    """Neurons without state: the fan-out takes the events of the one side, the row filter those of the other."""
    crossbar = make_crossbar(pre=2, post=2, lanes=1, rule="three_factor", rounding="floor")
    path = crossbar.folder / f"dut_{module}.v"
    text, count = re.subn(pattern, "1'b0", path.read_text())
    assert count == 1
    path.write_text(text)
    assert first_refuted(prove_graph, load_core(crossbar.folder), tmp_path, {statement})


OTHERS = (Net("pre_command_able"), Net("synapses_command_able"))
RECIPES = {  # what a graph says of pins of the postsynaptic neurons, and so of every file and of the wiring's proof
    "a command shown to one core alone": {"command_valid": both(Net("command_valid"), *OTHERS)},
    "a command taken alone": {"command_others": Both(())},
    "a command taken when one other can": {"command_others": OTHERS[1]},
}


@pytest.mark.parametrize("recipe", few(RECIPES, 1, "other faults of the same statement"))
def test_a_graph_in_which_someone_waits_for_ever_is_refuted(make_crossbar, tmp_path, monkeypatch, recipe):
    """The wiring is as the graph says; what it says is wrong."""
    built = _Build.top

    def wrong(self):
        top = built(self)
        if "post" in top.pins:
            top.pins["post"] |= RECIPES[recipe]
        return top

    monkeypatch.setattr(_Build, "top", wrong)
    own = f"waits_{list(RECIPES).index(recipe)}"  # a name of its own: emitted so, it is nobody else's
    crossbar = make_crossbar(pre=2, post=2, lanes=1, name=own)
    assert first_refuted(prove_graph, crossbar, tmp_path, {"shared"})


@check("the same pin is asked about in every crossbar")
@pytest.mark.parametrize("generator", ["amaranth", "verilog"])
def test_a_core_that_takes_a_command_before_others_can_is_refuted(make_crossbar, tmp_path, generator):
    """And one that does not see a command until all can take it: its host would go first for ever."""
    crossbar = make_crossbar(generator, pre=2, post=2, lanes=1)
    path = crossbar.folder / "post" / "dut_post.v"
    text = path.read_text()
    for right, wrong, statement in (
        (r"command_ready = command_able & command_others;", "command_ready = command_able;", "engine_streams"),
        (r"(host_passed_reg \| ~)command_valid;", r"\1(command_valid & command_others);", "engine_host"),
    ):
        changed, count = re.subn(right, wrong, text)
        assert count == 1
        path.write_text(changed)
        assert first_refuted(prove_engine, load_core(path.parent), tmp_path, {statement})


@check("test_structure and the campaign have the same fault")
def test_an_engine_that_writes_a_skipped_row_is_refuted(make_crossbar, tmp_path):
    crossbar = make_crossbar(pre=2, post=2, lanes=1)
    path = crossbar.folder / "synapses" / "dut_synapses.v"
    text = path.read_text()
    assert "written = write_back & ~skipped" in text
    path.write_text(text.replace("written = write_back & ~skipped", "written = write_back"))
    core = load_core(crossbar.folder / "synapses")
    assert first_refuted(prove_engine, core, tmp_path, {"engine_sweep", "engine_skip"})

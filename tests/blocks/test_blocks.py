"""Blocks alone: each equals its golden model in both generators, its bench and its proof find what is wrong in it."""

import dataclasses
import json
import re
import shutil

import pytest
from click.shell_completion import ShellComplete

from sc_hw.blocks.bench import bench_text, pins_of
from sc_hw.blocks.judge import Judge
from sc_hw.blocks.mutate import mutate_block
from sc_hw.blocks.place import block_names, inside, names_in, placed, within
from sc_hw.blocks.planted import drawn_faults, faults_of
from sc_hw.blocks.prove import prove_placed
from sc_hw.blocks.selftest import selftest_block
from sc_hw.blocks.simulate import simulate_block
from sc_hw.cli import app
from sc_hw.emitted import listed_files
from sc_hw.folder import write_folder
from sc_hw.manifest import load_core
from sc_hw.network_file import network_of
from sc_hw.network_folder import network_design, network_folder
from sc_hw.proof.alone import prove_alone, statements_alone
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.blocks import BLOCKS, blocks_of
from sc_hw.selftest.run import passes
from tests.daily import check, few
from tests.networks.small import SMALL
from tests.prove.questions import ask

YICES = [find_solver("yices")]

# Of each block one, then what is at an end of something: one word, one row, numbers of no power of two, marks, no bounds.
SHAPES = {
    "row_filter": ("crossbar", {}),
    "fan_out": ("layer", {}),
    "pre_decoder": ("crossbar", {"addressed": True}),
    "result_queue": ("core", {"queued": True, "synapses": 24, "lanes": 3}),
    "pre_event_kept": ("crossbar", {}),
    "row_filter, marked": ("crossbar", {"rule": "three_factor", "rounding": "nearest"}),
    "row_filter, one row": ("crossbar", {"pre": 1, "post": 4, "lanes": 1}),
    "fan_out, one word and row": ("crossbar", {"pre": 1, "post": 2, "lanes": 2}),
    "fan_out, marked": ("crossbar", {"rule": "three_factor", "post": 8, "lanes": 4}),
    "fan_out, wide": ("crossbar", {"pre": 3, "post": 16, "lanes": 8}),
    "post_decoder": ("crossbar", {"addressed": True, "post": 6, "lanes": 2}),
    "post_decoder, one word": ("crossbar", {"addressed": True, "post": 4, "lanes": 4}),
    "pre_decoder, one neuron": ("crossbar", {"addressed": True, "pre": 1}),
    "pre_event_kept, one beat": ("crossbar", {"pre": 1}),
    "pre_event_kept, as many as there is room for": ("crossbar", {"pre": 16}),
    "event_kept": ("layer", {}),
    "result_queue, one lane": ("core", {"queued": True}),
}


@pytest.fixture
def make(make_core, make_layer, make_crossbar):
    """Return the block of a shape in an emitted folder."""
    kinds = {"core": make_core, "layer": make_layer, "crossbar": make_crossbar}

    def made(shape, generator="verilog"):
        kind, settings = SHAPES[shape]
        return placed(kinds[kind](generator, **settings), shape.partition(",")[0])

    return made


def edited(one, old, new):
    """Return the block with an edit of its own Verilog, which must change something."""
    file = f"{one.block.name}.v"
    text = one.core.texts[file].decode()
    assert old in text
    core = dataclasses.replace(one.core, texts={**one.core.texts, file: text.replace(old, new, 1).encode()}, edited=(file,))
    return dataclasses.replace(one, core=core)


@pytest.mark.parametrize(
    "shape",
    few(SHAPES, ["row_filter", "fan_out, marked"], "each block in every shape; the one with most to it, and one with marks"),
)
def test_the_bench_of_a_block_finds_what_is_planted_in_it(make, tmp_path, shape):
    """All in one netlist, which without a fault equals the golden model before the first and after the last."""
    one = make(shape)
    outcomes = selftest_block(one, steps=60, seed=3, instances=0, output=tmp_path / "out")
    assert {o.fault: o.verdict for o in outcomes if o.verdict not in ("passes", "caught")} == {}
    assert len(outcomes) == 1 + len(faults_of(one)) > 1


@pytest.mark.parametrize(
    ("shape", "generator"),
    [
        pytest.param(shape, generator, marks=check("each block in every shape, in both generators"))
        for shape in SHAPES
        for generator in ("verilog", "amaranth")
    ],
)
def test_a_block_equals_its_golden_model(make, tmp_path, shape, generator):
    result = simulate_block(make(shape, generator), steps=300, seed=1, output=tmp_path / "out")
    assert result.passed, result.runs[0]["mismatch"]
    assert result.runs[0]["resets"] > 5
    assert result.runs[0]["held"] > 5


@check("faults at what stands inside and of registers in a reset, of each block")
@pytest.mark.parametrize("shape", list(SHAPES)[:4])
def test_faults_inside_are_caught_or_invisible(make, tmp_path, shape):
    assert passes(selftest_block(make(shape), steps=200, seed=1, instances=12, output=tmp_path / "out"))


@check("a proof of each block, half a minute")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_block_is_proven(make, shape):
    one = make(shape)
    result = prove_placed(one, YICES)
    assert result.verdict == "proven", [(o.name, o.verdict, o.note) for o in result.obligations]
    assert {o.name for o in result.obligations} >= set(statements_alone(one.core, one.place, one.block))
    assert {row["of"] for row in result.assumptions} <= {one.block.harness, "memory", "order"}


# By shape: what is wrong in its Verilog, and what no other block is to blame for.
BROKEN = {
    "row_filter": ("played_skip = known & ~input_reg", "played_skip = ~input_reg", "rows"),
    "fan_out": ("read_address = address_reg", "read_address = 0", "fanout"),
    "pre_decoder": ("open_reg ? event_word : beat_word_reg", "event_word", "addresses"),
    "fan_out, marked": ("stored_missing_reg <= 1'b0", "stored_missing_reg <= stored_breach & ~stored_last", "fanout"),
    "result_queue": ("waiting = (|promised_reg) | valid_reg", "waiting = |promised_reg", "queue_room"),
    "pre_event_kept": ("event_ready = ~(full_reg & same)", "event_ready = ~(stored & valid_reg)", "store"),
}


@check("a fault in each block, proven; the bench of one is in every run")
@pytest.mark.parametrize("shape", BROKEN)
def test_the_proof_of_a_block_alone_refutes_what_is_wrong_in_it(make, tmp_path, shape):
    old, new, name = BROKEN[shape]
    one = edited(make(shape), old, new)
    found = {o.name: o.verdict for o in ask(lambda inquiry: prove_alone(inquiry, one.place, one.block), one.core, tmp_path)}
    assert found[name] == "refuted"


@check("what is wrong in another block, which takes the solvers some time")
def test_a_fault_of_another_block_refutes_nothing_of_this_one(make, tmp_path):
    old, new, _ = BROKEN["row_filter"]
    broken = edited(make("row_filter"), old, new)
    fan_out = placed(broken.core, "fan_out")
    found = ask(lambda inquiry: prove_alone(inquiry, "fan_out", fan_out.block), broken.core, tmp_path, timeout=20)
    assert {o.verdict for o in found} <= {"proven", "unknown"}
    assert simulate_block(fan_out, steps=50, seed=1, output=tmp_path / "out").passed


@check("mutants of a block, a minute")
@pytest.mark.parametrize("shape", ["pre_decoder", "fan_out"])
def test_mutants_of_a_block_leave_no_gap(make, tmp_path, shape):
    result = mutate_block(make(shape), count=6, seed=2, solvers=YICES, timeout=60, output=tmp_path / "out")
    assert result.verdict == "pass", [judged.to_dict() for judged in result.mutants if judged.gap]
    assert {judged.proof for judged in result.mutants} >= {"refuted"}
    assert {judged.mutant.module for judged in result.mutants} <= {f"dut_{shape}" for shape in ("fanout", "fanout_memory")} | {
        "dut_pre_addresses",
        "dut_pre_addresses_memory",
    }


def test_a_bench_has_every_pin_of_every_kind_of_block(make):
    """A block with a pin that its model knows nothing of has no bench."""
    some = [make(shape) for shape in ("row_filter", "pre_decoder", "result_queue", "pre_event_kept")]
    blocks = [*(one.block for one in some), placed(some[0].core, "fan_out").block]
    assert {type(block) for block in blocks} == set(BLOCKS)
    for block in blocks:
        assert f"{block.name} block (" in bench_text(block)
    block = blocks[0]

    class Without(type(block)):
        watches = type(block).watches[1:]

    with pytest.raises(ValueError, match="no stream command"):
        pins_of(Without(**{f.name: getattr(block, f.name) for f in dataclasses.fields(block)}))

    class Wider(type(block)):
        @property
        def settings(self):
            return {**super().settings, "lanes": self.lanes + 1}

    with pytest.raises(ValueError, match="result has 5 bits, and 7 in its golden model"):
        pins_of(Wider(**{f.name: getattr(block, f.name) for f in dataclasses.fields(block)}))


def test_names_are_places_modules_and_folders_of_cores(make):
    core = make("row_filter").core
    assert names_in(core.design) == ["pre_event_kept", "row_filter", "fan_out", "pre", "post", "synapses"]
    for name in ("fan_out", "fanout", "dut_fanout"):
        assert placed(core, name).place == "fan_out"
    assert inside(core.folder, None) == (core.folder, "")
    assert inside(core.folder, "pre") == (core.folder / "pre", "")
    assert inside(core.folder, "synapses/anything") == (core.folder / "synapses", "anything")
    assert inside(core.folder / "nothing", "x") == (core.folder / "nothing", "x")
    queued = make("result_queue").core
    assert [*blocks_of(queued.design)] == ["result_queue"]


@pytest.mark.parametrize(
    ("verb", "line"),
    [
        (["sim"], "--block 'fanot': no block of {folder}; allowed are {allowed}"),
        (
            ["prove"],
            "--block 'fanot': no block of {folder}; allowed are {allowed}",
        ),
        (["selftest"], "--block 'fanot': no block of"),
        (["mutate"], "--block 'fanot': no block of"),
        (["synth"], "--block 'fanot': no block of"),
        (["pnr"], "--block 'fanot': no block of"),
        (["replay"], "--block 'fanot': sc-hw replay plays what refutes a lane, and a block has none"),
        (["report"], "--block 'fanot': sc-hw report tells of a folder"),
        (["sim", "--coverage"], "--coverage: is of cores"),
        (["prove", "--part", "lane"], "--part: is of cores"),
        (["synth", "--module", "lane"], "--module lane: is of a core"),
    ],
)
def test_another_block_is_one_line_and_leaves_nothing(make, sc_hw, verb, line):
    folder = make("row_filter").core.folder
    status, out, err = sc_hw(*verb, folder, "--block", "fanot")
    assert (status, out, err.count("\n")) == (2, "", 1)
    allowed = "pre_event_kept, row_filter, fan_out, pre, post, synapses"
    assert line.replace("'fanot'", "fanot").format(folder=folder, allowed=allowed) in err.replace("'fanot'", "fanot")
    assert not (folder / "results").exists()


@pytest.mark.parametrize("verb", ["sim", "prove", "selftest", "mutate", "synth", "pnr", "replay", "report"])
def test_two_blocks_are_refused(make, sc_hw, verb):
    folder = make("row_filter").core.folder
    status, out, err = sc_hw(verb, folder, "--block", "fan_out", "--block", "row_filter")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "--block fan_out --block row_filter: a run is of one block; give one" in err
    assert not (folder / "results").exists()


ELSEWHERE = {
    "missing, should be dut_fanout": ("dut_fanout fan_out (", "dut_fanout fan_outer ("),
    "is dut_other, should be dut_fanout": ("dut_fanout fan_out (", "dut_other fan_out ("),
}


@pytest.mark.parametrize("wrong", ELSEWHERE)
@pytest.mark.parametrize(
    "verb", few(["sim", "selftest", "mutate", "synth", "pnr"], 1, "all ask in one place; what the first is told is in every run")
)
def test_a_block_that_an_edited_top_does_not_hold_is_refused(make, sc_hw, verb, wrong):
    """Its text may be right as ever: nothing in the design is made of it."""
    folder = make("row_filter").core.folder
    old, new = ELSEWHERE[wrong]
    top = folder / "dut.v"
    text = top.read_text()
    assert old in text
    other = re.sub("^`.*$", "", (folder / "dut_fanout.v").read_text(), flags=re.MULTILINE).replace("dut_fanout ", "dut_other ", 1)
    top.write_text(text.replace(old, new).replace("endmodule", f"endmodule\n{other if 'other' in new else ''}"))
    status, out, err = sc_hw(verb, folder, "--block", "fan_out")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert f"--block fan_out: {wrong}, in {folder}, which was edited" in err
    assert not (folder / "results").exists()


def test_an_edit_that_leaves_a_block_in_its_place_is_played(make):
    core = make("row_filter").core
    (core.folder / "dut.v").write_text((core.folder / "dut.v").read_text().replace("assign idle", "assign  idle"))
    core = load_core(core.folder)
    assert core.edited
    for name in ("fan_out", "row_filter", "pre_event_kept"):
        assert within(name)(core) == f"blocks/{name}"


def test_a_block_that_an_edited_network_does_not_hold_is_refused(network, sc_hw, tmp_path):
    folder = shutil.copytree(network, tmp_path / "chip")
    top = folder / "chip.v"
    text, count = re.subn(r"\bchip_error error \(", "chip_error errors (", top.read_text())
    assert count == 1
    top.write_text(text)
    status, _, err = sc_hw("synth", folder, "--block", "error")
    assert (status, err.count("\n")) == (2, 1)
    assert "--block error: missing, should be chip_error" in err


def test_a_shell_completes_names(make, network, tmp_path):
    folder = make("row_filter").core.folder
    verb = app.commands["sim"]
    option = next(parameter for parameter in verb.params if parameter.name == "block")
    context = verb.make_context("sim", [str(folder)], resilient_parsing=True)
    assert [item.value for item in option.shell_complete(context, "p")] == ["pre_event_kept", "pre", "post"]
    for words in (["sim", str(folder), "--block"], ["prove", str(folder), "--block"], ["sim", "--block"]):
        typed = ShellComplete(app, {}, "sc-hw", "_SC_HW_COMPLETE").get_completions(words, "r")
        assert [item.value for item in typed] == (["row_filter"] if str(folder) in words else [])
    assert "error" in block_names(network)
    assert block_names(tmp_path) == []


def test_a_core_without_blocks_and_two_folders_are_refused(make_core, sc_hw):
    folder = make_core().folder
    assert "is a core with no block inside" in sc_hw("sim", folder, "--block", "x")[2]
    assert "is of one folder" in sc_hw("sim", folder, folder, "--block", "x")[2]
    assert sc_hw("sim", folder, "--block", "")[0] == 2


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    (folder / "small.toml").write_text(SMALL.replace("[sample]", '[sample]\nerror = "hard"'))
    write_folder(folder / "chip", network_folder(network_design(network_of(folder / "small.toml", option=""), "chip"), "verilog"))
    return folder / "chip"


@pytest.mark.parametrize("verb", ["sim", "selftest", "mutate"])
def test_a_verb_that_takes_no_block_of_a_network_says_which_do(network, sc_hw, verb):
    status, out, err = sc_hw(verb, network, "--block", "error")
    assert (status, out) == (2, "")
    assert "is a network, whose blocks sc-hw" in err
    assert "sc-hw prove, synth or pnr, which take one" in err


def test_another_block_of_a_network_is_named_with_those_there_are(network, sc_hw):
    status, _, err = sc_hw("synth", network, "--block", "nothing")
    assert status == 2
    assert "allowed are" in err
    assert "error" in err


# What no run leaves in a record of a block.
CHANGED = {
    "sim": lambda record: record.update(beats=0),
    "prove": lambda record: record["obligations"].pop(3),
    "selftest": lambda record: record["faults"].pop(1),
    "synth": lambda record: record["results"][0]["memory"].update(expected_bits=1),
    "pnr": lambda record: record.update(module="dut"),
}


@check("tools on blocks, from the command line")
def test_the_verbs_leave_their_records_beside_those_of_the_whole(make, sc_hw):
    folder = make("pre_decoder").core.folder
    name = ("--block", "pre_decoder")
    status, out, _ = sc_hw("sim", folder, *name, "--steps", 50)
    assert status == 0
    assert out.startswith("PASS dut_pre_addresses: 5")
    assert sc_hw("prove", folder, *name, "--solver", "yices")[0] == 0
    assert sc_hw("selftest", folder, *name, "--instances", 2)[0] == 0
    assert sc_hw("synth", folder, *name)[0] == 0
    assert sc_hw("pnr", folder, *name, "--seeds", 1)[0] == 0
    results = folder / "results" / "blocks" / "pre_decoder"
    assert sorted(path.stem for path in results.glob("*.json")) == ["pnr", "prove", "selftest", "sim", "synth"]
    for path in results.glob("*.json"):
        record = json.loads(path.read_text())
        assert (record["block"], record["module"], record["core"]) == ("pre_decoder", "dut_pre_addresses", "dut")
    assert [path.name for path in (folder / "results").iterdir()] == ["blocks"]
    load_core(folder)
    assert "block pre_decoder fails" not in sc_hw("report", folder)[1]
    for verb, changed in CHANGED.items():
        path, record = results / f"{verb}.json", json.loads((results / f"{verb}.json").read_text())
        whole = path.read_text()
        changed(record)
        path.write_text(json.dumps(record))
        assert sc_hw("report", folder)[0] == 2, verb
        path.write_text(whole)
    (results.parent / "nothing").mkdir()
    assert "is called after no block" in sc_hw("report", folder)[2]
    (results.parent / "nothing").rmdir()
    ours = set(listed_files(folder))
    assert {path.relative_to(folder).as_posix() for path in (folder / "results").rglob("*") if path.is_file()} <= ours


@check("a core inside by its name is its folder")
def test_a_core_inside_is_its_own_folder(make, sc_hw):
    folder = make("row_filter").core.folder
    assert sc_hw("sim", folder, "--block", "pre", "--steps", 20)[0] == 0
    assert (folder / "pre" / "results" / "sim.json").exists()


@check("blocks of a network, by the command line")
def test_blocks_of_a_network_are_proven_and_synthesised(network, sc_hw):
    status, out, _ = sc_hw("prove", network, "--block", "error", "--solver", "yices")
    assert status == 0
    assert "PASS chip_error" in out
    assert sc_hw("synth", network, "--block", "error")[0] == 0
    assert sc_hw("prove", network, "--block", "error", "--part", "lane")[0] == 2


@check("an edit of a folder is what is simulated")
@pytest.mark.parametrize("shape", BROKEN)
def test_an_edited_block_fails_in_its_bench(make, tmp_path, shape):
    old, new, _ = BROKEN[shape]
    assert not simulate_block(edited(make(shape), old, new), steps=200, seed=1, output=tmp_path / "out").passed


@check("what a judge says of a fault that changes nothing")
def test_a_fault_that_nobody_sees_is_told_so(make):
    one = make("fan_out")
    faults, _ = drawn_faults(one, 30, 1, corners=False)
    same = next(fault for fault in faults if fault.kind == "swapped")
    judge = Judge(placed=one, netlist="", solvers=YICES, timeout=60)
    assert judge.fault(same, killed=False)[0] == "equivalent"

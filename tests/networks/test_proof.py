"""Proofs of networks: the small one is proven, what is assumed is in the ledger, and faults in every block are refused."""

import json
import re
from dataclasses import replace

import pytest

from sc_hw.folder import write_folder
from sc_hw.network_file import network_of
from sc_hw.network_folder import load_network, network_design, network_folder, network_in_memory
from sc_hw.proof.induction import Inquiry
from sc_hw.proof.network.blocks import harness_of, question_of
from sc_hw.proof.network.chance import prove_chance, steps_of
from sc_hw.proof.network.fits import fits
from sc_hw.proof.network.golden import golden_text
from sc_hw.proof.network.ledger import LEDGER, check_network_ledger, network_ledger_record
from sc_hw.proof.network.memories import memory_task
from sc_hw.proof.network.prove import network_obligations, original, prove_block, prove_kept, prove_wiring, simulated_only
from sc_hw.proof.network.question import block_task
from sc_hw.proof.result import Obligation
from sc_hw.proof.solver import find_solver
from sc_hw.proof.structure import is_sound, structure_of
from sc_hw.rtl.generators import GENERATORS
from sc_hw_models.lfsr import Lfsr
from sc_hw_models.networks.errors import exponential, hard_error, softmax_error
from sc_hw_models.networks.neurons import CountingConfig, counting_step
from sc_hw_models.term import lift, variable
from tests.daily import check, few
from tests.networks.proof_faults import FAULTS, first_broken, planted, planted_in
from tests.networks.small import SMALL, WIDE

# One of each part of a proof; the others are in `make check`, and in docs/measured/network_faults.md.
DAILY = [
    fault
    for fault in FAULTS
    if fault.what
    in (
        "the clock of a block is gated",
        "a carry is dropped",
    )
]


@pytest.fixture(scope="module")
def emitted(tmp_path_factory):
    """Return the emitted small network."""
    return emit_small(tmp_path_factory.mktemp("proof"), "verilog")


def emit_small(folder, generator):
    """Write the small network as a generator makes it, and return its folder."""
    (folder / "small.toml").write_text(SMALL)
    design = network_design(network_of(folder / "small.toml", option=""), "tiny")
    write_folder(folder / "net", network_folder(design, generator))
    return folder / "net"


def wide(tmp_path, generator="verilog"):
    """Return the chip that has squares, shifts, two hidden populations and both ways back."""
    (tmp_path / "wide.toml").write_text(WIDE)
    return network_in_memory(network_of(tmp_path / "wide.toml", option=""), "wide", generator)


@check("a minute; its parts are in every run, with a fault in each")
@pytest.mark.parametrize("generator", GENERATORS)
def test_the_small_network_is_proven_and_the_record_says_what_is_simulated_only(sc_hw, tmp_path, generator):
    emitted = emit_small(tmp_path, generator)
    status, out, err = sc_hw("prove", emitted, "--solver", "yices", "--json", emitted.parent / "record.json")
    assert status == 0, out + err
    assert re.search(
        r"^PASS tiny: (\d+) of \1 obligations proven by yices, .*simulated only: progress, host, whole, slopes", out, re.M
    )
    record = json.loads((emitted.parent / "record.json").read_text())
    assert record["verdict"] == "pass"
    assert "simulated only: progress, host, whole, slopes" in record["partial"]
    assert [row["name"] for row in record["simulated_only"]] == ["progress", "host", "whole", "slopes"]
    names = [o["name"] for o in record["obligations"]]
    assert {*network_obligations(load_network(emitted)), "campaign", "ledger"} <= {*names}
    assert {"synapses_in/next_weight", "synapses_out/random_step"} <= {*names}


@pytest.mark.parametrize("generator", few(GENERATORS, ["verilog"], "the other generator"))
@pytest.mark.parametrize("text", [SMALL, WIDE], ids=["small", "wide"])
def test_all_that_is_emitted_is_of_kinds_that_tools_share(tmp_path, text, generator):
    (tmp_path / "network.toml").write_text(text)
    network = network_in_memory(network_of(tmp_path / "network.toml", option=""), "net", generator)
    obligations = structure_of(network, lambda: original(network))
    assert is_sound(obligations), [o.note for o in obligations if o.note]


LATE = {  # of the register of shifts: wrong only long after a reset, where no simulation goes
    "right": ("", ""),
    "step": ("if (step)", "if (step & (state_reg != LATE))"),
    "restart": ("if (restart) state_reg <= seed", "if (restart) state_reg <= (seed == LATE) ? 31'd1 : seed"),
    "bits": ("bits = state_reg[FRESH-1:0]", "bits = state_reg[FRESH-1:0] ^ {15'd0, state_reg == LATE}"),
}


@pytest.mark.parametrize("case", few(LATE, ["step"], "a step that is wrong late is refuted in every run"))
def test_the_register_of_shifts_is_proven_and_what_is_wrong_late_is_refuted(tmp_path, case):
    chip, file = wide(tmp_path), "wide_pixels_random.v"
    pixels = chip.design.pixels
    late = pixels.lfsr.run(pixels.seed, 150)[1]
    old, new = LATE[case]
    text = chip.texts[file].decode().replace(old or "\0", new.replace("LATE", f"31'h{late:x}"))
    assert (text == chip.texts[file].decode()) == (case == "right")
    changed = replace(chip, texts={**chip.texts, file: text.encode()})
    inquiry = Inquiry(core=changed, solvers=[find_solver("yices")], timeout=60, folder=tmp_path / "run", traces=None)
    (found,) = prove_chance(inquiry, pixels)
    assert (found.name, found.verdict) == ("chance", "proven" if case == "right" else "refuted"), found


@pytest.mark.parametrize("fresh", [1, 4, 16])
def test_a_step_of_a_random_register_is_the_parity_of_what_is_said(fresh):
    lfsr = Lfsr(fresh)
    for state in (1, 0x1234567, (1 << lfsr.bits) - 1, lfsr.run(1, 99)[1]):
        stepped = [sum(state >> source & 1 for source in sources) % 2 for sources in steps_of(lfsr)]
        assert sum(bit << k for k, bit in enumerate(stepped)) == lfsr.step(state)


@pytest.mark.parametrize(
    "fault", few(FAULTS, DAILY, "of structure and of a block one is in every run"), ids=lambda fault: fault.what
)
def test_a_fault_in_any_block_is_refused(emitted, fault, tmp_path):
    found = first_broken(planted(emitted, fault), fault.part, find_solver("yices"), tmp_path, 30.0)
    assert found is not None
    assert found.verdict in ("refuted", "unknown"), found


def test_every_fault_has_its_place(emitted):
    whole = load_network(emitted)
    assert all(planted_in(whole, fault).edited for fault in FAULTS)


COVERED = ["sums_hidden", "neurons_hidden", "synapses_in", "host", "pixels", "error", "back_hidden", "synapses_out"]


@pytest.mark.parametrize("place", few(COVERED, 1, "a harness that forbids what it is about has no fault that it refuses, either"))
def test_what_is_proven_of_a_block_happens(emitted, place, tmp_path):
    network = load_network(emitted)
    block = network.design.blocks[place]
    inquiry = Inquiry(core=network, solvers=[find_solver("yices")], timeout=60, folder=tmp_path, traces=None)
    task = block_task(block, question_of(block), inquiry.sources, inside=None)
    covers = dict.fromkeys(re.findall(r"(cover_\w+): cover", task["files"]["engine.sv"]), "")
    assert covers
    found = list(inquiry.cover("covers", task, covers, 60))
    assert {o.verdict for o in found} == {"proven"}, found


@check("a fault in a block is refuted in every run")
def test_a_decision_that_changes_while_it_is_on_offer_is_refuted_by_a_run(emitted, tmp_path):
    """What chips did until the proof was written; the campaign of a simulation seldom waits so long."""
    (fault,) = (fault for fault in FAULTS if fault.what.startswith("a decision on offer"))
    network = planted(emitted, fault)
    inquiry = Inquiry(core=network, solvers=[find_solver("yices")], timeout=100, folder=tmp_path, traces=tmp_path / "traces")
    verdicts = {o.name: o.verdict for o in prove_block(inquiry, network.design, "error")}
    assert "refuted" in (verdicts["error/decision"], verdicts["error/stable"])
    assert list((tmp_path / "traces").glob("*.vcd"))


PLACES = ["pixels", "back_a", "error", "sums_b", "synapses_ib", "synapses_ao", "back_b"]


@pytest.mark.parametrize(
    ("place", "generator"),
    few([(place, generator) for generator in GENERATORS for place in PLACES], 1, "the small network has them, too"),
)
def test_blocks_of_a_wide_network_are_proven(place, generator, tmp_path):
    chip = wide(tmp_path, generator)
    inquiry = Inquiry(core=chip, solvers=[find_solver("yices")], timeout=100, folder=tmp_path / "run", traces=None)
    found = list(prove_block(inquiry, chip.design, place))
    assert {o.verdict for o in found} == {"proven"}, found
    assert [o.name for o in found] == [f"{place}/{name}" for name in question_of(chip.design.blocks[place]).statements]


@check("a fault of structure is refuted in every run")
def test_wires_and_kept_words_of_a_wide_network_are_proven(tmp_path):
    chip = wide(tmp_path)
    inquiry = Inquiry(core=chip, solvers=[find_solver("yices")], timeout=100, folder=tmp_path / "run", traces=None)
    found = [*prove_wiring(inquiry, chip.design), *prove_kept(inquiry, chip.design, "back_a")]
    assert [o.name for o in found] == [
        "wiring",
        "moves",
        "back_a/fits",
        "back_a/memory_slopes",
        "back_a/memory_signs",
        "back_a/initial_signs",
    ]
    assert {o.verdict for o in found} == {"proven"}, found
    assert {*simulated_only(chip)} == {"progress", "host", "whole", "squares", "slopes"}


@pytest.mark.parametrize("text", [SMALL, WIDE], ids=["small", "wide"])
def test_every_assumption_of_a_harness_is_in_the_ledger(text, tmp_path):
    (tmp_path / "file.toml").write_text(text)
    chip = network_in_memory(network_of(tmp_path / "file.toml", option=""), "chip")
    known = {}
    for row in network_ledger_record(chip.design):
        known.setdefault(row["of"], set()).add(row["name"])
    for place, block in chip.design.blocks.items():
        harness = block_task(block, question_of(block), chip.verilog_text, inside=True)["files"]["engine.sv"]
        labels = {re.sub(r"_\d+$", "", name) for name in re.findall(r"assume_(\w+): assume", harness)}
        for memory in block.memories():
            question = memory_task(block, memory, chip.verilog_text)["files"]["memory.sv"]
            if "assume_exists: assume" in question:
                labels.add(f"{memory}_{'exists' if block.in_registers(memory) else 'within'}")
        assert labels == known[place], place
        assert len(re.findall(r"\bassume \(", harness)) == len(re.findall(r"assume_\w+: assume \(", harness))
        for statement in question_of(block).statements:  # one without an assertion would be proven whatever is written
            assert re.search(rf"\b{statement}\w*: assert", harness), (place, statement)
    assert {one.harness for one in LEDGER} == {harness_of(block) for block in chip.design.blocks.values()}


def test_the_ledger_misses_what_was_not_proven(emitted):
    network = load_network(emitted)
    wanted = network_obligations(network)
    proven = [Obligation(name=name, statement="", verdict="proven", answers=[]) for name in wanted]
    assert check_network_ledger(network.design, proven, wanted).verdict == "proven"
    needed = {by for row in network_ledger_record(network.design) for by in row["by"]}
    assert {"pixels/order", "synapses_in/products", "sums_hidden/order", "wiring"} <= needed
    for name in ("pixels/order", "wiring", "error/memory_outputs", "structure"):
        less = [o for o in proven if o.name != name]
        found = check_network_ledger(network.design, less, wanted)
        assert (found.verdict, name in found.note) == ("unknown", True)


def test_widths_that_do_not_hold_every_sum_are_refused(emitted):
    network = load_network(emitted)
    sums, back, error = (network.design.blocks[place] for place in ("sums_hidden", "back_hidden", "error"))
    for block, less in ((sums, {"sum_bits": sums.sum_bits - 1}), (error, {"error_bits": error.error_bits - 2})):
        ((name, _, wrong),) = fits(network.design, block)
        assert (name, wrong) == ("fits", "")
        ((_, _, wrong),) = fits(network.design, replace(block, **less))
        assert wrong
    ((_, _, wrong),) = fits(network.design, back)
    assert not wrong


def test_the_steps_that_blocks_are_compared_with_are_the_models():
    """Their text in Verilog comes of the golden step on symbolic numbers: it names the variables and has the whole interval."""
    count, slope = counting_step(CountingConfig(threshold_shift=4), 16, variable("current", -512, 511))
    text = golden_text("golden", {"current": "given"}, {"count": lift(count), "slope": lift(slope)})
    assert text.count("given") >= 1
    assert "wire signed [5:0] count" in text
    assert [exponential(far) for far in (0, 16, 144)] == [256, 128, 0]
    assert sum(softmax_error([5, 80, -3], 1, 2)) == 0
    assert hard_error([512, 0], 0, 1) == [0, 0]


def test_an_edited_network_that_remembers_more_is_refused(emitted):
    network = load_network(emitted)
    name = "tiny_sums_0.v"
    text = (
        network.texts[name]
        .decode()
        .replace(
            "  reg begun_reg;", "  reg [7:0] count_reg;\n  always @(posedge clk) count_reg <= count_reg + 8'd1;\n  reg begun_reg;"
        )
        .replace("wire replace = product_0_first", "wire replace = (count_reg == 8'd255) | product_0_first")
    )
    changed = replace(network, texts={**network.texts, name: text.encode()}, edited=(name,))
    (structure, _) = structure_of(changed, lambda: original(changed))
    assert structure.verdict == "refuted"
    assert "count_reg" in structure.note

"""Chips of networks that consolidate: every kind equals its model, tasks end, faults of that are seen, a bus ends them, too."""

import json

import numpy as np
import pytest

from sc_hw.bus.folder import load_bus
from sc_hw.driver.network import NetworkDriver
from sc_hw.driver.simulation import Simulation
from sc_hw.folder import write_folder
from sc_hw.network_file import network_of
from sc_hw.network_folder import load_network, network_design, network_folder, network_in_memory
from sc_hw.proof.induction import Inquiry
from sc_hw.proof.network.blocks import question_of
from sc_hw.proof.network.prove import prove_block
from sc_hw.proof.network.question import block_task
from sc_hw.proof.solver import find_solver
from sc_hw.sim.network.run import simulate_network
from sc_hw_models.networks import NetworkModel
from tests.daily import check, few
from tests.networks.proof_faults import ProofFault, first_broken, planted
from tests.networks.small import SMALL, consolidating, write_network
from tests.refusals import refused

KINDS = ("shift", "probabilistic", "lock", "pull", "si")


def chip_of(tmp_path, changes):
    (tmp_path / "small.toml").write_text(SMALL)
    return network_in_memory(network_of(tmp_path / "small.toml", option="", settings=changes))


def test_a_word_holds_what_the_kind_keeps_and_only_some_kinds_are_told_of_tasks(tmp_path):
    for kind in ("none", *KINDS):
        design = chip_of(tmp_path, consolidating(kind)).design
        told = kind in ("pull", "si")
        assert design.tasks == ((0, 1) if told else ()), kind
        assert any(port.name == "host_consolidate" for port in design.ports()) == told, kind
        block = design.projections["in"]
        bits = {"none": 8, "lock": 9, "pull": 19, "si": 24}.get(kind, 11)
        assert block.synapse_bits == bits, kind
        assert sum(f.bits for f in block.bank({}).fields) == bits, kind
    mixed = chip_of(tmp_path, ["projection.out.consolidation=si"]).design
    assert mixed.tasks == (1,)


@check("test_chip.py simulates the kind that makes codes in every run")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_equals_its_model_while_tasks_end(tmp_path, kind):
    result = simulate_network(chip_of(tmp_path, consolidating(kind)), output=tmp_path, seed=11, samples=60)
    assert result.passed, result.runs[0]["mismatch"]
    assert (result.runs[0]["tasks_ended"] > 2) == (kind in ("pull", "si"))


@check("a kind in one projection, another in the next; inputs without a bias; one lane; a sample at a time")
@pytest.mark.parametrize("kinds", [("pull", "si"), ("none", "pull"), ("si", "none")])
def test_kinds_are_mixed(tmp_path, kinds):
    changes = [f"projection.{name}.consolidation={kind}" for name, kind in zip(("in", "out"), kinds, strict=True)]
    changes += ["population.input.bias=0", "population.input.ahead=0", "projection.in.lanes=1"]
    result = simulate_network(chip_of(tmp_path, changes), output=tmp_path, seed=12, samples=80)
    assert result.passed, result.runs[0]["mismatch"]
    assert result.runs[0]["tasks_ended"] > 2


@check("faults of the end of a task are in every run of selftest")
@pytest.mark.parametrize("kind", ["pull", "si"])
def test_every_fault_of_it_is_caught(sc_hw, tmp_path, kind):
    (tmp_path / "small.toml").write_text(SMALL)
    changed = network_of(tmp_path / "small.toml", option="", settings=consolidating(kind))
    assert sc_hw("emit", "--network", write_network(tmp_path, changed), "-o", tmp_path / "net")[0] == 0
    status, out, err = sc_hw("selftest", tmp_path / "net", "--json", tmp_path / "selftest.json")
    assert status == 0, out + err
    faults = {fault["fault"]: fault["verdict"] for fault in json.loads((tmp_path / "selftest.json").read_text())["faults"]}
    for name in ("task not ended", "always a task", "task cut short", "task of the list" if kind == "si" else "nothing pulled"):
        assert faults[f"synapses_0: {name}"] == "caught", name
    assert faults["host: task kept back"] == "caught"


@check("a chip behind a bus is built; other accesses of the driver are in every run")
def test_a_driver_ends_a_task(sc_hw, tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    changed = network_of(tmp_path / "small.toml", option="", settings=consolidating("si"))
    assert sc_hw("emit", "--network", write_network(tmp_path, changed), "--bus", "apb", "-o", tmp_path / "net")[0] == 0
    network = load_network(tmp_path / "net")
    generator, model = np.random.default_rng(3), NetworkModel(network.design.spec)
    pixels, labels = generator.integers(0, 256, (40, 6), dtype=np.uint8), generator.integers(0, 3, 40)

    def equal():
        found = driver.read()
        assert {name.partition(".")[2] for name in found} == {"weight", "anchor", "importance", "code"}
        for name, values in found.items():
            assert values.tolist() == model.state[name].tolist(), name

    with NetworkDriver(network, Simulation(network, load_bus(network))) as driver:
        for _ in range(2):
            driver.partial_fit(pixels, labels)
            model.partial_fit(pixels, labels)
            equal()
            driver.consolidate()
            model.consolidate()
            equal()
        assert model.state["in.code"].any()
        driver.load(model.state)
        equal()


def test_a_proof_of_lists_of_every_row_is_refused_in_a_line(sc_hw, tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    changed = network_of(tmp_path / "small.toml", option="", settings=["projection.out.consolidation=pull"])
    assert sc_hw("emit", "--network", write_network(tmp_path, changed), "-o", tmp_path / "net")[0] == 0
    refused(sc_hw("prove", tmp_path / "net"), "[projection.out]", "pull", "proof of networks")
    assert not (tmp_path / "net" / "results").exists()


# Faults of the end of a task in the small network with codes made in the chip, and the block whose proof refuses each.
FAULTS = (
    ProofFault("the last row is left out", "tiny_synapses_0", "in_task ? 3'd6", "in_task ? 3'd5", "synapses_in"),
    ProofFault("rows are those of the list", "tiny_synapses_0", "own_row = task_1", "own_row = 1'b0", "synapses_in"),
    ProofFault("it is a sample to the lanes", "tiny_synapses_0", "end_of_task = task_4", "end_of_task = task_3", "synapses_in"),
    ProofFault("the row's activity is of the list", "tiny_synapses_0", "empty_1 | task_1 ?", "empty_1 ?", "synapses_in"),
    ProofFault("told before it is done", "tiny_synapses_0", "(swept_reg & drained)", "swept_reg", "synapses_in"),
    ProofFault("it is swept twice", "tiny_synapses_1", "(in_task & ~swept_reg)", "in_task", "synapses_out"),
    ProofFault("a reset forgets nothing", "tiny_synapses_1", "~served & ~rst &", "~served &", "synapses_out"),
    ProofFault("one projection is enough", "tiny_host", "(ended_1_reg | access_1_ready)", "1'b1", "host"),
    ProofFault("a projection is told again", "tiny_host", "host_consolidate & ~ended_0_reg", "host_consolidate", "host"),
)


@pytest.fixture(scope="module")
def learning(tmp_path_factory):
    """Return the emitted small network whose synapses make codes."""
    folder = tmp_path_factory.mktemp("proof")
    (folder / "small.toml").write_text(SMALL)
    design = network_design(network_of(folder / "small.toml", option="", settings=consolidating("si")), "tiny")
    write_folder(folder / "net", network_folder(design, "verilog"))
    return folder / "net"


@check("a minute or more each; the block of the host and a fault in it are in every run")
@pytest.mark.parametrize("place", ["synapses_in", "synapses_out"])
def test_blocks_that_end_a_task_are_proven_and_do_it(learning, place, tmp_path):
    network = load_network(learning)
    inquiry = Inquiry(core=network, solvers=[find_solver("yices")], timeout=300, folder=tmp_path, traces=None)
    assert {o.verdict for o in prove_block(inquiry, network.design, place)} == {"proven"}
    block = network.design.blocks[place]
    task = block_task(block, question_of(block), inquiry.sources, inside=None)
    assert {o.verdict for o in inquiry.cover("covers", task, {"cover_task": ""}, 300)} == {"proven"}


def test_the_end_of_a_task_goes_once_to_each(learning, tmp_path):
    network = load_network(learning)
    inquiry = Inquiry(core=network, solvers=[find_solver("yices")], timeout=60, folder=tmp_path, traces=None)
    assert {o.verdict for o in prove_block(inquiry, network.design, "host")} == {"proven"}


@pytest.mark.parametrize(
    "fault", few(FAULTS, FAULTS[-1:], "a fault in each part of a proof is in every run"), ids=lambda fault: fault.what
)
def test_a_fault_in_it_is_refused(learning, fault, tmp_path):
    found = first_broken(planted(learning, fault), fault.part, find_solver("yices"), tmp_path, 60.0)
    assert found is not None
    assert found.verdict in ("refuted", "unknown"), found


def test_every_fault_has_its_place(learning):
    assert all(planted(learning, fault).edited for fault in FAULTS)

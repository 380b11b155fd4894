"""Chips of networks that consolidate: every kind equals its model, tasks end, faults of that are seen, a bus ends them, too."""

import json

import numpy as np
import pytest

from sc_hw.bus.folder import load_bus
from sc_hw.driver.network import NetworkDriver
from sc_hw.driver.simulation import Simulation
from sc_hw.network_file import network_of
from sc_hw.network_folder import load_network, network_in_memory
from sc_hw.network_sim.run import simulate_network
from sc_hw_models.networks import NetworkModel
from tests.daily import check, few
from tests.networks.small import SMALL, write_network
from tests.refusals import refused

KINDS = ("shift", "probabilistic", "lock", "pull", "si")


def settings(kind, *, codes=3):
    """Return what makes the small network one of a kind; a lock has codes of its own."""
    both = [f"projection.{name}.consolidation={kind}" for name in ("in", "out")]
    return [*both, *(f"projection.{name}.code_bits={codes}" for name in ("in", "out") if kind != "lock")]


def chip_of(tmp_path, changes):
    (tmp_path / "small.toml").write_text(SMALL)
    return network_in_memory(network_of(tmp_path / "small.toml", option="", settings=changes))


def test_a_word_holds_what_the_kind_keeps_and_only_some_kinds_are_told_of_tasks(tmp_path):
    for kind in ("none", *KINDS):
        design = chip_of(tmp_path, settings(kind)).design
        told = kind in ("pull", "si")
        assert design.tasks == ((0, 1) if told else ()), kind
        assert any(port.name == "host_consolidate" for port in design.ports()) == told, kind
        block = design.projections["in"]
        bits = {"none": 8, "lock": 9, "pull": 19, "si": 24}.get(kind, 11)
        assert block.synapse_bits == bits, kind
        assert sum(f.bits for f in block.bank({}).fields) == bits, kind
    mixed = chip_of(tmp_path, ["projection.out.consolidation=si"]).design
    assert mixed.tasks == (1,)


@pytest.mark.parametrize("kind", few(KINDS, ["si"], "every kind; that which makes codes is in every run"))
def test_every_kind_equals_its_model_while_tasks_end(tmp_path, kind):
    result = simulate_network(chip_of(tmp_path, settings(kind)), output=tmp_path, seed=11, samples=60)
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
    changed = network_of(tmp_path / "small.toml", option="", settings=settings(kind))
    assert sc_hw("emit", "--network", write_network(tmp_path, changed), "-o", tmp_path / "net")[0] == 0
    status, out, err = sc_hw("selftest", tmp_path / "net", "--json", tmp_path / "selftest.json")
    assert status == 0, out + err
    faults = {fault["fault"]: fault["verdict"] for fault in json.loads((tmp_path / "selftest.json").read_text())["faults"]}
    for name in ("task not ended", "always a task", "task cut short", "task of the list"):
        assert faults[f"synapses_0: {name}"] == "caught", name
    assert faults["host: task kept back"] == "caught"


@check("a chip behind a bus is built; other accesses of the driver are in every run")
def test_a_driver_ends_a_task(sc_hw, tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    changed = network_of(tmp_path / "small.toml", option="", settings=settings("si"))
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

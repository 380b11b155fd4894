"""The report of a network: records judged again, a verdict that does not follow refused, drawings that are the golden model's."""

import copy
import json

import pytest

from sc_hw.folder import write_folder
from sc_hw.network_file import network_of
from sc_hw.network_folder import load_network, network_design, network_folder
from sc_hw.proof.network.ledger import check_network_ledger, network_ledger_record
from sc_hw.proof.network.prove import network_obligations, simulated_only
from sc_hw.proof.result import Obligation
from sc_hw.records import write_results
from sc_hw.report.learning import learned, stepped
from sc_hw.report.network import statements_of
from sc_hw_models.networks.neurons import CountingConfig, counting_step
from sc_hw_sim.scenes import SCENES
from tests.networks.small import SMALL_FILE

TOOLS = {"verilator": "5", "cocotb": "2", "cocotb-test": "0", "compiler": "g++"}
RUN = {
    "mismatch": None,
    "samples": 200,
    "learned": 150,
    "values_compared": 20_000,
    "words_written": 900,
    "resets": 406,
    "corners": {name: {"reset": 80, "clocks": 80} for name in SCENES},
    "host_accesses": 500,
    "clocks": 60_000,
    "flowing_samples": 50,
    "flowing_clocks": 4_000,
    "busy": {name: {"work": 600, "passes": 900} for name in ("synapses_in", "synapses_out")},
}
SIM = {"verb": "sim", "verdict": "pass", "seed": 1, "seconds": 2.0, "tools": TOOLS, "runs": [RUN], "command": "sc-hw sim net"}
WRONG = {  # what is changed of the run, and what is said of it
    "nothing compared": ({"values_compared": 0}, "values of 200 samples"),
    "too few accesses": ({"host_accesses": 70}, "accesses of the host"),
    "more learned than shown": ({"learned": 201}, "201 of 200 samples learned"),
    "another projection": ({"busy": {"synapses_in": {"work": 1, "passes": 1}}}, "projections are others"),
    "a difference that passes": ({"mismatch": {"text": "sums differ"}}, "verdict is pass, and the rest of it comes to fail"),
    "no corners": ({"corners": {}}, "its corners are none, not samples, samples with gaps"),
    "a corner less": (
        {"corners": {name: {"reset": 80, "clocks": 80} for name in SCENES[1:]}},
        "its corners are samples with gaps",
    ),
    "a corner in part": ({"corners": RUN["corners"] | {SCENES[1]: {"reset": 80, "clocks": 81}}}, "80 resets in the 81 clocks of"),
    "fewer resets": ({"resets": 399}, "399 resets, and 400 in its corners"),
    "other samples than asked": ({"samples": 199}, "has steps 199"),
}


@pytest.fixture
def folder(tmp_path):
    """Return the emitted small network."""
    design = network_design(network_of(SMALL_FILE, option=""), "tiny")
    write_folder(tmp_path / "net", network_folder(design, "verilog"))
    return tmp_path / "net"


def test_a_simulation_of_what_only_a_simulator_can_do_is_no_whole_one(sc_hw, folder):
    """The verb says so in its record; one that does not is refused."""
    network = load_network(folder)
    told = SIM | {"command": "sc-hw sim net --allow-system-tasks"}
    write_results(network, told, None)
    status, _, err = sc_hw("report", folder)
    assert status == 2
    assert "called a whole run, and is of with what only a simulator can do" in err
    write_results(network, told | {"partial": "with what only a simulator can do"}, None)
    status, out, _ = sc_hw("report", folder)
    assert "PARTIAL tiny" in out


def selftest_of(network):
    faults = network.design.faults()
    rows = [{"fault": "(none)", "description": "", "verdict": "passes", "evidence": "9 values equal"}]
    rows += [
        {"fault": f.name, "description": f.description, "verdict": "caught" if f.cuts else "not applicable", "evidence": "x"}
        for f in faults
    ]
    head = {"verb": "selftest", "verdict": "pass", "seed": 1, "samples": 120, "seconds": 1.0, "tools": TOOLS}
    return head | {"faults": rows, "command": "sc-hw selftest net"}


def test_good_records_pass_and_the_page_has_everything(sc_hw, folder):
    network = load_network(folder)
    write_results(network, SIM, None)
    write_results(network, selftest_of(network), None)
    status, out, err = sc_hw("report", folder, "--json", folder.parent / "report.json")
    assert status == 0, out + err
    assert "PASS tiny: 2 of 2 records good" in out
    entries = {e["verb"]: e for e in json.loads((folder.parent / "report.json").read_text())["entries"]}
    assert entries["sim"]["summary"] == "200 samples, 150 learned, 20,000 values equal, seed 1"
    page = (folder / "results" / "report.html").read_text()
    for section in ("core", "resources", "clocks", "proof", "parity", "mutants", "faults", "blocks", "learning", "provenance"):
        assert f'<section id="{section}"' in page
    assert page.count("weights of neuron") == 4
    assert "<script" not in page


@pytest.mark.parametrize("name", WRONG)
def test_a_verdict_that_does_not_follow_is_refused(sc_hw, folder, name):
    changes, text = WRONG[name]
    record = copy.deepcopy(SIM)
    record["runs"][0] |= changes
    write_results(load_network(folder), record, None)
    status, _, err = sc_hw("report", folder)
    assert status == 2
    assert text in err


def proof_of(network):
    """Return a record of a proof of everything, by two solvers; made up, but for what follows from the network."""
    design, only = network.design, simulated_only(network)
    wanted, statements = [*network_obligations(network), "campaign"], statements_of(network)
    names = [(name, name.rpartition("/")[2]) for name in wanted]

    def answers(name):
        words = {"structure": "read", "defined": "read", "campaign": "ran", "fits": ""}
        word = words.get(name, "read" if name.startswith("initial_") else "unsat")
        solvers = [] if not word else ("yices", "bitwuzla") if word == "unsat" else ("yosys",)
        return [{"solver": solver, "version": "1", "answer": word, "seconds": 0.1} for solver in solvers]

    proven = [
        Obligation(name=full, statement=statements.get(full, "s"), verdict="proven", answers=answers(name))
        for full, name in names
    ]
    proven.append(check_network_ledger(design, proven, wanted))
    head = {"verb": "prove", "verdict": "pass", "seconds": 1.0, "command": "sc-hw prove net", "counterexample": None}
    return head | {
        "tools": {"yosys": "0", "sby": "0", "yices": "1", "bitwuzla": "1"},
        "rule": "network",
        "generator": "verilog",
        "config": {},
        "assumptions": network_ledger_record(design),
        "obligations": [vars(o) for o in proven],
        "simulated_only": [{"name": name, "statement": text} for name, text in only.items()],
        "partial": f"simulated only: {', '.join(only)}",
    }


def test_what_a_proof_leaves_to_simulation_takes_a_whole_simulation(sc_hw, folder):
    network = load_network(folder)
    write_results(network, proof_of(network), None)
    status, out, err = sc_hw("report", folder)
    assert (status, "PARTIAL tiny" in out) == (1, True), out + err
    write_results(network, SIM, None)
    status, out, err = sc_hw("report", folder)
    assert (status, "PASS tiny: 2 of 2" in out) == (0, True), out + err


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda r: r["obligations"].pop(3), "no obligation"),
        (lambda r: r["obligations"][5].update(statement="else"), "states something else"),
        (lambda r: r["obligations"][5].update(answers=[]), "no answer says so"),
        (lambda r: r["simulated_only"].pop(), "simulated only is not what"),
        (lambda r: r["assumptions"].pop(), "assumptions is not that"),
        (lambda r: r.update(partial=""), "called a whole run"),
    ],
)
def test_a_proof_that_is_not_this_networks_is_refused(sc_hw, folder, change, text):
    network = load_network(folder)
    record = proof_of(network)
    change(record)
    write_results(network, record, None)
    status, _, err = sc_hw("report", folder)
    assert (status, text in err) == (2, True), err


def test_a_fault_that_is_missing_or_missed_is_no_pass(sc_hw, folder):
    network = load_network(folder)
    record = selftest_of(network)
    less = record | {"faults": record["faults"][:-1]}
    write_results(network, less, None)
    status, _, err = sc_hw("report", folder)
    assert (status, "no fault 'host: wrong projection'" in err) == (2, True)


def test_records_of_other_files_are_stale(sc_hw, folder):
    write_results(load_network(folder), SIM, None)
    file = folder / "tiny_host.v"
    file.write_text(file.read_text() + "\n")
    status, out, _ = sc_hw("report", folder)
    assert status == 1
    assert "stale" in out


def test_spikes_that_are_drawn_are_as_many_as_the_golden_step_counts():
    for current in range(-100, 2000, 37):
        _, spikes = stepped(current, 16 << 4, 16)
        assert sum(spikes) == counting_step(CountingConfig(threshold_shift=4), 16, current)[0]


def test_the_drawing_is_the_same_for_the_same_network_and_it_learns():
    spec = network_of(SMALL_FILE, option="", settings=("population.input.size=36", "projection.in.learning_shift=9"))
    first = learned(spec)
    assert first == learned(spec)
    assert first.accuracy[-1][1] > first.accuracy[0][1] + 0.2
    assert all(one.changed > 0 for one in first.weights)

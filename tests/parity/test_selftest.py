"""The planted faults: every one that can show is caught, in both generators, and the fault-free netlist passes."""

import re
from importlib import import_module

import pytest

from sc_hw.errors import CheckError
from sc_hw.faults.instance_faults import COPIES
from sc_hw.faults.plant import plant_faults
from sc_hw.rtl.faults import Fault
from sc_hw.selftest.run import _proofs, drawn_instance_faults, faults_of, selftest

from ..daily import check, few

NAMED_BY_THE_PROJECT = {
    "sum one bit short",
    "negate overflow",
    "saturation off by one",
    "swapped pre and post",
    "floor turned into truncation",
    "stuck enable",
    "wrong write address",
    "lost last synapse",
    "trace not clamped",
    "wrong reset value",
}


@pytest.mark.parametrize(
    ("synapses", "lanes", "settings", "generator"),
    few(
        [
            (21, 4, {"rounding": "stochastic", "decay_rounding": "stochastic", "trace_fraction_bits": 3}, "verilog"),
            (40, 1, {}, "amaranth"),
            (21, 4, {"rounding": "stochastic", "decay_rounding": "stochastic", "trace_fraction_bits": 3}, "amaranth"),
            (40, 1, {}, "verilog"),
        ],
        1,
        "the same faults in the other generator's text; stp by amaranth is in every run",
    ),
)
def test_every_fault_is_caught(make_core, tmp_path, generator, synapses, lanes, settings):
    core = make_core(generator, synapses=synapses, lanes=lanes, **settings)
    outcomes = selftest(core, steps=150, seed=1, output=tmp_path / "out")
    assert outcomes[0].verdict == "passes", outcomes[0].evidence
    verdicts = {outcome.fault: outcome.verdict for outcome in outcomes[1:]}
    assert {name for name, verdict in verdicts.items() if verdict == "missed"} == set()
    assert {name for name, verdict in verdicts.items() if verdict == "caught"} >= NAMED_BY_THE_PROJECT
    assert all(outcome.evidence for outcome in outcomes)


@check("the faults of a core and of a weight stage are in every run")
@pytest.mark.parametrize(
    ("generator", "rule", "synapses", "lanes", "settings", "some"),
    few(
        [
            (
                "amaranth",
                "stp",
                40,
                1,
                {},
                {"facilitation lost", "product one bit short", "release without spike", "stuck enable"},
            ),
            (
                "verilog",
                "r_stdp",
                200,
                5,
                {"queued": True},
                {"queue overflows", "half the queue", "result overwritten", "reset keeps results", "queue forgets to wait"},
            ),
            ("verilog", "three_factor", 21, 4, {"consolidation": "si"}, {"signal sign lost", "counter stuck", "stuck enable"}),
            (
                "verilog",
                "stp",
                21,
                4,
                {"mode": "mongillo", "rounding": "stochastic", "decay_rounding": "stochastic", "fraction_bits": 3},
                {"rest forgotten", "resources not spent", "one unit of resources lost", "noise repeats"},
            ),
            (
                "verilog",
                "r_stdp",
                40,
                1,
                {"reward_encoding": "pow2"},
                {"no reward acts", "reward sign lost", "lost last synapse"},
            ),
            (
                "amaranth",
                "three_factor",
                21,
                4,
                {"consolidation": "pull"},
                {"pull sign", "anchor not updated", "noise not seeded"},
            ),
        ],
        1,
        "further options; three_factor is among the faults of a weight stage",
    ),
)
def test_every_fault_of_every_rule_is_caught(make_core, tmp_path, generator, rule, synapses, lanes, settings, some):
    core = make_core(generator, rule=rule, synapses=synapses, lanes=lanes, **settings)
    outcomes = selftest(core, steps=300, seed=1, output=tmp_path / "out")
    verdicts = {outcome.fault: outcome.verdict for outcome in outcomes}
    assert verdicts.pop("(none)") == "passes"
    assert set(verdicts.values()) <= {"caught", "not applicable"}, verdicts
    assert {name for name, verdict in verdicts.items() if verdict == "caught"} >= some


@check("the faults of a core are in every run; stages of all kinds are simulated there, too")
@pytest.mark.parametrize(
    ("kind", "generator", "some"),
    [
        ("shift", "verilog", {"code ignored", "code one too strong", "lock ignored", "saturation off by one"}),
        ("pull", "amaranth", {"consolidate ignored", "weight not held", "anchor not updated", "pull sign", "lock ignored"}),
        ("none", "amaranth", {"signal sign lost", "activity taken as signed", "floor turned into truncation"}),
        ("probabilistic", "amaranth", {"code ignored", "chance stuck"}),
        ("lock", "verilog", {"lock ignored"}),
        ("si", "verilog", {"counter stuck", "chance ignored", "importance not cleared", "code not earned", "code ignored"}),
    ],
)
def test_every_fault_of_a_weight_stage_is_caught(make_core, tmp_path, kind, generator, some):
    core = make_core(generator, rule="three_factor", synapses=40, consolidation=kind)
    faults = [fault for fault in faults_of(core) if any(net.startswith("datapath.") for net in fault.cuts)]
    assert {fault.name for fault in faults} >= some
    outcomes = selftest(core, steps=200, seed=1, output=tmp_path / "out", faults=faults)
    assert [outcome.verdict for outcome in outcomes] == ["passes"] + ["caught"] * len(faults), outcomes


@check("what is invisible is told from what is missed in every run of selftest")
def test_a_fault_that_changes_nothing_is_reported_missed(make_core, tmp_path):
    core = make_core(synapses=8)
    harmless = Fault(name="harmless", description="replaces a net by itself", cuts={"datapath.eligibility_sum": "value"})
    outcomes = selftest(core, steps=40, seed=1, output=tmp_path / "out", faults=[harmless])
    assert [outcome.verdict for outcome in outcomes] == ["passes", "missed"]


def test_a_fault_on_an_unknown_net_is_an_error(make_core, tmp_path):
    core = make_core(synapses=8)
    with pytest.raises(CheckError, match="no net nowhere"):
        selftest(
            core, steps=40, seed=1, output=tmp_path / "out", faults=[Fault(name="x", description="x", cuts={"nowhere": "value"})]
        )


def test_fault_names_are_unique(make_core):
    names = [fault.name for fault in faults_of(make_core(synapses=8))]
    assert len(names) == len(set(names))


def test_registers_are_proven_without_copies_of_memories(make_core, monkeypatch, tmp_path):
    """A copy with a fault of a parameter is as large as the memory: of 1,024 words it took a comparison 17 GB."""
    core, asked = make_core(synapses=21, lanes=4), []

    def judged(_core, planted, mutants, numbers, *_rest, **_options):
        asked.append(planted)
        return {number: ("equivalent", mutant.text) for number, mutant in zip(numbers, mutants, strict=True)}

    monkeypatch.setattr(import_module("sc_hw.selftest.run"), "judge_mutants", judged)
    drawn, _ = drawn_instance_faults(core, 24, 1)
    planted, resets = plant_faults(core, faults_of(core), tmp_path, drawn, registers=24, seed=1)
    assert re.search(COPIES, "".join(planted.verilog_text.values()))
    found = _proofs(core, resets, 24, 1)
    assert not re.search(COPIES, "".join(asked[0].verilog_text.values()))
    assert found == {mutant.number: ("equivalent", mutant.text) for mutant in resets}

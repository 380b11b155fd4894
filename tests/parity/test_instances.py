"""Faults at the instances of a design: found in its netlist, planted in its text, noticed by proof, simulation, comparison."""

import dataclasses
import json
from importlib import import_module

import pytest

from sc_hw.errors import UserError
from sc_hw.faults.equivalence import compare, compare_around
from sc_hw.faults.instance_faults import InstanceFault, instance_faults, plant_instances
from sc_hw.faults.instances import locate, read_instances, read_texts
from sc_hw.faults.plant import alone, as_mutants, fixed, plant_faults
from sc_hw.mutate.run import Judged
from sc_hw.proof.structure import check_structure, is_sound
from sc_hw.report.join import join
from sc_hw.rtl.emit import GENERATORS
from sc_hw.selftest.run import Outcome, counted, drawn_instance_faults, faults_of, part_of_another, passes, selftest
from sc_hw.sim.simulate import simulate

from ..daily import check, crossed, few

SMALL = {"weight_bits": 4, "trace_bits": 4, "reward_bits": 3}
KINDS = {"clock", "stuck", "corner", "word", "module", "swapped", "parameter"}


@pytest.fixture
def topology(make_core, make_layer, make_crossbar):
    """Emit a design by name."""

    def make(name, generator):
        return {
            "core": lambda: make_core(generator, synapses=5, lanes=2),
            "queued": lambda: make_core(generator, synapses=6, lanes=2, queued=True, rounding="stochastic"),
            "layer": lambda: make_layer(generator),
            "crossbar": lambda: make_crossbar(generator, addressed=True),
        }[name]()

    return make


@pytest.mark.parametrize(("name", "generator"), crossed(["core", "queued", "layer", "crossbar"], GENERATORS, "the other text"))
def test_every_pin_of_every_instance_has_faults(topology, name, generator):
    """Counted in the text, not in the netlist: no instance and no connected pin is overlooked."""
    core = topology(name, generator)
    texts, instances = read_texts(core), read_instances(core)
    modules = {path.stem for path in core.sources}
    named = sum(text.count(f"\n  {module} ") for text in texts.values() for module in modules)
    assert len(instances) == named
    faults = instance_faults(instances, texts)
    assert {fault.kind for fault in faults} >= KINDS
    assert len({fault.name for fault in faults}) == len(faults)
    for instance in instances:
        pins = {fault.pin.name for fault in faults if fault.instance == instance and fault.pin}
        connected = {
            pin
            for pin, span in locate(texts[instance.file], instance).connections.items()
            if texts[instance.file][slice(*span)].strip()
        }
        assert pins == connected
        assert {pin.name for pin in instance.pins if pin.clock} == {"clk"} & pins
    planted = plant_instances(texts, dict(enumerate(faults, 1)), selection="dut_selection")
    assert all(f"16'd{k} ?" in "".join(planted.values()) for k in range(1, len(faults) + 1))


@pytest.mark.parametrize("generator", few(["amaranth", "verilog"], 1, "the other text"))
def test_no_fault_waits_for_a_word_of_a_constant(make_crossbar, generator):
    """The seed of a random register is one word for ever: what happened in another of its words would never happen."""
    core = make_crossbar(generator, lanes=1, rounding="stochastic", decay_rounding="stochastic")
    texts, instances = read_texts(core), read_instances(core)
    seeds = [instance for instance in instances if any(pin.name == "seed" for pin in instance.pins)]
    assert len(seeds) >= 4  # of lanes and of the registers in them
    faults = instance_faults(instances, texts)
    waiting = {pin.name for fault in faults if "word" in fault.reads for _, pin in [fault.reads["word"]]}
    assert "seed" not in waiting
    assert "command_reward" in waiting
    # One whose seed is anything is met word by word.
    register = next(instance for instance in seeds if instance.module.endswith("_random"))
    free = [instance for instance in instances if instance.module != register.parent]
    assert any(fault.reads["word"][1].name == "seed" for fault in instance_faults(free, texts) if "word" in fault.reads)


@pytest.mark.parametrize(
    ("name", "generator"), few([("crossbar", "verilog"), ("core", "amaranth"), ("core", "verilog")], 1, "cores, the other text")
)
def test_the_proof_refuses_what_is_of_structure(topology, name, generator):
    """One of each kind that is of structure alone, in the emitted text; what else there is the induction and the datapath see."""
    core = topology(name, generator)
    assert is_sound(list(check_structure(core)))
    faults, _ = drawn_instance_faults(core, 10_000, 1, corners=True)
    for kind in ("clock", "module", "parameter"):
        fault = next(f for f in faults if f.kind == kind and "datapath" not in f.instance.parent)
        assert _refused(alone(core, fault)), fault.name


def _refused(core):
    try:
        return not is_sound(list(check_structure(core)))
    except UserError:
        return True


@check("selftest draws faults at instances in every run")
@pytest.mark.parametrize(
    ("generator", "count"),
    few([("verilog", 4), ("verilog", 24), ("amaranth", 24)], 1, "more faults, and the same in the other generator's text"),
)
def test_faults_at_instances_are_caught(make_core, tmp_path, generator, count):
    core = make_core(generator, synapses=21, lanes=4) if count > 4 else make_core(generator, synapses=5, lanes=2, **SMALL)
    outcomes = selftest(core, steps=400 if count == 4 else 1500, seed=1, output=tmp_path / "out", faults=[], instances=count)
    assert outcomes[0].verdict == "passes", outcomes[0].evidence
    assert [outcome.fault for outcome in outcomes[1:] if outcome.verdict not in ("caught", "invisible")] == []
    caught = [outcome.fault for outcome in outcomes if outcome.verdict == "caught"]
    # Ten of the Amaranth core's registers can be drawn, and two faults of them never show.
    registers = sum(fault.startswith("reset: ") for fault in caught)
    assert len(caught) - registers == count
    assert registers >= count / 3


@check("the moments in which they show are in every campaign")
@pytest.mark.parametrize("generator", GENERATORS)
def test_what_a_host_does_beside_a_command_that_waits_is_met(make_crossbar, tmp_path, generator):
    """Neurons are done early: then they serve what a command went before while the next one waits, for the synapses, too."""
    core = make_crossbar(generator, pre=3, post=4, lanes=2)
    faults, _ = drawn_instance_faults(core, 10_000, 1, corners=True)
    beside = [f for f in faults if f.instance.parent == "dut" and f.description == "lost while command_valid is high"]
    chosen = [f for f in beside if f.pin.name in ("host_valid", "host_write")]
    assert {fault.instance.name for fault in chosen} == {"pre", "post", "synapses"}
    planted, _ = plant_faults(core, [], tmp_path, chosen)
    numbers = range(1 + len(chosen))
    right, *wrong = simulate([planted], steps=1, seed=1, output=tmp_path / "out", faults=numbers).cores
    assert not right["mismatch"]
    assert [fault.name for fault, record in zip(chosen, wrong, strict=True) if not record["mismatch"]] == []


@check("it compares one core more; what a comparison tells is in every run")
@pytest.mark.parametrize("generator", GENERATORS)
def test_a_design_with_copies_of_other_parameters_is_compared(make_core, tmp_path, generator):
    """What the copies are made of leaves the design's own modules their names, by which they are told apart."""
    core = make_core(generator, synapses=5, lanes=2)
    faults, _ = drawn_instance_faults(core, 10_000, 1)
    chosen = [fault for fault in faults if fault.parameter and "memory" in fault.instance.module]
    assert len(chosen) > 2
    planted, registers = plant_faults(core, [], tmp_path, chosen, registers=40)
    gold = fixed(planted, 0, tmp_path / "gold")
    for register, verdict in (("clearing_reg keeps", "equal"), ("state_reg keeps", "different")):
        kept = next(m for m in registers if f"dut.{register}" in m.text)
        gate = fixed(planted, kept.number, tmp_path / register.partition(" ")[0])
        assert compare(gold, gate, "dut", timeout=60, enabled=True)[0] == verdict


@check("selftest of a core has a fault of contents in every run")
def test_contents_at_power_up(make_core, tmp_path, monkeypatch):
    """They show in the first run of a process only; other faults are not caught by what a run before them left."""
    initial = {"weight": [3000, 1, 2, 7]}
    core = make_core(synapses=4, initial=selftest_arrays(initial))
    faults, instances = drawn_instance_faults(core, 10_000, 1)
    initial = [fault for fault in faults if fault.initial]
    assert initial
    harmless = dataclasses.replace(next(f for f in faults if f.kind == "stuck"), expression="value", description="harmless")
    monkeypatch.setattr(
        import_module("sc_hw.selftest.run"), "drawn_instance_faults", lambda *_args: ([initial[0], harmless], instances)
    )
    outcomes = selftest(core, steps=40, seed=1, output=tmp_path / "out", faults=[], instances=1)
    # Behind them stands a register in a reset.
    assert [outcome.verdict for outcome in outcomes] == ["passes", "caught", "invisible", "caught"]


def selftest_arrays(initial):
    import numpy as np

    return {name: np.array(values) for name, values in initial.items()}


@check("faults at instances are drawn and told apart in every run")
def test_a_comparison_tells_what_is_seen(make_core):
    core = make_core(synapses=5, lanes=2, **SMALL)
    instances = read_instances(core)
    faults = instance_faults(instances, read_texts(core))
    chosen = [next(f for f in faults if f.kind == kind) for kind in ("clock", "stuck")]
    harmless = dataclasses.replace(chosen[1], expression="value")
    for fault in (*chosen, harmless):
        gate = alone(core, fault)
        seconds = 20 if fault == harmless else 2  # a busy machine makes more of them
        assert (compare_around(core, gate, fault, instances, timeout=seconds) == "equal") == (fault == harmless), fault.name


@check("circuits are compared in every run; that a moment never comes takes a solver ten seconds")
def test_what_no_run_brings_about_is_invisible(make_crossbar):
    """Results have left before the next timestep begins, so a fault in clocks that have both shows nowhere."""
    core = make_crossbar(pre=2, post=2, lanes=1, **SMALL)
    instances = read_instances(core)
    faults = {f.name: f for f in instance_faults(instances, read_texts(core))}
    never = faults["corner: dut.row_filter.stored_events: lost while result_moves is high"]
    moves = never.instance, next(pin for pin in never.instance.pins if pin.name == "stored_moves")
    seen = dataclasses.replace(never, reads=dict.fromkeys(never.reads, moves))
    assert compare_around(core, alone(core, never), never, instances, timeout=60) == "equal"
    assert compare_around(core, alone(core, seen), seen, instances, timeout=60) == "different"


@check("what a folder of parts says is worked out again in every run")
def test_a_part_of_another_emission(make_layer, tmp_path, monkeypatch):
    """Refused when it is read, or else simulated; what neither sees is missed."""
    layer = make_layer()
    monkeypatch.setattr(import_module("sc_hw.selftest.run"), "load_core", lambda _folder: layer)
    missed = part_of_another(layer, layer.parts[0], steps=20, seed=1, output=tmp_path / "out")
    assert (missed.verdict, passes([Outcome(fault="", description="", verdict="passes", evidence=""), missed])) == (
        "missed",
        False,
    )

    def refuse(_folder):
        raise UserError("neurons: of another emission")

    monkeypatch.setattr(import_module("sc_hw.selftest.run"), "load_core", refuse)
    caught = part_of_another(layer, layer.parts[0], steps=20, seed=1, output=tmp_path / "out")
    assert (caught.verdict, caught.evidence) == ("caught", "refused: neurons: of another emission")


def test_a_rule_without_faults_of_its_own_does_not_pass(make_core, sc_hw, monkeypatch):
    core = make_core(synapses=2, **SMALL)
    monkeypatch.setattr("sc_hw.rtl.rules.r_stdp.faults", lambda _design: [])
    monkeypatch.setattr(import_module("sc_hw.selftest.run"), "faults_of", lambda core: faults_of(core)[:3])  # of the engine
    status, said, _ = sc_hw("selftest", core.folder, "--instances", 0, "--steps", 20)
    assert status == 1
    assert "no faults of rule r_stdp itself" in said.splitlines()[-1]
    record = json.loads((core.folder / "results" / "selftest.json").read_text())
    assert record["verdict"] == "fail"
    assert "no faults of rule r_stdp itself" in counted(record["faults"])
    assert not passes([Outcome(fault="(none)", description="", verdict="passes", evidence="")])


@pytest.mark.parametrize("figures", [{}, {"weight_rms": float("nan"), "weight_max": 1.0}])
def test_an_accuracy_without_figures_does_not_pass(make_core, sc_hw, monkeypatch, figures):
    core = make_core(synapses=4)
    rule = dataclasses.replace(core.design.rule, accuracy=lambda _config, _seed: figures)
    monkeypatch.setattr(import_module("sc_hw.accuracy.command"), "get_rule", lambda _name: rule)
    status, said, _ = sc_hw("accuracy", core.folder, "--seeds", 1)
    assert status == 1
    assert "FAIL r_stdp: no figures of as configured" in said
    entry = next(e for e in join(core, ["accuracy"]).entries if e.verb == "accuracy")
    assert (entry.status, entry.summary) == ("fail", "no figures of as configured over 1 seeds")


@pytest.mark.parametrize(("rare", "gap"), [(True, ""), (False, "survives simulation")])
def test_a_rare_fault_is_for_the_proof(make_core, rare, gap):
    faults, _ = drawn_instance_faults(make_core(synapses=5), 1000, 1, corners=True)
    (mutant,) = as_mutants([next(f for f in faults if f.rare == rare)], 1)
    assert Judged(mutant=mutant, simulation="survives", difference="", proof="refuted", evidence="").gap == gap
    assert Judged(mutant=mutant, simulation="survives", difference="", proof="unknown", evidence="").gap


def test_what_is_drawn_repeats_and_mixes_kinds(make_core):
    core = make_core(synapses=5)
    drawn, _ = drawn_instance_faults(core, 14, 7)
    assert drawn == drawn_instance_faults(core, 14, 7)[0] != drawn_instance_faults(core, 14, 8)[0]
    assert {fault.kind for fault in drawn} >= KINDS - {"swapped", "corner", "word"}
    assert {fault.kind for fault in drawn_instance_faults(core, 14, 7, corners=True)[0]} >= KINDS - {"swapped"}
    assert all(isinstance(fault, InstanceFault) and not fault.rare for fault in drawn)

"""The rules of ``examples/rules``: a file each, well formed, close to their float model, simulated and proven."""

from pathlib import Path

import pytest

from sc_hw.datapath import with_datapath
from sc_hw.manifest import load_core
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.rule.check import check_rule
from sc_hw.sim.simulate import simulate
from sc_hw_models.rule_file import add_rule_file

from ..daily import check, few

FOLDER = Path(__file__).resolve().parents[2] / "examples/rules"
FILES = sorted(path.stem for path in FOLDER.glob("*.py"))
# How far the fixed model may be from the float one: rms relative to a threshold or to the value's own, spikes as a part of all.
BOUNDS = {
    "lif": {"voltage_rms": 0.01, "spikes": 0.001},
    "alif": {"voltage_rms": 0.1, "spikes": 0.002},
    "izhikevich": {"spikes": 0.05},
    "readout": {"voltage_rms": 0.0002},
    "structural": {"number": 0.01, "weight": 0.03},
    "eprop": {"filtered_rms": 0.01, "weight_rms": 0.05},
}


@pytest.mark.parametrize("name", FILES)
def test_a_rule_is_well_formed(name):
    assert check_rule(FOLDER / f"{name}.py")[1] == []


@pytest.mark.parametrize("name", BOUNDS)
def test_a_rule_is_close_to_its_float_model(name):
    rule = add_rule_file(FOLDER / f"{name}.py").rule
    figures = rule.accuracy(rule.config_type(), 1)
    assert figures.keys() == BOUNDS[name].keys()
    assert all(abs(figures[key]) <= bound for key, bound in BOUNDS[name].items()), figures


@check("a rule that is compiled is proven, and one with a setting at run time simulated, in every run")
@pytest.mark.parametrize(("generator", "names"), few([(generator, FILES) for generator in GENERATORS], 1, "the other generator"))
def test_rules_are_simulated(tmp_path, generator, names):
    cores = [core_of(name, generator, tmp_path) for name in names]
    result = simulate(cores, steps=80, seed=1, output=tmp_path / "sim")
    assert result.passed, [record["mismatch"] for record in result.cores if record["mismatch"]]


DAILY = [("majority", "amaranth"), ("readout", "verilog")]
PROVEN = [(name, generator) for generator in GENERATORS for name in FILES]


@pytest.mark.parametrize(("name", "generator"), few(PROVEN, DAILY, "the others, and the other generator"))
def test_a_rule_is_proven(tmp_path, name, generator):
    core = core_of(name, generator, tmp_path)
    found = prove(core, [find_solver("yices"), find_solver("bitwuzla")], parts=["datapath"], covers=False, timeout=300)
    assert found.verdict == "proven", [o for o in found.obligations if o.verdict != "proven"]


def core_of(name, generator, folder):
    source = add_rule_file(FOLDER / f"{name}.py")
    rule = with_datapath(source.rule)
    design = CoreDesign(name=f"dut_{name}", rule=rule, config=rule.config_type(), synapses=5)
    return load_core(emit(design, generator, folder / f"core_{name}"))

"""The theorem for every preset of every rule, and in ``make check`` for the regression's configurations and for random ones."""

import pytest

from sc_hw.manifest import load_core
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw_models.registry import RULES, get_rule

from ..daily import check, few
from ..parity.configurations import CONFIGURATIONS, random_ones

PRESETS = [(rule, name) for rule in RULES for name in get_rule(rule).presets]
DRAWN = 200  # random configurations, drawn from --seed


def pytest_generate_tests(metafunc):
    if "config" in metafunc.fixturenames:
        drawn = [CONFIGURATIONS[0]]  # to be left out
        if metafunc.config.getoption("--check"):
            drawn = [*CONFIGURATIONS, *random_ones(DRAWN, metafunc.config.getoption("--seed"))]
        presets = [(rule, get_rule(rule).presets[name].config) for rule, name in PRESETS]
        cores = {(c.rule, c.config): c.label for c in drawn}
        cores = {core: label for core, label in cores.items() if core not in presets}
        metafunc.parametrize(("rule", "config"), list(cores), ids=list(cores.values()))


def proven(folder, rule, config, generator, *solvers):
    design = CoreDesign(name="dut", rule=get_rule(rule), config=config, synapses=16)
    core = load_core(emit(design, generator, folder / "core"))
    result = prove(core, [find_solver(name) for name in solvers], parts=["datapath", "lane"])
    assert result.verdict == "proven", [vars(o) for o in result.obligations if o.verdict != "proven"]


DAILY = [("r_stdp", "narrow2", "verilog"), ("stp", "default", "amaranth"), ("three_factor", "pull", "verilog")]
BOTH = [(rule, preset, generator) for rule, preset in PRESETS for generator in GENERATORS]


@pytest.mark.parametrize(
    ("rule", "preset", "generator"),
    few(BOTH, DAILY, "the other presets; of each rule one is in every run"),
)
def test_presets(tmp_path, rule, preset, generator):
    proven(tmp_path, rule, get_rule(rule).presets[preset].config, generator, "yices")


@check("a second solver's opinion")
@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize(("rule", "preset"), PRESETS)
def test_presets_by_the_other_solver(tmp_path, rule, preset, generator):
    proven(tmp_path, rule, get_rule(rule).presets[preset].config, generator, "bitwuzla")


@check("what every run simulates, and configurations drawn from --seed")
@pytest.mark.parametrize("generator", GENERATORS)
def test_spread(tmp_path, rule, config, generator):
    proven(tmp_path, rule, config, generator, "yices")

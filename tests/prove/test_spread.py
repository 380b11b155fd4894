"""The theorem for every preset of every rule, for the regression's configurations and for random ones.

By default the presets and a few of the regression; ``--prove-all`` all of the regression, ``--prove-random K`` as
many random ones drawn from ``--prove-seed``.
"""

from sc_hw.manifest import load_core
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw_models.registry import RULES, get_rule

from ..parity.configurations import CONFIGURATIONS, random_ones

A_FEW = 3


def pytest_generate_tests(metafunc):
    option = metafunc.config.getoption
    drawn = random_ones(option("--prove-random"), option("--prove-seed"))
    spread = CONFIGURATIONS if option("--prove-all") else CONFIGURATIONS[-A_FEW:]
    configs = {(c.rule, get_rule(c.rule).config_type(**c.settings)): c.label for c in [*spread, *drawn]}
    configs |= {(rule, preset.config): f"{rule} {name}" for rule in RULES for name, preset in get_rule(rule).presets.items()}
    metafunc.parametrize(("rule", "config"), list(configs), ids=list(configs.values()))
    metafunc.parametrize("generator", GENERATORS)


def test_spread(request, tmp_path, rule, config, generator):
    """By the faster solver; with ``--prove-all`` presets by two."""
    chosen = get_rule(rule)
    twice = request.config.getoption("--prove-all") and config in [preset.config for preset in chosen.presets.values()]
    solvers = ["yices", "bitwuzla"] if twice else ["yices"]
    core = load_core(emit(CoreDesign(name="dut", rule=chosen, config=config, synapses=16), generator, tmp_path / "core"))
    result = prove(core, [find_solver(name) for name in solvers], parts=["datapath", "lane"])
    assert result.verdict == "proven", [vars(o) for o in result.obligations if o.verdict != "proven"]

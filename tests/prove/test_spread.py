"""The spread of configurations of the parity regression, proven: a few by default, all with --prove-all."""

from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver

from ..parity.configurations import corners, random_ones

A_FEW = 3


def pytest_generate_tests(metafunc):
    distinct = {repr(sorted(c.settings.items())): c for c in [*corners(), *random_ones()]}
    chosen = list(distinct.values())
    if not metafunc.config.getoption("--prove-all"):
        chosen = chosen[-A_FEW:]
    metafunc.parametrize("configuration", chosen, ids=[c.label for c in chosen])
    metafunc.parametrize("generator", ["amaranth", "verilog"])


def test_spread(make_core, configuration, generator):
    result = prove(make_core(generator, rule=configuration.rule, **configuration.settings), [find_solver("yices")])
    assert result.verdict == "proven", [vars(o) for o in result.obligations if o.verdict != "proven"]

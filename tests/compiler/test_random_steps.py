"""Random steps, from a user's file to a simulated and proven core, by both generators."""

import pytest

from sc_hw.compiler.rule import Timing, compiled
from sc_hw.manifest import load_core
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.sim.simulate import simulate

from ..daily import check
from .random_rules import random_rule

CHECKED, BATCH = 500, 10


def emitted(seed, written, tmp_path, generator):
    source = written(*random_rule(seed))
    timing = Timing(target=("ecp5-25k", "ice40-hx8k")[seed // 2 % 2], latency=seed % 5)
    rule = compiled(source.rule, timing, source.sha256)
    design = CoreDesign(name=f"dut_{seed}", rule=rule, config=rule.config_type(), synapses=5, lanes=1 + seed % 2)
    return load_core(emit(design, generator, tmp_path / f"core_{seed}"))


def whole_way(seeds, written, tmp_path, solvers=("yices", "bitwuzla")):
    """Emit a core of each seed's rule, generators and devices by turns, simulate all together, and prove each."""
    cores = [emitted(seed, written, tmp_path, GENERATORS[seed % len(GENERATORS)]) for seed in seeds]
    result = simulate(cores, steps=60, seed=1, output=tmp_path / "sim")
    assert result.passed, [record["mismatch"] for record in result.cores if record["mismatch"]]
    for core in cores:
        found = prove(core, [find_solver(name) for name in solvers], parts=["datapath"], covers=False, timeout=120)
        assert found.verdict == "proven", (
            core.design.name,
            [o for o in found.obligations if o.verdict not in ("proven", "no cut")],
        )


def test_what_random_steps_become_is_verilog_that_all_tools_read_alike(written, tmp_path):
    for seed in (20261122, 20261151, 20261181, 20261326, 20261465, *range(100, 120)):  # the first were not
        emitted(seed, written, tmp_path, "verilog")


def test_low_bits_of_a_value_that_has_fewer_repeat_its_sign(written, tmp_path):
    """Of this step Amaranth compared two bits with -1 as if they were never negative; the proof refuted it, and so did sim."""
    core = emitted(20261363, written, tmp_path, "amaranth")
    found = prove(core, [find_solver("yices")], parts=["datapath"], covers=False, timeout=60)
    assert found.verdict == "proven", [o for o in found.obligations if o.verdict not in ("proven", "no cut")]


@check("their Verilog is read by every tool, and steps are rewritten, in every run")
def test_random_steps_become_cores(written, tmp_path):
    whole_way((*range(4), 20261326), written, tmp_path)  # of the last, a shift has more bits than are left


@pytest.mark.parametrize("batch", [pytest.param(k, marks=check("more random steps")) for k in range(CHECKED // BATCH)])
def test_many_random_steps_become_cores(written, tmp_path, pytestconfig, batch):
    seed = pytestconfig.getoption("--seed") + batch * BATCH
    print(f"seed {seed}")
    whole_way(range(seed, seed + BATCH), written, tmp_path)

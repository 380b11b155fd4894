"""Simulators of cores with and without initial contents: how long it takes to build one, from nothing."""

import os
import resource
import shutil
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np

from sc_hw.manifest import load_core
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.sim.simulator import Simulator
from sc_hw.toolchain import compiler, verilator
from sc_hw_models.registry import get_rule

from .measure import Group, Row

__all__ = ["group"]

FOLDER = Path("build/bench/contents").absolute()
SYNAPSES = 65_536
SEED = 1
COUNTED = """\
One unit is a simulator of a core, with the bench around it, built by Verilator and the compiler without any cache. Seconds are
processor time of all processes. With initial contents every synapse has a random weight at power-up. A ratio is to the core of
the first row, which has no contents: 0.83 means that it takes 1.2 times as long."""


def built(generator: str, *, initial: bool) -> float:
    """Build the simulator of a core; return how many a minute of processor time would give."""
    rule = get_rule("r_stdp")
    weights = np.random.default_rng(SEED).integers(0, 30_000, SYNAPSES)
    design = CoreDesign(
        name="core",
        rule=rule,
        config=rule.config_type(),
        synapses=SYNAPSES,
        lanes=1,
        initial={"weight": weights} if initial else {},
    )
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "cache").mkdir(parents=True)
    core = load_core(emit(design, generator, FOLDER / "core"))
    with patch.dict(os.environ, SC_HW_CACHE=str(FOLDER / "cache")):
        before = _seconds()
        with Simulator([core], waves=False).built(FOLDER / "log", lambda _: None) as (_, hit):
            if hit:
                raise RuntimeError("a cache had the simulator")
        return 60 / (_seconds() - before)


def _seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def group(_python: Path) -> Group:
    """Return the rows."""
    rows = [
        Row(
            name=f"N = {SYNAPSES:,}, {generator}{', initial contents' if initial else ''}",
            run=partial(built, generator, initial=initial),
        )
        for generator in GENERATORS
        for initial in (False, True)
    ]
    return Group(
        title="Initial contents",
        unit="simulators a minute",
        counted=COUNTED,
        reference=rows[0].name,
        rows=rows,
        versions={"Verilator": verilator().version, "compiler": compiler().version},
        settings={"seed": SEED},
    )

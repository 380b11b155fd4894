"""The bench of accesses on the Verilog of a bus, as it is or with a fault."""

import json
import os
from pathlib import Path

from sc_hw.bus.folder import load_bus
from sc_hw.network_folder import load_emitted
from sc_hw.sim.simulator import ccache_environment, run_cocotb
from sc_hw.toolchain import VERILATED_MAKE

ROOT = Path(__file__).parents[2]


def run_bench(folder, work, *, accesses, seed, verilog=None, module="tests.bus.bench"):
    """Return what the bench says of an emitted folder; ``verilog`` are files of the bus that take the place of its own."""
    core = load_emitted(folder)
    around = load_bus(core)
    work.mkdir()
    files = {**around.verilog, **core.verilog, **{name: text.encode() for name, text in (verilog or {}).items()}}
    for name, content in files.items():
        (work / name).write_bytes(content)
    plan = {"folder": str(folder), "accesses": accesses, "seed": seed, "outcome": str(work / "outcome.json")}
    (work / "plan.json").write_text(json.dumps(plan))
    path = os.pathsep.join(map(str, (ROOT, ROOT / "models", ROOT / "sim")))
    run_cocotb(
        work / "log",
        work,
        {**ccache_environment(work), "SC_HW_BUS_PLAN": str(work / "plan.json"), "PYTHONPATH": path},
        lambda proposed: proposed,
        toplevel=around.top,
        module=module,
        verilog_sources=[str(work / name) for name in files],
        make_args=["-j2", *VERILATED_MAKE, "OPT_FAST=-O0", "OPT_SLOW=-O0"],
        compile_args=["-Wno-fatal", "--x-initial", "unique", "--x-assign", "unique"],
        timescale="1ns/1ps",
    )
    if not (work / "outcome.json").is_file():
        raise AssertionError((work / "log").read_text()[-3000:])
    return json.loads((work / "outcome.json").read_text())

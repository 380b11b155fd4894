"""Verified synapse-steps through cocotb, between a naive testbench of sc-neurocore's lane and a bare Verilator loop."""

import json
import os
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sc_hw.manifest import Core, load_core
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.sim.simulate import SimulationError, simulate
from sc_hw.sim.simulator import log_tail, run_cocotb
from sc_hw.toolchain import VERILATED_MAKE, compiler, verilator
from sc_hw_models.registry import get_rule
from synth.neurocore import answer

from .measure import Group, Row

__all__ = ["group"]

FOLDER = Path("build/bench").absolute()
SEED = 1
SYNAPSES = 1024
TIMESTEPS = 2000
LANES = (1, 2, 4, 8)
NAIVE_STEPS = 10_000
CLOCKS = 2_000_000
COUNTED = """\
Seconds are processor time of the simulating process, which has one thread; Python's and the simulator's start are outside.
**sc-neurocore, naive bench**: its emitted lane, one synapse; for every step Python drives the inputs, waits for one clock
edge, reads the weight and compares it with the model on Python integers (differences are counted, not fatal: its lane does
differ). **sc-hw sim**: the whole campaign of `sc-hw sim`, stalls, resets, clears, loads and read-backs included, which takes
{clocks:.2f} clocks a synapse-step on one lane; every state field and output of every synapse is compared after every timestep.
**bare loop**: the same core in C++ without Python, stimulus classes, stalls or any check, a word every clock."""
EMIT = """
import json
from importlib.metadata import version
from sc_neurocore.hdl_gen import OnlineO1LearningEmitter
emitter = OnlineO1LearningEmitter()
print(json.dumps({"version": version("sc-neurocore"), "module": emitter.module_name, "verilog": emitter.generate()}))
"""
NAIVE = """
import json, os, random, time
import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from sc_hw_models.online_o1 import OnlineO1Synapse

@cocotb.test()
async def naive(dut):
    steps, generator, model = int(os.environ["NAIVE_STEPS"]), random.Random(os.environ["NAIVE_SEED"]), OnlineO1Synapse()
    Clock(dut.clk, 10, unit="step", impl="gpi").start()
    dut.rst_n.value = dut.step_en.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst_n.value = dut.step_en.value = 1
    differing, start = 0, time.process_time()
    for _ in range(steps):
        pre, post, reward = generator.random() < 0.3, generator.random() < 0.3, generator.randint(-128, 127)
        dut.pre_spike.value, dut.post_spike.value, dut.reward.value = pre, post, reward
        await FallingEdge(dut.clk)
        wanted = model.step(pre_spike=pre, post_spike=post, reward=reward)
        differing += int(dut.current_weight.value) != wanted.weight
    seconds = time.process_time() - start
    with open(os.environ["NAIVE_OUTCOME"], "w") as file:
        json.dump({"rate": steps / seconds, "differing": differing}, file)
"""
BARE = """
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include "Vcore.h"
int main(int, char** arguments) {
    const long clocks = std::atol(arguments[1]);
    Vcore top;
    top.rst = 1;
    for (int edge = 0; edge < 8; ++edge) { top.clk = edge & 1; top.eval(); }
    top.rst = top.command_clear = top.host_valid = 0;
    top.command_valid = top.event_valid = top.result_ready = 1;
    uint64_t random = 1;
    long beats = 0;
    const std::clock_t start = std::clock();
    for (long clock = 0; clock < clocks; ++clock) {
        random ^= random << 13; random ^= random >> 7; random ^= random << 17;
        top.event_pre_spike = random & 1; top.event_post_spike = random >> 8 & 1; top.command_reward = random >> 16 & 255;
        top.clk = 0; top.eval();
        beats += top.result_valid;
        top.clk = 1; top.eval();
    }
    std::printf("%.1f\\n", beats / (double(std::clock() - start) / CLOCKS_PER_SEC));
}
"""


def make_core(folder: Path, generator: str, lanes: int) -> Core:
    """Emit a default core."""
    rule = get_rule("r_stdp")
    design = CoreDesign(name="core", rule=rule, config=rule.config_type(), synapses=SYNAPSES, lanes=lanes)
    return load_core(emit(design, generator, folder / f"{generator}_{lanes}", force=True))


def campaign(core: Core, output: Path) -> dict[str, Any]:
    """Run ``sc-hw sim`` and return its rate and clocks a synapse-step."""
    result = simulate([core], steps=TIMESTEPS, seed=SEED, output=output)
    if not result.passed:
        raise SimulationError(log_tail(result.log))
    outcome = result.cores[0]
    done = outcome["synapse_steps"]
    return {"rate": done / result.cpu_seconds, "clocks": outcome["clocks"] / done}


def naive(folder: Path, lane: dict[str, Any]) -> Callable[[], float]:
    """Build the naive bench of sc-neurocore's lane and return a timing of it."""
    folder.mkdir(parents=True, exist_ok=True)
    source, log, outcome = folder / "lane.v", folder / "naive.log", folder / "outcome.json"
    source.write_text(lane["verilog"] + "\n", encoding="utf-8")
    (folder / "naive_bench.py").write_text(NAIVE, encoding="utf-8")
    tool = verilator().require()
    variables = {
        "NAIVE_STEPS": str(NAIVE_STEPS),
        "NAIVE_SEED": str(SEED),
        "NAIVE_OUTCOME": str(outcome),
        "COCOTB_RESULTS_FILE": str(folder / "results.xml"),
    }
    run_cocotb(
        log,
        folder / "build",
        dict(tool.environment),
        lambda p: [["perl", tool.path, *p[0][2:]], p[1]],
        toplevel=lane["module"],
        module="naive_bench",
        compile_only=True,
        timescale="1ns/1ps",
        verilog_sources=[str(source)],
        compile_args=["--no-timing", "-Wno-fatal", "-CFLAGS", "-O2"],
        make_args=[*VERILATED_MAKE, "OPT_FAST=-O2"],
    )

    def run() -> float:
        run_cocotb(
            log,
            folder / "run",
            variables,
            lambda _: [[str(folder / "build" / lane["module"])]],
            toplevel=lane["module"],
            module="naive_bench",
            python_search=[str(folder)],
        )
        if not outcome.is_file():
            raise SimulationError(log_tail(log))
        return float(json.loads(outcome.read_text(encoding="utf-8"))["rate"])

    return run


def bare(folder: Path, core: Core) -> Callable[[], float]:
    """Build the bare loop around a one-lane core and return a timing of it."""
    folder.mkdir(parents=True, exist_ok=True)
    main, tool = folder / "bare.cpp", verilator().require()
    main.write_text(BARE, encoding="utf-8")
    variables = {**os.environ, **dict(tool.environment), "MAKEFLAGS": " ".join([*VERILATED_MAKE, "OPT_FAST=-O2"])}
    command = [
        "perl",
        tool.path,
        "--cc",
        "--exe",
        "--build",
        "--no-timing",
        "-Mdir",
        str(folder),
        "--top-module",
        "core",
        "--prefix",
        "Vcore",
        "-CFLAGS",
        "-O2",
        "-Wno-fatal",
        *map(str, core.sources),
        str(main),
    ]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SimulationError(f"the bare loop was not built:\n{done.stderr[-2000:]}")
    program = [str(folder / "Vcore"), str(CLOCKS)]
    return lambda: float(subprocess.run(program, capture_output=True, text=True, check=True).stdout)


def group(python: Path) -> Group:
    """Return the rows."""
    lane = answer(python, EMIT)
    reference = "sc-neurocore lane, naive bench"
    rows = [Row(name=reference, run=naive(FOLDER / "naive", lane))]
    for generator in GENERATORS:
        for lanes in LANES:
            core = make_core(FOLDER, generator, lanes)
            name = f"sc-hw sim, N = {SYNAPSES:,}, P = {lanes}, {generator}"
            rows.append(Row(name=name, run=lambda core=core: campaign(core, FOLDER / "sim")["rate"]))
    for generator in GENERATORS:
        core = make_core(FOLDER, generator, 1)
        rows.append(Row(name=f"bare loop, N = {SYNAPSES:,}, P = 1, {generator}", run=bare(FOLDER / f"bare_{generator}", core)))
    clocks = campaign(make_core(FOLDER, GENERATORS[0], 1), FOLDER / "sim")["clocks"]
    return Group(
        title="Simulation",
        unit="synapse-steps a second",
        counted=COUNTED.format(clocks=clocks),
        reference=reference,
        rows=rows,
        versions={
            "sc-neurocore": lane["version"],
            "cocotb": version("cocotb"),
            "Verilator": verilator().version,
            "compiler": compiler().version,
        },
        settings={"seed": SEED, "timesteps of a campaign": f"{TIMESTEPS:,}"},
    )

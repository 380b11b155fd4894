"""A run of a block alone in simulation, as its folder has it or with faults planted."""

import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..junit import junit
from ..simulate import read_outcome, simulation_tools
from ..simulator import SimulationError, run_program
from .bench import BlockSimulator
from .place import Placed

__all__ = ["BlockRun", "simulate_block"]

_LONG = 2_000_000  # timesteps times beats a timestep from which on it pays to compile longer


@dataclass(frozen=True, kw_only=True)
class BlockRun:
    """What a run compared: a record a fault, the first without any where 0 was among them."""

    seed: int
    runs: list[dict[str, Any]]
    build_seconds: float
    seconds: float
    tools: dict[str, str]
    log: Path
    waves: Path | None

    @property
    def passed(self) -> bool:
        """Whether beats were compared and none differed."""
        return all(run["mismatch"] is None and run["timesteps"] > 0 and run["beats"] > 0 for run in self.runs)


def simulate_block(
    placed: Placed,
    *,
    steps: int,
    seed: int,
    output: Path,
    faults: Sequence[int] = (0,),
    files: Mapping[str, bytes] | None = None,
    waves: bool = False,
    note: Callable[[str], None] = lambda _text: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> BlockRun:
    """Compare a block with its golden model for ``steps`` whole timesteps, among resets and under stalls.

    ``faults`` are numbers of faults in ``files``, a copy of the Verilog in which they are planted, each of which gets the whole
    run. ``output`` receives the log, the results as JUnit and, with ``waves``, the waveform. ``progress`` counts timesteps, or
    faults where there are several. Errors: ``UserError`` for a missing tool, ``SimulationError`` when the build or the run ends
    without a result.
    """
    block = placed.block
    beats = sum(placed.memory_bits) * steps * len(faults)
    simulator = BlockSimulator(block, files or placed.core.verilog, waves=waves, brief=beats < _LONG)
    output = output.absolute()
    output.mkdir(parents=True, exist_ok=True)
    log, outcome, plan, xml = (output / name for name in ("sim.log", "outcome.json", "plan.json", "results.xml"))
    for stale in (log, outcome, xml):
        stale.unlink(missing_ok=True)
    text = json.dumps(
        {
            "request": secrets.token_hex(16),
            "seed": seed,
            "steps": steps,
            "faults": list(faults),
            "golden": block.golden,
            "settings": block.settings,
            "outcome": str(outcome),
        }
    )
    plan.write_text(text, encoding="utf-8")
    total = steps if len(faults) == 1 else len(faults)

    def on_line(line: str) -> None:
        if line.startswith("SC_HW_PROGRESS "):
            progress(int(line.split()[1]), total)

    wave = output / "waves.vcd" if waves else None
    arguments = ["+verilator+rand+reset+2", f"+verilator+seed+{seed or 1}", *([f"+sc_hw_waves={wave}"] if wave else [])]
    environment = {
        "SC_HW_PLAN": str(plan),
        "COCOTB_RESULTS_FILE": os.devnull,
        "COCOTB_RANDOM_SEED": str(seed),
        "COCOTB_REWRITE_ASSERTION_FILES": "",
        "OPENBLAS_NUM_THREADS": "1",
    }
    started = time.perf_counter()
    with simulator.built(log, note) as (program, _):
        build_seconds = time.perf_counter() - started
        run_program(program, log, environment, arguments, on_line, module="sc_hw_sim.test_block")
    record = read_outcome(outcome, log, text)
    short = [run for run in record["runs"] if run["mismatch"] is None and run["timesteps"] < steps]
    if [run["fault"] for run in record["runs"]] != list(faults) or short:
        raise SimulationError(f"no verdict: the bench did not do what was asked; the log is {log}")
    xml.write_bytes(junit([{"name": block.name, **run} for run in record["runs"]], seed=seed, seconds=record["seconds"]))
    return BlockRun(
        seed=seed,
        runs=record["runs"],
        build_seconds=build_seconds,
        seconds=record["seconds"],
        tools=simulation_tools(),
        log=log,
        waves=wave,
    )

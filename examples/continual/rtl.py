"""One run again in the emitted Verilog: it is told what the golden core was told, and compared at every timestep."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from protocol import SYNAPSES, Lane, Run, stimulus


def play(lane: Lane, run: Run, seed: int, generator: str, folder: Path) -> np.ndarray:
    """Emit the lane's core, simulate it under Verilator, and return the weights it ends with.

    Errors: ``CalledProcessError`` when a state bit of the core ever differs from the model's, ``RuntimeError`` when less was
    compared than the whole run.
    """
    place = folder / re.sub("[^a-z]+", "_", lane.name)
    place.mkdir(parents=True, exist_ok=True)
    settings = {"consolidation": lane.consolidation, "random_seed": lane.config(seed).random_seed, **lane.settings}
    recorded, core = place / "stimulus.npz", place / f"core_{generator}"
    np.savez_compressed(recorded, allow_pickle=False, **dict(stimulus(run, lane)))
    _sc_hw(
        "emit",
        "--rule",
        "three_factor",
        "--synapses",
        str(SYNAPSES),
        "--generator",
        generator,
        "-o",
        str(core),
        "--force",
        *(part for key, value in settings.items() for part in ("--set", f"{key}={value}")),
    )
    _sc_hw("sim", str(core), "--stimulus", str(recorded))
    compared = json.loads((core / "results" / "sim.json").read_text(encoding="utf-8"))["cores"][0]
    if compared["synapse_steps"] != SYNAPSES * len(run.samples):
        raise RuntimeError(f"{lane.name}: compared {compared['synapse_steps']} synapse-steps of {SYNAPSES * len(run.samples)}")
    with np.load(core / "results" / "sim" / "final_state.npz", allow_pickle=False) as state:
        return np.asarray(state["weight"])


def _sc_hw(*command: str) -> None:
    """Run one sc-hw command and stop when it fails."""
    print("$ sc-hw", *command, flush=True)
    subprocess.run([sys.executable, "-m", "sc_hw", *command], check=True)

"""Measures how many clocks a timestep of a crossbar takes when few neurons are active, beside a sweep of every row.

    python synth/crossbar.py FOLDER [TIMESTEPS]

Emits crossbars of 64 x 64 neurons on 4 lanes, plays recorded inputs in the simulator, which compares every state bit, and counts
the clocks of the timesteps that were played without gaps or backpressure. Prints the table of docs/measured/crossbar.md.
"""

import json
import sys
from pathlib import Path

import numpy as np

from sc_hw.manifest import load_core
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.emit import emit
from sc_hw.simulate import simulate
from sc_hw_models.registry import get_rule

SEED = 1
PRE, POST, LANES = 64, 64, 4
REWARDED = 0.05  # timesteps with a reward
SETTINGS = {"default": {}, "eligibility_gain_shift=4": {"eligibility_gain_shift": 4}}
ACTIVITIES = (0.01, 0.05, 0.3, 1.0)


def measure(folder: Path, timesteps: int) -> None:
    """Print a row for each configuration and activity."""
    print("| configuration | active neurons | rows skipped | clocks a timestep | of a full sweep |\n|---|---:|---:|---:|---:|")
    for title, settings in SETTINGS.items():
        rule = get_rule("r_stdp")
        design = CrossbarDesign.made("crossbar", rule, rule.config_type(**settings), pre=PRE, post=POST, lanes=LANES)
        core = load_core(emit(design, "verilog", folder / title.replace("=", "_"), force=True))
        rows = {}
        for activity in ACTIVITIES:
            generator = np.random.default_rng(SEED)
            reward = generator.integers(-128, 128, timesteps) * (generator.random(timesteps) < REWARDED)
            stimulus = core.folder / "stimulus.npz"
            np.savez(stimulus, pre_spike=generator.random((timesteps, PRE)) < activity,
                     post_spike=generator.random((timesteps, POST)) < activity, reward=reward)  # fmt: skip
            result = simulate([core], steps=timesteps, seed=SEED, output=core.folder / "results" / "sim", stimulus=stimulus)
            (record,) = result.cores
            if record["mismatch"]:
                raise SystemExit(record["mismatch"]["text"])
            rows[activity] = record["rows_skipped"] / (PRE * timesteps), record["flowing_clocks"] / record["flowing_timesteps"]
        full = rows[1.0][1]
        for activity, (skipped, clocks) in rows.items():
            print(f"| {title} | {activity:.0%} | {skipped:.0%} | {clocks:,.0f} | {clocks / full:.0%} |")
        print(json.dumps({"tools": result.tools, "seed": SEED, "timesteps": timesteps}), file=sys.stderr)


if __name__ == "__main__":
    measure(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 800)

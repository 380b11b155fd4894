"""Counts the clocks of a crossbar's sweep when few neurons are active, beside a sweep of every row.

    python synth/crossbar.py [FOLDER]

64 x 64 neurons on 4 lanes. Which rows a timestep visits is the golden model's answer, and what `sc-hw sim` demands of the
emitted core beat by beat; a row that is visited takes 16 clocks, one that is skipped a single clock. With FOLDER, which takes
minutes, the crossbars are emitted and simulated with the same inputs, every state bit compared, and the clocks of timesteps
without gaps and backpressure are measured. Prints the table of docs/measured/crossbar.md.
"""

import sys
from pathlib import Path

import numpy as np

from sc_hw.manifest import load_core
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.emit import emit
from sc_hw.simulate import simulate
from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.registry import get_rule

SEED, TIMESTEPS = 1, 640
PRE, POST, LANES = 64, 64, 4
COMMANDED = 0.05  # timesteps with inputs of their own, such as a reward
CASES = [("r_stdp", {}), ("r_stdp", {"eligibility_gain_shift": 4}), ("three_factor", {"rounding": "floor"})]
ACTIVITIES = (0.01, 0.05, 0.3, 1.0)
Arrays = dict[str, np.ndarray]


def inputs_of(model: CrossbarModel, activity: float) -> Arrays:
    """Return random inputs: each neuron has one with the probability ``activity``, each timestep with that of ``COMMANDED``."""
    generator = np.random.default_rng(SEED)
    result: Arrays = {}
    for side in model.neurons.values():
        for f in side.spec.inputs:
            values = generator.integers(max(f.minimum, 1 - f.maximum), f.maximum, (TIMESTEPS, side.synapses), endpoint=True)
            result[f.name] = np.where(generator.random(values.shape) < activity, np.where(values == 0, 1, values), 0)
    for f in model.synapses.spec.step_inputs:
        values = generator.integers(f.minimum, f.maximum, TIMESTEPS, endpoint=True)
        result[f.name] = values * (generator.random(TIMESTEPS) < COMMANDED)
    return result


def visited(model: CrossbarModel, inputs: Arrays) -> np.ndarray:
    """Return which rows each timestep visits, from a clear."""
    given: Arrays = {}
    for side in model.neurons.values():
        given |= side.run({f.name: inputs[f.name] for f in side.spec.inputs})[1]
    _, outputs = model.synapses.run(model.synapse_inputs(given, inputs))
    return model.visited(given, inputs, outputs["rest"], None)


def measured(design: CrossbarDesign, inputs: Arrays, folder: Path) -> float:
    """Return the clocks of a timestep of the emitted crossbar, which must equal its model."""
    core = load_core(emit(design, "verilog", folder, force=True))
    np.savez(folder / "stimulus.npz", allow_pickle=False, **inputs)
    (record,) = simulate([core], steps=TIMESTEPS, seed=SEED, output=folder / "results" / "sim",
                         stimulus=folder / "stimulus.npz").cores  # fmt: skip
    if record["mismatch"]:
        raise SystemExit(record["mismatch"]["text"])
    return float(record["flowing_clocks"] / record["flowing_timesteps"])


def main(folder: Path | None) -> None:
    """Print a row for each configuration and activity."""
    print(
        "| rule | neurons with an input | rows skipped | clocks of a sweep | of a full one |" + (" measured |" if folder else "")
    )
    print("|---|---:|---:|---:|---:|" + ("---:|" if folder else ""))
    for name, settings in CASES:
        rule = get_rule(name)
        config, row = rule.config_type(**settings), POST // LANES
        title = ", ".join([f"`{name}`", *(f"`{key}={value}`" for key, value in settings.items())])
        for activity in ACTIVITIES:
            model = CrossbarModel.made(rule, config, pre=PRE, post=POST, lanes=LANES)
            inputs = inputs_of(model, activity)
            rows = visited(model, inputs)
            clocks = np.where(rows, row, 1).sum() / TIMESTEPS
            line = f"| {title} | {activity:.0%} | {1 - rows.mean():.0%} | {clocks:,.0f} | {clocks / (PRE * row):.0%} |"
            if folder:
                design = CrossbarDesign.made("crossbar", rule, config, pre=PRE, post=POST, lanes=LANES)
                line += f" {measured(design, inputs, folder / f'{name}_{len(settings)}'):,.0f} |"
            print(line, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)

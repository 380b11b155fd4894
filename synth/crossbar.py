"""Measures a crossbar: clocks of a timestep when few neurons are active, and its cost beside a core of as many synapses.

    python synth/crossbar.py -o docs/measured/crossbar.md

64 x 64 neurons on 4 lanes. Each configuration is emitted and simulated at each activity with every state bit compared, and
the clocks of timesteps without gaps and backpressure are measured. Which rows a timestep visits is the golden model's answer,
which `sc-hw sim` demands of the emitted core beat by beat.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from sc_hw import __version__
from sc_hw.manifest import load_core
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.sim.simulate import simulate
from sc_hw.synth.synthesise import synthesise
from sc_hw.targets import load_target
from sc_hw.toolchain import verilator
from sc_hw.yosys import find_yosys
from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.registry import get_rule

SEED, TIMESTEPS = 1, 640
PRE, POST, LANES = 64, 64, 4
COMMANDED = 0.05  # timesteps with inputs of their own, such as a reward
CASES = [("r_stdp", {}), ("r_stdp", {"eligibility_gain_shift": 4}), ("three_factor", {"rounding": "floor"})]
ACTIVITIES = (0.01, 0.05, 0.3, 1.0)
TARGETS = ("ice40-hx8k", "ecp5-25k")
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
    stimulus = folder.with_name(f"{folder.name}.npz")  # not in the folder, which the next activity replaces
    np.savez(stimulus, allow_pickle=False, **inputs)
    (record,) = simulate([core], steps=TIMESTEPS, seed=SEED, output=folder / "results" / "sim", stimulus=stimulus).cores
    if record["mismatch"]:
        raise SystemExit(record["mismatch"]["text"])
    return float(record["flowing_clocks"] / record["flowing_timesteps"])


def clocks(folder: Path) -> list[str]:
    """Return a row for each configuration and activity."""
    rows = []
    for name, settings in CASES:
        rule = get_rule(name)
        config, row = rule.config_type(**settings), POST // LANES
        title = ", ".join([f"`{name}`", *(f"`{key}={value}`" for key, value in settings.items())])
        design = CrossbarDesign.made("crossbar", rule, config, pre=PRE, post=POST, lanes=LANES)
        for activity in ACTIVITIES:
            model = CrossbarModel.made(rule, config, pre=PRE, post=POST, lanes=LANES)
            inputs = inputs_of(model, activity)
            visits = visited(model, inputs)
            sweep = np.where(visits, row, 1).sum() / TIMESTEPS
            found = measured(design, inputs, folder / f"{name}_{len(settings)}")
            rows.append(
                f"| {title} | {activity:.0%} | {1 - visits.mean():.0%} | {sweep:,.0f} | {found:,.0f} | "
                f"{found / design.timestep_clocks:.0%} |"
            )
            print(rows[-1], flush=True)
    return rows


def costs(folder: Path) -> list[str]:
    """Return a row for each topology: bits of memory, and counts after synthesis."""
    rule = get_rule("r_stdp")
    config, rows = rule.config_type(), []
    designs = {
        f"core of {PRE * POST:,} synapses": CoreDesign(name="core", rule=rule, config=config, synapses=PRE * POST, lanes=LANES)
    }
    for title, addressed in (("crossbar, spikes as bits", False), ("crossbar, spikes as addresses", True)):
        designs[title] = CrossbarDesign.made("core", rule, config, pre=PRE, post=POST, lanes=LANES, addressed=addressed)
    for title, design in designs.items():
        core = load_core(emit(design, "verilog", folder / "cost", force=True))
        counts = [synthesise(core, load_target(target)).resources for target in TARGETS]
        cells = [f"{n['lut']:,g} / {n['ff']:,g} / {n['block_ram']:g} / {n['dsp']:g}" for n in counts]
        rows.append(f"| {title} | {sum(design.memories):,} | {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="Markdown page to write")
    output = parser.parse_args().output
    with tempfile.TemporaryDirectory(prefix="sc-hw-crossbar-") as name:
        timed, cost = clocks(Path(name)), costs(Path(name))
    full = PRE * POST // LANES
    output.write_text(
        f"""# A crossbar, measured

Measured with sc-hw {__version__}, Verilator {verilator().version}, Yosys {find_yosys()[1]}, by

    make crossbar-clocks

{PRE} x {POST} neurons, {LANES} lanes, Verilog generator.

## Clocks of a timestep

{TIMESTEPS} timesteps from a clear, seed {SEED}; each neuron has an input with the given probability in a timestep, and
{COMMANDED:.0%} of the timesteps have a reward (or a command's other input). A row takes {POST // LANES} clocks, or one when it is
skipped: a sweep of all rows {full:,}. A timestep, as measured in simulation without gaps or backpressure, is the sweep and the
clocks before it in which the postsynaptic neurons are stored. The last column is its part of the most that a timestep takes.

| rule | neurons with an input | rows skipped | clocks of a sweep | of a timestep | part |
|---|---:|---:|---:|---:|---:|
{chr(10).join(timed)}

A rule driven by activity alone is event-driven: clocks follow the active rows, down to one a row. R-STDP gains only where
spikes are rare: a spike's trace pairs for some 90 timesteps, an eligibility decays as long, and with {POST} postsynaptic neurons
at 1 % there is a spike to pair with in every second timestep.

## Cost

Default R-STDP; LUT / FF / BRAM / DSP after synthesis. A crossbar adds the neurons' own pipelines and saves memory.

| topology | bits of memory | {" | ".join(TARGETS)} |
|---|---:|{"---:|" * len(TARGETS)}
{chr(10).join(cost)}
""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()

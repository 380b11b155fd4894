"""How fast a synapse of ``r_stdp`` adapts: pairs of spikes with reward until its weight has risen, with punishment until it fell.

A pair is a presynaptic spike, a postsynaptic one 1 to 5 timesteps later and a full reward 1 to 3 after that, then silence.
Counted are the timesteps from a quarter of the weight's range to three quarters, and back once the reward is reversed, for every
preset and five seeds. What the golden model was told, the compiled model is told again, and the emitted Verilog of the chosen
generator, and every state bit is compared after every timestep. All of this is simulation: no device was measured.

    python examples/adaptation.py [--output FILE.json] [--presets A,B,...] [--generator amaranth|verilog|none] [--plot FILE.svg]

Exit status 1 when a weight does not cross in time or anything differs. The plot needs matplotlib (pip install 'sc-hw[digits]').
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from sc_hw import __version__
from sc_hw_models.compiled import compiler
from sc_hw_models.core import CoreModel
from sc_hw_models.registry import get_rule

SCHEMA = "sc-hw/adaptation/1"
RULE = get_rule("r_stdp")
SEEDS = range(5)
PICTURES = (".svg", ".png", ".pdf")
LAGS, DELAYS, QUIET = (1, 5), (1, 3), 8  # timesteps
MOST = 30_000  # timesteps in which a weight must cross

Arrays = dict[str, np.ndarray]


@dataclass
class Life:
    """What one synapse was told, seed after seed; when its state was loaded anew; the golden model's state after each step."""

    inputs: list[dict[str, int]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    states: list[dict[str, int]] = field(default_factory=list)

    def arrays(self) -> Arrays:
        """Return the inputs as ``sc-hw sim --stimulus`` takes them; step inputs ``(timesteps,)``, the others of one synapse."""
        return {name: np.array([moment[name] for moment in self.inputs]) for name in self.inputs[0]}


def start_of(core: CoreModel) -> Arrays:
    """Return the state a seed starts from: a quarter of the weight's range, and no protection."""
    config = core.config
    free = {"weight": (config.max_weight + 1) // 4, "anchor": (config.max_weight + 1) // 4}
    if config.consolidation == "pull":
        free["code"] = 2**config.code_bits - 1  # the largest does not pull
    return {f.name: np.array([free.get(f.name, f.reset)]) for f in core.spec.state}


def until(core: CoreModel, life: Life, generator: np.random.Generator, sign: int, level: int) -> int | None:
    """Pair and reward until the weight has crossed the level; return the timesteps that took, None if it has not in time."""
    reward = core.config.encode_reward(sign * core.config.max_reward)
    silent = {f.name: 0 for f in core.spec.inputs}
    for taken in range(MOST):
        if taken % (LAGS[1] + DELAYS[1] + QUIET) == 0:
            lag, delay = int(generator.integers(*LAGS, endpoint=True)), int(generator.integers(*DELAYS, endpoint=True))
            events = {0: {"pre_spike": 1}, lag: {"post_spike": 1}, lag + delay: {"reward": reward}}
        moment = silent | events.get(taken % (LAGS[1] + DELAYS[1] + QUIET), {})
        core.step({name: np.array([value]) if name.endswith("spike") else value for name, value in moment.items()})
        life.inputs.append(moment)
        life.states.append({name: int(array[0]) for name, array in core.state.items()})
        if sign * (life.states[-1]["weight"] - level) >= 0:
            return taken + 1
    return None


def live(preset: str) -> tuple[Life, list[dict[str, int | None]]]:
    """Return a life of all seeds in the golden model, and the timesteps up and down of each."""
    core, life, steps = CoreModel(RULE, RULE.presets[preset].config, synapses=1, compiled=False), Life(), []
    full = core.config.max_weight + 1
    for seed in SEEDS:
        generator = np.random.default_rng([seed, len(preset)])
        core.load(start_of(core))
        life.starts.append(len(life.inputs))
        steps.append(
            {
                "seed": seed,
                "up": until(core, life, generator, 1, 3 * full // 4 - (full < 8)),
                "down": until(core, life, generator, -1, full // 4),
            }
        )
    return life, steps


def compiled_differs(preset: str, life: Life) -> int | None:
    """Return in how many timesteps the compiled model differs; None without a compiler."""
    if compiler() is None:
        return None
    core, differing = CoreModel(RULE, RULE.presets[preset].config, synapses=1, compiled=True), 0
    inputs = life.arrays()
    for first, last in zip(life.starts, [*life.starts[1:], len(life.inputs)], strict=True):
        core.load(start_of(core))
        told = {name: array[first:last, None] if name.endswith("spike") else array[first:last] for name, array in inputs.items()}
        states, _ = core.run(told, history=True)
        for k, wanted in enumerate(life.states[first:last]):
            differing += any(int(array[k, 0]) != wanted[name] for name, array in states.items())
    return differing


def simulated(preset: str, life: Life, generator: str, folder: Path) -> int:
    """Emit a core of one synapse, play the life to it, and return the timesteps compared, all equal.

    Errors: ``CalledProcessError`` when a state bit ever differs.
    """
    core = CoreModel(RULE, RULE.presets[preset].config, synapses=1)
    arrays = {name: array[:, None] if name.endswith("spike") else array for name, array in life.arrays().items()}
    loads = {f"load_{name}": np.tile(array, (len(life.starts), 1)) for name, array in start_of(core).items()}
    recorded, place = folder / f"{preset}.npz", folder / preset
    np.savez(recorded, allow_pickle=False, load_timestep=np.array(life.starts), **arrays, **loads)
    emitted = ("emit", "--rule", "r_stdp", "--preset", preset, "--synapses", "1", "--generator", generator, "-o", str(place))
    for command in (emitted, ("sim", str(place), "--stimulus", str(recorded))):
        subprocess.run([sys.executable, "-m", "sc_hw", *command], check=True, stdout=subprocess.DEVNULL)
    result = json.loads((place / "results" / "sim.json").read_text(encoding="utf-8"))["cores"][0]
    return int(result["synapse_steps"])


def plotted(record: dict[str, Any], path: Path) -> None:
    """Draw the timesteps of every preset and seed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    panel = figure.subplots()
    for k, (name, marker, colour) in enumerate((("up", "^", "#e07020"), ("down", "v", "#2f8fd0"))):
        for place, preset in enumerate(record["presets"].values()):
            values = [seed[name] for seed in preset["seeds"] if seed[name]]
            label = None if place else ("rewarded, up" if name == "up" else "punished, down")
            panel.plot([place + 0.2 * k - 0.1] * len(values), values, marker, color=colour, label=label)
    panel.set_xticks(range(len(record["presets"])), list(record["presets"]), rotation=20)
    panel.set(ylabel="timesteps", yscale="log", title="from a quarter of the range to three quarters and back (simulation)")
    panel.legend()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> int:
    """Measure, print the table and write the record; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, metavar="FILE.json")
    parser.add_argument("--presets", default=",".join(name for name in RULE.presets if name != "widest"))
    parser.add_argument("--generator", default="amaranth", choices=("amaranth", "verilog", "none"))
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    options = parser.parse_args()
    names = options.presets.split(",")
    if unknown := sorted(set(names) - set(RULE.presets)):
        parser.error(f"--presets {', '.join(unknown)}: unknown; allowed are {', '.join(RULE.presets)}")
    for option in ("output", "plot"):  # before minutes of work
        path = getattr(options, option)
        if path and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
            parser.error(f"--{option} {path}: cannot be written; give a file in a folder that exists")
    if options.plot and not find_spec("matplotlib"):
        parser.error("--plot: needs matplotlib; install it with: pip install 'sc-hw[digits]'")
    if options.plot and options.plot.suffix not in PICTURES:
        parser.error(f"--plot {options.plot}: no kind of picture; allowed are names that end in {', '.join(PICTURES)}")
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "sc_hw": __version__,
        "rule": "r_stdp",
        "evidence": "simulation",
        "hardware_measurement_claimed": False,
        "protocol": {"lag": LAGS, "reward_delay": DELAYS, "quiet": QUIET, "level_up": 0.75, "level_down": 0.25},
        "presets": {},
    }
    good = True
    print(f"{'preset':<16}{'up, median':>12}{'down, median':>14}{'compiled':>12}{'RTL':>24}   timesteps, five seeds; simulation")
    with tempfile.TemporaryDirectory() as folder:
        for preset in names:
            life, seeds = live(preset)
            crossed = [seed[side] for side in ("up", "down") for seed in seeds]
            differs = compiled_differs(preset, life)
            compared, rtl = 0, "not asked for"
            if options.generator != "none":
                try:
                    compared = simulated(preset, life, options.generator, Path(folder))
                    rtl = "equal" if compared == len(life.inputs) else "not all compared"
                except subprocess.CalledProcessError:
                    rtl = "differs"
            parity = {"timesteps": len(life.inputs), "compiled_differing": differs, "rtl": rtl, "rtl_compared": compared}
            record["presets"][preset] = {"seeds": seeds, "parity": parity}
            good &= None not in crossed and not differs and rtl in ("equal", "not asked for")
            medians = [np.median([seed[side] or np.inf for seed in seeds]) for side in ("up", "down")]
            words = "no compiler" if differs is None else "equal" if not differs else f"{differs} differ"
            print(
                f"{preset:<16}{medians[0]:>12g}{medians[1]:>14g}{words:>12}{rtl + (f', {compared}' if compared else ''):>24}",
                flush=True,
            )
    record["verdict"] = "pass" if good else "fail"
    if options.output:
        options.output.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if options.plot:
        plotted(record, options.plot)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

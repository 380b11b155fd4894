"""Does a core that consolidates forget less? Two tasks on real data, in the golden model and in the emitted Verilog.

    python examples/continual [FOLDER] [--docs DIR] [--quick]

Writes measured/continual.md and images/continual.svg into DIR (default FOLDER), and what it makes on the way into FOLDER.
Exit status 1 when a bar is missed. ``--quick`` learns one epoch with one seed, plays it in one core, and checks only that
protection protects. Needs scikit-learn and matplotlib (pip install 'sc-hw[digits]') and what sc-hw sim needs.
"""

import argparse
import shlex
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, product
from multiprocessing import get_context
from pathlib import Path

from plot import draw
from protocol import CANDIDATES, CONTROLS, LANES, UNIFORM, Lane, Run, learn, tasks
from results import bars, page, verdicts
from rich.console import Console
from rich.progress import Progress
from rtl import play

SEEDS, VALIDATION_SEEDS, EPOCHS = range(5), range(5, 10), 8
PERMUTATIONS = (0, 1, 2)
PLAYED = (*LANES, *CONTROLS)  # in the emitted Verilog, seed 0


def golden(
    wanted: dict[int, tuple[Lane, ...]], seeds: range, epochs: int, *, validation: bool = False
) -> dict[int, dict[str, list[Run]]]:
    """Learn both tasks with every lane and seed, for each permutation of task B, on all processors."""
    runs: dict[int, dict[str, list[Run]]] = {permutation: {} for permutation in wanted}
    with (
        ProcessPoolExecutor(mp_context=get_context("spawn")) as pool,
        Progress(console=Console(stderr=True), transient=True) as bar,
    ):
        started = {
            (permutation, lane.name, seed): pool.submit(
                learn,
                lane,
                permutation,
                seed,
                epochs,
                record=(permutation, seed) == (0, 0) and lane in PLAYED,
                validation=validation,
            )
            for permutation, lanes in wanted.items()
            for lane in lanes
            for seed in seeds
        }
        for (permutation, lane, _), run in bar.track(started.items(), description="learning"):
            runs[permutation].setdefault(lane, []).append(run.result())
    return runs


def in_verilog(lanes: tuple[Lane, ...], generators: tuple[str, ...], runs: dict[str, list[Run]], folder: Path) -> list[str]:
    """Play seed 0 of each lane to its emitted cores; return the table. Stops when a core differs from its model."""
    second = tasks(0)
    lines = [
        "Seed 0 of each lane, played to its emitted core under Verilator: every state bit of all 640 synapses is compared",
        "with the golden model after every timestep, and read back before every load of codes and at the end.",
        "",
        "| lane | generator | timesteps | A | B | weights at the end |",
        "|---|---|---:|---:|---:|---|",
    ]
    for lane, generator in product(lanes, generators):
        run = runs[lane.name][0]
        weight = play(lane, run, 0, generator, folder)
        if (weight != run.weight).any():
            raise RuntimeError(f"{lane.name}, {generator}: {int((weight != run.weight).sum())} weights differ at the end")
        a, b = (task.accuracy(weight) for task in second)
        lines.append(f"| {lane.name} | {generator} | {len(run.samples):,} | {a:.1f} | {b:.1f} | equal |")
    return [*lines, ""]


def main() -> int:
    """Run all of it and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/continual"))
    parser.add_argument("--docs", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        short = tuple(lane for lane in LANES if lane.name in ("none", "shift"))
        runs = golden({0: short}, range(1), 1)[0]
        in_verilog(short[1:], ("verilog",), runs, options.folder)
        final = {name: run[0].figures["final"] for name, run in runs.items()}
        print(f"final accuracy after one epoch a task: none {final['none']:.1f}, shift {final['shift']:.1f}")
        return 0 if final["shift"] > final["none"] + 5 else 1
    shift = next(lane for lane in LANES if lane.name == "shift")
    chosen = golden({0: (shift, *chain(*CANDIDATES.values()))}, VALIDATION_SEEDS, EPOCHS, validation=True)[0]
    every = (*PLAYED, *UNIFORM, *chain(*CANDIDATES.values()))
    by_permutation = golden({0: every} | dict.fromkeys(PERMUTATIONS[1:], LANES), SEEDS, EPOCHS)
    runs = by_permutation[0]
    played = in_verilog(PLAYED, ("amaranth", "verilog"), runs, options.folder)
    docs = options.docs or options.folder
    draw({lane.name: [run.curve for run in runs[lane.name]] for lane in LANES}, docs / "images" / "continual.svg")
    report = docs / "measured" / "continual.md"
    report.parent.mkdir(parents=True, exist_ok=True)
    command = shlex.join(["python", "examples/continual", *sys.argv[1:]])
    report.write_text(page(command, EPOCHS, SEEDS, VALIDATION_SEEDS, by_permutation, chosen, played), encoding="utf-8")
    print("\n".join(verdicts(runs, chosen)), report, sep="\n")
    return 0 if all(met for *_, met in bars(runs, chosen)) else 1


if __name__ == "__main__":
    sys.exit(main())

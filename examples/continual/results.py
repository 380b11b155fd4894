"""What came out: tables, the bars, and the page of both."""

import platform
from collections.abc import Iterator
from importlib.metadata import version
from itertools import chain

import numpy as np
from protocol import CANDIDATES, CONTROLS, HELD_OUT, LANES, TRAINING, UNIFORM, Lane, Run

COLUMNS = ("A learned", "B learned", "learned", "A", "final")
BARS = {"shift": 90.5, "pull": 89.5, "si": 88.0}

Runs = dict[str, list[Run]]


def mean(runs: list[Run], figure: str) -> float:
    """Return the mean of a figure over seeds."""
    return float(np.mean([run.figures[figure] for run in runs]))


def choice(kind: str, validation: Runs) -> str:
    """Return the candidate that protects most of those that learn task B at least as well as the shift lane."""
    least = mean(validation["shift"], "B learned")
    names = [lane.name for lane in CANDIDATES[kind]]
    return next((name for name in names if mean(validation[name], "B learned") >= least), names[-1])


def bars(runs: Runs, validation: Runs) -> Iterator[tuple[str, str, str, bool]]:
    """Yield every bar: what it is about, what was measured, what is wanted, whether it is met."""
    final = {lane: mean(of_seeds, "final") for lane, of_seeds in runs.items()}
    yield "none: final", f"{final['none']:.1f}", "at most 76", final["none"] <= 76
    for lane in LANES:
        if lane.name not in BARS:
            continue
        wants = {
            "final": (final[lane.name], BARS[lane.name]),
            "final, minus none": (final[lane.name] - final["none"], 15),
            "final, minus shuffled codes": (final[lane.name] - final[f"{lane.name}, shuffled codes"], 10),
            "B learned": (mean(runs[lane.name], "B learned"), 91),
        }
        for what, (value, least) in wants.items():
            yield f"{lane.name}: {what}", f"{value:.1f}", f"at least {least:g}", value >= least
        if lane.name in CANDIDATES:
            ((setting, value),) = lane.settings.items()
            chosen = choice(lane.name, validation)
            used = f"{lane.name}, {setting}={value}"
            yield f"{lane.name}: setting used", used, f"{chosen}, as validation chooses", used == chosen


def _table(runs: Runs, lanes: tuple[Lane, ...]) -> list[str]:
    """Return a Markdown table of means over seeds, and the spread of the last column."""
    lines = ["| lane | " + " | ".join((*COLUMNS, "least", "most")) + " |", "|---" + "|---:" * (len(COLUMNS) + 2) + "|"]
    for lane in lanes:
        of_seeds = runs[lane.name]
        final = [run.figures["final"] for run in of_seeds]
        cells = [*(mean(of_seeds, column) for column in COLUMNS), min(final), max(final)]
        lines.append(f"| {lane.name} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |")
    return [*lines, ""]


def verdicts(runs: Runs, validation: Runs) -> list[str]:
    """Return the bars as a Markdown table."""
    rows = [f"| {what} | {value} | {wanted} | {'yes' if met else '**no**'} |"
            for what, value, wanted, met in bars(runs, validation)]  # fmt: skip
    return ["| lane: figure | measured | wanted | met |", "|---|---:|---|---|", *rows, ""]


def page(command: str, epochs: int, seeds: range, validation_seeds: range, by_permutation: dict[int, Runs], validation: Runs,
         played: list[str]) -> str:  # fmt: skip
    """Return the page; ``by_permutation`` holds the runs of each permutation of task B, 0 first."""
    runs = by_permutation[0]
    rows = [f"| {permutation} | " + " | ".join(f"{mean(run[lane.name], 'final'):.1f}" for lane in LANES) + " |"
            for permutation, run in by_permutation.items()]  # fmt: skip
    candidates = tuple(chain(*CANDIDATES.values()))
    shift = next(lane for lane in LANES if lane.name == "shift")
    return "\n".join([
        "# Forgetting, measured", "", f"    {command}", "",
        f"Python {platform.python_version()}, NumPy {version('numpy')}, scikit-learn {version('scikit-learn')}, "
        f"sc-hw {version('sc-hw')}; {epochs} epochs a task, means over seeds {seeds.start}..{seeds.stop - 1}.",
        "The protocol and how to do the same with a network of yours: [learning without forgetting](../continual.md).", "",
        "*A learned*, *B learned*: test accuracy in percent of each task right after its own training; *learned*: their mean;",
        "*A*: task A after task B was learned; *final*: the mean of A and B then, *least* and *most* of it over the seeds.", "",
        "![accuracy over training](../images/continual.svg)", "",
        *_table(runs, LANES),
        f"Settings other than the rule's defaults: {choice('pull', validation)}; {choice('si', validation)}.",
        "How they were chosen is told below.", "",
        "## Bars", "", *verdicts(runs, validation),
        "## Controls", "",
        "Shuffled: the same codes on other synapses. Mean code: the rounded mean of the codes on every synapse. Zero: the codes",
        "of zero importance.", "",
        *_table(runs, CONTROLS),
        "## What the codes are worth", "",
        "One code for every synapse knows nothing of the task: it is a smaller learning rate for task B. It forgets less too,",
        "and pays with task B; the codes are worth what the shift lane keeps of A beyond the row that learns B as well.", "",
        *_table(runs, UNIFORM),
        "## Choosing the settings", "",
        f"Chosen without the test samples, on other seeds ({validation_seeds.start}..{validation_seeds.stop - 1}): "
        f"{TRAINING - HELD_OUT:,} of the {TRAINING:,} training samples train, {HELD_OUT}",
        "validate. Taken is the strongest protection that learns task B at least as well as the shift lane, which has no such",
        "setting. With fewer samples to learn from, and others to be judged by, figures are lower than on the test samples.", "",
        *_table(validation, (shift, *candidates)),
        "The same candidates on the test samples:", "",
        *_table(runs, candidates),
        "## Other permutations", "",
        "Final accuracy when `RandomState(n).permutation(64)` makes task B; the bars are for n = 0.", "",
        "| n | " + " | ".join(lane.name for lane in LANES) + " |", "|---" * (len(LANES) + 1) + "|", *rows, "",
        "## In the emitted Verilog", "", *played,
    ])  # fmt: skip

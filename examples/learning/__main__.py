"""Do the learning systems learn? Each is measured on the task its paper is about, or one like it.

    python examples/learning [SYSTEM ...] [--docs DIR] [--only-kept] [--processes N]

Writes measured/learning/SYSTEM.md and images/learning/SYSTEM.svg into DIR (default build/learning) for each system, by default
all of them. Everything random comes from the seeds a page names. Exit status 1 when a bar is missed.
Needs matplotlib and scikit-learn (pip install 'sc-hw[digits]').
"""

import argparse
import importlib
import platform
import sys
from pathlib import Path

import matplotlib as mpl
import measurement
import numpy as np
from matplotlib.figure import Figure
from measurement import Measurement
from rich.console import Console
from rich.table import Table

from sc_hw.plot_style import STYLE

SCENARIOS = ("scenarios", "scenarios_mnist")
SYSTEMS = ("network", "bptt", "eprop", "reward", "plasticity", "meta", "density", "forgetting", *SCENARIOS)
LOOK = STYLE | {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "axes.facecolor": "none",
}


def write(system: str, measured: Measurement, docs: Path) -> None:
    """Write the page and the picture of a system."""
    lines = [
        f"# Measured: {measured.title}",
        "",
        f"    python examples/learning {system}",
        "",
        f"{measured.setting} NumPy {np.__version__}, Python {platform.python_version()}.",
        "",
        "| quantity | measured | wanted | met |",
        "|---|---:|---|---|",
    ]
    lines += [f"| {row.quantity} | {row.measured} | {row.wanted} | {'yes' if row.met else '**no**'} |" for row in measured.rows]
    picture = docs / "images" / "learning" / f"{system}.svg"
    page = docs / "measured" / "learning" / f"{system}.md"
    for path in (picture, page):
        path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(LOOK):
        figure = Figure(figsize=(8, 3), layout="constrained")
        measured.draw(figure)
        figure.savefig(picture, format="svg", transparent=True, metadata={"Date": None})
    lines += ["", f"![{measured.title}](../../images/learning/{system}.svg)", "", *measured.details]
    page.write_text("\n".join(lines), encoding="utf-8")


def main() -> int:
    """Measure the systems named and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help=", ".join(SYSTEMS))
    parser.add_argument("--docs", type=Path, default=Path("build/learning"))
    parser.add_argument("--only-kept", action="store_true", help="of scenarios: train nothing, show what is there")
    parser.add_argument("--processes", type=int, choices=range(1, 257), metavar="N", help="side by side (default: all)")
    options = parser.parse_args()
    measurement.processes = options.processes
    if unknown := set(options.systems) - set(SYSTEMS):
        parser.error(f"{', '.join(sorted(unknown))}: not known; allowed are {', '.join(SYSTEMS)}")
    if options.only_kept and not (options.systems and set(options.systems) <= set(SCENARIOS)):
        parser.error(f"--only-kept: goes with {' and '.join(SCENARIOS)} alone; name them")
    for kind in ("images", "measured"):  # before an hour of work
        try:
            (options.docs / kind / "learning").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            parser.error(f"--docs {options.docs}: cannot be written ({error.strerror}); give a writable folder")
    table = Table("system", "quantity", "measured", "wanted", "met")
    met = True
    for system in options.systems or SYSTEMS[:-1]:  # the last takes an hour
        print(f"measuring {system}", file=sys.stderr, flush=True)
        measured: Measurement = importlib.import_module(f"{system}_task").measure(
            **{"only_kept": True} if options.only_kept else {}
        )
        write(system, measured, options.docs)
        for row in measured.rows:
            table.add_row(system, row.quantity, row.measured, row.wanted, "yes" if row.met else "NO")
            met = met and row.met
    Console().print(table)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())

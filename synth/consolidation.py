"""The price of forgetting less: every rule that has a weight stage with every kind of consolidation, on every target."""

import argparse
import sys
import tempfile
from pathlib import Path

from baselines import GENERATOR, SYNAPSES, Item, consolidations, read_baselines
from rich.console import Console

from sc_hw import __version__
from sc_hw.synth.result import STAGE, SynthResult
from sc_hw.synth.synthesise import synthesise_many
from sc_hw.targets import distinct_targets, load_target

COMMAND = "make continual-cost"


def measure(console: Console, jobs: int | None) -> dict[Item, list[SynthResult]]:
    """Return, for each rule and kind, the results of its lane and of its core on every target."""
    targets = [load_target(name) for name in distinct_targets()]
    results = {}
    with tempfile.TemporaryDirectory(prefix="sc-hw-cost-") as folder:
        for item in consolidations():
            console.print(item.name, markup=False, highlight=False)
            core = item.emit(Path(folder) / "core")
            results[item] = [r for module in ("lane", "core") for r in synthesise_many(core, targets, jobs, module=module)]
    return results


def clock(item: Item, target: str) -> str:
    """Return the median clock in MHz that `make pnr` measured, "?" before it has, a dash where no open tool places the target."""
    if load_target(target).pnr is None:
        return "-"
    entry = read_baselines(target, "clocks").get(item.name)
    return f"{entry['median']:.0f}" if entry else "?"


def tables(results: dict[Item, list[SynthResult]]) -> str:
    """Return one table a rule; the same results give the same text."""
    lines = []
    for rule in dict.fromkeys(item.rule for item in results):
        lines += [f"\n## {rule}\n", f"| consolidation | bits a synapse | latency | {' | '.join(distinct_targets())} |"]
        lines.append("|---|---:|---:|" + "---:|" * len(distinct_targets()))
        for item, measured in results.items():
            if item.rule != rule:
                continue
            spec, cells = item.design().spec, []
            for target in distinct_targets():
                lane, core = (
                    next(r.resources for r in measured if (r.module, r.target) == (m, target)) for m in ("lane", "core")
                )
                cells.append(
                    f"{lane['lut']:g} / {lane['ff']:g} / {lane['dsp']:g} / {core['block_ram']:g} / {clock(item, target)}"
                )
            lines.append(f"| {item.consolidation} | {spec.state_bits} | {spec.latency} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure and write the page; exit status 1 when a verdict fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="Markdown page to write")
    parser.add_argument("-j", "--jobs", type=int, help="Yosys processes at a time (default: one a processor)")
    arguments = parser.parse_args()
    console = Console()
    results = measure(console, arguments.jobs)
    everything = [r for measured in results.values() for r in measured]
    versions = ", ".join(sorted({r.tool_version for r in everything}))
    arguments.output.write_text(
        f"""# The price of forgetting less

Measured with sc-hw {__version__} by

    {COMMAND}

Default configurations with stochastic rounding, generator {GENERATOR}. Each cell is LUT / FF / DSP of one lane, the
block RAM of a core of {SYNAPSES:,} synapses, and the lane's clock in MHz. What the kinds do is in
[consolidation.md](../consolidation.md), what counts as what in [synthesis.md](../synthesis.md). The counts are {STAGE}, Yosys
{versions}; the clocks are post-route, the median of the seeds in [clocks.md](clocks.md). A dash: no open tool places the device.
{tables(results)}
""",
        encoding="utf-8",
    )
    for r in everything:
        for failure in r.failures:
            console.print(f"{r.rule} {r.module} {r.target}: {failure}", markup=False)
    return 0 if all(r.passed for r in everything) else 1


if __name__ == "__main__":
    sys.exit(main())

"""The price of forgetting less: every rule that has a weight stage with every kind of consolidation, on every target."""

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from sc_hw import __version__
from sc_hw.manifest import load_core
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.synth import synthesise_many
from sc_hw.synth_result import STAGE, SynthResult
from sc_hw.targets import distinct_targets, load_target
from sc_hw_models.registry import RULES, get_rule

SYNAPSES = 1024
GENERATOR = "amaranth"
COMMAND = "make continual-cost"


def designs() -> dict[tuple[str, str], CoreDesign]:
    """Return the cores to measure by rule and kind: defaults, but stochastic rounding, without which protection is lost."""
    result = {}
    for name in RULES:
        rule = get_rule(name)
        kinds = rule.config_type.CHOICES.get("consolidation", ())
        for kind in kinds:
            config = dataclasses.replace(rule.config_type(), rounding="stochastic", consolidation=kind)
            result[name, kind] = CoreDesign(name="core", rule=rule, config=config, synapses=SYNAPSES)
    return result


def measure(console: Console, jobs: int | None) -> dict[tuple[str, str], list[SynthResult]]:
    """Return, for each rule and kind, the results of its lane and of its core on every target."""
    targets = [load_target(name) for name in distinct_targets()]
    results = {}
    with tempfile.TemporaryDirectory(prefix="sc-hw-cost-") as folder:
        for (name, kind), design in designs().items():
            console.print(f"{name}, {kind}", markup=False, highlight=False)
            core = load_core(emit(design, GENERATOR, Path(folder) / "core", force=True))
            results[name, kind] = [r for module in ("lane", "core") for r in synthesise_many(core, targets, jobs, module=module)]
    return results


def tables(results: dict[tuple[str, str], list[SynthResult]]) -> str:
    """Return one table a rule; the same results give the same text."""
    lines = []
    for rule in dict.fromkeys(name for name, _ in results):
        lines += [f"\n## {rule}\n", f"| consolidation | bits a synapse | latency | {' | '.join(distinct_targets())} |"]
        lines.append("|---|---:|---:|" + "---:|" * len(distinct_targets()))
        for (name, kind), measured in results.items():
            if name != rule:
                continue
            spec, cells = designs()[name, kind].spec, []
            for target in distinct_targets():
                lane, core = (
                    next(r.resources for r in measured if (r.module, r.target) == (m, target)) for m in ("lane", "core")
                )
                cells.append(f"{lane['lut']:g} / {lane['ff']:g} / {lane['dsp']:g} / {core['block_ram']:g}")
            lines.append(f"| {kind} | {spec.state_bits} | {spec.latency} | {' | '.join(cells)} |")
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

Default configurations with stochastic rounding, generator {GENERATOR}. Each cell is LUT / FF / DSP of one lane, and the block
RAM of a core of {SYNAPSES:,} synapses. What the kinds do is in [consolidation.md](../consolidation.md), what counts as what in
[synthesis.md](../synthesis.md). {STAGE.capitalize()}, Yosys {versions}.
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

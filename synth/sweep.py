"""Synthesise the default cores and lanes of both generators for every target: the table docs/measured/resources.md."""

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from rich.console import Console

from sc_hw import __version__
from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.synth.result import SynthResult
from sc_hw.synth.synthesise import synthesise_many
from sc_hw.synth.table import markdown_table, render_table
from sc_hw.targets import distinct_targets, load_target
from sc_hw_models.registry import get_rule

SIZES = (1024, 65536)
MODULES = (("lane", SIZES[0]), *(("core", size) for size in SIZES))
COMMAND = "python synth/sweep.py -o docs/measured/resources.md"


def measure(console: Console, jobs: int | None) -> list[SynthResult]:
    """Return the results of every generator that is there, module and target."""
    rule = get_rule("r_stdp")
    targets = [load_target(name) for name in distinct_targets()]
    results: list[SynthResult] = []
    with tempfile.TemporaryDirectory(prefix="sc-hw-sweep-") as folder:
        for generator in GENERATORS:
            try:
                import_module(f"sc_hw.rtl.{generator}")
            except ModuleNotFoundError as error:
                console.print(f"{generator}: left out, {error}", markup=False)
                continue
            for module, synapses in MODULES:
                design = CoreDesign(name="core", rule=rule, config=rule.config_type(), synapses=synapses)
                core = load_core(emit(design, generator, Path(folder) / generator, force=True))
                console.print(f"{generator}: {module}, {synapses:,} synapses", markup=False, highlight=False)
                results += synthesise_many(core, targets, jobs, module=module)
    return results


def page(results: list[SynthResult]) -> str:
    """Return the documentation page; the same results give the same text."""
    sections = []
    for module, synapses in MODULES:
        title = "One lane" if module == "lane" else f"{synapses:,} synapses, one lane"
        rows = [r for r in results if (r.module, r.synapses) == (module, synapses)]
        sections.append(f"## {title}\n\n{markdown_table(rows)}")
    state = results[-1].memory.expected_bits // results[-1].synapses
    return "\n".join(
        [
            "# What the default cores take\n",
            f"Measured with sc-hw {__version__}, rule `{results[0].rule}` in its default configuration "
            f"({state} state bits a synapse), by",
            f"\n    {COMMAND}\n",
            "The counts are taken after synthesis, before packing, placement and routing. What counts as what is in",
            "[synthesis.md](../synthesis.md). Cores that exceed a device are synthesised all the same.\n",
            *sections,
        ]
    )


def main() -> int:
    """Measure, print the table and write the page; exit status 1 when a verdict fails, 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, help="Markdown page to write")
    parser.add_argument("-j", "--jobs", type=int, help="Yosys processes at a time (default: one a processor)")
    arguments = parser.parse_args()
    console = Console()
    try:
        results = measure(console, arguments.jobs)
    except UserError as error:
        print(f"sweep: {error}", file=sys.stderr)
        return 2
    console.print(render_table(results))
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(page(results), encoding="utf-8")
    for result in results:
        for failure in result.failures:
            console.print(f"{result.generator} {result.module} {result.synapses} {result.target}: {failure}", markup=False)
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())

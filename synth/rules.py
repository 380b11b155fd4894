"""What a rule costs to write and to build: each of ours by hand and compiled, and those of examples/rules, on one device."""

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from compiled import measured

from sc_hw import __version__
from sc_hw.compiler.rule import Timing, compiled
from sc_hw.datapath import with_datapath
from sc_hw.manifest import load_core
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import Rule
from sc_hw_models.rule_file import add_rule_file

TARGET = "ecp5-25k"
ROOT = Path(__file__).resolve().parents[1]
HAND = ("sc_hw/rtl/rules/{}.py", "rtl_templates/rules/{}.v.j2")
TIMEOUT = 60


def lines_of(*paths: str | Path) -> int:
    """Return the lines of files that are not empty."""
    return sum(bool(line.strip()) for path in paths for line in (ROOT / path).read_text(encoding="utf-8").splitlines())


def cost_of(rule: Rule, config: Any) -> str:
    """Return cells of a row: latency, resources and clock of a core's lane, and seconds of the proof of its datapath."""
    design = CoreDesign(name="core", rule=rule, config=config, synapses=16)
    with tempfile.TemporaryDirectory() as folder:
        core = load_core(emit(design, "verilog", Path(folder) / "core"))
        cost = measured(core, TARGET, 1)
        found = prove(core, [find_solver("yices"), find_solver("bitwuzla")], parts=["datapath"], covers=False, timeout=TIMEOUT)
    proof = f"{found.seconds:.0f}" if found.verdict == "proven" else f"{found.verdict} in {found.seconds:.0f}"
    cells = " | ".join(f"{cost[name]:g}" for name in ("lut", "ff", "dsp", "mhz"))
    return f"{design.spec.latency} | {cells} | {proof}"


def row(rule: Rule, kind: str, lines: int) -> str:
    """Return a row of the table: the default core's lane, its proof, its error."""
    config = rule.config_type()
    error = ", ".join(f"{name} {abs(value):.1g}" for name, value in rule.accuracy(config, 1).items()) or "no float model"
    return f"| {rule.name} | {kind} | {lines} | {cost_of(rule, config)} | {error} |"


def main() -> None:
    """Measure, print each row as it comes, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path)
    output = parser.parse_args().output
    rows = []

    def add(text: str) -> None:
        print(text, flush=True)
        rows.append(text)

    for name in RULES:
        rule, model = get_rule(name), str(import_module(RULES[name]).__file__)
        add(row(rule, "hand", lines_of(model, *(path.format(name) for path in HAND))))
        add(row(compiled(rule, Timing(target=TARGET)), "compiled", lines_of(model)))
    for path in sorted((ROOT / "examples/rules").glob("*.py")):
        source = add_rule_file(path)
        add(row(with_datapath(source.rule, device=TARGET), "compiled", lines_of(path)))
    if output:
        head = [
            "# What a rule costs\n",
            f"Measured with sc-hw {__version__}, default configurations, one lane on {TARGET}, generator verilog, by\n",
            f"    {' '.join(['python synth/rules.py', *sys.argv[1:]])}\n",
            "Lines are those that are not empty: of the model with its float reference, and by hand of both datapaths.",
            "MHz of one seed. Seconds of two solvers for the datapath, on a busy machine. The error is the",
            "rule's own figures (`sc-hw accuracy`), one seed.\n",
            "| rule | datapath | lines | latency | LUT | FF | DSP | MHz | proof s | error |",
            "|---|---|---:|---:|---:|---:|---:|---:|---:|---|",
        ]
        output.write_text("\n".join([*head, *rows, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()

"""What a setting at run time costs: the same rule with it built in and as an input, on one device."""

import argparse
import sys
import tempfile
from pathlib import Path

from compiled import measured

from sc_hw import __version__
from sc_hw.compiler.rule import Timing, compiled
from sc_hw.manifest import load_core
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw_models.registry import get_rule
from sc_hw_models.rule_file import add_rule_file, rule_file

TARGET = "ecp5-25k"
ROOT = Path(__file__).resolve().parents[1]
CASES: list[tuple[str, dict[str, str], list[str]]] = [
    ("three_factor", {"rounding": "nearest"}, ["learning_shift"]),
    ("three_factor", {"rounding": "floor"}, ["learning_shift"]),
    ("r_stdp", {"rounding": "floor"}, ["depression_shift"]),
    ("r_stdp", {"rounding": "floor"}, ["learning_shift"]),
    ("r_stdp", {"rounding": "floor"}, ["trace_decay_shift"]),
    ("lif", {}, ["threshold"]),
    ("lif", {}, ["decay_shift"]),
]


def row(name: str, settings: dict[str, str], runtime: list[str]) -> str:
    """Return a row of the table: the default core's lane, and its proof."""
    source = rule_file(name)
    rule = compiled(get_rule(name, runtime), Timing(target=TARGET), source.sha256 if source else "")
    design = CoreDesign(name="core", rule=rule, config=rule.config_type(**settings), synapses=16)
    with tempfile.TemporaryDirectory() as folder:
        core = load_core(emit(design, "verilog", Path(folder) / "core"))
        cost = measured(core, TARGET, 1)
        found = prove(core, [find_solver("yices"), find_solver("bitwuzla")], parts=["datapath"], covers=False, timeout=60)
    proof = f"{found.seconds:.0f}" if found.verdict == "proven" else f"{found.verdict} in {found.seconds:.0f}"
    cells = " | ".join(f"{cost[name]:g}" for name in ("lut", "ff", "dsp", "mhz"))
    chosen = ", ".join(f"{key}={value}" for key, value in settings.items())
    return f"| {name} {chosen} | {', '.join(runtime) or 'none'} | {design.spec.latency} | {cells} | {proof} |"


def main() -> None:
    """Measure, print each row as it comes, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path)
    output = parser.parse_args().output
    add_rule_file(ROOT / "examples/rules/lif.py")
    rows, before = [], None
    for name, settings, runtime in CASES:
        built_in = [] if (name, settings) == before else [row(name, settings, [])]
        for text in (*built_in, row(name, settings, runtime)):
            print(text, flush=True)
            rows.append(text)
        before = name, settings
    if output:
        head = [
            "# What a setting at run time costs\n",
            f"Measured with sc-hw {__version__}, compiled datapaths, one lane on {TARGET}, generator verilog, by\n",
            f"    {' '.join(['python synth/runtime.py', *sys.argv[1:]])}\n",
            "The first row of each rule has every setting built in. MHz of one seed. Seconds of two solvers for the datapath,",
            "which is proven for all values of the setting, on a busy machine.\n",
            "| rule | at run time | latency | LUT | FF | DSP | MHz | proof s |",
            "|---|---|---:|---:|---:|---:|---:|---:|",
        ]
        output.write_text("\n".join([*head, *rows, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()

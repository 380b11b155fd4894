"""What a setting at run time costs: the same rule with it built in and as an input, on one device."""

import argparse
import sys
from pathlib import Path

from rules import ROOT, TARGET, cost_of

from sc_hw import __version__
from sc_hw.datapath import with_datapath
from sc_hw_models.registry import get_rule
from sc_hw_models.rule_file import add_rule_file

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
    rule = with_datapath(get_rule(name), datapath="compiled", device=TARGET, runtime=runtime)
    chosen = ", ".join(f"{key}={value}" for key, value in settings.items())
    return f"| {name} {chosen} | {', '.join(runtime) or 'none'} | {cost_of(rule, rule.config_type(**settings))} |"


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

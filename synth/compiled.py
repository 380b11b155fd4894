"""Compare datapaths that are compiled from a rule's step with those by hand: every preset, three devices, one run.

Both have the same latency, so that what differs is what is between the registers, and how many there are. Every preset of every
rule with both, one lane: LUT, FF and DSP after synthesis, the median clock of some seeds after place and route. What was measured
for the same files is in build/compiled.json and not measured again, so that an interrupted run goes on.
"""

import argparse
import dataclasses
import hashlib
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sc_hw import __version__
from sc_hw.compiler.rule import Timing, compiled
from sc_hw.manifest import Core, load_core
from sc_hw.pnr.place import load_placeable, place_many
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.synth.synthesise import synthesise
from sc_hw.targets import load_target
from sc_hw.toolchain import nextpnr
from sc_hw.yosys import find_yosys
from sc_hw_models.registry import RULES, get_rule

KEPT = Path("build/compiled.json")
TARGETS = ("ecp5-25k", "ice40-hx8k", "gowin-gw1n9")
BARS = {"lut": 1.15, "ff": 1.15, "mhz": 0.95}  # at most so many times the hand's, of the clock at least


@dataclasses.dataclass(frozen=True)
class Row:
    """A preset on a device: what its lane takes by hand and compiled, and at the latency that the compiler chooses."""

    rule: str
    preset: str
    target: str
    latency: tuple[int, int]
    hand: dict[str, float]
    same: dict[str, float]
    free: dict[str, float]

    def ratio(self, name: str) -> float:
        """Return how many times the hand's; 0 where that was not measured."""
        if name not in self.hand:
            return 0
        return self.same[name] / max(self.hand[name], 1)

    @property
    def misses(self) -> list[str]:
        """The bars that the compiled one misses."""
        return [
            name
            for name, bar in BARS.items()
            if self.hand.get(name) and (self.ratio(name) < bar if name == "mhz" else self.ratio(name) > bar)
        ]


def measured(core: Core, target: str, seeds: int, *, clocks: bool = True) -> dict[str, float]:
    """Return the resources of a core's lane and its median clock, from what is kept if it is."""
    known: dict[str, dict[str, float]] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    text = json.dumps({name: digest for name, digest in core.manifest["sha256"].items() if name.endswith(".v")})
    digest = hashlib.sha256(text.encode()).hexdigest()[:24]
    key, clock = f"{target} {digest}", f"{target} {digest} {seeds}"
    if key not in known:
        result = synthesise(core, load_target(target), module="lane")
        known[key] = {name: result.resources[name] for name in ("lut", "ff", "dsp")}
        _keep(key, known[key])
    if clocks and clock not in known:
        (placed,) = place_many(core, [load_placeable(target)], range(1, seeds + 1), module="lane", jobs=1)
        if not placed.routed:
            raise SystemExit(f"{core.design.name} on {target}: {'; '.join(placed.failures)}")
        known[clock] = {"mhz": round(statistics.median_low(run.mhz for run in placed.routed), 1)}
        _keep(clock, known[clock])
    return known[key] | (known[clock] if clocks else {})


def _keep(key: str, value: dict[str, float]) -> None:
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps({**known, key: value}, indent=1))


def rows(targets: list[str], chosen: list[str], seeds: int, clocked: Sequence[str]) -> Iterator[Row]:
    """Yield a row for each preset and device."""
    for name in RULES:
        rule = get_rule(name)
        for preset, each in rule.presets.items():
            if chosen and f"{name}:{preset}" not in chosen:
                continue
            latency = rule.spec(each.config).latency
            for target in targets:
                with tempfile.TemporaryDirectory(prefix="sc-hw-") as folder:

                    def core(kind: str, made: Any, config: Any = each.config, folder: str = folder) -> Core:
                        design = CoreDesign(name="core", rule=made, config=config, synapses=16)
                        return load_core(emit(design, "verilog", Path(folder) / kind))

                    hand = measured(core("hand", rule), target, seeds, clocks=target in clocked)
                    same = measured(
                        core("same", compiled(rule, Timing(target=target, latency=latency))),
                        target,
                        seeds,
                        clocks=target in clocked,
                    )
                    alone = core("free", compiled(rule, Timing(target=target)))
                    free = measured(alone, target, seeds, clocks=False)
                    yield Row(name, preset, target, (latency, alone.design.spec.latency), hand, same, free)


def page(found: list[Row], command: str, seeds: int) -> str:
    """Return the documentation page."""
    tools = {load_placeable(target)[1].tool for target in TARGETS}
    versions = ", ".join(["Yosys " + find_yosys()[1], *(f"{tool} {nextpnr(tool).version}" for tool in sorted(tools))])
    lines = [
        "# Compiled datapaths beside those by hand\n",
        f"Measured with sc-hw {__version__}, generator verilog, one lane, {versions}, seeds 1..{seeds}, by\n",
        f"    {command}\n",
        "Each cell: by hand, compiled at the same latency, and their ratio. The last columns are the compiler's own latency for",
        "the device's default clock, and LUT and FF then. The bars are LUT and FF at most 1.15 times and the clock at least 0.95",
        "times the hand's; a row that misses one says which.\n",
    ]
    for target in dict.fromkeys(row.target for row in found):
        lines += [
            f"## {target}\n",
            "| rule | preset | latency | LUT | FF | DSP | MHz | misses | own latency | LUT | FF |",
            "|---|---|---:|---:|---:|---:|---:|---|---:|---:|---:|",
        ]
        for row in found:
            if row.target == target:
                cells = [f"{row.hand[name]:g} {row.same[name]:g} {row.ratio(name):.2f}" for name in ("lut", "ff")]
                cells += [
                    f"{row.hand['dsp']:g} {row.same['dsp']:g}",
                    f"{row.hand['mhz']:g} {row.same['mhz']:g} {row.ratio('mhz'):.2f}" if "mhz" in row.hand else "not measured",
                ]
                lines.append(
                    f"| {row.rule} | {row.preset} | {row.latency[0]} | {' | '.join(cells)} | {', '.join(row.misses)} | "
                    f"{row.latency[1]} | {row.free['lut']:g} | {row.free['ff']:g} |"
                )
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Measure, print each row as it comes, write the page; exit status 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, help="Markdown page to write")
    parser.add_argument("--target", action="append", choices=TARGETS, help="device; all without it")
    parser.add_argument("--preset", action="append", default=[], help="RULE:PRESET; all without it")
    parser.add_argument("--clocks", action="append", choices=TARGETS, help="device to place and route for; all without it")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    found = []
    for row in rows(arguments.target or list(TARGETS), arguments.preset, arguments.seeds, arguments.clocks or TARGETS):
        ratios = " ".join(f"{name} {row.ratio(name):.2f}" for name in BARS)
        print(f"{row.target} {row.rule} {row.preset}: {ratios} {' '.join(row.misses) and 'MISSES'}", flush=True)
        found.append(row)
    if arguments.output:
        command = " ".join(["python synth/compiled.py", *sys.argv[1:]])
        arguments.output.write_text(page(found, command, arguments.seeds), encoding="utf-8")
    return 1 if any(row.misses for row in found) else 0


if __name__ == "__main__":
    sys.exit(main())

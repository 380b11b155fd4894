"""Compare datapaths that are compiled from a rule's step with those by hand: every preset, three devices.

Both have the same latency, so that what differs is what is between the registers, and how many there are. Every preset of every
rule with both, one lane: LUT, FF and DSP after synthesis, the median clock of some seeds after place and route, the smallest
lanes first. Each is put into synth/baselines/TARGET/TOOL-VERSION/ as it is measured, beside the digest of its lane's Verilog: an
interrupted run goes on where it was, and what was measured of the same text is not measured again.
"""

import argparse
import dataclasses
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from baselines import Entry, read_baselines, verilog_digest, write_baseline

from sc_hw import __version__
from sc_hw.compiler.rule import Timing, compiled
from sc_hw.manifest import Core, load_core
from sc_hw.pnr.place import load_placeable, place_many
from sc_hw.records import write_text
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.synth.synthesise import synthesise
from sc_hw.targets import load_target
from sc_hw.toolchain import nextpnr
from sc_hw.yosys import find_yosys
from sc_hw_models.registry import RULES, get_rule

TARGETS = ("ecp5-25k", "ice40-hx8k", "gowin-gw1n9")
KINDS = ("hand", "same", "free")  # by hand; compiled at the same latency; at the latency that the compiler chooses
COUNTS, CLOCKS = "compiled_counts", "compiled_clocks"
BARS = {"lut": 1.15, "ff": 1.15, "mhz": 0.95}  # at most so many times the hand's, of the clock at least


@dataclasses.dataclass(frozen=True)
class Lane:
    """A lane of a preset on a device, in a folder that it is emitted into once."""

    rule: str
    preset: str
    target: str
    kind: str
    folder: Path

    @cached_property
    def core(self) -> Core:
        """The core whose lane it is, in Verilog."""
        rule = get_rule(self.rule)
        config = rule.presets[self.preset].config
        latency = rule.spec(config).latency if self.kind == "same" else 0
        made = rule if self.kind == "hand" else compiled(rule, Timing(target=self.target, latency=latency))
        path = self.folder / f"{self.rule}_{self.preset}_{'hand' if self.kind == 'hand' else f'{self.target}_{self.kind}'}"
        if not path.exists():  # by hand it is the same on every device
            emit(CoreDesign(name="core", rule=made, config=config, synapses=16), "verilog", path)
        return load_core(path)

    @cached_property
    def digest(self) -> str:
        """What its figures rest on."""
        return verilog_digest(self.core, "lane")

    def kept(self, what: str) -> Entry:
        """Return what is known of it, empty when it was another text."""
        entry = read_baselines(self.target, what).get(self.name, {})
        return entry if entry.get("verilog_sha256") == self.digest else {}

    @property
    def name(self) -> str:
        """The key of what is kept."""
        return f"{self.rule} {self.preset} {self.kind}"

    def keep(self, what: str, entry: Entry) -> None:
        """Put down what was measured."""
        write_baseline(self.target, what, self.name, {"verilog_sha256": self.digest, **entry})

    def count(self) -> None:
        """Synthesise it, unless that is known."""
        if not self.kept(COUNTS):
            resources = synthesise(self.core, load_target(self.target), module="lane").resources
            self.keep(COUNTS, {name: resources[name] for name in ("lut", "ff", "dsp")})

    def place(self, seeds: Sequence[int]) -> None:
        """Place and route it from the seeds that are not known."""
        known = self.kept(CLOCKS).get("mhz", {})
        if missing := [seed for seed in seeds if str(seed) not in known]:
            (result,) = place_many(self.core, [load_placeable(self.target)], missing, module="lane", jobs=1)
            if result.failures:
                raise SystemExit(f"{self.name} on {self.target}: {'; '.join(result.failures)}")
            self.keep(CLOCKS, {"mhz": known | {str(run.seed): run.mhz for run in result.runs}})

    def figures(self, seeds: Sequence[int]) -> dict[str, float]:
        """Return what is known of it; the median clock of the seeds only if all are."""
        found = {name: n for name, n in self.kept(COUNTS).items() if name != "verilog_sha256"}
        known = self.kept(CLOCKS).get("mhz", {})
        clocks = [known[str(seed)] for seed in seeds if str(seed) in known]
        return found | ({"mhz": statistics.median_low(clocks)} if len(clocks) == len(seeds) else {})


@dataclasses.dataclass(frozen=True)
class Row:
    """A preset on a device: what its lane takes by hand and compiled, and at the latency that the compiler chooses."""

    lanes: dict[str, Lane]
    seeds: Sequence[int]

    @property
    def hand(self) -> Lane:
        """The lane by hand."""
        return self.lanes["hand"]

    @cached_property
    def figures(self) -> dict[str, dict[str, float]]:
        """What is known of each of its lanes."""
        return {kind: lane.figures(self.seeds) for kind, lane in self.lanes.items()}

    def ratio(self, name: str) -> float:
        """Return how many times the hand's; 0 where that was not measured."""
        hand, same = self.figures["hand"], self.figures["same"]
        return same[name] / max(hand[name], 1) if name in hand and name in same else 0

    @property
    def misses(self) -> list[str]:
        """The bars that the compiled one misses."""
        ratios = {name: self.ratio(name) for name in BARS}
        return [name for name, r in ratios.items() if r and (r < BARS[name] if name == "mhz" else r > BARS[name])]

    def cell(self, name: str, form: str = "g") -> str:
        """Return both figures and their ratio."""
        if not self.ratio(name):
            return "not measured"
        return f"{self.figures['hand'][name]:{form}} {self.figures['same'][name]:{form}} {self.ratio(name):.2f}"

    def line(self) -> str:
        """Return its row of the page."""
        hand, same, free = (self.figures[kind] for kind in KINDS)
        latency, own = (self.lanes[kind].core.design.spec.latency for kind in ("hand", "free"))
        cells = [self.hand.rule, self.hand.preset, str(latency), self.cell("lut"), self.cell("ff")]
        cells.append(f"{hand['dsp']:g} {same['dsp']:g}" if hand and same else "not measured")
        cells += [
            self.cell("mhz", ".1f"),
            ", ".join(self.misses),
            str(own),
            *(f"{free[name]:g}" if free else "not measured" for name in ("lut", "ff")),
        ]
        return f"| {' | '.join(cells)} |"


def rows(targets: Sequence[str], chosen: Sequence[str], seeds: Sequence[int], folder: Path) -> Iterator[Row]:
    """Yield a row for each device and preset."""
    for target in targets:
        for rule in RULES:
            for preset in get_rule(rule).presets:
                if not chosen or f"{rule}:{preset}" in chosen:
                    yield Row({kind: Lane(rule, preset, target, kind, folder) for kind in KINDS}, seeds)


def measure(found: Sequence[Row], clocked: Sequence[str]) -> None:
    """Measure what is not known, first what is quick."""
    for row in found:
        for kind in ("hand", "same"):
            row.lanes[kind].count()
        print(f"{row.hand.target} {row.hand.rule} {row.hand.preset}: LUT {row.cell('lut')}, FF {row.cell('ff')}", flush=True)
    for row in sorted(found, key=lambda row: row.hand.kept(COUNTS)["lut"]):
        if row.hand.target in clocked:
            for kind in ("hand", "same"):
                row.lanes[kind].place(row.seeds)
            done = Row(row.lanes, row.seeds)
            print(f"{row.hand.target} {row.hand.rule} {row.hand.preset}: MHz {done.cell('mhz', '.1f')}", flush=True)
    for row in found:
        row.lanes["free"].count()


def page(found: Sequence[Row], command: str) -> str:
    """Return the documentation page."""
    tools = {load_placeable(target)[1].tool for target in TARGETS}
    versions = ", ".join(["Yosys " + find_yosys()[1], *(f"{tool} {nextpnr(tool).version}" for tool in sorted(tools))])
    seeds = found[0].seeds
    lines = [
        "# Compiled datapaths beside those by hand\n",
        f"Measured with sc-hw {__version__}, generator verilog, one lane, {versions}, seeds {seeds[0]}..{seeds[-1]}, by\n",
        f"    {command}\n",
        "Each cell: by hand, compiled at the same latency, and their ratio; the clock is the median of the seeds. The last",
        "columns are the compiler's own latency for the device's default clock, and LUT and FF then. The bars are LUT and FF at",
        "most 1.15 times and the clock at least 0.95 times the hand's; a row that misses one says which. A run goes on where the",
        "one before ended: what is not measured none has come to.\n",
        "| device | presets | miss LUT | miss FF | clock measured | miss the clock |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    by_target = {
        target: [row for row in found if row.hand.target == target] for target in dict.fromkeys(r.hand.target for r in found)
    }
    for target, own in by_target.items():
        missed = [sum(name in row.misses for row in own) for name in BARS]
        clocked = sum(row.ratio("mhz") > 0 for row in own)
        lines.append(f"| {target} | {len(own)} | {missed[0]} | {missed[1]} | {clocked} | {missed[2]} |")
    for target, own in by_target.items():
        lines += [
            f"\n## {target}\n",
            "| rule | preset | latency | LUT | FF | DSP | MHz | misses | own latency | LUT | FF |",
            "|---|---|---:|---:|---:|---:|---:|---|---:|---:|---:|",
            *(row.line() for row in own),
        ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print each row as it comes, write the page; exit status 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, help="Markdown page to write")
    parser.add_argument("--target", action="append", choices=TARGETS, help="device; all without it")
    parser.add_argument("--preset", action="append", default=[], help="RULE:PRESET; all without it")
    parser.add_argument(
        "--clocks", action="append", choices=(*TARGETS, "none"), help="device to place and route for; all without it"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kept", action="store_true", help="measure nothing, write the page of what is known")
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        parser.error(f"--seeds {arguments.seeds}: at least 1")
    with tempfile.TemporaryDirectory(prefix="sc-hw-") as folder:
        seeds = range(1, arguments.seeds + 1)
        found = list(rows(arguments.target or TARGETS, arguments.preset, seeds, Path(folder)))
        if not arguments.kept:
            measure(found, arguments.clocks or TARGETS)
        if arguments.output:
            command = " ".join(["python synth/compiled.py", *sys.argv[1:]])
            write_text(arguments.output, page(found, command), option="--output")
        return 1 if any(row.misses for row in found) else 0


if __name__ == "__main__":
    sys.exit(main())

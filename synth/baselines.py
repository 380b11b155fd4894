"""Baselines: what every preset takes after synthesis, and its clock after place and route, by target and tool version.

`counts` synthesises, `clocks` places and routes. Both write synth/baselines/TARGET/TOOL-VERSION/ as they go, so that an
interrupted run goes on where it was: a core whose emitted files are those of its baseline is not measured again.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sc_hw import __version__
from sc_hw.errors import UserError
from sc_hw.manifest import Core, load_core
from sc_hw.pnr.place import load_placeable, place_many, placeable_targets
from sc_hw.pnr.result import PnrResult
from sc_hw.pnr.table import path_line
from sc_hw.records import write_text
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.synth.synthesise import map_sources, top_module
from sc_hw.synth.table import LABELS
from sc_hw.targets import distinct_targets, load_target
from sc_hw.toolchain import nextpnr
from sc_hw.yosys import find_yosys
from sc_hw_models.registry import RULES, get_rule

FOLDER = Path(__file__).parent / "baselines"
SYNAPSES = 1024
GENERATOR = "amaranth"
SEEDS = range(1, 6)
TOLERANCE = 0.02  # how much a preset may grow in any resource
Entry = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Item:
    """A module of a preset's core; ``consolidation`` comes with stochastic rounding, without which it protects nothing."""

    rule: str
    preset: str
    module: str
    consolidation: str = ""
    synapses: int = SYNAPSES
    lanes: int = 1
    queued: bool = False

    @property
    def name(self) -> str:
        """The key of its baseline."""
        kind = f"with {self.consolidation} " if self.consolidation else ""
        return f"{self.rule} {self.preset} {kind}{self.module}"

    def design(self) -> CoreDesign:
        """Return what its core is emitted from."""
        rule = get_rule(self.rule)
        config = rule.presets[self.preset].config
        if self.consolidation:
            config = dataclasses.replace(config, rounding="stochastic", consolidation=self.consolidation)
        return CoreDesign(name="core", rule=rule, config=config, synapses=self.synapses, lanes=self.lanes, queued=self.queued)

    def emit(self, folder: Path) -> Core:
        """Return its core, emitted into a folder that is replaced."""
        return load_core(emit(self.design(), GENERATOR, folder, force=True))


def consolidations() -> list[Item]:
    """Return the lane of every rule that has a weight stage, with every kind of consolidation."""
    return [
        Item(rule=rule, preset="default", module="lane", consolidation=kind)
        for rule in RULES
        for kind in get_rule(rule).config_type.CHOICES.get("consolidation", ())
    ]


def items(kind: str, target: str) -> list[Item]:
    """Return what is measured on a target, what belongs to the default presets first.

    Lanes, with clocks also of each consolidation; cores where they are cheap or the preset is the default. On another size
    of a device whose lanes are measured anyway, cores only.
    """
    presets = [(rule, preset) for rule in RULES for preset in get_rule(rule).presets]
    chosen = [Item(rule=r, preset=p, module="core") for r, p in presets if kind == "counts" or p == "default"]
    if target in distinct_targets():
        chosen += [Item(rule=rule, preset=preset, module="lane") for rule, preset in presets]
        chosen += consolidations() if kind == "clocks" else []
    return sorted(chosen, key=lambda item: item.preset != "default")


def baseline_file(target: str, kind: str) -> Path:
    """Return the file of a target's baselines for the tool that is here; of its version the first three numbers count.

    A ``kind`` is ``counts`` or ``clocks``, or ends in one of these.
    """
    device = load_target(target).pnr
    if kind.endswith("counts") or device is None:
        tool, version = "yosys", find_yosys()[1]
    else:
        tool, version = device.tool, nextpnr(device.tool).version
    return FOLDER / target / f"{tool}-{'.'.join(version.split('.')[:3])}" / f"{kind}.json"


def read_baselines(target: str, kind: str) -> dict[str, Entry]:
    """Return the baselines of a target by name; empty when this version of the tool has none."""
    path = baseline_file(target, kind)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write_baseline(target: str, kind: str, name: str, entry: Entry) -> None:
    """Put one entry into the baselines of a target, a line each."""
    path, entries = baseline_file(target, kind), read_baselines(target, kind) | {name: entry}
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{json.dumps(name)}: {json.dumps(entries[name])}" for name in sorted(entries)]
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n", option="baselines")


def growth(entry: Entry, resources: Mapping[str, float]) -> list[str]:
    """Return what is larger than a baseline by more than the tolerance, a line each."""
    return [f"{r}: {entry[r]:g} -> {n:g}" for r, n in resources.items() if n > entry[r] * (1 + TOLERANCE)]


def verilog_digest(core: Core, module: str = "core") -> str:
    """Return one SHA-256 over the Verilog of a module and of all inside, which is all that its figures rest on.

    What comments say does not count, how many lines there are does: tools name cells after them. There are no strings in it.
    """
    texts = {path.stem: re.sub(rb"[ \t]*//[^\n]*", b"", path.read_bytes()) for path in core.sources}  # a file a module
    inside = [top_module(core, module)]
    for name in inside:
        inside += [other for other in texts if other not in inside and re.search(rf"\b{other}\b".encode(), texts[name])]
    digest = hashlib.sha256()
    for path in core.sources:
        if path.stem in inside:
            digest.update(f"{path.name} {len(texts[path.stem])}\n".encode() + texts[path.stem])
    return digest.hexdigest()


def counts(core: Core, item: Item, targets: Sequence[str], jobs: int | None = None) -> list[Entry]:
    """Return the resources of an item after synthesis, for each target."""
    top = top_module(core, item.module)
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        return list(
            pool.map(lambda target: target.count(map_sources(core.verilog, top, target).cells), map(load_target, targets))
        )


def clocks(core: Core, item: Item, targets: Sequence[str], jobs: int | None = None) -> list[Entry]:
    """Return the clocks of an item after place and route, for each target."""
    results = place_many(core, [load_placeable(name) for name in targets], SEEDS, module=item.module, jobs=jobs)
    return [_clocks(result) for result in results]


def _clocks(result: PnrResult) -> Entry:
    used = {name: used for name, (used, _) in result.used.items()}
    failures = {"failures": result.failures} if result.failures else {}
    return {**result.mhz, "seeds": len(result.runs), "used": used, "path": path_line(result), **failures}


def measure(kind: str, targets: Sequence[str], jobs: int | None) -> None:
    """Measure what has no baseline or another one than its emitted files ask for."""
    wanted = {target: items(kind, target) for target in targets}
    with tempfile.TemporaryDirectory(prefix="sc-hw-baselines-") as folder:
        for item in dict.fromkeys(item for chosen in wanted.values() for item in chosen):
            core = item.emit(Path(folder) / "core")
            asked = [target for target in targets if item in wanted[target]]
            digest = verilog_digest(core, item.module)
            stale = [t for t in asked if read_baselines(t, kind).get(item.name, {}).get("verilog_sha256") != digest]
            if not stale:
                continue
            print(f"{item.name}: {', '.join(stale)}", flush=True)
            for target, entry in zip(stale, {"counts": counts, "clocks": clocks}[kind](core, item, stale, jobs), strict=True):
                write_baseline(target, kind, item.name, {"verilog_sha256": digest} | entry)


def todays_digests() -> dict[str, str]:
    """Return by name what every baseline of a clock rests on today."""
    with tempfile.TemporaryDirectory(prefix="sc-hw-baselines-") as folder:
        wanted = dict.fromkeys(item for target in placeable_targets() for item in items("clocks", target))
        return {item.name: verilog_digest(item.emit(Path(folder) / "core"), item.module) for item in wanted}


def page() -> str:
    """Return the documentation page of the clocks; the same baselines give the same text."""
    today = todays_digests()
    tools = {name: nextpnr(device.tool).version for name in placeable_targets() if (device := load_target(name).pnr)}
    lines = [
        "# Clocks after place and route\n",
        f"Measured with sc-hw {__version__}, generator {GENERATOR}, cores of {SYNAPSES:,} synapses on one lane, seeds "
        f"{SEEDS[0]}..{SEEDS[-1]}, netlists by Yosys {find_yosys()[1]}, by",
        "\n    make pnr\n",
        "MHz over the seeds; cells as nextpnr counts them, the wrapper's included; critical path of the median seed. How the",
        "figures come about is in [place_and_route.md](../place_and_route.md).",
    ]
    for target in placeable_targets():
        device, entries = load_target(target).pnr, read_baselines(target, "clocks")
        cells = list(device.cells) if device else []
        lines += [f"\n## {target}\n", f"{load_target(target).part}, {device and device.tool} {tools[target]}."]
        lines += [f"Not timed: {device.untimed}."] if device and device.untimed else []
        if entries:
            lines += ["", f"| design | min | median | max | {' | '.join(map(LABELS.get, cells))} | critical path |"]
            lines += ["|---|---:|---:|---:|" + "---:|" * len(cells) + "---|"]
        missing = [item.name for item in items("clocks", target) if item.name not in entries]
        older = [name for name, entry in entries.items() if entry["verilog_sha256"] != today[name]]
        for item in items("clocks", target):
            if entry := entries.get(item.name):
                numbers = [f"{entry[key]:.1f}" for key in ("minimum", "median", "maximum")] if "median" in entry else ["", "", ""]
                used = [f"{entry['used'].get(cell, 0):,}" for cell in cells]
                what = entry["path"] or entry["failures"][0]
                name = f"{item.name} *" if item.name in older else item.name
                lines.append(f"| {' | '.join([name, *numbers, *used, what.replace('|', '/')])} |")
        if older:
            lines.append(f"\n\\* {len(older)} of {len(entries)} were measured with Verilog of another text than today's.")
        if missing:
            lines.append(f"\nNot measured here: {', '.join(missing)}.")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure what is stale and write the page of clocks; exit status 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("counts", "clocks"))
    parser.add_argument("-t", "--target", action="append", help="device; repeat it for several (default: all)")
    parser.add_argument("-j", "--jobs", type=int, help="processes at a time (default: one a processor)")
    parser.add_argument("-o", "--output", type=Path, help="Markdown page of the clocks to write")
    arguments = parser.parse_args()
    every = distinct_targets() if arguments.kind == "counts" else placeable_targets()
    try:
        measure(arguments.kind, arguments.target or every, arguments.jobs)
        if arguments.output:
            write_text(arguments.output, page(), option="--output")
    except UserError as error:
        print(f"baselines: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How cost grows: cores of more synapses on one lane, and of more lanes, on the largest ECP5: docs/measured/scaling.md.

What was measured is kept in a file, so that an interrupted run goes on where it was.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from baselines import GENERATOR, Entry, Item, counts, verilog_digest
from rich.console import Console

from sc_hw import __version__
from sc_hw.manifest import Core
from sc_hw.pnr.place import load_placeable, place_many
from sc_hw.pnr.table import path_line
from sc_hw.records import write_text
from sc_hw.targets import distinct_targets, load_target
from sc_hw.toolchain import nextpnr
from sc_hw.yosys import find_yosys

RULE = "r_stdp"
TARGET = "ecp5-85k"
WORDS = 1024  # a lane
SIZES = (1024, 4096, 16384, 65536)
LANES = (1, 4, 16)
SEEDS = (1,)  # one: a core of 16 lanes takes minutes, and its neighbours in the table show the trend


def item(synapses: int, lanes: int = 1) -> Item:
    """Return a core of the default preset."""
    return Item(rule=RULE, preset="default", module="core", synapses=synapses, lanes=lanes)


def by_size(core: Core, chosen: Item) -> Entry:
    """Return what a core of one lane takes on each target, after synthesis."""
    targets = distinct_targets()
    return dict(zip(targets, counts(core, chosen, targets), strict=True))


def by_lanes(core: Core, _chosen: Item) -> Entry:
    """Return what a core of some lanes takes after place and route, and its clock."""
    (result,) = place_many(core, [load_placeable(TARGET)], SEEDS)
    if result.failures:
        raise RuntimeError(f"{core.folder}: {'; '.join(result.failures)}")
    return {"mhz": result.mhz["median"], "path": path_line(result)} | {name: used for name, (used, _) in result.used.items()}


QUESTIONS: dict[str, tuple[Callable[[Core, Item], Entry], Item]] = {
    **{f"{size:,} synapses": (by_size, item(size)) for size in SIZES},
    **{f"{lanes} lanes": (by_lanes, item(WORDS * lanes, lanes)) for lanes in LANES},
}


def measure(kept: Path, console: Console) -> dict[str, Entry]:
    """Return all that the page shows; what the file ``kept`` has of the same emitted files and tools is not measured again."""
    known: dict[str, Entry] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    tools = {"yosys": find_yosys()[1], "nextpnr": nextpnr("nextpnr-ecp5").version}
    with tempfile.TemporaryDirectory(prefix="sc-hw-scaling-") as folder:
        for name, (ask, chosen) in QUESTIONS.items():
            core = chosen.emit(Path(folder) / "core")
            made_of = tools | {"verilog_sha256": verilog_digest(core)}
            if known.get(name, {}).get("made_of") != made_of:
                console.print(name, highlight=False)
                known[name] = {"made_of": made_of} | ask(core, chosen)
                kept.parent.mkdir(parents=True, exist_ok=True)
                write_text(kept, json.dumps(known, indent=1) + "\n", option="--keep")
    return known


def page(known: dict[str, Entry]) -> str:
    """Return the documentation page; the same figures give the same text."""
    tools, targets = known[f"{LANES[0]} lanes"]["made_of"], distinct_targets()
    sizes = [[known[f"{size:,} synapses"][target] for target in targets] for size in SIZES]
    lines = [
        "# How cost grows\n",
        f"Measured with sc-hw {__version__}, rule {RULE}, default preset, generator {GENERATOR}, by",
        "\n    make scaling",
        "\n## Synapses on one lane\n",
        f"LUT / FF / BRAM after synthesis by Yosys {tools['yosys']}; the last row is LUT at {SIZES[-1]:,} synapses over LUT at",
        f"{SIZES[0]:,}.\n",
        _row("synapses", *targets),
        "|---:|" + "---:|" * len(targets),
        *(
            _row(f"{size:,}", *(f"{n['lut']:g} / {n['ff']:g} / {n['block_ram']:g}" for n in counts))
            for size, counts in zip(SIZES, sizes, strict=True)
        ),
        _row("ratio", *(f"{last['lut'] / first['lut']:.2f}" for first, last in zip(sizes[0], sizes[-1], strict=True))),
        "\n## Lanes\n",
        f"{WORDS:,} synapses a lane on {TARGET} ({load_target(TARGET).part}) after place and route, seed {SEEDS[0]},",
        f"nextpnr-ecp5 {tools['nextpnr']}. Updates a second are lanes times clock: in a sweep every lane does an update in every",
        "clock, which each simulation checks.\n",
        _row(
            "lanes",
            "synapses",
            "LUT",
            "FF",
            "BRAM",
            "DSP",
            "MHz",
            "10^9 updates/s",
            "10^6/s a LUT",
            "10^6/s a BRAM",
            "critical path",
        ),
        "|---:|" + "---:|" * 9 + "---|",
    ]
    for lanes in LANES:
        found = known[f"{lanes} lanes"]
        rate = lanes * found["mhz"]
        shown = [f"{found[name]:,}" for name in ("lut", "ff", "block_ram", "dsp")]
        rates = [f"{rate / 1000:.2f}", f"{rate / found['lut']:.3f}", f"{rate / found['block_ram']:.1f}"]
        lines.append(
            _row(str(lanes), f"{lanes * WORDS:,}", *shown, f"{found['mhz']:.1f}", *rates, found["path"].replace("|", "/"))
        )
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Measure what is missing and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, default=Path("build/scaling.json"), help="file of what was measured")
    parser.add_argument("-o", "--output", type=Path, required=True, help="Markdown page to write")
    arguments = parser.parse_args()
    write_text(arguments.output, page(measure(arguments.keep, Console())), option="--output")
    return 0


if __name__ == "__main__":
    sys.exit(main())

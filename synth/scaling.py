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
from sc_hw.sim.simulate import simulate
from sc_hw.targets import distinct_targets, load_target
from sc_hw.toolchain import nextpnr
from sc_hw.yosys import find_yosys

RULE = "r_stdp"
TARGET = "ecp5-85k"
WORDS = 1024  # a lane
TIMESTEPS = 12  # simulated of each core of the last table
SIZES = (1024, 4096, 16384, 65536)
SHARED = 4  # lanes that share the synapses of the second table
LANES = ((1, False), (4, False), (16, False), (4, True), (16, True), (40, True))  # and whether results queue up
SEEDS = range(1, 6)


_HEAD = """# How cost grows

Measured with sc-hw {version}, rule {rule}, default preset, generator {generator}, by

    make scaling

## Synapses

LUT / FF / BRAM after synthesis by Yosys {yosys}; the last row is LUT at {most:,} synapses over LUT at {least:,}. Where a
block is as deep as a lane has words there is no multiplexer behind the blocks: of {most:,} synapses a lane of {shared} has
{words:,}. Blocks of iCE40 have at most 2,048 words, and no iCE40 has the blocks for {most:,} synapses."""
_LANES = """{words:,} synapses a lane on {target} ({part}) after place and route, seeds {first}..{last}, nextpnr-ecp5
{nextpnr}. Updates a second are lanes times the median clock: in a sweep every lane does an update in every clock, which each
simulation checks. `stall` and `queue` are `--results`: a result that waits stops the lanes, or results queue up. The last
column is what was simulated of this very core and was equal to its model.
"""


def item(synapses: int, lanes: int = 1, queued: bool = False) -> Item:
    """Return a core of the default preset."""
    return Item(rule=RULE, preset="default", module="core", synapses=synapses, lanes=lanes, queued=queued)


def by_size(core: Core, chosen: Item) -> Entry:
    """Return what a core takes on each target, after synthesis."""
    targets = distinct_targets()
    return dict(zip(targets, counts(core, chosen, targets), strict=True))


def by_lanes(core: Core, _chosen: Item) -> Entry:
    """Return what a core of some lanes takes after place and route, and its clocks; an update a lane is made every clock.

    Before that some updates of it are simulated: none of its figures is that of a core that differs from its model.
    """
    with tempfile.TemporaryDirectory(prefix="sc-hw-scaling-") as folder:
        simulated = simulate([core], steps=TIMESTEPS, seed=1, output=Path(folder))
    if not simulated.passed:
        raise RuntimeError(f"{core.folder}: differs from its model: {simulated.cores[0]['mismatch']['text']}")
    (result,) = place_many(core, [load_placeable(TARGET)], SEEDS)
    if result.failures:
        raise RuntimeError(f"{core.folder}: {'; '.join(result.failures)}")
    equal = simulated.cores[0]["synapse_steps"]
    return {**result.mhz, "path": path_line(result), "equal": equal} | {name: used for name, (used, _) in result.used.items()}


def title(lanes: int, queued: bool) -> str:
    """Return what a row about lanes is called."""
    return f"{lanes}, {'queue' if queued else 'stall'}"


QUESTIONS: dict[str, tuple[Callable[[Core, Item], Entry], Item]] = {
    **{f"{size:,} synapses on {lanes}": (by_size, item(size, lanes)) for lanes in (1, SHARED) for size in SIZES},
    **{title(lanes, queued): (by_lanes, item(WORDS * lanes, lanes, queued)) for lanes, queued in LANES},
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
    tools = known[title(*LANES[0])]["made_of"]
    lines = [
        _HEAD.format(
            version=__version__,
            rule=RULE,
            generator=GENERATOR,
            yosys=tools["yosys"],
            most=SIZES[-1],
            least=SIZES[0],
            shared=SHARED,
            words=SIZES[-1] // SHARED,
        ),
        *_sizes(known, 1),
        *_sizes(known, SHARED),
        "\n## Lanes\n",
        _LANES.format(
            words=WORDS, target=TARGET, part=load_target(TARGET).part, first=SEEDS[0], last=SEEDS[-1], nextpnr=tools["nextpnr"]
        ),
        _row(
            "lanes",
            "synapses",
            "LUT",
            "FF",
            "BRAM",
            "DSP",
            "MHz min",
            "median",
            "max",
            "10^9 updates/s",
            "10^6/s a LUT",
            "10^6/s a BRAM",
            "critical path of the median seed",
            "synapse-steps",
        ),
        "|---|---:|" + "---:|" * 10 + "---|---:|",
    ]
    for lanes, queued in LANES:
        found = known[title(lanes, queued)]
        rate = lanes * found["median"]
        shown = [f"{found[name]:,}" for name in ("lut", "ff", "block_ram", "dsp")]
        shown += [f"{found[name]:.1f}" for name in ("minimum", "median", "maximum")]
        rates = [f"{rate / 1000:.2f}", f"{rate / found['lut']:.3f}", f"{rate / found['block_ram']:.1f}"]
        path = found["path"].replace("|", "/")
        lines.append(_row(title(lanes, queued), f"{lanes * WORDS:,}", *shown, *rates, path, f"{found['equal']:,}"))
    return "\n".join(lines) + "\n"


def _sizes(known: dict[str, Entry], lanes: int) -> list[str]:
    """Return the table of synapses on some lanes."""
    targets = distinct_targets()
    counts = [[known[f"{size:,} synapses on {lanes}"][target] for target in targets] for size in SIZES]
    return [
        "",
        _row(f"synapses on {lanes} lane{'s' if lanes > 1 else ''}", *targets),
        "|---:|" + "---:|" * len(targets),
        *(
            _row(f"{size:,}", *(f"{n['lut']:g} / {n['ff']:g} / {n['block_ram']:g}" for n in row))
            for size, row in zip(SIZES, counts, strict=True)
        ),
        _row("ratio", *(f"{last['lut'] / first['lut']:.2f}" for first, last in zip(counts[0], counts[-1], strict=True))),
    ]


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

"""Every preset's core on every target beside other learning hardware, in one table: docs/measured/engines.md.

Figures of ours and of sc-neurocore's lane are those of the baselines (`make baselines`, `make pnr`, `make neurocore`); what
lanes take whose memory fills a block is synthesised here.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from baselines import GENERATOR, SEEDS, SYNAPSES, Entry, Item, counts, items, read_baselines
from compare_neurocore import RECORD
from rich.console import Console
from scaling import RULE, WORDS
from scaling import TARGET as LARGEST

from sc_hw import __version__
from sc_hw.records import write_text
from sc_hw.targets import distinct_targets, load_target
from sc_hw_models.registry import RULES, get_rule

COMMAND = "make engines"


_HEAD = """# Learning engines side by side

Measured with sc-hw {version}, generator {generator}, by

    {command}

Cores of {synapses:,} synapses on one lane, which updates one synapse a clock: updates a second are the clock. LUT, FF, BRAM and
DSP are post-synthesis. MHz is post-route, the median of seeds {first}..{last} ([clocks.md](clocks.md)): of the core where its
preset is the default, of its lane, marked `l`, elsewhere; `-` where no open tool places the device, `?` where it was not placed.

An update reads and writes the state of a synapse once, so a block RAM whose ports have W bits allows W / S updates a clock of S
bits, rounded down, or one in S / W clocks, rounded up. The last column is the share of that. It is below 100 % where blocks deep
enough for {synapses:,} synapses are narrower than at their widest; [further down](#lanes-that-fill-a-block) are cores of as many
synapses as a block has words at its widest.

sc-neurocore's lane keeps the state of its one synapse in flip-flops and has no memory."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """What a block RAM offers at its widest: bits of its read port and of its write port, and words; some can be ``halved``."""

    bits: int
    words: int
    halved: bool = False

    def updates(self, state_bits: int) -> Fraction:
        """Return how many updates a clock it allows at most: each reads and writes the whole state."""

        def of(bits: int) -> Fraction:
            return Fraction(bits // state_bits) if state_bits <= bits else Fraction(1, -(-state_bits // bits))

        return max(of(self.bits), 2 * of(self.bits // 2)) if self.halved else of(self.bits)


def _block(target: str) -> Block:
    """Return the block of a device, of the shapes in its file: the widest of a whole one."""
    shapes = [(bits, words, units) for words, bits, *_, units in load_target(target).estimate["ram"]]
    bits, words, _ = max(shape for shape in shapes if shape[2] >= 1)
    return Block(bits=bits, words=words, halved=any(0 < units < 1 for *_, units in shapes))


BLOCKS = {target: _block(target) for target in distinct_targets()}
# As their authors publish them: name, rule, updates a clock, state bits a synapse, LUT, block RAM, MHz, 10^6 updates a second.
PUBLISHED = (
    ("ReckOn, 28 nm ASIC", "e-prop", "16", "8, and 34 a neuron", "", "", "13 (recalled)", "208"),
    ("ODIN, 28 nm ASIC; LUT on ECP5", "SDSP", "0.5", "4", "12,512", "", "20", "10"),
    ("metr0jw, FPGA", "STDP", "1.80", "8", "27,205", "", "100", "180"),
    ("metr0jw, FPGA", "R-STDP", "0.96", "8, eligibility of rank 1", "27,205", "", "100", "96"),
    ("Catalyst N1, FPGA, 16 cores", "programmable", "5.3", "38", "", "", "62.5", "333"),
    ("NeuroCoreX, FPGA", "STDP", "", "19", "6,981", "30.5", "100", ""),
    ("Loihi, 14 nm ASIC", "programmable", "", "8 to 9, and 7-bit traces a neuron", "", "", "", "21,000 (recalled)"),
)


def filling(console: Console) -> dict[str, dict[str, Entry]]:
    """Return what a core of each preset of the rule takes whose lane has as many words as a block at its widest, by target."""
    result: dict[str, dict[str, Entry]] = {}
    with tempfile.TemporaryDirectory(prefix="sc-hw-engines-") as folder:
        for preset in get_rule(RULE).presets:
            console.print(f"{RULE} {preset}", highlight=False)
            result[preset] = {}
            for words in sorted({block.words for block in BLOCKS.values()}):
                item = Item(rule=RULE, preset=preset, module="core", synapses=words)
                asked = [name for name in distinct_targets() if BLOCKS[name].words == words]
                core = item.emit(Path(folder) / "core")
                result[preset] |= dict(zip(asked, counts(core, item, asked), strict=True))
    return result


def page(filled: dict[str, dict[str, Entry]], neurocore: dict[str, Any], scaled: dict[str, Entry]) -> str:
    """Return the documentation page; the same figures give the same text."""
    lines = [
        _HEAD.format(version=__version__, generator=GENERATOR, command=COMMAND, synapses=SYNAPSES, first=SEEDS[0], last=SEEDS[-1])
    ]
    for target in distinct_targets():
        block, other = BLOCKS[target], neurocore["targets"].get(target)
        halves = ", or of half as many in each half" if block.halved else ""
        lines += [
            f"\n## {target}\n",
            f"{load_target(target).part}; ports of {block.bits} bits{halves}.\n",
            "| preset | state bits | LUT | FF | BRAM | DSP | MHz | 10^6 updates/s | a LUT | a BRAM | of the ports |",
            "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
            *(
                _ours(item, target)
                for rule in RULES
                for item in items("counts", target)
                if (item.rule, item.module) == (rule, "core")
            ),
        ]
        if other:
            rate = other["mhz"]
            shown = [f"{other[name]:,g}" for name in ("lut", "ff", "block_ram", "dsp")]
            rates = [f"{rate:.1f}", f"{rate:.1f}", f"{rate / other['lut']:.3f}"] if rate else ["-", "-", "-"]
            lines.append(_row(f"sc-neurocore {neurocore['version']} lane, one synapse", "52", *shown, *rates, "", ""))
    lines += [
        "\n## Lanes that fill a block\n",
        f"Presets of `{RULE}`, a core of as many synapses as a block has words at its widest: BRAM, and the updates a clock of",
        "each block as a share of what its ports allow.\n",
        _row("preset", "state bits", *(f"{name}, {BLOCKS[name].words} synapses" for name in distinct_targets())),
        "|---|---:|" + "---:|" * len(distinct_targets()),
    ]
    for preset, taken in filled.items():
        bits = get_rule(RULE).spec(get_rule(RULE).presets[preset].config).state_bits
        cells = (f"{taken[t]['block_ram']:g}, {_share(taken[t]['block_ram'], t, bits):.0%}" for t in distinct_targets())
        lines.append(_row(preset, str(bits), *cells))
    lines += [
        "\n## Many lanes\n",
        f"Default preset of `{RULE}`, {WORDS:,} synapses a lane, {LARGEST}, post-route ([scaling.md](scaling.md)).\n",
        "| lanes, results | LUT | FF | BRAM | DSP | MHz | 10^6 updates/s | a LUT | a BRAM | of the ports |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, found in scaled.items():
        lanes = int(name.partition(",")[0])
        rate = lanes * found["median"]
        shown = [f"{found[cell]:,}" for cell in ("lut", "ff", "block_ram", "dsp")]
        bits = get_rule(RULE).spec(get_rule(RULE).presets["default"].config).state_bits
        share = _share(found["block_ram"] / lanes, "ecp5-25k", bits)
        lines.append(
            _row(
                name,
                *shown,
                f"{found['median']:.1f}",
                f"{rate:,.0f}",
                f"{rate / found['lut']:.3f}",
                f"{rate / found['block_ram']:.1f}",
                f"{share:.0%}",
            )
        )
    lines += [
        "\n## Others, as published\n",
        "Not measured here. Where no rate is published it is updates a clock times the clock; what is marked is from memory.\n",
        "| | rule | updates a clock | state bits a synapse | LUT | BRAM | MHz | 10^6 updates/s |",
        "|---|---|---:|---|---:|---:|---:|---:|",
        *(_row(*row) for row in PUBLISHED),
    ]
    return "\n".join(lines) + "\n"


def _ours(item: Item, target: str) -> str:
    """Return the row of a preset's core."""
    entry, clocks = read_baselines(target, "counts")[item.name], read_baselines(target, "clocks")
    lane = clocks.get(f"{item.rule} {item.preset} lane")
    own, mark = (clocks[item.name], "") if item.name in clocks else (lane, " l")
    bits = item.design().spec.state_bits
    if own and "median" in own:
        rate = own["median"]
        rates = [f"{rate:.1f}{mark}", f"{rate:.1f}", f"{rate / entry['lut']:.3f}", f"{rate / entry['block_ram']:.1f}"]
    else:
        rates = ["-" if load_target(target).pnr is None else "?", "", "", ""]
    shown = [f"{entry[name]:,g}" for name in ("lut", "ff", "block_ram", "dsp")]
    share = _share(entry["block_ram"], target, bits)
    return _row(f"{item.rule} {item.preset}", str(bits), *shown, *rates, f"{share:.0%}")


def _share(blocks: float, target: str, state_bits: int) -> float:
    """Return the updates a clock of a block behind one lane, as a share of what its ports allow."""
    return float(1 / Fraction(blocks) / BLOCKS[target].updates(state_bits)) if blocks else 0.0


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Synthesise what is not in the baselines and write the page; exit status 2 where a figure is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scaling", type=Path, default=Path("build/scaling.json"), help="what `make scaling` kept")
    parser.add_argument("-o", "--output", type=Path, required=True, help="Markdown page to write")
    arguments = parser.parse_args()
    try:
        neurocore, scaled = (json.loads(path.read_text(encoding="utf-8")) for path in (RECORD, arguments.scaling))
    except OSError as error:
        print(f"engines: {error.filename}: {error.strerror}; run make neurocore and make scaling first", file=sys.stderr)
        return 2
    lanes = {name: entry for name, entry in scaled.items() if "median" in entry}
    write_text(arguments.output, page(filling(Console()), neurocore, lanes), option="--output")
    return 0


if __name__ == "__main__":
    sys.exit(main())

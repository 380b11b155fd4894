"""Tables of synthesis results, for a terminal and for a documentation page."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .result import STAGE, SynthResult

__all__ = ["LABELS", "markdown_table", "render_table"]

LABELS = {"lut": "LUT", "ff": "FF", "block_ram": "BRAM", "large_ram": "SPRAM", "dsp": "DSP"}
_TEXT = ("core", "target", "part", "fits", "memory in")  # columns that are not numbers


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _core(result: SynthResult) -> str:
    whole = f"{result.synapses:,} x {result.lanes}"
    return f"{result.generator} {whole if result.module == 'core' else result.module}"


def _row(result: SynthResult) -> dict[str, str]:
    blocks = _number(result.resources["block_ram"])
    if result.resources["large_ram"]:
        blocks += f" + {_number(result.resources['large_ram'])} {LABELS['large_ram']}"
    part = result.utilisation[result.scarcest]
    share = "none there" if part == float("inf") else f"{100 * part:,.1f}"
    placement, occupancy = result.memory.placement, result.memory.occupancy
    placement += "" if occupancy is None else f" {100 * occupancy:.0f} %"
    return {
        "core": _core(result),
        "target": result.target,
        "part": result.part,
        "LUT": _number(result.resources["lut"]),
        "FF": _number(result.resources["ff"]),
        "BRAM": blocks,
        "DSP": _number(result.resources["dsp"]),
        "% used": f"{share} {LABELS[result.scarcest]}",
        "fits": "yes" if result.fits else "does not fit",
        "memory in": placement if result.passed else f"FAILED: {placement}",
        "seconds": f"{result.seconds:.1f}",
    }


def caption(results: Sequence[SynthResult]) -> str:
    """Return the line that says what the figures are."""
    versions = ", ".join(sorted({result.tool_version for result in results}))
    return (
        f"{STAGE.capitalize()} counts by Yosys {versions}: LUT and FF in device cells, BRAM in device blocks, "
        "% used is that of the device's scarcest resource, that behind block RAM the part of its bits that hold state."
    )


def _rows(results: Sequence[SynthResult], leave_out: Sequence[str]) -> list[dict[str, str]]:
    several = len({_core(result) for result in results}) > 1
    hidden = {*leave_out, *(() if several else ("core",))}
    return [{key: text for key, text in _row(result).items() if key not in hidden} for result in results]


def render_table(results: Sequence[SynthResult]) -> Table:
    """Return the results as a table for a terminal, a row a result, in the order given."""
    rows = _rows(results, ("part", "seconds"))  # so that it fits 80 columns; the record has them
    title = f"{results[0].core}: {_core(results[0])}" if len({_core(result) for result in results}) == 1 else None
    table = Table(title=title, caption=caption(results), box=SIMPLE_HEAD)
    for key in rows[0]:
        table.add_column(key, justify="left" if key in _TEXT else "right", no_wrap=key == "target", overflow="fold")
    for row, result in zip(rows, results, strict=True):
        table.add_row(*row.values(), style=None if result.passed else "bold red")
    return table


def markdown_table(results: Sequence[SynthResult], *, seconds: bool = False) -> str:
    """Return the results as a Markdown table with its caption; without seconds the same results give the same text."""
    rows = _rows(results, () if seconds else ("seconds",))
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "|".join("---" if key in _TEXT else "---:" for key in rows[0]) + "|"]
    lines += ["| " + " | ".join(row.values()) + " |" for row in rows]
    return "\n".join(lines) + f"\n\n{caption(results)}\n"

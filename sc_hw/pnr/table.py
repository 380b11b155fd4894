"""Tables of place-and-route results, for a terminal and for a documentation page."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ..synth.table import LABELS
from .result import STAGE, PnrResult

__all__ = ["caption", "path_line", "render_table", "row"]

_CLOCKS = {"MHz min": "minimum", "median": "median", "max": "maximum"}


def row(result: PnrResult) -> dict[str, str]:
    """Return the cells of a table for a result, by column."""
    shares = {name: 100 * used / available for name, (used, available) in result.used.items()}
    scarcest = max(shares, key=lambda name: shares[name], default="")
    return {
        "target": result.target.name,
        **{title: f"{result.mhz[name]:.1f}" if result.mhz else "not routed" for title, name in _CLOCKS.items()},
        **{
            LABELS[name]: f"{result.used[name][0]:,}" if name in result.used else "" for name in ("lut", "ff", "block_ram", "dsp")
        },
        "% used": f"{shares[scarcest]:.1f} {LABELS[scarcest]}" if scarcest else "",
    }


def path_line(result: PnrResult) -> str:
    """Return the critical path of the median run in one line; empty when nothing was routed."""
    run = result.median
    if not run or not run.path:
        return ""
    path = run.path
    return (
        f"{path.text} ({path.logic_ns + path.routing_ns:.2f} ns, {path.levels} cell{'' if path.levels == 1 else 's'} between, "
        f"{path.routing_ns:.2f} ns routing)"
    )


def caption(results: Sequence[PnrResult]) -> str:
    """Return the line that says what the figures are."""
    versions = ", ".join(sorted({f"{result.device.tool} {result.tool_version}" for result in results}))
    seeds = max(len(result.runs) for result in results)
    absorbed = "".join(
        f" On {result.target.name} {result.absorbed_registers} registers became those of block RAM and multipliers."
        for result in results
        if result.absorbed_registers
    )
    return (
        f"{STAGE.capitalize()} clock in MHz over {seeds} seed{'' if seeds == 1 else 's'}; {versions}; netlist by Yosys "
        f"{results[0].yosys_version}. LUT, FF, BRAM and DSP as nextpnr counts them, the wrapper's {results[0].wrapper_registers} "
        f"registers included; on iCE40 LUT is logic cells, each with a flip-flop.{absorbed}"
    )


def render_table(results: Sequence[PnrResult]) -> Table:
    """Return the results as a table for a terminal, a row a target."""
    table = Table(title=results[0].top, caption=caption(results), box=SIMPLE_HEAD)
    rows = [row(result) for result in results]
    for key in rows[0]:
        table.add_column(key, justify="left" if key == "target" else "right", no_wrap=key == "target", overflow="fold")
    for values, result in zip(rows, results, strict=True):
        table.add_row(*values.values(), style=None if result.passed else "bold red")
    return table

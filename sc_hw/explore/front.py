"""The Pareto front: the cores of which no other on the same device is at least as good in everything and better in something."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from ..synth.table import LABELS
from .sweep import Sweep

__all__ = ["COSTS", "mark_front", "render_fronts", "throughput_of"]

COSTS = ("synth_lut", "synth_block_ram", "synth_large_ram", "learning_error")  # the less the better
Row = Mapping[str, Any]


def throughput_of(sweep: Sweep) -> str:
    """Return the column of the throughput: updates a second by a routed clock, else updates a clock; never both in a front."""
    return "updates_per_second" if sweep.pnr else "updates_per_clock"


def mark_front(rows: Sequence[dict[str, Any]], throughput: str) -> None:
    """Set ``pareto`` of every row: true where a core that was measured whole and fits is on the front of its device."""
    costs = _costs(rows)
    for row in rows:
        row["pareto"] = False
    for target in dict.fromkeys(row["target"] for row in rows):
        own = [row for row in rows if row["target"] == target and _whole(row, (throughput, *costs))]
        vectors = np.array([[-row[throughput], *(row[cost] for cost in costs)] for row in own])
        for row, vector in zip(own, vectors, strict=True):
            better = (vectors <= vector).all(axis=1) & (vectors < vector).any(axis=1)
            row["pareto"] = not better.any()


def _costs(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what counts: no learning error where the rule has no float model to err from."""
    return tuple(cost for cost in COSTS if cost != "learning_error" or any(row.get(cost) is not None for row in rows))


def _whole(row: Row, wanted: Sequence[str]) -> bool:
    return bool(row.get("fits")) and not row["failure"] and all(row.get(name) is not None for name in wanted)


def render_fronts(rows: Sequence[Row], sweep: Sweep) -> list[Table]:
    """Return the front of each device as a table for a terminal, the fastest core first."""
    columns = {name: name.replace("_", " ") for name in sweep.varied}  # blanks, where a heading can break
    if sweep.pnr:
        columns |= {"route_mhz_median": "MHz", "updates_per_second": "M updates/s"}
    else:
        columns |= {"updates_per_clock": "updates a clock"}
    columns |= {f"synth_{name}": label for name, label in LABELS.items() if name != "ff"}
    if not any(row.get("synth_large_ram") for row in rows):
        del columns["synth_large_ram"]
    if errs := "learning_error" in _costs(rows):
        columns["learning_error"] = "error %"
    throughput, tables = throughput_of(sweep), []
    for target in dict.fromkeys(row["target"] for row in rows):
        front = [row for row in rows if row["target"] == target and row["pareto"]]
        every = sum(row["target"] == target for row in rows)
        table = Table(title=f"{target}: Pareto front, {len(front)} of {every} points", box=SIMPLE_HEAD, padding=0)
        for name, title in columns.items():
            word = bool(front) and isinstance(front[0][name], str)  # a figure too wide is folded, never cut off
            table.add_column(title, justify="left" if word else "right", no_wrap=word, overflow="fold")
        for row in sorted(front, key=lambda row: (-row[throughput], row["synth_lut"])):
            table.add_row(*(_cell(name, row[name]) for name in columns))
        tables.append(table)
    clock = f"clocks post-route, median of {sweep.seeds} seeds; " if sweep.pnr else ""
    error = f"error of the fixed model against the float reference, rms, % of full scale, median of {sweep.stimuli} seeds."
    tables[-1].caption = f"Counts post-synthesis; {clock}{error if errs else f'rule {sweep.rule.name} has no float model.'}"
    return tables


def _cell(name: str, value: Any) -> str:
    match name:
        case "learning_error":
            return f"{100 * value:.3g}"
        case "updates_per_second":
            return f"{value / 1e6:,.1f}"
        case "updates_per_clock":
            return f"{value:.3f}"
    return f"{value:,.10g}" if isinstance(value, float) else str(value)

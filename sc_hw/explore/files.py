"""What a sweep leaves: all points in one columnar file, and the picture of the fronts."""

import io
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, get_args, get_type_hints

from ..errors import UserError
from ..plot_style import STYLE, matplotlib_quiet
from .front import throughput_of
from .sweep import Sweep

__all__ = ["parquet_bytes", "plot_bytes", "require_libraries"]

COLOURS = ("#e07020", "#2f8fd0", "#3fa060", "#a060c0", "#c04050", "#808000")
_PANELS = {"synth_lut": "LUT", "synth_block_ram": "block RAM", "learning_error": "learning error, rms, % of full scale"}


def require_libraries() -> None:
    """Raise ``UserError`` when a library that writes the files is missing; called before anything is measured."""
    _library("pyarrow.parquet")
    _library("matplotlib.figure")


def _library(module: str) -> Any:
    """Return the package of a module of the extra ``explore``, with that module loaded."""
    package = module.partition(".")[0]
    try:
        if package == "matplotlib":
            return matplotlib_quiet()
        import_module(module)
    except ImportError as error:
        raise UserError(f"explore: needs {package}; install it with: pip install 'sc-hw[explore]'") from error
    return import_module(package)


def parquet_bytes(rows: Sequence[Mapping[str, Any]], sweep: Sweep, about: Mapping[str, Any]) -> bytes:
    """Return the rows as a Parquet file, a column a name; ``about`` goes into its metadata. Equal rows give equal bytes."""
    arrow = _library("pyarrow.parquet")
    kinds = {int: arrow.int64(), float: arrow.float64(), str: arrow.string(), bool: arrow.bool_()}
    types = {name: kinds[type(value)] for row in rows for name, value in row.items() if value is not None}
    hints = get_type_hints(sweep.rule.config_type)  # for settings that no point sets: int | None
    columns = [
        (name, types.get(name) or kinds[get_args(hints[name])[0]]) for name in dict.fromkeys(name for row in rows for name in row)
    ]
    schema = arrow.schema(columns, metadata={"sc-hw": json.dumps(about)})
    file = io.BytesIO()
    arrow.parquet.write_table(arrow.Table.from_pylist(list(rows), schema=schema), file)
    return file.getvalue()


def plot_bytes(rows: Sequence[Mapping[str, Any]], sweep: Sweep) -> bytes:
    """Return the picture as SVG: throughput over each cost, a colour a device, the front filled and the other points hollow."""
    mpl, throughput = _library("matplotlib.figure"), throughput_of(sweep)
    unit, title = (1e6, "updates/s, millions (post-route)") if sweep.pnr else (1.0, "updates a clock")
    with mpl.rc_context(STYLE):
        figure = mpl.figure.Figure(figsize=(9, 3.4), layout="constrained")
        panels = figure.subplots(1, len(_PANELS), sharey=True)
        for panel, (cost, label) in zip(panels, _PANELS.items(), strict=True):
            for number, target in enumerate(dict.fromkeys(row["target"] for row in rows)):
                colour = COLOURS[number % len(COLOURS)]
                own = [r for r in rows if r["target"] == target and r.get(throughput) is not None and r.get(cost) is not None]
                for front in (False, True):
                    chosen = [row for row in own if row["pareto"] == front]
                    x = [row[cost] * (100 if cost == "learning_error" else 1) for row in chosen]
                    panel.scatter(
                        x,
                        [row[throughput] / unit for row in chosen],
                        s=22,
                        edgecolors=colour,
                        linewidths=0.9,
                        facecolors=colour if front else "none",
                        label=target if front else None,
                    )
            panel.set_xlabel(label)
            panel.set_facecolor("none")
            panel.spines[["top", "right"]].set_visible(False)
        panels[0].set_ylabel(title)
        panels[0].legend(frameon=False, fontsize=8)
        file = io.BytesIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return file.getvalue()

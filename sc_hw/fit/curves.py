"""The curves of a run as a picture: how many decisions were right, while it learned and on samples it never learned."""

import io
from itertools import pairwise
from typing import Any

from ..errors import UserError
from ..plot_style import INK, STYLE, matplotlib_quiet

__all__ = ["curves_svg", "require_matplotlib"]


def require_matplotlib() -> Any:
    """Return matplotlib. Errors: ``UserError`` when it is not installed; called before anything is learned."""
    try:
        return matplotlib_quiet()
    except ImportError as error:
        raise UserError("fit: needs matplotlib for its curves; install it with: pip install 'sc-hw[digits]'") from error


def curves_svg(record: dict[str, Any]) -> bytes:
    """Return the picture of a record of ``fit``; equal records give equal bytes."""
    mpl, rows = require_matplotlib(), record["curves"]
    with mpl.rc_context(STYLE):
        figure = mpl.figure.Figure(figsize=(6, 3.2), layout="constrained")
        panel = figure.subplots()
        x = [row["samples"] / record["learned_samples"] for row in rows]
        curves = (("learned", "just before a sample is learned", "#e07020"), ("held_out", "held out, learning off", "#2f8fd0"))
        for key, label, colour in curves:
            panel.plot(x, [100 * row[key] for row in rows], marker=".", color=colour, label=label)
        for task in range(len(rows[-1]["tasks"]) - 1):  # of tasks learned before, in gray
            later = [(place, 100 * row["tasks"][task]) for place, row in zip(x, rows, strict=True) if len(row["tasks"]) > task]
            panel.plot(*zip(*later, strict=True), color=INK, linewidth=0.8, label=f"task {task + 1}, held out")
        for before, row in pairwise(rows):
            if row["slower"] > before["slower"]:
                panel.axvline(before["samples"] / record["learned_samples"], color=INK, linewidth=0.6, linestyle=":")
        panel.set_xlabel("passes; dotted: learning slows to a half")
        panel.set_ylabel("right decisions, %")
        panel.set_facecolor("none")
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(frameon=False)
        file = io.BytesIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return file.getvalue()

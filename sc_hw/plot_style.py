"""How every plot of sc-hw looks, on white and on black, and that equal data give equal bytes."""

import logging
from typing import Any

__all__ = ["INK", "STYLE", "matplotlib_quiet"]

INK = "#808890"  # on white and on black
STYLE = {
    "svg.hashsalt": "sc-hw",
    "svg.fonttype": "none",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def matplotlib_quiet() -> Any:
    """Return matplotlib, which says nothing of a home that cannot be written: it does without. Errors: ``ImportError``."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib.figure

    return matplotlib

"""How every plot of sc-hw looks, on white and on black, and that equal data give equal bytes."""

__all__ = ["INK", "STYLE"]

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

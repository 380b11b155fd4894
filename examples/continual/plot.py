"""The picture: test accuracy of both tasks over training, one panel a lane."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from sc_hw.plot_style import INK, STYLE

COLOURS = {"task A": "#e07020", "task B": "#2f8fd0"}


def draw(curves: Mapping[str, Sequence[Sequence[tuple[float, float]]]], path: Path) -> None:
    """Write an SVG; ``curves`` holds for each lane and seed the accuracy of A and B at the start and after each epoch."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 4.6), layout="constrained")
        panels = figure.subplots(2, -(-len(curves) // 2), sharex=True, sharey=True, squeeze=False).ravel()
        for panel, (lane, runs) in zip(panels, curves.items(), strict=False):
            values = np.array(runs)  # seeds, epochs, tasks
            epochs = np.arange(values.shape[1])
            for task, (name, colour) in enumerate(COLOURS.items()):
                low, middle, high = (f(values[:, :, task], axis=0) for f in (np.min, np.mean, np.max))
                panel.fill_between(epochs, low, high, color=colour, alpha=0.25, linewidth=0)
                panel.plot(epochs, middle, color=colour, label=name)
            panel.axvline(len(epochs) // 2, color=INK, linewidth=0.8, linestyle=":")
            panel.set_title(lane, fontsize=10)
            panel.set_facecolor("none")
            panel.spines[["top", "right"]].set_visible(False)
        for panel in panels[len(curves) :]:
            panel.set_visible(False)
        panels[0].legend(frameon=False, loc="lower right")
        figure.supxlabel("epochs; task B is learned from the dotted line on", fontsize=9)
        figure.supylabel("test accuracy, %", fontsize=9)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})

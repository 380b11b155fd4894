"""Draw the spikes of a network: ``python docs/raster_picture.py`` writes docs/images/raster.svg.

``examples/networks/digits_poisson.toml`` after three passes over the digits, shown three digits that it never learned, with
learning off: every spike of its 64 inputs and of its 128 hidden neurons.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sc_hw.fit.data import load_samples
from sc_hw.network_file import network_of
from sc_hw.plot_style import INK
from sc_hw_models.networks import network_model

__all__ = ["picture", "shown"]

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/images/raster.svg"
PASSES, SEED, DIGITS = 3, 1, 3
WIDTH, LEFT, TOP, STEP, ROW, GAP = 760, 60, 34, 13.5, 1.5, 16  # pixels; of a timestep and of a neuron
COLOURS = {"input": "#2f8fd0", "hidden": "#e07020"}

Shown = Sequence[tuple[int, int, dict[str, np.ndarray]]]


def shown() -> Shown:
    """Return of each digit its class, what was decided, and spikes ``(timesteps, neurons)`` by population."""
    model = network_model(network_of(ROOT / "examples/networks/digits_poisson.toml", option=""))
    samples = load_samples("digits", None, SEED)
    model.fit(samples.learned, samples.learned_labels, passes=PASSES, seed=SEED)
    _, first = np.unique(samples.held_out_labels, return_index=True)
    chosen = np.sort(first)[:DIGITS]  # the first ones of different classes
    results = model.play(samples.held_out[chosen], samples.held_out_labels[chosen], learn=False)
    return [
        (label, result["decision"], {name: np.array([t[f"{name}.activity"] for t in result["timesteps"]]) for name in COLOURS})
        for label, result in zip(samples.held_out_labels[chosen].tolist(), results, strict=True)
    ]


def picture(digits: Shown) -> str:
    """Return the drawing, to be read on a light and on a dark page."""
    sizes = {name: digits[0][2][name].shape[1] for name in COLOURS}
    height = TOP + ROW * sum(sizes.values()) + GAP + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" fill="{INK}" '
        'font-family="sans-serif" font-size="12">',
        "<title>Spikes of 64 inputs and 128 hidden neurons while a network sees three digits</title>",
    ]
    time = 0
    for label, decision, spikes in digits:
        steps = len(spikes["input"])
        parts.append(
            f'<text x="{LEFT + STEP * (time + steps / 2):.1f}" y="16" text-anchor="middle">a {label}: says {decision}</text>'
        )
        if time:
            parts.append(
                f'<path d="M{LEFT + STEP * time:.1f} {TOP - 6}V{height - 22:.1f}" stroke="{INK}" stroke-dasharray="2 3"/>'
            )
        top = float(TOP)
        for name, colour in COLOURS.items():
            path = "".join(
                f"M{LEFT + STEP * (time + t + 0.3):.1f} {top + ROW * neuron:.1f}h{STEP * 0.4:.1f}"
                for t, neuron in np.argwhere(spikes[name])
            )
            parts.append(f'<path d="{path}" stroke="{colour}" stroke-width="{ROW}" fill="none"/>')
            top += ROW * sizes[name] + GAP
        time += steps
    top = float(TOP)
    for name in COLOURS:
        parts.append(f'<text x="{LEFT - 8}" y="{top + ROW * sizes[name] / 2:.1f}" text-anchor="end">{name}</text>')
        top += ROW * sizes[name] + GAP
    parts.append(f'<text x="{LEFT + STEP * time / 2:.1f}" y="{height - 6:.1f}" text-anchor="middle">{time} timesteps</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(picture(shown()), encoding="utf-8")

"""Draw a network that learns digits: ``python docs/learning_picture.py`` writes docs/images/chip_learns.svg.

It is ``sc-hw fit examples/networks/digits.toml --passes 30``, measured oftener in its first pass: decisions that are
right, and the weights from the 64 pixels to 32 of the hidden neurons, as pictures.
"""

from collections.abc import Sequence
from math import log10
from pathlib import Path

import numpy as np

from sc_hw.fit.data import load_samples
from sc_hw.network_file import network_of
from sc_hw.plot_style import INK
from sc_hw_models.networks import network_model
from sc_hw_models.networks.model import sample_order

__all__ = ["learned", "picture"]

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/images/chip_learns.svg"
PASSES, SEED = 30, 1
MOMENTS = (1, 10, 30, 100, 300, 600)  # samples of the first pass after which it is measured, beside its end
WIDTH, HEIGHT = 760, 250
LEFT, TOP, WIDE, HIGH = 46, 30, 300, 170  # of the curve, pixels
CELL, PIXELS, ROWS, COLUMNS, LEVELS = 4.5, 8, 4, 8, 5  # of the weights
UP, DOWN = "#e07020", "#2f8fd0"

Curve = Sequence[tuple[int, float]]


def learned() -> tuple[Curve, np.ndarray]:
    """Return the curve, pairs of samples learned and percent right, and the weights of pixels to hidden neurons ``(64, 128)``."""
    model = network_model(network_of(ROOT / "examples/networks/digits.toml", option=""))
    samples = load_samples("digits", None, SEED)
    order = sample_order(len(samples.learned), SEED, 0)
    curve, done = [], 0
    for moment in (*MOMENTS, len(order)):
        part = order[done:moment]
        model.partial_fit(samples.learned[part], samples.learned_labels[part])
        curve.append((moment, _accuracy(model, samples)))
        done = moment
    for done in range(1, PASSES):
        model.fit_pass(samples.learned, samples.learned_labels, done=done, passes=PASSES, seed=SEED)
        curve.append(((done + 1) * len(order), _accuracy(model, samples)))
    return curve, model.memories["in"].state["weight"][: PIXELS * PIXELS]


def _accuracy(model, samples) -> float:
    return 100 * model.score(samples.held_out, samples.held_out_labels)


def picture(curve: Curve, weights: np.ndarray) -> str:
    """Return the drawing, to be read on a light and on a dark page."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" fill="{INK}" '
        'font-family="sans-serif" font-size="12">',
        "<title>A network of 64, 128 and 10 neurons learns digits: its accuracy and its weights</title>",
        *_curve(curve),
        *_weights(weights),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _curve(curve: Curve) -> list[str]:
    last, accuracy = curve[-1]
    x = [LEFT + WIDE * log10(samples) / log10(last) for samples, _ in curve]
    y = [TOP + HIGH * (100 - value) / 100 for _, value in curve]
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    parts = [f'<text x="{LEFT}" y="16">right decisions on digits it never learned, %</text>']
    for value in range(0, 101, 25):
        height = TOP + HIGH * (100 - value) / 100
        parts += [
            f'<path d="M{LEFT} {height:.1f}h{WIDE}" stroke="{INK}" stroke-opacity=".3"/>',
            f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{value}</text>',
        ]
    parts.append(f'<polyline points="{line}" fill="none" stroke="{UP}" stroke-width="2"/>')
    parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.2" fill="{UP}"/>' for a, b in zip(x, y, strict=True)]
    parts.append(f'<text x="{x[-1]:.0f}" y="{y[-1] + 22:.0f}" text-anchor="end">{accuracy:.1f}</text>')
    for samples in (10, 100, 1000, 10_000):
        place = LEFT + WIDE * log10(samples) / log10(last)
        parts.append(f'<text x="{place:.0f}" y="{TOP + HIGH + 18}" text-anchor="middle">{samples:,}</text>')
    parts.append(f'<text x="{LEFT + WIDE / 2}" y="{TOP + HIGH + 36}" text-anchor="middle">digits learned, one at a time</text>')
    return parts


def _weights(weights: np.ndarray) -> list[str]:
    """Return the weights of the neurons whose weights moved furthest, a path a level: orange excites, blue inhibits."""
    chosen = np.sort(np.argsort(-np.square(weights).sum(axis=0), kind="stable")[: ROWS * COLUMNS])
    left, step = LEFT + WIDE + 50, PIXELS * CELL + 6.5
    level = np.rint(LEVELS * weights / np.abs(weights).max(axis=0)).astype(int)
    parts = [f'<text x="{left}" y="16">weights of 32 of its 128 hidden neurons</text>']
    for sign, colour in ((1, UP), (-1, DOWN)):
        for n in range(1, LEVELS + 1):
            path = "".join(
                f"M{left + place % COLUMNS * step + pixel % PIXELS * CELL:.1f} "
                f"{TOP + place // COLUMNS * step + pixel // PIXELS * CELL:.1f}h{CELL}v{CELL}h-{CELL}"
                for place, neuron in enumerate(chosen)
                for pixel in range(PIXELS * PIXELS)
                if level[pixel, neuron] == sign * n
            )
            parts.append(f'<path d="{path}" fill="{colour}" fill-opacity="{n / LEVELS:.1f}"/>' if path else "")
    for place in range(ROWS * COLUMNS):
        x, y = left + place % COLUMNS * step, TOP + place // COLUMNS * step
        side = PIXELS * CELL + 2
        parts.append(
            f'<rect x="{x - 1:.1f}" y="{y - 1:.1f}" width="{side}" height="{side}" fill="none" '
            f'stroke="{INK}" stroke-opacity=".35"/>'
        )
    legend = TOP + HIGH + 36
    parts.append(
        f'<text x="{left}" y="{legend}"><tspan fill="{UP}">■</tspan> excites  <tspan fill="{DOWN}">■</tspan> inhibits</text>'
    )
    return [part for part in parts if part]


if __name__ == "__main__":
    PICTURE.write_text(picture(*learned()), encoding="utf-8")

"""Waveforms as SVG geometry: golden and RTL values of one synapse over one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["LEFT", "WIDTH", "Drawing", "Lane", "draw"]

LEFT, WIDTH = 132, 1000  # user units: where the time axis begins, and the whole drawing
_TOP, _GAP, _RIGHT = 40, 14, 8
_HEIGHTS = {"spikes": 22, "bars": 40, "steps": 74}


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One signal: ``kind`` is spikes, bars or steps; ``expected`` and ``found`` are SVG paths."""

    name: str
    meaning: str
    kind: str
    y: float
    height: float
    low: int
    high: int
    zero: float | None
    expected: str
    found: str
    mismatches: list[tuple[int, float, float, int, int]]  # timestep, x, y, expected, found


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """All lanes, ``stretches`` as (name, x, width), ``ticks`` as (timestep, x); ``step`` is the width of a timestep."""

    lanes: list[Lane]
    stretches: list[tuple[str, float, float]]
    ticks: list[tuple[int, float]]
    height: float
    step: float
    timesteps: int
    synapse: int


def draw(waveform: dict[str, Any]) -> Drawing:
    """Lay out a recorded demonstration, inputs first, one lane below the other."""
    timesteps = len(waveform["inputs"][0]["values"])
    scale = (WIDTH - LEFT - _RIGHT) / max(1, sum(stretch["timesteps"] for stretch in waveform["stretches"]))
    lanes: list[Lane] = []
    for signal in (*waveform["inputs"], *waveform["fields"]):
        top = lanes[-1].y + lanes[-1].height + _GAP if lanes else float(_TOP)
        lanes.append(_lane(signal, top, scale))
    stretches, x = [], float(LEFT)
    for stretch in waveform["stretches"]:
        stretches.append((stretch["name"], round(x, 1), round(stretch["timesteps"] * scale, 1)))
        x += stretch["timesteps"] * scale
    ticks = [(step, round(LEFT + step * scale, 1)) for step in range(0, timesteps, 20)]
    height = lanes[-1].y + lanes[-1].height + 30
    return Drawing(
        lanes=lanes,
        stretches=stretches,
        ticks=ticks,
        height=height,
        step=round(scale, 2),
        timesteps=timesteps,
        synapse=waveform["synapse"],
    )


def _lane(signal: dict[str, Any], top: float, scale: float) -> Lane:
    values = signal.get("values")
    kind = "steps" if values is None else "spikes" if signal["bits"] == 1 and not signal["signed"] else "bars"
    expected, found = (values, values) if values is not None else (signal["expected"], signal["found"])
    height = _HEIGHTS[kind]
    low, high = min(0, *expected, *found), max(0, *expected, *found)
    if kind == "steps":
        low, high = min(*expected, *found), max(*expected, *found)

    def y(value: int) -> float:
        return float(round(top + height * (high - value) / max(1, high - low), 1))

    def path(series: Sequence[int]) -> str:
        if kind == "steps":
            return "".join(
                f"{'M' if k == 0 else 'L'}{LEFT + k * scale:.1f} {y(value)}H{LEFT + (k + 1) * scale:.1f}"
                for k, value in enumerate(series)
            )
        return "".join(f"M{LEFT + (k + 0.5) * scale:.1f} {y(0)}V{y(value)}" for k, value in enumerate(series) if value)

    different = [(k, a, b) for k, (a, b) in enumerate(zip(expected, found, strict=True)) if a != b]
    return Lane(
        name=signal["name"],
        meaning=signal["meaning"],
        kind=kind,
        y=top,
        height=height,
        low=low,
        high=high,
        zero=y(0) if low <= 0 <= high else None,
        expected=path(expected) if kind == "steps" else "",
        found=path(found),
        mismatches=[(k, round(LEFT + (k + 0.5) * scale, 1), y(b), a, b) for k, a, b in different],
    )

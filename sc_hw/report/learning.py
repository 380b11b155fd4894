"""A network while it learns, as SVG geometry: accuracy, spikes and membranes of a sample, weights before and after.

What it learns are patterns, one a class, made up here: the folder of a network has no data. The golden model learns them in
seconds; nothing of it is a record, and no verdict follows from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sc_hw_models.networks import NetworkSpec, network_model
from sc_hw_models.networks.neurons import CountingConfig, InputConfig

__all__ = ["Bars", "Field", "Learning", "Trace", "learned", "stepped"]

WIDTH, LEFT = 1000, 132  # user units, as in waves.py
_NOISE = 0.25  # of a pattern's pixels are any
_WORK = 60_000_000  # synapses times samples that a drawing may take
_MOST, _LEAST, _POINTS, _SHOWN = 1600, 40, 20, 4
_TRACES, _RASTER, _FIELDS, _BINS, _SHADES = 4, 48, 12, 41, 8


@dataclass(frozen=True, kw_only=True)
class Trace:
    """The membrane of a neuron while it sees a sample: its path, the threshold's height, its bounds, how often it spiked."""

    name: str
    path: str
    y: float
    threshold: float
    zero: float
    spikes: int


@dataclass(frozen=True, kw_only=True)
class Bars:
    """How many weights of a projection there are of each size: paths of before and after, and the range."""

    name: str
    before: str
    after: str
    low: int
    high: int
    changed: float


@dataclass(frozen=True, kw_only=True)
class Field:
    """The weights of a neuron from each input as a picture: a path a shade and sign."""

    number: int
    shades: list[tuple[str, float, str]]


@dataclass(frozen=True, kw_only=True)
class Learning:
    """Everything that is drawn. ``accuracy`` are (samples learned, share, x, y); a sample's raster is one path a stretch."""

    samples: int
    tested: int
    classes: int
    accuracy: list[tuple[int, float, float, float]]
    curve: str
    chance: float
    raster: str
    bands: list[tuple[str, float, float]]
    neurons: int
    height: float
    traces: list[Trace]
    weights: list[Bars]
    fields: list[Field]
    side: tuple[int, int]


def _patterns(spec: NetworkSpec, pixels: int, count: int, generator: np.random.Generator, own: np.ndarray) -> Any:
    labels = generator.integers(0, spec.output.size, count)
    noise = generator.integers(0, 256, (count, pixels)) * (generator.random((count, pixels)) < 0.3)
    return np.where(generator.random((count, pixels)) < _NOISE, noise, own[labels]).astype(np.uint8), labels


def learned(spec: NetworkSpec, seed: int = 1) -> Learning:
    """Let a network learn patterns, and return what is drawn of it: the same for the same network."""
    model, generator = network_model(spec), np.random.default_rng(seed)
    pixels, synapses = model.port.pixels, sum(memory.state["weight"].size for memory in model.memories.values())
    own = generator.integers(0, 256, (spec.output.size, pixels)) * (generator.random((spec.output.size, pixels)) < 0.3)
    samples = max(_LEAST, min(_MOST, _WORK // synapses)) // _POINTS * _POINTS
    given, labels = _patterns(spec, pixels, samples, generator, own)
    other, classes = _patterns(spec, pixels, max(_LEAST, samples // 5), generator, own)
    before = {name: memory.state["weight"].copy() for name, memory in model.memories.items()}
    shares, step = [(0, model.score(other, classes))], samples // _POINTS
    for first in range(0, samples, step):
        model.partial_fit(given[first : first + step], labels[first : first + step])
        shares.append((first + step, model.score(other, classes)))
    points = [(n, s, round(LEFT + (WIDTH - LEFT - 20) * n / samples, 1), round(10 + 120 * (1 - s), 1)) for n, s in shares]
    raster, bands, neurons, traces = _shown(spec, model, other[:_SHOWN], classes[:_SHOWN])
    size = [f for f in (spec.input.size,) if f <= 1024]
    return Learning(
        samples=samples,
        tested=len(classes),
        classes=spec.output.size,
        accuracy=points,
        curve="".join(f"{'L' if k else 'M'}{x} {y}" for k, (_, _, x, y) in enumerate(points)),
        chance=round(10 + 120 * (1 - 1 / spec.output.size), 1),
        raster=raster,
        bands=bands,
        neurons=neurons,
        height=4 * min(neurons, _RASTER) + 34.0,
        traces=traces,
        weights=[_bars(name, before[name], memory.state["weight"]) for name, memory in model.memories.items()],
        fields=_fields(spec, model) if size else [],
        side=_side(spec),
    )


def stepped(current: int, threshold: int, timesteps: int) -> tuple[list[int], list[int]]:
    """Return the membrane after each timestep and whether it spiked: constant current, no leak, soft reset, a spike a timestep.

    The count of the spikes is what the counting form knows at once.
    """
    membrane, membranes, spikes = 0, [], []
    for _ in range(timesteps):
        membrane += current
        spikes.append(int(membrane >= threshold))
        membrane -= threshold * spikes[-1]
        membranes.append(membrane)
    return membranes, spikes


def _shown(spec: NetworkSpec, model: Any, pixels: np.ndarray, labels: np.ndarray) -> Any:
    """Return the raster of all hidden neurons on some samples, the samples' places, how many neurons, and some membranes."""
    hidden = [(p.name, p.neuron) for p in spec.order if isinstance(p.neuron, CountingConfig)]
    timesteps = spec.sample.timesteps
    wide = (WIDTH - LEFT - 20) / (len(pixels) * timesteps)
    marks: list[str] = []
    bands, neurons = [], 0
    membranes: dict[str, tuple[list[int], list[int], int]] = {}
    for number, seen in enumerate(model.play(pixels, labels, learn=False)):
        at = LEFT + number * timesteps * wide
        bands.append((f"class {labels[number]}, decided {seen['decision']}", round(at, 1), round(timesteps * wide, 1)))
        row = 0
        for name, config in hidden:
            currents = seen["timesteps"][0][f"{name}.current"]
            for neuron, current in enumerate(currents.tolist()):
                threshold = timesteps << config.threshold_shift
                values, spikes = stepped(current, threshold, timesteps)
                if row < _RASTER:
                    marks += [f"M{at + (k + 0.5) * wide:.1f} {28 + 4 * row}v3" for k, spike in enumerate(spikes) if spike]
                key = f"{name} {neuron}"
                membranes.setdefault(key, ([], [], threshold))
                membranes[key][0].extend(values)
                membranes[key][1].extend(spikes)
                row += 1
        neurons = row

    # What is neither silent nor beyond its threshold in most timesteps shows how a membrane goes.
    def inside(key: str) -> int:
        values, _, threshold = membranes[key]
        return sum(not -threshold < value < threshold for value in values)

    most = sorted(membranes, key=lambda key: (-inside(key), -sum(membranes[key][1]), key))[:_TRACES]
    traces = [_trace(key, *membranes[key], top=16 + 66 * k, wide=wide) for k, key in enumerate(most)]
    return "".join(marks), bands, neurons, traces


def _trace(name: str, values: Sequence[int], spikes: Sequence[int], threshold: int, *, top: float, wide: float) -> Trace:
    low, high = -threshold, threshold  # far below it is as silent as a little
    heights = [round(top + 54 * (high - min(max(v, low), high)) / (high - low), 1) for v in values]
    path = "".join(f"{'L' if k else 'M'}{LEFT + (k + 0.5) * wide:.1f} {y}" for k, y in enumerate(heights))
    return Trace(name=name, path=path, y=top, threshold=top, zero=top + 27, spikes=sum(spikes))


def _bars(name: str, before: np.ndarray, after: np.ndarray) -> Bars:
    low, high = int(min(before.min(), after.min())), int(max(before.max(), after.max()))
    edges = np.linspace(low - 0.5, high + 0.5, min(_BINS, high - low + 1) + 1)
    counts = [np.histogram(values, edges)[0] for values in (before, after)]
    most, wide = max(1, *(int(count.max()) for count in counts)), 400 / (len(edges) - 1)

    def path(count: np.ndarray) -> str:
        heights = [round(104 - 94 * int(n) / most, 1) for n in count]
        return f"M0 104{''.join(f'V{y}H{(k + 1) * wide:.1f}' for k, y in enumerate(heights))}V104Z"

    changed = float((before != after).mean())
    return Bars(name=name, before=path(counts[0]), after=path(counts[1]), low=low, high=high, changed=changed)


def _side(spec: NetworkSpec) -> tuple[int, int]:
    """Return rows and columns of the inputs as a picture: its own, a square, or one row."""
    neuron, size = spec.input.neuron, spec.input.size
    if isinstance(neuron, InputConfig) and neuron.width:
        columns = -(-(neuron.width - 2 * neuron.crop) // neuron.pool)
        return size // columns, columns
    root = round(size**0.5)
    return (root, root) if root * root == size else (1, size)


def _fields(spec: NetworkSpec, model: Any) -> list[Field]:
    """Return the weights that lead from the inputs to the first neurons of the first projection."""
    name = next((p.name for p in spec.forward if p.source == spec.input.name), "")
    if not name:
        return []
    weights = model.memories[name].state["weight"][: spec.input.size]
    largest, columns = max(1, int(np.abs(weights).max())), _side(spec)[1]
    found = []
    for neuron in range(min(_FIELDS, weights.shape[1])):
        shade = np.rint(weights[:, neuron] * _SHADES / largest).astype(int)
        shades = []
        for level in sorted({*shade.tolist()} - {0}):
            cells = np.flatnonzero(shade == level).tolist()
            path = "".join(f"M{k % columns} {k // columns}h1v1h-1z" for k in cells)
            shades.append(("rtl" if level > 0 else "golden", round(abs(level) / _SHADES, 2), path))
        found.append(Field(number=neuron, shades=shades))
    return found

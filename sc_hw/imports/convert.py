"""Layers in floating point to a chip's network: scales, integers, and what rounding lost of each matrix.

A layer's weights are scaled by gain and threshold of each neuron, so that all its neurons have the one threshold of a population.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from sc_hw_models.networks import NetworkSpec, read_network
from sc_hw_models.networks.neurons import MAX_LEVEL
from sc_hw_models.rule import ConfigError

from ..errors import UserError, one_line
from .graph import LARGEST, Options, shown
from .net import Connection, Layer, Net

__all__ = ["Chip", "chip_of"]

CODES = ("constant", "poisson", "latency")
LOWEST, HIGHEST, WIDEST = 128, 1 << 14, 24  # thresholds, and bits of a membrane (neurons.LifConfig)
MOST_LEAK, MOST_SHIFT, MOST_LANES = 15, 16, 16


@dataclass(frozen=True, kw_only=True)
class Chip:
    """The network of a chip, its populations by layer, its projections by connection, and the loss of each (``Loss``)."""

    spec: NetworkSpec
    populations: dict[str, str]
    losses: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


class _Names:
    """Names of the file, which are data, to names of populations and projections."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, text: str) -> str:
        """Return a name of lower-case letters, digits and _ that no other has."""
        base = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:32]
        base = base if re.match(r"[a-z]", base) else f"n{base}"
        name, number = base, 1
        while name in self._taken:
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name


def chip_of(net: Net, options: Options, seed: int) -> Chip:
    """Return the network of a chip that does what the layers do. Errors: ``UserError`` that names the node."""
    return _Converter(net, options, seed).chip()


class _Converter:
    def __init__(self, net: Net, options: Options, seed: int) -> None:
        self.net, self.options, self.seed = net, options, seed
        self.hidden, self.readout = net.layers[:-1], net.layers[-1]
        self.code = options.code or ("constant" if all(layer.kind == "rate" for layer in self.hidden) else None)
        if self.code is None:
            raise UserError(f"{shown(net.entry)}: the file does not say how inputs become spikes; give --code {'|'.join(CODES)}")
        if not 1 / LARGEST <= options.full_scale <= LARGEST:
            raise UserError(f"--full-scale {options.full_scale}: allowed are numbers above 0, {1 / LARGEST:g} to {LARGEST:g}")
        self.counting = self._counts()
        self.notes: list[str] = []
        names, places = _Names(), _Names()
        self.populations = {net.entry: names.name("input")}
        self.populations |= {layer.name: names.name(layer.name) for layer in self.hidden}
        self.populations[self.readout.name] = names.name("readout" if self.readout.name in self.populations else "output")
        self.projections = [places.name(c.name) for c in net.connections]

    def _counts(self) -> bool:
        """Return whether a sample is one pass: rates, or one layer without a leak under constant current, which is the same."""
        kinds = {layer.kind for layer in self.hidden}
        if "rate" in kinds or not kinds:
            if self.code != "constant":
                raise UserError(f"--code {self.code}: layers without neurons of their own take constant current; leave it out")
            return bool(kinds)
        (first, *further) = self.hidden
        recurrent = any(c.late for c in self.net.connections)
        return not further and not first.leak and not recurrent and self.code == "constant" and self._only_forward()

    def _only_forward(self) -> bool:
        return all(c.source != self.net.entry or c.target != self.readout.name for c in self.net.connections)

    # Scales.

    def _unit(self, source: str) -> float:
        """Return what one unit of a layer's activity is worth."""
        if source != self.net.entry:
            return 1.0
        return self.options.full_scale / (MAX_LEVEL if self.code == "constant" else 1)

    def _bias(self, source: str) -> int:
        """Return the activity of the unit of a layer that is always on, for one timestep's or one pass's bias."""
        if source == self.net.entry:
            return MAX_LEVEL if self.code == "constant" else 1
        return self.options.timesteps if self.counting else 1

    def _wanted(self, c: Connection) -> tuple[np.ndarray, np.ndarray]:
        """Return a connection's weights and biases in units of its target's threshold, for one unit of activity of the source."""
        target = self._layer(c.target)
        if target.threshold.min() < 1 / LARGEST:
            raise UserError(
                f"{shown(target.name)}: a threshold of {target.threshold.min():g}; allowed are {1 / LARGEST:g} to {LARGEST:g}"
            )
        scale = target.gain / target.threshold
        passes = self.options.timesteps if self.counting else 1
        bias = c.bias * scale * passes / self._bias(c.source)
        if c.source != self.net.entry:
            passes = 1  # what it sends is of all timesteps
        return c.weights * scale * self._unit(c.source) * passes, bias

    def _layer(self, name: str) -> Layer:
        return next(layer for layer in self.net.layers if layer.name == name)

    def _scale(self, layer: Layer, wanted: list[tuple[np.ndarray, np.ndarray]]) -> float:
        """Return the integer that a layer's threshold (of a readout, 1) becomes: the largest that all weights leave room for."""
        top = (1 << (self.options.weight_bits - 1)) - 1
        most = max(float(np.abs(part).max(initial=0)) for pair in wanted for part in pair)
        if 0 < most < LARGEST**-4:  # all that is in it comes of a few numbers of at most 1 / LARGEST
            raise UserError(
                f"{shown(layer.name)}: its largest weight is {most:.3g} thresholds, next to nothing; scale its weights"
            )
        room = top / most if most else float(HIGHEST)
        if layer.kind == "sum":
            counted = all(c.name == c.source for c in self.net.onto(layer.name))  # spikes, without a matrix
            return 1.0 if counted or not most else room
        if self.counting:
            shift = min(MOST_SHIFT, math.floor(math.log2(room))) if room >= 1 else self._clipped(layer, room, 0)
            return float(1 << shift)
        reach = max(self._reach(layer, wanted), 1.0)  # largest membrane, in thresholds
        return float(
            min(HIGHEST, (1 << (WIDEST - 1)) // reach, int(room) if room >= LOWEST else self._clipped(layer, room, LOWEST))
        )

    def _clipped(self, layer: Layer, room: float, lowest: int) -> int:
        if "clip" not in self.options.approximate:
            largest = (1 << (self.options.weight_bits - 1)) - 1
            raise UserError(
                f"{shown(layer.name)}: its largest weight is {largest / room:.3g} thresholds; weights of "
                f"{self.options.weight_bits} bits reach {largest / max(lowest, 1):.3g}; give "
                "--weight-bits up to 14, or --approximate clip"
            )
        return lowest

    def _reach(self, layer: Layer, wanted: list[tuple[np.ndarray, np.ndarray]]) -> float:
        """Return how far from 0 the membrane of a stepped neuron can be, in thresholds."""
        most = np.zeros(layer.size)
        for c, (weights, bias) in zip(self.net.onto(layer.name), wanted, strict=True):
            largest = MAX_LEVEL if c.source == self.net.entry and self.code == "constant" else 1
            most += largest * np.abs(weights).sum(axis=0) + np.abs(bias) * self._bias(c.source)
        steps = min(self.options.timesteps, 1 / layer.leak if layer.leak else math.inf)
        return float(most.max() * steps) + 1

    # The network.

    def chip(self) -> Chip:
        weights: dict[str, np.ndarray] = {}
        losses: dict[str, dict[str, Any]] = {}
        populations: dict[str, dict[str, Any]] = {"input": {"size": self.net.inputs, "rule": "input", "code": self.code}}
        biased = {c.source for c in self.net.connections if np.any(c.bias)}
        for layer in self.net.layers:
            onto = self.net.onto(layer.name)
            wanted = [self._wanted(c) for c in onto]
            scale = self._scale(layer, wanted)
            populations[self.populations[layer.name]] = self._population(layer, scale, self._reach(layer, wanted))
            for c, (matrix, bias) in zip(onto, wanted, strict=True):
                name = self._projection(c)
                both = np.vstack([matrix, bias]) if c.source in biased else matrix
                weights[name], losses[name] = _rounded(both * scale, self.options.weight_bits)
                losses[name] = {"node": c.name, "projection": name, "scale": scale} | losses[name]
        for source in biased:
            populations[self.populations[source]]["bias"] = self._bias(source)
        tables = {
            "network": {"seed": self.seed, "weights": "weights.npz"},
            "population": populations,
            "projection": {self._projection(c): self._table(c) for c in self.net.connections},
            "sample": {"timesteps": self.options.timesteps},
        }
        try:
            spec = read_network(tables, weights)
        except ConfigError as error:
            raise UserError(f"no network of a chip comes of it: {one_line(error, 600)}") from error
        return Chip(spec=spec, populations=self.populations, losses=tuple(losses.values()), notes=tuple(self.notes))

    def _projection(self, c: Connection) -> str:
        return next(name for name, one in zip(self.projections, self.net.connections, strict=True) if one is c)

    def _table(self, c: Connection) -> dict[str, Any]:
        size = c.weights.shape[1]
        lanes = next(n for n in range(min(size, MOST_LANES), 0, -1) if size % n == 0)
        table = {"from": self.populations[c.source], "to": self.populations[c.target], "rule": "static", "lanes": lanes}
        return table | {"weight_bits": self.options.weight_bits, "delay": int(c.late)}

    def _population(self, layer: Layer, scale: float, reach: float) -> dict[str, Any]:
        if layer.kind == "sum":
            return {"size": layer.size, "rule": "readout"}
        if self.counting:
            return {"size": layer.size, "rule": "counting", "threshold_shift": int(scale).bit_length() - 1}
        shift = self._leak_shift(layer)
        bits = min(WIDEST, max(12, int(reach * scale).bit_length() + 1))
        return {"size": layer.size, "rule": "lif", "threshold": int(scale), "leak_shift": shift, "membrane_bits": bits}

    def _leak_shift(self, layer: Layer) -> int:
        """Return k of the leak 2^-k of a timestep. Errors: ``UserError`` for another leak, unless it may be approximated."""
        exact = -math.log2(layer.leak) if layer.leak else math.inf
        shift = round(min(exact, MOST_LEAK))
        if abs(2.0**-shift - layer.leak) > 1e-4 * max(layer.leak, 2.0**-shift):
            text = (
                f"{shown(layer.name)}: its membrane loses {layer.leak:.6g} in a timestep; a chip's loses 2^-k, k 0..{MOST_LEAK}; "
                f"the nearest is {2.0**-shift:.6g}, a tau of {2**shift} timesteps"
            )
            if "leak" not in self.options.approximate:
                raise UserError(f"{text}; train with that, or give --approximate leak, and the comparison shows what it costs")
            self.notes.append(text)
        return shift


def _rounded(wanted: np.ndarray, bits: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Return integers of so many bits and what is lost: root mean square of what is wrong, by that of what was wanted."""
    top = (1 << (bits - 1)) - 1
    integers = np.clip(np.rint(wanted), -top - 1, top).astype(np.int64)
    wrong, power = integers - wanted, float(np.sqrt((wanted**2).mean()))
    return integers, {
        "synapses": int(wanted.size),
        "weight_bits": bits,
        "largest": int(np.abs(integers).max(initial=0)),
        "error": float(np.sqrt((wrong**2).mean())) / power if power else 0.0,
        "worst": float(np.abs(wrong).max(initial=0)),
        "clipped": int((np.abs(np.rint(wanted) - integers) > 0).sum()),
        "to_zero": int(((integers == 0) & (wanted != 0)).sum()),
    }

"""A network in floating point, stepped as its makers do: what the chip's integers are compared with.

Source: NIR's equations by Euler's forward steps; ``subtract-late`` is snnTorch's ``reset_delay=True``, ``zero`` NIR's own.
"""

from collections.abc import Sequence

import numpy as np

from .net import Layer, Net

__all__ = ["float_counts", "float_play"]


def float_play(net: Net, inputs: Sequence[np.ndarray], reset: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the spikes ``(timesteps, size)`` of each firing layer and the readout's sums for the inputs of each timestep."""
    membrane = {layer.name: np.zeros(layer.size) for layer in net.layers}
    spikes: dict[str, list[np.ndarray]] = {layer.name: [] for layer in net.layers}
    sent = {layer.name: np.zeros(layer.size) for layer in net.layers}
    for value in inputs:
        sent[net.entry] = value
        for layer in net.layers:
            name = layer.name
            current = layer.gain * sum((sent[c.source] @ c.weights + c.bias for c in net.onto(name)), np.zeros(layer.size))
            if layer.kind == "sum":
                membrane[name] = membrane[name] + current
                continue
            before = membrane[name]
            v = (1 - layer.leak) * before + current
            if reset == "subtract-late":
                v = v - layer.threshold * (before > layer.threshold)
            fired = v > layer.threshold
            if reset == "subtract":
                v = v - layer.threshold * fired
            elif reset == "zero":
                v = np.where(fired, layer.floor, v)
            membrane[name], sent[name] = v, fired.astype(np.float64)
            spikes[name].append(sent[name])
    return {n: np.array(s) for n, s in spikes.items() if s}, membrane[net.layers[-1].name]


def float_counts(net: Net, value: np.ndarray, timesteps: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return what layers of rectified neurons send, in spikes of T, not rounded, and the readout's sums, for one input."""
    sent, counts = {net.entry: value}, {}
    for layer in net.layers:
        current = sum((sent[c.source] @ c.weights + c.bias for c in net.onto(layer.name)), np.zeros(layer.size))
        sent[layer.name] = _rate(layer, current)
        if layer.kind == "rate":
            counts[layer.name] = sent[layer.name] * timesteps
    return counts, sent[net.layers[-1].name]


def _rate(layer: Layer, current: np.ndarray) -> np.ndarray:
    return current if layer.kind == "sum" else np.clip(current / layer.threshold, 0, 1)

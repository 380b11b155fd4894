"""A synapse of a network as the chip keeps it: its fields side by side in a word."""

import numpy as np

from sc_hw_models.networks.memory import Memory
from sc_hw_models.rule import Field

__all__ = ["bits_of", "packed", "unpacked"]

Arrays = dict[str, np.ndarray]


def _layout(memory: Memory) -> list[tuple[Field, int]]:
    """Return the fields of a synapse, each with its lowest bit."""
    if memory.rule:
        lows = memory.rule.positions()
        return [(f, lows[f.name]) for f in memory.rule.state]
    return [(Field(name="weight", bits=memory.weights.weight_bits, signed=True), 0)]


def bits_of(memory: Memory) -> int:
    """Return the bits of a synapse."""
    return sum(f.bits for f, _ in _layout(memory))


def packed(memory: Memory) -> np.ndarray:
    """Return every synapse as the chip keeps it: its fields side by side, without a sign."""
    words = np.zeros((memory.rows, memory.neurons), dtype=np.int64)
    for f, low in _layout(memory):
        words |= (memory.state[f.name] & (1 << f.bits) - 1) << low
    return words


def unpacked(memory: Memory, words: np.ndarray) -> Arrays:
    """Return the fields of synapses that the chip keeps so."""
    found = {}
    for f, low in _layout(memory):
        value, top = (words >> low) & (1 << f.bits) - 1, 1 << (f.bits - 1)
        found[f.name] = (value ^ top) - top if f.signed else value
    return found

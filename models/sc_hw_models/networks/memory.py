"""The memory of a projection: weights by rows, the exact sum of those whose neurons are active, and the sweep that learns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..lfsr import lane_seed
from ..rule import ConfigError
from ..rules.three_factor import RULE
from .spec import NetworkSpec, ProjectionSpec
from .synapses import Plastic, Weights, uniform

__all__ = ["Memory"]


class Memory:
    """Synapses of one projection: ``state[field]``, ``int64`` ``(rows, neurons)``, and a random register for each lane.

    The order of chance, for hardware to follow: each lane has one register (``lfsr.Lfsr`` of as many bits as an update needs),
    seeded by ``lane_seed(spec.stream(name), lane, bits)``. A sweep visits the rows whose activity is not 0 in ascending order,
    in a row its words in ascending order, and in each word every lane takes the low bits of its register as noise and steps it:
    once for each word, whatever the signals are. Where synapses change without a drive (``pull``) and at the end of a task it
    visits every row.
    """

    def __init__(self, spec: NetworkSpec, projection: ProjectionSpec) -> None:
        weights = projection.synapses
        if not isinstance(weights, Weights):
            raise ConfigError(f"{projection.place}: has no memory")
        self.projection, self.weights = projection, weights
        self.rows, self.neurons = spec.populations[projection.source].rows, spec.populations[projection.target].size
        self._stream, self._given = spec.stream(projection.name), spec.weights.get(projection.name)
        self.config = spec.rule_config(projection) if isinstance(weights, Plastic) else None
        self.rule = RULE.spec(self.config) if self.config else None
        self.clear()

    @property
    def fields(self) -> dict[str, tuple[int, int]]:
        """The range of each field of the state."""
        if self.rule:
            return {f.name: (f.minimum, f.maximum) for f in self.rule.state}
        top = 1 << (self.weights.weight_bits - 1)
        return {"weight": (-top, top - 1)}

    def clear(self) -> None:
        """Put weights at their start, everything else at 0, and registers at their seeds."""
        shape, spread = (self.rows, self.neurons), self.weights.spread
        self.state = {name: np.zeros(shape, dtype=np.int64) for name in self.fields}
        if self._given is None:
            self.state["weight"] = uniform(self._stream, self.rows * self.neurons, -spread, spread).reshape(shape)
        else:
            self.state["weight"] = np.array(self._given, dtype=np.int64, order="C")  # rows stand one after another
        lfsr = self.rule.lfsr if self.rule else None
        self.registers = [lane_seed(self._stream, lane, lfsr.bits) for lane in range(self.weights.lanes)] if lfsr else []

    def load(self, values: Mapping[str, Any]) -> None:
        """Replace whole fields, each ``(rows, neurons)`` in its range. Errors: ``ConfigError``."""
        checked = {}
        for name, value in values.items():
            place, array = f"{self.projection.place} {name}", np.asarray(value)
            if name not in self.fields:
                raise ConfigError(f"{place}: no field of this projection; allowed are {', '.join(self.fields)}")
            low, high = self.fields[name]
            if array.shape != (self.rows, self.neurons) or array.dtype.kind not in "iu":
                raise ConfigError(
                    f"{place}: {array.dtype} {array.shape} given; allowed are integers ({self.rows}, {self.neurons})"
                )
            if array.min() < low or array.max() > high:
                raise ConfigError(f"{place}: values {array.min()}..{array.max()} given; allowed are {low}..{high}")
            checked[name] = array.astype(np.int64)
        self.state |= checked

    def sum(self, activity: np.ndarray) -> np.ndarray:
        """Return the current of each postsynaptic neuron: activities ``(rows,)`` times weights, exact."""
        rows = np.flatnonzero(activity)
        current: np.ndarray = activity[rows] @ self.state["weight"][rows]
        return current

    def sweep(self, activity: np.ndarray, signal: np.ndarray, *, consolidate: bool = False) -> None:
        """Let every synapse learn from the activity of its row and the signal of its neuron, as the rule says."""
        if self.config is None or self.rule is None:
            return
        every = consolidate or self.config.kind.pulls
        rows = np.arange(self.rows) if every else np.flatnonzero(activity)
        if not rows.size:
            return
        inputs: dict[str, Any] = {"activity": np.repeat(activity[rows], self.neurons), "signal": np.tile(signal, rows.size)}
        inputs |= {f.name: int(consolidate) for f in self.rule.step_inputs} | self._noise(rows.size)
        before = {name: array[rows].reshape(-1) for name, array in self.state.items()}
        after, _ = RULE.step(self.config, before, inputs)
        for name, array in self.state.items():
            array[rows] = after[name].reshape(rows.size, self.neurons)

    def _noise(self, rows: int) -> dict[str, np.ndarray]:
        """Draw the noise of so many rows from every lane's register."""
        lfsr, lanes = self.rule.lfsr if self.rule else None, self.weights.lanes
        if lfsr is None or self.rule is None:
            return {}
        words = rows * self.neurons // lanes
        bits = np.empty((words, lanes, lfsr.fresh), dtype=np.uint8)
        for lane in range(lanes):
            bits[:, lane], self.registers[lane] = lfsr.run(self.registers[lane], words)
        flat, result, low = bits.reshape(-1, lfsr.fresh), {}, 0
        for f in self.rule.noise:
            result[f.name] = flat[:, low : low + f.bits] @ (1 << np.arange(f.bits, dtype=np.int64))
            low += f.bits
        return result

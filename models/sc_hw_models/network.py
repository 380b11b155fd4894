"""Networks of neurons: populations, sparse projections between them, and the step that runs both.

Populations are stepped in the order given, and a projection carries what its source sent last: from an earlier population
the spikes of this timestep, from itself or a later one those of the timestep before.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .checks import as_array, check_array, check_number
from .neurons import Neuron, Source, State
from .rule import ConfigError, check_integer

__all__ = ["Network", "Population", "Projection", "spans"]


class Population:
    """``n`` (1..2^31-1) neurons of one model; ``name`` is its name in the network's inputs.

    ``state`` holds arrays ``(n,)``, or ``(samples, n)`` when samples run side by side. Errors: ``ConfigError``.
    """

    def __init__(self, name: str, n: int, neuron: Neuron) -> None:
        if not name or not isinstance(name, str):
            raise ConfigError(f"name={name!r}: allowed are non-empty strings")
        self.name, self.n, self.neuron = name, check_integer("n", n, 1, 2**31 - 1), neuron
        self.reset_all()

    def reset_all(self, samples: int | None = None) -> None:
        """Put all neurons at rest; with ``samples`` >= 1, that many copies of the population side by side."""
        leading = () if samples is None else (check_integer("samples", samples, 1, 2**31 - 1),)
        self.state: State = self.neuron.rest((*leading, self.n))

    def step_all(self, current: np.ndarray) -> np.ndarray:
        """Advance all neurons by a timestep with input ``current``, in the shape of the state, and return their output."""
        self.state = self.neuron.step(self.state, check_array(f"current of {self.name}", current, self.output.shape))
        return self.output

    @property
    def voltages(self) -> np.ndarray:
        """The membrane voltages, in the shape of the state; a source has none and shows its output."""
        return self.state.get("voltage", self.output)

    @property
    def output(self) -> np.ndarray:
        """What the neurons sent in the last timestep: spikes, 0 or 1, or an analogue value."""
        return self.state["output"]


class Projection:
    """Synapses from one population to another in compressed sparse rows.

    Row i holds what source neuron i projects to: targets ``indices[indptr[i]:indptr[i+1]]``, ascending, with weights ``data``
    at the same places. ``data`` is float64 and may be changed in place. Memory is linear in the synapses.
    Errors: ``ConfigError`` for arrays that are no such matrix.
    """

    def __init__(
        self, source: Population, target: Population, indptr: np.ndarray, indices: np.ndarray, data: np.ndarray
    ) -> None:  # fmt: skip
        self.source, self.target = source, target
        self.indptr, self.indices = (_integers(name, array) for name, array in (("indptr", indptr), ("indices", indices)))
        synapses = len(self.indices)
        self.data = np.array(check_array("data", data, (synapses,))) if synapses or np.size(data) else np.zeros(0)
        counts = np.diff(self.indptr)
        if self.indptr.shape != (source.n + 1,) or self.indptr[0] or self.indptr[-1] != synapses or (counts < 0).any():
            raise ConfigError(f"indptr: allowed are {source.n + 1} ascending integers from 0 to {synapses}")
        self.rows = np.repeat(np.arange(source.n), counts)
        place = self.rows * target.n + self.indices
        if len(place) and (self.indices.min() < 0 or self.indices.max() >= target.n or (np.diff(place) <= 0).any()):
            raise ConfigError(f"indices: allowed are targets 0..{target.n - 1}, ascending and each once, in every row")
        self._complete = synapses == source.n * target.n  # then data is the dense matrix, row by row

    @classmethod
    def from_matrix(
        cls, source: Population, target: Population, matrix: np.ndarray, mask: np.ndarray | None = None
    ) -> "Projection":
        """Return the synapses where ``mask`` is true (default: all) with the weights of ``matrix``, ``(source.n, target.n)``."""
        matrix = check_array("matrix", matrix, (source.n, target.n))
        chosen = np.ones(matrix.shape, bool) if mask is None else check_array("mask", mask, matrix.shape) != 0
        indptr = np.concatenate([[0], np.cumsum(chosen.sum(axis=1))])
        return cls(source, target, indptr, np.nonzero(chosen)[1], matrix[chosen])

    @classmethod
    def random(
        cls, source: Population, target: Population, *, out_degree: int, scale: float, generator: np.random.Generator
    ) -> "Projection":  # fmt: skip
        """Return ``out_degree`` synapses from each source neuron to different targets, weights normal, deviation ``scale``."""
        check_integer("out_degree", out_degree, 1, target.n)
        check_number("scale", scale, low=0)
        rows = [np.sort(generator.choice(target.n, out_degree, replace=False)) for _ in range(source.n)]
        indptr = np.arange(source.n + 1) * out_degree
        return cls(source, target, indptr, np.concatenate(rows), generator.normal(0.0, scale, source.n * out_degree))

    def to_matrix(self) -> np.ndarray:
        """Return the weights as a dense matrix ``(source.n, target.n)``, 0 where there is no synapse."""
        matrix = np.zeros((self.source.n, self.target.n))
        matrix[self.rows, self.indices] = self.data
        return matrix

    def forward(self, output: np.ndarray) -> np.ndarray:
        """Return the currents ``(..., target.n)`` that the source's ``output``, ``(..., source.n)``, causes."""
        _check_last("output", output, self.source.n)
        if self._complete:
            return np.asarray(output @ self.data.reshape(self.source.n, self.target.n))
        return self._each(output, self._scatter)

    def backward(self, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient ``(..., source.n)`` of the source's output for that of the currents, ``(..., target.n)``."""
        _check_last("gradient", gradient, self.target.n)
        if self._complete:
            return np.asarray(gradient @ self.data.reshape(self.source.n, self.target.n).T)
        return self._each(gradient, lambda g: np.bincount(self.rows, self.data * g[self.indices], self.source.n))

    def weight_gradient(self, output: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient of ``data`` for one timestep, summed over samples."""
        _check_last("output", output, self.source.n)
        _check_last("gradient", gradient, self.target.n)
        first, second = output.reshape(-1, self.source.n), gradient.reshape(-1, self.target.n)
        if self._complete:
            return np.asarray(first.T @ second).reshape(-1)
        total = np.zeros(len(self.data))
        for x, g in zip(first, second, strict=True):  # sample by sample, so that memory stays linear in the synapses
            total += x[self.rows] * g[self.indices]
        return total

    def _scatter(self, output: np.ndarray) -> np.ndarray:
        """Return the currents of one sample; only rows whose neuron sent something are read."""
        active = output.nonzero()[0]
        if not len(active):
            return np.zeros(self.target.n)
        place = spans(self.indptr, active) if len(active) < len(output) else slice(None)
        return np.bincount(self.indices[place], self.data[place] * output[self.rows[place]], self.target.n)

    @staticmethod
    def _each(array: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return function(array) if array.ndim == 1 else np.stack([function(row) for row in array])


def _integers(name: str, array: np.ndarray) -> np.ndarray:
    """Return a copy as indices, or refuse what is no row of integers."""
    result = np.array(array)
    if result.ndim != 1 or (result.size and result.dtype.kind not in "iu"):
        raise ConfigError(f"{name}: {result.dtype} of shape {result.shape} given; allowed are integers, (any,)")
    return result.astype(np.int64)


def _check_last(name: str, array: np.ndarray, n: int) -> None:
    if not array.ndim or array.shape[-1] != n:
        raise ConfigError(f"{name}: shape {array.shape} given; allowed is (..., {n})")


def spans(starts: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the integers from ``starts[k]`` to ``starts[k + 1] - 1`` of each k in ``chosen``, one span after another."""
    first = starts[chosen]
    counts = starts[chosen + 1] - first
    ends = counts.cumsum()
    return np.asarray((first - ends + counts).repeat(counts) + np.arange(counts.sum()))


class Network:
    """Populations and the projections between them; the last population is the output.

    Inputs are a mapping from the name of every ``Source`` population to its values. Errors: ``ConfigError`` for two
    populations of one name, a projection from or to another network's population or onto a source, and inputs of another
    name or shape or that are not finite.
    """

    def __init__(self, populations: Sequence[Population], projections: Sequence[Projection]) -> None:
        self.populations = {population.name: population for population in populations}
        if not populations or len(self.populations) != len(populations):
            raise ConfigError(f"populations: {[p.name for p in populations]}; allowed are one or more of different names")
        self.projections = list(projections)
        for p in self.projections:
            if any(self.populations.get(end.name) is not end for end in (p.source, p.target)):
                raise ConfigError(f"projections: {p.source.name} to {p.target.name} leaves the network; add its populations")
            if isinstance(p.target.neuron, Source):
                raise ConfigError(f"projections: {p.source.name} to {p.target.name}: a source takes no projection")
        self.sources = [p.name for p in populations if isinstance(p.neuron, Source)]
        self.incoming = {
            name: [(k, p) for k, p in enumerate(self.projections) if p.target.name == name] for name in self.populations
        }
        self.output = populations[-1]

    @property
    def weights(self) -> list[np.ndarray]:
        """The weights of each projection; the arrays themselves, not copies."""
        return [projection.data for projection in self.projections]

    def reset(self, samples: int | None = None) -> None:
        """Put every population at rest; with ``samples``, that many copies of the network side by side."""
        for population in self.populations.values():
            population.reset_all(samples)

    def step(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Advance the network by a timestep and return the output, ``(n,)`` or ``(samples, n)`` as the inputs are."""
        self._check_names(inputs)
        shape = self.output.output.shape[:-1]
        checked = {name: check_array(f"inputs {name}", inputs[name], (*shape, self.populations[name].n)) for name in self.sources}
        return self.advance(checked)

    def check_sequence(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return inputs ``(timesteps, n)`` or ``(timesteps, samples, n)`` as arrays, or refuse them."""
        self._check_names(inputs)
        shape = as_array(f"inputs {self.sources[0]}", inputs[self.sources[0]]).shape
        leading = shape[:-1]
        if len(leading) not in (1, 2) or 0 in leading:
            raise ConfigError(f"inputs {self.sources[0]}: shape {shape} given; allowed are (timesteps, n) and "
                              "(timesteps, samples, n), none of them 0")  # fmt: skip
        return {name: check_array(f"inputs {name}", inputs[name], (*leading, self.populations[name].n)) for name in self.sources}

    def run(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Run a sequence from rest and return the output of every timestep, ``(timesteps, ..., n)``."""
        inputs = self.check_sequence(inputs)
        first = inputs[self.sources[0]]
        self.reset(first.shape[1] if first.ndim == 3 else None)
        return np.stack([self.advance({name: array[t] for name, array in inputs.items()}) for t in range(len(first))])

    def _check_names(self, inputs: Mapping[str, np.ndarray]) -> None:
        if not self.sources or set(inputs) != set(self.sources):
            raise ConfigError(f"inputs: {sorted(inputs)} given; allowed are all of {self.sources}")

    def advance(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """As ``step``, for inputs that are checked already."""
        for name, population in self.populations.items():
            if name in inputs:
                current = inputs[name]
            else:
                current = np.zeros(population.output.shape)
                for _, projection in self.incoming[name]:
                    current = current + projection.forward(projection.source.output)
            population.state = population.neuron.step(population.state, current)
        return self.output.output

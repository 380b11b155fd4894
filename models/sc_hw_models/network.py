"""Networks of neurons: populations, sparse projections between them, and the step that runs both.

Populations are stepped in the order given, and a projection carries what its source sent last: from an earlier population
the spikes of this timestep, from itself or a later one those of the timestep before.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from .checks import as_array, check_all, check_array, check_instance, check_number, check_state
from .errors import shown
from .neurons import Neuron, Source, State
from .rule import ConfigError, check_integer
from .sparse import Held, SparseMatrix

__all__ = ["Inputs", "Kept", "Network", "Population", "Projection", "Wiring"]

K = TypeVar("K")
V = TypeVar("V")

Inputs = Mapping[str, np.ndarray] | np.ndarray


class Population:
    """``n`` (1..2^31-1) neurons of one model; ``name`` is its name in the network's inputs.

    ``state`` holds arrays ``(n,)``, or ``(samples, n)`` when samples run side by side. ``incoming``: the projections onto it in
    the network it was put into last. Errors: ``ConfigError``.
    """

    def __init__(self, name: str, n: int, neuron: Neuron) -> None:
        if not isinstance(name, str) or not name:
            raise ConfigError(f"name={shown(name)}: allowed are non-empty strings")
        if not all(callable(getattr(neuron, method, None)) for method in ("rest", "step", "adjoint")) or isinstance(neuron, type):
            raise ConfigError(f"neuron={shown(neuron)}: allowed are models of neurons, such as LIF()")
        self.incoming: list[Projection] = []
        self.name, self.n, self.neuron = name, check_integer("n", n, 1, 2**31 - 1), neuron
        self.reset_all()
        self._kept = frozenset(self.state)

    def reset_all(self, samples: int | None = None) -> None:
        """Put all neurons at rest; with ``samples`` >= 1, that many copies of the population side by side."""
        leading = () if samples is None else (check_integer("samples", samples, 1, 2**31 - 1),)
        self.state: State = self.neuron.rest((*leading, self.n))

    def step_all(self, current: np.ndarray) -> np.ndarray:
        """Advance all neurons by a timestep with input ``current``, in the shape of the state, and return their output."""
        self.state = self.neuron.step(self.state, check_array(f"current of {self.name}", current, self.output.shape))
        return self.output

    def check_state(self) -> None:
        """Refuse by ``ConfigError`` a ``state`` that was changed from outside into another kind or shape, or is not finite."""
        name = f"state of {self.name}"
        state = check_state(name, self.state, self._kept)
        shape = np.shape(state["output"])
        for entry in self._kept:
            if np.shape(state[entry]) != shape or shape[-1:] != (self.n,) or not math.isfinite(np.sum(state[entry])):
                check_array(f"{name}, {entry}", state[entry], (*shape[:-1], self.n))

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
    at the same places. ``data`` is float64 and may be changed in place or set; ``rewire`` changes which synapses there are.
    Memory is linear in the synapses. Errors: ``ConfigError`` for arrays that are no such matrix.
    """

    def __init__(self, source: Population, target: Population, indptr: np.ndarray, indices: np.ndarray, data: np.ndarray) -> None:
        self.source, self.target = check_instance("source", source, Population), check_instance("target", target, Population)
        self.rewire(indptr, indices, data)

    def rewire(self, indptr: np.ndarray, indices: np.ndarray, data: np.ndarray) -> None:
        """Replace all synapses; whoever keeps something of each carries it over (``Wiring``)."""
        source, target = self.source, self.target
        starts, places = (_integers(name, array) for name, array in (("indptr", indptr), ("indices", indices)))
        synapses, counts = len(places), np.diff(starts)
        weights = np.array(check_array("data", data, (synapses,))) if synapses or np.size(data) else np.zeros(0)
        if starts.shape != (source.n + 1,) or starts[0] or starts[-1] != synapses or (counts < 0).any():
            raise ConfigError(f"indptr: allowed are {source.n + 1} ascending integers from 0 to {synapses}")
        rows = np.repeat(np.arange(source.n), counts)
        ascending = (np.diff(rows * target.n + places) > 0).all()
        if synapses and (places.min() < 0 or places.max() >= target.n or not ascending):
            raise ConfigError(f"indices: allowed are targets 0..{target.n - 1}, ascending and each once, in every row")
        self._data, self.matrix = weights, SparseMatrix((source.n, target.n), starts, places)
        self._held: Held | None = None

    @property
    def data(self) -> np.ndarray:
        """The weight of each synapse, ``(synapses,)``; the array itself, and an array that is set is kept."""
        return self._data

    @data.setter
    def data(self, weights: np.ndarray) -> None:
        self._data = check_array("data", weights, self._data.shape)  # products in C trust its length

    @property
    def indptr(self) -> np.ndarray:
        """Where each row starts, ``(source.n + 1,)``."""
        return self.matrix.indptr

    @property
    def indices(self) -> np.ndarray:
        """The target of each synapse."""
        return self.matrix.indices

    @property
    def rows(self) -> np.ndarray:
        """The source of each synapse."""
        return self.matrix.rows

    @classmethod
    def from_matrix(
        cls, source: Population, target: Population, matrix: np.ndarray, mask: np.ndarray | None = None
    ) -> "Projection":
        """Return the synapses where ``mask`` is true (default: all) with the weights of ``matrix``, ``(source.n, target.n)``."""
        check_instance("source", source, Population), check_instance("target", target, Population)
        matrix = check_array("matrix", matrix, (source.n, target.n))
        chosen = np.ones(matrix.shape, bool) if mask is None else check_array("mask", mask, matrix.shape) != 0
        indptr = np.concatenate([[0], np.cumsum(chosen.sum(axis=1))])
        return cls(source, target, indptr, np.nonzero(chosen)[1], matrix[chosen])

    @classmethod
    def random(
        cls, source: Population, target: Population, *, out_degree: int, scale: float, generator: np.random.Generator
    ) -> "Projection":
        """Return ``out_degree`` synapses from each source neuron to different targets, weights normal, deviation ``scale``."""
        check_instance("source", source, Population), check_instance("target", target, Population)
        out_degree = check_integer("out_degree", out_degree, 1, target.n)
        scale = check_number("scale", scale, low=0)
        check_instance("generator", generator, np.random.Generator)
        rows = [np.sort(generator.choice(target.n, out_degree, replace=False)) for _ in range(source.n)]
        indptr = np.arange(source.n + 1) * out_degree
        return cls(source, target, indptr, np.concatenate(rows), generator.normal(0.0, scale, source.n * out_degree))

    def to_matrix(self) -> np.ndarray:
        """Return the weights as a dense matrix ``(source.n, target.n)``, 0 where there is no synapse."""
        return self.matrix.dense(self.data).copy()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within, what multiplies does so with the weights as they were at the start: faster, where they do not change.

        Errors: ``ConfigError`` for weights that are not finite: of NaN comes no spike, in silence.
        """
        self.check_finite()
        self._held = self.matrix.held(self.data)
        try:
            yield
        finally:
            self._held = None

    def check_finite(self) -> None:
        """Refuse by ``ConfigError`` weights that are not finite."""
        if not np.isfinite(self._data).all():
            raise ConfigError(f"data: weights from {self.source.name} to {self.target.name} are not finite; allowed are such")

    def forward(self, output: np.ndarray) -> np.ndarray:
        """Return the currents ``(..., target.n)`` that the source's ``output``, ``(..., source.n)``, causes."""
        return self.matrix.product(_check_last("output", output, self.source.n), self.data, self._held)

    def backward(self, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient ``(..., source.n)`` of the source's output for that of the currents, ``(..., target.n)``."""
        return self.matrix.transposed(_check_last("gradient", gradient, self.target.n), self.data, self._held)

    def weight_gradient(self, output: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient of ``data`` for outputs and gradients ``(..., n)``, summed over all in front of their last axis."""
        return self.weight_gradients([(output, gradient)])

    def weight_gradients(self, moments: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """Return the sum of ``weight_gradient`` over one or more moments, which need not stand in one array."""
        pairs = []
        for output, gradient in moments:
            output, gradient = _check_last("output", output, self.source.n), _check_last("gradient", gradient, self.target.n)
            if output.shape[:-1] != gradient.shape[:-1]:
                raise ConfigError(
                    f"gradient: shape {gradient.shape} given; allowed is {(*output.shape[:-1], self.target.n)}, as output is"
                )
            pairs.append((output.reshape(-1, self.source.n), gradient.reshape(-1, self.target.n)))
        return self.matrix.outers(pairs)


class Wiring:
    """Notices that projections were rewired, so that what is kept for each synapse can follow."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        self._projections = check_all("projections", projections, Projection)
        self._seen = [p.matrix for p in self._projections]

    def changes(self) -> Iterator[tuple[int, Callable[[np.ndarray], np.ndarray]]]:
        """Yield for each projection that was rewired since the last call its number and what carries arrays ``(..., synapses)``.

        A synapse that was there before keeps its value, a new one has 0.
        """
        for k, (p, before) in enumerate(zip(self._projections, self._seen, strict=True)):
            if p.matrix is not before:
                self._seen[k] = p.matrix
                yield k, partial(_carried, before.place, p.matrix.place)


class Kept(WeakKeyDictionary[K, V]):
    """What a rule keeps of populations or projections, as long as they live.

    Pickled with them. A copy is about their copies if they were copied before, as in ``copy.deepcopy((network, rule))``, and
    about themselves otherwise.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> "Kept[K, V]":
        found: Kept[K, V] = Kept()
        for owner, value in self.items():
            found[memo.get(id(owner), owner)] = copy.deepcopy(value, memo)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return _kept, (list(self.items()),)


def _kept(items: list[tuple[Any, Any]]) -> Kept[Any, Any]:
    found: Kept[Any, Any] = Kept()
    found.update(items)
    return found


def _carried(before: np.ndarray, after: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values at the places ``before`` as values at the places ``after``, both ascending."""
    result = np.zeros((*values.shape[:-1], len(after)))
    if len(before):
        found = np.minimum(np.searchsorted(before, after), len(before) - 1)
        same = before[found] == after
        result[..., same] = values[..., found[same]]
    return result


def _integers(name: str, array: np.ndarray) -> np.ndarray:
    """Return a copy as indices, or refuse what is no row of integers."""
    result = np.array(as_array(name, array))
    if result.ndim != 1 or (result.size and result.dtype.kind not in "iu"):
        raise ConfigError(f"{name}: {result.dtype} of shape {result.shape} given; allowed are integers, (any,)")
    return result.astype(np.int64)


def _check_last(name: str, value: np.ndarray, n: int) -> np.ndarray:
    array = as_array(name, value)
    if not array.ndim or array.shape[-1] != n or array.dtype.kind not in "bfiu":
        raise ConfigError(f"{name}: {array.dtype} of shape {array.shape} given; allowed are real numbers (..., {n})")
    array = array.astype(np.float64, copy=False)
    if not math.isfinite(array.sum()):  # one number to look at, because this is done at every projection and timestep
        check_array(name, array, array.shape)
    return array


class Network:
    """Populations and the projections between them; the last population is the output.

    Inputs are a mapping from the name of every ``Source`` population to its values; of a network with one source the values
    alone. ``moment`` counts timesteps since the reset. A population knows its ``incoming`` projections in the network it was put
    into last. Errors: ``ConfigError`` for two populations of one name, a projection from or to another network's population or
    onto a source, and inputs of another name or shape or that are not finite.
    """

    def __init__(self, populations: Sequence[Population], projections: Sequence[Projection]) -> None:
        populations, projections = (
            check_all("populations", populations, Population),
            check_all("projections", projections, Projection),
        )
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
        for population in populations:
            population.incoming = [p for _, p in self.incoming[population.name]]
        self.output, self.moment = populations[-1], 0

    @property
    def weights(self) -> list[np.ndarray]:
        """The weights of each projection; the arrays themselves, not copies."""
        return [projection.data for projection in self.projections]

    def reset(self, samples: int | None = None) -> None:
        """Put every population at rest; with ``samples``, that many copies of the network side by side."""
        for population in self.populations.values():
            population.reset_all(samples)
        self.moment = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within, the weights count as they were at the start: for stretches in which nothing changes them."""
        with ExitStack() as stack:
            for projection in self.projections:
                stack.enter_context(projection.held())
            yield

    def step(self, inputs: Inputs) -> np.ndarray:
        """Advance the network by a timestep and return the output, ``(n,)`` or ``(samples, n)`` as the inputs are."""
        inputs = self._named(inputs)
        for population in self.populations.values():
            population.check_state()
        shape = self.output.output.shape[:-1]
        checked = {name: check_array(f"inputs {name}", inputs[name], (*shape, self.populations[name].n)) for name in self.sources}
        return self.advance(checked)

    def check_sequence(self, inputs: Inputs) -> dict[str, np.ndarray]:
        """Return inputs ``(timesteps, n)`` or ``(timesteps, samples, n)`` as arrays, or refuse them."""
        inputs = self._named(inputs)
        shape = as_array(f"inputs {self.sources[0]}", inputs[self.sources[0]]).shape
        leading = shape[:-1]
        if len(leading) not in (1, 2) or 0 in leading:
            raise ConfigError(
                f"inputs {self.sources[0]}: shape {shape} given; allowed are (timesteps, n) and "
                "(timesteps, samples, n), none of them 0"
            )
        return {name: check_array(f"inputs {name}", inputs[name], (*leading, self.populations[name].n)) for name in self.sources}

    def run(self, inputs: Inputs) -> np.ndarray:
        """Run a sequence from rest and return the output of every timestep, ``(timesteps, ..., n)``."""
        arrays = self.check_sequence(inputs)
        first = arrays[self.sources[0]]
        self.reset(first.shape[1] if first.ndim == 3 else None)
        with self.held():
            outputs = np.stack([self.advance({name: array[t] for name, array in arrays.items()}) for t in range(len(first))])
        self.check_voltages()
        return outputs

    def check_voltages(self) -> None:
        """Refuse by ``ConfigError`` voltages that are not finite: of NaN comes no spike, in silence, and it stays."""
        for population in self.populations.values():
            if not np.isfinite(population.voltages).all():
                raise ConfigError(f"inputs: a voltage of {population.name} is not finite; give smaller ones, or smaller weights")

    def _named(self, inputs: Inputs) -> Mapping[str, np.ndarray]:
        """Return inputs by the name of their source."""
        if not isinstance(inputs, Mapping):
            if len(self.sources) != 1:
                raise ConfigError(f"inputs: {type(inputs).__name__} given; allowed is a mapping with all of {self.sources}")
            return {self.sources[0]: inputs}
        if not self.sources or set(inputs) != set(self.sources):
            raise ConfigError(f"inputs: {sorted(map(str, inputs))} given; allowed are all of {self.sources}")
        return inputs

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
        self.moment += 1
        return self.output.output

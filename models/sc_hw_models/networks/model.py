"""The golden model of a network that learns in the chip: plain integers, a sample at a time, every state to be seen."""

import copy
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from ..rule import ConfigError, check_integer
from .errors import ERRORS, signal
from .inputs import InputPort, checked_pixels, checked_samples
from .memory import Memory
from .neurons import CountingConfig, LifConfig, counting_step, lif_step
from .spec import NetworkSpec, PopulationSpec, ProjectionSpec
from .synapses import Feedback, uniform

__all__ = ["NetworkModel", "numbers", "sample_order", "schedule", "words"]

Arrays = dict[str, np.ndarray]
SLOPE_SHIFT = 3  # of the stepping form: a slope of 8 is one
_CHUNK = 1000  # samples


def schedule(samples: int, done: int, passes: int, octaves: int) -> Iterator[tuple[slice, int]]:
    """Yield the stretches of pass number ``done`` (from 0): which of its samples, and by how many octaves learning is slowed.

    One octave more at 1/2, 3/4 and 7/8 of all samples of the run, as far as there is room for it. A stretch is at most 1,000
    samples.
    """
    first, total = done * samples, samples * passes
    changes = [-(-total * (2**k - 1) // 2**k) for k in range(1, octaves + 1)]
    inside = {n - first for n in changes if first < n < first + samples}
    for low, high in pairwise(sorted({*range(0, samples, _CHUNK), samples, *inside})):
        yield slice(low, high), sum(first + low >= n for n in changes)


def sample_order(samples: int, seed: int, done: int) -> np.ndarray:
    """Return the order of the samples in a pass."""
    return np.random.default_rng([check_integer("seed", seed, 0, 2**31 - 1), done]).permutation(samples)


class NetworkModel:
    """A network as its description says, stepped by readable integer code.

    One sample: activities enter; populations follow in ``spec.order``; the error comes from the readout at the end, the learning
    signal of each hidden population from the error and the weights as they are; then every plastic projection is swept once,
    in the order of the file. ``slower`` 0..octaves makes learning 2^-slower as fast.
    State: ``memories[projection]``, ``port`` (registers of the input); ``state`` has copies by name. Errors: ``ConfigError``.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        self.port = InputPort(spec)
        self.memories = {p.name: Memory(spec, p) for p in spec.forward}
        self.signs: Arrays = {}
        for projection in spec.feedback.values():
            if isinstance(projection.synapses, Feedback) and projection.synapses.initial == "random_sign":
                shape = (spec.populations[projection.target].size, spec.output.size)
                self.signs[projection.name] = (
                    2 * uniform(spec.stream(projection.name), shape[0] * shape[1], 0, 1).reshape(shape) - 1
                )
        self.slower, self.samples = 0, 0

    # What a chip does with one sample.

    def play(self, samples: Any, labels: Any, *, learn: bool = True) -> Iterator[dict[str, Any]]:
        """Take samples one after another and yield what every block held in each: what a scoreboard compares hardware with.

        Of each sample ``level`` of the inputs, ``timesteps``, one mapping each of ``POPULATION.current``, ``.activity``,
        ``.slope`` and of stepped neurons their state, ``output`` sums, ``decision``, and with ``learn`` ``error``,
        ``POPULATION.signal`` and ``PROJECTION.activity``. Memories are as the sample left them until the next is asked for.
        """
        pixels, classes = checked_samples(self.spec, samples, labels)
        for sample, label in zip(pixels, classes, strict=True):
            yield self._sample(sample, int(label), learn)

    def _sample(self, sample: np.ndarray, label: int, learn: bool) -> dict[str, Any]:
        level = self.port.levels(sample, learn=learn)
        moments = self._counting_pass(level) if self.spec.counting else self._stepping_passes(level)
        output = np.sum([moment[f"{self.spec.output.name}.current"] for moment in moments], axis=0)
        result = {"level": level, "timesteps": moments, "output": output, "decision": int(np.argmax(output))}
        if learn:
            result |= self._learn(moments, output, label)
            self.samples += 1
        return result

    def _counting_pass(self, level: np.ndarray) -> list[Arrays]:
        moment: Arrays = {}
        sent: Arrays = {}
        for population in self.spec.order:
            name, neuron = population.name, population.neuron
            if population is self.spec.input:
                activity = level
            else:
                moment[f"{name}.current"] = current = self._current(population, sent, moment)
                if not isinstance(neuron, CountingConfig):
                    continue
                activity, moment[f"{name}.slope"] = counting_step(neuron, self.spec.sample.timesteps, current)
            moment[f"{name}.activity"] = activity
            sent[name] = _with_bias(population, activity)
        return [moment]

    def _stepping_passes(self, level: np.ndarray) -> list[Arrays]:
        spec, moments = self.spec, list[Arrays]()
        late = {p.name: _with_bias(p, np.zeros(p.size, dtype=np.int64)) for p in spec.order if p is not spec.output}
        state = {p.name: {f: np.zeros(p.size, dtype=np.int64) for f in spec.state_fields(p)} for p in spec.order}
        for given in self.port.timesteps(level):
            moment, sent = dict[str, np.ndarray](), dict[str, np.ndarray]()
            for population in spec.order:
                name, neuron = population.name, population.neuron
                if population is spec.input:
                    activity = given
                else:
                    moment[f"{name}.current"] = current = self._current(population, sent, moment, late)
                    if not isinstance(neuron, LifConfig):
                        continue
                    state[name], activity, moment[f"{name}.slope"] = lif_step(neuron, state[name], current)
                    moment |= {f"{name}.{key}": value for key, value in state[name].items()}
                moment[f"{name}.activity"] = activity
                sent[name] = _with_bias(population, activity)
            late = sent
            moments.append(moment)
        return moments

    def _current(self, population: PopulationSpec, sent: Arrays, moment: Arrays, late: Arrays | None = None) -> np.ndarray:
        """Return the sum over the projections onto a population, and note what each of them carried."""
        current = np.zeros(population.size, dtype=np.int64)
        for projection in self.spec.onto(population.name):
            carried = (late if late is not None and projection.delay else sent)[projection.source]
            moment[f"{projection.name}.activity"] = carried
            current += self.memories[projection.name].sum(carried)
        return current

    def _learn(self, moments: list[Arrays], output: np.ndarray, label: int) -> dict[str, Any]:
        spec, sample = self.spec, self.spec.sample
        error = np.array(ERRORS[sample.error](output.tolist(), label, sample.output_shift), dtype=np.int64)
        result = {"error": error}
        if np.abs(error).max() < sample.margin:
            return result
        signals = {spec.output.name: error}
        for name, projection in spec.feedback.items():
            slope = np.sum([moment[f"{name}.slope"] for moment in moments], axis=0)
            signals[name] = result[f"{name}.signal"] = self._signal(projection, slope, error)
        for projection in spec.forward:
            carried = [moment[f"{projection.name}.activity"] for moment in moments]
            result[f"{projection.name}.activity"] = activity = np.sum(carried, axis=0)
            if projection.target in signals:
                self.memories[projection.name].sweep(activity, signals[projection.target] << (sample.octaves - self.slower))
        return result

    def _signal(self, projection: ProjectionSpec, slope: np.ndarray, error: np.ndarray) -> np.ndarray:
        """Return the learning signal of each hidden neuron: the error brought back, times its slope, saturated."""
        feedback, way = projection.synapses, self.spec.symmetric(projection.target)
        if not isinstance(feedback, Feedback):
            raise TypeError(f"{projection.name} is no feedback")
        signs = self.signs.get(projection.name)
        brought = (self.memories[way.name].state["weight"][: len(slope)] if signs is None and way else signs) @ error
        shift = 0 if self.spec.counting else SLOPE_SHIFT
        return np.asarray(signal(brought, slope, gain=feedback.gain, shift=shift, bits=self.spec.signal_bits))

    def consolidate(self) -> None:
        """Make the weights the anchors and codes of importances, in every projection whose kind has them: the end of a task."""
        for memory in self.memories.values():
            if memory.rule and memory.rule.step_inputs:
                memory.sweep(np.zeros(memory.rows, dtype=np.int64), np.zeros(memory.neurons, dtype=np.int64), consolidate=True)

    # What a user does with it.

    def partial_fit(self, samples: Any, labels: Any) -> int:
        """Learn samples ``(n, pixels)`` of bytes, one after another, and return how many were decided rightly before that."""
        return sum(
            moment["decision"] == label for moment, label in zip(self.play(samples, labels), np.asarray(labels), strict=True)
        )

    def fit(self, samples: Any, labels: Any, *, passes: int = 1, seed: int = 1) -> None:
        """Learn all samples ``passes`` times, each time in another order, more slowly toward the end (``schedule``)."""
        for done in range(check_integer("passes", passes, 1, 10**6)):
            self.fit_pass(samples, labels, done=done, passes=passes, seed=seed)

    def fit_pass(
        self,
        samples: Any,
        labels: Any,
        *,
        done: int,
        passes: int,
        seed: int = 1,
        progress: Callable[[int], None] = lambda done: None,
    ) -> int:
        """Learn all samples once, as pass number ``done`` (from 0) of a ``fit``, and return as ``partial_fit``.

        ``progress`` is called with the samples done now and then.
        """
        pixels, classes = checked_samples(self.spec, samples, labels)
        order, right = sample_order(len(pixels), seed, done), 0
        for stretch, slower in schedule(len(pixels), done, passes, self.spec.sample.octaves):
            self.slower = slower
            right += self.partial_fit(pixels[order[stretch]], classes[order[stretch]])
            progress(stretch.stop)
        return right

    def predict(self, samples: Any) -> np.ndarray:
        """Return the decisions on samples, learning off; the model stays as it is, its random registers too."""
        aside = copy.copy(self)
        aside.port = copy.copy(self.port)
        aside.port.registers = dict(self.port.registers)
        return aside._decide(checked_pixels(self.spec, samples))

    def _decide(self, pixels: np.ndarray) -> np.ndarray:
        return np.array([self._sample(sample, 0, learn=False)["decision"] for sample in pixels], dtype=np.int64)

    def score(self, samples: Any, labels: Any) -> float:
        """Return the part of samples decided as their label, learning off."""
        pixels, classes = checked_samples(self.spec, samples, labels)
        if not len(pixels):
            raise ConfigError("samples: none given; a score needs at least one")
        return float((self.predict(pixels) == classes).mean())

    @property
    def state(self) -> dict[str, Any]:
        """Everything that a sample can change, as arrays of integers by name; ``load`` takes it back."""
        result: dict[str, Any] = {"samples": np.array(self.samples), "slower": np.array(self.slower)}
        for name, memory in self.memories.items():
            result |= {f"{name}.{field}": array.copy() for field, array in memory.state.items()}
            result[f"{name}.registers"] = words(memory.registers)
        return result | {f"input.{name}": words([value]) for name, value in self.port.registers.items()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what ``state`` gave. Errors: ``ConfigError`` for anything else."""
        own = self.state
        if set(state) != set(own):
            raise ConfigError(f"state: {', '.join(sorted(set(state) ^ set(own)))} lack or are not of this network")
        for name, array in own.items():
            if np.shape(state[name]) != array.shape:
                raise ConfigError(f"state {name}: shape {np.shape(state[name])}; allowed is {array.shape}")
        for name, memory in self.memories.items():
            memory.load({field: state[f"{name}.{field}"] for field in memory.state})
            memory.registers = numbers(state[f"{name}.registers"])
        self.port.registers = {name: numbers(state[f"input.{name}"])[0] for name in self.port.registers}
        self.samples = check_integer("samples", int(state["samples"]), 0, 2**62)
        self.slower = check_integer("slower", int(state["slower"]), 0, self.spec.sample.octaves)


def _with_bias(population: PopulationSpec, activity: np.ndarray) -> np.ndarray:
    """Return the activity of every row of a projection from here."""
    bias = population.neuron.bias
    return np.append(activity, bias) if bias else activity


def words(numbers: list[int]) -> np.ndarray:
    """Return registers as rows of two 64-bit words, lowest first."""
    return np.array([[n & (1 << 64) - 1, n >> 64] for n in numbers], dtype=np.uint64).reshape(-1, 2)


def numbers(rows: np.ndarray) -> list[int]:
    """Return registers of such rows."""
    return [int(low) | int(high) << 64 for low, high in rows]

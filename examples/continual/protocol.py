"""Two tasks, one after the other, on 640 integer synapses: scikit-learn's digits, then the same with permuted pixels.

A layer of 64 x 10 weights learns one sample at a time: y = (w . x) >> 5, p = clip(128 + y, 0, 255), learning signal
L = 255 [right class] - p. The host computes y and L; every change of a weight is the core's. Between the tasks the importance of
each weight becomes a code in the core.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from sc_hw_models.continual.codes import importance_codes
from sc_hw_models.continual.fisher import fisher_diagonal
from sc_hw_models.core import CoreModel
from sc_hw_models.registry import get_rule
from sc_hw_models.rules.three_factor import ThreeFactorConfig

CLASSES, PIXELS = 10, 64
SYNAPSES = CLASSES * PIXELS
TRAINING, HELD_OUT = 1347, 347


@dataclass(frozen=True)
class Task:
    """Pixels 0..16, ``(samples, 64)``, and labels of the training and of the test samples."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray

    def accuracy(self, weight: np.ndarray) -> float:
        """Return the test accuracy in percent."""
        return 100 * float(np.mean(np.argmax(self.test @ weight.reshape(CLASSES, PIXELS).T, axis=1) == self.test_labels))


@cache
def tasks(permutation: int, *, validation: bool = False) -> tuple[Task, Task]:
    """Return task A, the digits, and task B, their pixels in the order ``RandomState(permutation)`` gives.

    For ``validation`` the last 347 of the 1,347 training samples stand in for the test samples, which nothing then sees.
    """
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    order = np.random.RandomState(0).permutation(len(labels))
    pixels, labels = pixels[order].astype(np.int64), labels[order]
    moved = pixels[:, np.random.RandomState(permutation).permutation(PIXELS)]
    start, stop = (TRAINING - HELD_OUT, TRAINING) if validation else (TRAINING, len(labels))
    first, second = (Task(x[:start], labels[:start], x[start:stop], labels[start:stop]) for x in (pixels, moved))
    return first, second


def probabilities(weight: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return p, 0..255, of samples ``(samples, 64)``."""
    return np.clip(128 + ((pixels @ weight.reshape(CLASSES, PIXELS).T) >> 5), 0, 255)


class Layer:
    """The layer as ``fisher_diagonal`` sees it: ten logistic outputs, their sigmoid the hard one that the host computes."""

    likelihood = "logistic"

    def probabilities(self, weights: list[np.ndarray], inputs: np.ndarray) -> np.ndarray:
        """Return p, 0..1; the pixels, which come as real numbers, are the integers that the host computes with."""
        return probabilities(weights[0], inputs.astype(np.int64)) / 256

    def squared_gradients(self, weights: list[np.ndarray], inputs: np.ndarray, errors: np.ndarray) -> list[np.ndarray]:
        """Return the sum over samples of each squared gradient."""
        return [np.square(errors).T @ np.square(inputs)]


@dataclass(frozen=True)
class Lane:
    """One row of the experiment: the settings of the core (beside the rule's defaults) and where its codes come from.

    ``codes``: ``fisher`` (importance measured after task A), ``core`` (made by the core itself), ``none``; the controls
    ``shuffled`` (the same codes on other synapses), ``uniform`` (every synapse the rounded mean code) and ``zero``
    (the codes of zero importance); or one code for every synapse.
    """

    name: str
    consolidation: str
    codes: str | int = "fisher"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def config(self, seed: int) -> ThreeFactorConfig:
        """Return the core's configuration."""
        return ThreeFactorConfig(consolidation=self.consolidation, random_seed=seed + 1, **self.settings)


# The strongest protection with which these two lanes still learn task B as well as the shift lane does: see CANDIDATES.
PULL, SI = {"pull_shift": 8}, {"importance_offset": -2}
LANES = (
    Lane("none", "none", "none"),
    Lane("shift", "shift"),
    Lane("probabilistic", "probabilistic"),
    Lane("pull", "pull", settings=PULL),
    Lane("lock", "lock"),
    Lane("si", "si", "core", settings=SI),
)
CONTROLS = (
    Lane("shift, shuffled codes", "shift", "shuffled"),
    Lane("pull, shuffled codes", "pull", "shuffled", settings=PULL),
    Lane("si, shuffled codes", "si", "shuffled", settings=SI),
    Lane("shift, mean code everywhere", "shift", "uniform"),
    Lane("shift, zero importance", "shift", "zero"),
    Lane("pull, zero importance", "pull", "zero", settings=PULL),
    Lane("pull, nearest rounding", "pull", settings={**PULL, "rounding": "nearest"}),
)
# A code that knows nothing of the synapse is a smaller learning rate for task B.
UNIFORM = tuple(Lane(f"shift, code {code} everywhere", "shift", code) for code in range(1, 7))
# What PULL and SI are chosen from, strongest protection first; the rule's defaults are 6 and -3.
CANDIDATES = {
    "pull": tuple(Lane(f"pull, pull_shift={shift}", "pull", settings={"pull_shift": shift}) for shift in (6, 7, 8, 9, 10)),
    "si": tuple(
        Lane(f"si, importance_offset={offset}", "si", "core", settings={"importance_offset": offset})
        for offset in (-4, -3, -2, -1)
    ),
}


@dataclass
class Run:
    """What one run gave: test accuracy of A and B before training and after each epoch, and what the core was told.

    ``samples`` and ``signals`` hold the training sample shown at each timestep, ``(timesteps, 64)`` pixels, and the learning
    signals, ``(timesteps, 10)``; ``loads`` the codes written before a timestep; ``weight`` the weights at the end.
    """

    curve: list[tuple[float, float]] = field(default_factory=list)
    samples: Sequence[np.ndarray] = ()
    signals: Sequence[np.ndarray] = ()
    consolidate: Sequence[int] = ()
    loads: dict[int, np.ndarray] = field(default_factory=dict)
    weight: np.ndarray = field(default_factory=lambda: np.zeros(SYNAPSES, dtype=np.int64))

    @property
    def figures(self) -> dict[str, float]:
        """Return percentages: A and B at the end, their mean, A and B each after its own training, and the mean of those."""
        epochs = (len(self.curve) - 1) // 2
        a, b = self.curve[-1]
        learned = self.curve[epochs][0]
        return {"A": a, "B": b, "final": (a + b) / 2, "A learned": learned, "B learned": b, "learned": (learned + b) / 2}


def learn(lane: Lane, permutation: int, seed: int, epochs: int, *, record: bool = False, validation: bool = False) -> Run:
    """Learn both tasks with one lane; without ``record``, what the core was told is not kept."""
    config, pair = lane.config(seed), tasks(permutation, validation=validation)
    core = CoreModel(get_rule("three_factor"), config, synapses=SYNAPSES)
    order, run = np.random.default_rng(seed), Run()
    told: list[tuple[np.ndarray, np.ndarray, int]] = []

    def step(pixels: np.ndarray, signal: np.ndarray, consolidate: int) -> None:
        inputs = {"activity": np.tile(pixels, CLASSES)[None], "signal": np.repeat(signal, PIXELS)[None]}
        core.run(inputs | ({"consolidate": np.array([consolidate])} if core.spec.step_inputs else {}), history=False)
        told.append((pixels, signal, consolidate))

    def load(codes: np.ndarray) -> None:
        core.load({"code": codes.reshape(-1)})
        run.loads[len(told)] = core.state["code"]

    def note() -> None:
        run.curve.append((pair[0].accuracy(core.state["weight"]), pair[1].accuracy(core.state["weight"])))

    if lane.consolidation == "pull":
        load(importance_codes(np.zeros(SYNAPSES), "pull", config.code_bits))  # no anchor yet: nothing pulls
    note()
    for task in pair:
        if task is pair[1]:
            if core.spec.step_inputs:
                step(np.zeros(PIXELS, dtype=np.int64), np.zeros(CLASSES, dtype=np.int64), 1)
            if lane.codes not in ("none", "core"):
                load(_codes(lane, config, core.state, pair[0].train, seed))
        for _ in range(epochs):
            for index in order.permutation(len(task.train)):
                signal = -probabilities(core.state["weight"], task.train[index])
                signal[task.train_labels[index]] += 255
                step(task.train[index], signal, 0)
            note()
    run.weight = core.state["weight"]
    if record:
        run.samples, run.signals, run.consolidate = zip(*told, strict=True)
    return run


def _codes(lane: Lane, config: ThreeFactorConfig, state: dict[str, np.ndarray], pixels: np.ndarray, seed: int) -> np.ndarray:
    """Return the codes a lane is given after task A."""
    if isinstance(lane.codes, int):
        return np.full(SYNAPSES, lane.codes)
    if lane.consolidation == "si":
        codes = state["code"]
    else:
        importance = fisher_diagonal(Layer(), [state["weight"].reshape(CLASSES, PIXELS)], pixels)[0]
        codes = importance_codes(importance * (lane.codes != "zero"), lane.consolidation, config.stored_code_bits).reshape(-1)
    if lane.codes == "shuffled":
        return np.random.default_rng([seed, 1]).permutation(codes)
    return np.full(SYNAPSES, round(float(codes.mean()))) if lane.codes == "uniform" else codes


def stimulus(run: Run, lane: Lane) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays of ``sc-hw sim --stimulus``: what the core was told, and the codes loaded on the way."""
    yield "activity", np.tile(np.array(run.samples, dtype=np.uint8), (1, CLASSES))
    yield "signal", np.repeat(np.array(run.signals, dtype=np.int16), PIXELS, axis=1)
    if lane.consolidation in ("pull", "si"):
        yield "consolidate", np.array(run.consolidate, dtype=np.uint8)
    if run.loads:
        yield "load_timestep", np.array(list(run.loads))
        yield "load_code", np.array(list(run.loads.values()), dtype=np.uint8)

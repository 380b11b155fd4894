"""Learning through complete, loop-free and sparse projections: what a synapse costs in each."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Leaky, Source
from sc_hw_models.training.bptt import BPTTLearner
from sc_hw_models.training.eprop import EpropTrainer
from sc_hw_models.training.losses import cross_entropy

from .measure import Group, Row, rate

__all__ = ["group"]

SEED, NEURONS, TIMESTEPS = 1, 400, 30
SAMPLES = 32  # of BPTT side by side; e-prop takes one
COUNTED = f"""\
One unit is one synapse in one timestep of one sample, forward and learning. {NEURONS} inputs and {NEURONS} recurrent LIF
neurons, {TIMESTEPS} timesteps; BPTT with {SAMPLES} samples side by side, e-prop with one. A ratio is to BPTT through the
complete projections: 0.5 means that a synapse costs twice as much; e-prop is to be compared with its own first row. Neurons
cost the same at any density and are counted in: without any synapse a timestep of BPTT takes about three quarters of what it
takes with complete projections."""


def _mask(density: float, *, loops: bool, generator: np.random.Generator) -> np.ndarray:
    mask = generator.random((NEURONS, NEURONS)) < density
    if not loops:
        np.fill_diagonal(mask, False)
    return mask


def bptt(density: float, *, loops: bool = True) -> Callable[[], float]:
    """Return a timing of gradient descent on a batch."""
    g = np.random.default_rng(SEED)
    x, h, y = Population("x", NEURONS, Source()), Population("h", NEURONS, LIF()), Population("y", 10, Leaky())
    masks = {(x, h): _mask(density, loops=True, generator=g), (h, h): _mask(density, loops=loops, generator=g), (h, y): None}
    projections = [Projection.from_matrix(s, t, g.normal(0, NEURONS**-0.5, (s.n, t.n)), mask) for (s, t), mask in masks.items()]
    learner = BPTTLearner(Network([x, h, y], projections), cross_entropy, lr=1e-3)
    inputs = (g.random((TIMESTEPS, SAMPLES, NEURONS)) < 0.1).astype(float)
    targets = np.full((TIMESTEPS, SAMPLES), -1)
    targets[-1] = g.integers(0, 10, SAMPLES)
    synapses = sum(len(projection.data) for projection in projections)
    return lambda: rate(lambda: learner.train_step(inputs, targets), synapses * TIMESTEPS * SAMPLES)


def eprop(density: float, *, loops: bool = True) -> Callable[[], float]:
    """Return a timing of learning one sequence."""
    g = np.random.default_rng(SEED)
    trainer = EpropTrainer(NEURONS, NEURONS, 10)
    for projection in trainer.network.projections[:2]:
        mask = _mask(density, loops=loops or projection.source is not projection.target, generator=g)
        starts = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
        projection.rewire(starts, np.nonzero(mask)[1], g.normal(0, NEURONS**-0.5, mask.sum()))
    inputs, targets = (g.random((TIMESTEPS, NEURONS)) < 0.1).astype(float), np.zeros((TIMESTEPS, 10))
    synapses = sum(len(projection.data) for projection in trainer.network.projections)
    return lambda: rate(lambda: trainer.train_sequence(inputs, targets), synapses * TIMESTEPS)


def group(_python: Path) -> Group:
    """Return the rows."""
    kinds = {
        "complete": (1.0, True),
        "without loops": (1.0, False),
        "half": (0.5, True),
        "a fifth": (0.2, True),
        "a tenth": (0.1, True),
    }
    return Group(
        title="Learning through projections",
        unit="synapse-timesteps a second",
        counted=COUNTED,
        reference="BPTT, complete",
        rows=[
            Row(name=f"{name}, {kind}", run=method(density, loops=loops))
            for name, method in (("BPTT", bptt), ("e-prop", eprop))
            for kind, (density, loops) in kinds.items()
        ],
        settings={"seed": SEED},
    )

"""A small network and its data, for classes that are joined."""

import numpy as np

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Leaky, Source
from sc_hw_models.training.structural import StructuralPlasticity

SEED = 20268


def built(seed=SEED, neuron=None, density=0.6):
    """Inputs 5, hidden 8 with recurrence, outputs 3; no projection is complete but the last."""
    g = np.random.default_rng(seed)
    x, h, y = Population("x", 5, Source()), Population("h", 8, neuron or LIF(threshold=0.7)), Population("y", 3, Leaky())
    return Network(
        [x, h, y],
        [
            Projection.from_matrix(x, h, g.uniform(0.1, 0.9, (5, 8)), g.random((5, 8)) < density),
            Projection.from_matrix(h, h, g.uniform(0.05, 0.3, (8, 8)), (g.random((8, 8)) < density) & ~np.eye(8, dtype=bool)),
            Projection.from_matrix(h, y, g.normal(0, 0.5, (8, 3))),
        ],
    )


def data(timesteps=12, samples=4, seed=SEED):
    g = np.random.default_rng([seed, 1])
    return (g.random((timesteps, samples, 5)) < 0.4) * 1.0, g.normal(size=(timesteps, samples, 3))


def exchange(projection, threshold=0.2, seed=3):
    """Rewire a projection by its own weights, and say where synapses stayed."""
    for end in (projection.source, projection.target):
        end.reset_all()
    before = projection.matrix.place[np.abs(projection.data) >= threshold]
    StructuralPlasticity(1.0, threshold, seed=seed).update(projection)
    return np.isin(projection.matrix.place, before)

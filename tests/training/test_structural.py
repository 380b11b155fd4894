"""Rewiring: what is pruned, how many grow, where, and that the seed repeats it."""

import numpy as np
import pytest

from sc_hw_models.network import Population, Projection
from sc_hw_models.neurons import LIF
from sc_hw_models.rule import ConfigError
from sc_hw_models.training.structural import StructuralPlasticity

N, GROUPS = 40, 5


def rewired(seed=1, rounds=10):
    """Neurons in groups that spike together; all weights start weak or strong at random."""
    g = np.random.default_rng(7)
    a, b = Population("a", N, LIF()), Population("b", N, LIF())
    p = Projection.random(a, b, out_degree=8, scale=0.02, generator=g)
    plasticity = StructuralPlasticity(p, 0.2, 0.01, window=400, seed=seed)
    history = []
    for _ in range(rounds):
        for _ in range(400):
            together = np.repeat(g.random(GROUPS) < 0.04, N // GROUPS)
            plasticity.observe(*((together | (g.random(N) < 0.02)) * 1.0 for _ in range(2)))
        before = plasticity.projection
        history.append((before, *plasticity.rewire(), plasticity.projection))
    return history


def pairs(projection):
    return set(zip(projection.rows.tolist(), projection.indices.tolist(), strict=True))


def test_weak_synapses_go_and_as_many_grow():
    for before, pruned, grown, after in rewired():
        weak = np.abs(before.data) < 0.01
        assert pruned == grown == weak.sum()
        assert len(after.data) == len(before.data) == 320
        kept = set(zip(before.rows[~weak].tolist(), before.indices[~weak].tolist(), before.data[~weak].tolist(), strict=True))
        assert kept <= set(zip(after.rows.tolist(), after.indices.tolist(), after.data.tolist(), strict=True))
        new = pairs(after) - pairs(before)
        assert all(after.to_matrix()[pair] == 0.02 for pair in new)
    assert rewired()[0][1] > 50
    assert rewired()[1][1] == 0  # what has grown is above the threshold


def test_correlated_pairs_are_found_better_than_chance():
    before, _, _, after = rewired()[0]
    new = pairs(after) - pairs(before)
    right = sum(i // (N // GROUPS) == j // (N // GROUPS) for i, j in new) / len(new)
    assert right > 0.5  # chance is 1 in 5


def test_the_seed_repeats_it():
    first, again, other = (pairs(rewired(seed)[0][3]) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_correlation_is_pearson_s():
    g = np.random.default_rng(2)
    a, b = Population("a", 3, LIF()), Population("b", 4, LIF())
    plasticity = StructuralPlasticity(Projection.from_matrix(a, b, np.ones((3, 4))), window=50, tau=4.0)
    x, y = (g.random((120, n)) < 0.3 for n in (3, 4))
    traces = []
    for spikes in (x, y):
        trace = [np.zeros(spikes.shape[1])]
        for row in spikes:
            trace.append(trace[-1] * np.exp(-1 / 4) + row)
        traces.append(np.array(trace[-50:]))
    for pre, post in zip(x, y, strict=True):
        plasticity.observe(pre, post)
    i, j = np.indices((3, 4)).reshape(2, -1)
    expected = [np.corrcoef(traces[0][:, a], traces[1][:, b])[0, 1] for a, b in zip(i, j, strict=True)]
    np.testing.assert_allclose(plasticity.correlation(i, j), expected)


def test_no_neuron_projects_to_itself():
    a = Population("a", 10, LIF())
    plasticity = StructuralPlasticity(Projection.from_matrix(a, a, np.full((10, 10), 1e-3), ~np.eye(10, dtype=bool)), 1.0)
    for _ in range(5):
        plasticity.observe(np.ones(10), np.ones(10))
    plasticity.rewire()
    assert not (plasticity.projection.rows == plasticity.projection.indices).any()


def test_bad_input_is_refused_by_name():
    a = Population("a", 3, LIF())
    p = Projection.from_matrix(a, a, np.ones((3, 3)))
    for call, words in (
        (lambda: StructuralPlasticity(p, 0), "growth_rate=0"),
        (lambda: StructuralPlasticity(p, 1.5), "growth_rate=1.5"),
        (lambda: StructuralPlasticity(p, prune_threshold=0), "prune_threshold=0"),
        (lambda: StructuralPlasticity(p, window=1), "window=1"),
        (lambda: StructuralPlasticity(p, tau=0), "tau=0"),
        (lambda: StructuralPlasticity(p).rewire(), "0 timesteps seen"),
        (lambda: StructuralPlasticity(p).observe(np.zeros(2), np.zeros(3)), r"pre: shape \(2,\)"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()

"""Rewiring: the number of synapses at every density and rate, what is pruned, what grows and where; the seed repeats it."""

import numpy as np
import pytest

from sc_hw_models.network import Population, Projection
from sc_hw_models.neurons import LIF, Source
from sc_hw_models.rule import ConfigError
from sc_hw_models.training.structural import StructuralPlasticity

N, GROUPS, SEED = 40, 5, 7


def sent(population, spikes):
    """Let a population have sent these spikes."""
    population.state["output"] = np.asarray(spikes, dtype=float)


def rewired(seed=1, rounds=10):
    """Neurons in groups that spike together; all weights start weak or strong at random."""
    g = np.random.default_rng(SEED)
    a, b = Population("a", N, LIF()), Population("b", N, LIF())
    p = Projection.random(a, b, out_degree=8, scale=0.02, generator=g)
    plasticity = StructuralPlasticity(0.4, 0.01, window=400, period=400, seed=seed)
    history = []
    for _ in range(rounds):
        before = p.to_matrix()
        for _ in range(400):
            together = np.repeat(g.random(GROUPS) < 0.04, N // GROUPS)
            for population in (a, b):
                sent(population, together | (g.random(N) < 0.02))
            assert plasticity.update(p) is None
        history.append((before, p.to_matrix()))
    return history


def test_weak_synapses_go_and_as_many_grow():
    for before, after in rewired():
        weak = (before != 0) & (np.abs(before) < 0.01)
        assert (before != 0).sum() == (after != 0).sum() == 320
        strong = np.abs(before) >= 0.01
        assert (after[strong] == before[strong]).all()
        new = (after != 0) & ~strong
        assert new.sum() == weak.sum()
        assert (after[new] == 0.02).all()
    assert weak.sum() == 0  # what has grown is above the threshold
    before, _ = rewired(rounds=1)[0]
    assert ((before != 0) & (np.abs(before) < 0.01)).sum() > 50


@pytest.mark.parametrize("loops", ["two populations", "one population", "one population without loops"])
@pytest.mark.parametrize("growth", [1e-9, 0.001, 0.3, 1.0])
def test_the_number_of_synapses_is_kept_at_every_density_and_rate(growth, loops):
    for n, density in ((20, 0.0), (20, 0.01), (20, 0.3), (20, 0.97), (20, 1.0), (1, 1.0), (2, 0.5)):
        g = np.random.default_rng(SEED)
        a = Population("a", n, LIF())
        b = Population("b", n, LIF()) if loops == "two populations" else a
        mask = (g.random((n, n)) < density) & ~(np.eye(n, dtype=bool) & ("without" in loops))
        p = Projection.from_matrix(a, b, g.normal(0, 0.02, (n, n)), mask)
        plasticity = StructuralPlasticity(growth, window=5, seed=SEED)
        for _ in range(6):
            p.data[:] = g.normal(0, 0.02, len(p.data))
            sent(a, g.random(n) < 0.3)
            plasticity.update(p)
            assert len(p.data) == mask.sum(), (n, density)
            assert (np.abs(p.data) >= 0.01).all()
            assert not ("without" in loops and (p.rows == p.indices).any())


def test_every_absent_synapse_is_tried_at_a_rate_of_one_and_the_rest_evenly():
    a, b = Population("a", 20, LIF()), Population("b", 20, LIF())
    mask = np.random.default_rng(SEED).random((20, 20)) < 0.3
    p = Projection.from_matrix(a, b, np.ones((20, 20)), mask)
    absent = np.flatnonzero(~mask)
    assert sorted(StructuralPlasticity(1.0)._candidates(p, p.matrix.place, 1)) == absent.tolist()
    plasticity, counts = StructuralPlasticity(0.1, seed=SEED), np.zeros(400)
    for _ in range(2000):
        drawn = plasticity._candidates(p, p.matrix.place, 1)
        assert len(set(drawn)) == len(drawn) == round(0.1 * len(absent))
        counts[drawn] += 1
    assert set(np.flatnonzero(counts)) == set(absent)
    assert counts[absent].min() > 0.6 * counts[absent].mean()


def test_memory_is_linear_in_the_synapses():
    """Of 4 x 10^10 places 4 x 10^5 are tried; nothing of the size of all places is made."""
    a, b = Population("a", 200_000, Source()), Population("b", 200_000, Source())
    p = Projection(a, b, np.arange(200_001), np.arange(200_000), np.full(200_000, 1e-3))
    plasticity = StructuralPlasticity(1e-5, window=2, seed=SEED)
    plasticity.update(p)
    assert len(p.data) == 200_000


def test_correlated_pairs_are_found_better_than_chance():
    before, after = rewired(rounds=1)[0]
    i, j = ((after != 0) & (np.abs(before) < 0.01)).nonzero()
    assert (i // (N // GROUPS) == j // (N // GROUPS)).mean() > 0.5  # chance is 1 in 5


def test_the_seed_repeats_it():
    first, again, other = (rewired(seed, 1)[0][1] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_correlation_is_pearson_s():
    g = np.random.default_rng(2)
    a, b = Population("a", 3, LIF()), Population("b", 4, LIF())
    p = Projection.from_matrix(a, b, np.ones((3, 4)))
    plasticity = StructuralPlasticity(window=50, tau=4.0)
    assert (plasticity.correlation(p, [0], [0]) == 0).all()
    x, y = (g.random((120, n)) < 0.3 for n in (3, 4))
    traces = []
    for spikes in (x, y):
        trace = [np.zeros(spikes.shape[1])]
        for row in spikes:
            trace.append(trace[-1] * np.exp(-1 / 4) + row)
        traces.append(np.array(trace[-50:]))
    for pre, post in zip(x, y, strict=True):
        sent(a, pre)
        sent(b, post)
        plasticity.update(p)
    i, j = np.indices((3, 4)).reshape(2, -1)
    expected = [np.corrcoef(traces[0][:, a], traces[1][:, b])[0, 1] for a, b in zip(i, j, strict=True)]
    np.testing.assert_allclose(plasticity.correlation(p, i, j), expected)


def test_bad_input_is_refused_by_name():
    a = Population("a", 3, LIF())
    p = Projection.from_matrix(a, a, np.ones((3, 3)))
    plasticity = StructuralPlasticity()
    for call, words in (
        (lambda: StructuralPlasticity(0), "growth_rate=0"),
        (lambda: StructuralPlasticity(1.5), "growth_rate=1.5"),
        (lambda: StructuralPlasticity(prune_threshold=0), "prune_threshold=0"),
        (lambda: StructuralPlasticity(window=1), "window=1"),
        (lambda: StructuralPlasticity(tau=0), "tau=0"),
        (lambda: StructuralPlasticity(period=0), "period=0"),
        (lambda: plasticity.update(a), "projection: Population given"),
        (lambda: (a.reset_all(2), plasticity.update(p)), r"spikes of a: shape \(2, 3\)"),
        (lambda: plasticity.correlation(p, [0], [3]), r"post: allowed are neurons 0\.\.2"),
        (lambda: plasticity.correlation(p, [0.5], [2]), "pre: allowed are neurons"),
        (lambda: plasticity.correlation(p, [0, 1], [0]), r"post: shape \(1,\)"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()

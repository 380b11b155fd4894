"""Scaling holds its target from far away, silent neurons included; the clipped form swings; the equation by hand."""

import math

import numpy as np
import pytest

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Source
from sc_hw_models.rule import ConfigError
from sc_hw_models.training.homeostasis import HomeostaticPlasticity


def rates(scale, seconds=60, form="slow", dt=4.0):
    """Poisson inputs onto neurons whose weights start at ``scale`` times some that make about 10 Hz; Hz over the last half."""
    g = np.random.default_rng(3)
    x, a = Population("x", 20, Source()), Population("a", 12, LIF(dt=dt))
    network = Network([x, a], [Projection.from_matrix(x, a, scale * g.uniform(0.1, 0.2, (20, 12)))])
    plasticity = HomeostaticPlasticity(10.0, 500.0, tau_scaling=4000.0, form=form, dt=dt)
    steps = round(seconds * 1000 / dt)
    spikes = np.zeros((steps, 12))
    for t in range(steps):
        spikes[t] = network.step({"x": (g.random(20) < 0.05).astype(float)})
        plasticity.update(spikes[t], network.projections)
    blocks = spikes[steps // 2 :].reshape(-1, round(1000 / dt), 12).sum(axis=1)  # spikes a second
    return spikes[: round(1000 / dt)].sum(), blocks


@pytest.mark.parametrize("scale", [0.1, 10.0])
def test_ten_hertz_from_a_tenth_and_from_ten_times_the_weights(scale):
    first, blocks = rates(scale)
    assert first == 0 if scale < 1 else first > 12 * 50  # silent, or at more than 50 Hz
    assert np.abs(blocks.mean(axis=0) - 10).max() < 1.0


def test_the_clipped_form_swings_more():
    slow, clipped = (rates(1.0, form=form)[1].std(axis=0).mean() for form in ("slow", "clipped"))
    assert clipped > 1.25 * slow


def test_the_equation_and_the_clip_by_hand():
    x, a = Population("x", 1, Source()), Population("a", 2, LIF())
    slow, clipped = (HomeostaticPlasticity(20.0, 100.0, tau_scaling=700.0, form=form) for form in ("slow", "clipped"))
    rate, weight = np.full(2, 20.0), np.array([1.0, -2.0])
    p, q = (Projection.from_matrix(x, a, weight[None]) for _ in range(2))
    for t in range(250):
        spikes = np.array([0.0, float(t % 5 == 0)])
        rate = rate * math.exp(-1 / 100) + (1 - math.exp(-1 / 100)) * 1000 * spikes
        weight = weight * np.exp((1 - rate / 20) / 700)
        slow.update(spikes, [p])
        factors = clipped.update(spikes, [q])
        assert (factors == ([1.1, 0.9] if t % 100 == 99 else [1.0, 1.0])).all()
    np.testing.assert_allclose(p.data, weight)
    np.testing.assert_allclose(q.data, [1.1**2, -2 * 0.9**2])


def test_bad_input_is_refused_by_name():
    x, a = Population("x", 1, Source()), Population("a", 2, LIF())
    p = Projection.from_matrix(x, a, np.ones((1, 2)))
    for call, words in (
        (lambda: HomeostaticPlasticity(0), "target_rate=0"),
        (lambda: HomeostaticPlasticity(tau=math.inf), "tau=inf"),
        (lambda: HomeostaticPlasticity(form="fast"), "form='fast'"),
        (lambda: HomeostaticPlasticity(tau=1.0, dt=2.0), "dt=2.0"),
        (lambda: HomeostaticPlasticity().update(np.zeros(3), [p]), "x to a has 2 targets"),
        (lambda: HomeostaticPlasticity().update(np.array([np.nan, 0]), [p]), "spikes: nan"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()

"""Scaling holds its target from far away, silent neurons included; the clipped form swings; the equation by hand."""

import math

import numpy as np
import pytest

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Source
from sc_hw_models.rule import ConfigError
from sc_hw_models.training.homeostasis import HomeostaticPlasticity

from ..daily import check, few


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
        plasticity.update(a)
    blocks = spikes[steps // 2 :].reshape(-1, round(1000 / dt), 12).sum(axis=1)  # spikes a second
    return spikes[: round(1000 / dt)].sum(), blocks


@pytest.mark.parametrize("scale", few([0.1, 10.0], 1, "from the other side"))
def test_ten_hertz_from_a_tenth_and_from_ten_times_the_weights(scale):
    first, blocks = rates(scale)
    assert first == 0 if scale < 1 else first > 12 * 50  # silent, or at more than 50 Hz
    assert np.abs(blocks.mean(axis=0) - 10).max() < 1.0


@check("that both forms reach their rate is seen in every run")
def test_the_clipped_form_swings_more():
    slow, clipped = (rates(1.0, form=form)[1].std(axis=0).mean() for form in ("slow", "clipped"))
    assert clipped > 1.25 * slow


def test_the_equation_and_the_clip_by_hand():
    x, a, b = Population("x", 1, Source()), Population("a", 2, LIF()), Population("b", 2, LIF())
    slow, clipped = (HomeostaticPlasticity(20.0, 100.0, tau_scaling=700.0, form=form) for form in ("slow", "clipped"))
    rate, weight = np.full(2, 20.0), np.array([1.0, -2.0])
    p, q = (Projection.from_matrix(x, population, weight[None]) for population in (a, b))
    Network([x, a, b], [p, q])
    assert (slow.rates(a) == 20).all()
    for t in range(250):
        spikes = np.array([0.0, float(t % 5 == 0)])
        rate = rate * math.exp(-1 / 100) + (1 - math.exp(-1 / 100)) * 1000 * spikes
        weight = weight * np.exp((1 - rate / 20) / 700)
        a.state["output"] = b.state["output"] = spikes
        before = q.data.copy()
        assert slow.update(a) is None
        clipped.update(b)
        np.testing.assert_allclose(q.data, before * ([1.1, 0.9] if t % 100 == 99 else [1.0, 1.0]))
        np.testing.assert_allclose(slow.rates(a), rate)
    np.testing.assert_allclose(p.data, weight)
    np.testing.assert_allclose(q.data, [1.1**2, -2 * 0.9**2])


@pytest.mark.parametrize("form", ["slow", "clipped"])
@pytest.mark.parametrize(("spikes", "ends"), [(0.0, [2.0, -2.0, 0.0]), (1.0, [0.5, -0.5, 0.0])])
def test_a_neuron_that_cannot_reach_its_target_stops_at_the_bounds(form, spikes, ends):
    """For ever silent, for ever spiking; also with the bounds that hold by default, and what was beyond comes back to them."""
    for bounds, scale in (({"w_min": 0.5, "w_max": 2.0}, 1.0), ({}, 1e3)):
        x, a = Population("x", 3, Source()), Population("a", 1, LIF())
        p = Projection.from_matrix(x, a, [[1.0], [-5.0], [0.0]])
        Network([x, a], [p])
        plasticity = HomeostaticPlasticity(10.0, 5.0, tau_scaling=5.0, form=form, **bounds)
        for _ in range(2000):
            a.state["output"] = np.array([spikes])
            plasticity.update(a)
        wanted = ends if bounds else [np.sign(e) * (1e3 if spikes == 0 else 1e-6) for e in ends]
        assert p.data.tolist() == wanted, scale


def test_bad_input_is_refused_by_name():
    x, a = Population("x", 1, Source()), Population("a", 2, LIF())
    Network([x, a], [Projection.from_matrix(x, a, np.ones((1, 2)))])
    for call, words in (
        (lambda: HomeostaticPlasticity(0), "target_rate=0"),
        (lambda: HomeostaticPlasticity(tau=math.inf), "tau=inf"),
        (lambda: HomeostaticPlasticity(form="fast"), "form='fast'"),
        (lambda: HomeostaticPlasticity(tau=1.0, dt=2.0), "dt=2.0"),
        (lambda: HomeostaticPlasticity(w_min=-1.0), "w_min=-1.0"),
        (lambda: HomeostaticPlasticity(w_min=2.0, w_max=2.0), "w_max=2.0: allowed are finite numbers above 2"),
        (lambda: HomeostaticPlasticity().update(x), "population: nothing projects onto x"),
        (lambda: HomeostaticPlasticity().update("a"), "population: str given"),
        (lambda: (a.reset_all(3), HomeostaticPlasticity().update(a)), r"spikes of the population: shape \(3, 2\)"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()

"""What ``accuracy`` measures: every rule's run is recorded, its float side and its figures are written a second time."""

import math

import numpy as np
import pytest

from sc_hw_models.core import CoreModel
from sc_hw_models.deviation import Deviations
from sc_hw_models.registry import get_rule
from tests.daily import few

Z = 4.5  # standard deviations allowed to a mean


@pytest.fixture
def run(monkeypatch):
    """Return a function that measures accuracy and returns its figures and the core's first state, inputs, states and outputs."""
    recorded = []
    genuine = CoreModel.step

    def step(self, inputs):
        before = self.state
        outputs = genuine(self, inputs)
        recorded.append((before, dict(inputs), self.state, outputs))
        return outputs

    def measure(name, timesteps, **settings):
        rule = get_rule(name)
        figures = rule.accuracy(rule.config_type(**settings), 3, timesteps)
        before, inputs, after, outputs = (
            {key: np.array([moment[key] for moment in moments]) for key in moments[0]} for moments in zip(*recorded, strict=True)
        )
        start = {key: values[0] for key, values in before.items()}
        assert all(values.shape == (timesteps, 512) for values in after.values())
        return figures, start, inputs, after, outputs

    monkeypatch.setattr(CoreModel, "step", step)
    return measure


def expect(figures, fixed, exact, chosen=slice(None)):
    """Demand rms and largest deviation over all timesteps and synapses, of names that are all there is but for a bias."""
    assert [name for name in figures if "bias" not in name] == [f"{name}_{kind}" for kind in ("rms", "max") for name in exact]
    for name in exact:
        error = (np.array(fixed[name]) - np.array(exact[name]))[chosen if name == "release" else slice(None)]
        assert figures[f"{name}_rms"] == pytest.approx(math.sqrt(np.mean(error**2)), rel=1e-9)
        assert figures[f"{name}_max"] == pytest.approx(np.abs(error).max(), rel=1e-9)


def near(values, mean, deviation):
    return abs(np.mean(values) - mean) < Z * deviation / math.sqrt(np.size(values))


def uniform(values, low, high):
    """Say whether whole numbers have the ends, the mean and the spread of a uniform draw."""
    spread = math.sqrt(((high - low + 1) ** 2 - 1) / 12)
    return (
        values.min() == low
        and values.max() == high
        and near(values, (low + high) / 2, spread)
        and near((values - (low + high) / 2) ** 2, spread**2, spread**2)
    )


def test_deviations_are_root_mean_square_and_largest():
    deviations = Deviations()
    deviations.add({"a": np.array([3.0, -4.0]), "b": np.array([1.0])})
    deviations.add({"a": np.array([0.0]), "b": np.array([])})
    assert deviations.figures() == {"a_rms": math.sqrt(25 / 3), "b_rms": 1.0, "a_max": 4.0, "b_max": 1.0}


@pytest.mark.parametrize("reward_bits", few([8, 1, 5], 2, "between the two"))
@pytest.mark.parametrize("protected", [False, True])
def test_r_stdp(run, protected, reward_bits):
    """Poisson spikes at 20 Hz, a reward of a sixteenth of full scale, changed every 50 ms, from mid scale."""
    extra = {"consolidation": "pull", "pull_shift": 3} if protected else {}
    settings = {"trace_decay_shift": 3, "eligibility_decay_shift": 5, "eligibility_gain_shift": 1, "reward_bits": reward_bits}
    figures, start, inputs, after, _ = run("r_stdp", 525, **settings, depression_shift=1, trace_fraction_bits=2, **extra)
    assert np.all(start["weight"] == 1 << 15)
    assert not any(start[name].any() for name in ("pre_trace", "post_trace", "eligibility"))
    pre, post, rewards = inputs["pre_spike"], inputs["post_spike"], inputs["reward"]
    assert all(near(spikes, 0.02, 0.14) for spikes in (pre, post, pre[:, :64], post[-64:]))
    assert near(pre * post, 0.0004, 0.02)
    blocks = [rewards[k : k + 50] for k in range(0, 525, 50)]
    assert all(len(set(block)) == 1 for block in blocks)
    assert set(rewards) == {8: {-8, 0, 8}, 5: {-1, 0, 1}, 1: {-1, 0}}[reward_bits]
    if protected:
        assert np.all(start["anchor"] == 1 << 15)
        assert uniform(start["code"], 0, 7)
    weight, p, q, e = np.full(512, 0.5), np.zeros(512), np.zeros(512), np.zeros(512)
    exact = {"weight": [], "pre_trace": [], "post_trace": [], "eligibility": []}
    for a, b, reward in zip(pre, post, rewards / 2.0 ** (reward_bits - 1), strict=True):
        e = np.clip(e * 31 / 32 + b * np.maximum(p, a) / 2 - a * q / 4, -0.5, 0.5)
        p, q = np.maximum(p * 7 / 8, a), np.maximum(q * 7 / 8, b)
        weight = np.clip(weight + reward * e * 2.0 ** (reward_bits - 1 + 12 - 4 - 16), 0, 1)
        if protected:
            weight = weight - np.where(start["code"] == 7, 0, (weight - 0.5) / 2.0 ** (3 + start["code"]))
        for values, now in zip(exact.values(), (weight, p, q, e), strict=True):
            values.append(now)
    fixed = {name: after[name] / 2.0 ** (16 if name == "weight" else 14) for name in exact}
    expect(figures, fixed, exact)
    assert figures["weight_bias"] == pytest.approx(np.mean(fixed["weight"][-1] - weight), rel=1e-6)


@pytest.mark.parametrize("mode", ["tm98", "mongillo"])
def test_stp(run, mode):
    """Poisson spikes at 1 to 100 Hz, evenly spaced in the logarithm, from rest."""
    figures, start, inputs, after, outputs = run("stp", 400, mode=mode, bits=12, fraction_bits=2, u_se=64)
    rest = 0.25 if mode == "mongillo" else 0.0
    assert np.all(start["u"] == rest * 2**14)
    spikes = inputs["pre_spike"]
    chance = 0.001 * 100 ** (np.arange(512) / 511)
    for part in range(0, 512, 64):
        mean = chance[part : part + 64].mean()
        assert near(spikes[:, part : part + 64], mean, math.sqrt(mean))
    u, x = np.full(512, rest), np.ones(512)
    exact = {"u": [], "x": [], "release": []}
    for s in spikes:
        u, x = u - (u - rest) / 512, x + (1 - x) / 256
        u = np.where(s, u + 0.25 * (1 - u), u)
        released = np.where(s, u * x, 0)
        x = x - released
        for values, now in zip(exact.values(), (u, x, released), strict=True):
            values.append(now)
    fixed = {"u": after["u"] / 2.0**14, "x": (after["x"] + 1) / 2.0**14, "release": outputs["release"] / 2.0**12}
    expect(figures, fixed, exact, spikes)
    assert figures["release_bias"] == pytest.approx(np.mean((fixed["release"] - exact["release"])[spikes]), rel=1e-6)


@pytest.mark.parametrize("consolidation", ["none", "shift", "lock", "probabilistic", "si"])
def test_three_factor(run, consolidation):
    """Weights of the middle half, uniform activities and codes, normal signals of a sixteenth of full scale."""
    figures, start, inputs, after, _ = run("three_factor", 300, consolidation=consolidation, learning_shift=5)
    activity, signal = inputs["activity"], inputs["signal"]
    assert uniform(activity, 0, 31)
    assert not np.any(inputs.get("consolidate", 0))
    assert near(signal, 0, 255 / 16)
    assert near(signal.astype(float) ** 2, (255 / 16) ** 2, math.sqrt(2) * (255 / 16) ** 2)
    assert start["weight"].min() >= -512
    assert start["weight"].max() <= 512
    assert near(start["weight"].astype(float) ** 2, 512**2 / 3, 512**2 * math.sqrt(4 / 45))
    if consolidation == "none":
        rate = np.ones(512)
    elif consolidation == "lock":
        assert uniform(start["code"], 0, 1)
        rate = 1.0 - start["code"]
    else:
        assert uniform(start["code"], 0, 7)
        rate = 2.0 ** -start["code"]
        rate[start["code"] == 7] *= consolidation == "probabilistic"
    weight, exact = start["weight"].astype(float), []
    for a, s in zip(activity, signal, strict=True):
        weight = np.clip(weight + a * s / 32 * rate, -1024, 1023)
        exact.append(weight)
    expect(figures, {"weight": after["weight"] / 2048}, {"weight": np.array(exact) / 2048})
    assert figures["weight_bias"] == pytest.approx(np.mean(after["weight"][-1] - weight) / 2048, rel=1e-6)

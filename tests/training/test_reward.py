"""Reward-modulated STDP: every pair of spikes by formula, an update written out, and the distal reward problem."""

import math

import numpy as np
import pytest

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Izhikevich, Leaky, Source
from sc_hw_models.rule import ConfigError
from sc_hw_models.training.reward import RewardModulatedLearner

from ..daily import check, few


def relay(n=2, synapses=((0, 1),), start=0.2, dt=1.0):
    """Neurons that spike when their input is 1, and synapses between them too weak to matter."""
    x, a = Population("x", n, Source()), Population("a", n, LIF(tau_mem=1e-3, threshold=0.99, dt=dt))
    mask = np.zeros((n, n))
    mask[tuple(zip(*synapses, strict=True))] = 1
    drive = Projection.from_matrix(x, a, 2 * np.eye(n), np.eye(n))
    return Network([x, a], [drive, Projection.from_matrix(a, a, start * mask, mask)])


def play(learner, times, rewards=(), length=400):
    for t in range(length):
        learner.network.step({"x": np.array([float(t in neuron) for neuron in times])})
        learner.step(sum(r for when, r in rewards if when == t))


@pytest.mark.parametrize("lag", [-30, -3, -1, 0, 1, 2, 10, 40])
def test_a_pair_of_spikes_leaves_its_eligibility(lag):
    """Spikes arrive at a recurrent synapse a timestep after they were sent; a lag counts from the arrival."""
    learner = RewardModulatedLearner(relay(), potentiation=1.0, depression=1.5, tau_pre=15.0, tau_post=25.0)
    play(learner, ([99], [100 + lag]))
    when = max(100, 100 + lag)
    pair = math.exp(-lag / 15) if lag >= 0 else -1.5 * math.exp(lag / 25)
    assert learner.eligibilities[0][0] == pytest.approx(pair * math.exp(-(399 - when) / 1000), rel=1e-9)
    assert learner.network.projections[1].data[0] == 0.2  # no dopamine, no change


@pytest.mark.parametrize("sign", [1, -1])
def test_a_reward_of_either_sign_turns_eligibility_into_weight(sign):
    def weight(**arguments):
        network = relay()
        learner = RewardModulatedLearner(network, tau_reward=50.0, lr=1e-4, **arguments)
        play(learner, ([99], [105]), [(300, sign * 0.5)], 1500)
        return network.projections[1].data[0]

    c = math.exp(-5 / 20) * math.exp(-(300 - 105) / 1000)
    rate = math.exp(-1 / 50) * math.exp(-1 / 1000)
    assert weight() == pytest.approx(0.2 + 1e-4 * sign * 0.5 * c / (1 - rate), rel=1e-6)
    assert weight(w_min=0.2, w_max=0.2001) == pytest.approx(0.2001 if sign > 0 else 0.2)


@pytest.mark.parametrize("period", [1, 10])
def test_all_of_it_written_out(period):
    """A random network, random spikes and rewards, against sums over all pairs; decays and changes once a period."""
    g = np.random.default_rng(0)
    synapses = [(0, 1), (0, 2), (1, 2), (2, 0), (3, 1)]
    network = relay(4, synapses, dt=0.5)
    learner = RewardModulatedLearner(network, 80.0, tau_eligibility=200.0, lr=1e-3, w_max=0.3, period=period)
    times = [np.flatnonzero(g.random(150) < 0.1) for _ in range(4)]
    rewards = [(int(t), float(r)) for t, r in zip(g.integers(0, 150, 5), g.normal(0, 1, 5), strict=True)]
    play(learner, times, rewards, 150)
    for k, (i, j) in enumerate(synapses):
        weight = 0.2
        for t in range(period - 1, 150, period):
            c = 0.0
            for a in times[i] + 1:
                for b in times[j]:
                    if max(a, b) <= t:
                        pair = math.exp(-(b - a) / 40) if b >= a else -1.5 * math.exp((b - a) / 40)
                        c += pair * math.exp(-(t // period - max(a, b) // period) * period / 400)
            d = sum(r * math.exp(-(t - when) / 160) for when, r in rewards if when <= t)
            weight = min(max(weight + 1e-3 * 0.5 * period * c * d, 0.0), 0.3)
        assert network.projections[1].data[k] == pytest.approx(weight, rel=1e-9)


def test_neurons_of_other_kinds_learn_too():
    """The pair again, its neurons Izhikevich's, driven so hard that they spike at once; and a readout cannot learn so."""
    x, a = Population("x", 2, Source()), Population("a", 2, Izhikevich())
    network = Network(
        [x, a],
        [
            Projection.from_matrix(x, a, 200 * np.eye(2), np.eye(2)),
            Projection.from_matrix(a, a, [[0.0, 0.2], [0.0, 0.0]], [[0, 1], [0, 0]]),
        ],
    )
    learner = RewardModulatedLearner(network)
    play(learner, ([99], [105]))
    assert learner.eligibilities[0][0] == pytest.approx(math.exp(-5 / 20) * math.exp(-(399 - 105) / 1000), rel=1e-9)
    y = Population("y", 2, Leaky())
    onto_readout = Projection.from_matrix(a, y, np.eye(2))
    with pytest.raises(ConfigError, match="plastic"):
        RewardModulatedLearner(Network([x, a, y], [onto_readout]), plastic=[onto_readout])


def distal(seed, *, rewarded):
    """Every synapse of a ring is paired now and then; reward comes half a second to one and a half after those of the first."""
    g, n, dt = np.random.default_rng(seed), 12, 5.0
    network = relay(n, [(k, (k + 1) % n) for k in range(n)], dt=dt)
    learner = RewardModulatedLearner(network, tau_reward=200.0, lr=1e-4, w_max=0.9)
    second = round(1000 / dt)
    length = 100 * second
    spikes, due = g.random((length, n)) < 0.5 * dt / 1000, np.zeros(length + 2 * second)
    for t in np.flatnonzero(g.random(length - 2) < 3 * dt / 1000):  # three pairings a second, each of one synapse
        pair = int(g.integers(n))
        spikes[t, pair], spikes[t + 2, (pair + 1) % n] = True, True
        due[t + g.integers(second // 2, 3 * second // 2)] += 0.5 * (pair == 0) * rewarded
    for row, reward in zip(spikes, due, strict=False):
        network.step(row.astype(float))
        learner.step(float(reward))
    weights = network.projections[1].data
    return weights[0] - 0.2, weights[1:] - 0.2


@check("the rule's steps are compared in every run")
@pytest.mark.parametrize("seed", few(range(2), 1, "another seed"))
def test_the_distal_reward_problem(seed):
    first, others = distal(seed, rewarded=True)
    assert first > others.max()
    assert (first - others.mean()) / others.std() > 3


def test_bad_input_is_refused_by_name():
    network = relay()
    learner = RewardModulatedLearner(network)
    for call, words in (
        (lambda: RewardModulatedLearner(network, 0), "tau_reward=0"),
        (lambda: RewardModulatedLearner(network, tau_pre=-1), "tau_pre=-1"),
        (lambda: RewardModulatedLearner(network, depression=-1.0), "depression=-1.0"),
        (lambda: RewardModulatedLearner(network, w_max=0.0), "w_max=0.0: allowed are finite numbers above 0"),
        (lambda: RewardModulatedLearner(network, w_max=0.1), r"weights from a to a: 0.2..0.2; allowed are 0..0.1"),
        (lambda: RewardModulatedLearner(network, plastic=[]), "plastic"),
        (lambda: RewardModulatedLearner(relay(), plastic=network.projections[1:]), "plastic"),
        (lambda: RewardModulatedLearner(3), "network: int given"),
        (lambda: RewardModulatedLearner(network, plastic=[3]), "plastic: list given"),
        (lambda: learner.step(math.nan), "reward=nan"),
        (lambda: learner.step(0.0), "network: 0 timesteps since the last step"),
        (lambda: (network.step(np.zeros(2)), network.step(np.zeros(2)), learner.step(0.0)), "network: 2 timesteps"),
        (lambda: (network.reset(3), network.step(np.zeros((3, 2))), learner.step(0.0)), "network: samples side by side"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()

"""The distal reward problem: only one synapse's pairings are rewarded, one to three seconds later (Izhikevich 2007, fig. 1)."""

import numpy as np
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Source
from sc_hw_models.training.reward import RewardModulatedLearner

SEEDS, SECONDS, WINDOW_MS, DT = 5, 600, 10, 2.0
NEURONS, W_MAX, START, LR, DEPRESSION = 40, 0.6, 0.3, 3e-4, 1.1


def build(seed: int) -> tuple[Network, np.random.Generator]:
    """Return neurons with plastic synapses among themselves, and noise that makes them spike."""
    g = np.random.default_rng(seed)
    x, e = Population("noise", NEURONS, Source()), Population("e", NEURONS, LIF(refractory=2, dt=DT))
    eye = np.eye(NEURONS)
    mask = (g.random((NEURONS, NEURONS)) < 0.1) & (eye == 0)
    mask[0, 1] = True  # the synapse that will be rewarded
    return Network([x, e], [Projection.from_matrix(x, e, eye, eye), Projection.from_matrix(e, e, START * mask, mask)]), g


def learn(seed: int, seconds: int = SECONDS, *, contingent: bool = True) -> tuple[np.ndarray, int, float]:
    """Return the weights each second ``(seconds + 1, synapses)``, the rewards given and the rate in Hz.

    The first synapse is the rewarded one. Without ``contingent`` as many rewards come at random times: the control.
    """
    network, g = build(seed)
    plastic, excitatory = network.projections[-1], network.populations["e"]
    learner = RewardModulatedLearner(network, tau_reward=200.0, lr=LR, depression=DEPRESSION, w_max=W_MAX, plastic=[plastic])
    second, due = round(1000 / DT), np.zeros(round((seconds + 3) * 1000 / DT) + 1)
    history, spikes, last, rewards = [plastic.data.copy()], 0, -second, 0
    for t in range(seconds * second):
        if t % second == 0:  # a current that keeps neurons below threshold, and kicks at 1.5 Hz that make them spike
            noise = g.normal(0.03, 0.06, (second, NEURONS))
            noise += 1.5 * (g.random(noise.shape) < 1.5 * DT / 1000)
        learner.step({"noise": noise[t % second]}, due[t])
        sent = excitatory.output
        spikes += int(sent.sum())
        if sent[1] and (t - last) * DT <= WINDOW_MS:
            due[t + int(g.integers(second, 3 * second)) if contingent else g.integers(t + 1, len(due))] += 0.5
            rewards += 1
        if sent[0]:
            last = t
        if t % second == second - 1:
            history.append(plastic.data.copy())
    chosen = int(np.flatnonzero((plastic.rows == 0) & (plastic.indices == 1))[0])
    weights = np.array(history)
    order = [chosen, *(k for k in range(weights.shape[1]) if k != chosen)]
    return weights[:, order], rewards, spikes / NEURONS / seconds


def separation(weights: np.ndarray) -> float:
    """Return how many standard deviations of the others the first synapse stands above their mean."""
    return float((weights[0] - weights[1:].mean()) / weights[1:].std())

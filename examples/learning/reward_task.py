"""The distal reward problem: only one synapse's pairings are rewarded, one to three seconds later (Izhikevich 2007, fig. 1)."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row, on_all_processors

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Source
from sc_hw_models.training.reward import RewardModulatedLearner

SEEDS, SECONDS, WINDOW_MS, DT = 5, 1000, 10, 4.0
NEURONS, START, W_MAX, LR = 40, 0.1, 0.5, 1.2e-4
SPONTANEOUS_HZ, PAIRINGS_HZ = 0.3, 0.1  # of each neuron, of each synapse


def build(g: np.random.Generator) -> tuple[Network, Projection]:
    """Return neurons with plastic synapses among themselves; the first synapse is the one that will be rewarded."""
    x, a = Population("stimulus", NEURONS, Source()), Population("neurons", NEURONS, LIF(refractory=1, dt=DT))
    eye = np.eye(NEURONS)
    mask = (g.random((NEURONS, NEURONS)) < 0.05) & (eye == 0)
    plastic = Projection.from_matrix(a, a, START * mask, mask)
    return Network([x, a], [Projection.from_matrix(x, a, 1.5 * eye, eye), plastic]), plastic


def learn(seed: int, contingent: bool = True) -> tuple[np.ndarray, int]:
    """Return the weights each second, ``(seconds + 1, synapses)``, and the number of rewards.

    Neurons spike by themselves now and then, and every synapse is paired now and then, the presynaptic neuron 8 ms before the
    postsynaptic one. Whatever made them, the first synapse's pairings are rewarded. Without ``contingent`` the rewards
    come at random times: the control.
    """
    g = np.random.default_rng(seed)
    network, plastic = build(g)
    learner = RewardModulatedLearner(network, tau_reward=200.0, lr=LR, w_max=W_MAX, plastic=[plastic])
    second, synapses = round(1000 / DT), len(plastic.data)
    steps = SECONDS * second
    stimulus = g.random((steps + 2, NEURONS)) < SPONTANEOUS_HZ * DT / 1000
    when, which = np.nonzero(g.random((steps, synapses)) < PAIRINGS_HZ * DT / 1000)
    stimulus[when, plastic.rows[which]] = True
    stimulus[when + 2, plastic.indices[which]] = True
    first, second_neuron = plastic.rows[0], plastic.indices[0]
    due, last, rewards = np.zeros(steps + 3 * second), -second, 0
    history = [plastic.data.copy()]
    for t in range(steps):
        sent = learner.step({"stimulus": stimulus[t].astype(float)}, due[t])
        if sent[second_neuron] and 0 < (t - last) * DT <= WINDOW_MS:
            due[t + g.integers(second, 3 * second) if contingent else g.integers(t + 1, len(due))] += 0.5
            rewards += 1
        if sent[first]:
            last = t
        if t % second == second - 1:
            history.append(plastic.data.copy())
    return np.array(history), rewards


def separation(weights: np.ndarray) -> float:
    """Return how many standard deviations of the others the first synapse stands above their mean."""
    return float((weights[0] - weights[1:].mean()) / weights[1:].std())


def measure() -> Measurement:
    """Play the protocol and its control on every seed."""
    runs = on_all_processors(learn, range(SEEDS))
    ends = [weights[-1] for weights, _ in runs]
    apart = [separation(w) for w in ends]
    control = [separation(weights[-1]) for weights, _ in on_all_processors(partial(learn, contingent=False), range(SEEDS))]
    first = sum(bool(w[0] > w[1:].max()) for w in ends)

    def draw(figure: Figure) -> None:
        course, ranks = figure.subplots(1, 2)
        weights = runs[0][0]
        course.plot(weights[:, 1::4], color=INK, linewidth=0.4, alpha=0.5)
        course.plot(weights[:, 0], color="#e07020", label="rewarded synapse")
        course.set(xlabel="time, s", ylabel="weight")
        course.legend()
        ranks.plot(range(SEEDS), apart, "o", color="#e07020", label="rewarded after its pairings")
        ranks.plot(range(SEEDS), control, "o", color=INK, label="rewarded at random times")
        ranks.set(xlabel="seed", ylabel="deviations above the others")
        ranks.legend()

    return Measurement(
        title="reward-modulated STDP: the distal reward problem",
        setting=f"{NEURONS} LIF neurons, {len(ends[0])} plastic synapses at seed 0, {SECONDS} s in steps of {DT:g} ms, rewards 1 "
        f"to 3 s after the pairings of one synapse ({', '.join(str(n) for _, n in runs)} rewards), seeds 0..{SEEDS - 1}.",
        rows=[
            Row("rewarded synapse above the others, in their deviations, worst seed", f"{min(apart):.1f}", "at least 3",
                min(apart) >= 3),
            Row("seeds where it is the strongest of all", f"{first} of {SEEDS}", "all", first == SEEDS),
            Row("rewards at random times: best seed", f"{max(control):.1f}", "less than 3", max(control) < 3),
        ],
        draw=draw,
    )  # fmt: skip

"""The distal reward problem in Izhikevich's own network: one of 80,000 synapses is rewarded, seconds after it was at work.

Source: Izhikevich, Cerebral Cortex 17 (2007), figure 1, with the figures of his published program for it.
"""

from collections.abc import Iterable

import numpy as np
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row, on_all_processors

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import Izhikevich, Source
from sc_hw_models.training.reward import RewardModulatedLearner

SEEDS, REWARDED, MOST_SECONDS = 4, 60, 2000  # a run ends when the synapse was coincident so often
NEURONS, EXCITATORY, OUT_DEGREE, W_MAX = 1000, 800, 100, 4.0  # weights in mV of voltage a timestep
COINCIDENCE_MS, REWARD, TONIC = 20, 0.5, 0.002  # of dopamine, in uM
PAIRINGS_HZ, LAG_MS, PULSE = 0.05, 5, 100.0


def build(g: np.random.Generator) -> tuple[Network, Projection]:
    """Return the network and its plastic synapses: excitatory ones onto all neurons, inhibitory ones onto excitatory neurons."""
    excitatory = np.arange(NEURONS) < EXCITATORY
    neuron = Izhikevich(a=np.where(excitatory, 0.02, 0.1), d=np.where(excitatory, 8.0, 2.0))
    x, a = Population("thalamus", NEURONS, Source()), Population("cortex", NEURONS, neuron)

    def synapses(chosen: np.ndarray, targets: int, weight: float) -> Projection:
        indptr = np.concatenate([[0], np.cumsum(OUT_DEGREE * chosen)])
        indices = [np.sort(g.choice(targets, OUT_DEGREE, replace=False)) for _ in range(chosen.sum())]
        return Projection(a, a, indptr, np.concatenate(indices), np.full(indptr[-1], weight))

    plastic, inhibition = synapses(excitatory, NEURONS, 1.0), synapses(~excitatory, EXCITATORY, -1.0)
    drive = Projection(x, a, np.arange(NEURONS + 1), np.arange(NEURONS), np.ones(NEURONS))
    return Network([x, a], [drive, plastic, inhibition]), plastic


def learn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the weights of the two chosen synapses each second, all others at the end, and how often each was coincident.

    Neurons spike by themselves, driven by noise. Two synapses without a neuron in common are also paired now and then: a pulse
    makes the presynaptic neuron spike, one ``LAG_MS`` later the postsynaptic one. Whenever that neuron spikes within
    ``COINCIDENCE_MS`` of the presynaptic one, whatever made it, a reward follows 1 to 3 s later; but for the first synapse only.
    A run ends 5 s after the first synapse's coincidence number ``REWARDED``: how long that takes is a matter of chance.
    """
    g = np.random.default_rng(seed)
    network, plastic = build(g)
    chosen = g.permutation(len(plastic.data))
    first = chosen[0]
    second = next(k for k in chosen if not {plastic.rows[k], plastic.indices[k]} & {plastic.rows[first], plastic.indices[first]})
    pair = [first, second]
    pre, post = plastic.rows[pair], plastic.indices[pair]
    plastic.data[pair] = 0.0
    learner = RewardModulatedLearner(
        network, tau_reward=200.0, potentiation=0.1, depression=0.15, lr=0.1, w_max=W_MAX, period=10, plastic=[plastic]
    )
    tonic = TONIC * (1 - np.exp(-1 / 200))  # what a timestep must add to hold that level
    steps = MOST_SECONDS * 1000
    paired = g.random((steps, 2)) < PAIRINGS_HZ / 1000
    paired[-LAG_MS:] = False
    due, last, coincident = np.zeros(steps + 3001), np.full(2, -steps), np.zeros(2, int)
    course, end = [], steps
    for t in range(steps):
        if t == end:
            break
        current = 13 * (g.random(NEURONS) - 0.5)
        current[pre[paired[t]]] += PULSE
        current[post[paired[t - LAG_MS]]] += PULSE
        sent = network.step(current)
        learner.step(due[t] + tonic)
        for k in np.flatnonzero(sent[post]):
            if 0 < t - last[k] < COINCIDENCE_MS:
                coincident[k] += 1
                due[t + 1000 + g.integers(1, 2001)] += REWARD * (k == 0)
                if k == 0 and coincident[k] == REWARDED:
                    end = min(steps, t + 5000)
        last[sent[pre] > 0] = t
        if t % 1000 == 999:
            course.append(plastic.data[pair])
    return np.array(course), np.delete(plastic.data, pair), coincident


def measure() -> Measurement:
    """Play the protocol on every seed."""
    runs = on_all_processors(learn, range(SEEDS))
    ends = [course[-1] for course, *_ in runs]
    apart = np.array([(end - others.mean()) / others.std() for end, (_, others, _) in zip(ends, runs, strict=True)])
    share = [100 * float((others > end[0]).mean()) for end, (_, others, _) in zip(ends, runs, strict=True)]

    def draw(figure: Figure) -> None:
        weight, spread = figure.subplots(1, 2)
        for seed, (course, *_) in enumerate(runs):
            for k, (colour, label) in enumerate((("#e07020", "rewarded 1 to 3 s later"), (INK, "paired as often, not rewarded"))):
                weight.plot(course[:, k], color=colour, linewidth=0.9, zorder=2 - k, label=None if seed else label)
        weight.set(xlabel="time, s", ylabel="weight, mV", ylim=(0, 1.3 * W_MAX))
        weight.legend(loc="upper left")
        spread.hist(runs[0][1], bins=40, color=INK, label="all others, seed 0")
        spread.axvline(ends[0][0], color="#e07020", label="rewarded synapse")
        spread.set(xlabel="weight at the end, mV", ylabel="synapses", yscale="log")
        spread.legend()

    def each(values: Iterable[float], digits: int = 1) -> str:
        return ", ".join(f"{value:.{digits}f}" for value in values)

    return Measurement(
        title="reward-modulated STDP: the distal reward problem",
        setting=f"{EXCITATORY} excitatory and {NEURONS - EXCITATORY} inhibitory Izhikevich neurons, {EXCITATORY * OUT_DEGREE:,} "
        f"plastic synapses, steps of 1 ms, two synapses paired {PAIRINGS_HZ:g} times a second, one of them rewarded, until it "
        f"was {REWARDED} times ({each((len(course) for course, *_ in runs), 0)} s; the other was coincident "
        f"{each((n[1] for *_, n in runs), 0)} times); seeds 0..{SEEDS - 1}.",
        rows=[
            Row(
                "rewarded synapse above all others, in their deviations, each seed",
                each(apart[:, 0]),
                "at least 3",
                bool(apart[:, 0].min() >= 3),
            ),
            Row("others that are stronger, %", each(share, 2), "at most 1", max(share) <= 1),
            Row(
                "the one paired as often but not rewarded, in deviations",
                each(apart[:, 1]),
                "less than 3",
                bool(apart[:, 1].max() < 3),
            ),
            Row("weights at the end, mV: rewarded", each((end[0] for end in ends), 2), "", True),
            Row("paired, not rewarded", each((end[1] for end in ends), 2), "", True),
            Row("mean of all others", each((others.mean() for _, others, _ in runs), 2), "", True),
        ],
        draw=draw,
    )

"""BPTT and TBPTT: say after a delay what was shown, several times in a row; peak memory over the length of the sequence."""

import tracemalloc

import numpy as np
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Leaky, Source
from sc_hw_models.training.bptt import BPTTLearner, TBPTTLearner
from sc_hw_models.training.losses import cross_entropy

SEEDS, SAMPLES, UPDATES, TRIAL = 5, 32, 100, 40


def task(seed: int, trials: int = 4) -> tuple[Network, dict[str, np.ndarray], np.ndarray]:
    """Return a recurrent network, and trials: a cue in the first 5 timesteps, the question in the last 5."""
    g = np.random.default_rng(seed)
    x, h, y = Population("x", 2, Source()), Population("h", 50, LIF(tau_mem=10.0)), Population("y", 2, Leaky(tau_mem=5.0))
    shapes = [(x, h, 1.5), (h, h, 0.2), (h, y, 0.1)]
    network = Network([x, h, y], [Projection.from_matrix(s, t, g.normal(0, scale, (s.n, t.n))) for s, t, scale in shapes])
    labels = g.integers(0, 2, (trials, SAMPLES))
    values, targets = np.zeros((trials, TRIAL, SAMPLES, 2)), np.full((trials, TRIAL, SAMPLES), -1)
    values[:, :5] = np.eye(2)[labels][:, None]
    targets[:, -5:] = labels[:, None]
    return network, {"x": values.reshape(-1, SAMPLES, 2)}, targets.reshape(-1, SAMPLES)


def peak(trials: int, k: int | None) -> float:
    """Return the peak memory of one step of learning, in MB."""
    network, values, targets = task(0, trials)
    learner = TBPTTLearner(network, cross_entropy, k=k) if k else BPTTLearner(network, cross_entropy)
    tracemalloc.start()
    learner.train_step(values, targets)
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size / 1e6


def measure() -> Measurement:
    """Train both learners on every seed and measure memory."""
    kinds = {"BPTT": None, "TBPTT, k = 40": 40, "TBPTT, k = 10": 10}
    colours = dict(zip(kinds, ("#2f8fd0", "#e07020", INK), strict=True))
    curves: dict[str, list[list[float]]] = {name: [] for name in kinds}
    right: dict[str, list[float]] = {name: [] for name in kinds}
    for seed in range(SEEDS):
        for name, k in kinds.items():
            network, values, targets = task(seed)
            learner = TBPTTLearner(network, cross_entropy, 0.005, k=k) if k else BPTTLearner(network, cross_entropy, 0.005)
            curves[name].append([learner.train_step(values, targets) / 20 for _ in range(UPDATES)])
            asked = targets >= 0
            right[name].append(float((network.run(values).argmax(axis=-1) == targets)[asked].mean()))
    trials = (1, 2, 4, 8, 16)
    memory = {name: [peak(n, kinds[name]) for n in trials] for name in ("BPTT", "TBPTT, k = 40")}
    growth = {name: sizes[-1] / sizes[1] for name, sizes in memory.items()}

    def draw(figure: Figure) -> None:
        loss, size = figure.subplots(1, 2)
        for name, runs in curves.items():
            loss.fill_between(
                range(UPDATES), *(f(runs, axis=0) for f in (np.min, np.max)), color=colours[name], alpha=0.25, linewidth=0
            )
            loss.plot(np.mean(runs, axis=0), color=colours[name], label=name)
        loss.set(xlabel="passes over the sequence", ylabel="cross-entropy a timestep", yscale="log")
        loss.legend()
        for name, sizes in memory.items():
            size.plot(TRIAL * np.array(trials), sizes, "o-", color=colours[name], label=name)
        size.set(xlabel="timesteps of the sequence", ylabel="peak memory, MB", ylim=0)
        size.legend()

    rows = [
        Row(f"{name}: right answers, worst seed", f"{100 * min(right[name]):.0f} %", "at least 95 %", min(right[name]) >= 0.95)
        for name in ("BPTT", "TBPTT, k = 40")
    ]
    rows += [
        Row("TBPTT, k = 10, shorter than the delay: mean", f"{100 * np.mean(right['TBPTT, k = 10']):.0f} %", "", True),
        Row(
            "TBPTT, k = 40: peak memory at 640 over that at 80 timesteps",
            f"{growth['TBPTT, k = 40']:.2f}",
            "at most 1.05",
            growth["TBPTT, k = 40"] <= 1.05,
        ),
        Row("BPTT: the same", f"{growth['BPTT']:.2f}", "", True),
    ]
    return Measurement(
        title="backpropagation through time",
        setting=f"50 recurrent LIF neurons, {SAMPLES} samples, 4 trials of {TRIAL} timesteps in a row, the cue in the first 5 "
        f"and the question in the last 5; {UPDATES} passes, Adam at 0.005, seeds 0..{SEEDS - 1}.",
        rows=rows,
        draw=draw,
    )

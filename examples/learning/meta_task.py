"""MAML on sinusoids (Finn et al. 2017, section 5.1) and evolution of a spiking network's weights."""

import numpy as np
from matplotlib.figure import Figure
from measurement import INK, Measurement, Row

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Leaky, Source
from sc_hw_models.training.evolution import SNNGeneticEvolver
from sc_hw_models.training.meta import MetaLearner, TanhRegressor, Task

UPDATES, TASKS, SHOTS, INNER, OUTER, STEPS = 4000, 8, 10, 0.02, 0.002, 5
FORMS = {"MAML": False, "first-order MAML": True}


def sinusoids(g: np.random.Generator, count: int) -> list[Task]:
    """Return tasks of amplitude 0.1 to 5 and phase 0 to pi; x in -5 to 5 is given to the network as x / 5."""
    tasks = []
    for _ in range(count):
        size, phase = g.uniform(0.1, 5.0), g.uniform(0, np.pi)
        support, query = (g.uniform(-5, 5, (SHOTS, 1)) for _ in range(2))
        tasks.append(((support / 5, size * np.sin(support - phase)), (query / 5, size * np.sin(query - phase))))
    return tasks


def trained(first_order: bool | None) -> TanhRegressor:
    """Return a network meta-learned in one of the forms, or (None) trained on all tasks jointly."""
    network, g = TanhRegressor([1, 40, 40, 1], seed=1), np.random.default_rng(0)
    learner = MetaLearner(network, INNER, OUTER, first_order=bool(first_order))
    for _ in range(UPDATES):
        tasks = sinusoids(g, TASKS)
        if first_order is None:
            gradients = [network.gradient(network.weights, query)[1] for _, query in tasks]
            learner.optimiser.step(network.weights, [np.mean(parts, axis=0) for parts in zip(*gradients, strict=True)])
        else:
            learner.outer_step(tasks)
    return network


def evolve() -> list[float]:
    """Return the best fitness over generations of a network of LIF neurons that is to answer at a given time after its input."""
    x, h, y = Population("x", 5, Source()), Population("h", 20, LIF()), Population("y", 1, Leaky(tau_mem=10.0))
    network = Network([x, h, y], [Projection.from_matrix(s, t, np.zeros((s.n, t.n))) for s, t in ((x, h), (h, h), (h, y))])
    values = np.zeros((40, 5))
    values[:3] = 1.0
    target = np.exp(-(((np.arange(40) - 25) / 5) ** 2))[:, None]

    def fitness(weights: list[np.ndarray]) -> float:
        for old, new in zip(network.weights, weights, strict=True):
            old[:] = new
        return -float(np.square(network.run({"x": values}) - target).mean())

    evolver = SNNGeneticEvolver(lambda g: [g.normal(0, 0.3, w.shape) for w in network.weights], fitness, 40, 0.1, seed=1)
    start = evolver.best_fitness
    evolver.evolve(80)
    return [start, *evolver.history]


def measure() -> Measurement:
    """Train all three networks and judge them on the same 200 new tasks; evolve."""
    tasks = sinusoids(np.random.default_rng(99), 200)
    losses = {}
    for name, form in {**FORMS, "joint training": None}.items():
        network = trained(form)
        judge = MetaLearner(network, INNER, OUTER)
        losses[name] = [
            float(np.mean([network.gradient(judge.adapt(support, k), query)[0] for support, query in tasks]))
            for k in range(STEPS + 1)
        ]
    baseline = min(losses["joint training"])
    history = evolve()

    def draw(figure: Figure) -> None:
        steps, generations = figure.subplots(1, 2)
        for (name, values), colour in zip(losses.items(), ("#2f8fd0", "#e07020", INK), strict=True):
            steps.plot(values, "o-", color=colour, label=name)
        steps.set(xlabel="steps of adaptation", ylabel="squared error on new tasks", ylim=0)
        steps.legend()
        generations.plot(-np.array(history), color="#2f8fd0")
        generations.set(xlabel="generations", ylabel="error of the best", ylim=0)

    rows = []
    for name in FORMS:
        before, after = losses[name][:2]
        wanted = f"below {before:.2f} un-adapted and {baseline:.2f} joint, adapted as well as it can"
        rows.append(Row(f"{name}: squared error after one step", f"{after:.2f}", wanted, after < min(before, baseline)))
    fall = history[-1] / history[0]
    return Measurement(
        title="meta-learning and evolution",
        setting=f"Sinusoids: 1-40-40-1 tanh, {UPDATES:,} updates of {TASKS} tasks with {SHOTS} points, inner rate {INNER}, "
        f"Adam at {OUTER}, 200 new tasks, seeds 0 and 1. Evolution: 40 networks of 20 LIF neurons, 80 generations, seed 1.",
        rows=[*rows, Row("evolution: error of the best over that at the start", f"{fall:.2f}", "at most 0.5", fall <= 0.5)],
        draw=draw,
    )

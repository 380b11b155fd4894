"""MAML against autodiff through the inner steps; sinusoids; evolution; schedules against their formulas."""

import math

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad

from sc_hw_models.rule import ConfigError
from sc_hw_models.training.evolution import SNNGeneticEvolver
from sc_hw_models.training.meta import MetaLearner, TanhRegressor
from sc_hw_models.training.optimisers import SGD
from sc_hw_models.training.schedulers import CosineScheduler, ExponentialScheduler, StepScheduler, WarmupCosineScheduler

from ..daily import check


def loss(weights, batch):
    x, y = batch
    for k in range(0, len(weights), 2):
        x = x @ weights[k] + weights[k + 1]
        x = x if k == len(weights) - 2 else anp.tanh(x)
    return anp.mean((x - y) ** 2)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("sizes", [[3, 2], [3, 6, 5, 2]])
def test_the_meta_gradient_is_autodiff_s(sizes, steps):
    g = np.random.default_rng(steps)
    network = TanhRegressor(sizes, seed=1)
    task = tuple((g.normal(size=(7, 3)), g.normal(size=(7, 2))) for _ in range(2))

    def adapted(weights):
        for _ in range(steps):
            weights = [w - 0.1 * s for w, s in zip(weights, grad(loss)(weights, task[0]), strict=True)]
        return loss(weights, task[1])

    value, found = MetaLearner(network, 0.1, steps=steps).meta_gradient(task)
    expected = grad(adapted)(network.weights)
    assert value == pytest.approx(adapted(network.weights))
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, atol=1e-10)
    _, first = MetaLearner(network, 0.1, steps=steps, first_order=True).meta_gradient(task)
    end = MetaLearner(network, 0.1, steps=steps).adapt(task[0])
    for f, e in zip(first, grad(loss)(end, task[1]), strict=True):
        np.testing.assert_allclose(f, e, atol=1e-10)
    assert max(np.abs(f - e).max() for f, e in zip(first, expected, strict=True)) > 1e-3  # the two forms differ


def sinusoids(g, count=8, shots=10):
    """The paper's tasks: amplitude 0.1 to 5, phase 0 to pi, x in -5 to 5."""
    tasks = []
    for _ in range(count):
        size, phase = g.uniform(0.1, 5.0), g.uniform(0, np.pi)
        xs = [g.uniform(-5, 5, (shots, 1)) for _ in range(2)]
        tasks.append(tuple((x / 5, size * np.sin(x - phase)) for x in xs))
    return tasks


@check("fifteen seconds of training; its gradients are compared with autodiff in every run")
def test_adapting_to_sinusoids_beats_not_adapting_and_joint_training():
    tests = sinusoids(np.random.default_rng(99), 100)

    def after(network, steps):
        judge = MetaLearner(network, 0.02)
        return np.mean([network.gradient(judge.adapt(support, steps), query)[0] for support, query in tests])

    def trained(form):
        network, g = TanhRegressor([1, 40, 40, 1], seed=1), np.random.default_rng(0)
        learner = MetaLearner(network, 0.02, 0.002, first_order=form == "first-order")
        for _ in range(1500):
            tasks = sinusoids(g)
            if form == "joint":
                gradients = [network.gradient(network.weights, query)[1] for _, query in tasks]
                learner.optimiser.step(network.weights, [np.mean(parts, axis=0) for parts in zip(*gradients, strict=True)])
            else:
                learner.outer_step(tasks)
        return network

    joint = trained("joint")
    for form in ("second-order", "first-order"):
        network = trained(form)
        adapted = after(network, 1)
        assert adapted < 0.7 * after(network, 0)
        assert adapted < 0.8 * min(after(joint, 1), after(joint, 0))


def test_evolution_finds_and_keeps_the_best():
    target = np.linspace(-1, 1, 6)
    judged = []

    def fitness(weights):
        judged.append(1)
        return -float(np.square(weights[0] - target).sum()) if weights[0][0] < 2 else math.nan

    evolver = SNNGeneticEvolver(lambda g: [g.normal(0, 1, 6)], fitness, 30, mutation_rate=0.3, mutation_scale=0.2, seed=4)
    start = evolver.best_fitness
    assert evolver.evolve(60) is evolver.best
    history = evolver.history
    assert history == sorted(history)
    assert history[-1] > 0.02 * start
    assert len(judged) == 30 + 60 * 24
    again = SNNGeneticEvolver(lambda g: [g.normal(0, 1, 6)], fitness, 30, mutation_rate=0.3, mutation_scale=0.2, seed=4)
    again.evolve(25)
    kept = again.state
    later = SNNGeneticEvolver(lambda g: [g.normal(0, 1, 6)], fitness, 30, mutation_rate=0.3, mutation_scale=0.2, seed=5)
    later.restore(kept)
    for resumed in (again, later):  # gone on with, and stopped and restored
        resumed.evolve(35)
        assert resumed.history == history
        assert (resumed.best[0] == evolver.best[0]).all()


def test_nan_ranks_last_and_elites_are_unchanged():
    values = iter([math.nan, 1.0, math.nan, -math.inf, 5.0])
    evolver = SNNGeneticEvolver(lambda g: [g.normal(0, 1, 2)], lambda _: next(values), 5, elite_fraction=0.4)
    assert evolver.fitness[:3] == [5.0, 1.0, -math.inf]
    assert all(math.isnan(f) for f in evolver.fitness[3:])
    elite = [w.copy() for w in evolver.best]
    evolver.fitness_func = lambda _: math.nan
    evolver.evolve(3)
    assert (evolver.best[0] == elite[0]).all()


def test_schedules_follow_their_formulas():
    cases = {
        StepScheduler(0.8, 3, 0.5): [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2],
        ExponentialScheduler(1.0, 0.5): [1.0, 0.5, 0.25],
        CosineScheduler(1.0, 0.2, 4): [1.0, 0.6 + math.sqrt(0.08), 0.6, 0.6 - math.sqrt(0.08), 0.2, 0.2],
        WarmupCosineScheduler(1.0, 0.0, 2, 6): [0, 0.5, 1.0, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125), 0.0, 0.0],
    }.items()
    for schedule, expected in cases:
        for _ in range(2):
            assert schedule.lr == pytest.approx(expected[0], abs=1e-12)
            for rate in expected[1:]:
                assert schedule.step() == schedule.lr == pytest.approx(rate, abs=1e-12)
            state, rate = schedule.state, schedule.lr
            schedule.reset()
        schedule.restore(state)
        assert schedule.lr == rate


def test_bad_input_is_refused_by_name():
    network = TanhRegressor([1, 2, 1])
    ones = lambda g: [g.normal(size=2)]  # noqa: E731
    for call, words in (
        (lambda: MetaLearner(network, 0), "inner_lr=0"),
        (lambda: MetaLearner(network, outer_lr=-1), "outer_lr=-1"),
        (lambda: MetaLearner(network, steps=0), "steps=0"),
        (lambda: MetaLearner(network).outer_step([]), "tasks: none"),
        (lambda: network.gradient(network.weights, (np.ones((3, 2)), np.ones((3, 1)))), r"inputs: shape \(3, 2\)"),
        (lambda: network.gradient(network.weights, (np.ones((3, 1)), np.ones(3))), r"targets: shape \(3,\)"),
        (lambda: TanhRegressor([1]), r"sizes=\[1\]"),
        (lambda: SNNGeneticEvolver(ones, sum, 1), "population_size=1"),
        (lambda: SNNGeneticEvolver(ones, sum, mutation_rate=2), "mutation_rate=2"),
        (lambda: SNNGeneticEvolver(ones, sum, elite_fraction=-0.1), "elite_fraction=-0.1"),
        (lambda: SNNGeneticEvolver(lambda g: [], sum), "layer_factory"),
        (lambda: SNNGeneticEvolver(ones, lambda w: 0.0).evolve(0), "generations=0"),
        (lambda: StepScheduler(0.1, 0), "step_size=0"),
        (lambda: StepScheduler(-0.1, 1), "lr_init=-0.1"),
        (lambda: ExponentialScheduler(0.1, 1.1), "gamma=1.1"),
        (lambda: CosineScheduler(0.1, 0.2, 5), "lr_min=0.2"),
        (lambda: WarmupCosineScheduler(0.1, 0.0, 5, 5), "warmup_steps=5"),
        (lambda: SGD(lr=math.nan), "lr=nan"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()

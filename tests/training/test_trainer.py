"""Training on several tasks: protection on real data; a restored trainer goes on alike."""

import numpy as np
import pytest

from sc_hw_models.continual.anchored import AnchoredPenalty
from sc_hw_models.continual.fisher import Perceptron
from sc_hw_models.continual.metrics import transfer
from sc_hw_models.continual.rehearsal import TEMPERATURE, ReplayBuffer, distilled
from sc_hw_models.continual.trainer import METHODS, ContinualTrainer
from sc_hw_models.rule import ConfigError
from tests.daily import check


def digits():
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    order = np.random.RandomState(0).permutation(len(labels))
    pixels, labels = pixels[order], labels[order]
    deviation = pixels[:1347].std(axis=0)
    return (pixels - pixels[:1347].mean(axis=0)) / np.where(deviation > 0, deviation, 1), labels


def permuted(method, strength):
    """Return the mean accuracy over five tasks at the end: scikit-learn's digits, features in another order each task."""
    pixels, labels = digits()
    trainer = ContinualTrainer([64, 64, 10], method=method, strength=strength, damping=0.1, optimiser="sgd", lr=0.1, batch=16)
    orders = [np.random.default_rng(k).permutation(64) for k in range(5)]
    for order in orders:
        for _ in range(4):
            trainer.train_epoch(pixels[:1347, order], labels[:1347])
        trainer.finish_task(pixels[:1347, order], labels[:1347])
    return np.mean([trainer.accuracy(k, pixels[1347:, order], labels[1347:]) for k, order in enumerate(orders)])


@check("a spiking network is protected in every run")
def test_protection_protects():
    unprotected = permuted("none", 0.0)
    assert unprotected < 0.65
    assert permuted("ewc", 10.0) > unprotected + 0.1
    assert permuted("si", 0.1) > unprotected + 0.1


@pytest.mark.parametrize(
    ("method", "optimiser"), [("none", "sgd"), *((m, "adam") for m in METHODS if m != "none"), ("ewc", "sgd"), ("si", "sgd")]
)
def test_a_restored_trainer_goes_on_alike(method, optimiser):
    g = np.random.default_rng(2)
    x, labels = g.normal(size=(60, 5)), g.integers(0, 2, 60)
    make = lambda: ContinualTrainer([5, 6, 2], 2, method=method, optimiser=optimiser, lr=0.05, batch=8, seed=3)  # noqa: E731
    whole = make()
    for moment in range(6):
        again = make()
        again.restore({name: array.copy() for name, array in whole.state.items()})
        for _ in range(whole.task):
            again.remember(x, labels)
        for trainer in (whole, again):
            trainer.train_epoch(x, labels)
            if moment == 3:
                trainer.finish_task(x, labels)
        for name, array in whole.state.items():
            assert (array == again.state[name]).all(), (name, moment)
    head = whole.weights[-2].copy()
    whole.train_epoch(x, labels)
    untouched = (whole.weights[-2] == head).all()  # the output layer of the first task, by the second
    assert untouched == (method not in ("lwf", "replay", "joint"))


def numerical(function, weights):
    """The gradient of a function of weights by central differences."""
    result = [np.zeros(w.shape) for w in weights]
    for w, g in zip(weights, result, strict=True):
        for place in np.ndindex(w.shape):
            kept = w[place]
            values = []
            for moved in (kept + 1e-6, kept - 1e-6):
                w[place] = moved
                values.append(function(weights))
            w[place] = kept
            g[place] = (values[0] - values[1]) / 2e-6
    return result


@pytest.mark.parametrize("biases", [False, True])
def test_gradients_of_loss_and_distillation_by_differences_and_mas_by_its_definition(biases):
    g = np.random.default_rng(5)
    network, x, labels = Perceptron(biases=biases), g.normal(size=(7, 4)), g.integers(0, 3, 7)
    weights, before = ([g.normal(size=(5, 4 + biases)), g.normal(size=(3, 5 + biases))] for _ in range(2))
    by_hand = x @ weights[0][:, :4].T + (weights[0][:, 4] if biases else 0)
    by_hand = np.maximum(by_hand, 0) @ weights[1][:, :5].T + (weights[1][:, 5] if biases else 0)
    np.testing.assert_allclose(network.outputs(weights, x), by_hand)

    def soft(w):
        e = np.exp(network.outputs(w, x) / TEMPERATURE)
        return e / e.sum(axis=1, keepdims=True)

    said = soft(before)
    for function, found in (
        (lambda w: network.loss_gradient(w, x, labels)[0], network.loss_gradient(weights, x, labels)[1]),
        (
            lambda w: -(TEMPERATURE**2) * float((said * np.log(soft(w))).sum(axis=1).mean()),
            distilled(network, before, weights, x)[1],
        ),
    ):
        for a, b in zip(found, numerical(function, weights), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-7)
    expected = -4 * float((said * np.log(soft(weights))).sum(axis=1).mean())
    assert distilled(network, before, weights, x)[0] == pytest.approx(expected)
    total = [np.zeros(w.shape) for w in weights]
    for sample in x:  # the size of each gradient of the outputs' squared length
        squared = numerical(lambda w, s=sample: float(np.square(network.outputs(w, s[None])).sum()), weights)
        total = [t + np.abs(s) for t, s in zip(total, squared, strict=True)]
    for a, b in zip(network.absolute_gradients(weights, x, 2 * network.outputs(weights, x)), total, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_an_anchored_penalty_by_hand():
    penalty, w = AnchoredPenalty([(2,)], 3.0, 0.5), [np.array([1.0, 2.0])]
    penalty.add([np.array([1.0, 4.0])], [np.zeros(2)])
    penalty.add([np.array([2.0, 0.0])], [np.array([0.5, 0.0])])
    importance, away = np.array([2.5, 2.0]), np.array([0.5, 2.0])
    assert penalty.value(w) == pytest.approx(1.5 * (importance * away**2).sum())
    np.testing.assert_allclose(penalty.gradient(w)[0], numerical(penalty.value, w)[0], rtol=1e-6)
    penalty.pull(w, 0.1)
    np.testing.assert_allclose(w[0] - [0.5, 0.0], away / (1 + 0.3 * importance))  # where penalty and distance are least


def test_a_memory_keeps_an_even_draw():
    x, counts = np.arange(50.0)[:, None], np.zeros(50)
    for seed in range(400):
        memory = ReplayBuffer(10)
        memory.keep(x, np.arange(50), [seed])
        inputs, labels = memory.tasks[0]
        assert len(set(labels)) == 10
        assert (inputs[:, 0] == labels).all()
        counts[labels] += 1
    assert counts.min() > 40
    drawn = memory.draw(0, 1000, np.random.default_rng(0))[1]
    assert set(drawn) == set(labels)
    everything = ReplayBuffer(None)
    everything.keep(x, np.arange(50), [0])
    assert len(everything.tasks[0][0]) == 50


def test_figures_of_a_matrix_of_accuracies_by_hand():
    """Lopez-Paz and Ranzato's, and Chaudhry's, which looks for the best accuracy a task ever had."""
    matrix = np.array([[0.9, 0.2, 0.1], [0.95, 0.8, 0.3], [0.5, 0.6, 0.7]])
    found = transfer(matrix, np.array([0.1, 0.1, 0.2]))
    assert found.average_accuracy == pytest.approx(0.6)
    assert found.learned == pytest.approx(0.8)
    assert found.backward_transfer == pytest.approx((0.5 - 0.9 + 0.6 - 0.8) / 2)
    assert found.forward_transfer == pytest.approx((0.2 - 0.1 + 0.3 - 0.2) / 2)
    assert found.forgetting == pytest.approx((0.95 - 0.5 + 0.8 - 0.6) / 2)
    assert transfer(np.array([[0.4]]), np.array([0.1])).forgetting == 0
    for matrix, untrained, words in (
        (np.ones((2, 3)), np.ones(2), r"matrix: shape \(2, 3\)"),
        (2 * np.eye(2), np.ones(2), "matrix: 0..2"),
        (np.eye(2), np.ones(3), "untrained: shape"),
    ):
        with pytest.raises(ConfigError, match=words):
            transfer(matrix, untrained)


def split(pixels, labels, k):
    chosen = labels // 2 == k
    return pixels[chosen], labels[chosen]


def test_only_classes_of_tasks_begun_are_told_apart_and_replay_keeps_them():
    pixels, labels = digits()
    ends = {}
    for method in ("none", "ewc", "lwf", "replay", "joint"):
        trainer = ContinualTrainer([64, 64, 10], growth=2, method=method, strength=1e3 if method == "ewc" else 1.0, biases=True)
        for k in range(3):
            x, y = split(pixels[:1347], labels[:1347], k)
            for _ in range(6):
                trainer.train_epoch(x, y)
                assert trainer.classes == 2 * (k + 1)
            assert trainer.predict(0, pixels).max() < 2 * (k + 1)
            if k < 2:
                trainer.finish_task(x, y)
        ends[method] = [trainer.accuracy(k, *split(pixels[1347:], labels[1347:], k)) for k in range(3)]
    assert ends["none"][0] < 0.1  # all is taken for the last task's classes
    assert np.mean(ends["replay"]) > 0.85
    assert np.mean(ends["joint"]) > 0.9
    assert np.mean(ends["ewc"]) < np.mean(ends["replay"])
    with pytest.raises(ConfigError, match="labels: up to 9; allowed in task 2 are classes below 6"):
        trainer.train_epoch(pixels, labels)


KEEPING = [("online_ewc", 100.0), ("mas", 0.03), ("lwf", 1.0), ("replay", 0.0), ("joint", 0.0)]


@pytest.mark.parametrize(("method", "strength"), KEEPING)
def test_every_method_keeps_tasks_that_fine_tuning_forgets(method, strength):
    """Two digits told apart by one output layer, then other two."""
    pixels, labels = digits()

    def end(name, strength):
        trainer = ContinualTrainer([64, 64, 2], method=name, strength=strength, lr=0.003, batch=32, seed=1)
        for k in range(3):
            x, y = split(pixels[:1347], labels[:1347], k)
            for _ in range(10):
                trainer.train_epoch(x, y % 2)
            trainer.finish_task(x, y % 2)
        parts = [split(pixels[1347:], labels[1347:], k) for k in range(3)]
        return np.mean([trainer.accuracy(k, x, y % 2) for k, (x, y) in enumerate(parts)])

    assert end(method, strength) > end("none", 0.0) + 0.01


def test_bad_input_is_refused_by_name():
    trainer = ContinualTrainer([4, 3, 2])
    for call, words in (
        (lambda: ContinualTrainer([4]), r"sizes=\[4\]"),
        (lambda: ContinualTrainer([4, 2], method="l2"), "method='l2'"),
        (lambda: ContinualTrainer([4, 2], optimiser="lamb"), "optimiser='lamb'"),
        (lambda: ContinualTrainer([4, 2], strength=-1), "strength=-1"),
        (lambda: ContinualTrainer([4, 2], batch=0), "batch=0"),
        (lambda: ContinualTrainer([4, 2], heads=0), "heads=0"),
        (lambda: trainer.train_epoch(np.ones((3, 5)), np.zeros(3, int)), r"inputs: shape \(3, 5\)"),
        (lambda: trainer.train_epoch(np.ones((3, 4)), np.full(3, 2)), "classes 0..1"),
        (lambda: trainer.train_epoch(np.full((3, 4), np.nan), np.zeros(3, int)), "inputs: nan"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()

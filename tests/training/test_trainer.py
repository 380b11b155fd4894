"""Training on several tasks: protection on real data; a restored trainer goes on alike."""

import numpy as np
import pytest

from sc_hw_models.continual.trainer import ContinualTrainer
from sc_hw_models.rule import ConfigError


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


def test_protection_protects():
    unprotected = permuted("none", 0.0)
    assert unprotected < 0.65
    assert permuted("ewc", 10.0) > unprotected + 0.1
    assert permuted("si", 0.1) > unprotected + 0.1


@pytest.mark.parametrize(
    ("method", "optimiser"), [("none", "sgd"), ("ewc", "adam"), ("ewc", "sgd"), ("si", "adam"), ("si", "sgd")]
)
def test_a_restored_trainer_goes_on_alike(method, optimiser):
    g = np.random.default_rng(2)
    x, labels = g.normal(size=(60, 5)), g.integers(0, 2, 60)
    make = lambda: ContinualTrainer([5, 6, 2], 2, method=method, optimiser=optimiser, lr=0.05, batch=8, seed=3)  # noqa: E731
    whole = make()
    for moment in range(6):
        again = make()
        again.restore({name: array.copy() for name, array in whole.state.items()})
        for trainer in (whole, again):
            trainer.train_epoch(x, labels)
            if moment == 3:
                trainer.finish_task(x, labels)
        for name, array in whole.state.items():
            assert (array == again.state[name]).all(), (name, moment)
    head = whole.weights[-2].copy()
    whole.train_epoch(x, labels)
    assert (whole.weights[-2] == head).all()  # the output layer of the first task is not touched by the second


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

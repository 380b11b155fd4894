"""Fisher information against finite differences, enumeration and written-out formulas."""

import numpy as np
import pytest

from sc_hw_models.continual.fisher import Perceptron, fisher_diagonal
from sc_hw_models.rule import ConfigError

from .slopes import SHAPES, log_likelihood, network, slope


def labels_of(likelihood, outputs):
    return range(outputs) if likelihood == "softmax" else [np.array(bits) for bits in np.ndindex(*(2,) * outputs)]


@pytest.mark.parametrize("likelihood", ["softmax", "logistic"])
@pytest.mark.parametrize("shapes", SHAPES)
def test_exact_fisher_is_the_enumeration_of_every_label(likelihood, shapes):
    weights, inputs, _ = network(shapes)
    expected = [np.zeros(shape) for shape in shapes]
    for x in inputs:
        for label in labels_of(likelihood, 3):
            p = np.exp(log_likelihood(likelihood, weights, x, label))
            gradient = slope(lambda w, x=x, label=label: log_likelihood(likelihood, w, x, label), weights)
            expected = [e + p * g**2 / len(inputs) for e, g in zip(expected, gradient, strict=True)]
    for found, wanted in zip(fisher_diagonal(Perceptron(likelihood), weights, inputs), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("likelihood", ["softmax", "logistic"])
@pytest.mark.parametrize("shapes", SHAPES)
def test_empirical_fisher_squares_each_sample_s_own_gradient(likelihood, shapes):
    weights, inputs, g = network(shapes, 1)
    labels = g.integers(0, 3, 6) if likelihood == "softmax" else g.integers(0, 2, (6, 3))
    gradients = [
        slope(lambda w, x=x, y=y: log_likelihood(likelihood, w, x, y), weights) for x, y in zip(inputs, labels, strict=True)
    ]
    found = fisher_diagonal(Perceptron(likelihood), weights, inputs, labels, kind="empirical")
    for layer, array in enumerate(found):
        np.testing.assert_allclose(array, np.mean([sample[layer] ** 2 for sample in gradients], axis=0), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("likelihood", ["softmax", "logistic"])
def test_sampled_fisher_tends_to_the_exact_one(likelihood):
    weights, inputs, _ = network(SHAPES[1], 2)
    exact = fisher_diagonal(Perceptron(likelihood), weights, inputs)
    sampled = fisher_diagonal(Perceptron(likelihood), weights, np.tile(inputs, (3000, 1)), kind="sampled", seed=5)
    for found, wanted in zip(sampled, exact, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=0.1, atol=1e-3)
    one = [fisher_diagonal(Perceptron(likelihood), weights, inputs, kind="sampled", seed=seed)[0] for seed in (5, 5, 6)]
    assert (one[0] == one[1]).all()
    assert (one[0] != one[2]).any()


def test_one_logistic_layer_has_a_closed_form():
    weights, inputs, _ = network([(3, 5)], 3)
    p = 1 / (1 + np.exp(-inputs @ weights[0].T))
    found = fisher_diagonal(Perceptron("logistic"), weights, inputs)[0]
    np.testing.assert_allclose(found, (p * (1 - p)).T @ inputs**2 / len(inputs))


@pytest.mark.parametrize("shapes", SHAPES)
def test_the_loss_s_gradient_is_its_slope(shapes):
    weights, inputs, g = network(shapes, 4)
    labels = g.integers(0, 3, 6)

    def loss(w):
        return -np.mean([log_likelihood("softmax", w, x, label) for x, label in zip(inputs, labels, strict=True)])

    value, found = Perceptron().loss_gradient(weights, inputs, labels)
    assert value == pytest.approx(loss(weights))
    for f, e in zip(found, slope(loss, weights), strict=True):
        np.testing.assert_allclose(f, e, rtol=1e-5, atol=1e-9)


def test_fisher_refuses():
    weights, inputs, _ = network([(3, 5)])
    with pytest.raises(ConfigError, match="likelihood='gauss'"):
        Perceptron("gauss")
    for arguments, words in (
        ({"kind": "true"}, "kind='true'.*exact"),
        ({"kind": "empirical"}, "labels: shape None"),
        ({"kind": "empirical", "labels": np.zeros(5, int)}, r"labels: shape \(5,\)"),
    ):
        with pytest.raises(ConfigError, match=words):
            fisher_diagonal(Perceptron(), weights, inputs, **arguments)
    with pytest.raises(ConfigError, match=r"inputs: shape \(0, 5\)"):
        fisher_diagonal(Perceptron(), weights, inputs[:0])


def test_probabilities_do_not_overflow():
    weights = [np.array([[1000.0], [999.0]])]
    e = 1 / (1 + np.exp(-1))
    found = Perceptron().probabilities(weights, np.array([[1.0], [-1.0], [0.0]]))
    np.testing.assert_allclose(found, [[e, 1 - e], [1 - e, e], [0.5, 0.5]])
    np.testing.assert_allclose(Perceptron("logistic").probabilities(weights, np.array([[1.0], [-1.0]])), [[1, 1], [0, 0]])

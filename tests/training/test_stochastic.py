"""The stochastic-computing layer: products of streams, the Fisher information in closed form, and what the pull keeps."""

import numpy as np
import pytest

from sc_hw_models.continual.stochastic import EWC_SCLayer
from sc_hw_models.rule import ConfigError

from ..daily import few


def tasks(g):
    """Two linear tasks that ask for different things of different inputs, and of some the same ones."""
    return [
        (x := np.clip(g.normal(0, 0.5, (80, 20)), -1, 1) * mask, (x @ g.normal(size=(20, 2)) > 0) * 1.0)
        for mask in (np.arange(20) < 13, np.arange(20) > 6)
    ]


def test_streams_tend_to_the_product_as_their_length_grows():
    g = np.random.default_rng(0)
    x = g.uniform(-1, 1, (6, 5))
    errors = []
    for length in (16, 256, 4096):
        layer = EWC_SCLayer(5, 3, stream_length=length, gain=2.0, seed=1)
        layer.weights[:] = np.random.default_rng(1).uniform(-1, 1, (3, 5))
        exact = 1 / (1 + np.exp(-2.0 * (x @ layer.weights.T) / 5))
        np.testing.assert_allclose(layer.probabilities([layer.weights], x), exact)
        errors.append(np.sqrt(np.mean([(layer.forward(x) - exact) ** 2 for _ in range(6)])))
    assert 2.5 < errors[0] / errors[1] < 6.5  # a standard error falls with the root of the length: 4
    assert 2.5 < errors[1] / errors[2] < 6.5
    ones = EWC_SCLayer(5, 1, stream_length=1, gain=1.0)
    ones.weights[:] = -1.0
    np.testing.assert_allclose(ones.forward(np.ones((1, 5))), 1 / (1 + np.e))  # certain bits: no noise at all


def test_importance_is_the_fisher_information():
    g = np.random.default_rng(3)
    layer = EWC_SCLayer(20, 2)
    layer.weights[:] = g.uniform(-1, 1, (2, 20))
    x = g.uniform(-1, 1, (30, 20))
    layer.consolidate_task(x)
    p = layer.probabilities([layer.weights], x)
    np.testing.assert_allclose(layer.fisher_info, (p * (1 - p)).T @ (16 / 20 * x) ** 2 / 30)
    assert (layer.fisher_info > 0).all()


@pytest.mark.parametrize("seed", few(range(3), 1, "other seeds"))
def test_the_pull_keeps_the_first_task(seed):
    kept = {}
    for strength in (0.0, 3.0):
        first, second = tasks(np.random.default_rng(seed))
        layer = EWC_SCLayer(20, 2, stream_length=64, lr=0.5, ewc_lambda=strength, seed=seed)
        for x, labels in (first, second):
            for _ in range(120):
                layer.train_step(x, labels)
            layer.consolidate_task()
        kept[strength] = [((layer.probabilities([layer.weights], x) > 0.5) == labels).mean() for x, labels in (first, second)]
    assert kept[3.0][0] > kept[0.0][0] + 0.1
    assert np.mean(kept[3.0]) > np.mean(kept[0.0])


def test_bad_input_is_refused_by_name():
    layer = EWC_SCLayer(3, 2)
    for call, words in (
        (lambda: EWC_SCLayer(0, 2), "n_inputs=0"),
        (lambda: EWC_SCLayer(3, 2, stream_length=0), "stream_length=0"),
        (lambda: EWC_SCLayer(3, 2, ewc_lambda=-1), "ewc_lambda=-1"),
        (lambda: layer.forward(np.full((1, 3), 1.5)), "inputs: up to 1.5 in size"),
        (lambda: layer.forward(np.zeros((1, 4))), r"inputs: shape \(1, 4\)"),
        (lambda: layer.train_step(np.zeros((1, 3)), np.full((1, 2), 0.5)), "labels: allowed are 0 and 1"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()

"""What rules keep of a network goes with it into a copy and a pickle; an optimiser serves one learner."""

import copy
import pickle

import numpy as np
import pytest

from sc_hw_models.rule import ConfigError
from sc_hw_models.training.bptt import BPTTLearner
from sc_hw_models.training.homeostasis import HomeostaticPlasticity
from sc_hw_models.training.losses import squared_error
from sc_hw_models.training.optimisers import SGD, Adam
from sc_hw_models.training.structural import StructuralPlasticity

from .test_names import network


def scaled(made, rule, steps):
    for _ in range(steps):
        made.step(5 * np.ones(3))
        rule.update(made.populations["a"])
    return made.weights[1]


def rewired(made, rule, steps):
    for _ in range(steps):
        made.step(5 * np.ones(3))
        rule.update(made.projections[1])
    return made.projections[1].to_matrix()


RULES = [(lambda: HomeostaticPlasticity(10.0, 20.0), scaled), (lambda: StructuralPlasticity(0.5, 0.4, period=5), rewired)]


def pickled(both):
    return pickle.loads(pickle.dumps(both))  # noqa: S301 - what this test has made


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled], ids=["copy", "pickle"])
@pytest.mark.parametrize(("make", "go"), RULES, ids=["homeostasis", "rewiring"])
def test_a_copy_of_a_network_with_its_rule_goes_on_as_they_do(make, go, copied):
    made, rule = network(), make()
    go(made, rule, 3)
    other, others_rule = copied((made, rule))
    before = go(made, rule, 0).copy()
    expected = go(made, rule, 4)
    found = go(other, others_rule, 4)
    np.testing.assert_array_equal(found, expected)
    assert (found != before).any()


def test_a_copy_of_a_rule_alone_is_about_the_same_population():
    made, rule = network(), HomeostaticPlasticity(10.0, 20.0)
    scaled(made, rule, 7)
    rates = rule.rates(made.populations["a"])
    assert (copy.deepcopy(rule).rates(made.populations["a"]) == rates).all()
    assert (rates != 10.0).any()


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_an_optimiser_of_another_network_is_refused_and_nothing_learned(kind):
    optimiser, first, second = kind(), network(), network()
    inputs, targets = np.ones((4, 3)), np.zeros((4, 2))
    BPTTLearner(first, squared_error, optimiser=optimiser).train_step(inputs, targets)
    second.projections[1].rewire(np.array([0, 1, 1, 1, 1]), np.array([1]), np.array([0.5]))
    before = [w.copy() for w in second.weights]
    with pytest.raises(ConfigError, match=r"^weights: .* this optimiser learns"):
        BPTTLearner(second, squared_error, optimiser=optimiser).train_step(inputs, targets)
    assert all((w == b).all() for w, b in zip(second.weights, before, strict=True))

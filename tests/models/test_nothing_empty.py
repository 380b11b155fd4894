"""What measured nothing says so, and weights given the other way round are told from inputs that do not fit."""

import numpy as np
import pytest

from sc_hw.errors import UserError
from sc_hw_models.continual.fisher import Perceptron, fisher_diagonal
from sc_hw_models.continual.learner import ContinualLearner
from sc_hw_models.continual.quantise import quantised
from sc_hw_models.deviation import Deviations
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError, Field
from tests.bench.measure import Group, Row, measure


def test_deviations_of_nothing_are_refused():
    deviations = Deviations()
    with pytest.raises(ConfigError, match="no errors of anything were gathered"):
        deviations.figures()
    deviations.add({"weight": np.array([0.5, -1.0]), "release": np.array([])})
    with pytest.raises(ConfigError, match="no errors of release were gathered"):
        deviations.figures()
    deviations.add({"release": np.array([2.0])})
    assert deviations.figures() == {
        "weight_rms": pytest.approx(0.625**0.5),
        "release_rms": 2.0,
        "weight_max": 1.0,
        "release_max": 2.0,
    }


@pytest.mark.parametrize("name", RULES)
def test_an_accuracy_of_no_timesteps_is_refused(name):
    rule = get_rule(name)
    with pytest.raises(ConfigError, match="gathered"):
        rule.accuracy(rule.config_type(), 1, 0)


@pytest.mark.parametrize("rounds", [0, -1])
def test_a_bench_of_no_rounds_is_refused(rounds):
    group = Group(title="", unit="", counted="", reference="a", rows=[Row(name="a", run=lambda: pytest.fail("was run"))])
    with pytest.raises(UserError, match=f"--rounds {rounds}: measures nothing"):
        measure(group, rounds)


G = np.random.default_rng(3)
INPUTS = G.normal(size=(20, 4))


@pytest.mark.parametrize("shapes", [[(4, 8), (8, 3)], [(4, 3)], [(4, 8), (8, 8), (8, 3)]])
def test_weights_the_other_way_round_are_named_before_the_inputs(shapes):
    learner = ContinualLearner([G.normal(size=shape) for shape in shapes])
    with pytest.raises(ConfigError, match=r"weights: shapes .*\(outputs, inputs\).*transpose every array") as caught:
        learner.measure_fisher(INPUTS)
    with pytest.raises(ConfigError, match="transpose every array"):
        learner.compute_fisher(INPUTS)
    assert str(shapes) in str(caught.value)
    right = [weight.T for weight in learner.weights]
    assert [f.shape for f in fisher_diagonal(Perceptron(), right, INPUTS)] == [w.shape for w in right]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(8, 5), (3, 8)], r"inputs: shape \(\d+, 4\) given; allowed is \(samples, 5\), because .*\(8, 5\)"),
        (
            [(8, 4), (3, 7)],
            r"weights: layer 1 of shape \(3, 7\) takes 7 inputs, the layer before it of shape \(8, 4\) has 8 outputs",
        ),
        ([(8, 4), (8, 3)], r"weights: layer 1 of shape \(8, 3\) takes 3 inputs"),
        ([(8, 4), (8,)], r"weights: shapes \[\(8, 4\), \(8,\)\] given; allowed is \(outputs, inputs\)"),
    ],
)
def test_weights_that_do_not_fit_are_named(shapes, message):
    weights = [G.normal(size=shape) for shape in shapes]
    with pytest.raises(ConfigError, match=message):
        fisher_diagonal(Perceptron(), weights, INPUTS)


def test_weights_that_no_scale_holds_are_refused():
    one_bit = Field(name="weight", bits=2, signed=True)
    with pytest.raises(ConfigError, match="scale=inf"):
        quantised(np.array([1.7e308]), one_bit)
    with pytest.raises(ConfigError, match="whose difference is a number"):
        quantised(np.array([-1.7e308, 1.7e308]), Field(name="weight", bits=2))
    assert np.isfinite(quantised(np.linspace(-1, 1, 8) * 1e300, Field(name="weight", bits=11, signed=True)).error_rms)

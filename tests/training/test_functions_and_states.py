"""Functions that take or return something else, and states that are not the object's own: refused by name, nothing changed."""

import copy

import numpy as np
import pytest

from sc_hw_models.continual.ewc import ElasticPenalty
from sc_hw_models.continual.trainer import ContinualTrainer
from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Leaky, Source
from sc_hw_models.rule import ConfigError
from sc_hw_models.training.bptt import BPTTLearner
from sc_hw_models.training.eprop import EpropTrainer, ProjectionEligibility
from sc_hw_models.training.evolution import SNNGeneticEvolver
from sc_hw_models.training.losses import squared_error
from sc_hw_models.training.online import OnlineTrainer
from sc_hw_models.training.schedulers import ExponentialScheduler
from sc_hw_models.training.spiking import SpikingClassifier
from sc_hw_models.training.surrogates import fast_sigmoid

INPUTS, TARGETS = np.ones((5, 3)), np.zeros((5, 2))


def network():
    x, h, y = Population("x", 3, Source()), Population("h", 4, LIF()), Population("y", 2, Leaky())
    return Network([x, h, y], [Projection.from_matrix(s, t, np.full((s.n, t.n), 0.5)) for s, t in ((x, h), (h, h), (h, y))])


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("loss_fn", lambda f: BPTTLearner(network(), f)),
        ("loss_fn", lambda f: EpropTrainer(3, 4, 2, loss_fn=f)),
        ("loss_fn", lambda f: OnlineTrainer([3, 2], loss_fn=f)),
        ("surrogate", lambda f: BPTTLearner(network(), squared_error, surrogate=f)),
        ("surrogate", lambda f: EpropTrainer(3, 4, 2, surrogate=f)),
        ("surrogate", lambda f: ProjectionEligibility(network().projections[0], f)),
        ("surrogate", lambda f: OnlineTrainer([3, 2], surrogate=f)),
        ("surrogate", lambda f: SpikingClassifier(network(), surrogate=f)),
        ("fitness_func", lambda f: SNNGeneticEvolver(lambda: np.zeros(2), f, 2)),
        ("layer_factory", lambda f: SNNGeneticEvolver(f, lambda w: 0.0, 2)),
    ],
)
def test_a_function_of_other_arguments_is_refused_before_it_is_called(name, make):
    with pytest.raises(ConfigError, match=f"^{name}: takes"):
        make(lambda a, b, c, d: None)
    if name == "surrogate":  # what makes a surrogate is none
        with pytest.raises(ConfigError, match=r"^surrogate: takes"):
            make(fast_sigmoid)


@pytest.mark.parametrize("returned", ["x", None, 1.0, np.ones(3), np.full(4, np.nan)], ids=repr)
def test_a_surrogate_returns_a_number_for_each_neuron(returned):
    for learn in (
        BPTTLearner(network(), squared_error, surrogate=lambda d, t: returned).train_step,
        EpropTrainer(3, 4, 2, surrogate=lambda d, t: returned).train_sequence,
    ):
        with pytest.raises(ConfigError, match=r"^surrogate: "):
            learn(INPUTS, TARGETS)


def test_a_penalty_of_another_network_is_refused():
    with pytest.raises(ConfigError, match=r"^penalty: shapes"):
        BPTTLearner(network(), squared_error, penalty=ElasticPenalty([(1,)], 1.0))


def trainer():
    result = ContinualTrainer([3, 4, 2])
    result.train_epoch(np.ones((4, 3)), np.zeros(4, int))
    return result


def evolver():
    return SNNGeneticEvolver(lambda g: g.normal(size=2), lambda w: float(w.sum()), 3)


def without(state, name):
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize("make", [trainer, evolver, lambda: ExponentialScheduler(0.1)], ids=["trainer", "evolver", "schedule"])
def test_a_state_of_something_else_is_refused_and_changes_nothing(make):
    made = make()
    state = copy.deepcopy(made.state)
    wrong = [None, 3, [], {}, *(without(state, name) for name in state)]
    wrong += [{**state, name: bad} for name in state for bad in (None, "x", np.ones((7, 7)), [np.nan, "x"], -1.5)]
    for bad in wrong:
        with pytest.raises(ConfigError, match=r"state|count"):
            made.restore(bad)
    np.testing.assert_equal(made.state, state)
    made.restore(state)

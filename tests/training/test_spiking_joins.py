"""Spiking networks where other systems expect a network."""

import numpy as np
import pytest

from sc_hw_models.continual.codes import importance_codes
from sc_hw_models.continual.ewc import ElasticPenalty
from sc_hw_models.continual.fisher import fisher_diagonal
from sc_hw_models.continual.learner import ContinualLearner
from sc_hw_models.continual.si import SynapticIntelligence
from sc_hw_models.network import Projection
from sc_hw_models.neurons import ALIF, LIF
from sc_hw_models.online_o1 import OnlineO1Synapse
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError
from sc_hw_models.training.bptt import BPTTLearner
from sc_hw_models.training.eprop import ProjectionEligibility
from sc_hw_models.training.losses import cross_entropy, squared_error
from sc_hw_models.training.meta import MetaLearner
from sc_hw_models.training.optimisers import Adam
from sc_hw_models.training.spiking import SpikingClassifier

from .joined import SEED, built, data, exchange

# Spiking networks where other systems expect a network.


def classified(timesteps=10, samples=6):
    g = np.random.default_rng([SEED, 2])
    return (g.random((samples, timesteps, 5)) < 0.4) * 1.0, g.integers(0, 3, samples)


def log_likelihood(label):
    """The loss -log p(label), p the softmax of outputs averaged over time, and its gradient."""

    def loss(outputs, targets):
        z = outputs.mean(axis=0)
        p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        return -float(np.log(p[label])), np.broadcast_to((p - np.eye(3)[label]) / len(outputs), outputs.shape)

    return loss


@pytest.mark.parametrize("neuron", [LIF(threshold=0.7, refractory=2), ALIF(threshold=0.7)])
def test_the_fisher_information_of_a_spiking_network_by_enumeration(neuron):
    network, (inputs, labels) = built(neuron=neuron), classified()
    classifier = SpikingClassifier(network)
    exact = fisher_diagonal(classifier, network.weights, inputs)
    empirical = fisher_diagonal(classifier, network.weights, inputs, labels, kind="empirical")
    p = classifier.probabilities(network.weights, inputs)
    wanted, told = ([np.zeros(w.shape) for w in network.weights] for _ in range(2))
    for k, sample in enumerate(inputs):
        for c in range(3):
            gradients = BPTTLearner(network, log_likelihood(c)).gradients(sample, np.zeros((len(sample), 3)))[1]
            for total, truth, gradient in zip(wanted, told, gradients, strict=True):
                total += p[k, c] * gradient**2 / len(inputs)
                truth += (c == labels[k]) * gradient**2 / len(inputs)
    for found, expected in ((exact, wanted), (empirical, told)):
        for a, b in zip(found, expected, strict=True):
            assert b.max() > 0
            np.testing.assert_allclose(a, b, atol=1e-12 * b.max())
    assert (classifier.predict(inputs) == p.argmax(axis=1)).all()


def test_the_logistic_fisher_information_of_a_spiking_network():
    network, (inputs, _) = built(), classified()
    found = fisher_diagonal(SpikingClassifier(network, "logistic"), network.weights, inputs)
    p = SpikingClassifier(network, "logistic").probabilities(network.weights, inputs)
    wanted = [np.zeros(w.shape) for w in network.weights]
    for k, sample in enumerate(inputs):
        for c in range(3):
            loss = lambda outputs, targets, c=c: (0.0, np.broadcast_to(np.eye(3)[c] / len(outputs), outputs.shape))  # noqa: E731
            for total, g in zip(wanted, BPTTLearner(network, loss).gradients(sample, np.zeros((10, 3)))[1], strict=True):
                total += p[k, c] * (1 - p[k, c]) * g**2 / len(inputs)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12 * b.max())


def test_maml_on_a_spiking_network_is_bptt_at_the_end_of_its_inner_steps():
    network, support, query = built(), data(), data(seed=SEED + 1)
    network.projections[2].data *= 0.1
    learner = MetaLearner(network, 1e-3, 0.01, steps=2)
    assert learner.first_order
    start = [w.copy() for w in network.weights]
    loss, found = learner.meta_gradient((support, query))
    for w, now in zip(start, network.weights, strict=True):
        np.testing.assert_array_equal(w, now)  # the network keeps its own
    by_hand = BPTTLearner(network, squared_error)
    for _ in range(2):
        for w, g in zip(network.weights, by_hand.gradients(*support)[1], strict=True):
            w -= 1e-3 * g
    expected_loss, expected = by_hand.gradients(*query)
    assert loss == pytest.approx(expected_loss)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b)
    losses = [learner.outer_step([(support, query), support]) for _ in range(30)]
    assert losses[-1] < losses[0]
    with pytest.raises(ConfigError, match="first_order=False: this network has no hessian_product"):
        MetaLearner(network, first_order=False)


def task(seed):
    """Three classes, told by how often each input spikes; 30 samples of 20 timesteps."""
    g = np.random.default_rng([SEED, seed])
    labels, rates = g.integers(0, 3, 30), 0.7 * g.random((3, 5))
    return (g.random((20, 30, 5)) < rates[labels]) * 1.0, np.tile(labels, (20, 1))


@pytest.mark.parametrize(("kind", "strength"), [("ewc", 100.0), ("si", 1.0)])
def test_ewc_and_si_protect_a_spiking_network(kind, strength):
    (inputs, labels), second = task(3), task(4)
    risen = []
    for chosen in (0.0, strength):
        network = built()
        network.projections[2].data *= 0.2
        shapes = [w.shape for w in network.weights]
        penalty = ElasticPenalty(shapes, chosen) if kind == "ewc" else SynapticIntelligence(network.weights, strength=chosen)
        learner = BPTTLearner(network, cross_entropy, optimiser=Adam(0.01), penalty=penalty)
        losses = [learner.train_step(inputs, labels) for _ in range(60)]
        if isinstance(penalty, SynapticIntelligence):
            assert 0.5 < sum(path.sum() for path in penalty.path) / (losses[0] - losses[-1]) < 2  # the fall of the loss
            penalty.finish_task(network.weights)
        else:
            penalty.add(fisher_diagonal(SpikingClassifier(network), network.weights, inputs.transpose(1, 0, 2)), network.weights)
        learned = cross_entropy(learner.predict(inputs), labels)[0]
        learner.optimiser = Adam(0.01)
        for _ in range(60):
            learner.train_step(*second)
        risen.append(cross_entropy(learner.predict(inputs), labels)[0] - learned)
    assert risen[1] < 0.3 * risen[0]


def test_a_penalty_follows_a_rewiring():
    network, (inputs, targets) = built(), data()
    penalty = ElasticPenalty([w.shape for w in network.weights], 1.0)
    learner = BPTTLearner(network, squared_error, penalty=penalty)
    importance = [np.arange(1.0, w.size + 1) for w in network.weights]
    penalty.add(importance, network.weights)
    p = network.projections[1]
    before = dict(zip(p.matrix.place.tolist(), importance[1], strict=True))
    stays = exchange(p)
    learner.train_step(inputs, targets)
    for stay, where, found in zip(stays, p.matrix.place.tolist(), penalty.fisher[1], strict=True):
        assert found == (before[where] if stay else 0.0)


def test_a_spiking_network_goes_on_to_codes_and_to_synapses_of_a_core():
    """Its weights and their Fisher information, a plasticity for each projection, codes, a configuration, one synapse."""
    network, (inputs, _) = built(), classified()
    learner = ContinualLearner(network.weights, ["in", "recurrent", "out"], plasticity_rule="r_stdp")
    fisher = learner.measure_fisher(inputs, network=SpikingClassifier(network))
    learner.register_task(0.9)
    assert importance_codes(fisher[0], "shift").max() == 7
    for config in learner.extract_plasticity_configs():
        made = get_rule("r_stdp").from_plasticity(config)
        synapse = OnlineO1Synapse(made.config)
        assert synapse.step(True, True, made.config.max_reward).weight > 0
    network.projections[0].data += 0.1
    learner.update_weights(network.weights)
    assert learner.ewc_penalty() > 0


@pytest.mark.parametrize("adaptation", [0.0, 0.3])
def test_e_prop_s_eligibility_of_any_projection_is_the_dense_one_s(adaptation):
    """Sparse, without loops, recurrent, from inputs; samples side by side or one alone."""
    neuron = ALIF(threshold=0.6, adaptation=adaptation) if adaptation else LIF(threshold=0.6)
    for samples in (None, 3):
        network = built(neuron=neuron)
        hidden, inputs = network.populations["h"], data(10, 3)[0]
        inputs = inputs if samples else inputs[:, 0]
        full = [Projection.from_matrix(p.source, p.target, p.to_matrix()) for p in network.projections[:2]]
        sparse, dense = ([ProjectionEligibility(p) for p in projections] for projections in (network.projections[:2], full))
        for trace in (*sparse, *dense):
            trace.reset(samples)
        network.reset(samples)
        for x in inputs:
            sent = (x, hidden.output)
            network.step(x)
            for s, d, z in zip(sparse, dense, sent, strict=True):
                whole = d.step(z, hidden.state)
                np.testing.assert_allclose(s.step(z, hidden.state), whole[..., s.projection.matrix.place])
        assert np.abs(whole).max() > 0

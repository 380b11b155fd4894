"""Public classes joined as a user would join them: what one does to a network, the others must live with."""

import numpy as np
import pytest

from sc_hw_models.continual.stochastic import EWC_SCLayer
from sc_hw_models.network import Network, Population, Projection, Wiring
from sc_hw_models.neurons import ALIF, LIF, Source
from sc_hw_models.rule import ConfigError
from sc_hw_models.rules.stp import ShortTermPlasticity
from sc_hw_models.training.bptt import BPTTLearner, TBPTTLearner
from sc_hw_models.training.eprop import EpropTrainer, ProjectionEligibility
from sc_hw_models.training.evolution import SNNGeneticEvolver
from sc_hw_models.training.federated import FederatedAggregator
from sc_hw_models.training.homeostasis import HomeostaticPlasticity
from sc_hw_models.training.losses import cross_entropy, squared_error
from sc_hw_models.training.meta import MetaLearner
from sc_hw_models.training.online import OnlineLIFLayer, OnlineTrainer
from sc_hw_models.training.optimisers import SGD, Adam
from sc_hw_models.training.reward import RewardModulatedLearner
from sc_hw_models.training.schedulers import CosineScheduler, StepScheduler, WarmupCosineScheduler
from sc_hw_models.training.structural import StructuralPlasticity

from .joined import SEED, built, data, exchange

# Rewiring under learners that keep something of each synapse.


def test_what_is_kept_for_each_synapse_follows_a_rewiring():
    network = built()
    p, wiring = network.projections[1], Wiring(network.projections)
    kept = {int(place): value for place, value in zip(p.matrix.place, np.arange(1.0, len(p.data) + 1), strict=True)}
    stays = exchange(p)
    assert 0 < stays.sum() < len(stays)
    ((k, carried),) = wiring.changes()
    assert k == 1
    for shape in ((), (2,), (2, 3)):
        values = np.broadcast_to(np.array(list(kept.values())), (*shape, len(kept)))
        expected = [kept[int(place)] if stay else 0.0 for place, stay in zip(p.matrix.place, stays, strict=True)]
        np.testing.assert_array_equal(carried(values), np.broadcast_to(expected, (*shape, len(kept))))
    assert not list(wiring.changes())  # told once


@pytest.mark.parametrize("learner", [BPTTLearner, TBPTTLearner])
@pytest.mark.parametrize("optimiser", [lambda: Adam(0.01), lambda: SGD(1e-5, momentum=0.9)])
def test_rewiring_inside_a_network_that_learns_by_gradients(learner, optimiser):
    network, (inputs, targets) = built(), data()
    subject = learner(network, squared_error, optimiser=optimiser())
    for _ in range(3):
        subject.train_step(inputs, targets)
    p, moment = network.projections[1], subject.optimiser.state[1].copy()
    before = dict(zip(p.matrix.place.tolist(), moment, strict=True))
    stays, seen, genuine = exchange(p), [], subject.optimiser.step
    assert 0 < stays.sum() < len(stays)

    def step(weights, gradients):
        seen.append(subject.optimiser.state[1].copy())
        genuine(weights, gradients)

    subject.optimiser.step = step
    subject.train_step(inputs, targets)
    for value, stay, where in zip(seen[0], stays, p.matrix.place.tolist(), strict=True):
        assert value == (before[where] if stay else 0.0)
    dense, mask = p.to_matrix(), p.to_matrix() != 0
    again = Network(
        list(network.populations.values()),
        [network.projections[0], Projection.from_matrix(p.source, p.target, dense, mask), network.projections[2]],
    )
    for found, wanted in zip(
        subject.gradients(inputs, targets)[1], BPTTLearner(again, squared_error).gradients(inputs, targets)[1], strict=True
    ):
        np.testing.assert_allclose(found, wanted)


def test_rewiring_in_the_middle_of_a_sequence_of_e_prop():
    trainer = EpropTrainer(5, 8, 3, threshold=0.3, adaptation=0.2, recurrent_scale=2.0, seed=1)
    inputs, targets = data(samples=1)
    for x, target in zip(inputs[:6, 0], targets[:6, 0], strict=True):
        trainer.step(x, target)
    p = trainer.network.projections[1]
    mask = np.random.default_rng(2).random((8, 8)) < 0.5
    sparse = Projection.from_matrix(p.source, p.target, p.to_matrix(), (p.to_matrix() != 0) & mask)
    p.rewire(sparse.indptr, sparse.indices, sparse.data)
    trainer.step(inputs[6, 0], targets[6, 0])
    filtered, slow = (
        dict(zip(p.matrix.place.tolist(), array, strict=True)) for array in (trainer.filtered[1], trainer.eligibilities[1].slow)
    )
    stays = exchange(p, 0.1)
    kappa, rho = trainer.network.output.neuron.decay, trainer.eligibilities[1].neuron.adaptation_decay
    trainer._follow()
    for _ in trainer.eligibilities[1]._wiring.changes():
        pass
    for stay, where, found in zip(stays, p.matrix.place.tolist(), trainer.filtered[1], strict=True):
        assert found == (filtered[where] if stay else 0.0)
    assert 0 < kappa < 1
    assert 0 < rho < 1
    assert len(slow) == len(stays)
    hidden = trainer.network.populations["hidden"]
    assert hidden.output.shape == (8,)
    trainer.step(inputs[7, 0], targets[7, 0])
    assert np.isfinite(trainer.filtered[1]).all()
    trainer.reset()
    trainer.train_sequence(inputs, targets)


def test_e_prop_s_slow_eligibility_follows_too():
    network = built(neuron=ALIF(threshold=0.5, adaptation=0.3))
    p, hidden = network.projections[1], network.populations["h"]
    trace = ProjectionEligibility(p)
    for x in data(samples=1)[0][:8, 0]:
        sent = hidden.output
        network.step(x)
        trace.step(sent, hidden.state)
    slow = dict(zip(p.matrix.place.tolist(), trace.slow, strict=True))
    assert any(slow.values())
    stays, sent = exchange(p), hidden.output
    network.step(np.zeros(5))
    eligibility = trace.step(sent, hidden.state)
    rho = trace.neuron.adaptation_decay
    for stay, where, found, e in zip(stays, p.matrix.place.tolist(), trace.slow, eligibility, strict=True):
        assert found == pytest.approx(rho * (slow[where] if stay else 0.0) + e)


def test_reward_homeostasis_and_rewiring_share_a_network():
    """In one loop; the eligibilities of synapses that stay are those they would be without the exchange."""

    def run(rewiring):
        network, g = built(density=0.9), np.random.default_rng(SEED)
        p = network.projections[1]
        learner = RewardModulatedLearner(network, plastic=[p], lr=1e-3)
        scaling, exchanger = (
            HomeostaticPlasticity(30.0, 50.0, tau_scaling=200.0),
            StructuralPlasticity(0.2, 0.1, period=40, seed=1),
        )
        for t in range(40):
            network.step(g.random(5) < 0.4)
            learner.step(float(t % 7 == 0))
            scaling.update(network.populations["h"])
            if rewiring:
                exchanger.update(p)
        kept = learner.eligibilities[0].copy(), p.matrix.place
        network.step(np.zeros(5))
        learner.step(0.0)
        return p, kept, learner.eligibilities[0]

    (p, (_, _), followed), (_, (_, places), plain) = run(True), run(False)
    assert len(p.data) == len(places)
    wanted = dict(zip(places.tolist(), plain, strict=True))
    same = [(where, e) for where, e in zip(p.matrix.place.tolist(), followed, strict=True) if where in wanted]
    assert 0 < len(same) < len(places)
    moved = [abs(e - wanted[where]) for where, e in same if e != 0]
    assert len(moved) > 5
    # The one timestep after the exchange depends on spikes, which differ only by synapses exchanged just before.
    assert np.median(moved) < 1e-6


def test_short_term_plasticity_stands_between_two_networks():
    """What a population sends, weighted by its resources, drives the next: STP takes ``output`` as it is."""
    first, stp = built(), ShortTermPlasticity(100.0, 300.0, 0.4)
    x, y = Population("released", 8, Source()), Population("y", 3, LIF())
    second = Network([x, y], [Projection.from_matrix(x, y, np.full((8, 3), 2.0))])
    releases, expected = [], ShortTermPlasticity(100.0, 300.0, 0.4)
    for inputs in data(30, 1)[0][:, 0]:
        first.step(inputs)
        sent = first.populations["h"].output
        releases.append(stp.update(sent))
        second.step(releases[-1])
        np.testing.assert_array_equal(releases[-1], expected.update(sent == 1))
        np.testing.assert_array_equal(x.output, releases[-1])
    assert np.max(releases) > 0
    first.reset(2)
    first.step(np.zeros((2, 5)))
    with pytest.raises(ConfigError, match="pre_spikes: shape"):
        stp.update(first.populations["h"].output)


# The tools around learners.


@pytest.mark.parametrize(
    "schedule", [StepScheduler(0.1, 2), CosineScheduler(0.1, 0.01, 5), WarmupCosineScheduler(0.1, 0.0, 2, 9)]
)
def test_schedules_drive_every_learner_that_has_an_optimiser(schedule):
    inputs, targets = data()
    learners = (
        (learner := BPTTLearner(built(), squared_error, optimiser=SGD(0.5)), lambda: learner.train_step(inputs, targets)),
        (eprop := EpropTrainer(5, 8, 3, optimiser=SGD(0.5)), lambda: eprop.train_sequence(inputs, targets)),
        (online := OnlineTrainer([5, 8, 3], optimiser=SGD(0.5)), lambda: online.train_sequence(inputs, targets)),
        (meta := MetaLearner(built(), optimiser=SGD(0.5)), lambda: meta.outer_step([(inputs, targets)])),
    )
    for subject, train in learners:
        schedule.reset()
        subject.optimiser.lr = schedule.lr
        for _ in range(4):
            network = getattr(subject, "network", subject)
            before = [w.copy() for w in network.weights]
            rate = subject.optimiser.lr
            train()
            moved = max(np.abs(w - b).max() for w, b in zip(network.weights, before, strict=True))
            assert (moved > 0) == (rate > 0)
            subject.optimiser.lr = schedule.step()


def test_evolution_of_a_network_a_layer_and_a_stochastic_layer():
    inputs = np.ones((5, 5))
    for factory, judge in (
        (lambda g: built(int(g.integers(1000))), lambda network: -float(np.square(network.run(inputs) - 1).sum())),
        (lambda g: OnlineLIFLayer(5, 3, seed=int(g.integers(1000))), lambda layer: -float(np.square(layer.weights - 1).sum())),
        (lambda: EWC_SCLayer(5, 3), lambda layer: -float(np.square(layer.get_weights() - 0.3).sum())),
    ):
        # Sizes must agree, which random sparsity would spoil: the same places, other weights.
        make = (lambda g, factory=factory: reseeded(factory, g)) if factory.__code__.co_argcount else factory
        evolver = SNNGeneticEvolver(make, judge, 8, 0.5, seed=SEED)
        start = evolver.best_fitness
        best = evolver.evolve(5)
        assert judge(best) == evolver.best_fitness >= start
        assert evolver.history[-1] > start
    with pytest.raises(ConfigError, match="layer_factory: makes no weights, or other shapes"):
        SNNGeneticEvolver(lambda g: built(int(g.integers(1000))), lambda network: 0.0, 8)


def reseeded(factory, g):
    individual = factory(np.random.default_rng(1))
    for w in individual.weights if isinstance(individual.weights, list) else [individual.weights]:
        w[...] = g.normal(0.3, 0.3, w.shape)
    return individual


def test_gradients_of_clients_are_summed_in_secret_and_their_signs_voted_on():
    network = built()
    clients = [BPTTLearner(network, squared_error).gradients(*data(seed=k))[1] for k in range(5)]
    for layer in range(3):
        sent = [gradients[layer] for gradients in clients]
        np.testing.assert_allclose(FederatedAggregator.secure_sum_protocol(sent), np.sum(sent, axis=0), atol=1e-8)
        votes = FederatedAggregator.aggregate_gradients([(g > 0).astype(np.uint8) for g in sent])
        assert (votes == (np.sum([g > 0 for g in sent], axis=0) > 2)).all()


def test_online_layers_read_what_a_network_sends_and_learn_a_class():
    network, layer = built(), OnlineTrainer([8, 3], loss_fn=cross_entropy)
    for x in data(6, 1)[0][:, 0]:
        network.step(x)
        told = layer.step(network.populations["h"].output, np.array(1))
    assert np.isfinite(told["loss"])

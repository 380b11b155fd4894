"""E-prop and online layers against autodiff in which spikes reach other neurons as constants; learning; memory."""

import tracemalloc

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad

from sc_hw_models.network import Population, Projection
from sc_hw_models.neurons import Leaky
from sc_hw_models.rule import ConfigError
from sc_hw_models.training.bptt import BPTTLearner
from sc_hw_models.training.eprop import EpropTrainer, ProjectionEligibility
from sc_hw_models.training.losses import cross_entropy, squared_error
from sc_hw_models.training.online import OnlineTrainer
from sc_hw_models.training.surrogates import triangular

from ..daily import check, few
from .reference import run, spike, stopped


def trainer(**arguments):
    return EpropTrainer(4, 7, 3, 12.0, 15.0, 0.7, **({"input_scale": 2.0, "recurrent_scale": 1.5} | arguments))


def sequence(seed, timesteps=25, samples=3):
    g = np.random.default_rng(seed)
    return g.random((timesteps, samples, 4)) < 0.3, g.normal(size=(timesteps, samples, 3))


def autodiff(network, inputs, targets, hidden):
    """Gradients where the hidden layer's spikes, on their way to itself, are constants."""
    matrices = [p.to_matrix() for p in network.projections]

    def loss(w):
        # The readout must see live spikes, the hidden layer stopped ones: run with stops, then read out again.
        seen = []
        run(
            network, w, {"input": inputs}, "triangular", recurrent=stopped, record=lambda state: seen.append(state["hidden"]["z"])
        )
        y, total = 0.0, 0.0
        for z, target in zip(seen, targets, strict=True):
            y = network.output.neuron.decay * y + z @ w[2]
            total = total + anp.sum((y - target) ** 2) / (2 * len(target))
        return total

    return loss(matrices), [g[p.rows, p.indices] for g, p in zip(grad(loss)(matrices), network.projections, strict=True)]


@pytest.mark.parametrize("neuron", [{}, {"refractory": 3}, {"adaptation": 0.4, "tau_adaptation": 40.0, "refractory": 2}])
@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_is_autodiff_s_with_stopped_spikes(seed, neuron):
    eprop = trainer(seed=seed, **neuron)
    inputs, targets = sequence(seed)
    expected_loss, expected = autodiff(eprop.network, inputs.astype(float), targets, neuron)
    assert len(inputs) * eprop.accumulate(inputs, targets) == pytest.approx(expected_loss, rel=1e-12)
    for found, wanted in zip(eprop.gradients, expected, strict=True):
        assert np.abs(wanted).max() > 1e-3
        np.testing.assert_allclose(found, wanted, atol=1e-10 * np.abs(wanted).max())


def test_a_planted_error_is_seen(monkeypatch):
    """An eligibility without the threshold's adaptation."""
    eprop = trainer(adaptation=0.4, tau_adaptation=40.0)
    inputs, targets = sequence(0)
    expected = autodiff(eprop.network, inputs.astype(float), targets, {})[1]
    original = ProjectionEligibility.step

    def forgetful(self, sent, state):
        self.slow = 0 * self.slow
        return original(self, sent, state)

    monkeypatch.setattr(ProjectionEligibility, "step", forgetful)
    eprop.accumulate(inputs, targets)
    assert np.abs(eprop.gradients[0] - expected[0]).max() > 1e-3 * np.abs(expected[0]).max()


def test_without_recurrence_and_reset_it_is_bptt():
    """The readout's weights always; the others when no gradient flows from spike to spike."""
    eprop = trainer(recurrent_scale=0.0)
    inputs, targets = sequence(1)
    _, whole = BPTTLearner(eprop.network, squared_error, surrogate=triangular()).gradients({"input": inputs}, targets)
    eprop.accumulate(inputs, targets)
    np.testing.assert_allclose(eprop.gradients[2], whole[2])
    cosine = eprop.gradients[0] @ whole[0] / np.linalg.norm(eprop.gradients[0]) / np.linalg.norm(whole[0])
    assert 0.8 < cosine < 1 - 1e-9  # what is left of the difference is the reset


@check("its gradient is compared in every run")
def test_memory_does_not_grow_with_the_sequence():
    def used(timesteps):
        eprop, g = trainer(adaptation=0.1), np.random.default_rng(0)
        tracemalloc.start()
        for _ in range(timesteps):
            eprop.step(g.random(4) < 0.3, np.zeros(3))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return eprop.memory_per_step, peak

    (first, low), (second, high) = used(100), used(1000)
    assert first == second
    assert high < 1.2 * low
    synapses = 4 * 7 + 7 * 6
    assert first == 4 + 7 * 4 + 2 * 3 + 4 + 7 + synapses + synapses + 7 + synapses + 21  # states, traces, filters, gradients


def pattern(timesteps, channels, seed):
    """Sums of sinusoids, as in the paper, over as many ms as timesteps."""
    g = np.random.default_rng(seed)
    t = np.arange(timesteps)[:, None, None] / 1000
    frequency, phase, size = np.array([1, 2, 3, 5.0]), g.uniform(0, 2 * np.pi, (channels, 4)), g.uniform(0.5, 2, (channels, 4))
    waves = (size * np.sin(2 * np.pi * frequency * t + phase)).sum(axis=-1)
    return waves / np.abs(waves).max()


@check("its gradient is compared in every run")
@pytest.mark.parametrize("feedback", few(["random", "symmetric"], 1, "the other feedback; its gradient is compared in every run"))
def test_it_learns_a_pattern(feedback):
    g = np.random.default_rng(0)
    inputs, targets = (g.random((200, 20)) < 0.1), pattern(200, 1, 1)
    eprop = EpropTrainer(20, 40, 1, lr=0.01, feedback=feedback, recurrent_scale=0.5, input_scale=3.0, adaptation=0.05)
    losses = [eprop.train_sequence(inputs, targets) for _ in range(50)]
    assert losses[-1] < 0.15 * losses[0]
    np.testing.assert_allclose(np.square(eprop.predict_sequence(inputs) - targets).mean() / 2, losses[-1], rtol=0.5)


def online_by_autodiff(layers, inputs, targets):
    """For the loss of each timestep, run with the spikes of all earlier ones as constants."""
    total = [0.0] * len(layers)
    for last in range(len(inputs)):

        def loss(weights, last=last):
            v, z = [0.0] * len(layers), [0.0] * len(layers)
            for t in range(last + 1):
                x = inputs[t]
                for k, (layer, w) in enumerate(zip(layers, weights, strict=True)):
                    v[k] = layer.neuron.decay * v[k] + (x if t == last else stopped(x)) @ w
                    if k < len(layers) - 1:
                        v[k] = v[k] - layer.neuron.threshold * stopped(z[k] + np.zeros(v[k].shape))
                        z[k] = spike(
                            v[k] - layer.neuron.threshold, 1.0, lambda u, _: 1 / (1 + 10 * abs(u)) ** 2, layer.neuron.threshold
                        )
                        x = z[k]
            return anp.sum((v[-1] - targets[last]) ** 2) / (2 * len(targets[last]))

        total = [a + b for a, b in zip(total, grad(loss)([layer.weights for layer in layers]), strict=True)]
    return total


def test_online_layers_are_autodiff_with_earlier_spikes_constant():
    inputs, targets = sequence(2, timesteps=8)
    online = OnlineTrainer([4, 6, 5, 3], 8.0, 0.6, loss_fn=squared_error, seed=3)
    online.accumulate(inputs, targets)
    for layer, wanted in zip(online.layers, online_by_autodiff(online.layers, inputs.astype(float), targets), strict=True):
        assert np.abs(wanted).max() > 1e-3
        np.testing.assert_allclose(layer.gradient, wanted, atol=1e-10 * np.abs(wanted).max())


def test_online_layers_learn():
    g = np.random.default_rng(0)
    centres, labels = g.random((4, 20)), g.integers(0, 4, 120)
    inputs = (g.random((20, 120, 20)) < 0.4 * centres[labels]).astype(float)
    targets = np.tile(labels, (20, 1))
    online = OnlineTrainer([20, 40, 30, 4], 10.0, lr=0.005, loss_fn=cross_entropy)
    losses = [online.train_sequence(inputs, targets) for _ in range(40)]
    assert losses[-1] < 0.5 * losses[0]
    assert (online.predict_sequence(inputs)[-1].argmax(axis=1) == labels).mean() > 0.9


def test_bad_input_is_refused_by_name():
    eprop = trainer()
    x, y = Population("x", 2, Leaky()), Population("y", 2, Leaky())
    for call, words in (
        (lambda: trainer(feedback="none"), "feedback='none'"),
        (lambda: trainer(adaptation=-0.1), "adaptation=-0.1"),
        (lambda: trainer(input_scale=np.nan), "input_scale=nan"),
        (lambda: EpropTrainer(0, 1, 1), "n_inputs=0"),
        (lambda: EpropTrainer(1, 1, 1, lr=-1), "lr=-1"),
        (lambda: ProjectionEligibility(Projection.from_matrix(x, y, np.ones((2, 2)))), "projection onto y"),
        (lambda: eprop.train_sequence(np.ones((5, 4)), np.ones((4, 3))), r"targets: shape \(4, 3\)"),
        (lambda: eprop.train_sequence(np.ones((5, 3)), np.ones((5, 3))), "inputs input: shape"),
        (lambda: eprop.train_sequence(np.ones((5, 4)), np.ones((5, 2))), "targets: shape"),
        (lambda: eprop.step(np.full(4, np.inf)), "x: inf at"),
        (lambda: OnlineTrainer([4]), r"layer_sizes=\[4\]"),
        (lambda: OnlineTrainer([4, 0]), "layer_sizes=0"),
        (lambda: OnlineTrainer(4), "layer_sizes=4"),
        (lambda: OnlineTrainer([4, 2], loss_fn=3), "loss_fn=3: not callable"),
        (lambda: OnlineTrainer([4, 2]).train_sequence(np.ones(4), np.ones(5, int)), r"inputs: shape \(4,\)"),
        (
            lambda: OnlineTrainer([4, 2], loss_fn=cross_entropy).train_sequence(np.ones((5, 1, 4)), np.ones((5, 2), int)),
            "targets",
        ),
    ):
        eprop.reset()
        with pytest.raises(ConfigError, match=words):
            call()

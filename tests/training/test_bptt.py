"""BPTT and TBPTT against autodiff of the same network written again; losses and optimisers against their formulas."""

import tracemalloc

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Leaky, Source
from sc_hw_models.rule import ConfigError
from sc_hw_models.training.bptt import BPTTLearner, TBPTTLearner
from sc_hw_models.training.losses import cross_entropy, squared_error
from sc_hw_models.training.optimisers import SGD, Adam
from sc_hw_models.training.surrogates import fast_sigmoid, triangular

from .reference import run
from .test_network import small

SURROGATES = {"fast_sigmoid": fast_sigmoid(), "triangular": triangular()}


def autodiff(network, values, targets, surrogate, cut=0):
    def loss(matrices):
        outputs = run(network, matrices, values, surrogate, cut=cut)
        return anp.sum((outputs - targets) ** 2) / (2 * outputs.shape[1])

    matrices = [p.to_matrix() for p in network.projections]
    return loss(matrices), [g[p.rows, p.indices] for g, p in zip(grad(loss)(matrices), network.projections, strict=True)]


def error(found, wanted):
    return max(np.abs(f - w).max() / np.abs(w).max() for f, w in zip(found, wanted, strict=True))


@pytest.mark.parametrize(("name", "surrogate"), SURROGATES.items())
@pytest.mark.parametrize("seed", range(5))
def test_gradients_of_every_projection_are_autodiff_s(seed, name, surrogate):
    network, g = small(seed)
    values, targets = {"x": g.normal(0.5, 1.0, (20, 3, 4))}, g.normal(size=(20, 3, 3))
    expected_loss, expected = autodiff(network, values, targets, name)
    loss, gradients = BPTTLearner(network, squared_error, surrogate=surrogate).gradients(values, targets)
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    assert all(np.abs(w).max() > 1e-6 for w in expected)
    assert error(gradients, expected) < 1e-9
    for k in (1, 6):
        _, expected = autodiff(network, values, targets, name, cut=k)
        assert (
            error(TBPTTLearner(network, squared_error, k=k, surrogate=surrogate).gradients(values, targets)[1], expected) < 1e-9
        )
    for k in (20, 1000):
        whole = TBPTTLearner(network, squared_error, k=k, surrogate=surrogate).gradients(values, targets)
        assert whole[0] == loss
        assert all((a == b).all() for a, b in zip(whole[1], gradients, strict=True))


def test_a_spiking_output_and_one_sample():
    """Loss on spikes; a sequence without samples is a batch of one."""
    network, g = small(1)
    spiking = Network(list(network.populations.values())[:3], network.projections[:6])
    values, targets = g.normal(0.5, 1.0, (15, 1, 4)), g.random((15, 1, 6))
    learner = BPTTLearner(spiking, squared_error)
    expected = autodiff(spiking, {"x": values}, targets, "fast_sigmoid")[1]
    assert error(learner.gradients({"x": values[:, 0]}, targets[:, 0])[1], expected) < 1e-9


@pytest.mark.parametrize("fault", ["reset", "adaptation", "recurrence"])
def test_a_planted_error_is_seen(fault, monkeypatch):
    network, g = small(2)
    values, targets = {"x": g.normal(0.5, 1.0, (20, 3, 4))}, g.normal(size=(20, 3, 3))
    expected = autodiff(network, values, targets, "fast_sigmoid")[1]
    original = LIF.adjoint if fault == "reset" else type(network.populations["b"].neuron).adjoint
    if fault == "recurrence":
        monkeypatch.setattr(Projection, "backward", lambda self, gradient: np.zeros((*gradient.shape[:-1], self.source.n)))
    elif fault == "reset":
        monkeypatch.setattr(
            LIF,
            "adjoint",
            lambda self, s, gradient, later, f: original(
                self, s, gradient + self.threshold * later["voltage"] if later else gradient, later, f
            ),
        )
    else:
        monkeypatch.setattr(
            type(network.populations["b"].neuron),
            "adjoint",
            lambda self, s, gradient, later, f: original(
                self, s, gradient, {**later, "adaptation": 0 * later["adaptation"]} if later else later, f
            ),
        )
    assert error(BPTTLearner(network, squared_error).gradients(values, targets)[1], expected) > 1e-3


def test_cross_entropy_is_autodiff_s_and_skips_what_has_no_target():
    g = np.random.default_rng(0)
    outputs, targets = g.normal(size=(6, 4, 3)), g.integers(-1, 3, (6, 4))

    def loss(y):
        log_p = y - anp.log(anp.sum(anp.exp(y), axis=-1, keepdims=True))
        return -anp.sum(anp.where(targets[..., None] == np.arange(3), log_p, 0.0)) / 4

    value, slope = cross_entropy(outputs, targets)
    assert value == pytest.approx(loss(outputs))
    np.testing.assert_allclose(slope, grad(loss)(outputs), atol=1e-12)
    assert cross_entropy(outputs, np.full((6, 4), -1))[0] == 0


def test_optimisers_follow_their_formulas():
    w = [np.array([1.0, -2.0])]
    adam = Adam(0.1)
    m = v = np.zeros(2)
    expected = w[0].copy()
    for t in range(1, 5):
        g = np.array([0.3 * t, -1.0])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        expected = expected - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        adam.step(w, [g])
    np.testing.assert_allclose(w[0], expected)
    sgd, w = SGD(0.5, momentum=0.9), [np.zeros(1)]
    for _ in range(3):
        sgd.step(w, [np.ones(1)])
    np.testing.assert_allclose(w[0], -0.5 * (1 + 1.9 + 2.71))


def copier(seed):
    """A network that is to say after a delay what it was shown: needs its recurrence."""
    g = np.random.default_rng(seed)
    x, h, y = Population("x", 2, Source()), Population("h", 40, LIF(tau_mem=10.0)), Population("y", 2, Leaky(tau_mem=5.0))
    shapes = [(x, h, 1.5), (h, h, 0.2), (h, y, 0.1)]
    network = Network([x, h, y], [Projection.from_matrix(s, t, g.normal(0, scale, (s.n, t.n))) for s, t, scale in shapes])
    labels = g.integers(0, 2, 32)
    values = np.zeros((25, 32, 2))
    values[:5, np.arange(32), labels] = 1.0
    targets = np.full((25, 32), -1)
    targets[20:] = labels
    return network, {"x": values}, targets


@pytest.mark.parametrize("k", [None, 25])
def test_training_remembers_over_a_delay(k):
    network, values, targets = copier(0)
    values, targets = {"x": np.tile(values["x"], (3, 1, 1))}, np.tile(targets, (3, 1))
    trainer = TBPTTLearner(network, cross_entropy, 0.01, k=k) if k else BPTTLearner(network, cross_entropy, 0.01)
    losses = [trainer.train_step(values, targets) for _ in range(60)]
    assert losses[-1] < 0.1 * losses[0]
    assert (network.run(values)[-1].argmax(axis=1) == targets[-1]).mean() > 0.95


def test_memory_of_truncation_does_not_grow_with_the_sequence():
    def peak(timesteps, **arguments):
        network, values, targets = copier(0)
        repeat = timesteps // 25
        values, targets = {"x": np.tile(values["x"], (repeat, 1, 1))}, np.tile(targets, (repeat, 1))
        learner = TBPTTLearner(network, cross_entropy, **arguments)
        tracemalloc.start()
        learner.train_step(values, targets)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(400, k=10) < 1.1 * peak(100, k=10)
    assert peak(400, k=400) > 3 * peak(100, k=100)
    assert 2 < peak(200, k=40) / peak(200, k=10) < 5


def test_bad_input_is_refused_by_name():
    network, values, targets = copier(0)
    for call, words in (
        (lambda: TBPTTLearner(network, cross_entropy, k=0), "k=0"),
        (lambda: TBPTTLearner(network, cross_entropy, k=2.5), "k=2.5"),
        (lambda: BPTTLearner(network, cross_entropy, lr=0), "lr=0"),
        (lambda: BPTTLearner(network, cross_entropy).train_step(values, targets[:-1]), r"targets: shape \(24, 32\)"),
        (lambda: BPTTLearner(network, cross_entropy).train_step(values, targets + 2), "targets: 1..3 given"),
        (lambda: BPTTLearner(network, squared_error).train_step(values, targets), r"targets: shape \(25, 32\)"),
        (lambda: BPTTLearner(network, cross_entropy).train_step({"x": values["x"][:0]}, targets[:0]), "inputs x: shape"),
        (lambda: fast_sigmoid(0), "slope=0"),
        (lambda: triangular(-1), "gamma=-1"),
        (lambda: Adam(beta1=1.0), "beta1=1.0"),
        (lambda: SGD(momentum=-0.1), "momentum=-0.1"),
        (lambda: SGD().step([np.ones(2)], [np.ones(3)]), "gradients: shapes"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()

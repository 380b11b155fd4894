"""Every number and every array that a public class takes, replaced by what it cannot be: refused by name, never broadcast."""

import math

import numpy as np
import pytest

from sc_hw_models.continual.ewc import ElasticPenalty
from sc_hw_models.continual.fisher import Perceptron, fisher_diagonal
from sc_hw_models.continual.learner import ContinualLearner
from sc_hw_models.continual.si import SynapticIntelligence
from sc_hw_models.continual.stochastic import EWC_SCLayer
from sc_hw_models.continual.trainer import ContinualTrainer
from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import ALIF, LIF, Izhikevich, Leaky, Source
from sc_hw_models.rule import ConfigError
from sc_hw_models.training import schedulers
from sc_hw_models.training.bptt import BPTTLearner, TBPTTLearner
from sc_hw_models.training.eprop import EligibilityTrace, EpropTrainer, ProjectionEligibility
from sc_hw_models.training.evolution import SNNGeneticEvolver
from sc_hw_models.training.federated import FederatedAggregator, SecureSum
from sc_hw_models.training.homeostasis import HomeostaticPlasticity
from sc_hw_models.training.losses import cross_entropy, squared_error
from sc_hw_models.training.meta import MetaLearner, TanhRegressor
from sc_hw_models.training.online import OnlineLIFLayer, OnlineTrainer
from sc_hw_models.training.optimisers import SGD, Adam
from sc_hw_models.training.reward import RewardModulatedLearner
from sc_hw_models.training.structural import StructuralPlasticity
from sc_hw_models.training.surrogates import fast_sigmoid, triangular

X, A, Y = Population("x", 3, Source()), Population("a", 4, LIF()), Population("y", 2, Leaky())
XA, AA, AY = (Projection.from_matrix(s, t, np.full((s.n, t.n), 0.5)) for s, t in ((X, A), (A, A), (A, Y)))
NETWORK = Network([X, A, Y], [XA, AA, AY])
LAYER = Network([X, A], [XA])
WEIGHTS, INPUTS, tanh = [np.ones((2, 3))], np.ones((5, 3)), TanhRegressor([3, 2])

NUMBERS = (  # how it is made, and the numbers it takes, with values that are good
    (lambda **k: Population("p", neuron=LIF(), **k), {"n": 3}),
    (LIF, {"tau_mem": 20.0, "threshold": 1.0, "refractory": 0, "dt": 1.0}),
    (ALIF, {"tau_adaptation": 20.0, "adaptation": 0.1}),
    (Leaky, {"tau_mem": 20.0, "dt": 1.0}),
    (Izhikevich, {"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0, "dt": 1.0}),
    (
        lambda **k: Projection.random(X, A, generator=np.random.default_rng(0), **({"out_degree": 2, "scale": 0.1} | k)),
        {"out_degree": 2, "scale": 0.1},
    ),
    (lambda **k: BPTTLearner(NETWORK, squared_error, **k), {"lr": 0.1}),
    (lambda **k: TBPTTLearner(NETWORK, squared_error, **k), {"lr": 0.1, "k": 3}),
    (
        lambda **k: EpropTrainer(**({"n_inputs": 2, "n_neurons": 3, "n_outputs": 1} | k)),
        {
            "n_inputs": 2,
            "n_neurons": 3,
            "n_outputs": 1,
            "tau_mem": 20.0,
            "tau_trace": 20.0,
            "threshold": 1.0,
            "lr": 0.1,
            "dt": 1.0,
            "adaptation": 0.1,
            "refractory": 0,
            "input_scale": 1.0,
            "recurrent_scale": 1.0,
            "seed": 0,
        },
    ),
    (lambda **k: EpropTrainer(2, 3, 1, adaptation=0.1, **k), {"tau_adaptation": 20.0}),
    (lambda **k: OnlineTrainer([2, 3], **k), {"tau_mem": 20.0, "threshold": 1.0, "lr": 0.1, "scale": 1.0, "seed": 0}),
    (
        lambda **k: OnlineLIFLayer(**({"n_inputs": 2, "n_neurons": 3} | k)),
        {"n_inputs": 2, "n_neurons": 3, "tau_mem": 20.0, "threshold": 1.0, "lr": 0.1, "dt": 1.0, "scale": 1.0, "seed": 0},
    ),
    (
        lambda **k: RewardModulatedLearner(NETWORK, **k),
        {
            "tau_reward": 100.0,
            "tau_eligibility": 1000.0,
            "tau_pre": 20.0,
            "tau_post": 20.0,
            "potentiation": 1.0,
            "depression": 1.0,
            "lr": 0.1,
            "w_min": 0.0,
            "w_max": 1.0,
            "period": 1,
        },
    ),
    (HomeostaticPlasticity, {"target_rate": 10.0, "tau": 1000.0, "tau_scaling": 5000.0, "dt": 1.0, "w_min": 0.1, "w_max": 2.0}),
    (StructuralPlasticity, {"growth_rate": 0.1, "prune_threshold": 0.1, "window": 10, "tau": 5.0, "period": 1, "seed": 0}),
    (EligibilityTrace, {"tau_e": 20.0, "dt": 1.0}),
    (lambda **k: FederatedAggregator.aggregate_gradients([np.ones(2)] * 2, **k), {"seed": 0}),
    (lambda **k: SecureSum(**({"n_clients": 3} | k)), {"n_clients": 3, "neighbours": 2}),
    (lambda **k: MetaLearner(TanhRegressor([1, 1]), **k), {"inner_lr": 0.1, "outer_lr": 0.1, "steps": 1}),
    (lambda **k: TanhRegressor([1, 1], **k), {"seed": 0}),
    (
        lambda **k: SNNGeneticEvolver(lambda g: [g.normal(size=2)], lambda w: 0.0, **k),
        {"population_size": 3, "mutation_rate": 0.1, "elite_fraction": 0.2, "mutation_scale": 0.1, "seed": 0},
    ),
    (
        lambda **k: schedulers.StepScheduler(**({"lr_init": 0.1, "step_size": 3} | k)),
        {"lr_init": 0.1, "step_size": 3, "gamma": 0.5},
    ),
    (lambda **k: schedulers.ExponentialScheduler(**({"lr_init": 0.1} | k)), {"lr_init": 0.1, "gamma": 0.5}),
    (
        lambda **k: schedulers.CosineScheduler(**({"lr_init": 0.1, "lr_min": 0.0, "total_steps": 3} | k)),
        {"lr_init": 0.1, "lr_min": 0.0, "total_steps": 3},
    ),
    (
        lambda **k: schedulers.WarmupCosineScheduler(
            **({"lr_init": 0.1, "lr_min": 0.0, "warmup_steps": 2, "total_steps": 5} | k)
        ),
        {"lr_min": 0.0, "warmup_steps": 2, "total_steps": 5},
    ),
    (SGD, {"lr": 0.1, "momentum": 0.5}),
    (Adam, {"lr": 0.1, "beta1": 0.5, "beta2": 0.5, "epsilon": 1e-8}),
    (fast_sigmoid, {"slope": 1.0}),
    (triangular, {"gamma": 1.0}),
    (lambda **k: ElasticPenalty([(2, 3)], **k), {"strength": 1.0}),
    (lambda **k: SynapticIntelligence(WEIGHTS, **k), {"strength": 1.0, "damping": 0.1}),
    (
        lambda **k: EWC_SCLayer(**({"n_inputs": 2, "n_neurons": 3} | k)),
        {
            "n_inputs": 2,
            "n_neurons": 3,
            "w_min": -1.0,
            "w_max": 1.0,
            "stream_length": 8,
            "gain": 1.0,
            "lr": 0.1,
            "ewc_lambda": 1.0,
            "fisher_samples": 5,
            "seed": 0,
        },
    ),
    (lambda **k: EWC_SCLayer(2, 3).apply_ewc_penalty(**k), {"step_size": 0.01}),
    (lambda **k: ContinualLearner(WEIGHTS, **k), {"ewc_lambda": 1.0}),
    (lambda **k: registered(**({"accuracy": 0.5} | k)), {"accuracy": 0.5}),
    (lambda **k: ContinualTrainer([2, 3], **k), {"heads": 1, "lr": 0.1, "batch": 1, "fisher_samples": 1, "seed": 0}),
    (lambda **k: ContinualTrainer([2, 3], method="si", **k), {"strength": 1.0, "damping": 0.1}),
)


@pytest.mark.parametrize("bad", [math.nan, math.inf, "1", None, True, 1j, [1.0, 2.0], -1e12], ids=repr)
def test_no_number_is_replaced_in_silence(bad):
    for make, numbers in NUMBERS:
        make(**numbers)
        for name in numbers:
            if bad == -1e12 and name in ("a", "b", "c", "d", "w_min"):
                continue
            with pytest.raises(ConfigError, match=f"^{name}"):
                make(**{name: bad})


def eprop():
    return EpropTrainer(3, 4, 2)


def registered(accuracy):
    learner = ContinualLearner(WEIGHTS)
    learner.measure_fisher(INPUTS)
    learner.register_task(accuracy)


def traced(pre, post, error):
    EligibilityTrace().update(np.ones(3), np.ones(4), np.ones(4))
    trace = EligibilityTrace()
    trace.update(np.ones(3), np.ones(4), np.ones(4))
    trace.update(pre, post, error)


def shown(**state):
    """E-prop's eligibility of a projection, given a state of its target."""
    ProjectionEligibility(XA).step(np.ones(3), A.neuron.rest((4,)) | state)


def online():
    return OnlineTrainer([3, 2], loss_fn=squared_error)


def penalties():
    elastic, intelligence = ElasticPenalty([(2, 3)], 1.0), SynapticIntelligence(WEIGHTS)
    return (
        elastic.value,
        elastic.gradient,
        lambda w: elastic.pull(w, 0.1),
        intelligence.penalty,
        intelligence.gradient,
        (lambda w: intelligence.pull(w, 0.1)),
    )


ARRAYS = (  # a call, the name it must give, an array that is good, and whether its first axis may be of any length
    (lambda v: LAYER.run({"x": v}), "inputs x", np.ones((5, 2, 3)), True),
    (lambda v: (LAYER.reset(), LAYER.step({"x": v})), "inputs x", np.ones(3), False),
    (lambda v: (A.reset_all(), A.step_all(v)), "current of a", np.ones(4), False),
    (lambda v: Projection.from_matrix(X, A, v), "matrix", np.ones((3, 4)), False),
    (lambda v: Projection.from_matrix(X, A, np.ones((3, 4)), v), "mask", np.ones((3, 4)), False),
    (lambda v: Projection(X, A, np.arange(4), np.arange(3), v), "data", np.ones(3), False),
    (lambda v: BPTTLearner(NETWORK, squared_error).train_step({"x": INPUTS}, v), "targets", np.ones((5, 2)), False),
    (lambda v: TBPTTLearner(NETWORK, squared_error, k=2).train_step({"x": INPUTS}, v), "targets", np.ones((5, 2)), False),
    (lambda v: squared_error(np.ones((5, 2)), v), "targets", np.ones((5, 2)), False),
    (lambda v: eprop().step(v), "x", np.ones(3), False),
    (lambda v: eprop().step(np.ones(3), v), "targets", np.ones(2), False),
    (lambda v: eprop().train_sequence(np.ones((5, 3)), v), "targets", np.ones((5, 2)), False),
    (lambda v: ProjectionEligibility(XA).step(v, A.neuron.rest((4,))), "sent", np.ones(3), False),
    (lambda v: shown(voltage=v), "state voltage", np.ones(4), False),
    (lambda v: shown(refractory=v), "state refractory", np.ones(4), False),
    (lambda v: traced(v, np.ones(4), np.ones(4)), "pre_spike", np.ones(3), False),
    (lambda v: traced(np.ones(3), v, np.ones(4)), "post_spike", np.ones(4), False),
    (lambda v: traced(np.ones(3), np.ones(4), v), "error_signal", np.ones(4), False),
    (lambda v: online().train_sequence(v, np.ones((5, 2, 2))), "inputs", np.ones((5, 2, 3)), True),
    (lambda v: online().train_sequence(np.ones((5, 1, 3)), v), "targets", np.ones((5, 1, 2)), False),
    (lambda v: online().layers[0].step(v), "x", np.ones(3), False),
    (lambda v: online().layers[0].apply_learning_signal(v), "signal", np.ones(2), False),
    (lambda v: ContinualLearner(WEIGHTS).update_weights([v]), "new_weights", np.ones((2, 3)), False),
    (lambda v: ContinualLearner(WEIGHTS).compute_fisher([[v]]), "gradients_per_sample", np.ones((2, 3)), False),
    (lambda v: tanh.gradient(tanh.weights, (v, np.ones((5, 2)))), "inputs", np.ones((5, 3)), True),
    (lambda v: tanh.gradient(tanh.weights, (INPUTS, v)), "targets", np.ones((5, 2)), False),
    (lambda v: fisher_diagonal(Perceptron(), WEIGHTS, v), "inputs", np.ones((5, 3)), True),
    (lambda v: EWC_SCLayer(3, 2).forward(v), "inputs", np.ones((5, 3)), True),
    (lambda v: EWC_SCLayer(3, 2).train_step(np.ones((5, 3)), v), "labels", np.ones((5, 2)), False),
    (lambda v: EWC_SCLayer(3, 2).consolidate_task(v), "inputs", np.ones((5, 3)), True),
    (lambda v: ContinualTrainer([3, 2]).train_epoch(v, np.zeros(5, int)), "inputs", np.ones((5, 3)), True),
    *((lambda v, call=call: call([v]), "weights", np.ones((2, 3)), False) for call in penalties()),
)


@pytest.mark.parametrize(("call", "name", "good", "free"), ARRAYS, ids=lambda value: value if isinstance(value, str) else "")
def test_no_array_is_stretched_or_cut(call, name, good, free):
    call(good.copy())
    spoiled = good.copy()
    spoiled.flat[-1] = math.nan
    with pytest.raises(ConfigError, match=f"^{name}.*(nan|not finite)"):
        call(spoiled)
    cut = [] if free else [np.concatenate([good, good[:1]]), good[:-1]]
    for bad in (
        *cut,
        good[..., :1],
        good[None],
        np.float64(1.0),
        np.zeros((0, *good.shape[1:])),
        [[1.0], [1.0, 2.0]],
        np.full(good.shape, "1"),
        np.full(good.shape, 1j),
    ):
        with pytest.raises(ConfigError, match=f"^{name}"):
            call(bad)


def test_classes_and_indices_are_whole_numbers_in_range():
    outputs, trainer = np.zeros((3, 2)), ContinualTrainer([3, 2], 2)
    for call, words in (
        (lambda: cross_entropy(outputs, np.zeros(3)), "targets: float64"),
        (lambda: cross_entropy(outputs, np.array([0, 1, 2])), "targets: 0..2"),
        (lambda: cross_entropy(np.zeros(3), np.zeros(1, int)), r"outputs: shape \(3,\)"),
        (lambda: cross_entropy(np.zeros((0, 2)), np.zeros(0, int)), r"outputs: shape \(0, 2\)"),
        (lambda: Projection(X, A, [0.0, 1.5, 2, 3], [0, 1, 2], np.ones(3)), "indptr: float64"),
        (lambda: Projection(X, A, [0, 1, 2, 3], [0, 1, 2.5], np.ones(3)), "indices: float64"),
        (lambda: fisher_diagonal(Perceptron(), WEIGHTS, np.ones((2, 3)), np.array([0, -1]), kind="empirical"), "labels: "),
        (
            lambda: fisher_diagonal(Perceptron("logistic"), WEIGHTS, np.ones((1, 3)), np.array([[0, 2]]), kind="empirical"),
            r"labels: allowed are integers 0\.\.1",
        ),
        (lambda: trainer.accuracy(2, np.ones((1, 3)), np.zeros(1, int)), "task=2"),
        (lambda: Population("p", 3, Izhikevich(a=np.ones(2))), r"a: shape \(2,\) given"),
        (
            lambda: BPTTLearner(Network([X, Population("i", 4, Izhikevich())], []), squared_error).optimiser.step(
                [np.ones(2)], [np.ones(1)]
            ),
            "gradients: shapes",
        ),
    ):
        with pytest.raises(ConfigError, match=words):
            call()
    for _ in range(2):
        trainer.train_epoch(np.ones((2, 3)), np.array([0, 1]))
        trainer.finish_task(np.ones((2, 3)), np.array([0, 1]))
    with pytest.raises(ConfigError, match="task=2"):
        trainer.train_epoch(np.ones((2, 3)), np.array([0, 1]))


def test_nothing_is_learned_from_a_sequence_that_is_refused():
    learner = TBPTTLearner(NETWORK, squared_error, k=2)
    before = [w.copy() for w in NETWORK.weights]
    for wrong in (np.ones((4, 2)), np.ones((6, 2))):
        with pytest.raises(ConfigError, match="targets: shape"):
            learner.train_step({"x": np.ones((5, 3))}, wrong)
    assert all((w == b).all() for w, b in zip(NETWORK.weights, before, strict=True))

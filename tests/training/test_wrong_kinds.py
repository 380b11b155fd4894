"""Each argument of each public class and method replaced by things of every wrong kind: ``ConfigError`` names it, or it works.

Nothing else may be raised, and what works may not leave NaN behind.
"""

import copy
import math

import numpy as np
import pytest

from sc_hw_models.continual.codes import importance_codes
from sc_hw_models.continual.ewc import ElasticPenalty
from sc_hw_models.continual.fisher import Perceptron, fisher_diagonal
from sc_hw_models.continual.learner import ContinualLearner
from sc_hw_models.continual.plasticity import PlasticityConfig
from sc_hw_models.continual.si import SynapticIntelligence
from sc_hw_models.continual.stochastic import EWC_SCLayer
from sc_hw_models.continual.trainer import ContinualTrainer
from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import ALIF, LIF, Izhikevich, Leaky, Source
from sc_hw_models.online_o1 import OnlineO1Synapse, build_online_o1_memory_proof
from sc_hw_models.rule import ConfigError
from sc_hw_models.rules.r_stdp import OnlineO1Config
from sc_hw_models.rules.stp import ShortTermPlasticity
from sc_hw_models.training.bptt import BPTTLearner, TBPTTLearner
from sc_hw_models.training.eprop import EligibilityTrace, EpropTrainer, ProjectionEligibility
from sc_hw_models.training.evolution import SNNGeneticEvolver
from sc_hw_models.training.federated import FederatedAggregator, SecureSum
from sc_hw_models.training.homeostasis import HomeostaticPlasticity
from sc_hw_models.training.losses import cross_entropy, evaluated, squared_error
from sc_hw_models.training.meta import MetaLearner, TanhRegressor
from sc_hw_models.training.online import OnlineLIFLayer, OnlineTrainer
from sc_hw_models.training.optimisers import SGD, Adam
from sc_hw_models.training.reward import RewardModulatedLearner
from sc_hw_models.training.schedulers import CosineScheduler, ExponentialScheduler, StepScheduler, WarmupCosineScheduler
from sc_hw_models.training.spiking import SpikingClassifier
from sc_hw_models.training.structural import StructuralPlasticity

BAD = (None, "x", b"x", 1j, object(), {}, [], (), [None], [[1.0], [1.0, 2.0]], math.nan, math.inf, -1, 0, 10**40, True, {1, 2},
       np.zeros(0), np.full(3, np.nan), np.zeros((2, 3, 4, 5)), np.array("x"), np.array([None, 1]),
       lambda: None, int, LIF)  # fmt: skip

X, A, Y = Population("x", 3, Source()), Population("a", 4, LIF()), Population("y", 2, Leaky())
XA, AA, AY = (Projection.from_matrix(s, t, np.full((s.n, t.n), 0.5)) for s, t in ((X, A), (A, A), (A, Y)))
NET = Network([X, A, Y], [XA, AA, AY])
INPUTS, TARGETS, ONE, W = np.ones((5, 3)), np.zeros((5, 2)), np.ones(3), [np.ones((2, 3))]
LABELS = np.array([0, 1, 0, 1, 0])


def of(make, method):
    """Return a call of a method of a fresh object."""
    return lambda **k: getattr(make(), method)(**k)


def bptt():
    return BPTTLearner(copy.deepcopy(NET), squared_error)


def stepped():
    learner = RewardModulatedLearner(copy.deepcopy(NET))
    learner.network.step(ONE)
    return learner


def regressor(**arguments):
    return MetaLearner(TanhRegressor([3, 2]), **arguments)


TASK = (INPUTS, TARGETS)
CALLS = {
    "Population": (Population, {"name": "p", "n": 3, "neuron": LIF()}),
    "Population.reset_all": (of(lambda: Population("p", 3, LIF()), "reset_all"), {"samples": 2}),
    "Population.step_all": (of(lambda: Population("p", 3, LIF()), "step_all"), {"current": ONE}),
    "Projection": (Projection, {"source": X, "target": A, "indptr": np.arange(4), "indices": np.arange(3), "data": ONE}),
    "Projection.from_matrix": (Projection.from_matrix,
        {"source": X, "target": A, "matrix": np.ones((3, 4)), "mask": np.ones((3, 4))}),
    "Projection.random": (Projection.random, {"source": X, "target": A, "out_degree": 2, "scale": 0.1,
                                              "generator": np.random.default_rng(0)}),
    "Projection.forward": (XA.forward, {"output": ONE}),
    "Projection.backward": (XA.backward, {"gradient": np.ones(4)}),
    "Projection.weight_gradient": (XA.weight_gradient, {"output": ONE, "gradient": np.ones(4)}),
    "Network": (Network, {"populations": [X, A, Y], "projections": [XA]}),
    "Network.run": (of(lambda: copy.deepcopy(NET), "run"), {"inputs": INPUTS}),
    "Network.step": (of(lambda: copy.deepcopy(NET), "step"), {"inputs": ONE}),
    "Network.reset": (of(lambda: copy.deepcopy(NET), "reset"), {"samples": 2}),
    "LIF": (LIF, {"tau_mem": 20.0, "threshold": 1.0, "refractory": 0, "dt": 1.0}),
    "ALIF": (ALIF, {"tau_adaptation": 20.0, "adaptation": 0.1}),
    "Leaky": (Leaky, {"tau_mem": 20.0, "dt": 1.0}),
    "Izhikevich": (Izhikevich, {"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0, "dt": 1.0}),
    "BPTTLearner": (BPTTLearner, {"network": NET, "loss_fn": squared_error, "lr": 0.1, "surrogate": None, "optimiser": SGD(),
                                  "penalty": None}),
    "BPTTLearner.train_step": (of(bptt, "train_step"), {"inputs": INPUTS, "targets": TARGETS}),
    "BPTTLearner.predict": (of(bptt, "predict"), {"inputs": INPUTS}),
    "TBPTTLearner": (TBPTTLearner, {"network": NET, "loss_fn": squared_error, "lr": 0.1, "k": 3}),
    "EligibilityTrace.update": (of(EligibilityTrace, "update"), {"pre_spike": ONE, "post_spike": ONE, "error_signal": ONE}),
    "ProjectionEligibility": (ProjectionEligibility, {"projection": XA, "surrogate": None}),
    "ProjectionEligibility.reset": (of(lambda: ProjectionEligibility(XA), "reset"), {"samples": 2}),
    "ProjectionEligibility.step": (of(lambda: ProjectionEligibility(XA), "step"), {"sent": ONE, "state": A.neuron.rest((4,))}),
    "EpropTrainer": (EpropTrainer, {"n_inputs": 3, "n_neurons": 4, "n_outputs": 2, "tau_mem": 20.0, "tau_trace": 20.0,
                                    "threshold": 1.0, "lr": 0.1, "dt": 1.0, "tau_adaptation": 20.0, "adaptation": 0.1,
                                    "refractory": 0, "loss_fn": squared_error, "feedback": "random", "surrogate": None,
                                    "optimiser": SGD(), "input_scale": 1.0, "recurrent_scale": 1.0, "seed": 0}),
    "EpropTrainer.reset": (of(lambda: EpropTrainer(3, 4, 2), "reset"), {"samples": 2}),
    "EpropTrainer.step": (of(lambda: EpropTrainer(3, 4, 2), "step"), {"x": ONE, "target": np.zeros(2)}),
    "EpropTrainer.train_sequence": (of(lambda: EpropTrainer(3, 4, 2), "train_sequence"), {"inputs": INPUTS, "targets": TARGETS}),
    "EpropTrainer.predict_sequence": (of(lambda: EpropTrainer(3, 4, 2), "predict_sequence"), {"inputs": INPUTS}),
    "OnlineLIFLayer": (OnlineLIFLayer, {"n_inputs": 3, "n_neurons": 2, "tau_mem": 20.0, "threshold": 1.0, "lr": 0.1, "dt": 1.0,
                                        "spiking": True, "scale": 1.0, "surrogate": None, "seed": 0}),
    "OnlineLIFLayer.step": (of(lambda: OnlineLIFLayer(3, 2), "step"), {"x": ONE}),
    "OnlineLIFLayer.apply_learning_signal": (of(lambda: OnlineLIFLayer(3, 2), "apply_learning_signal"), {"signal": np.ones(2)}),
    "OnlineTrainer": (OnlineTrainer, {"layer_sizes": [3, 2], "tau_mem": 20.0, "threshold": 1.0, "lr": 0.1, "dt": 1.0,
                                      "loss_fn": squared_error, "surrogate": None, "optimiser": SGD(), "scale": 1.0, "seed": 0}),
    "OnlineTrainer.step": (of(lambda: OnlineTrainer([3, 2]), "step"), {"x": ONE, "target": np.zeros(2)}),
    "OnlineTrainer.train_sequence": (of(lambda: OnlineTrainer([3, 2]), "train_sequence"), {"inputs": INPUTS, "targets": TARGETS}),
    "OnlineTrainer.predict_sequence": (of(lambda: OnlineTrainer([3, 2]), "predict_sequence"), {"inputs": INPUTS}),
    "RewardModulatedLearner": (RewardModulatedLearner, {"network": NET, "tau_reward": 100.0, "plastic": [AA], "period": 1}),
    "RewardModulatedLearner.step": (of(stepped, "step"), {"reward": 0.5}),
    "MetaLearner": (MetaLearner, {"network": NET, "inner_lr": 0.01, "outer_lr": 0.01, "steps": 1, "first_order": None,
                                  "loss_fn": squared_error, "optimiser": SGD()}),
    "MetaLearner.inner_loop": (of(regressor, "inner_loop"), {"task_data": TASK, "n_steps": 2}),
    "MetaLearner.adapt": (of(regressor, "adapt"), {"task_data": TASK, "n_steps": 2}),
    "MetaLearner.outer_step": (of(regressor, "outer_step"), {"tasks": [TASK, (TASK, TASK)]}),
    "MetaLearner of a Network": (of(lambda: MetaLearner(copy.deepcopy(NET)), "outer_step"), {"tasks": [TASK]}),
    "MetaLearner, second order": (lambda task: regressor().meta_gradient((TASK, task)), {"task": TASK}),
    "TanhRegressor": (TanhRegressor, {"sizes": [3, 2], "seed": 0}),
    "TanhRegressor.gradient": (TanhRegressor([3, 2]).gradient, {"weights": TanhRegressor([3, 2]).weights, "batch": TASK}),
    "HomeostaticPlasticity": (HomeostaticPlasticity, {"target_rate": 10.0, "tau": 100.0, "form": "slow"}),
    "HomeostaticPlasticity.update": (of(HomeostaticPlasticity, "update"), {"population": copy.deepcopy(NET).populations["a"]}),
    "StructuralPlasticity.update": (of(StructuralPlasticity, "update"), {"projection": copy.deepcopy(NET).projections[1]}),
    "StructuralPlasticity.correlation": (of(StructuralPlasticity, "correlation"),
        {"projection": AA, "pre": [0, 1], "post": [1, 2]}),
    "ShortTermPlasticity": (ShortTermPlasticity,
        {"tau_d": 200.0, "tau_f": 600.0, "u_se": 0.2, "mode": "tm98", "n_pre": 3, "dt": 1.0,
                                                  "integration": "exact"}),
    "ShortTermPlasticity.update": (of(ShortTermPlasticity, "update"), {"pre_spikes": ONE}),
    "aggregate_gradients": (FederatedAggregator.aggregate_gradients, {"client_gradients": [ONE, ONE], "ties": "zero", "seed": 0}),
    "secure_sum_protocol": (FederatedAggregator.secure_sum_protocol, {"client_gradients": [ONE, ONE], "neighbours": 2}),
    "majority_of_sum": (FederatedAggregator.majority_of_sum, {"votes": np.array([1, 2]), "n_clients": 3}),
    "SecureSum.send": (of(lambda: SecureSum(3), "send"), {"client": 0, "values": ONE}),
    "SNNGeneticEvolver": (SNNGeneticEvolver, {"layer_factory": lambda g: [g.normal(size=2)], "fitness_func": lambda w: 1.0,
                                              "population_size": 3, "mutation_rate": 0.1, "elite_fraction": 0.5}),
    "SNNGeneticEvolver.evolve": (of(lambda: SNNGeneticEvolver(lambda: np.ones(2), lambda w: 1.0, 3), "evolve"),
        {"generations": 2}),
    "SGD": (SGD, {"lr": 0.1, "momentum": 0.5}),
    "Adam": (Adam, {"lr": 0.1, "beta1": 0.5, "beta2": 0.5, "epsilon": 1e-8}),
    "SGD.step": (of(SGD, "step"), {"weights": W, "gradients": W}),
    "Adam.step": (of(Adam, "step"), {"weights": W, "gradients": W}),
    "squared_error": (squared_error, {"outputs": TARGETS, "targets": TARGETS}),
    "cross_entropy": (cross_entropy, {"outputs": TARGETS, "targets": LABELS}),
    "StepScheduler": (StepScheduler, {"lr_init": 0.1, "step_size": 3, "gamma": 0.5}),
    "ExponentialScheduler": (ExponentialScheduler, {"lr_init": 0.1, "gamma": 0.5}),
    "CosineScheduler": (CosineScheduler, {"lr_init": 0.1, "lr_min": 0.0, "total_steps": 3}),
    "WarmupCosineScheduler": (WarmupCosineScheduler, {"lr_init": 0.1, "lr_min": 0.0, "warmup_steps": 2, "total_steps": 5}),
    "fisher_diagonal": (fisher_diagonal, {"network": Perceptron(), "weights": W, "inputs": INPUTS, "labels": LABELS,
                                          "kind": "empirical", "seed": 0}),
    "Perceptron": (Perceptron, {"likelihood": "softmax"}),
    "SpikingClassifier": (SpikingClassifier, {"network": NET, "likelihood": "softmax", "surrogate": None}),
    "SpikingClassifier.probabilities": (SpikingClassifier(NET).probabilities,
        {"weights": NET.weights, "inputs": np.ones((2, 5, 3))}),
    "SpikingClassifier.predict": (SpikingClassifier(NET).predict, {"inputs": np.ones((2, 5, 3))}),
    "ElasticPenalty": (ElasticPenalty, {"shapes": [(2, 3)], "strength": 1.0}),
    "ElasticPenalty.add": (of(lambda: ElasticPenalty([(2, 3)], 1.0), "add"), {"fisher": W, "weights": W}),
    "ElasticPenalty.value": (of(lambda: ElasticPenalty([(2, 3)], 1.0), "value"), {"weights": W}),
    "ElasticPenalty.pull": (of(lambda: ElasticPenalty([(2, 3)], 1.0), "pull"), {"weights": W, "lr": 0.1}),
    "SynapticIntelligence": (SynapticIntelligence, {"weights": W, "strength": 1.0, "damping": 0.1}),
    "SynapticIntelligence.record": (of(lambda: SynapticIntelligence(W), "record"), {"gradients": W, "changes": W}),
    "SynapticIntelligence.finish_task": (of(lambda: SynapticIntelligence(W), "finish_task"), {"weights": W}),
    "SynapticIntelligence.pull": (of(lambda: SynapticIntelligence(W), "pull"), {"weights": W, "lr": 0.1}),
    "ContinualLearner": (ContinualLearner, {"weights": W, "layer_names": ["a"], "ewc_lambda": 1.0, "plasticity_rule": "stdp"}),
    "ContinualLearner.compute_fisher": (of(lambda: ContinualLearner(W), "compute_fisher"), {"gradients_per_sample": [W, W]}),
    "ContinualLearner.measure_fisher": (of(lambda: ContinualLearner(W), "measure_fisher"),
                                        {"inputs": INPUTS, "labels": LABELS, "network": None, "kind": "exact", "seed": 0}),
    "ContinualLearner.register_task": (of(lambda: ContinualLearner(W), "register_task"), {"accuracy": 0.5, "importance": W}),
    "ContinualLearner.update_weights": (of(lambda: ContinualLearner(W), "update_weights"), {"new_weights": W}),
    "ContinualTrainer": (ContinualTrainer, {"sizes": [3, 2], "heads": 1, "method": "ewc", "strength": 1.0, "damping": 0.1,
                                            "optimiser": "adam", "lr": 0.1, "batch": 2, "fisher_samples": 3, "seed": 0}),
    "ContinualTrainer.train_epoch": (of(lambda: ContinualTrainer([3, 2]), "train_epoch"), {"inputs": INPUTS, "labels": LABELS}),
    "ContinualTrainer.finish_task": (of(lambda: ContinualTrainer([3, 2]), "finish_task"), {"inputs": INPUTS, "labels": LABELS}),
    "ContinualTrainer.accuracy": (of(lambda: ContinualTrainer([3, 2]), "accuracy"),
        {"task": 0, "inputs": INPUTS, "labels": LABELS}),
    "PlasticityConfig": (PlasticityConfig, {"layer_name": "a", "rule": "stdp", "tau_pre": 20.0, "w_min": 0.0, "w_max": 1.0}),
    "EWC_SCLayer.train_step": (of(lambda: EWC_SCLayer(3, 2), "train_step"), {"inputs": INPUTS, "labels": TARGETS}),
    "EWC_SCLayer.consolidate_task": (of(lambda: EWC_SCLayer(3, 2), "consolidate_task"), {"inputs": INPUTS}),
    "EWC_SCLayer.apply_ewc_penalty": (of(lambda: EWC_SCLayer(3, 2), "apply_ewc_penalty"), {"step_size": 0.01}),
    "importance_codes": (importance_codes, {"importance": ONE, "consolidation": "shift", "bits": 3}),
    "OnlineO1Config": (OnlineO1Config, {"weight_bits": 16, "rule_family": "reward_modulated_stdp", "rounding": "floor"}),
    "OnlineO1Synapse": (OnlineO1Synapse, {"config": OnlineO1Config(), "initial_weight": 3}),
    "OnlineO1Synapse.step": (of(OnlineO1Synapse, "step"), {"pre_spike": 1, "post_spike": 0, "reward": 3, "consolidate": False}),
    "build_online_o1_memory_proof": (build_online_o1_memory_proof,
        {"n_synapses": 3, "config": OnlineO1Config(), "sequence_length": 3}),
}  # fmt: skip


FUNCTIONS = ("fitness_func", "layer_factory", "loss_fn", "surrogate")


def numbers(value):
    """Yield every array and number in what a call returned."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, float | np.ndarray) and np.asarray(value).dtype.kind == "f":
        yield np.asarray(value)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", CALLS)
def test_nothing_of_the_wrong_kind_gets_through(name):
    call, good = CALLS[name]
    call(**copy.deepcopy(good))
    wrong = []
    for argument in good:
        for bad in BAD:
            if argument in FUNCTIONS and callable(bad):  # what a function of the user raises is the user's
                continue
            try:
                result = call(**(copy.deepcopy(good) | {argument: bad}))
            except ConfigError as error:
                if not any(word in str(error) for word in (*good, "inputs", "targets")):
                    wrong.append(f"{argument}={bad!r}: the message does not name it: {error}")
            except Exception as error:
                wrong.append(f"{argument}={bad!r}: {type(error).__name__}: {error}")
            else:
                if any(np.isnan(array).any() for array in numbers(result)):
                    wrong.append(f"{argument}={bad!r}: NaN came back")
    assert not wrong, "\n".join(wrong)


NO_LOSS = (math.nan, math.inf, None, "x", [1.0], (1.0,), (1.0, 2.0, 3.0), (math.nan, np.zeros((5, 2))), (1.0, np.zeros((5, 3))),
           (1.0, np.full((5, 2), np.nan)), (1.0, None), True, 1j)  # fmt: skip


@pytest.mark.parametrize("returned", NO_LOSS)
def test_a_loss_that_is_none_is_refused_and_nothing_learned(returned):
    def loss_fn(outputs, targets):
        return returned

    network = copy.deepcopy(NET)
    learner, windows, meta = (
        BPTTLearner(network, loss_fn),
        TBPTTLearner(network, loss_fn, k=5),
        MetaLearner(network, loss_fn=loss_fn),
    )
    eprop, online = EpropTrainer(3, 4, 2, loss_fn=loss_fn), OnlineTrainer([3, 2], loss_fn=loss_fn)
    for train, weights in (
        (lambda: learner.train_step(INPUTS, TARGETS), network.weights),
        (lambda: windows.train_step(INPUTS, TARGETS), network.weights),
        (lambda: meta.outer_step([TASK]), network.weights),
        (lambda: meta.inner_loop(TASK), network.weights),
        (lambda: eprop.train_sequence(INPUTS, TARGETS), eprop.network.weights),
        (lambda: online.train_sequence(INPUTS, TARGETS), online.weights),
    ):
        before = [w.copy() for w in weights]
        with pytest.raises(ConfigError, match=r"^loss_fn"):
            train()
        assert all((w == b).all() for w, b in zip(weights, before, strict=True))


def test_a_loss_without_a_gradient_has_the_one_of_central_differences():
    outputs, targets = np.random.default_rng(0).normal(size=(2, 4, 3))
    value, gradient = evaluated(lambda y, t: squared_error(y, t)[0], outputs, targets)
    expected_value, expected = squared_error(outputs, targets)
    assert value == expected_value
    np.testing.assert_allclose(gradient, expected, atol=1e-9)

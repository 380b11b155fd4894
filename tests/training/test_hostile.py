"""Joins and arguments that nobody should make: each works with finite figures, or is refused with the name of what is wrong.

Layers of one neuron, sequences of one timestep or none, weights, rates and losses beyond all measure, generators and text for
lists, states and weights changed from outside, functions that raise: what those raise is the user's, and comes out as it is.
"""

import copy
import math

import numpy as np
import pytest

from sc_hw_models.continual.anchored import AnchoredPenalty
from sc_hw_models.continual.codes import importance_codes
from sc_hw_models.continual.ewc import ElasticPenalty
from sc_hw_models.continual.fisher import Perceptron, fisher_diagonal
from sc_hw_models.continual.learner import ContinualLearner
from sc_hw_models.continual.metrics import transfer
from sc_hw_models.continual.rehearsal import ReplayBuffer
from sc_hw_models.continual.si import SynapticIntelligence
from sc_hw_models.continual.stochastic import EWC_SCLayer
from sc_hw_models.continual.trainer import ContinualTrainer
from sc_hw_models.network import Network, Population, Projection, Wiring
from sc_hw_models.neurons import LIF, Izhikevich, Leaky, Source
from sc_hw_models.rule import ConfigError
from sc_hw_models.rules.stp import ShortTermPlasticity, StpConfig
from sc_hw_models.training.bptt import BPTTLearner, TBPTTLearner
from sc_hw_models.training.eprop import EligibilityTrace, EpropTrainer, ProjectionEligibility
from sc_hw_models.training.evolution import SNNGeneticEvolver
from sc_hw_models.training.federated import FederatedAggregator, SecureSum
from sc_hw_models.training.homeostasis import HomeostaticPlasticity
from sc_hw_models.training.losses import cross_entropy, squared_error
from sc_hw_models.training.meta import MetaLearner
from sc_hw_models.training.online import OnlineLIFLayer, OnlineTrainer
from sc_hw_models.training.optimisers import SGD
from sc_hw_models.training.reward import RewardModulatedLearner
from sc_hw_models.training.schedulers import CosineScheduler, ExponentialScheduler, StepScheduler, WarmupCosineScheduler
from sc_hw_models.training.spiking import SpikingClassifier, SpikingTrainable
from sc_hw_models.training.structural import StructuralPlasticity

from .test_wrong_kinds import numbers

T, Y, LABELS, X = np.ones((5, 1)), np.zeros((5, 1)), np.array([0, 1, 0, 1, 0]), np.ones((5, 3))
W, HUGE = [np.ones((2, 3))], [np.full((2, 3), 1e308)]


class Refusing:
    """An object whose own way of becoming an array raises."""

    def __array__(self, *given, **named):
        raise RuntimeError("no array of this")


class MineError(Exception):
    """What a function of the user raises."""


def raises(*given):
    raise MineError


def network(n=1, hidden=1, outputs=1, neuron=None):
    x, a, y = Population("x", n, Source()), Population("a", hidden, neuron or LIF()), Population("y", outputs, Leaky())
    return Network([x, a, y], [Projection.from_matrix(s, t, np.full((s.n, t.n), 0.7)) for s, t in ((x, a), (a, a), (a, y))])


def changed(change, **sizes):
    """A network after a change from outside."""
    made = network(**sizes)
    change(made)
    return made


def filled(value):
    return changed(lambda n: n.weights[0].fill(value), hidden=3)


def with_state(state):
    return changed(lambda n: n.populations["a"].state.update(state), hidden=3)


def bptt(made=None, inputs=T, targets=Y, times=1, **options):
    learner = BPTTLearner(network() if made is None else made, options.pop("loss_fn", squared_error), **options)
    return [learner.train_step(inputs, targets) for _ in range(times)], learner.network.weights


def after_a_step(learner, samples=None):
    """A learner's update after a timestep of a network, samples side by side."""
    made = network()
    ready = learner(made)
    made.reset(samples)
    made.step(np.ones(1 if samples is None else (samples, 1)))
    return ready()


def beyond(trainer, inputs, targets):
    """Learning so fast that weights leave all measure."""
    return [trainer.train_sequence(10 * inputs, targets + 1) for _ in range(4)], trainer.predict_sequence(inputs)


def tasks(trainer, count=2):
    for _ in range(count):
        trainer.train_epoch(X, LABELS)
        trainer.finish_task(X, LABELS)
    return trainer.weights


def penalty(kind):
    made = kind([(2, 3)], 1e308) if kind is not SynapticIntelligence else kind(W, strength=1e308)
    if kind is SynapticIntelligence:
        made.importance[0] += 1e50
    else:
        made.add([np.full((2, 3), 1e50)], W)
    return made


def pulled(kind):
    weights = [2 * w for w in W]
    penalty(kind).pull(weights, 1e308)
    np.testing.assert_allclose(weights[0], 1.0)  # the limit of a proximal step: the anchor
    return weights


def stochastic(strength=10.0, step_size=0.01):
    layer = EWC_SCLayer(1, 1, ewc_lambda=strength)
    layer.train_step([[0.5]], [[1]])
    layer.consolidate_task()
    layer.train_step([[0.5]], [[0]])
    return layer.apply_ewc_penalty(step_size), layer.get_weights()


def learner(accuracy=0.5, size=1.0):
    made = ContinualLearner(W)
    made.compute_fisher([[size * w for w in W]])
    made.register_task(accuracy)
    return made


def sums(*clients):
    round_ = SecureSum(3)
    return [round_.send(client, [1, 2]) for client in clients]


def evolved(factory=lambda: np.ones(2), fitness=lambda w: float(w.sum()), **options):
    return SNNGeneticEvolver(factory, fitness, 4, 1.0, **options).evolve(2)


WORKS, USERS = "", "the user's"
CASES = {
    "one neuron": (lambda: bptt(), WORKS),
    "one timestep": (lambda: bptt(None, T[:1], Y[:1]), WORKS),
    "one sample": (lambda: bptt(None, T[:, None], Y[:, None]), WORKS),
    "windows of one": (lambda: TBPTTLearner(network(), squared_error, k=1).train_step(T, Y), WORKS),
    "no timestep": (lambda: bptt(None, T[:0], Y[:0]), "inputs"),
    "no sample": (lambda: bptt(None, np.ones((5, 0, 1)), np.ones((5, 0, 1))), "inputs"),
    "fewer targets": (lambda: bptt(None, T, Y[:3]), "targets"),
    "targets from a generator": (lambda: bptt(None, T, (row for row in Y)), "targets"),
    "inputs from a generator": (lambda: bptt(None, (row for row in T)), "inputs"),
    "inputs of text": (lambda: bptt(None, "abc"), "inputs"),
    "inputs of another source": (lambda: bptt(None, {"q": T}), "inputs"),
    "inputs in a mapping in a mapping": (lambda: bptt(None, {"x": {"x": T}}), "inputs"),
    "inputs that refuse": (lambda: bptt(None, Refusing()), "inputs"),
    "one class": (lambda: bptt(None, T, LABELS * 0, loss_fn=cross_entropy), WORKS),
    "no class at all": (lambda: bptt(network(outputs=2), T, LABELS * 0 - 1, loss_fn=cross_entropy), WORKS),
    "truth values for classes": (lambda: bptt(network(outputs=2), T, LABELS > 0, loss_fn=cross_entropy), "targets"),
    "no synapse": (lambda: bptt(changed(lambda n: n.projections[0].rewire([0, 0], [], []))), WORKS),
    "no projection": (lambda: bptt(Network([Population("x", 1, Source()), Population("y", 1, Leaky())], [])), WORKS),
    "no source": (lambda: bptt(Network([Population("y", 1, Leaky())], [])), "inputs"),
    "a source alone": (lambda: bptt(Network([Population("x", 1, Source())], [])), WORKS),
    "neurons without a surrogate": (lambda: bptt(network(neuron=Izhikevich())), "neuron"),
    "eligibility without a surrogate": (lambda: ProjectionEligibility(network(neuron=Izhikevich()).projections[0]), "projection"),
    "rewards without a surrogate": (lambda: RewardModulatedLearner(network(neuron=Izhikevich())).network.weights, WORKS),
    "currents beyond measure": (lambda: network(neuron=Izhikevich()).run(np.full((50, 1), 1e150)), "inputs"),
    "weights of NaN": (lambda: bptt(filled(math.nan), T), "data"),
    "weights of NaN that run": (lambda: filled(math.nan).run(T), "data"),
    "weights beyond measure": (lambda: bptt(changed(lambda n: [w.fill(1e300) for w in n.weights])), "loss_fn"),
    "weights of another number": (lambda: changed(lambda n: setattr(n.projections[0], "data", np.ones(7))), "data"),
    "weights of None": (lambda: changed(lambda n: setattr(n.projections[0], "data", None)), "data"),
    "weights from a list": (lambda: changed(lambda n: setattr(n.projections[0], "data", [0.1])).run(T), WORKS),
    "a state of another shape": (lambda: with_state({"voltage": np.ones(7)}).step(T[0]), "state of a"),
    "a state of NaN": (lambda: with_state({"voltage": np.full(3, math.nan)}).step(T[0]), "state of a"),
    "a state of text": (lambda: with_state({"voltage": "abc"}).step(T[0]), "state of a"),
    "a state that lacks an entry": (lambda: changed(lambda n: n.populations["a"].state.pop("voltage")).step(T[0]), "state of a"),
    "a state that is none": (lambda: changed(lambda n: setattr(n.populations["a"], "state", None)).step(T[0]), "state of a"),
    "gradients of other samples": (lambda: network().projections[0].weight_gradient(T[:4], T), "gradient"),
    "a negative zero": (lambda: EpropTrainer(3, 4, 2, input_scale=-0.0, recurrent_scale=-0.0).predict_sequence(X), WORKS),
    "a rate beyond measure": (lambda: bptt(times=3, lr=1e300), WORKS),
    "steps beyond measure": (lambda: bptt(times=3, optimiser=SGD(1e300)), WORKS),
    "a loss that raises": (lambda: bptt(loss_fn=raises), USERS),
    "a surrogate that raises": (lambda: bptt(surrogate=raises), USERS),
    "rewards side by side": (lambda: after_a_step(lambda n: lambda: RewardModulatedLearner(n).step(1.0), 3), "network"),
    "scaling side by side": (
        lambda: after_a_step(lambda n: lambda: HomeostaticPlasticity().update(n.populations["a"]), 3), "spikes"),
    "rewiring side by side": (
        lambda: after_a_step(lambda n: lambda: StructuralPlasticity().update(n.projections[1]), 3), "spikes"),
    "rewiring one place": (
        lambda: after_a_step(lambda n: lambda: StructuralPlasticity(1.0, 0.9, period=1).update(n.projections[1])), WORKS),
    "rewiring NaN": (lambda: StructuralPlasticity(period=1).update(filled(math.nan).projections[0]), "data"),
    "scaling NaN": (lambda: HomeostaticPlasticity().update(filled(math.nan).populations["a"]), "data"),
    "scaling a source": (lambda: HomeostaticPlasticity().update(network().populations["x"]), "population"),
    "factors of text": (lambda: HomeostaticPlasticity().factors("abc"), "rates"),
    "factors of a generator": (lambda: HomeostaticPlasticity().factors(x for x in (1.0, 2.0)), "rates"),
    "wiring of numbers": (lambda: Wiring([1, 2]), "projections"),
    "e-prop of one neuron": (lambda: EpropTrainer(1, 1, 1).train_sequence(T, Y), WORKS),
    "e-prop of nothing": (lambda: EpropTrainer(1, 1, 1).train_sequence(T[:0], Y[:0]), "inputs"),
    "e-prop beyond measure": (lambda: beyond(EpropTrainer(1, 2, 1, lr=1e300), T, Y), WORKS),
    "online beyond measure": (lambda: beyond(OnlineTrainer([1, 2, 1], lr=1e300), T, Y), "loss_fn"),
    "a layer beyond measure": (lambda: huge_signal(), "signal"),
    "a signal before a timestep": (lambda: OnlineLIFLayer(2, 2).apply_learning_signal(np.ones(2)), WORKS),
    "a trace that grows": (lambda: traced(np.ones(2), np.ones(3)), "pre_spike"),
    "a trace of nothing": (lambda: EligibilityTrace().update([], [], []), "pre_spike"),
    "a trace beyond measure": (lambda: traced(*[np.full(2, 1e308)] * 3), "error_signal"),
    "tasks from a generator": (lambda: MetaLearner(network()).outer_step(task for task in [(T, Y)]), "tasks"),
    "one task for tasks": (lambda: MetaLearner(network()).outer_step((T, Y)), "task"),
    "a truth value for steps": (lambda: MetaLearner(network()).inner_loop((T, Y), True), "n_steps"),
    "adaptation beyond measure": (lambda: MetaLearner(network(), 1e300, 1e300).outer_step([(T, Y)] * 3), WORKS),
    "a batch of three": (lambda: SpikingTrainable(network(), squared_error).gradient(network().weights, (T, Y, Y)), "batch"),
    "a batch of text": (lambda: SpikingTrainable(network(), squared_error).gradient(network().weights, "ab"), "batch"),
    "fitness of NaN": (lambda: evolved(fitness=lambda w: math.nan), WORKS),
    "fitness of text": (lambda: evolved(fitness=lambda w: "x"), "fitness_func"),
    "fitness that raises": (lambda: evolved(fitness=raises), USERS),
    "individuals of NaN": (lambda: evolved(lambda: np.full(2, math.nan)), "layer_factory"),
    "individuals of whole numbers": (lambda: evolved(lambda: np.ones(2, int)), "layer_factory"),
    "individuals from a generator": (lambda: evolved(lambda: (np.ones(2) for _ in range(2))), "layer_factory"),
    "a population in an array": (lambda: SNNGeneticEvolver(lambda: np.ones(2), np.sum, np.array(4)).evolve(1), WORKS),
    "clients of other shapes": (lambda: FederatedAggregator.aggregate_gradients([[0, 1], [0]]), "client_gradients"),
    "clients from a generator": (lambda: FederatedAggregator.aggregate_gradients(x for x in [[0, 1]]), "client_gradients"),
    "clients of nothing": (lambda: FederatedAggregator.secure_sum_protocol([np.zeros(0)] * 3), "client_gradients"),
    "a client in an array": (lambda: sums(np.array(0), 1, 2), WORKS),
    "a client twice, once in an array": (lambda: sums(1, np.array(1)), "client"),
    "release of nothing": (lambda: ShortTermPlasticity().update([]), "pre_spikes"),
    "release of text": (lambda: ShortTermPlasticity().update(["1", "0"]), "pre_spikes"),
    "release of records": (lambda: ShortTermPlasticity().update(np.zeros(3, [("a", "f8")])), "pre_spikes"),
    "release without time": (lambda: ShortTermPlasticity(1e-300, 1e-300, 1.0).update([1, 1]), WORKS),
    "shifts without time": (lambda: StpConfig.from_time_constants(tau_d=200.0, tau_f=600.0, u_se=0.2, dt=5e-324), "tau_d"),
    "information of one class": (lambda: fisher_diagonal(Perceptron(), [np.ones((1, 1))], np.ones((1, 1))), WORKS),
    "information of nothing": (lambda: fisher_diagonal(Perceptron(), W, np.zeros((0, 3))), "inputs"),
    "information beyond measure": (lambda: fisher_diagonal(Perceptron(), HUGE, X), "inputs"),
    "information of spikes beyond measure": (
        lambda: SpikingClassifier(network(outputs=2)).probabilities(
            [np.full(1, 1e308), np.full(1, 1e308), np.full(2, 1e308)], np.ones((2, 5, 1))
        ), "inputs"),
    "outputs of text": (lambda: Perceptron().outputs(W, "abc"), "inputs"),
    "outputs of no layer": (lambda: Perceptron().outputs([], X), "weights"),
    "outputs of a number": (lambda: Perceptron().outputs(1.0, X), "weights"),
    "labels beyond the classes": (lambda: Perceptron().loss_gradient(W, X, LABELS + 5), "labels"),
    "errors of another shape": (lambda: Perceptron().squared_gradients(W, X, np.ones((4, 2))), "errors"),
    "gradients from a generator": (lambda: ContinualLearner(W).compute_fisher(w for w in [W]), "gradients_per_sample"),
    "layers of text": (lambda: ContinualLearner("ab"), "weights"),
    "layers of nothing": (lambda: ContinualLearner([np.zeros((0, 3))]), "weights"),
    "a name for a list of names": (lambda: ContinualLearner(W, "a"), "layer_names"),
    "an accuracy of NumPy": (lambda: learner(np.float32(0.5)).ewc_penalty(), WORKS),
    "an accuracy of NaN": (lambda: learner(math.nan), "accuracy"),
    "a penalty beyond measure": (lambda: penalty(ElasticPenalty).value(HUGE), "weights"),
    "an anchored penalty beyond measure": (lambda: penalty(AnchoredPenalty).value(HUGE), "weights"),
    "a path's penalty beyond measure": (lambda: penalty(SynapticIntelligence).penalty(HUGE), "weights"),
    "a pull beyond measure": (lambda: pulled(ElasticPenalty), WORKS),
    "an anchored pull beyond measure": (lambda: pulled(AnchoredPenalty), WORKS),
    "a path's pull beyond measure": (lambda: pulled(SynapticIntelligence), WORKS),
    "importance beyond measure": (lambda: ElasticPenalty([(2, 3)], 1.0).add(HUGE, W), "fisher"),
    "anchors of another shape": (lambda: ElasticPenalty([(2, 3)], 1.0).anchors([np.ones(3)]), "otherwise"),
    "samples kept of text": (lambda: ReplayBuffer(3).keep("ab", [0], [1]), "inputs"),
    "samples kept of a matrix": (lambda: ReplayBuffer(3).keep(np.asmatrix(X), LABELS, [1]), WORKS),
    "no samples kept": (lambda: ReplayBuffer(0), "size"),
    "a trainer of one class": (lambda: ContinualTrainer([1, 1]).train_epoch(np.ones((1, 1)), [0]), WORKS),
    "a trainer of no sample": (lambda: ContinualTrainer([1, 2]).train_epoch(np.ones((0, 1)), []), "inputs"),
    "a trainer's sizes as text": (lambda: ContinualTrainer("32"), "sizes"),
    "a trainer's sizes from a generator": (lambda: ContinualTrainer(n for n in (3, 2)), "sizes"),
    "a trainer past its heads": (lambda: tasks(ContinualTrainer([3, 2], heads=2), 3), "task"),
    "a trainer beyond measure": (lambda: tasks(ContinualTrainer([3, 4, 2], lr=1e300, strength=1e300)), "inputs"),
    "figures of NaN": (lambda: transfer(np.full((2, 2), math.nan), np.zeros(2)), "matrix"),
    "figures of one task": (lambda: transfer(np.eye(1), np.zeros(1)), WORKS),
    "a stochastic neuron": (stochastic, WORKS),
    "a stochastic layer beyond measure": (lambda: stochastic(1e308, 1e308), WORKS),
    "codes of the smallest": (lambda: importance_codes([5e-324, 1e308], "shift"), WORKS),
    "counts of text": (lambda: StepScheduler(0.1, 3).rate("x"), "count"),
    "counts below 0": (lambda: ExponentialScheduler(0.1).rate(-1), "count"),
    "counts that are no whole numbers": (lambda: CosineScheduler(0.1, 0.0, 3).rate(1.5), "count"),
    "counts that are truth values": (lambda: WarmupCosineScheduler(0.1, 0.0, 2, 5).rate(True), "count"),
}  # fmt: skip


def huge_signal():
    layer = OnlineLIFLayer(1, 1, lr=1e300)
    layer.step(np.full(1, 1e5))
    before = layer.weights.copy()
    try:
        layer.apply_learning_signal(np.full(1, 1e300))
    finally:
        assert (layer.weights == before).all()


def traced(pre, post, error=None):
    trace = EligibilityTrace(1e308)
    error = np.ones(len(post)) if error is None else error
    trace.update(pre, post, error)
    return trace.update(np.append(pre, 1.0), post, error)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", CASES)
def test_it_works_with_finite_figures_or_is_refused_by_name(name):
    call, expected = CASES[name]
    if expected == USERS:
        with pytest.raises(MineError):
            call()
    elif expected:
        with pytest.raises(ConfigError, match=rf"^{expected}"):
            call()
    else:
        assert all(np.isfinite(array).all() for array in numbers(copy.deepcopy(call())))

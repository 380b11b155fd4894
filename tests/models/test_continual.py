"""EWC, SI, codes and the learner against finite differences and written-out formulas."""

import numpy as np
import pytest

from sc_hw_models.continual.codes import importance_codes, octaves
from sc_hw_models.continual.ewc import ElasticPenalty
from sc_hw_models.continual.fisher import Perceptron, fisher_diagonal
from sc_hw_models.continual.learner import ContinualLearner
from sc_hw_models.continual.plasticity import PlasticityConfig, decay_shift, learning_shift
from sc_hw_models.continual.quantise import quantised
from sc_hw_models.continual.si import SynapticIntelligence
from sc_hw_models.online_o1 import OnlineO1Array
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError, Field

from .slopes import SHAPES, log_likelihood, network, slope


def test_a_pull_is_the_least_of_penalty_and_distance():
    """Where lr times the penalty's gradient plus the distance moved is 0."""
    g = np.random.default_rng(1)
    start, now = ([g.normal(size=(3, 4))] for _ in range(2))
    elastic, intelligence = ElasticPenalty([(3, 4)], 7.0), SynapticIntelligence(start, strength=3.0)
    elastic.add([g.random((3, 4))], start)
    intelligence.record([-g.random((3, 4))], [g.random((3, 4))])
    intelligence.finish_task(start)
    for penalty in (elastic, intelligence):
        moved = [now[0].copy()]
        penalty.pull(moved, 0.2)
        np.testing.assert_allclose(0.2 * penalty.gradient(moved)[0] + moved[0] - now[0], 0, atol=1e-12)
        assert np.abs(moved[0] - now[0]).max() > 0.01


def test_the_penalty_adds_up_over_tasks_and_its_gradient_is_its_slope():
    g = np.random.default_rng(4)
    shapes = [(2, 3), (4,)]
    tasks = [([g.random(s) for s in shapes], [g.normal(size=s) for s in shapes]) for _ in range(3)]
    penalty, now = ElasticPenalty(shapes, 7.0), [g.normal(size=s) for s in shapes]
    for fisher, anchor in tasks:
        penalty.add(fisher, anchor)
    expected = sum(
        3.5 * np.sum(f * (w - a) ** 2) for fisher, anchor in tasks for f, a, w in zip(fisher, anchor, now, strict=True)
    )
    assert penalty.value(now) == pytest.approx(expected)
    for found, wanted in zip(penalty.gradient(now), slope(penalty.value, now), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)
    with pytest.raises(ConfigError, match="fisher: negative"):
        penalty.add([-f for f in tasks[0][0]], now)
    with pytest.raises(ConfigError, match="weights: shapes"):
        penalty.add(tasks[0][0], now[:1])
    with pytest.raises(ConfigError, match="strength=-1"):
        ElasticPenalty(shapes, -1)


def test_the_path_integral_adds_up_to_the_fall_of_the_loss():
    weights, inputs, g = network([(3, 5)], 6)
    labels = g.integers(0, 3, 6)

    def loss(w):
        return -np.mean([log_likelihood("softmax", w, x, y) for x, y in zip(inputs, labels, strict=True)])

    si = SynapticIntelligence(weights)
    start = loss(weights)
    for _ in range(300):
        p = Perceptron().probabilities(weights, inputs)
        gradient = [((p - np.eye(3)[labels]).T @ inputs) / len(inputs)]
        change = [-0.002 * gradient[0]]
        si.record(gradient, change)
        weights = [weights[0] + change[0]]
    fall = start - loss(weights)
    assert fall > 0.1
    assert si.path[0].sum() == pytest.approx(fall, rel=0.01)


def test_synaptic_intelligence_as_published():
    """Two tasks by hand: one weight helps, one hurts and is clipped; importances add up, the anchor moves."""
    si = SynapticIntelligence([np.array([1.0, 2.0])], strength=0.5, damping=0.1)
    si.record([np.array([-2.0, 1.0])], [np.array([0.5, 0.5])])
    si.finish_task([np.array([1.5, 2.5])])
    np.testing.assert_allclose(si.importance[0], [1.0 / (0.25 + 0.1), 0.0])
    si.record([np.array([-1.0, -1.0])], [np.array([0.0, 1.0])])
    si.finish_task([np.array([1.5, 3.5])])
    np.testing.assert_allclose(si.importance[0], [1.0 / 0.35, 1.0 / 1.1])
    now = [np.array([2.0, 3.0])]
    assert si.penalty(now) == pytest.approx(0.5 * (0.25 / 0.35 + 0.25 / 1.1))
    np.testing.assert_allclose(si.gradient(now)[0], slope(si.penalty, now)[0], rtol=1e-6)
    for words, arguments in (("strength", {"strength": -1.0}), ("damping", {"damping": 0.0})):
        with pytest.raises(ConfigError, match=words):
            SynapticIntelligence(now, **arguments)
    with pytest.raises(ConfigError, match="changes: shapes"):
        si.record(now, [np.zeros(3)])


def test_codes_count_octaves_below_the_largest():
    importance = np.array([1.0, 0.99, 0.5, 0.26, 2.0**-7, 2.0**-30, 0.0])
    assert octaves(importance).tolist()[:6] == [0, -1, -1, -2, -7, -30]
    for kind in ("shift", "probabilistic", "si"):
        assert importance_codes(importance, kind).tolist() == [7, 6, 6, 5, 0, 0, 0]
    assert importance_codes(importance, "pull").tolist() == [0, 1, 1, 2, 7, 7, 7]
    assert importance_codes(importance, "shift", 1).tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert importance_codes(importance, "pull", 4).tolist() == [0, 1, 1, 2, 7, 15, 15]
    assert importance_codes(importance, "lock").tolist() == [1, 1, 1, 0, 0, 0, 0]
    nothing = np.zeros((2, 3))
    assert (importance_codes(nothing, "shift") == 0).all()
    assert (importance_codes(nothing, "pull") == 7).all()
    assert (importance_codes(nothing, "lock") == 0).all()
    assert (importance_codes(importance[:6] * 3, "pull") == importance_codes(importance[:6] * 12, "pull")).all()
    for bad in (np.array([]), np.array([1.0, np.nan]), np.array([np.inf]), np.array([-1e-9])):
        with pytest.raises(ConfigError, match="importance"):
            importance_codes(bad, "shift")
    with pytest.raises(ConfigError, match="consolidation='none'"):
        importance_codes(importance, "none")
    with pytest.raises(ConfigError, match="bits=5"):
        importance_codes(importance, "shift", 5)


def test_quantisation_says_what_it_lost():
    signed, unsigned = Field(name="weight", bits=4, signed=True), Field(name="weight", bits=4)
    made = quantised(np.array([-1.0, 0.1, 0.8]), signed)
    assert (made.scale, made.offset, made.clipped) == (0.25, 0.0, 0)
    assert made.values.tolist() == [-4, 0, 3]
    assert made.error_max == pytest.approx(0.1)
    assert made.error_rms == pytest.approx(np.sqrt((0.1**2 + 0.05**2) / 3))
    made = quantised(np.array([-2.0, 0.1, 2.0]), signed, 0.25)
    assert (made.values.tolist(), made.clipped, made.error_max) == ([-8, 0, 7], 1, 0.25)
    made = quantised(np.array([-1.0, 0.5]), unsigned)
    assert (made.values.tolist(), made.scale, made.offset) == ([0, 12], 0.125, -1.0)
    integers = np.array([-1024, 1023, 0])
    assert (quantised(integers, Field(name="weight", bits=11, signed=True), 1.0).values == integers).all()
    assert quantised(np.zeros(2), signed).scale == 1.0
    with pytest.raises(ConfigError, match="scale=0"):
        quantised(np.zeros(2), signed, 0.0)


def learner(**options):
    weights, inputs, _ = network(SHAPES[1], 8)
    return ContinualLearner(weights, **options), weights, inputs


def test_extraction_depends_on_the_fisher_information():
    found = []
    for kind in ("zero", "random", "real"):
        subject, weights, inputs = learner()
        real = subject.measure_fisher(inputs)
        g = np.random.default_rng(9)
        chosen = {"zero": [0 * f for f in real], "random": [g.random(f.shape) for f in real], "real": real}[kind]
        subject.register_task(0.5, importance=chosen)
        found.append([(c.lr_potentiation, c.lr_depression) for c in subject.extract_plasticity_configs()])
    zero, random, real = found
    assert zero == [(0.01, 0.012)] * 2
    assert len({tuple(row) for row in found}) == 3
    assert all(r[0] < 0.01 for r in random + real)
    subject, weights, inputs = learner()
    subject.measure_fisher(inputs)
    subject.register_task(1.0)
    config, fisher = subject.extract_plasticity_configs()[0], subject.fisher[0]
    assert config.lr_potentiation == pytest.approx(np.mean(0.01 / (1 + 0.01 * 1000 * fisher)))
    assert (config.w_min, config.w_max) == (weights[0].min(), weights[0].max())


def test_the_learner_accumulates_and_reports():
    subject, weights, inputs = learner(layer_names=["in", "out"], ewc_lambda=3.0, plasticity_rule="r_stdp")
    assert subject.ewc_penalty() == 0
    first = subject.measure_fisher(inputs)
    subject.register_task(0.75)
    moved = [w + 0.5 for w in weights]
    subject.update_weights(moved)
    expected = 1.5 * sum((f * 0.25).sum() for f in first)
    assert subject.ewc_penalty() == pytest.approx(expected)
    np.testing.assert_allclose(subject.ewc_gradient()[0], 3.0 * first[0] * 0.5)
    second = subject.measure_fisher(inputs, kind="sampled", seed=1)
    subject.register_task(0.5)
    assert subject.ewc_penalty() == pytest.approx(expected)  # the first task still holds
    np.testing.assert_allclose(subject.fisher[1], first[1] + second[1])
    report = subject.report()
    assert (report.tasks, [layer.name for layer in report.layers]) == (2, ["in", "out"])
    assert report.layers[0].largest == subject.fisher[0].max()
    layer, fisher = report.layers[1], subject.fisher[1]
    assert (layer.weights, layer.mean, layer.plasticity) == (12, fisher.mean(), subject.extract_plasticity_configs()[1])
    assert layer.octaves == pytest.approx(np.log2(fisher.max() / fisher[fisher > 0].min()))
    assert report.penalty == subject.ewc_penalty()
    lines = report.summary().splitlines()
    assert len(lines) == 5
    assert report.accuracies == (0.75, 0.5)
    assert lines[1:3] == ["  task 0: accuracy 0.7500", "  task 1: accuracy 0.5000"]
    assert lines[0] == f"2 tasks registered, penalty {report.penalty:.6g}"
    assert lines[4].startswith(f"  out: 12 weights, importance up to {layer.largest:.3g} (mean {layer.mean:.3g}, ")
    for words, call in (
        ("new_weights: shapes", lambda: subject.update_weights(weights[:1])),
        ("new_weights: not finite", lambda: subject.update_weights([weights[0] * np.nan, weights[1]])),
        ("layer_names", lambda: ContinualLearner(weights, ["a", "a"])),
        ("weights: no list, none", lambda: ContinualLearner([])),
        ("plasticity_rule", lambda: ContinualLearner(weights, plasticity_rule="bcm")),
        ("ewc_lambda=-1", lambda: ContinualLearner(weights, ewc_lambda=-1)),
    ):
        with pytest.raises(ConfigError, match=words):
            call()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("layer_name", ""),
        ("rule", "bcm"),
        ("tau_pre", 0),
        ("tau_post", -1.0),
        ("tau_pre", float("inf")),
        ("lr_potentiation", -0.1),
        ("lr_depression", float("nan")),
        ("w_min", 1.0),
        ("w_max", 0.0),
        ("w_min", "0"),
        ("homeostatic_target", 0.0),
        ("homeostatic_target", 1.5),
        ("tau_pre", True),
    ],
)
def test_plasticity_configs_are_checked(field, value):
    with pytest.raises(ConfigError, match=rf"{field}=|w_max="):
        PlasticityConfig(**{"layer_name": "a", field: value})


def test_shifts_are_the_nearest_in_ratio():
    for tau in np.geomspace(1, 1e6, 40):
        shift, error = decay_shift(tau)
        made = -1 / np.log(1 - 2.0**-shift)
        assert error == pytest.approx(made / tau - 1)
        assert tau < 2 or abs(np.log(made / tau)) < 0.37  # neighbours are a factor of 2 apart, a little more below 4
    for change in np.geomspace(0.01, 100, 30):
        shift, error = learning_shift(1000.0, change)
        assert 1000 * 2.0**-shift == pytest.approx(change * (1 + error))
        assert abs(np.log2(1 + error)) <= 0.5 + 1e-9
    assert learning_shift(1000.0, 0.0)[0] == 30


@pytest.mark.parametrize("lr", [0.3, 0.01, 0.0004])
def test_a_converted_r_stdp_core_changes_by_what_the_conversion_says(lr):
    asked = PlasticityConfig(layer_name="a", rule="r_stdp", lr_potentiation=lr, lr_depression=lr / 4, tau_pre=30, tau_post=10)
    made = get_rule("r_stdp").from_plasticity(asked)
    config = made.config
    half = 1 << (config.weight_bits - 1)
    core = OnlineO1Array(config, 4000, half)
    moved = core.update(pre_spike=np.ones(4000, bool), post_spike=np.ones(4000, bool), reward=config.max_reward)["weight"].mean()
    # Potentiation sees a full trace, depression the empty one of a synapse at rest.
    assert (moved - half) / config.max_weight == pytest.approx(lr * (1 + made.errors["lr_potentiation"]), rel=0.02)
    silent = np.zeros(4000, bool)
    decayed = core.update(pre_spike=silent, post_spike=silent, reward=0)["pre_trace"][0] / config.max_trace
    assert -1 / np.log(decayed) == pytest.approx(30 * (1 + made.errors["tau_pre"]), rel=0.01)
    assert -1 / np.log(decayed) == pytest.approx(10 * (1 + made.errors["tau_post"]), rel=0.01)
    assert made.errors["lr_depression"] == pytest.approx(made.errors["lr_potentiation"])  # a quarter is a shift of 2


@pytest.mark.parametrize("rule", ["r_stdp", "three_factor"])
def test_what_does_not_learn_has_no_lane(rule):
    for kind in ("none", "homeostatic"):
        with pytest.raises(ConfigError, match=f"rule='{kind}'"):
            get_rule(rule).from_plasticity(PlasticityConfig(layer_name="a", rule=kind))


def test_a_converted_three_factor_core_changes_by_what_the_conversion_says():
    from sc_hw_models.core import CoreModel

    asked = PlasticityConfig(layer_name="a", lr_potentiation=0.01, lr_depression=0.01, w_min=-2, w_max=2)
    made = get_rule("three_factor").from_plasticity(asked)
    core = CoreModel(get_rule("three_factor"), made.config, synapses=4000)
    activity, signal = (next(f.maximum for f in core.spec.inputs if f.name == name) for name in ("activity", "signal"))
    core.step({"activity": np.full(4000, activity), "signal": np.full(4000, signal)})
    change = core.state["weight"].mean() / (1 << made.config.weight_bits) * 4
    assert change == pytest.approx(0.01 * (1 + made.errors["lr_potentiation"]), rel=0.05)


def test_integers_and_lists_are_numbers():
    for kind in ("shift", "probabilistic", "pull", "lock", "si"):
        codes = importance_codes([4, 2, 1], kind)
        assert codes.dtype == np.int64
        assert codes.tolist() == {"pull": [0, 1, 2], "lock": [1, 0, 0]}.get(kind, [7, 6, 5])
    assert octaves(np.array([4, 1])).dtype == np.int64
    assert quantised([1, 2], Field(name="weight", bits=4)).values.dtype == np.int64
    whole = [np.array([[1, 2]])]
    si = SynapticIntelligence(whole)
    assert si.anchor[0].dtype == np.float64
    si.finish_task(whole)
    assert si.anchor[0].dtype == ContinualLearner(whole).weights[0].dtype == np.float64


def test_a_penalty_may_be_off_and_refuses_by_name():
    now, more = [np.ones((2, 3))], [np.ones((2, 3))] * 2
    for strength in (0, 0.5):
        penalty, si = ElasticPenalty([(2, 3)], strength), SynapticIntelligence(now, strength=strength)
        penalty.add(now, [np.zeros((2, 3))])
        assert penalty.value(now) == 3 * strength
        si.record([-np.ones((2, 3))], now)
        si.finish_task([2 * now[0]])
        np.testing.assert_allclose(si.penalty(now), strength * 6 / 1.001)
    for subject in (penalty, si):
        for function in (getattr(subject, "value", None) or subject.penalty, subject.gradient):
            with pytest.raises(ConfigError, match="weights: shapes"):
                function(more)
    for words, call in (
        (r"fisher: shapes \[\(2, 3\), \(2, 3\)\] given; allowed are \[\(2, 3\)\]", lambda: penalty.add(more, now)),
        ("gradients: shapes", lambda: si.record(more, now)),
        ("changes: not finite", lambda: si.record(now, [np.inf * now[0]])),
        ("weights: shapes", lambda: si.finish_task(more)),
    ):
        with pytest.raises(ConfigError, match=f"^{words}"):
            call()


def test_the_learner_asks_for_the_fisher_information_it_is_told_to():
    subject, weights, inputs = learner()
    labels = np.arange(6) % 3
    for options in ({}, {"kind": "empirical", "labels": labels}, {"kind": "sampled"}, {"kind": "sampled", "seed": 3}):
        expected = fisher_diagonal(Perceptron(), weights, inputs, **({"seed": 0} | options))
        for found in (subject.measure_fisher(inputs, **options), fisher_diagonal(Perceptron(), weights, inputs, **options)):
            assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    logistic = Perceptron("logistic")
    found = subject.measure_fisher(inputs, network=logistic)
    assert np.array_equal(found[0], fisher_diagonal(logistic, weights, inputs)[0])


def test_a_layer_s_plasticity_and_report_at_their_edges():
    subject = ContinualLearner([np.array([2.0]), np.array([0.0, 0.0]), np.array([-3.0, -1.0])], plasticity_rule="r_stdp")
    ranges = [(c.w_min, c.w_max) for c in subject.extract_plasticity_configs()]
    assert ranges == [(0, 2), (0, 1), (-3, 0)]
    report = subject.report()
    assert [layer.octaves for layer in report.layers] == [0, 0, 0]
    assert [c.layer_name for c in subject.extract_plasticity_configs()] == ["layer0", "layer1", "layer2"]
    subject.register_task(1.0, importance=[np.array([4.0]), np.array([0.0, 0.25]), np.array([0.5, 8.0])])
    report = subject.report()
    assert [layer.octaves for layer in report.layers] == [0, 0, 4]
    assert report.summary().splitlines()[0] == "1 task registered, penalty 0"
    for config, fisher in zip(subject.extract_plasticity_configs(), subject.fisher, strict=True):
        assert config.rule == "r_stdp"
        assert config.lr_depression == pytest.approx(np.mean(0.012 / (1 + 12 * fisher)))
    with pytest.raises(ConfigError, match="empty layer"):
        ContinualLearner([np.ones(3), np.ones(0)])


def test_quantisation_at_its_edges():
    signed, unsigned = Field(name="weight", bits=4, signed=True), Field(name="weight", bits=4)
    assert quantised(np.array([0.5, 1.5]), unsigned).offset == 0
    made = quantised(np.array([-3.0, 0.0]), signed, 0.25)
    assert (made.values.tolist(), made.clipped, made.error_max) == ([-8, 0], 1, 1.0)

"""The page for those who come from sc-neurocore: every name on it is imported, its parameters are compared, and it is called."""

import ast
import inspect
import re
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Leaky, Source

PAGE = Path(__file__).parents[2] / "docs" / "learning" / "coming-from-sc-neurocore.md"
ROW = re.compile(r"\| `(?P<name>[\w.]+)` \| (?:`(?P<parameters>[^`]*)`)? ?\| (?P<gives>[^|]+) \| (?P<here>[^|]+) \|")
EMPTY = inspect.Parameter.empty


def rows():
    module, found = None, {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"### `([\w.]+)`", line):
            module = heading[1]
        elif line.startswith("| `"):
            row = ROW.fullmatch(line)
            assert row, line
            found[row["name"]] = (module, row["parameters"] or "", row["here"])
    return found


ROWS = rows()


def imported(name):
    value = import_module(ROWS[name][0])
    for part in name.split("."):
        value = getattr(value, part)
    return value


def network():
    g = np.random.default_rng(1)
    x, a, y = Population("x", 3, Source()), Population("a", 4, LIF()), Population("y", 2, Leaky())
    return Network([x, a, y], [Projection.from_matrix(s, t, g.uniform(0, 1, (s.n, t.n))) for s, t in ((x, a), (a, a), (a, y))])


def mean_square(outputs, targets):
    return float(np.mean((outputs - targets) ** 2))


def layer_factory():
    return imported("OnlineLIFLayer")(3, 2)


def learned(learner):
    """A float, the same loss as before learning it, and weights that moved."""
    weights = [w.copy() for w in learner.network.weights]
    inputs, targets = np.ones((7, 3)), np.zeros((7, 2))
    expected = mean_square(learner.network.run(inputs), targets)
    loss = learner.train_step(inputs, targets)
    assert type(loss) is float
    assert any((w != v).any() for w, v in zip(weights, learner.network.weights, strict=True))
    return loss, expected


class Case:
    """A call of each name, with what its row says it gives; ``make`` has what members are called on."""

    def __init__(self):
        self.config = imported("OnlineO1Config")()
        self.net = network()
        self.spikes = np.array([1.0, 0.0, 1.0])

    def __getattr__(self, name):
        return lambda *a, **k: imported(name)(*a, **k)

    def stepped(self, count=5):
        for _ in range(count):
            self.net.step(5 * np.ones(3))

    def learner(self):
        made = self.ContinualLearner([np.ones((2, 3)), np.ones((1, 2))])
        assert made.compute_fisher([[np.ones((2, 3)), np.ones((1, 2))], [3 * np.ones((2, 3)), np.ones((1, 2))]]) is None
        return made


def test_one_o1_config():
    c, config = Case(), Case().OnlineO1Config(16, 12, 8, 4, 4, "reward_modulated_stdp")
    assert (config.max_weight, config.max_trace, config.min_eligibility, config.max_eligibility) == (65535, 4095, -2048, 2047)
    assert (config.min_reward, config.max_reward, config.per_synapse_state_bits) == (-128, 127, 52)
    with pytest.raises(AttributeError):
        config.weight_bits = 3
    assert c.config.to_scnir_annotation(rule_id="a")["rule_id"] == "a"
    with pytest.raises(ValueError, match="rule_id"):
        c.config.to_scnir_annotation(rule_id="")


def test_one_synapse():
    c = Case()
    for weight, held in ((-5, 0), (70_000, 65_535), (300, 300)):
        assert c.OnlineO1Synapse(c.config, weight).weight == held
    for synapse in (c.OnlineO1Synapse(c.config, 300), c.RustOnlineO1Synapse(initial_weight=300)):
        after = synapse.step(pre_spike=True, post_spike=True, reward=10_000)
        assert after == synapse.snapshot()
        assert type(after).__name__ == "OnlineO1Snapshot"
        assert (after.weight, after.pre_trace, after.post_trace, after.eligibility) == (300 + 127 * 2047 // 16, 4095, 4095, 2047)
        assert (synapse.weight, synapse.pre_trace, synapse.post_trace, synapse.eligibility) == after[:4]
        assert synapse.state_fields == ("weight", "pre_trace", "post_trace", "eligibility")
        assert synapse.state_bit_count == 52
    assert synapse.per_synapse_state_bits == 52
    proof = c.build_online_o1_memory_proof(n_synapses=0, config=c.config, sequence_length=0)
    assert {"schema_version", "state_fields", "hidden_history_fields"} < set(proof)
    assert (proof["n_synapses"], proof["total_state_bits"], proof["sequence_length_independent"]) == (0, 0, True)
    for bad in ({"n_synapses": -1}, {"sequence_length": -1}):
        with pytest.raises(ValueError, match="=-1"):
            c.build_online_o1_memory_proof(**({"n_synapses": 1, "config": c.config} | bad))


def test_the_emitter():
    c = Case()
    texts = [c.OnlineO1LearningEmitter(module_name="lane", config=c.config).emit(8, generator=g) for g in ("amaranth", "verilog")]
    assert all("module lane" in text and "endmodule" in text for text in texts)
    assert "module sc_online_o1_reward_stdp" in c.OnlineO1LearningEmitter().emit()
    found = c.OnlineO1LearningEmitter().estimate_resources(1024, target="ecp5-25k")
    assert found["lut"]["least"] <= 278 <= found["lut"]["most"]  # measured: docs/measured/resources.md
    assert (found["block_ram"], found["dsp"]) == (3, 1)


def test_bptt():
    c = Case()
    loss, expected = learned(c.BPTTLearner(network(), mean_square, 1e-2))
    assert loss == pytest.approx(expected)
    windows = [mean_square(part, 0.0) for part in np.split(network().run(np.ones((7, 3))), [3, 6])]
    still = c.TBPTTLearner(network(), mean_square, 1e-12, 3)
    assert still.train_step(np.ones((7, 3)), np.zeros((7, 2))) == pytest.approx(sum(windows))
    learned(c.TBPTTLearner(network(), mean_square, 1e-2, 3))


def test_eprop_and_online():
    c = Case()
    trace = c.EligibilityTrace()
    first = trace.update(np.array([1.0, 0.0]), np.zeros(3), np.ones(3))
    second = trace.update(np.zeros(2), np.array([1.0, 0.0, 1.0]), np.array([2.0, 1.0, -1.0]))
    assert (first == 0).all()
    np.testing.assert_allclose(second, np.exp(-1 / 20) * np.array([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]]))
    for trainer, spikes in (
        (c.EpropTrainer(3, 4, 2, 20.0, 20.0, 1.0, 0.01, 1.0), True),
        (c.OnlineTrainer([3, 4, 2], 20.0, 1.0, 0.01), False),
    ):
        held = trainer.memory_per_step
        assert set(trainer.step(np.ones(3))) == {"output"} | ({"spikes"} if spikes else set())
        told = trainer.step(np.ones(3), np.ones(2))
        assert told["output"].shape == (2,)
        assert type(told["loss"]) is float
        assert trainer.reset() is None
        assert type(trainer.train_sequence(np.ones((9, 3)), np.ones((9, 2)))) is float
        assert trainer.predict_sequence(np.ones((9, 3))).shape == (9, 2)
        trainer.train_sequence(np.ones((900, 3)), np.ones((900, 2)))
        trainer.reset()
        assert type(held) is int
        assert trainer.memory_per_step == held
    layer = c.OnlineLIFLayer(3, 4, 20.0, 0.1, 0.5)
    before = layer.weights.copy()
    assert layer.step(np.ones(3)).shape == (4,)
    assert layer.apply_learning_signal(np.ones(4)) is None
    assert (layer.weights < before).any()


def test_meta_and_evolution():
    c, task = Case(), (np.ones((5, 3)), np.zeros((5, 2)))
    learner = c.MetaLearner(network(), 0.01, 0.001)
    before = [w.copy() for w in learner.network.weights]
    assert learner.inner_loop(task, 2) is None
    assert any((w != v).any() for w, v in zip(before, learner.network.weights, strict=True))
    assert type(learner.outer_step([task, task])) is float
    evolver = c.SNNGeneticEvolver(layer_factory, lambda layer: -float(np.square(layer.weights).sum()), 6, 0.5, 0.2)
    best = evolver.evolve(3)
    assert type(best).__name__ == "OnlineLIFLayer"


def test_plasticity():
    c = Case()
    learner = c.RewardModulatedLearner(c.net, 100.0)
    assert [(c.net.step(5 * np.ones(3)), learner.step(1.0))[1] for _ in range(5)] == [None] * 5
    scaling, rewiring, recurrent = c.HomeostaticPlasticity(10.0, 1000.0), c.StructuralPlasticity(0.001, 0.5), c.net.projections[1]
    weights, synapses = recurrent.data.copy(), len(recurrent.data)
    c.stepped()
    assert scaling.update(c.net.populations["a"]) is None
    assert (recurrent.data < weights).all()
    assert rewiring.update(recurrent) is None
    assert len(recurrent.data) == synapses
    assert np.abs(recurrent.data).min() >= 0.5
    stp = c.ShortTermPlasticity(200.0, 600.0, 0.2)
    assert [stp.update(c.spikes.astype(dtype)).shape for dtype in (bool, np.uint8, np.float32)] == [(3,)] * 3
    for shape in ((4,), (2, 3), (2, 2, 2)):
        clients = [np.full(shape, value, np.uint8) for value in (1, 0, 1)]
        vote, total = (
            c.net and imported("FederatedAggregator.aggregate_gradients")(clients),
            imported("FederatedAggregator.secure_sum_protocol")(clients),
        )
        assert vote.dtype == np.uint8
        assert (vote == 1).all()
        assert (total == 2).all()
        assert vote.shape == total.shape == shape


def test_continual():
    c = Case()
    layer = c.EWC_SCLayer(3, 2)
    layer.train_step(np.full((4, 3), 0.5), np.ones((4, 2)))
    assert layer.consolidate_task() is None
    assert (layer.fisher_info >= 0).all()
    np.testing.assert_allclose(layer.star_weights, layer.get_weights())
    assert (layer.w_min, layer.w_max, layer.ewc_lambda) == (-1.0, 1.0, 10.0)
    layer.weights += 0.25
    moved, before = layer.apply_ewc_penalty(0.01), layer.star_weights + 0.25
    assert moved == pytest.approx(np.abs(layer.get_weights() - before).sum())
    assert layer.get_weights().shape == (2, 3)
    learner = c.learner()
    assert learner.register_task(0.9) is None
    np.testing.assert_allclose(learner.fisher[0], 5.0)  # the mean of 1 and 9
    assert learner.update_weights([np.full((2, 3), 2.0), np.ones((1, 2))]) is None
    assert learner.ewc_penalty() == pytest.approx(500 * 6 * 5.0)
    configs = learner.extract_plasticity_configs()
    assert [type(config).__name__ for config in configs] == ["PlasticityConfig"] * 2
    assert learner.report().accuracies == (0.9,)
    assert "accuracy 0.9000" in learner.report().summary()
    assert c.PlasticityConfig("a", "stdp", 20.0, 20.0, 0.01, 0.012, 0.0, 1.0, 0.1) == c.PlasticityConfig("a")


def test_training_tools(tmp_path, monkeypatch):
    c = Case()
    for schedule, start in (
        (c.StepScheduler(0.1, 2), 0.1),
        (c.ExponentialScheduler(0.1), 0.1),
        (c.CosineScheduler(0.1, 0.0, 9), 0.1),
        (c.WarmupCosineScheduler(0.1, 0.0, 2, 9), 0.0),
    ):
        assert schedule.lr == start
        assert schedule.step() == schedule.lr
        schedule.step()
        assert schedule.lr != start
        assert schedule.reset() is None
        assert schedule.lr == start
    quiet = SimpleNamespace(log=lambda values, step: None, add_scalar=lambda *a: None)
    quiet.finish = quiet.flush = quiet.close = lambda: None
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **asked: quiet))
    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=lambda folder, **asked: quiet))
    base = imported("TrainingCallback.log").__globals__["TrainingCallback"]
    for callback in (
        base(),
        c.CSVCallback(str(tmp_path / "m.csv")),
        c.TensorBoardCallback(str(tmp_path)),
        c.WandBCallback("p", id="1"),
    ):
        assert isinstance(callback, base)
        assert callback.log({"loss": 0.5}, 0) is None
        assert callback.close() is None
    assert (tmp_path / "m.csv").read_text() == "step,loss\n0,0.5\n"


def wanted(parameters):
    """Parameters of a row: name, default, whether by name only, whether it takes all the rest."""
    arguments = ast.parse(f"def f({parameters}): ...").body[0].args
    defaults = [EMPTY] * (len(arguments.args) - len(arguments.defaults)) + [ast.literal_eval(d) for d in arguments.defaults]
    result = [(a.arg, d, False) for a, d in zip(arguments.args, defaults, strict=True)]
    result += [
        (a.arg, EMPTY if d is None else ast.literal_eval(d), True)
        for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    return result, arguments.kwarg is not None


def agrees(name, parameters=None):
    """Say what is wrong with the parameters of a name, if anything."""
    value = imported(name)
    if not callable(value):
        return None if isinstance(value, property) else f"{name}: no property"
    have = [p for p in inspect.signature(value).parameters.values() if p.name != "self"]
    asked, rest = wanted(ROWS[name][1] if parameters is None else parameters)
    by_name = {p.name: p for p in have}
    for place, (key, default, named) in enumerate(asked):
        if key not in by_name:
            return f"{name}: no {key}"
        if not named and (place >= len(have) or have[place].name != key or have[place].kind == inspect.Parameter.KEYWORD_ONLY):
            return f"{name}: {key} is not number {place}"
        if default is not EMPTY and by_name[key].default != default:
            return f"{name}: {key} is {by_name[key].default!r} by default"
    known = {key for key, *_ in asked}
    variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    if rest and not any(p.kind == inspect.Parameter.VAR_KEYWORD for p in have):
        return f"{name}: takes no others"
    needed = [p.name for p in have if p.name not in known and p.default is EMPTY and p.kind not in variable]
    return f"{name}: also needs {needed}" if needed else None


def test_the_check_of_parameters_can_fail():
    for wrong in (
        "loss_fn, network, lr=1e-3",
        "network, loss_fn, lr=1e-2",
        "network, loss_fn, rate",
        "network",
        "network, loss_fn, lr=1e-3, surrogate=None",
        "network, loss_fn, **others",
    ):
        assert agrees("BPTTLearner", wrong), wrong
    assert agrees("BPTTLearner", "network, loss_fn, lr=1e-3, *, surrogate=None") is None


@pytest.mark.parametrize("name", ROWS)
def test_every_name_has_its_parameters_in_their_order_with_their_defaults(name):
    assert agrees(name) is None


def test_every_row_says_whether_it_is_the_same_and_every_name_is_called_here():
    text = Path(__file__).read_text(encoding="utf-8")
    assert len(ROWS) >= 60
    for name, (_, _, here) in ROWS.items():
        assert re.match(r"(same|more|differs)\b", here), name
        assert not here.startswith("differs") or len(here) > 20, name  # with a reason
        assert re.search(rf"\b{name.rpartition('.')[2]}\b", text), name


def test_each_page_of_off_chip_learning_says_what_the_other_package_does():
    pages = [path for path in PAGE.parent.glob("*.md") if path.name != "index.md"]
    assert len(pages) >= 8
    assert [path.name for path in pages if "sc-neurocore" not in path.read_text(encoding="utf-8")] == []

"""Numbers and arrays as users have them: NumPy's of few bits, masked ones; messages about what is large or cannot be shown."""

import copy
import inspect

import numpy as np
import pytest

from sc_hw.learning_emitter import OnlineO1LearningEmitter
from sc_hw_models.continual.quantise import quantised
from sc_hw_models.continual.rehearsal import ReplayBuffer
from sc_hw_models.continual.trainer import ContinualTrainer
from sc_hw_models.errors import shown
from sc_hw_models.online_o1 import OnlineO1Array
from sc_hw_models.rule import ConfigError
from sc_hw_models.rules.r_stdp import RULE, OnlineO1Config
from sc_hw_models.rules.stp import ShortTermPlasticity, steady_state
from sc_hw_models.training.bptt import BPTTLearner, TBPTTLearner
from sc_hw_models.training.eprop import EpropTrainer
from sc_hw_models.training.federated import FederatedAggregator
from sc_hw_models.training.homeostasis import HomeostaticPlasticity
from sc_hw_models.training.losses import squared_error
from sc_hw_models.training.online import OnlineTrainer

from .test_names import network
from .test_wrong_kinds import BAD, CALLS, INPUTS, LABELS, of


def parts(value, seen):
    """Yield all numbers and arrays that an object keeps, however deep."""
    if id(value) in seen:
        return
    seen[id(value)] = value
    if isinstance(value, int | float | np.generic | np.ndarray):
        yield value
    elif isinstance(value, dict):
        for key in value:
            yield from parts(value[key], seen)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from parts(part, seen)
    elif type(value).__module__.startswith("sc_hw_models"):
        yield from parts(vars(value) if hasattr(value, "__dict__") else {}, seen)


def narrow(value):
    """A number as NumPy's of the fewest bits, if it is one."""
    if isinstance(value, float):
        return np.float16(value) or value
    return np.int8(value) if isinstance(value, int) and not isinstance(value, bool) and value < 128 else value


MADE = [name for name, (call, _) in CALLS.items() if inspect.isclass(call)]


@pytest.mark.parametrize("name", MADE)
def test_a_number_of_few_bits_is_worth_what_it_says(name):
    call, good = CALLS[name]
    wide = {key: narrow(value).item() if narrow(value) is not value else value for key, value in good.items()}
    expected, found = (
        list(parts(vars(call(**copy.deepcopy(given))), {})) for given in (wide, {k: narrow(v) for k, v in good.items()})
    )
    assert [v for v in found if isinstance(v, np.generic) and not isinstance(v, np.float64)] == []
    assert len(found) == len(expected)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(other, one)


def test_a_decay_of_short_timesteps_has_all_its_digits():
    short, long = np.float16(1e-4), np.float16(500)
    wide = ShortTermPlasticity(float(long), float(long), 0.25, dt=float(short), n_pre=1)
    narrow_ = ShortTermPlasticity(long, long, np.float16(0.25), dt=short, n_pre=1)
    assert vars(narrow_) | {"u": 0, "x": 0} == vars(wide) | {"u": 0, "x": 0}
    times = {"tau_d": long, "tau_f": long, "u_se": np.float16(0.25)}
    assert steady_state(short, **times) == steady_state(float(short), **{k: float(v) for k, v in times.items()})


TAKES_ARRAYS = [
    (name, argument)
    for name, (_, good) in CALLS.items()
    for argument, value in good.items()
    if argument != "labels" or name != "ContinualLearner.measure_fisher"  # an exact diagonal does not look at them
    if isinstance(value, np.ndarray) or (isinstance(value, list) and value and isinstance(value[0], np.ndarray))
]


@pytest.mark.parametrize(("name", "argument"), TAKES_ARRAYS)
def test_masked_values_are_refused(name, argument):
    call, good = CALLS[name]
    plain = good[argument]
    given = [np.ma.masked_array(v, np.ones(v.shape)) for v in (plain if isinstance(plain, list) else [plain])]
    given = given if isinstance(plain, list) else given[0]
    with pytest.raises(ConfigError, match="masked"):
        call(**(copy.deepcopy(good) | {argument: given}))


def refusal(call, arguments):
    """The message of a ``ConfigError``, or nothing; no other exception is let through."""
    try:
        call(**{name: copy.deepcopy(value) if isinstance(value, np.ndarray) else value for name, value in arguments.items()})
    except ConfigError as error:
        return str(error)
    return ""


class Unspeakable:
    """What cannot be shown."""

    def __repr__(self):
        raise RuntimeError("no words")


def test_what_cannot_be_shown_is_named_by_its_type():
    assert shown(Unspeakable()) == "<Unspeakable>"
    assert len(shown(list(range(10**4)))) == 200
    assert shown("a  b") == "'a  b'"


@pytest.mark.parametrize("name", CALLS)
def test_a_refusal_is_one_line_whatever_was_given(name):
    call, good = CALLS[name]
    for argument in good:
        for bad in (Unspeakable(), np.eye(30), [0.5] * 1000, "x\ny" * 200):
            message = refusal(call, good | {argument: bad})
            assert "\n" not in message
            assert len(message) < 600


def replay():
    buffer = ReplayBuffer(3)
    buffer.keep(INPUTS, LABELS, [0])
    return buffer


ONES, FIELD = np.ones(3, bool), RULE.spec(OnlineO1Config()).state[0]
MORE = {
    "quantised": (quantised, {"weights": INPUTS, "field": FIELD, "scale": None}),
    "ReplayBuffer.draw": (of(replay, "draw"), {"task": 0, "count": 2, "generator": np.random.default_rng(0)}),
    "OnlineO1Array": (OnlineO1Array, {"config": OnlineO1Config(), "n_synapses": 3, "initial_weight": 0}),
    "OnlineO1Array.update": (
        of(lambda: OnlineO1Array(OnlineO1Config(), 3), "update"),
        {"pre_spike": ONES, "post_spike": ONES, "reward": 1, "consolidate": False},
    ),
    "OnlineO1LearningEmitter": (OnlineO1LearningEmitter, {"module_name": "lane", "config": OnlineO1Config()}),
    "OnlineO1LearningEmitter.emit": (of(OnlineO1LearningEmitter, "emit"), {"n_synapses": 2, "generator": "verilog"}),
    "OnlineO1LearningEmitter.estimate_resources": (
        of(OnlineO1LearningEmitter, "estimate_resources"),
        {"n_synapses": 2, "target": "ecp5-25k"},
    ),
    "ContinualTrainer.predict": (of(lambda: ContinualTrainer([3, 2]), "predict"), {"task": 0, "inputs": INPUTS}),
}


@pytest.mark.parametrize("name", MORE)
def test_more_of_the_wrong_kind_is_refused(name):
    call, good = MORE[name]
    call(**copy.deepcopy(good))
    for argument in good:
        for bad in (*BAD, Unspeakable(), np.full((5, 3), 1e308), iter([1.0])):
            message = refusal(call, good | {argument: bad})
            assert not message or any(word in message for word in good), f"{argument}={shown(bad)}: {message}"


def test_of_outputs_beyond_all_numbers_nothing_is_predicted():
    trainer, online = ContinualTrainer([3, 2]), OnlineTrainer([3, 2])
    for weights in (trainer.weights, online.weights):
        weights[0][...] = 9.0
    for predict in (lambda x: trainer.predict(0, x), online.predict_sequence):
        with pytest.raises(ConfigError, match=r"^inputs: an output that is not finite"), np.errstate(over="ignore"):
            predict(np.full((5, 3), 1e308))


def test_what_was_not_given_is_not_named():
    with pytest.raises(ConfigError, match=r"^tau=0.5, dt=1.0: .* shorter than a timestep"):
        HomeostaticPlasticity(tau=0.5)


@pytest.mark.parametrize("module_name", ["", "module", "a b", "1a", None])
def test_what_is_no_name_of_a_module_is_refused(module_name):
    with pytest.raises(ConfigError, match=r"^module_name="):
        OnlineO1LearningEmitter(module_name=module_name)


def test_a_count_that_is_an_index_counts():
    class Three:
        def __index__(self):
            return 3

    assert (FederatedAggregator.majority_of_sum(np.array([1, 2]), Three()) == [0, 1]).all()


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_a_voltage_beyond_all_numbers_is_not_taken_for_silence():
    made = network()
    made.projections[0].data[:] = np.where(np.arange(12) < 4, -9.0, 9.0)
    inputs, targets = np.full((5, 3), 1e308), np.zeros((5, 2))
    trainer = EpropTrainer(3, 4, 2)
    trainer.network.projections[0].data[:] = made.projections[0].data
    for call in (
        lambda: made.run(inputs),
        lambda: BPTTLearner(made, squared_error).train_step(inputs, targets),
        lambda: TBPTTLearner(made, squared_error, k=2).train_step(inputs, targets),
        lambda: trainer.train_sequence(inputs, targets),
        lambda: trainer.predict_sequence(inputs),
    ):
        with pytest.raises(ConfigError, match=r"^inputs: a voltage of (a|hidden) is not finite"):
            call()

"""The compiled step beside the plain one: every state field, output and random register, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sc_hw_models import c_text, compiled
from sc_hw_models.cache import cache_folder
from sc_hw_models.compiled import CompiledStep, CompileError, compiler
from sc_hw_models.core import CoreModel
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError, Field, Rule, RuleSpec
from sc_hw_models.term import lift, subterms
from tests.daily import few
from tests.models.test_term import EXPRESSIONS, FIELDS, build, variables
from tests.parity.configurations import CONFIGURATIONS, Configuration

SEED = 20261123
TIMESTEPS = 6

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler")


def draw(f, shape, generator):
    """Values of a field, half of them at the ends of its range."""
    values = generator.integers(f.minimum, f.maximum, shape, endpoint=True)
    ends = generator.choice([f.minimum, f.maximum], shape)
    return np.where(generator.random(shape) < 0.5, ends, values)


def compare(rule, config, synapses, lanes, seed=SEED):
    """Run both models from one random state on the same random inputs and demand that everything they hold is equal."""
    print(f"seed {seed}")
    generator = np.random.default_rng(seed)
    models = [CoreModel(rule, config, synapses=synapses, lanes=lanes, compiled=c) for c in (False, True)]
    spec = models[0].spec
    for history in (True, False):
        state = {f.name: draw(f, synapses, generator) for f in spec.state}
        inputs = {f.name: draw(f, (TIMESTEPS, synapses), generator) for f in spec.synapse_inputs}
        inputs |= {f.name: draw(f, TIMESTEPS, generator) for f in spec.step_inputs}
        results = []
        for model in models:
            model.load(state)
            results.append(model.run(inputs, history=history))
        for plain, fast in zip(*results, strict=True):
            assert list(plain) == list(fast)
            for name, values in plain.items():
                assert values.shape == fast[name].shape == (TIMESTEPS, synapses)
                assert values.dtype == fast[name].dtype
                np.testing.assert_array_equal(fast[name], values, err_msg=name)
        for name, values in models[0].state.items():
            assert models[1].state[name].dtype == np.int64
            np.testing.assert_array_equal(models[1].state[name], values, err_msg=name)
        assert models[0].random_state == models[1].random_state


def compare_configuration(chosen: Configuration):
    rule = get_rule(chosen.rule)
    compare(rule, rule.config_type(**chosen.settings), chosen.synapses, chosen.lanes)


@pytest.mark.parametrize(
    "chosen",
    few(CONFIGURATIONS, CONFIGURATIONS[::4], "other configurations; any expression in test_any_expression_means_the_same_in_c"),
    ids=lambda chosen: chosen.label,
)
def test_the_compiled_step_is_the_plain_step(chosen):
    compare_configuration(chosen)


# The printer, on any expression of the algebra.


def expression_rule(texts):
    """A rule that gives the value of each expression of its inputs."""
    spec = RuleSpec(
        rule="expressions",
        state=(Field(name="held", bits=1),),
        synapse_inputs=tuple(FIELDS.values()),
        step_inputs=(),
        noise=(),
        outputs=tuple(Field(name=f"x{k}", bits=62, signed=True) for k in range(len(texts))),
        latency=1,
    )

    def step(config, state, inputs):
        return dict(state), {f"x{k}": build(text, inputs) for k, text in enumerate(texts)}

    return Rule(
        name="expressions", summary="", config_type=type(None), spec=lambda _: spec, step=step, accuracy=lambda *_: {}, presets={}
    )


def fits(text):
    return max(term.bits for term in subterms([lift(build(text, variables()))])) <= 62


def compare_expressions(texts, seed):
    """Demand that C gives what Python integers give."""
    generator = np.random.default_rng(seed)
    inputs = {name: draw(f, (1, 37), generator) for name, f in FIELDS.items()}
    _, outputs = CoreModel(expression_rule(texts), None, synapses=37, compiled=True).run(inputs)
    for synapse in range(37):
        values = {name: int(array[0, synapse]) for name, array in inputs.items()}
        assert [int(array[0, synapse]) for array in outputs.values()] == [int(build(text, values)) for text in texts]


@settings(max_examples=4, deadline=None, phases=[Phase.generate])  # shrinking would compile for minutes
@given(st.lists(EXPRESSIONS.filter(fits), min_size=25, max_size=25), st.integers(0, 2**32))
def test_any_expression_means_the_same_in_c(texts, seed):
    compare_expressions(texts, seed)


# Bugs of the printer, each of which the comparison must find.

WIDE = Configuration(33, 1, {"weight_bits": 31, "trace_bits": 30, "reward_bits": 30})
NOISY = Configuration(33, 2, {"rounding": "stochastic", "decay_rounding": "stochastic"})
LONG = replace(NOISY, settings={**NOISY.settings, "learning_shift": 25, "trace_decay_shift": 20})


@pytest.mark.parametrize(
    ("where", "right", "wrong", "chosen"),
    [
        ("_FILE", "synapses; i++", "synapses - 1; i++", Configuration(33)),
        ("_FILE", "typedef {value}", "typedef int32_t", WIDE),
        ("_OPERATORS", {"-": "-"}, {"-": "+"}, Configuration(33)),
        ("_DRAW", "state >> {young}", "state >> {old}", NOISY),
        ("_DRAW", "i += lanes", "i++", NOISY),
        ("_DRAW", "i < padded", "i < synapses", NOISY),
        ("_DRAW", "registers[lane] = state", "(void)state", LONG),
        ("_DRAW", "typedef {register}", "typedef uint64_t", LONG),
    ],
)
def test_a_planted_bug_is_found(where, right, wrong, chosen, monkeypatch):
    text = getattr(c_text, where)
    monkeypatch.setattr(c_text, where, text.replace(right, wrong) if isinstance(text, str) else text | wrong)
    assert getattr(c_text, where) != text
    with pytest.raises(AssertionError):
        compare_configuration(chosen)


@pytest.mark.parametrize(
    ("operation", "wrong"), [(">>", "{0} / (1 << {detail})"), ("select", "{0} ? {2} : {1}"), ("select", "{0} == 1 ? {1} : {1}")]
)
def test_a_planted_bug_in_an_expression_is_found(operation, wrong, monkeypatch):
    right = c_text._expression

    def planted(term, operands, width):
        return wrong.format(*operands, detail=term.detail) if term.operation == operation else right(term, operands, width)

    monkeypatch.setattr(c_text, "_expression", planted)
    with pytest.raises(AssertionError):
        compare_configuration(Configuration(33))


@pytest.mark.parametrize(("operation", "wrong"), [("<=", "<"), ("<", "<="), ("=", "<="), ("+", "-"), ("*", "+")])
def test_a_planted_bug_in_an_operator_is_found(operation, wrong, monkeypatch):
    monkeypatch.setitem(c_text._OPERATORS, operation, wrong)
    with pytest.raises(AssertionError):
        compare_expressions([(operation if operation != "=" else "==", "a", "b")], SEED)


# Width, compiler and cache.


def test_the_type_is_the_smallest_that_holds_every_intermediate():
    rule = get_rule("r_stdp")
    assert "typedef int32_t value;" in c_text.c_text(rule, rule.config_type())
    assert "typedef int64_t value;" in c_text.c_text(rule, rule.config_type(**WIDE.settings))


@pytest.mark.parametrize(
    ("factor", "kind", "shift"), [(1 << 27, "int32_t", 31), (1 << 28, "int64_t", 40), (1 << 57, "int64_t", 40)]
)
def test_the_type_and_the_longest_shift_change_where_32_bits_end(factor, kind, shift):
    text = c_text.c_text(expression_rule([("*", "a", factor), ("asr", "a", 40)]), None)  # a has 5 bits
    assert f"typedef {kind} value;" in text
    assert f" >> {shift};" in text
    assert " >> 63;" in c_text.c_text(expression_rule([("*", "a", 1 << 28), ("asr", "a", 99)]), None)


def test_an_intermediate_beyond_63_bits_is_refused():
    texts = [("*", "a", 1 << 58), ("*", "a", 1 << 59)]
    assert "int64_t value" in c_text.c_text(expression_rule(texts[:1]), None)
    with pytest.raises(ConfigError, match="expressions: an intermediate of the step needs 64 bits; allowed are at most 63"):
        c_text.c_text(expression_rule(texts), None)


def small(**options):
    rule = get_rule("r_stdp")
    return CoreModel(rule, rule.config_type(rounding="stochastic"), synapses=3, **options)


INPUTS = {"pre_spike": np.ones((4, 3), dtype=bool), "post_spike": np.ones((4, 3), dtype=np.uint8), "reward": [1, -2, 3, -4]}


def test_without_a_compiler_the_plain_model_runs(monkeypatch, tmp_path):
    expected = small(compiled=True).run(INPUTS)
    monkeypatch.setenv("CXX", str(tmp_path / "none"))
    found = small().run(INPUTS)
    for plain, fast in zip(found, expected, strict=True):
        for name in fast:
            np.testing.assert_array_equal(plain[name], fast[name])
    with pytest.raises(CompileError, match="no C compiler: install g"):
        small(compiled=True).run(INPUTS)


def test_a_compiler_that_fails_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("SC_HW_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", "false")
    with pytest.raises(CompileError, match=r"false -x c .*step\.c .*: exit status 1"):
        small().run(INPUTS)
    assert not list((tmp_path / "cache" / "models").iterdir())


def test_a_library_is_built_once_for_a_text_a_compiler_and_a_processor(monkeypatch, tmp_path):
    monkeypatch.setenv("SC_HW_CACHE", str(tmp_path))
    rule, config = get_rule("r_stdp"), get_rule("r_stdp").config_type()

    def libraries():
        CompiledStep(rule, config)
        return {path: path.stat().st_mtime_ns for path in (tmp_path / "models").glob("*/built")}

    first = libraries()
    assert len(first) == 1
    assert libraries() == first
    monkeypatch.setattr(compiled, "_identity", lambda _: b"another processor")
    assert len(libraries()) == 2


@pytest.mark.parametrize("use", [False, True])
def test_a_refused_run_changes_nothing(use):
    core = small(compiled=use)
    core.run(INPUTS, history=False)
    before = {name: array.tolist() for name, array in core.state.items()}, list(core.random_state)
    for wrong in ({"reward": [1, 2, 3]}, {"reward": [1, 2, 3, 128]}, {"pre_spike": np.ones((4, 2), dtype=int)}, {"pre_spike": 1}):
        with pytest.raises(ConfigError):
            core.run(INPUTS | wrong)
    with pytest.raises(ConfigError, match="allowed are exactly"):
        core.run({"reward": [1]})
    assert ({name: array.tolist() for name, array in core.state.items()}, core.random_state) == before


@pytest.mark.parametrize("use", [False, True])
def test_a_run_goes_on_where_the_last_one_ended(use):
    """One run, one run a timestep, and one step a timestep are the same, in any mixture; handed out state stays."""
    whole, parts, steps = (small(compiled=use) for _ in range(3))
    states, outputs = whole.run(INPUTS)
    kept = parts.state
    for t in range(4):
        piece = {name: array[t : t + 1] for name, array in INPUTS.items()}
        state, output = parts.run(piece)
        result = steps.step({name: array[t] for name, array in INPUTS.items()})
        for name, values in states.items():
            assert values[t].tolist() == state[name][0].tolist() == steps.state[name].tolist()
        assert outputs["weight"][t].tolist() == output["weight"][0].tolist() == result["weight"].tolist()
    assert whole.random_state == parts.random_state == steps.random_state
    assert kept["pre_trace"].tolist() == [0, 0, 0]
    nothing = {"pre_spike": np.ones((0, 3), dtype=int), "post_spike": np.ones((0, 3), dtype=int), "reward": np.ones(0, dtype=int)}
    assert whole.run(nothing)[0]["weight"].shape == (0, 3)
    assert whole.random_state == parts.random_state


def test_random_configurations_are_the_spread_of_the_regression():
    """The comparison above visits every rounding, both ends of every width, and numbers of synapses no vector divides."""
    settings_of = [c.settings for c in CONFIGURATIONS]
    assert {c.get("rounding", "floor") for c in settings_of} == {c.get("decay_rounding", "floor") for c in settings_of}
    assert sum(c.synapses % 16 != 0 for c in CONFIGURATIONS) > 10


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("SC_HW_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("SC_HW_CACHE")
    assert cache_folder() == tmp_path / "user" / "sc-hw"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == tmp_path / "home" / ".cache" / "sc-hw"

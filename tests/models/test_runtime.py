"""Settings at run time: with the value of a configuration they do what that configuration does, bit for bit."""

import numpy as np
import pytest

from sc_hw_models.core import CoreModel
from sc_hw_models.fixed import ROUNDINGS, asr, clip, decay_magnitude, rounded, select
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError, Field, Rule, RuleConfig, RuleSpec
from sc_hw_models.runtime import with_runtime
from sc_hw_models.term import evaluate, variable

# A rule, settings that make it free of noise, what is set at run time, and values: its ends and what lies between.
CASES = {
    "r_stdp": (
        {"rounding": "nearest", "decay_rounding": "floor"},
        {"learning_shift": (0, 5, 30), "trace_decay_shift": (1, 4, 15)},
    ),
    "three_factor": ({"rounding": "floor"}, {"learning_shift": (0, 3, 8, 30)}),
    "three_factor nearest": ({"rounding": "nearest"}, {"learning_shift": (0, 1, 9, 30)}),
    "three_factor shift": ({"rounding": "nearest", "consolidation": "shift"}, {"learning_shift": (0, 7)}),
    "three_factor pull": ({"rounding": "nearest", "consolidation": "pull"}, {"pull_shift": (0, 6), "learning_shift": (8,)}),
}


def _allowed(rule, config, name, value):
    """Whether a configuration allows this value beside its others."""
    low, high = rule.config_type.RANGES[name]
    return low <= value <= high


@pytest.mark.parametrize("compiled", [False, True], ids=["numpy", "c"])
@pytest.mark.parametrize("case", CASES)
def test_a_value_at_run_time_is_that_value_built_in(case, compiled):
    seed, synapses = 7, 40
    settings, runtime = CASES[case]
    plain = get_rule(case.split()[0])
    rule = get_rule(case.split()[0], list(runtime))
    config = plain.config_type(**settings)
    one = CoreModel(rule, config, synapses=synapses, lanes=2, compiled=compiled)
    g = np.random.default_rng(seed)
    choices = [
        dict(zip(runtime, values, strict=True)) for values in zip(*(np.resize(v, 6) for v in runtime.values()), strict=True)
    ]
    for chosen in choices:
        chosen = {name: int(value) for name, value in chosen.items() if _allowed(plain, config, name, int(value))}
        other = CoreModel(plain, plain.config_type(**settings, **chosen), synapses=synapses, lanes=2, compiled=compiled)
        other.load(one.state)
        spec = other.spec
        steps = 60
        inputs = {f.name: g.integers(f.minimum, f.maximum, (steps, synapses), endpoint=True) for f in spec.synapse_inputs}
        inputs |= {f.name: g.integers(f.minimum, f.maximum, steps, endpoint=True) for f in spec.step_inputs}
        kept = {name: np.full(steps, value) for name, value in chosen.items()}
        states, outputs = one.run(inputs | kept)
        wanted, given = other.run(inputs)
        for name, array in (wanted | {f"output {name}": array for name, array in given.items()}).items():
            found = states[name] if name in states else outputs[name.removeprefix("output ")]
            np.testing.assert_array_equal(found, array, err_msg=f"{case} {chosen} {name} seed {seed}")


def test_a_value_outside_its_range_is_its_nearest_end():
    rule = get_rule("three_factor", ["learning_shift"])
    config = rule.config_type(rounding="floor")
    field = next(f for f in rule.spec(config).step_inputs if f.name == "learning_shift")
    assert (field.bits, field.signed) == (5, False)
    given = {"activity": np.full(3, 31), "signal": np.array([255, -256, 3])}
    models = [CoreModel(rule, config, synapses=3, compiled=False) for _ in range(2)]
    for model, shift in zip(models, (30, 31), strict=True):
        model.step(given | {"learning_shift": shift})
    np.testing.assert_array_equal(models[0].state["weight"], models[1].state["weight"])


def test_shifts_by_terms_are_shifts_by_numbers_and_stay_in_their_intervals():
    seed = 3
    g = np.random.default_rng(seed)
    for low, high, most in ((-40, 90, 6), (0, 255, 15), (-1000, -3, 4), (5, 5, 11), (0, 0, 3), (-(1 << 20), 1 << 20, 30)):
        least = int(g.integers(0, most + 1))
        value, shift = variable("value", low, high), variable("shift", least, most)
        results = {
            "right": value >> shift,
            "left": value << shift,
            "of one": 1 << shift,
            "of many": 200 >> shift,
            "nearest": rounded(value, shift, "nearest", 0),
            "decay": decay_magnitude(value, shift, 0),
        }
        given = {"value": g.integers(low, high + 1, 400), "shift": g.integers(least, most + 1, 400)}
        given["value"][:2], given["shift"][:4] = (low, high), (least, most, least, most)
        found = evaluate(results, given)
        for k, (v, s) in enumerate(zip(given["value"].tolist(), given["shift"].tolist(), strict=True)):
            wanted = {
                "right": v >> s,
                "left": v << s,
                "of one": 1 << s,
                "of many": 200 >> s,
                "nearest": v + (1 << s >> 1) >> s,
                "decay": decay_magnitude(v, s, 0),
            }
            for name, number in wanted.items():
                assert found[name][k] == number, (name, v, s, seed)
        for name, term in results.items():
            assert term.low <= found[name].min() <= found[name].max() <= term.high, (name, seed)
        assert (results["left"].low, results["left"].high) == (min(low << least, low << most, low), max(high << most, high))


def test_every_rounding_by_a_constant_is_what_it_was():
    for value in range(-40, 41):
        for shift in range(5):
            assert rounded(value, shift, "floor", 0) == value >> shift
            assert rounded(value, shift, "nearest", 0) == (value + (1 << shift >> 1)) >> shift
            assert rounded(value, shift, "stochastic", 0) == value >> shift
    assert ROUNDINGS == ("floor", "nearest", "stochastic")


@pytest.mark.parametrize("shift", [(-1, 3), (0, 63)])
def test_a_shift_that_could_be_negative_or_endless_is_refused(shift):
    with pytest.raises(TypeError, match=r"shift by a value in .*clip it to 0\.\.62"):
        variable("value", 0, 9) >> variable("shift", *shift)


@pytest.mark.parametrize(
    ("rule", "settings", "names", "message"),
    [
        ("three_factor", {}, ["learning_shift"], "decides how wide weight_noise of noise is"),
        ("three_factor", {}, ["weight_bits"], "decides how wide weight of state is"),
        ("three_factor", {}, ["learning_rate"], "is no setting of rule three_factor with a range; allowed are weight_bits"),
        ("three_factor", {}, ["rounding"], "is no setting of rule three_factor with a range"),
        ("r_stdp", {}, ["reward_bits"], "decides how wide reward of step inputs is"),
        ("three_factor", {"rounding": "floor"}, ["learning_shift", "learning_shift"], "is there twice; give it once"),
    ],
)
def test_what_cannot_be_set_at_run_time_is_refused(rule, settings, names, message):
    config = get_rule(rule).config_type(**settings)
    with pytest.raises(ConfigError, match=message):
        get_rule(rule, names).spec(config)


def _rule(step, names=("gain",)):
    from dataclasses import make_dataclass

    made = make_dataclass(
        "Config",
        [(name, int, 3) for name in names],
        bases=(RuleConfig,),
        frozen=True,
        kw_only=True,
        namespace={
            "RANGES": dict.fromkeys(names, (0, 7)),
            "twice": property(lambda self: 2 * self.gain),
            "times": lambda self, by: by * self.gain,
        },
    )
    spec = RuleSpec(rule="small", state=(Field(name="sum", bits=8),), synapse_inputs=(Field(name="up", bits=2),), latency=1)
    return Rule(name="small", summary="adds", config_type=made, spec=lambda _config: spec, step=step)


def test_properties_and_methods_of_a_configuration_see_it():
    def step(config, state, inputs):
        return {"sum": clip(state["sum"] + config.twice + config.times(inputs["up"]), 0, 255)}, {}

    rule = with_runtime(_rule(step), ["gain"])
    model = CoreModel(rule, rule.config_type(), synapses=1)
    model.step({"up": np.array([1]), "gain": 2})
    assert model.state["sum"] == 6
    model.step({"up": np.array([3]), "gain": 7})
    assert model.state["sum"] == 6 + 14 + 21


def test_a_field_with_the_name_of_a_setting_is_refused():
    def step(config, state, inputs):
        return {"sum": select(inputs["up"], asr(state["sum"], 1), 0)}, {}

    rule = with_runtime(_rule(step, ("gain", "up")), ["up"])
    with pytest.raises(ConfigError, match="runtime 'up': is what an input, an output or a field of the state is called"):
        rule.spec(rule.config_type())

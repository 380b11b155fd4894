"""The bins of coverage, on every update of a small rule, against what their names say."""

from itertools import product

import pytest

from sc_hw_models.cover import coverpoints
from sc_hw_models.rule import Field, Rule, RuleSpec

LEVEL = Field(name="level", bits=3, signed=True, reset=1)
GAIN = Field(name="gain", bits=3, signed=True)
FLAG, SWITCH = Field(name="flag", bits=1), Field(name="switch", bits=1)
PAIR, WORD = Field(name="pair", bits=2), Field(name="word", bits=2)


def small_rule(synapse_inputs, step_inputs=(), cover=None):
    spec = RuleSpec(
        rule="small",
        state=(LEVEL,),
        synapse_inputs=synapse_inputs,
        step_inputs=step_inputs,
        noise=(),
        outputs=(Field(name="out", bits=2),),
        latency=1,
    )
    return Rule(
        name="small",
        summary="",
        config_type=type(None),
        spec=lambda _: spec,
        step=lambda *_: ({}, {}),
        accuracy=lambda *_: {},
        presets={},
        cover=cover or {},
    )


def points(*arguments):
    return coverpoints(small_rule(*arguments), "configuration")


def hit(bins, state=None, inputs=None, after=None):
    return {name for name, holds in bins.items() if holds(state or {}, inputs or {}, after or {})}


def true(**conditions):
    return {name.replace("_", " ") for name, holds in conditions.items() if holds}


def test_state_and_output():
    made = points((FLAG,))
    assert set(made) == {"state_level", "synapse_inputs", "output_out"}
    for now, then in product(range(-4, 4), repeat=2):
        assert hit(made["state_level"], {"level": now}, {}, {"level": then}) == true(
            at_reset=now == 1,
            at_minimum=now == -4,
            at_maximum=now == 3,
            rises=then > now,
            falls=then < now,
            reaches_minimum=now > then == -4,
            reaches_maximum=now < then == 3,
            stays_at_minimum=now == then == -4,
            stays_at_maximum=now == then == 3,
        )
    for value in range(4):
        ends = true(at_minimum=value == 0, at_maximum=value == 3)
        assert hit(made["output_out"], after={"out_out": value}) == ends
    assert {len(made["state_level"]), len(made["output_out"])} == {9, 2}


def test_few_inputs_are_covered_by_value_each_with_each():
    made = points((FLAG, PAIR))["synapse_inputs"]
    for flag, pair in product(range(2), range(4)):
        assert hit(made, inputs={"flag": flag, "pair": pair}) == {f"flag={flag}, pair={pair}"}
    assert len(made) == 8


def classes(f, value):
    """The bins of a value by its name, sign and ends."""
    exact = {f"{f.name}={value}"} if value in (f.minimum, 0, f.maximum) else set()
    return exact or {f"{f.name} {'positive' if value > 0 else 'negative'}"}


@pytest.mark.parametrize(
    "f", [GAIN, SWITCH, PAIR, Field(name="bit", bits=1, signed=True), Field(name="two", bits=2, signed=True)]
)
def test_an_input_of_the_timestep_is_covered_by_class_and_with_the_synapses(f):
    made = points((FLAG,), (f,))
    assert set(made) >= {f"input_{f.name}", f"synapse_inputs_x_{f.name}"}
    seen = set()
    for value in range(f.minimum, f.maximum + 1):
        assert hit(made[f"input_{f.name}"], inputs={f.name: value}) == classes(f, value)
        seen |= classes(f, value)
        for flag in range(2):
            expected = {f"flag={flag}, {name}" for name in classes(f, value)}
            assert hit(made[f"synapse_inputs_x_{f.name}"], inputs={f.name: value, "flag": flag}) == expected
    assert set(made[f"input_{f.name}"]) == seen  # no bin that nothing can fill


def test_many_inputs_are_covered_by_class():
    assert len(points((PAIR, WORD))["synapse_inputs"]) == 16
    assert len(points((PAIR, WORD, FLAG))["synapse_inputs"]) == 3 * 3 * 2
    made = points((GAIN, PAIR))["synapse_inputs"]
    for gain, pair in product(range(-4, 4), range(4)):
        (name,) = hit(made, inputs={"gain": gain, "pair": pair})
        assert {name} == {f"{a}, {b}" for a, b in product(classes(GAIN, gain), classes(PAIR, pair))}


def test_a_rule_adds_its_own():
    asked = []

    def own(*values):
        asked.append(values)
        return 1

    made = points((FLAG,), (), {"mine": own})
    assert list(made["rule_small"]) == ["mine"]
    assert hit(made["rule_small"], {"level": 1}, {"flag": 0}, {"level": 2}) == {"mine"}
    assert asked == [("configuration", {"level": 1}, {"flag": 0}, {"level": 2})]

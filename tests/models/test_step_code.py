"""A rule's file whose step cannot be a function is refused when it is read, in a line: what runs find by luck, its code shows."""

import pytest

from sc_hw_models.rule import ConfigError
from sc_hw_models.rule_file import RULE_FILES, add_rule_file

FILE = """
import math
import os
import sys
import numpy as np
from dataclasses import dataclass
from typing import ClassVar
from sc_hw_models import fixed, term
from sc_hw_models.fixed import clip, select
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec

SHIFTS, TABLE, CALLS, BUMPED = (1, 2), [3, 4], [0], 0
AMOUNT = math.floor(2.5)


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    shift: int = 3

    CALLS: ClassVar = []
    TWO: ClassVar = 2

    @property
    def double(self):
        return 2 * self.shift

    @property
    def verb(self):
        return len(sys.argv)

    def moved(self, value):
        return value >> self.shift

    def counted(self, value):
        CALLS[0] += 1
        return value
{config}


def spec(config):
    return RuleSpec(rule="odd", state=(Field(name="w", bits=30),), synapse_inputs=(Field(name="x", bits=8),))


def bump():
    global BUMPED
    BUMPED += 1


def made():
    calls = 0

    def count():
        nonlocal calls
        calls += 1
        return calls

    return count


counted = made()


def rare(value):
    return (value == 123456789) * 1


def marked(value):
    return value


marked.calls = [0]


def kinds(value):
    return isinstance(value, term.Term)


def step(config, state, inputs{default}):
    w, x = state["w"], inputs["x"]
{line}
    return {{"w": clip(w + x, 0, (1 << 30) - 1)}}, {{}}


{after}
RULE = Rule(name="odd", summary="", config_type=Config, spec=spec, step=step)
"""
# What stands in the step and what is said of it; each differs from its trace for one value of w in 2^30, or in another process.
FAULTS = {
    "isinstance": ("w = select(rare(w) * (not isinstance(w, term.Term)), 0, w)", "calls isinstance"),
    "isinstance in another function": ("w = select(rare(w) * (not kinds(w)), 0, w)", "calls isinstance"),
    "type": ("w = select(rare(w) * (type(w) is int), 0, w)", "calls type"),
    "class of a value": ("w = select(rare(w) * (w.__class__ is int), 0, w)", "looks at __class__"),
    "numpy tells": ("w = select(rare(w) * np.isscalar(w), 0, w)", "reads np.isscalar, which calls isinstance"),
    "an error tells": ("try:\n        w + ''\n    except TypeError:\n        w = select(rare(w), 0, w)", "catches an error"),
    "a class matched": ("match w:\n        case int(): w = select(rare(w), 0, w)", "matches a class"),
    "hasattr": ("w = select(rare(w) * hasattr(w, 'low'), 0, w)", "calls hasattr"),
    "environment": ("w = w + len(os.environ.get('FLIP', ''))", "reads os.environ"),
    "arguments": ("w = w + ('prove' in sys.argv)", "reads sys.argv"),
    "import": ("from time import time\n    w = w + (time() < 0)", "imports a module"),
    "list of its file": ("w = w + TABLE[0]", "reads TABLE, a list"),
    "list that it changes": ("CALLS[0] += 1", "reads CALLS, a list"),
    "default that changes": ("calls.append(0)\n    w = w + (len(calls) > 99999)", "reads a default of a parameter, a list"),
    "variable that another function changes": ("w = w + (BUMPED > 99999)", "reads BUMPED, which a function of its file changes"),
    "function that changes one": ("bump()", "reads BUMPED, which a function"),
    "closure": ("w = w + (counted() > 99999)", "changes calls, which outlives it"),
    "attribute": ("step.calls = 1", "changes an attribute"),
    "a method of its configuration": ("w = config.counted(w)", "reads CALLS, a list"),
    "a property of its configuration": ("w = w + config.verb", "reads sys.argv"),
    "a list of its configuration": ("config.CALLS.append(0)", "reads CALLS, a list"),
    "an attribute that nobody knows": ("w = w + config.hidden", "looks at hidden, which is neither a setting nor"),
    "an attribute of a value": ("w = w + w.real", "looks at real, which is neither a setting nor"),
    "a function that holds something": ("w = marked(w)", "reaches marked, which holds calls"),
    "small integers are one": ("w = w + ((w ^ 123456789) is AMOUNT)", "asks with is"),
    "text": ("w = w + (f'{{w}}' == '123456789')", "makes text of a value"),
    "text by %": ("w = w + ('%s' % w == '123456789')", "makes text of a value with %"),
    "text by format": ("w = w + ('{{}}'.format(w) == '123456789')", "looks at format"),
    "random": ("w = w + np.random.randint(1)", "reads np.random.randint"),
}


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read a rule's file with a line in its step."""
    monkeypatch.setattr("sc_hw_models.rule_file._KNOWN", {})
    monkeypatch.setenv(RULE_FILES, "")

    def reading(line, after="", config=""):
        default = ", calls=[]" if line.startswith("calls.append") else ""
        path = tmp_path / "odd.py"
        path.write_text(
            FILE.format(line=f"    {line}".replace("{{", "{").replace("}}", "}"), default=default, after=after, config=config)
        )
        return path, add_rule_file

    return reading


@pytest.mark.parametrize("fault", FAULTS)
def test_a_step_that_is_no_function_is_refused_by_its_line(read, fault):
    line, words = FAULTS[fault]
    path, add = read(line)
    with pytest.raises(ConfigError, match="so that it is no function") as refused:
        add(path)
    assert str(refused.value).startswith(f"{path}:")
    assert f"the step {words}" in str(refused.value)


@pytest.mark.parametrize("after", ["class Odd:\n    def __call__(self, *given): return given\nstep = Odd()"])
def test_an_object_in_place_of_a_function_is_refused(read, after):
    path, add = read("pass", after)
    with pytest.raises(ConfigError, match="is a Odd instead of a def"):
        add(path)


@pytest.mark.parametrize("word", ["__getitem__", "__getattr__", "__eq__", "__add__", "__call__"])
def test_a_configuration_with_operators_of_its_own_is_refused(read, word):
    path, add = read("pass", config=f"\n    def {word}(self, *given):\n        return len(sys.argv)\n")
    with pytest.raises(ConfigError, match=f"a configuration whose class Config has a {word}"):
        add(path)


@pytest.mark.parametrize("kind", ["[]", "{}", "np.int64(1)", "(1, [2])"])
def test_a_setting_that_can_change_is_refused(read, kind):
    after = f'    def __post_init__(self):\n        object.__setattr__(self, "shift", {kind})\n'
    path, add = read("w = w + config.shift", config=after)
    rule = add(path).rule
    with pytest.raises(ConfigError, match="is given the setting shift, a"):
        rule.step(rule.config_type(), {"w": 1}, {"x": 1})


ALLOWED = (
    "w = config.moved(w) + config.double + config.TWO",
    "w = w + 1 if config.shift is None else w",
    "w = w + SHIFTS[0] + AMOUNT",
    "w = fixed.asr(w, SHIFTS[1])",
    "w = w + sum(range(3)) + math.ceil(1.5)",
    "w = w + int(np.int64(3))",
    "w = select(rare(w), 0, w)",
    "for k in SHIFTS:\n        w = select(x > k, w >> k, w)",
    "w = (lambda a: a + x)(w)",
    "parts = [w, x]\n    parts.append(1)\n    w = parts[0] + parts[2]",
)


@pytest.mark.parametrize("line", ALLOWED)
def test_constants_and_functions_are_allowed(read, line):
    path, add = read(line)
    assert add(path).rule.name == "odd"


def test_a_step_does_not_change_what_it_is_given(read):
    path, add = read("state.pop('w')")
    rule = add(path).rule
    with pytest.raises(ConfigError, match="the step changes w in what it is given"):
        rule.step(rule.config_type(), {"w": 1}, {"x": 1})

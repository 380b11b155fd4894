"""A rule of a few lines, broken in one way at a time, and every reader that a step has."""

from dataclasses import dataclass

import numpy as np

from sc_hw_models import fixed
from sc_hw_models.core import CoreModel
from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.parts import step_terms
from sc_hw_models.rule import Field, Rule, RuleSpec

SYNAPSES = 5


@dataclass(frozen=True)
class Toy:
    gain: object = 1


def toy_spec(_config):
    return RuleSpec(
        rule="toy",
        state=(Field(name="weight", bits=16), Field(name="debt", bits=6, signed=True)),
        synapse_inputs=(Field(name="pre", bits=4, owner="pre"), Field(name="post", bits=4, owner="post")),
        step_inputs=(Field(name="reward", bits=8, signed=True),),
        noise=(),
        outputs=(Field(name="sum", bits=9, signed=True),),
        latency=1,
    )


def toy(step):
    return Rule(name="toy", summary="", config_type=Toy, spec=toy_spec, step=step, accuracy=lambda *_: {}, presets={})


def good_step(config, state, inputs):
    moved = fixed.clip(state["weight"] + inputs["pre"] * inputs["reward"] * config.gain, 0, 65535)
    debt = fixed.clip(state["debt"] - inputs["post"], -32, 31)
    return {"weight": moved, "debt": debt}, {"sum": fixed.select(inputs["pre"] < inputs["post"], debt, inputs["reward"])}


def with_result(change):
    """A step whose results ``change`` has spoilt: ``change(config, state, inputs, after, outputs)``."""

    def step(config, state, inputs):
        after, outputs = good_step(config, state, inputs)
        change(config, state, inputs, after, outputs)
        return after, outputs

    return toy(step)


GIVEN = {"pre": [[1, 2, 3, 4, 15]] * 4, "post": [[1, 0, 3, 9, 15]] * 4, "reward": [3, -2, 127, 1]}
INPUTS = {name: np.array(values) for name, values in GIVEN.items()}
STATE = {"weight": np.array([0, 60000, 65535, 3, 9]), "debt": np.array([0, -32, 31, -1, 5])}


def on_integers(rule, config=Toy()):  # frozen
    states = [{name: int(values[i]) for name, values in STATE.items()} for i in range(SYNAPSES)]
    for t in range(4):
        for i in range(SYNAPSES):
            given = {"pre": GIVEN["pre"][t][i], "post": GIVEN["post"][t][i], "reward": GIVEN["reward"][t]}
            states[i], _ = rule.step(config, states[i], given)


def on_arrays(rule, config=Toy(), compiled=False):
    model = CoreModel(rule, config, synapses=SYNAPSES, compiled=compiled)
    model.load(STATE)
    return model, lambda: model.run(INPUTS)


def by_step(rule, config=Toy()):
    model, _ = on_arrays(rule, config)
    for t in range(4):
        model.step({name: values[t] for name, values in INPUTS.items()})


READERS = {
    "integers": on_integers,
    "arrays, step": by_step,
    "arrays, run": lambda rule, *config: on_arrays(rule, *config)[1](),
    "compiled": lambda rule, *config: on_arrays(rule, *config, compiled=True)[1](),
    "terms": lambda rule, config=Toy(): step_terms(rule, config),
    "crossbar": lambda rule, config=Toy(): crossbar(rule, config),
}


def crossbar(rule, config, compiled=None):
    model = CrossbarModel.made(rule, config, pre=2, post=2)
    for core in (model.pre, model.post, model.synapses):
        core._use_compiled = compiled
    model.synapses.load({"weight": np.array([0, 65535, 60000, 3]), "debt": np.array([-32, 31, 0, 1])})
    columns = {"pre": INPUTS["pre"][:, 1:3], "post": INPUTS["post"][:, 3:], "reward": INPUTS["reward"]}
    model.run(columns)


def sets(name, function):
    return lambda config, state, inputs, after, outputs: (after if name in after else outputs).update(
        {name: function(state, inputs)}
    )

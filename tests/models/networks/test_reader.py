"""Descriptions that are no networks: one line with the table of the file and what is allowed; and widths, from intervals."""

import copy

import numpy as np
import pytest

from sc_hw_models.networks import NetworkModel, read_network
from sc_hw_models.rule import ConfigError

from .random_networks import network, samples
from .test_model import tables

LIF = {"size": 8, "rule": "lif"}
RECURRENT = {"from": "hidden", "to": "hidden", "rule": "three_factor", "signal": "feedback"}
BAD = {
    "no input": ({"population__input": {"size": 9, "rule": "lif"}}, "0 of rule input"),
    "two readouts": ({"population__more": {"size": 3, "rule": "readout"}}, "2 of rule readout"),
    "unknown table": ({"populations": {}}, "'populations': unknown; allowed are network, population, projection, sample"),
    "unknown rule": ({"population__hidden__rule": "izhikevich"}, "rule='izhikevich': unknown; allowed are input"),
    "unknown key": ({"population__hidden__leak": 3}, "[population.hidden] 'leak': unknown; allowed are bias"),
    "unknown projection rule": ({"projection__in__rule": "hebb"}, "rule='hebb': unknown; allowed are three_factor"),
    "unknown projection key": ({"projection__in__rate": 3}, "[projection.in] 'rate': unknown"),
    "unknown sample key": ({"sample__steps": 3}, "[sample] 'steps': unknown; allowed are timesteps"),
    "unknown seed key": ({"network": {"seeds": 3}}, "[network] 'seeds': unknown; allowed are seed"),
    "bad seed": ({"network": {"seed": -1}}, "[network] seed=-1"),
    "no table": ({"population__hidden": 3}, "[population.hidden]: 3 given; allowed is a table"),
    "size of nothing": ({"population__hidden__size": 0}, "[population.hidden] size=0"),
    "size of text": ({"population__hidden__size": "8"}, "[population.hidden] size='8'"),
    "size not there": ({"population__hidden": {"rule": "counting"}}, "[population.hidden] size: is missing"),
    "name": ({"population__Hidden": {"size": 8, "rule": "counting"}}, "[population.Hidden]: not a name"),
    "name that is C": ({"population__a;b": {"size": 8, "rule": "counting"}}, "not a name"),
    "lanes": ({"projection__in__lanes": 3}, "[projection.in] lanes=3: do not divide the 8 neurons of 'hidden'"),
    "unknown source": ({"projection__in__from": "retina"}, "[projection.in] from='retina': no population"),
    "source of no name": ({"projection__in__from": 4}, "[projection.in] from=4"),
    "unknown target": ({"projection__in__to": "cortex"}, "[projection.in] to='cortex': no population"),
    "into the input": ({"projection__in__to": "input"}, "an input takes samples"),
    "out of the readout": ({"projection__in__from": "output"}, "a readout gives its error only"),
    "lacks a signal": ({"projection__back": None}, "[projection.in] rule='three_factor': lacks its input signal"),
    "lacks a current": (
        {"projection__in__to": "output", "projection__in__lanes": 1, "projection__in__signal": "error"},
        "[population.hidden]: lacks its input current",
    ),
    "gives nothing": (
        {
            "population__alone": {"size": 8, "rule": "counting"},
            "projection__alone": {"from": "input", "to": "alone", "rule": "static"},
        },
        "[population.alone]: nothing comes of it",
    ),
    "wrong signal": ({"projection__out__signal": "feedback"}, "'output' has signal = \"error\""),
    "two feedbacks": ({"projection__again": {"from": "output.error", "to": "hidden.signal", "rule": "static"}}, "has a"),
    "feedback of no error": ({"projection__back__from": "hidden.error"}, 'allowed is "output.error"'),
    "feedback to nothing": ({"projection__back__to": "output.signal"}, 'allowed are "hidden.signal"'),
    "feedback that learns": ({"projection__back__rule": "three_factor"}, "comes back by a rule that does not learn"),
    "symmetric forward": ({"projection__in": {"from": "input", "to": "hidden", "rule": "symmetric"}}, "an error's way back"),
    "symmetric of no way": (
        {
            "population__second": {"size": 8, "rule": "counting"},
            "projection__out__from": "second",
            "projection__more": {**RECURRENT, "to": "second"},
            "projection__back2": {"from": "output.error", "to": "second.signal", "rule": "static"},
        },
        "[projection.back] rule='symmetric': there is no projection from 'hidden'",
    ),
    "cycle": ({"population__hidden": LIF, "projection__again": RECURRENT}, "a cycle without delay, hidden <- hidden"),
    "long cycle": (
        {
            "population__hidden": LIF,
            "population__second": LIF,
            "projection__there": {**RECURRENT, "to": "second"},
            "projection__again": {**RECURRENT, "from": "second"},
            "projection__back2": {"from": "output.error", "to": "second.signal", "rule": "static"},
        },
        "a cycle without",
    ),
    "delay of two": ({"population__hidden": LIF, "projection__again": {**RECURRENT, "delay": 2}}, "[projection.again] delay=2"),
    "delay in the counting form": ({"projection__in__delay": 1}, "the counting form has no timesteps to wait for"),
    "delay of an error": ({"projection__back__delay": 1}, "an error has none"),
    "both forms": ({"population__second": LIF}, "allowed is one of the two forms"),
    "spikes in the counting form": ({"population__input__code": "poisson"}, "the counting form takes constant current"),
    "half a picture": ({"population__input__height": 3}, "[population.input] height=3, width=0: give both, or none"),
    "size of a picture": ({"population__input": {"size": 9, "rule": "input", "height": 4, "width": 3}}, "4 x 3"),
    "crop of nothing": ({"population__input": {"size": 9, "rule": "input", "height": 4, "width": 4, "crop": 2}}, "whole"),
    "crop without sides": ({"population__input__crop": 1}, "crop, pool and jitter are of pictures"),
    "pool of three": ({"population__input": {"size": 1, "rule": "input", "height": 3, "width": 3, "pool": 3}}, "1, 2 and 4"),
    "too fine": ({"projection__in__learning_shift": 13}, "allowed are 0..12 with octaves=3"),
    "current too wide": (
        {
            "population__input__size": 60000,
            "projection__in__weight_bits": 14,
            "population__hidden__size": 64,
            "population__input__bias": 255,
        },
        "its current needs",
    ),
    "activity too wide": ({"population__hidden": LIF, "population__input__bias": 255, "sample__timesteps": 255}, "activity"),
    "too many synapses": ({"population__input__size": 65536, "population__hidden__size": 512}, "synapses; allowed are 16777216"),
    "one class": ({"population__output__size": 1, "projection__out__lanes": 1}, "allowed are 2..256 classes"),
    "error": ({"sample__error": "l2"}, "[sample] error='l2': not known; allowed are softmax, hard"),
    "learn": ({"sample__learn": "every"}, "[sample] learn='every': not known; allowed are end"),
    "a float": ({"projection__in__learning_shift": 7.0}, "[projection.in] learning_shift=7.0: not an integer"),
    "kind of consolidation": ({"projection__in__consolidation": "freeze"}, "[projection.in] consolidation='freeze': not known"),
    "noise beyond a register": (
        {
            "projection__in__consolidation": "pull",
            "projection__in__pull_shift": 15,
            "projection__in__code_bits": 4,
            "projection__in__learning_shift": 12,
            "sample__octaves": 3,
        },
        None,
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_network_is_told_in_a_line(case):
    changes, part = BAD[case]
    given = copy.deepcopy(tables(**changes))
    given["projection"] = {name: table for name, table in given.get("projection", {}).items() if table is not None}
    if part is None:  # at the edge of what is allowed
        read_network(given)
        return
    with pytest.raises(ConfigError) as told:
        read_network(given)
    line = str(told.value)
    assert part in line
    assert "\n" not in line


def test_order_is_by_need_and_otherwise_as_in_the_file():
    given = tables()
    given["population"] = dict(reversed(given["population"].items()))
    assert [p.name for p in read_network(given).order] == ["input", "hidden", "output"]


@pytest.mark.parametrize("seed", range(6))
def test_no_current_leaves_its_width_and_the_widest_fills_it(seed):
    """Every weight at an end of its range and every input full: within the width, and one bit less would not hold the sum."""
    spec = network(seed, "counting")
    model = NetworkModel(spec)
    for name, memory in model.memories.items():
        memory.load({"weight": np.full((memory.rows, memory.neurons), memory.fields["weight"][0])})
        assert name in spec.projections
    pixels = np.full((1, model.port.pixels), 255, dtype=np.uint8)
    moment = next(model.play(pixels, [0], learn=False))["timesteps"][0]
    first = next(p for p in spec.order if p.name == "hidden0")
    current = moment["hidden0.current"]
    bits = spec.sum_bits(first)
    assert current.min() >= -(1 << (bits - 1))
    if first.neuron and spec.input.neuron.bias in (0, 16):
        assert current.min() < -(1 << (bits - 3))


@pytest.mark.parametrize("form", ["counting", "stepping"])
def test_every_state_stays_in_the_width_the_spec_says(form):
    for seed in range(4):
        spec = network(seed, form)
        model = NetworkModel(spec)
        for moment in model.play(*samples(spec, model, 10, seed)):
            for population in spec.order:
                for field, bits in spec.state_fields(population).items():
                    low = -(1 << (bits - 1)) if field == "membrane" else 0
                    for each in moment["timesteps"]:
                        values = each[f"{population.name}.{field}"]
                        assert values.min() >= low
                        assert values.max() < low + (1 << bits)
            for name, projection in spec.projections.items():
                if not projection.is_feedback and f"{name}.activity" in moment:
                    assert moment[f"{name}.activity"].max() < 1 << spec.activity_bits(spec.populations[projection.source])

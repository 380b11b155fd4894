"""The layer's golden model: each synapse is fed by its own two neurons, in the same timestep."""

import numpy as np
import pytest

from sc_hw_models.core import CoreModel
from sc_hw_models.layer import LayerModel
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError

NEURONS, POSTSYNAPTIC, STEPS = 3, 4, 60


def core(name, synapses, **settings):
    rule = get_rule(name)
    return CoreModel(rule, rule.config_type(**settings), synapses=synapses)


def test_a_synapse_at_a_time():
    """The definition in plain loops: u and x for each presynaptic neuron, a weight for each pair."""
    generator = np.random.default_rng(4)
    layer = LayerModel(core("stp", NEURONS, bits=10), core("three_factor", NEURONS * POSTSYNAPTIC, rounding="floor"))
    spikes = generator.random((STEPS, NEURONS)) < 0.4
    signals = generator.integers(-256, 256, (STEPS, POSTSYNAPTIC))
    given, outputs = layer.run({"pre_spike": spikes, "signal": signals})
    assert (given["release"] > 0).sum() == spikes.sum()

    neurons, synapses = layer.neurons, layer.synapses
    stp = [{f.name: f.reset for f in neurons.spec.state} for _ in range(NEURONS)]
    weight = [[0] * NEURONS for _ in range(POSTSYNAPTIC)]
    for t in range(STEPS):
        for i in range(NEURONS):
            stp[i], result = neurons.rule.step(neurons.config, stp[i], {"pre_spike": int(spikes[t, i])})
            for j in range(POSTSYNAPTIC):
                inputs = {"activity": int(result["release"]) >> 5, "signal": int(signals[t, j])}  # 10 bits, of which 5 lead
                weight[j][i] = synapses.rule.step(synapses.config, {"weight": weight[j][i]}, inputs)[1]["weight"]
        assert outputs["weight"][t].reshape(POSTSYNAPTIC, NEURONS).tolist() == weight, t
    assert synapses.state["weight"].any()


@pytest.mark.parametrize(
    ("neurons", "synapses", "message"),
    [
        (core("three_factor", 2), core("three_factor", 4), "rule three_factor: is none of presynaptic neurons"),
        (core("stp", 2), core("r_stdp", 4), "rule r_stdp: has no presynaptic input"),
        (core("stp", 2, bits=4), core("three_factor", 4), "activity of three_factor: 5 bits; allowed are at most 4"),
        (core("stp", 3), core("three_factor", 4), "4 synapses: allowed are multiples of the 3 neurons"),
    ],
)
def test_what_does_not_fit_is_refused(neurons, synapses, message):
    with pytest.raises(ConfigError, match=message):
        LayerModel(neurons, synapses)

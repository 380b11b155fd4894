"""Layers by simulation: both generators against the golden model of the composition, planted faults, recorded inputs."""

import json

import numpy as np
import pytest

from sc_hw.manifest import load_core
from sc_hw.rtl.emit import GENERATORS
from sc_hw.selftest.run import selftest
from sc_hw.sim.simulate import check_stimulus, simulate
from sc_hw_models.core import CoreModel
from sc_hw_models.layer import LayerModel

from ..daily import check, few, shapes

# Presynaptic and postsynaptic neurons, lanes, settings of the synapses and of the neurons.
SHAPES = [
    (6, 4, 1, {}, {}),
    (64, 10, 2, {"consolidation": "pull"}, {"rounding": "stochastic", "decay_rounding": "stochastic"}),  # a step input
    (4, 3, 4, {"consolidation": "si", "activity_bits": 12}, {"mode": "mongillo", "bits": 12}),  # one word; nothing is cut off
    (5, 1, 1, {"consolidation": "shift"}, {"bits": 20}),  # one postsynaptic neuron
    (1, 7, 1, {"activity_bits": 1, "weight_bits": 4}, {}),
]
DAILY = [(1, "verilog"), (3, "amaranth")]  # shapes of every run


@pytest.mark.parametrize("chosen", shapes(len(SHAPES), DAILY, GENERATORS))
def test_parity(make_layer, tmp_path, chosen):
    """Shapes in one simulator; the campaign has everything that a core's has."""
    layers = []
    for shape, generator in chosen:
        n, p, lanes, settings, front = SHAPES[shape]
        layers.append(make_layer(generator, neurons=n, postsynaptic=p, lanes=lanes, front=front, name=f"l{shape}", **settings))
    least = 100 if chosen is DAILY else 400
    steps = [max(least, 50 * least // layer.design.synapses) for layer in layers]
    result = simulate(layers, steps=steps, seed=3, output=tmp_path / "sim")
    for layer, outcome in zip(layers, result.cores, strict=True):
        assert outcome["mismatch"] is None, f"{layer.design.name}: {outcome['mismatch']['text']}"
        assert outcome["synapse_steps"] >= least * layer.design.synapses
        fields = len(layer.design.spec.state) * layer.design.postsynaptic + len(layer.design.presynaptic.spec.state)
        assert outcome["state_values_compared"] >= outcome["timesteps"] * fields * layer.design.presynaptic.synapses
        assert outcome["resets"] >= 8
        assert outcome["clears"] >= 4
        assert [name for name, hits in outcome["corners"].items() if not hits] == [], layer.design.name
    assert result.passed


@check("faults of wiring are refuted in every run")
@pytest.mark.parametrize(
    ("generator", "lanes"), few([("verilog", 3), ("amaranth", 1)], 1, "the same faults in the other generator's text")
)
def test_every_fault_between_the_cores_is_caught(make_layer, tmp_path, generator, lanes):
    outcomes = selftest(make_layer(generator, lanes=lanes), steps=200, seed=1, output=tmp_path / "out")
    assert [outcome.verdict for outcome in outcomes] == ["passes"] + ["caught"] * 8, outcomes


@check("recorded inputs of a core are played in every run")
def test_recorded_inputs(make_layer, sc_hw, tmp_path):
    layer = make_layer(neurons=4, postsynaptic=3, consolidation="pull")
    generator = np.random.default_rng(5)
    stimulus = {
        "pre_spike": generator.random((80, 4)) < 0.4,
        "signal": generator.integers(-256, 256, (80, 3)),
        "consolidate": generator.integers(0, 2, 80),
        "load_timestep": np.array([20]),
        "load_weight": generator.integers(-1024, 1024, (1, 12)),
    }
    np.savez(tmp_path / "stimulus.npz", **stimulus)
    assert check_stimulus(tmp_path / "stimulus.npz", layer.design) == 80
    status, out, err = sc_hw("sim", layer.folder, "--stimulus", tmp_path / "stimulus.npz")
    assert status == 0, out + err
    assert "PASS dut: 960 synapse-steps" in out

    front, own = layer.design.presynaptic, layer.design
    model = LayerModel(CoreModel(front.rule, front.config, synapses=4), CoreModel(own.rule, own.config, synapses=12))
    inputs = {name: stimulus[name] for name in ("pre_spike", "signal", "consolidate")}
    model.run({name: values[:20] for name, values in inputs.items()})
    model.synapses.load({"weight": stimulus["load_weight"][0]})
    model.run({name: values[20:] for name, values in inputs.items()})
    with np.load(layer.folder / "results" / "sim" / "final_state.npz") as state:
        assert {name: state[name].tolist() for name in state} == {n: a.tolist() for n, a in model.synapses.state.items()}


@check("a mismatch of a core is reported in every run")
def test_a_wrong_neuron_is_reported_as_one(make_layer, tmp_path):
    layer = make_layer()
    path = layer.folder / "neurons" / "dut_neurons_datapath.v"
    path.write_text(path.read_text().replace("assign out_release = ", "assign out_release = 16'd1 ^ "))
    layer = load_core(layer.folder)
    assert layer.edited == ("neurons/dut_neurons_datapath.v",)
    mismatch = simulate([layer], steps=60, seed=1, output=tmp_path / "out").cores[0]["mismatch"]
    assert mismatch["check"].startswith("neuron")
    assert mismatch["field"] == "result_release"


@check("the records of a core are joined in every run")
def test_the_report_joins_what_was_run(make_layer, sc_hw):
    layer = make_layer(neurons=4, postsynaptic=2)
    assert sc_hw("sim", layer.folder)[0] == 0
    assert sc_hw("synth", layer.folder, "--target", "ice40-hx8k")[0] == 0
    status, out, _ = sc_hw("report", layer.folder)
    assert (status, "2 of 2 records good" in out) == (0, True)
    (synth,) = json.loads((layer.folder / "results" / "synth.json").read_text())["results"]
    assert synth["memory"]["memory_bits"] == 8 * 11 + 4 * 32 + 4 * 5

"""The rule's demonstration: what ``sc-hw sim`` records of one synapse is what the core holds, golden and found."""

import json
import sys

import pytest

from sc_hw.cli import main
from sc_hw.manifest import load_core
from sc_hw.sim.simulate import simulate
from sc_hw_models.registry import RULES, get_rule
from tests.daily import check

WITH_DEMONSTRATION = [name for name in RULES if get_rule(name).demonstration]


def columns(shown: dict, kind: str) -> dict[str, list[int]]:
    return {signal["name"]: signal[kind] for signal in shown["inputs" if kind == "values" else "fields"]}


@pytest.mark.parametrize("name", WITH_DEMONSTRATION)
def test_a_demonstration_fits_every_preset_and_moves_every_field(name):
    rule = get_rule(name)
    for preset in rule.presets.values():
        spec, shown = rule.spec(preset.config), rule.demonstration(preset.config)
        inputs, state = {f.name: f for f in spec.inputs}, {f.name: f for f in spec.state}
        assert 50 <= len(shown.timesteps) <= 300
        for fields, values in [(state, shown.state), *((inputs, moment) for moment in shown.timesteps)]:
            assert all(fields[key].minimum <= value <= fields[key].maximum for key, value in values.items())


@check("every demonstration is a model's in every run, and a run of a core is compared")
def test_what_is_recorded_is_the_model(make_core, monkeypatch):
    core = make_core(synapses=20, lanes=3)
    monkeypatch.setattr(sys, "argv", ["sc-hw", "sim", str(core.folder), "--steps", "40"])
    with pytest.raises(SystemExit, match="0"):
        main()
    document = json.loads((core.folder / "results" / "waveform.json").read_text())
    assert document["core_sha256"] == core.digest
    shown, rule = document["demonstration"], core.design.rule
    demonstration = rule.demonstration(core.design.config)
    assert sum(stretch["timesteps"] for stretch in shown["stretches"]) == len(demonstration.timesteps)
    state = {f.name: demonstration.state.get(f.name, f.reset) for f in core.design.spec.state}
    inputs, expected, found = (columns(shown, kind) for kind in ("values", "expected", "found"))
    assert expected == found
    for step in range(len(demonstration.timesteps)):
        state, _ = rule.step(core.design.config, state, {name: series[step] for name, series in inputs.items()})
        assert state == {name: found[name][step] for name in state}
    assert all(len(set(series)) > 3 for series in found.values())


@check("what is recorded is compared in every run")
def test_a_fault_that_only_the_demonstration_meets_fails_the_run(make_core, tmp_path):
    """A core that goes wrong after the campaign: the recording shows it, and the verdict is its."""
    core = make_core(synapses=20, lanes=3)
    path = core.folder / "dut_datapath.v"
    good = "assign next_weight = weight_7;"
    late = (
        "reg [31:0] clocks = 0; always @(posedge clk) clocks <= clocks + 1;\n  assign next_weight = weight_7 ^ (clocks > LATE);"
    )
    text = path.read_text()
    path.write_text(text.replace(good, late.replace("LATE", "32'hFFFFFFFF")))  # an edited core's campaign is longer
    campaign = simulate([load_core(core.folder)], steps=6, seed=1, output=tmp_path / "out").cores[0]["clocks"]
    path.write_text(text.replace(good, late.replace("LATE", str(campaign + 300))))
    broken = load_core(core.folder)
    assert simulate([broken], steps=6, seed=1, output=tmp_path / "out").passed
    result = simulate([broken], steps=6, seed=1, output=tmp_path / "out", demonstrate=True)
    assert not result.passed
    mismatch = result.cores[0]["mismatch"]
    assert (mismatch["check"], mismatch["field"], mismatch["synapse"]) == ("demonstration", "weight", 0)
    shown = result.demonstrations[0]
    expected, found = (columns(shown, kind)["weight"][mismatch["timestep"]] for kind in ("expected", "found"))
    assert expected ^ found == 1


@check("what is recorded is compared in every run")
def test_a_core_that_stops_ends_the_recording(make_core, tmp_path):
    core = make_core(synapses=12)
    path = core.folder / "dut.v"
    text = path.read_text().replace("assign event_ready = sweeping &", "assign event_ready = sweeping & (address_reg != 4'd7) &")
    path.write_text(text.replace("(clearing_reg | event_valid)", "(clearing_reg | event_valid & (address_reg != 4'd7))"))
    result = simulate([load_core(core.folder)], steps=30, seed=1, output=tmp_path / "out", demonstrate=True)
    assert "stuck" in result.cores[0]["mismatch"]["check"]
    assert result.demonstrations[0]["fields"][0]["found"] == []

"""Crossbars by simulation: both generators against the golden model, rows skipped, planted faults, recorded inputs."""

from itertools import product

import numpy as np
import pytest

from sc_hw.rtl.emit import GENERATORS
from sc_hw.selftest.run import selftest
from sc_hw.sim.simulate import simulate
from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.registry import get_rule

from ..daily import check, few, shapes

# Presynaptic and postsynaptic neurons, lanes, settings.
SHAPES = [
    (8, 8, 2, {}),
    (16, 6, 1, {"eligibility_gain_shift": 4, "rounding": "nearest"}),
    (5, 4, 4, {}),  # a row is a word: nothing to skip
    (1, 6, 2, {"consolidation": "pull", "rounding": "stochastic", "decay_rounding": "stochastic"}),  # one row, noise everywhere
    (7, 6, 2, {"rule": "three_factor", "rounding": "floor", "consolidation": "shift"}),  # no neuron keeps state
    (6, 12, 4, {"addressed": True}),  # some numbers name no neuron
    (8, 4, 4, {"addressed": True, "decay_rounding": "nearest"}),
    (1, 2, 1, {"addressed": True}),
]
STEPS = 300  # of a run with a fault between the cores
DAILY = [(3, "verilog"), (4, "amaranth"), (5, "verilog")]  # shapes of every run


@pytest.mark.parametrize("chosen", shapes(len(SHAPES), DAILY, GENERATORS))
def test_parity(make_crossbar, tmp_path, chosen):
    """Shapes in one simulator; the campaign has everything that a core's has."""
    crossbars = []
    for shape, generator in chosen:
        pre, post, lanes, settings = SHAPES[shape]
        crossbars.append(make_crossbar(generator, pre=pre, post=post, lanes=lanes, name=f"x{shape}", **settings))
    # The fewer rows, the more timesteps until many were skipped.
    least = 100 if chosen is DAILY else 400
    steps = [max(least, 4 * least // crossbar.design.pre.synapses) for crossbar in crossbars]
    result = simulate(crossbars, steps=steps, seed=3, output=tmp_path / "sim")
    for crossbar, outcome in zip(crossbars, result.cores, strict=True):
        assert outcome["mismatch"] is None, f"{crossbar.design.name}: {outcome['mismatch']['text']}"
        assert (outcome["rows_skipped"] > 20) == bool(crossbar.design.row_words)
        visited = outcome["timesteps"] * crossbar.design.pre.synapses - outcome["rows_skipped"]
        assert outcome["state_values_compared"] >= visited * crossbar.design.post.synapses * len(crossbar.design.spec.state)
        assert outcome["resets"] >= 8
        assert outcome["clears"] >= 4
        assert [name for name, hits in outcome["corners"].items() if not hits] == [], crossbar.design.name
    assert result.passed


@check("those of a layer are in every run, and a run of a crossbar that is right")
@pytest.mark.parametrize(
    ("addressed", "generator"),
    list(product([True, False], GENERATORS)),
)
def test_every_fault_between_the_cores_is_caught(make_crossbar, tmp_path, generator, addressed):
    crossbar = make_crossbar(generator, addressed=addressed, pre=6, post=4, lanes=2)
    outcomes = selftest(crossbar, steps=STEPS, seed=1, output=tmp_path / "out")
    verdicts = {outcome.fault: outcome.verdict for outcome in outcomes}
    assert verdicts.pop("(none)") == "passes"
    assert verdicts.pop("stored while played") == "not applicable"
    # A store stands in front of bits alone, and holds more than the beats of so few neurons.
    assert addressed or verdicts.pop("pre_event store: few kept") == "not applicable"
    assert set(verdicts.values()) == {"caught"}, verdicts
    assert len(verdicts) == 13 + (6 if addressed else 4)


@check("recorded inputs of a core are played in every run")
@pytest.mark.parametrize("addressed", few([True, False], 1, "events by address, which become the others, are in every run"))
def test_recorded_inputs(make_crossbar, sc_hw, tmp_path, addressed):
    crossbar = make_crossbar(pre=4, post=6, lanes=2, addressed=addressed, initial={"weight": np.arange(24) * 1000})
    generator = np.random.default_rng(5)
    stimulus = {
        "pre_spike": generator.random((80, 4)) < 0.2,
        "post_spike": generator.random((80, 6)) < 0.2,
        "reward": generator.integers(-128, 128, 80),
    }
    np.savez(tmp_path / "stimulus.npz", **stimulus)
    status, out, err = sc_hw("sim", crossbar.folder, "--stimulus", tmp_path / "stimulus.npz")
    assert status == 0, out + err
    model = CrossbarModel.made(get_rule("r_stdp"), crossbar.design.config, pre=4, post=6)
    model.synapses.load({"weight": np.arange(24) * 1000})
    model.run(stimulus)
    with np.load(crossbar.folder / "results" / "sim" / "final_state.npz") as state:
        assert {name: state[name].tolist() for name in state} == {n: a.tolist() for n, a in model.synapses.state.items()}

"""The parity regression: emitted cores of both generators against the golden model, built and run by cocotb-test.

In every run the fewest cores that meet every word of every choice and every shape; in ``make check`` all of both generators,
and for longer.
"""

import dataclasses
from itertools import count

import pytest

from sc_hw.manifest import load_core
from sc_hw.rtl.emit import emit
from sc_hw.sim.simulate import simulate
from sc_hw_models.registry import RULES, get_rule

from .configurations import CONFIGURATIONS, grouped

STEPS = {False: 5_000, True: 1_000_000}  # synapse-steps of a core, in every run and in make check
SMALL = 32  # cores of fewer synapses cost by the timestep: they get a 32nd of the synapse-steps


@pytest.mark.parametrize("name", RULES)
def test_the_spread_is_wide_enough(name):
    """Some configuration has each end of every range, where a rule allows it, and each word of every choice."""
    kind = get_rule(name).config_type
    settings = [dataclasses.asdict(kind(**c.settings)) for c in CONFIGURATIONS if c.rule == name]
    assert sum(c.synapses >= SMALL for c in CONFIGURATIONS if c.rule == name) >= 10
    for field, (low, high) in kind.RANGES.items():
        seen = {s[field] for s in settings}
        assert low in seen, field
        assert high in seen, field
    for field, words in kind.CHOICES.items():
        assert {s[field] for s in settings} == set(words)


@pytest.mark.parametrize("chosen", grouped(), ids=count())
def test_parity(chosen, tmp_path, request, record_property):
    """All cores of a group share one simulator; each is run for at least the synapse-steps wanted."""
    wanted = STEPS[request.config.getoption("--check")]
    seed = request.config.getoption("--seed")
    cores = []
    for index, generator in chosen:
        design = CONFIGURATIONS[index].design(f"c{index}{generator[0]}")
        cores.append(load_core(emit(design, generator, tmp_path / design.name)))
    goals = [wanted if core.design.synapses >= SMALL else wanted // SMALL for core in cores]
    steps = [max(12, -(-goal // core.design.synapses)) for core, goal in zip(cores, goals, strict=True)]
    result = simulate(cores, steps=steps, seed=seed, output=tmp_path / "sim")
    print(f"seed {seed}")
    for core, outcome, goal in zip(cores, result.cores, goals, strict=True):
        label = CONFIGURATIONS[int(core.design.name[1:-1])].label
        print(f"{core.design.name} {label}: {outcome['synapse_steps']} synapse-steps, {outcome['resets']} resets")
        assert outcome["mismatch"] is None, outcome["mismatch"]["text"]
        assert outcome["synapse_steps"] >= goal
        assert [name for name, hits in outcome["corners"].items() if not hits] == [], core.design.name
        assert outcome["state_values_compared"] >= outcome["synapse_steps"] * len(core.design.spec.state)
    assert result.passed
    record_property("cores", len(cores))
    record_property("synapse_steps", sum(outcome["synapse_steps"] for outcome in result.cores))

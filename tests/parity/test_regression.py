"""The parity regression: emitted cores of both generators against the golden model, built and run by cocotb-test.

Every second configuration by default, all with ``--parity-all``.
"""

import dataclasses

import pytest

from sc_hw.manifest import load_core
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.simulate import simulate
from sc_hw_models.registry import RULES, get_rule

from .configurations import CONFIGURATIONS, GROUP

SMALL = 32  # cores of fewer synapses cost by the timestep: they get a 32nd of the synapse-steps


def pytest_generate_tests(metafunc):
    if "chosen" in metafunc.fixturenames:
        numbers = range(0, len(CONFIGURATIONS), 1 if metafunc.config.getoption("--parity-all") else 2)
        groups = [numbers[start : start + GROUP] for start in range(0, len(numbers), GROUP)]
        metafunc.parametrize("chosen", groups, ids=[f"{group[0]}-{group[-1]}" for group in groups])


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


def test_parity(chosen, tmp_path, request, record_property):
    """All cores of a group share one simulator; each is run for at least the synapse-steps asked for."""
    wanted = request.config.getoption("--synapse-steps")
    seed = request.config.getoption("--parity-seed")
    cores = []
    for index in chosen:
        configuration = CONFIGURATIONS[index]
        for generator in GENERATORS:
            design = configuration.design(f"c{index}{generator[0]}")
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
        assert outcome["state_values_compared"] >= outcome["synapse_steps"] * len(core.design.spec.state)
    assert result.passed
    record_property("cores", len(cores))
    record_property("synapse_steps", sum(outcome["synapse_steps"] for outcome in result.cores))

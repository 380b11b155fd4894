"""The parity regression: emitted cores of both generators against the golden model, built and run by cocotb-test."""

import dataclasses

import pytest

from sc_hw.manifest import load_core
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.simulate import simulate
from sc_hw_models.registry import RULES, get_rule

from .configurations import CONFIGURATIONS, GROUP

SMALL = 32  # cores of fewer synapses cost by the timestep: they get a 32nd of the synapse-steps
GROUPS = range(0, len(CONFIGURATIONS), GROUP)


def test_the_spread_is_wide_enough():
    settings = [dataclasses.asdict(get_rule(c.rule).config_type(**c.settings)) for c in CONFIGURATIONS]
    assert sum(c.synapses >= SMALL for c in CONFIGURATIONS) >= 40
    for name, ends in {"weight_bits": (1, 31), "trace_bits": (2, 30), "reward_bits": (1, 30), "learning_shift": (0, 30),
                       "trace_decay_shift": (0, 30)}.items():  # fmt: skip
        assert set(ends) <= {s[name] for s in settings if name in s}
    for rule in map(get_rule, RULES):
        own = [s for c, s in zip(CONFIGURATIONS, settings, strict=True) if c.rule == rule.name]
        assert all({s[name] for s in own} == set(words) for name, words in rule.config_type.CHOICES.items())


@pytest.mark.parametrize("start", GROUPS)
def test_parity(start, tmp_path, request, record_property):
    """All cores of a group share one simulator; each is run for at least the synapse-steps asked for."""
    wanted = request.config.getoption("--synapse-steps")
    seed = request.config.getoption("--parity-seed")
    cores = []
    for index, configuration in enumerate(CONFIGURATIONS[start : start + GROUP], start):
        rule = get_rule(configuration.rule)
        for generator in GENERATORS:
            design = CoreDesign(
                name=f"c{index}{generator[0]}", rule=rule, config=rule.config_type(**configuration.settings),
                synapses=configuration.synapses, lanes=configuration.lanes,
            )  # fmt: skip
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

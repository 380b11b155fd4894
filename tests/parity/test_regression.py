"""The parity regression: emitted cores of both generators against the golden model, built and run by cocotb-test.

In every run the fewest cores that meet every end of every range; in ``make check`` all others, and for longer.
"""

import dataclasses
from itertools import count

import pytest

from sc_hw.manifest import load_core
from sc_hw.rtl.emit import GENERATORS, emit
from sc_hw.simulate import simulate
from sc_hw_models.registry import RULES, get_rule

from ..daily import check
from .configurations import CONFIGURATIONS, GROUP

STEPS = {False: 10_000, True: 1_000_000}  # synapse-steps of a core, in every run and in make check
SMALL = 32  # cores of fewer synapses cost by the timestep: they get a 32nd of the synapse-steps


def features(configuration, generator):
    """What the daily cores must meet: in both generators each rule and what takes logic of its own (one word, sweeps that wait or
    overlap, lanes, lanes without a synapse, a queue); each end of every range and each word of every choice.

    Ends and words are asked of the Verilog generator: tests/rtl/test_datapath.py runs Amaranth's datapath in all of them.
    """
    kind, design = get_rule(configuration.rule).config_type, configuration.design("dut")
    settings = dataclasses.asdict(design.config)
    shape = (min(design.words, 2), design.overlap, min(design.lanes, 3), design.synapses % design.lanes > 0, design.queued)
    met = {(generator, *shape), (generator, configuration.rule)}
    words = [(name, settings[name]) for name in kind.CHOICES]
    if generator == "verilog":
        ends = [(name, settings[name]) for name, limits in kind.RANGES.items() if settings[name] in limits]
        met |= {(configuration.rule, one) for one in ends + words}

    return met


def daily():
    """Return the cores of every run, by number and generator: the fewest that meet all features, found greedily."""
    offered = {(index, generator): features(configuration, generator)
               for index, configuration in enumerate(CONFIGURATIONS) for generator in GENERATORS}  # fmt: skip
    missing, chosen = set().union(*offered.values()), []
    while missing:
        chosen.append(max(offered, key=lambda core: (len(offered[core] & missing), -core[0])))
        missing -= offered[chosen[-1]]
    return sorted(chosen)


DAILY = daily()
OTHERS = [(index, generator) for index in range(len(CONFIGURATIONS)) for generator in GENERATORS
          if (index, generator) not in DAILY]  # fmt: skip
GROUPS = [(cores[start : start + GROUP], marks) for cores, marks in (
    (DAILY, ()), (OTHERS, check("the daily cores meet each end of every range and each word of every choice of each rule in "
                                "both generators, and every shape; these are the other combinations")),
) for start in range(0, len(cores), GROUP)]  # fmt: skip


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


@pytest.mark.parametrize("chosen", [pytest.param(cores, marks=marks) for cores, marks in GROUPS], ids=count())
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
        assert outcome["state_values_compared"] >= outcome["synapse_steps"] * len(core.design.spec.state)
    assert result.passed
    record_property("cores", len(cores))
    record_property("synapse_steps", sum(outcome["synapse_steps"] for outcome in result.cores))

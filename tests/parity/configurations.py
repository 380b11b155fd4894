"""The spread of configurations of the parity regression: hand-picked corners, then seeded random ones."""

import dataclasses
import random
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import cycle, product

import numpy as np
import pytest

from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError, RuleConfig

from ..daily import check

RANDOM_SEED = 11
RANDOM_COUNT = 24
KINDS = ("shift", "probabilistic", "pull", "lock", "si")
LANE = 8  # lanes that take as long as the rest of a core
SWEEP = 20  # clocks of a timestep that do not depend on the words
GROUP = 11  # cores in one simulator


@dataclass(frozen=True)
class Configuration:
    """One core of the regression."""

    synapses: int = 64
    lanes: int = 1
    settings: dict = field(default_factory=dict)
    rule: str = "r_stdp"
    queued: bool = False

    @cached_property
    def config(self) -> RuleConfig:
        return get_rule(self.rule).config_type(**self.settings)

    def design(self, name: str) -> CoreDesign:
        return CoreDesign(
            name=name,
            rule=get_rule(self.rule),
            config=self.config,
            synapses=self.synapses,
            lanes=self.lanes,
            queued=self.queued,
        )

    @property
    def words(self) -> int:
        return -(-self.synapses // self.lanes)

    @property
    def label(self) -> str:
        return f"{self.rule} N={self.synapses} P={self.lanes} {'queue ' * self.queued}" + " ".join(
            f"{k}={v}" for k, v in self.settings.items() if v != getattr(_default(self.rule), k)
        )


@cache
def _default(rule: str) -> RuleConfig:
    return get_rule(rule).config_type()


def corners() -> list[Configuration]:
    """Every default, end of range and option once, and the shapes of memory and lanes that need their own logic."""
    c = Configuration
    cured = {"trace_fraction_bits": 6, "eligibility_decay_shift": 9, "eligibility_gain_shift": 1, "rounding": "stochastic"}
    return [
        c(1024),
        c(1),
        c(2, 2),
        c(3),
        c(9),  # one word fewer than the pipeline is deep: sweeps must wait
        c(10),  # one word more: sweeps may overlap
        c(257, 4),  # lanes without a synapse in the last word
        c(255, 8, {"rounding": "stochastic"}),
        c(37, 3, cured),
        c(512, 2, cured),
        c(64, 1, {"weight_bits": 1, "trace_bits": 2, "reward_bits": 1, "learning_shift": 0, "trace_decay_shift": 0}),
        c(64, 1, {"weight_bits": 1, "trace_bits": 2, "reward_bits": 1, "learning_shift": 30, "trace_decay_shift": 30}),
        c(64, 1, {"weight_bits": 31, "trace_bits": 30, "reward_bits": 30, "learning_shift": 0, "trace_decay_shift": 0}),
        c(64, 1, {"weight_bits": 31, "trace_bits": 30, "reward_bits": 30, "learning_shift": 30, "trace_decay_shift": 30}),
        c(64, 2, {"weight_bits": 31, "trace_bits": 2, "reward_bits": 30, "learning_shift": 1, "trace_decay_shift": 1}),
        c(64, 1, {"trace_bits": 2, "trace_fraction_bits": 28, "trace_decay_shift": 29, "rounding": "nearest"}),
        c(64, 1, {"trace_fraction_bits": 4}),
        c(64, 1, {"trace_fraction_bits": 1, "decay_rounding": "stochastic"}),
        c(64, 1, {"eligibility_decay_shift": 0}),
        c(64, 1, {"eligibility_decay_shift": 30}),
        c(64, 1, {"eligibility_decay_shift": 10, "decay_rounding": "stochastic", "rounding": "stochastic"}),
        c(64, 1, {"eligibility_gain_shift": 1, "depression_shift": 1}),
        c(64, 1, {"eligibility_gain_shift": 30, "depression_shift": 30}),
        c(64, 1, {"rounding": "nearest", "decay_rounding": "nearest"}),
        *(c(64, 1, {"reward_encoding": "pow2", "reward_bits": bits}) for bits in (1, 7, 8)),  # 7: every code is used
        c(
            64,
            1,
            {
                "rounding": "stochastic",
                "learning_shift": 30,
                "reward_bits": 30,
                "decay_rounding": "stochastic",
                "trace_decay_shift": 7,
                "random_seed": 2**31 - 1,
            },
        ),
        c(64, 1, {"rounding": "stochastic", "learning_shift": 0, "decay_rounding": "stochastic", "trace_decay_shift": 0}),
        *(
            c(48, 2, {"consolidation": kind, "rounding": rounding, "trace_fraction_bits": 2})
            for kind, rounding in zip(KINDS[:-1], ("nearest", "floor", "stochastic", "nearest"), strict=True)
        ),
        # With the default scale only one update in 2^15 takes importance to its end.
        c(
            48,
            2,
            {
                "consolidation": "si",
                "rounding": "stochastic",
                "trace_fraction_bits": 2,
                "learning_shift": 2,
                "importance_scale": 0,
            },
        ),
    ]


def queued() -> list[Configuration]:
    """Cores whose results wait in a queue: sweeps that wait and overlap, padding, noise, 16 and 32 slots, every rule."""
    c = Configuration
    return [
        c(257, 4, {"rounding": "stochastic"}, queued=True),
        c(10, 1, {"weight_bits": 2, "trace_bits": 2, "reward_bits": 2}, queued=True),
        c(37, 3, {"rounding": "stochastic", "consolidation": "si"}, "three_factor", queued=True),
        c(1, 1, {}, "stp", queued=True),
        c(96, 2, {"consolidation": "pull", "rounding": "stochastic", "trace_fraction_bits": 2}, queued=True),
        c(64, 64, queued=True),
        c(10, 5, queued=True),  # two groups of lanes, each with a queue
    ]


def covered() -> list[Configuration]:
    """What ``make coverage`` runs: the corners, and the presets of the other rules, but for si a configuration as above."""
    important = {
        "consolidation": "si",
        "learning_shift": 0,
        "importance_scale": 0,
        "weight_bits": 20,
        "signal_bits": 12,
        "activity_bits": 8,
    }
    shapes = cycle([(64, 1), (37, 4), (9, 1), (130, 2)])
    presets = [
        (rule, preset) for rule in RULES if rule != "r_stdp" for name, preset in get_rule(rule).presets.items() if name != "si"
    ]
    others = [Configuration(*next(shapes), dataclasses.asdict(preset.config), rule) for rule, preset in presets]
    return [*corners(), *others, Configuration(48, 2, important, "three_factor"), *queued()[:2]]


def ends(rule_name: str) -> list[Configuration]:
    """Every preset of a rule, and every setting at its smallest and largest with each word of its choices, on changing shapes."""
    rule, shapes = get_rule(rule_name), cycle([(64, 1), (37, 4), (9, 1), (130, 2)])
    settings = [dataclasses.asdict(preset.config) for preset in rule.presets.values()]
    words = max((len(choice) for choice in rule.config_type.CHOICES.values()), default=1)
    for end, word in product((0, 1), range(words)):
        chosen = {name: choice[word % len(choice)] for name, choice in rule.config_type.CHOICES.items()}
        settings.append({name: limits[end] for name, limits in rule.config_type.RANGES.items()} | chosen)
    settings += [{name: limit} for name, limits in rule.config_type.RANGES.items() for limit in limits]
    result: list[Configuration] = []
    for setting in settings:
        # One end alone is for fields that a condition between fields keeps out of the others.
        if len(setting) > 1 or not any(setting.items() <= c.settings.items() for c in result):
            with suppress(ConfigError):
                rule.config_type(**setting)
                result.append(Configuration(*next(shapes), setting, rule_name))
    return result


def random_ones(count: int, seed: int) -> list[Configuration]:
    """Configurations drawn from the whole space of a random rule; the same seed gives the same ones."""
    generator = np.random.default_rng(seed)
    result = []
    while len(result) < count:
        rule = get_rule(str(generator.choice(sorted(RULES))))
        settings: dict[str, int | str] = {}
        for name, (low, high) in rule.config_type.RANGES.items():
            if generator.random() < 0.75:  # else its default
                settings[name] = int(generator.integers(low, high + 1))
        settings |= {name: str(generator.choice(words)) for name, words in rule.config_type.CHOICES.items()}
        synapses = int(generator.integers(1, 401))
        lanes = int(generator.integers(1, min(4, synapses) + 1))
        with suppress(ConfigError):  # a condition between fields
            rule.config_type(**settings)
            result.append(Configuration(synapses, lanes, settings, rule.name))
    return result


# The widest noise there is; so long a shift that a trace hardly ever moves, which is why it is no corner.
WIDEST_NOISE = {
    "rounding": "stochastic",
    "learning_shift": 30,
    "reward_bits": 30,
    "decay_rounding": "stochastic",
    "trace_decay_shift": 30,
    "trace_fraction_bits": 18,
}
CONFIGURATIONS = [
    *corners(),
    *(c for rule in RULES for c in ends(rule)),
    *random_ones(RANDOM_COUNT, RANDOM_SEED),
    *queued(),
    Configuration(64, 1, WIDEST_NOISE),
]


def features(configuration: Configuration, generator: str) -> set:
    """What the daily cores must meet: in both generators each rule and what takes logic of its own (one word, sweeps that wait or
    overlap, lanes, lanes without a synapse, a queue); each word of every choice, in one of the rules that have it.

    Words are asked of the Verilog generator: tests/rtl/test_datapath.py runs Amaranth's datapath in all of them.
    """
    kind, design = get_rule(configuration.rule).config_type, configuration.design("dut")
    settings = dataclasses.asdict(design.config)
    shapes = {
        ("words", min(design.words, 2)),
        ("overlap", design.overlap),
        ("lanes", min(design.lanes, 3), design.queued),
        ("padding", design.synapses % design.lanes > 0),
        ("rule", configuration.rule, design.config == _default(configuration.rule)),
    }
    met = {(generator, *one) for one in shapes} | {("queues", design.queued and min(len(design.lane_groups), 2))}
    words = [(name, settings[name]) for name in kind.CHOICES]
    if generator == "verilog":
        met |= set(words)

    return met


@cache
def daily() -> list[tuple[int, str]]:
    """Return the cores of every run, by number and generator: the cheapest found that meet all features."""
    offered = {
        (index, generator): features(configuration, generator)
        for index, configuration in enumerate(CONFIGURATIONS)
        for generator in GENERATORS
    }
    drawn = random.Random(RANDOM_SEED)
    covers = [_cover(offered, drawn) for _ in range(60)]
    return min((by_words(cores) for cores in covers), key=lambda cores: sum(_cost(group) for group in groups_of(cores)))


def by_words(cores: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return cores in the order of how long a timestep of theirs takes: those of one simulator wait for the longest."""
    return sorted(cores, key=lambda core: (CONFIGURATIONS[core[0]].words, core))


def groups_of(cores: list[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """Return cores in groups that share a simulator."""
    return [cores[start : start + GROUP] for start in range(0, len(cores), GROUP)]


def _cost(group: list[tuple[int, str]]) -> int:
    """Return what a group costs: each clock is worked out for all of its cores, until the longest timesteps have ended."""
    shapes = [CONFIGURATIONS[index] for index, _ in group]
    return sum(LANE + shape.lanes for shape in shapes) * (SWEEP + max(shape.words for shape in shapes))


def _cover(offered: dict[tuple[int, str], set], drawn: random.Random) -> list[tuple[int, str]]:
    """Return cores that meet all features: always one that meets most of what is missing, without those that others make idle."""
    missing, chosen = set().union(*offered.values()), []
    while missing:
        chosen.append(max(offered, key=lambda core: (len(offered[core] & missing), drawn.random())))
        missing -= offered[chosen[-1]]
    for core in list(chosen):
        others = [other for other in chosen if other != core]
        if offered[core] <= set().union(*map(offered.__getitem__, others)):
            chosen = others
    return chosen


def grouped() -> list:
    """Return the cores that share a simulator or a run of a tool, as parameters of a test: daily ones, and all for make check."""
    everything = [(index, generator) for index in range(len(CONFIGURATIONS)) for generator in GENERATORS]
    groups = [
        (daily(), ()),
        (
            by_words(everything),
            check(
                "all configurations of both generators, each end of every range among them; the daily ones "
                "meet each word of every choice and every shape"
            ),
        ),
    ]
    return [pytest.param(group, marks=marks) for cores, marks in groups for group in groups_of(cores)]

"""The Amaranth datapaths against the rules' steps: every field and output, bit for bit, with a stalling pipeline."""

import itertools
from importlib import import_module

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.sim import Simulator

from sc_hw.rtl.design import CoreDesign
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import Field
from tests.daily import few

SEED = 20261122
UPDATES = {False: 200, True: 500}  # in every run and in make check
EXHAUSTIVE_BITS = 11  # an update with no more input bits than this is tried with every input
ROUNDINGS = ("floor", "nearest", "stochastic")
KINDS = ("shift", "probabilistic", "pull", "lock", "si")
LARGEST = {"weight_bits": 31, "reward_bits": 30}
SMALLEST = {"weight_bits": 1, "trace_bits": 2, "reward_bits": 1}
SMALL = {"weight_bits": 4, "trace_bits": 4, "reward_bits": 3, "learning_shift": 3, "trace_decay_shift": 2}


def both(**settings: object) -> list[dict[str, object]]:
    """Return the settings with every pair of roundings."""
    return [{**settings, "rounding": a, "decay_rounding": b} for a, b in itertools.product(ROUNDINGS, ROUNDINGS)]


R_STDP = [
    *both(),
    *both(**SMALL, trace_fraction_bits=3, eligibility_decay_shift=5, eligibility_gain_shift=1, depression_shift=1),
    {**SMALLEST, "learning_shift": 30, "trace_decay_shift": 30},
    {**SMALLEST, "learning_shift": 30, "trace_decay_shift": 30, "rounding": "nearest", "decay_rounding": "nearest"},
    {**SMALLEST, "learning_shift": 30, "trace_decay_shift": 30, "rounding": "stochastic", "decay_rounding": "stochastic"},
    {**SMALLEST, "learning_shift": 0, "trace_decay_shift": 0, "rounding": "stochastic", "decay_rounding": "stochastic"},
    {**SMALLEST, "learning_shift": 1, "trace_decay_shift": 1, "rounding": "stochastic", "decay_rounding": "nearest"},
    {**LARGEST, "trace_bits": 30, "learning_shift": 0, "trace_decay_shift": 0},
    {**LARGEST, "trace_bits": 30, "learning_shift": 30, "trace_decay_shift": 30, "rounding": "stochastic"},
    {**LARGEST, "trace_bits": 2, "trace_fraction_bits": 28, "learning_shift": 9, "trace_decay_shift": 29, "rounding": "nearest"},
    {**LARGEST, "trace_bits": 2, "trace_fraction_bits": 28, "trace_decay_shift": 7, "decay_rounding": "stochastic"},
    {"trace_fraction_bits": 1, "eligibility_decay_shift": 0, "decay_rounding": "nearest"},
    {"trace_fraction_bits": 6, "trace_decay_shift": 0, "eligibility_decay_shift": 9, "decay_rounding": "stochastic"},
    {"eligibility_gain_shift": 30, "depression_shift": 30, "learning_shift": 20},
    {"eligibility_gain_shift": 3, "depression_shift": 11, "learning_shift": 19, "rounding": "nearest"},
    {"weight_bits": 31, "trace_bits": 2, "reward_bits": 1, "trace_decay_shift": 17, "decay_rounding": "nearest"},
    *({**SMALL, "trace_fraction_bits": 1, "decay_rounding": "nearest", "consolidation": kind, "code_bits": 2} for kind in KINDS),
]

THREE_FACTOR = [
    *({"consolidation": kind, "rounding": rounding} for kind in KINDS for rounding in ROUNDINGS),
    *(
        {
            "consolidation": kind,
            "rounding": rounding,
            "weight_bits": 2,
            "activity_bits": 1,
            "signal_bits": 2,
            "learning_shift": 0,
            "code_bits": 1,
            "pull_shift": 0,
            "importance_scale": 0,
            "importance_damping": 0,
            "importance_offset": -1,
        }
        for kind in KINDS
        for rounding in ("nearest", "stochastic")
    ),
    *(
        {
            "consolidation": kind,
            "weight_bits": 31,
            "activity_bits": 16,
            "signal_bits": 16,
            "learning_shift": shift,
            "code_bits": 4,
            "pull_shift": 15,
            "importance_scale": 30,
            "importance_damping": 31,
            "importance_offset": offset,
        }
        for kind in KINDS
        for shift, offset in ((0, -62), (30, 31))
    ),
]

STP = [
    *({**settings, "mode": mode} for mode in ("tm98", "mongillo") for settings in both(fraction_bits=2)),
    *both(bits=4, facilitation_shift=1, recovery_shift=1, u_se=255, mode="mongillo"),
    {"bits": 4, "facilitation_shift": 24, "recovery_shift": 24, "u_se": 1},
    {
        "bits": 20,
        "fraction_bits": 16,
        "facilitation_shift": 24,
        "recovery_shift": 24,
        "u_se": 255,
        "rounding": "stochastic",
        "decay_rounding": "stochastic",
    },
    {"bits": 20, "fraction_bits": 16, "facilitation_shift": 1, "recovery_shift": 24, "u_se": 128, "decay_rounding": "nearest"},
    {"bits": 6, "facilitation_shift": 7, "recovery_shift": 3, "u_se": 200, "rounding": "nearest"},  # u rounds up to 1
    {"bits": 6, "fraction_bits": 1, "facilitation_shift": 9, "recovery_shift": 2, "u_se": 254, "rounding": "stochastic"},
]

CONFIGURATIONS = [
    *(("r_stdp", settings) for settings in R_STDP),
    *(("stp", settings) for settings in STP),
    *(("three_factor", settings) for settings in THREE_FACTOR),
]


def draw(generator: np.random.Generator, field: Field, count: int) -> np.ndarray:
    """Draw values of a field, half of them at or beside the ends of its range or zero."""
    ends = [field.minimum, field.minimum + 1, 0, 1, field.maximum - 1, field.maximum, -1]
    corners = generator.choice([value for value in ends if field.minimum <= value <= field.maximum], count)
    return np.where(generator.random(count) < 0.5, corners, generator.integers(field.minimum, field.maximum + 1, count))


def stimulus(generator: np.random.Generator, fields: list[Field], count: int) -> list[np.ndarray]:
    """Return values of each field, one an update: ``count`` of them, or all there are if they are few."""
    bits = sum(field.bits for field in fields)
    if bits > EXHAUSTIVE_BITS:
        return [draw(generator, field, count) for field in fields]
    word, values = generator.permutation(1 << bits), []
    for field in fields:
        value = word & ((1 << field.bits) - 1)
        values.append(value - (value >> (field.bits - 1) << field.bits) if field.signed else value)
        word = word >> field.bits
    return values


def packed(values: list[np.ndarray], fields: list[Field]) -> list[int]:
    """Return one integer an update that holds the values of all fields, the first lowest."""
    words, low = [0] * len(values[0]), 0
    for field, column in zip(fields, values, strict=True):
        words = [word | (value & ((1 << field.bits) - 1)) << low for word, value in zip(words, column.tolist(), strict=True)]
        low += field.bits
    return words


def label(value):
    return value if isinstance(value, str) else " ".join(f"{k}={v}" for k, v in value.items()) or "default"


@pytest.mark.parametrize(("name", "settings"), few(CONFIGURATIONS, CONFIGURATIONS[::2], "every other configuration"), ids=label)
def test_datapath_is_the_step(name, settings, request):
    rule = get_rule(name)
    config = rule.config_type(**settings)
    design = CoreDesign(name="dut", rule=rule, config=config, synapses=1)
    spec = design.spec
    generator = np.random.default_rng(SEED)
    print(f"seed {SEED}")

    inputs = [*spec.state, *spec.inputs, *spec.noise]
    values = stimulus(generator, inputs, UPDATES[request.config.getoption("--check")])
    named = [
        dict(zip((f.name for f in part), columns, strict=True))
        for part, columns in ((spec.state, values[: len(spec.state)]), (inputs[len(spec.state) :], values[len(spec.state) :]))
    ]
    state, outputs = rule.step(config, *named)
    results = [*spec.state, *spec.outputs]
    expected = packed([state[f.name] for f in spec.state] + [outputs[f.name] for f in spec.outputs], results)
    offered = packed(values, inputs)

    datapath = import_module(f"sc_hw.rtl.rules.{name}").Datapath(design)
    m = Module()
    m.submodules.datapath = datapath
    given, taken = Signal(sum(f.bits for f in inputs)), Signal(sum(f.bits for f in results))
    kinds = ["state"] * len(spec.state) + ["in"] * len(spec.inputs) + ["noise"] * len(spec.noise)
    m.d.comb += Cat(getattr(datapath, f"{kind}_{f.name}") for kind, f in zip(kinds, inputs, strict=True)).eq(given)
    kinds = ["next"] * len(spec.state) + ["out"] * len(spec.outputs)
    m.d.comb += taken.eq(Cat(getattr(datapath, f"{kind}_{f.name}") for kind, f in zip(kinds, results, strict=True)))
    seen: list[int] = []

    stalled = generator.random(len(offered) + spec.latency) < 0.1

    async def bench(ctx):
        ctx.set(datapath.enable, 1)
        for word, stall in zip(offered + [0] * spec.latency, stalled.tolist(), strict=True):
            if stall:  # nothing moves, whatever the inputs do
                ctx.set(datapath.enable, 0)
                ctx.set(given, int(generator.integers(0, 1 << 62)) & ((1 << len(given)) - 1))
                held = ctx.get(taken)
                await ctx.tick().repeat(int(generator.integers(1, 4)))
                assert ctx.get(taken) == held
                ctx.set(datapath.enable, 1)
            ctx.set(given, word)
            await ctx.tick()
            seen.append(ctx.get(taken))

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    seen = seen[spec.latency - 1 : -1]
    assert len(seen) == len(expected)
    wrong = [k for k in range(len(expected)) if seen[k] != expected[k]]
    assert not wrong, f"{len(wrong)} of {len(expected)} updates differ; the first is {wrong[0]}: " + ", ".join(
        f"{field.name}={column[wrong[0]]}" for field, column in zip(inputs, values, strict=True)
    )

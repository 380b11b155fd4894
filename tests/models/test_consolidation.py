"""Consolidation: the stage against a reference of its own, and what each kind promises, measured."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sc_hw_models.consolidation import ConsolidationConfig, Stage
from sc_hw_models.fixed import ROUNDINGS
from sc_hw_models.rule import ConfigError, Field

KINDS = ("none", "shift", "probabilistic", "pull", "lock", "si")
SIGNED = Field(name="weight", bits=7, signed=True)
UNSIGNED = Field(name="weight", bits=6)
Z = 4.5  # standard deviations allowed to a mean


def stage(c, shift):
    return Stage(config=c, weight=SIGNED, shift=shift)


def updated(c, weight, state, inputs, drive, shift):
    return Stage(config=c, weight=weight, shift=shift).update(state, inputs, drive)


# The reference shares nothing with the model: fractions, floors and logarithms instead of shifts and selections.


def rounded(value, mode, bits, noise):
    """Round a fraction whose denominator is 2^bits at most."""
    offset = {"floor": Fraction(0), "nearest": Fraction(1, 2), "stochastic": Fraction(noise, 2**bits)}[mode]
    return math.floor(value + (offset if bits else 0))


def octave(value):
    return int(math.log2(abs(value))) if value else 0


def reference(c, low, high, s, i, drive, shift):
    """One timestep of one synapse: weight, anchor, importance, code."""
    kind, w, code = c.consolidation, s["weight"], s.get("code")
    largest = 2 ** (1 if kind == "lock" else c.code_bits) - 1
    noise = i.get("weight_noise", 0)
    if kind in ("shift", "si"):
        scale = Fraction(1, 2 ** (shift + code))
        # The noise has one resolution for all codes.
        change = 0 if code == largest else rounded(drive * scale, c.rounding, shift + largest, noise)
    else:
        change = rounded(drive * Fraction(1, 2**shift), c.rounding, shift, noise)
    if kind == "lock" and code == 1:
        change = 0
    if kind == "probabilistic" and i["chance_noise"] % 2**code != 0:
        change = 0
    new = min(max(w + change, low), high)
    if kind == "pull" and code != largest:
        part = Fraction(new - s["anchor"], 2 ** (c.pull_shift + code))
        new -= rounded(part, c.rounding, c.pull_shift + largest, i.get("pull_noise", 0))
    result = {"weight": new, "anchor": s.get("anchor"), "importance": s.get("importance"), "code": code}
    if kind == "si":
        n, e = s["importance"], octave(drive) + octave(change) - c.importance_scale
        if change != 0 and e >= 0:
            if e > n:
                n = e
            elif i["importance_noise"] % 2 ** min(n - e, 15) == 0:
                n += 1
        result["importance"] = min(n, 31)
    if i.get("consolidate"):
        result["weight"] = result["anchor"] = w
        if kind == "si":
            earned = s["importance"] - 2 * max(octave(w - s["anchor"]), c.importance_damping) - c.importance_offset
            result |= {"importance": 0, "code": max(code, min(max(earned, 0), largest))}
    return {name: value for name, value in result.items() if name in s}


def drawn(fields, count, generator):
    """Values of fields, a third of them at an end or zero."""
    result = {}
    for f in fields:
        ends = generator.choice([f.minimum, max(f.minimum, 0), f.maximum], count)
        uniform = generator.integers(f.minimum, f.maximum + 1, count)
        result[f.name] = np.where(generator.random(count) < 1 / 3, ends, uniform)
    return result


def columns(arrays, k):
    return {name: int(array[k]) for name, array in arrays.items()}


@pytest.mark.parametrize("weight", [SIGNED, UNSIGNED], ids=["signed", "unsigned"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("settings", [(3, 6, 4, 7, -3, 4), (1, 0, 0, 0, 0, 0), (4, 2, 2, 3, 2, 9)], ids=str)
def test_every_field_follows_the_reference(kind, rounding, weight, settings):
    bits, pull, scale, damping, offset, shift = settings
    c = ConsolidationConfig(
        consolidation=kind,
        rounding=rounding,
        code_bits=bits,
        pull_shift=pull,
        importance_scale=scale,
        importance_damping=damping,
        importance_offset=offset,
    )
    generator, count = np.random.default_rng(7), 300
    state = drawn([weight, *Stage(config=c, weight=weight, shift=shift).state], count, generator)
    inputs = drawn(stage(c, shift).noise, count, generator)
    if kind in ("pull", "si"):
        inputs["consolidate"] = (generator.random(count) < 0.3).astype(int)
    drive = np.where(generator.random(count) < 0.2, 0, generator.integers(-(2**11), 2**11, count))
    result = updated(c, weight, state, inputs, drive, shift)
    assert set(result) == set(state)
    for k in range(count):
        before, given = columns(state, k), columns(inputs, k)
        expected = reference(c, weight.minimum, weight.maximum, before, given, int(drive[k]), shift)
        assert columns(result, k) == expected, (before, given, drive[k])
        assert updated(c, weight, before, given, int(drive[k]), shift) == expected


def every_noise(c, shift):
    """One array a noise word, together every combination of them."""
    fields = stage(c, shift).noise
    grid = np.meshgrid(*(np.arange(1 << f.bits) for f in fields), indexing="ij")
    return {f.name: array.ravel() for f, array in zip(fields, grid, strict=True)}


@pytest.mark.parametrize("code", range(7))
def test_a_code_divides_the_change_on_average_exactly(code):
    c = ConsolidationConfig(consolidation="shift", rounding="stochastic")
    noise = every_noise(c, 3)
    for drive in (-93, -1, 5, 200):
        new = updated(c, SIGNED, {"weight": 0, "code": code}, noise, np.full(1 << 10, drive), 3)["weight"]
        assert Fraction(int(new.sum()), 1 << 10) == Fraction(drive, 2 ** (3 + code))


@pytest.mark.parametrize(("kind", "code"), [("shift", 7), ("lock", 1), ("si", 7)])
def test_a_locked_weight_never_moves(kind, code):
    for rounding in ROUNDINGS:
        c = ConsolidationConfig(consolidation=kind, rounding=rounding)
        generator = np.random.default_rng(3)
        state = {"weight": np.arange(-64, 64), "anchor": np.zeros(128, int), "importance": np.zeros(128, int)}
        inputs = drawn(stage(c, 2).noise, 128, generator) | {"consolidate": 0}
        drive = generator.integers(-(2**12), 2**12, 128)
        new = updated(c, SIGNED, state | {"code": np.full(128, code)}, inputs, drive, 2)
        assert np.array_equal(new["weight"], state["weight"])


@pytest.mark.parametrize("code", range(8))
def test_a_change_is_made_with_probability_two_to_the_minus_code(code):
    c = ConsolidationConfig(consolidation="probabilistic")
    new = updated(c, SIGNED, {"weight": 0, "code": code}, every_noise(c, 0), 3, 0)["weight"]
    assert set(new.tolist()) <= {0, 3}
    assert np.count_nonzero(new) == 128 >> code


@pytest.mark.parametrize("code", range(7))
def test_a_pull_takes_back_its_part_of_the_distance_and_reaches_the_anchor(code):
    c = ConsolidationConfig(consolidation="pull", rounding="stochastic", pull_shift=1)
    noise = every_noise(c, 0)
    for distance in (-60, -7, 1, 40):
        new = updated(c, SIGNED, {"weight": distance, "anchor": 0, "code": code}, noise | {"consolidate": 0}, 0, 0)["weight"]
        assert Fraction(int(new.sum()), len(new)) == distance - Fraction(distance, 2 ** (1 + code))
    generator, weight = np.random.default_rng(5), np.arange(-64, 64)
    for _ in range(30 << code):
        drawn_noise = {"pull_noise": generator.integers(0, 1 << 8, 128), "consolidate": 0}
        weight = updated(c, SIGNED, {"weight": weight, "anchor": 9, "code": code}, drawn_noise, 0, 0)["weight"]
    assert np.all(weight == 9)


def test_the_largest_code_of_a_pull_does_not_pull():
    c = ConsolidationConfig(consolidation="pull", rounding="nearest", pull_shift=0)
    for weight in range(-64, 64):
        new = updated(c, SIGNED, {"weight": weight, "anchor": 0, "code": 7}, {"consolidate": 0}, 0, 0)
        assert new["weight"] == weight


@pytest.mark.parametrize("kind", ["pull", "si"])
def test_a_timestep_that_consolidates_makes_the_weight_the_anchor_and_holds_it(kind):
    c = ConsolidationConfig(consolidation=kind)
    state = {"weight": 17, "anchor": -30, "importance": 12, "code": 0}
    inputs = {"consolidate": 1, "importance_noise": 5}
    new = updated(c, SIGNED, state, inputs, 4000, 4)
    assert (new["weight"], new["anchor"]) == (17, 17)
    if kind == "si":
        assert new["importance"] == 0


def si_counts(drive, change, steps, copies, seed=1):
    """Importance of many synapses after equal steps; the weight is set back each time, so that every change is the same."""
    c = ConsolidationConfig(consolidation="si", importance_scale=4)
    generator = np.random.default_rng(seed)
    state = {name: np.zeros(copies, int) for name in ("weight", "anchor", "importance", "code")}
    shift = round(math.log2(drive / change))
    for _ in range(steps):
        noise = {"importance_noise": generator.integers(0, 1 << 15, copies), "consolidate": 0}
        state = updated(c, SIGNED, state, noise, drive, shift) | {"weight": np.zeros(copies, int)}
    return state["importance"]


@pytest.mark.parametrize(("drive", "change"), [(16, 2), (64, 16)])
@pytest.mark.parametrize("steps", [8, 50, 300])
def test_importance_is_a_morris_counter_of_drive_times_change(drive, change, steps):
    """E 2^n = 2^e (steps + 1) + ... for a counter that starts at e with its first event (Morris 1978): unbiased but for that."""
    counts, e = si_counts(drive, change, steps, 4000), math.log2(drive * change) - 4
    estimate = 2.0**counts
    # The first event lifts 0 to e or e + 1; each later one adds 2^n with probability 2^-(n-e), that is 2^e on average.
    first = 2.0 ** (e if e else 1)
    expected = first + (steps - 1) * 2**e
    assert abs(estimate.mean() - expected) < Z * estimate.std() / math.sqrt(len(estimate)) + 1e-9
    assert np.abs(counts - math.log2(expected)).mean() < 1


def test_codes_grow_with_importance_and_never_fall():
    c = ConsolidationConfig(consolidation="si")
    importance = np.arange(32)
    state = {"weight": np.zeros(32, int), "anchor": np.zeros(32, int), "importance": importance}
    made = [
        updated(c, SIGNED, state | {"code": np.full(32, old)}, {"consolidate": 1, "importance_noise": 0}, 0, 0)["code"]
        for old in (0, 4)
    ]
    assert all(np.all(np.diff(codes) >= 0) for codes in made)
    assert made[0].tolist() == np.clip(importance - 14 + 3, 0, 7).tolist()
    assert made[1].tolist() == np.maximum(made[0], 4).tolist()


def test_a_longer_way_for_the_same_importance_earns_a_smaller_code():
    c = ConsolidationConfig(consolidation="si", importance_damping=0, importance_offset=0)
    state = {
        "weight": np.array([0, 1, 2, 4, 8]),
        "anchor": np.zeros(5, int),
        "importance": np.full(5, 7),
        "code": np.zeros(5, int),
    }
    codes = updated(c, SIGNED, state, {"consolidate": 1, "importance_noise": 0}, 0, 0)["code"]
    assert codes.tolist() == [7, 7, 5, 3, 1]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"code_bits": 0}, ["code_bits=0", "1..4"]),
        ({"code_bits": 5}, ["code_bits=5", "1..4"]),
        ({"consolidation": "ewc"}, ["'ewc'", "pull"]),
        ({"rounding": "up"}, ["'up'", "stochastic"]),
        ({"pull_shift": 16}, ["pull_shift=16", "0..15"]),
        ({"importance_scale": True}, ["importance_scale=True"]),
    ],
)
def test_bad_settings_are_refused(settings, says):
    with pytest.raises(ConfigError) as caught:
        ConsolidationConfig(**settings)
    assert all(part in str(caught.value) for part in says)


@pytest.mark.parametrize(
    ("kind", "state", "commanded", "latency"),
    [
        ("none", {}, False, 2),
        ("shift", {"code": 3}, False, 3),
        ("probabilistic", {"code": 3}, False, 3),
        ("lock", {"code": 1}, False, 3),
        ("pull", {"anchor": 7, "code": 3}, True, 5),
        ("si", {"anchor": 7, "importance": 5, "code": 3}, True, 6),
    ],
)
def test_what_each_kind_keeps_takes_and_costs(kind, state, commanded, latency):
    c = ConsolidationConfig(consolidation=kind)
    made = stage(c, 0)
    assert {f.name: f.bits for f in made.state} == state
    assert all(f.signed == (f.name == "anchor") for f in made.state)
    assert [(f.name, f.minimum, f.maximum) for f in made.step_inputs] == [("consolidate", 0, 1)] * commanded
    assert made.latency == latency

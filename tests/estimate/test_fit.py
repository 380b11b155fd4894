"""The committed fit is what the committed points give, it errs as little as it says, and what is by rule is exact."""

import dataclasses
import random
import runpy
from pathlib import Path

import numpy as np
import pytest

from sc_hw.estimate.fabric import fabric_of
from sc_hw.estimate.features import FEATURES, exact_blocks
from sc_hw.estimate.fit import COVERAGE, _bounded, cross_validated, fits_of, interval, newest_fits, table_of
from sc_hw.estimate.points import points_file, read_points
from sc_hw.estimate.quantities import quantities_of
from sc_hw.targets import distinct_targets, load_target
from tests.daily import check

SYNTH = Path(__file__).parents[2] / "synth"
FITS = newest_fits()
POINTS = read_points(points_file(FITS.yosys))
TARGETS = distinct_targets()
BAR = 0.10  # mean relative error of LUT of designs that were left out
LANE_BAR = 0.13  # and of a lane alone, which is small


def errors(points, target, resource="lut"):
    """Return by point the relative error of an estimate that rests on the other groups."""
    rows, measured, groups = table_of(points, load_target(target), resource)
    return np.abs(cross_validated(rows, measured, groups) / measured - 1)


def wrong_blocks(points, target):
    fabric = fabric_of(load_target(target))

    def measured(point):
        return tuple(point.measured[target].get(resource, 0) for resource in ("block_ram", "dsp"))

    return [point.group for point in points if exact_blocks(point.holds, fabric) != measured(point)]


def changed(point, target, resource, factor):
    """Return a point with another figure."""
    figures = point.measured[target]
    return dataclasses.replace(point, measured=point.measured | {target: figures | {resource: figures.get(resource, 1) * factor}})


def test_the_fit_is_of_these_points():
    made = fits_of(POINTS, [load_target(target) for target in TARGETS], FITS.yosys)
    assert (made.points, made.groups) == (FITS.points, FITS.groups)
    for target in TARGETS:
        for resource, fit in made.targets[target].items():
            own = FITS.targets[target][resource]
            assert fit.worth == pytest.approx(own.worth, rel=1e-3, abs=1e-6)
            assert (fit.low, fit.high, fit.error) == pytest.approx((own.low, own.high, own.error), abs=1e-3)
            assert (fit.least, fit.most) == (own.least, own.most)
    # It would not be of others.
    other = fits_of([changed(POINTS[0], TARGETS[0], "lut", 1.5), *POINTS[1:]], [load_target(TARGETS[0])], FITS.yosys)
    assert other.targets[TARGETS[0]]["lut"].worth != pytest.approx(FITS.targets[TARGETS[0]]["lut"].worth, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("target", TARGETS)
def test_designs_left_out_are_met(target):
    found = errors(POINTS, target)
    preset, lane = (
        np.array([kind(p) for p in POINTS]) for kind in (lambda p: "preset" in p.design, lambda p: p.module == "lane")
    )
    assert found.mean() < BAR
    assert found[preset & ~lane].mean() < BAR
    assert found[~preset].mean() < BAR
    assert found[lane].mean() < LANE_BAR
    assert found.mean() == pytest.approx(FITS.targets[target]["lut"].error, abs=1e-3)
    assert errors(POINTS, target, "ff").mean() < 0.04
    # Counts that no features explain are noticed.
    rng = random.Random(1)
    shuffled = [changed(point, target, "lut", rng.choice((0.6, 1.6))) for point in POINTS]
    assert errors(shuffled, target).mean() > BAR


@pytest.mark.parametrize("target", TARGETS)
def test_intervals_hold_what_they_promise(target):
    """Nested: each group judged by the interval of the others."""
    rows, measured, groups = table_of(POINTS, load_target(target), "lut")
    ratios, own = measured / cross_validated(rows, measured, groups), np.array(groups)
    held = np.zeros(len(ratios), dtype=bool)
    for group in set(groups):
        low, high = interval(ratios[own != group])
        held[own == group] = (low <= ratios[own == group]) & (ratios[own == group] <= high)
    assert held.mean() > COVERAGE - 0.06
    narrow = np.mean(np.abs(np.log(ratios)) < np.log(1.02))
    assert narrow < COVERAGE - 0.06  # an interval of 2 % would not hold it


@pytest.mark.parametrize("target", TARGETS)
def test_blocks_are_exact(target):
    assert wrong_blocks(POINTS, target) == []
    assert wrong_blocks([changed(point, target, "block_ram", 2) for point in POINTS[:1]], target)
    assert wrong_blocks([changed(point, target, "dsp", 2) for point in POINTS[:1]], target)


def test_points_are_of_this_rtl(tmp_path):
    """Of a few points, what the RTL holds; of one, the Verilog that was synthesised."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chosen = random.Random(seed).sample(POINTS, 4)
    for point in chosen:
        assert quantities_of(point.made(), module=point.module) == point.holds, f"{point.group}: run make estimate"
    from sc_hw.manifest import load_core
    from sc_hw.rtl.emit import emit

    digest = runpy.run_path(str(SYNTH / "baselines.py"))["verilog_digest"]
    core = load_core(emit(chosen[0].made(), "amaranth", tmp_path / "core"))
    assert digest(core, chosen[0].module) == chosen[0].digest, f"{chosen[0].group}: run make estimate"


def test_points_are_the_sample(monkeypatch):
    monkeypatch.syspath_prepend(SYNTH)
    script = runpy.run_path(str(SYNTH / "estimate.py"))
    keys = [point.key for point in script["sample"]()]
    assert len(keys) == len(set(keys))
    assert [point.key for point in POINTS] == [key for key in keys if key in {point.key for point in POINTS}]


@pytest.mark.parametrize("seed", range(20))
def test_the_solver_finds_the_optimum(seed):
    """Karush, Kuhn, Tucker: nothing below 0, no gradient where it is inside, none that would gain at 0."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(30, 8)) + 0.5
    square, wanted = table.T @ table + 1e-6 * np.eye(8), table.T @ rng.normal(size=30)
    free = [2, 5]
    found = _bounded(square, wanted, free)
    gradient = wanted - square @ found
    bounded = np.ones(8, dtype=bool)
    bounded[free] = False
    assert (found[bounded] >= 0).all()
    assert np.abs(gradient[~bounded | (found > 0)]).max() < 1e-8
    assert gradient[bounded & (found == 0)].max(initial=-1) < 1e-8
    assert (found[bounded] == 0).any() or (np.linalg.solve(square, wanted)[bounded] >= 0).all()


@check("the points of the fit, and that they are of this RTL, are in every run")
def test_measured_elsewhere():
    """The table of docs/measured/scaling.md was measured by another script, most of it with sizes that no point has."""
    from sc_hw.estimate.points import Point

    page = (SYNTH.parent / "docs" / "measured" / "scaling.md").read_text(encoding="utf-8")
    rows, lanes, compared = [], 0, 0
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].startswith("synapses on "):
            lanes, rows = int(cells[0].split()[2]), cells[1:]
        elif lanes and cells[0].replace(",", "").isdigit() and " / " in cells[1]:
            design = Point(group="", design={"rule": "r_stdp", "synapses": int(cells[0].replace(",", "")), "lanes": lanes}).made()
            held = quantities_of(design)
            for target, text in zip(rows, cells[1:], strict=True):
                lut, ff, ram = (float(part.replace(",", "")) for part in text.split(" / "))
                fabric, fits = fabric_of(load_target(target)), FITS.targets[target]
                found = {name: fits[name](features(held, fabric)) for name, features in FEATURES.items()}
                assert exact_blocks(held, fabric)[0] == ram
                assert found["ff"] == pytest.approx(ff, rel=0.06)
                assert fits["lut"].low * 0.9 <= lut / found["lut"] <= fits["lut"].high * 1.1, f"{target} {cells[0]} x {lanes}"
                compared += 1
        elif not line.startswith("|"):
            lanes = 0
    assert compared == 40

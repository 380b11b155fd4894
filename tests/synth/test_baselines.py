"""Baselines: every preset has one, and none grew by more than the tolerance."""

import runpy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sc_hw.targets import distinct_targets
from sc_hw_models.registry import RULES

from ..daily import check

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "synth" / "baselines.py"))
TARGET = "ecp5-25k"  # the quickest to synthesise for; `make baselines` shows the others as a difference
ITEMS = {item.name: item for item in SCRIPT["items"]("counts", TARGET)}


@pytest.mark.parametrize("target", distinct_targets())
def test_every_preset_has_a_baseline(target: str) -> None:
    assert set(SCRIPT["read_baselines"](target, "counts")) == set(ITEMS)
    assert {name.split()[0] for name in ITEMS} == set(RULES)


def names(which: str) -> list[list[str]]:
    """Return the items of each rule: the lane and the core of its default, or the lanes of all its other presets."""
    found = [[name for name in ITEMS if name.startswith(f"{rule} ")] for rule in sorted(RULES)]
    return [[name for name in own if (name.split()[1] == "default") == (which == "default")] for own in found]


@pytest.mark.parametrize(
    "names",
    [
        names("default")[0],
        *(pytest.param(own, marks=check("the defaults of the other rules")) for own in names("default")[1:]),
        *(pytest.param(own, marks=check("the other presets; the default of a rule is in every run")) for own in names("others")),
    ],
    ids=lambda own: own[0],
)
def test_no_preset_grew(names: list[str], tmp_path: Path) -> None:
    """The lane of each preset, which is what presets change, and the core of the default."""
    names = [name for name in names if name.endswith((" lane", "default core"))]
    baselines = SCRIPT["read_baselines"](TARGET, "counts")
    cores = {name: ITEMS[name].emit(tmp_path / name) for name in names}
    with ThreadPoolExecutor(2) as pool:
        measured = list(pool.map(lambda name: SCRIPT["counts"](cores[name], ITEMS[name], [TARGET], 1)[0], names))
    for name, resources in zip(names, measured, strict=True):
        assert not SCRIPT["growth"](baselines[name], resources), f"{name}: if this is meant, run make baselines"
    # The check bites: one cell of a hundred more passes, one of twenty more does not.
    lut = measured[0]["lut"]
    for smaller, grew in ((lut / 1.01, False), (lut / 1.05, True)):
        assert bool(SCRIPT["growth"](measured[0] | {"lut": smaller}, measured[0])) == grew

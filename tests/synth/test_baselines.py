"""Baselines: every preset has one, and none grew by more than the tolerance."""

import runpy
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sc_hw.targets import distinct_targets
from sc_hw_models.defaults import DEFAULT_RULE
from sc_hw_models.registry import RULES

from ..daily import check, few

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "synth" / "baselines.py"))
TARGET = "ecp5-25k"  # the quickest to synthesise for; `make baselines` shows the others as a difference
DAILY_FIRST = sorted(RULES, key=lambda rule: (rule != DEFAULT_RULE, rule))  # whatever rules there are
ITEMS = {item.name: item for item in SCRIPT["items"]("counts", TARGET)}


@pytest.mark.parametrize("target", distinct_targets())
def test_every_preset_has_a_baseline(target: str) -> None:
    assert {name.split()[0] for name in ITEMS} == set(RULES)
    found = set(SCRIPT["read_baselines"](target, "counts"))
    assert set(ITEMS) <= found, f"not measured on {target}: {sorted(set(ITEMS) - found)}; run make baselines"
    assert found <= set(ITEMS), f"of no preset: {sorted(found - set(ITEMS))}; remove from synth/baselines/{target}"


def names(which: str, rules: Iterable[str] = sorted(RULES), items: Iterable[str] = tuple(ITEMS)) -> list[list[str]]:
    """Return the items of each rule: the lane and the core of its default, or the lanes of its other presets, if it has some."""
    found = [[name for name in items if name.startswith(f"{rule} ")] for rule in rules]
    chosen = [[name for name in own if (name.split()[1] == "default") == (which == "default")] for own in found]
    return [own for own in chosen if own]


def test_a_rule_may_have_its_default_alone() -> None:
    own = ["leaky default core", "leaky default lane"]
    assert names("default", ["leaky"], own) == [own]
    assert names("others", ["leaky"], own) == []


@pytest.mark.parametrize(
    "names",
    [
        *few(names("default", DAILY_FIRST), 1, "the defaults of the other rules"),
        *(pytest.param(own, marks=check("the other presets; the default of a rule is in every run")) for own in names("others")),
    ],
    ids=lambda own: own[0],
)
def test_no_preset_grew(names: list[str], tmp_path: Path) -> None:
    """The lane of each preset, which is what presets change, and the core of the default."""
    names = [name for name in names if name.endswith((" lane", "default core"))]
    baselines = SCRIPT["read_baselines"](TARGET, "counts")
    assert set(names) <= set(baselines), "not measured; run make baselines"
    cores = {name: ITEMS[name].emit(tmp_path / name) for name in names}
    with ThreadPoolExecutor(2) as pool:
        measured = list(pool.map(lambda name: SCRIPT["counts"](cores[name], ITEMS[name], [TARGET], 1)[0], names))
    for name, resources in zip(names, measured, strict=True):
        assert not SCRIPT["growth"](baselines[name], resources), f"{name}: if this is meant, run make baselines"
    # The check bites: one cell of a hundred more passes, one of twenty more does not.
    lut = measured[0]["lut"]
    for smaller, grew in ((lut / 1.01, False), (lut / 1.05, True)):
        assert bool(SCRIPT["growth"](measured[0] | {"lut": smaller}, measured[0])) == grew

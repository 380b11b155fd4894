"""Accesses under random pauses, from masters of other people: each answer, and every state word, equals the model's."""

import pytest

from ..daily import few
from .designs import DESIGNS
from .running import run_bench

BUSES = ("axi-lite", "wishbone", "apb")
SEED = 20261129


@pytest.mark.parametrize(
    ("name", "bus"),
    few(
        [(name, bus) for name in DESIGNS for bus in BUSES],
        [("core", "axi-lite"), ("layer", "wishbone"), ("addressed", "apb")],
        "every design behind every bus",
    ),
)
def test_a_short_campaign(sc_hw, tmp_path, name, bus):
    assert sc_hw("emit", *DESIGNS[name], "--bus", bus, "-o", tmp_path / "core")[0] == 0
    found = run_bench(tmp_path / "core", tmp_path / "work", accesses=1500, seed=SEED)
    print(f"seed {SEED}: {found}")
    assert found["failure"] == ""
    assert found["accesses"] >= 1500
    assert found["counts"].keys() >= {"identity", "settings", "happened", "refused", "load", "look", "timestep"}

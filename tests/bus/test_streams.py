"""Spikes and results as AXI4-Stream, with a source and a sink that are not ours: beats and state words equal the model's."""

import pytest

from ..daily import check, few
from .designs import EMITTED
from .running import run_bench

SEED = 20261129


@check("the proof has these ports, and the drivers the timesteps, in every run")
@pytest.mark.parametrize(
    ("name", "bus"),
    few(
        [("core", "axi-lite"), ("lanes", "apb"), ("layer", "wishbone"), ("network", "axi-lite")],
        [("lanes", "apb"), ("network", "axi-lite")],
        "other shapes of the same streams, behind other buses",
    ),
)
def test_timesteps(sc_hw, tmp_path, name, bus):
    options = ["--bus", bus, "--bus-streams", "axi-stream"]
    assert sc_hw("emit", *EMITTED[name], *options, "-o", tmp_path / "core")[0] == 0
    found = run_bench(tmp_path / "core", tmp_path / "work", accesses=12, seed=SEED, module="tests.bus.stream_bench")
    print(f"seed {SEED}: {found}")
    assert found["failure"] == ""
    assert found["beats"] >= 12 * (1 if name == "network" else 5)

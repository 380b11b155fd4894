"""The table of engines: what a block allows, and a row for every preset on every target."""

import sys
from fractions import Fraction
from pathlib import Path

import pytest

from sc_hw.targets import distinct_targets
from sc_hw_models.registry import RULES, get_rule

sys.path.insert(0, str(Path(__file__).parents[2] / "synth"))
import engines

PRESETS = [f"{rule} {preset}" for rule in RULES for preset in get_rule(rule).presets]


@pytest.mark.parametrize(
    ("target", "state_bits", "updates"),
    [
        ("ice40-hx8k", 52, Fraction(1, 4)),
        ("ecp5-25k", 52, Fraction(1, 2)),
        ("xc7a35t", 52, 1),
        ("ice40-hx8k", 28, Fraction(1, 2)),
        ("ecp5-25k", 28, 1),
        ("xc7a35t", 28, 2),
        ("ice40-hx8k", 16, 1),
        ("ecp5-25k", 16, 2),
        ("xc7a35t", 16, 4),
        ("ice40-hx8k", 8, 2),
        ("ecp5-25k", 8, 4),
        ("xc7a35t", 8, 9),
        ("xc7a35t", 76, Fraction(2, 3)),
        ("ecp5-25k", 76, Fraction(1, 3)),
    ],
)
def test_what_a_block_allows(target: str, state_bits: int, updates: Fraction | int) -> None:
    assert engines.BLOCKS[target].updates(state_bits) == updates


def test_every_preset_has_a_row_on_every_target() -> None:
    cores = {f"{preset} core" for preset in PRESETS}
    missing = {target: cores - set(engines.read_baselines(target, "counts")) for target in distinct_targets()}
    assert not any(missing.values()), f"not measured: {missing}; run make baselines"
    taken = {target: {"block_ram": 2} for target in distinct_targets()}
    neurocore = {"version": "1", "targets": {"ecp5-25k": {"lut": 200, "ff": 50, "block_ram": 0, "dsp": 1, "mhz": 50.0}}}
    lanes = {"4, queue": {"median": 100.0, "lut": 1000, "ff": 2000, "block_ram": 8, "dsp": 4}}
    page = engines.page({"default": taken}, neurocore, lanes)
    for target in distinct_targets():
        section = page.split(f"\n## {target}\n")[1].split("\n## ")[0]
        rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
        assert sorted(row[0].removeprefix("| ") for row in rows if "sc-neurocore" not in row[0]) == sorted(PRESETS)
        assert {len(row) for row in rows} == {11}
    assert "| sc-neurocore 1 lane, one synapse | 52 | 200 | 50 | 0 | 1 | 50.0 | 50.0 | 0.250 |  |  |" in page
    # Two blocks are what the state of the default asks for on ECP5, so its ports are busy in every clock.
    assert "| default | 52 | 2, 100% |" in page
    assert "| 4, queue | 1,000 | 2,000 | 8 | 4 | 100.0 | 400 | 0.400 | 50.0 | 100% |" in page

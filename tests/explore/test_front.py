"""The front by its definition; what is compared with what."""

import numpy as np
import pytest

from sc_hw.explore.files import parquet_bytes, plot_bytes
from sc_hw.explore.front import COSTS, mark_front, render_fronts, throughput_of
from sc_hw.explore.sweep import read_sweep

GOOD = {"fits": True, "failure": "", "target": "a", "updates_per_clock": 1.0, **dict.fromkeys(COSTS, 1.0)}


def marks(*changes, throughput="updates_per_clock"):
    rows = [GOOD | change for change in changes]
    mark_front(rows, throughput)
    return [row["pareto"] for row in rows]


def test_by_definition():
    """Nobody on the front is beaten, everybody off it is, by a loop over pairs; few values, so that there are ties."""
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rows = [
        GOOD | {"target": "ab"[k % 2], "updates_per_clock": float(own[0]), **dict(zip(COSTS, map(float, own[1:]), strict=True))}
        for k, own in enumerate(np.random.default_rng(seed).integers(0, 4, (120, 5)))
    ]
    mark_front(rows, "updates_per_clock")

    def beats(a, b):
        pairs = [(a[cost], b[cost]) for cost in COSTS] + [(-a["updates_per_clock"], -b["updates_per_clock"])]
        return a["target"] == b["target"] and all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)

    assert [row["pareto"] for row in rows] == [not any(beats(other, row) for other in rows) for row in rows]
    assert 0 < sum(row["pareto"] for row in rows) < len(rows)


@pytest.mark.parametrize("better", [{"updates_per_clock": 2.0}, *({cost: 0.5} for cost in COSTS)])
def test_every_objective_counts(better):
    assert marks({}, better) == [False, True]
    worse = {"synth_lut": 2.0} if "synth_lut" not in better else {"synth_block_ram": 2.0}
    assert marks({}, better | worse) == [True, True]


def test_equals_are_both_on_it_and_devices_are_not_compared():
    assert marks({}, {}) == [True, True]
    assert marks({}, {"target": "b", "synth_lut": 0.5}) == [True, True]


@pytest.mark.parametrize(
    "flaw", [{"fits": False}, {"failure": "seed 1: no"}, {"learning_error": None}, {"updates_per_clock": None}]
)
def test_what_was_not_measured_whole_is_not_on_it(flaw):
    assert marks({}, {"synth_lut": 0.5} | flaw) == [True, False]


def test_of_a_rule_without_a_float_model_the_error_does_not_count():
    rows = [
        {
            "target": "a",
            "failure": "",
            "fits": True,
            "updates_per_clock": 1.0,
            "synth_lut": lut,
            "synth_block_ram": 1.0,
            "synth_large_ram": 0.0,
            "synth_dsp": 0.0,
        }
        for lut in (2.0, 1.0)
    ]
    mark_front(rows, "updates_per_clock")
    assert [row["pareto"] for row in rows] == [False, True]
    (table,) = render_fronts(rows, read_sweep({}))
    assert "error %" not in [column.header for column in table.columns]
    assert "has no float model" in table.caption


def test_a_second_and_a_clock_are_not_mixed():
    assert throughput_of(read_sweep({})) == "updates_per_clock"
    assert throughput_of(read_sweep({"pnr": True})) == "updates_per_second"
    assert marks({"updates_per_clock": 9.0}, {"updates_per_second": 1e6}, throughput="updates_per_second") == [False, True]


@pytest.mark.parametrize("pnr", [False, True])
def test_pictures_and_files_of_points_without_figures(pnr):
    """Where nothing was measured, or nothing was routed, there is still a file and a picture."""
    sweep = read_sweep({"pnr": pnr}, ["preset=default,fine"])
    rows = [{"target": "ice40-hx8k", "preset": p, "failure": "no", "eligibility_decay_shift": None} for p in ("default", "fine")]
    mark_front(rows, throughput_of(sweep))
    assert [table.row_count for table in render_fronts(rows, sweep)] == [0]
    assert parquet_bytes(rows, sweep, {}) == parquet_bytes(rows, sweep, {})
    assert plot_bytes(rows, sweep).startswith(b"<?xml")

"""What is shown of a chip: its decisions and weights, held against the golden network; and of a chip that is not quite it."""

import base64
import json

import numpy as np
import pytest

from sc_hw.monitor import network
from sc_hw.monitor.curve import MOST, Curve
from sc_hw.monitor.images import Images
from sc_hw.monitor.network import NetworkWatch
from sc_hw.monitor.plan import Plan
from sc_hw.monitor.raster import COLUMNS, ROWS, Raster
from sc_hw.monitor.view import View

from .chips import SPEC, Chip, samples


@pytest.fixture(autouse=True)
def short_turns(monkeypatch):
    monkeypatch.setattr(network, "TURN", 0.01)


def watched(chip=None, **plan):
    """Let a chip learn; return the watch and what a page is told."""
    view = View()
    watch = NetworkWatch(chip or Chip(), samples(), Plan(**{"most": 12, "test": 10, "every": 5, "fresh": True} | plan), view)
    watch.run()
    return watch, json.loads(view.since(0))["sections"]


def levels(section):
    return np.frombuffer(base64.b64decode(section["levels"]), np.uint8)


def test_a_chip_that_is_the_golden_network():
    watch, shown = watched(units=2)
    assert (watch.learned, watch.decided, watch.differ) == (12, 12 + 4 * 10, 0)
    assert watch.weights_read > 0
    assert [at for at, _ in shown["accuracy"]["held_out"]] == [0, 5, 10, 12]
    assert shown["accuracy"]["held_out"][-1][1] == watch.record["held_out"][-1][1]
    assert shown["raster"]["columns"] == 12
    assert [(group["name"], group["units"]) for group in shown["raster"]["groups"]] == [("input", 6), ("hidden", 4)]
    assert [(part["name"], part["count"], part["height"], part["width"]) for part in shown["weights"]] == [
        ("in", 2, 1, 6),
        ("out", 2, 1, 5),
    ]
    assert (shown["now"]["height"], shown["now"]["width"]) == (1, 6)
    assert "0 of 52 decisions" in watch.told


@pytest.mark.parametrize(("lies", "figure"), [("decision", 3), ("weight", 4)])
def test_a_chip_that_is_not_is_seen(lies, figure):
    watch, shown = watched(Chip(lies))
    assert watch.differ > 0
    assert [entry["name"] for entry in shown["figures"] if entry.get("good") is False] == [shown["figures"][figure]["name"]]


def test_how_a_chip_begins():
    chip = Chip()
    watched(chip)
    assert chip.did == ["reset"]
    chip = Chip()
    chip.partial = chip.model.partial_fit(samples().learned, samples().learned_labels)
    watch, _ = watched(chip, fresh=False)
    assert (chip.did, watch.differ) == (["load", "reset"], 0)
    watch, _ = watched(chip, keep=True)  # what it has learned stays, and the golden network takes it over
    assert (chip.did, watch.differ) == (["load", "reset", "read", "reset"], 0)
    watch, _ = watched(chip)
    assert watch.differ > 0  # it was not made just now


def test_it_goes_on_when_the_data_end():
    watch, shown = watched(most=70, every=1000, units=0)
    assert watch.learned == 70
    assert shown["weights"] == []
    assert watch.weights_read == 0


def test_a_curve_keeps_its_ends():
    curve = Curve()
    for at in range(10 * MOST):
        curve.add(at, at / 10 / MOST)
        assert curve.points[-1][0] == at
    assert curve.points[0][0] == 0
    steps = np.diff([at for at, _ in curve.points])
    assert MOST / 2 <= len(curve.points) <= MOST + 1
    assert set(steps[:-1].tolist()) == {int(steps[0])}


def test_a_raster_keeps_the_last_moments():
    raster = Raster({"few": 3, "many": 1000}, unit="timestep", source="")
    for k in range(COLUMNS + 5):
        raster.add({"few": np.array([k % 256, 0, 255], np.uint8), "many": np.full(1000, 7, np.uint8)})
        raster.mark(str(k), k % 2 == 0)
    section = raster.section
    shown = levels(section).reshape(3 + ROWS, COLUMNS)
    assert (section["first"], section["columns"]) == (5, COLUMNS)
    assert shown[0].tolist() == [k % 256 for k in range(5, COLUMNS + 5)]
    assert set(shown[3:].flat) == {7}
    assert section["marks"][0] == {"at": 0, "text": "5", "good": False}


def test_images_are_of_what_was_read():
    images = Images("in", "", count=2, height=2, width=3)
    images.put(1, np.array([-50, 0, 25, 1, 2, 3, 99]), 8)  # one more is a bias
    section = images.section
    assert (section["reach"], section["read"]) == (50, [None, 8])
    assert levels(section).tolist() == [128] * 6 + [1, 128, 192, 131, 133, 136]
    assert section["bins"] is None
    assert SPEC.input.size == 6


def test_a_histogram_is_of_what_was_read():
    images = Images("weight", "", count=1, height=2, width=3, histogram=True)
    images.put(0, np.array([-1, 3, 3]), 8)
    bins = images.section["bins"]
    assert (bins["low"], bins["high"], bins["of"], sum(bins["counts"]), bins["counts"][-1]) == (-1, 3, 3, 3, 2)

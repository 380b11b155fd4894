"""Compiled lanes beside those by hand: what is measured is kept beside the lane's text, and only what is missing is measured."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

SYNTH = Path(__file__).parents[2] / "synth"


@pytest.fixture
def script(monkeypatch, tmp_path):
    """The script, whose baselines go into a folder of the test's; ``asked`` is what it has measured."""
    monkeypatch.syspath_prepend(str(SYNTH))
    spec = importlib.util.spec_from_file_location("compiled_lanes", SYNTH / "compiled.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "compiled_lanes", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr("baselines.FOLDER", tmp_path / "baselines")
    asked = module.asked = []

    def synthesise(core, target, *, module):
        asked.append(f"{module} {target.name}")
        return SimpleNamespace(resources={"lut": 10.0, "ff": 20.0, "dsp": 1.0, "block_ram": 0.0})

    def place_many(core, targets, seeds, *, module, jobs):
        asked.append(list(seeds))
        runs = [SimpleNamespace(seed=seed, mhz=100.0 + seed) for seed in seeds]
        return [SimpleNamespace(runs=runs, failures=[])]

    monkeypatch.setattr(module, "synthesise", synthesise)
    monkeypatch.setattr(module, "place_many", place_many)
    return module


def lanes(script, folder):
    """Return the row of one preset, of lanes that know nothing yet of what is kept."""
    (row,) = script.rows(["ecp5-25k"], ["three_factor:lock"], range(1, 4), folder)
    return row


def test_what_is_kept_is_not_measured_again(script, tmp_path):
    script.measure([lanes(script, tmp_path)], ["ecp5-25k"])
    assert script.asked == ["lane ecp5-25k"] * 2 + [[1, 2, 3]] * 2 + ["lane ecp5-25k"]
    again = lanes(script, tmp_path)
    script.measure([again], ["ecp5-25k"])
    assert len(script.asked) == 5
    assert "| three_factor | lock | 4 | 10 10 1.00 | 20 20 1.00 | 1 1 | 102.0 102.0 1.00 |" in script.page([again], "")


def test_a_seed_more_is_placed_alone_and_until_then_there_is_no_median(script, tmp_path):
    lane = lanes(script, tmp_path).hand
    lane.place(range(1, 3))
    assert "mhz" not in lane.figures(range(1, 4))
    assert lane.figures(range(1, 3))["mhz"] == 101.0
    lane.place(range(1, 4))
    assert script.asked == [[1, 2], [3]]
    assert lane.figures(range(1, 4))["mhz"] == 102.0


def test_what_was_measured_of_another_text_is_not_known(script, tmp_path):
    lane = lanes(script, tmp_path).hand
    lane.count()
    assert lane.kept(script.COUNTS)["lut"] == 10.0
    script.write_baseline(lane.target, script.COUNTS, lane.name, {"verilog_sha256": "another", "lut": 9.0, "ff": 9.0, "dsp": 0.0})
    assert lane.kept(script.COUNTS) == {}


def test_another_datapath_is_measured_again_and_another_engine_is_not(script, tmp_path):
    core = lanes(script, tmp_path).hand.core
    before = script.verilog_digest(core, "lane")
    for changed in ("core.v", "core_datapath.v"):
        texts = {path.name: path.read_bytes() + b"wire more;\n" * (path.name == changed) for path in core.sources}
        sources = [SimpleNamespace(name=name, stem=name[:-2], read_bytes=lambda text=text: text) for name, text in texts.items()]
        found = script.verilog_digest(SimpleNamespace(sources=sources, design=core.design), "lane")
        assert (found == before) is (changed == "core.v")

"""What a sweep is made of: combinations, presets, files, options; and what it refuses."""

from pathlib import Path

import pytest

from sc_hw.errors import UserError
from sc_hw.explore.measure import tools_of
from sc_hw.explore.sweep import design_of, read_sweep
from sc_hw.reading import read_toml
from sc_hw_models.rule_file import RULE_FILES, add_rule_file

EXAMPLE = "examples/explore.toml"


def test_combinations():
    sweep = read_sweep({"target": ["ice40-up5k", "ecp5-25k"]}, ["weight_bits=8,12", "lanes=1,2,4", "rounding=nearest"])
    assert len(sweep.points) == 2 * 2 * 3
    assert sweep.varied == ("lanes", "weight_bits")
    assert {(p.core["config"]["weight_bits"], p.core["lanes"]) for p in sweep.points} == {
        (w, n) for w in (8, 12) for n in (1, 2, 4)
    }
    for point in sweep.points:
        design = design_of(point.core)
        assert (design.synapses, design.config.rounding, design.config.trace_bits) == (1024, "nearest", 12)


def test_grids_are_joined_and_no_point_is_there_twice():
    grids = [{"lanes": [1, 2], "weight_bits": 8}, {"lanes": [2, 4], "weight_bits": [8, 8]}]
    assert [point.core["lanes"] for point in read_sweep({"grid": grids}).points] == [1, 2, 4]
    assert [p.core["synapses"] for p in read_sweep({"grid": grids}, ["synapses=64", "lanes=1"]).points] == [64]


def test_a_crossbar_is_a_topology():
    sweep = read_sweep({"grid": [{"synapses": 64}, {"pre": 4, "post": 16}]}, ["lanes=1,4"])
    designs = [design_of(point.core) for point in sweep.points]
    assert [(type(d).__name__, d.synapses, d.lanes) for d in designs] == [
        (kind, 64, lanes) for kind in ("CoreDesign", "CrossbarDesign") for lanes in (1, 4)
    ]
    assert sweep.varied == ("lanes", "pre", "post")
    assert designs[3].timestep_clocks == 16 + 4 + 9 + 3 + 4  # the pipelines of the synapses and of the neurons


def test_a_preset_is_varied_by_its_name():
    sweep = read_sweep({}, ["preset=default,fine,compact"])
    assert sweep.varied == ("preset",)
    assert [point.core["config"]["trace_bits"] for point in sweep.points] == [12, 12, 8]
    assert read_sweep({}, ["preset=default,fine", "weight_bits=16,17"]).varied == ("preset", "weight_bits")


def test_the_example(monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    assert len(read_sweep(read_toml(request.config.rootpath / EXAMPLE)).points) == 28


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--vary", "bogus=1"], "'bogus': unknown for a sweep of rule r_stdp; allowed are preset, generator, synapses, lanes, "),
        (["--vary", "pre=4"], "pre and post: are the two sides of a crossbar; give both, or 0 for neither"),
        (["--vary", "pre=4", "--vary", "post=2", "--vary", "synapses=9"], "synapses=9: a crossbar has pre x post"),
        (["--vary", "lanes"], "--vary 'lanes': not an axis; write key=value,value"),
        (["--vary", "lanes=1,x"], "lanes='x': not an integer; allowed are integers 1..16777216; in the combination lanes=x"),
        (["--vary", "lanes=0"], "lanes=0: out of range"),
        (["--vary", "synapses=8", "--vary", "lanes=4,16"], "1..8 for 8 synapses; in the combination synapses=8 lanes=16"),
        (["--vary", "weight_bits=8,32"], "32: out of range; allowed are integers 1..31; in the combination weight_bits=32"),
        (["--vary", "preset=none"], "--preset 'none': unknown for rule r_stdp"),
        (["--vary", "generator=vhdl"], "generator='vhdl': unknown; allowed are verilog, amaranth"),
        (
            [
                "--vary",
                f"synapses={','.join(map(str, range(1, 401)))}",
                "--vary",
                f"random_seed={','.join(map(str, range(300)))}",
            ],
            "the sweep has 120,000 points; allowed are 100,000; vary less",
        ),
        (["--rule", "hebb"], "'hebb'"),
        (["--target", "ice41"], "--target 'ice41': unknown"),
        (["--target", "xc7a35t", "--pnr"], "--target xc7a35t: no open tool"),
        (["--seeds", "0"], "0 is not in the range"),
        (["--config", "there.toml"], "there.toml: cannot be read"),
        (["--config", "odd.toml"], "'speed': unknown key of a sweep; allowed are rule, target, pnr, seeds, stimuli, grid"),
        (["--config", "kind.toml"], "pnr = 'yes': not a bool"),
        (["--config", "grid.toml"], "grid = 1: not a table"),
        (["--config", "empty.toml"], "lanes = []: allowed are a value and a list of values"),
        (["--resume"], "no folder that sc-hw explore wrote; give another folder"),
        (["--scheduler", "nowhere"], "--scheduler 'nowhere': no Dask scheduler answers there"),
    ],
)
def test_bad_input_is_one_line(sc_hw, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("odd", "speed = 1"),
        ("kind", 'pnr = "yes"'),
        ("grid", "grid = [1, 2]"),
        ("empty", "[[grid]]\nlanes = []"),
    ):
        (tmp_path / f"{name}.toml").write_text(text)
    if options == ["--resume"]:
        (tmp_path / "out").mkdir()
    before = sorted(tmp_path.rglob("*"))
    status, out, error = sc_hw("explore", *options, "-o", "out")
    assert (status, out) == (2, "")
    assert words in error
    assert error.count("\n") == 1, error
    assert sorted(tmp_path.rglob("*")) == before


def test_a_library_that_is_missing_names_its_extra(monkeypatch):
    import sys

    from sc_hw.explore.files import require_libraries
    from sc_hw.explore.workers import workers

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"pip install 'sc-hw\[cluster\]'"), workers("tcp://nowhere:1"):
        pass
    for library in ("pyarrow", "matplotlib"):
        monkeypatch.setitem(sys.modules, f"{library}.parquet" if library == "pyarrow" else f"{library}.figure", None)
        with pytest.raises(UserError, match=rf"needs {library}; install it with: pip install 'sc-hw\[explore\]'"):
            require_libraries()
        monkeypatch.undo()


@pytest.fixture
def majority(monkeypatch):
    """A rule from a file, known in this test only."""
    monkeypatch.setattr("sc_hw_models.rule_file._KNOWN", {})
    monkeypatch.setenv(RULE_FILES, "")
    return add_rule_file(Path("examples/rules/majority.py"))


def test_a_rule_from_a_file_is_compiled_and_its_digest_part_of_what_is_measured(majority, monkeypatch):
    sweep = read_sweep({"rule": majority.rule.name}, ["lanes=1,2", "synapses=8"])
    designs = [design_of(point.core) for point in sweep.points]
    assert [design.rule.datapath.record["kind"] for design in designs] == ["compiled", "compiled"]
    arguments = {"core": sweep.points[0].core, "target": "ice40-hx8k"}
    assert tools_of("counts", arguments)["rule"] == majority.sha256[:16]
    with pytest.raises(UserError, match="nobody wrote one for"):
        read_sweep({"rule": majority.rule.name}, ["datapath=hand"])


def test_both_datapaths_are_an_axis():
    sweep = read_sweep({"rule": "three_factor"}, ["datapath=hand,compiled", "synapses=8"])
    assert sweep.varied == ("datapath",)
    assert [bool(design_of(point.core).rule.datapath) for point in sweep.points] == [False, True]
    with pytest.raises(UserError, match=r"datapath='best': unknown; allowed are hand, compiled"):
        read_sweep({}, ["datapath=best"])

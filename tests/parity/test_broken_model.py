"""A golden model that leaves its own fields is no model: ``sc-hw sim`` fails and says which field, however many steps agree."""

import json

import pytest

from tests.daily import check

CORE = ("--rule", "three_factor", "--set", "rounding=floor", "--generator", "verilog")
BROKEN = {
    "a weight without its clip": ("clip = lambda value, low, high: value", "weight="),
    "a counter, seen at the end only": (
        "clip = lambda *values, old=stage.clip, calls=[]: calls.append(0) or old(*values) + (1 if len(calls) > 600 else 0)",
        "is no function: ",
    ),
    "other values for plain integers": (
        "clip = lambda *values, old=stage.clip: old(*values) + (1 if type(values[0]) is int else 0)",
        "on plain integers",
    ),
    "a float": ("clip = lambda value, low, high: value * 0.5", "0.5"),
}


@pytest.fixture
def in_the_simulation(tmp_path, monkeypatch):
    """Return what changes the consolidation of weights in the process that simulates, and there alone."""

    def change(line):
        site = tmp_path / "site"
        site.mkdir()
        name = line.split(" = ")[0]
        (site / "sitecustomize.py").write_text(f"import sc_hw_models.kind as stage\n{line}\nstage.{name} = {name}\n")
        monkeypatch.syspath_prepend(site)

    return change


@pytest.mark.parametrize(("line", "named"), BROKEN.values(), ids=BROKEN)
def test_sim_fails_with_the_field(line, named, in_the_simulation, sc_hw, tmp_path):
    assert sc_hw("emit", *CORE, "-n", "16", "-o", tmp_path / "core")[0] == 0
    in_the_simulation(line)
    status, out, err = sc_hw("sim", tmp_path / "core", "--steps", "300")
    assert status == 1, out + err
    assert "FAIL sc_core: golden model" in out
    assert "rule three_factor: the step" in out
    assert named in out
    assert "Traceback" not in out + err
    record = json.loads((tmp_path / "core" / "results" / "sim.json").read_text())
    assert record["verdict"] == "fail"
    mismatch = record["cores"][0]["mismatch"]
    if named == "weight=":
        assert mismatch["field"] == "weight"
        assert not -1024 <= mismatch["expected"] <= 1023
        assert set(mismatch["inputs"]) == {"activity", "signal"}
        assert set(mismatch["state_before"]) == {"weight"}


@check("the same reader checks the fields of a core in every run")
def test_sim_of_a_crossbar_and_a_layer_fails_too(in_the_simulation, sc_hw, tmp_path):
    for name, options in (
        ("crossbar", ["--pre", "2", "--post", "2"]),
        ("layer", ["-n", "4", "--presynaptic", "stp", "--neurons", "2"]),
    ):
        assert sc_hw("emit", *CORE, *options, "-o", tmp_path / name)[0] == 0
    in_the_simulation(BROKEN["a weight without its clip"][0])
    for name in ("crossbar", "layer"):
        status, out, err = sc_hw("sim", tmp_path / name, "--steps", "300")
        assert status == 1, out + err
        assert "the step gives weight=" in out

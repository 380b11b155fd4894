"""``sc-hw estimate``: the table, the record, emitted folders, and what is refused."""

import json

import pytest

from sc_hw.targets import list_targets
from tests.daily import few


@pytest.fixture
def run(monkeypatch, sc_hw, tmp_path):
    monkeypatch.chdir(tmp_path)
    return sc_hw


def figures(out, target):
    (row,) = [line.split() for line in out.splitlines() if line.split()[:1] == [target]]
    return row[1:]


def test_a_row_a_device(run, tmp_path):
    status, out, err = run("estimate", "-n", 1024, "--target", "all")
    assert (status, err) == (0, "")
    assert out.splitlines()[0].strip() == "1024 synapses of r_stdp, 1 lane, 52 state bits a synapse"
    for target in list_targets():
        lut, span, *_, fits = figures(out, target)
        low, high = map(int, span.split(".."))
        assert low < int(lut) < high
        assert fits == "yes"
    assert figures(out, "ecp5-25k")[4:6] == ["3", "1"]
    assert figures(out, "ice40-hx8k")[4:6] == ["13", "0"]
    assert figures(out, "ecp5-25k")[:6] == figures(out, "ecp5-85k")[:6]
    assert list(tmp_path.iterdir()) == []


EMITTED = {
    "queue": ("-n", 64, "--lanes", 4, "--results", "queue", "--rule", "three_factor", "--set", "consolidation=si"),
    "crossbar": ("--pre", 8, "--post", 8, "--lanes", 2, "--spikes", "addresses"),
    "layer": ("-n", 64, "--presynaptic", "stp", "--neurons", 8, "--neuron-set", "bits=9", "--rule", "three_factor"),
}


@pytest.mark.parametrize("kind", few(EMITTED, 1, "a crossbar and a layer"))
def test_a_folder_is_estimated_as_what_it_was_made_of(run, tmp_path, kind):
    options = EMITTED[kind]
    assert run("estimate", *options, "--json", "a.json")[0] == 0
    assert run("emit", *options, "-o", "core")[0] == 0
    before = sorted((tmp_path / "core").rglob("*"))
    status, out, _ = run("estimate", "core", "--json", "b.json")
    assert status == 0
    assert sorted((tmp_path / "core").rglob("*")) == before  # an estimate is no result of a core
    one, two = (json.loads((tmp_path / name).read_text()) for name in ("a.json", "b.json"))
    assert one["results"] == two["results"]
    assert (two["schema"], two["verb"], two["verdict"]) == ("sc-hw/record/1", "estimate", "pass")
    assert str(one["results"][0]["lut"]["estimate"]) in out.replace(",", "")


def test_a_lane(run):
    core, lane = (int(figures(run("estimate", "-n", 64, *more)[1], "ice40-hx8k")[0]) for more in ((), ("--module", "lane")))
    assert lane < core


def test_extrapolation_is_said(run):
    assert "extrapolated" not in run("estimate", "-n", 1024)[1]
    status, out, _ = run("estimate", "-n", 65536, "--lanes", 16, "--set", "weight_bits=31")
    assert status == 0
    assert "ice40-hx8k: extrapolated, its interval promises nothing: " in out
    assert "carry bits" in out
    assert figures(out, "ice40-hx8k")[-1] == "no"


@pytest.mark.parametrize(
    ("options", "needles"),
    [
        ((), ("--synapses", "missing")),
        (("-n", 0), ("--synapses 0", "1..16777216")),
        (("-n", 8, "--lanes", 9), ("--lanes 9", "1..8")),
        (("-n", 8, "--target", "vax"), ("'vax'", "ecp5-25k")),
        (("-n", 8, "--module", "top"), ("'top'", "core, lane")),
        (("-n", 8, "--set", "weight_bits=99"), ("weight_bits=99", "1..31")),
        (("-n", 8, "--rule", "nope"), ("nope", "r_stdp")),
        (("--pre", 3), ("--pre", "--post")),
        (("--pre", 3, "--post", 2, "--module", "lane"), ("--module lane",)),
        (("missing",), ("missing", "sc-hw emit")),
        (("missing", "-n", 8), ("--synapses", "missing", "leave out")),
        (("missing", "--set", "weight_bits=8"), ("--set", "leave out")),
        (("-n", 8, "--json", "no/such/file"), ("--json",)),
        (("-n", 8, "--initial", "none.npz"), ("none.npz",)),
    ],
)
def test_refusals(run, tmp_path, options, needles):
    status, out, err = run("estimate", *options)
    assert (status, out) == (2, "")
    assert len(err.strip().splitlines()) == 1, err
    assert all(needle in err for needle in needles), err
    assert list(tmp_path.iterdir()) == []

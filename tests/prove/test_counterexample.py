"""A counterexample that is replayed is what ``prove`` wrote, or is refused in one line."""

import dataclasses
import json
import os
import re

import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.proof.run import lane_inputs, made_for
from sc_hw.replay.command import read_counterexample

from ..daily import check


@pytest.fixture
def case(make_core, tmp_path):
    core = make_core(synapses=4)
    clock = dict.fromkeys((port.name for port in lane_inputs(core.design)), 0)
    good = {
        "core": "dut",
        "rule": "r_stdp",
        "config": dataclasses.asdict(core.design.config),
        "obligation": "weight",
        "run": [clock],
        "found": {"word_out": 1},
    }
    return core, tmp_path / "case.json", good


def test_a_good_one_is_read(case):
    core, path, good = case
    path.write_text(json.dumps(good))
    assert read_counterexample(path, core) == (good, core)


@pytest.mark.parametrize(
    "change",
    [
        {"obligation": "a\nPASS all is well"},
        {"obligation": 1},
        {"found": {"word_out": "1"}},
        {"found": None},
        {"run": "x"},
        {"run": [[1]]},
        {"run": [{"enable": True}]},
        {"run": [{"enable": 1.0}]},
        {"run": [{"enable": 0}]},
        {"run": []},
        {"core": "other"},
        {"config": {}},
        {"config": []},
        {"rule": None},
    ],
)
def test_nonsense_is_refused(case, change):
    core, path, good = case
    path.write_text(json.dumps(good | change))
    with pytest.raises(UserError) as error:
        read_counterexample(path, core)
    assert str(error.value).isprintable()
    path.write_text(json.dumps({key: value for key, value in good.items() if key not in change}))
    with pytest.raises(UserError):
        read_counterexample(path, core)


def test_a_value_too_wide_for_its_port_is_refused(case):
    core, path, good = case
    for value in (1 << 60, -1, True):
        path.write_text(json.dumps(good | {"run": [good["run"][0] | {"enable": value}]}))
        with pytest.raises(UserError):
            read_counterexample(path, core)


def test_a_queue_is_not_waited_for(case):
    core, path, _ = case
    os.mkfifo(path)
    with pytest.raises(UserError, match="not a regular file"):
        read_counterexample(path, core)


@pytest.fixture(params=["layer", "crossbar"])
def whole(request, make_layer, make_crossbar):
    return make_layer(neurons=2, postsynaptic=2) if request.param == "layer" else make_crossbar(pre=2, post=2, lanes=1)


def of_part(part, place):
    clock = dict.fromkeys((port.name for port in lane_inputs(part.design)), 0)
    return made_for(part.design) | {"obligation": f"{place}/weight", "run": [clock], "found": {"word_out": 1}, "part": place}


def test_one_of_a_whole_is_of_the_part_that_it_names(whole, tmp_path):
    path = tmp_path / "case.json"
    for part in whole.parts:
        good = of_part(part, part.folder.name)
        path.write_text(json.dumps(good))
        assert read_counterexample(path, whole) == (good, part)
        with pytest.raises(UserError, match="is one core"):
            read_counterexample(path, part)


@pytest.mark.parametrize("place", ["", "middle", "../x", "x" * 70, None, 1])
def test_one_of_no_part_is_refused(whole, tmp_path, sc_hw, place):
    """Also one of another part: its lane is another."""
    path, (first, *_, last) = tmp_path / "case.json", whole.parts
    for made in (of_part(first, place), of_part(first, last.folder.name)):
        path.write_text(json.dumps(made))
        status, out, err = sc_hw("replay", whole.folder, path)
        assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "configuration" in err
    assert not (whole.folder / "results").exists()


def test_a_whole_without_one_is_told_what_to_do(whole, sc_hw):
    status, out, err = sc_hw("replay", whole.folder)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "sc-hw prove writes one when it refutes a lane, and sc-hw sim shows what else is wrong" in err


@check("a proof and two simulators; the file that joins them is read in every run")
@pytest.mark.parametrize("generator", ["amaranth", "verilog"])
@pytest.mark.parametrize(("kind", "place"), [("crossbar", "pre"), ("crossbar", "synapses"), ("layer", "neurons")])
def test_a_wrong_lane_in_a_part_is_proven_wrong_and_replayed(make_layer, make_crossbar, sc_hw, generator, kind, place):
    """Plant: a part's lane inverts a field of the state before the update. The campaign finds it first, the proof where."""
    if kind == "layer":
        whole = make_layer(generator, neurons=2, postsynaptic=2)
    else:
        whole = make_crossbar(generator, pre=2, post=2, lanes=1)
    (lane,) = (whole.folder / place).glob("*_lane.v")
    text = lane.read_text()
    changed, count = re.subn(r"(\.state_\w+\()", r"\1~", text, count=1)
    assert count == 1
    lane.write_text(changed)
    assert load_core(whole.folder).edited
    status, out, _ = sc_hw("prove", whole.folder, "--solver", "yices")
    assert (status, f"sc-hw replay {whole.folder}" in out) == (1, True)
    given = json.loads((whole.folder / "results" / "prove" / "counterexample.json").read_text())
    assert (given["part"], given["obligation"].startswith(f"{place}/")) == (place, True)
    status, out, err = sc_hw("replay", whole.folder)
    assert status == 1, out + err
    assert out.startswith(f"FAIL dut, part {place}: {place}/")
    record = json.loads((whole.folder / "results" / "replay.json").read_text())
    assert (record["part"], record["as_proven"], record["core"]) == (place, True, "dut")
    assert (whole.folder / "results" / "replay" / "waves.vcd").is_file()
    assert sc_hw("report", whole.folder)[0] == 1
    lane.write_text(text)
    path = whole.folder / "results" / "prove" / "counterexample.json"
    status, out, err = sc_hw("replay", whole.folder, path)
    assert (status, out.startswith(f"PASS dut, part {place}: the lane does what the model does")) == (0, True), out + err

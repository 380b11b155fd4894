"""A counterexample that is replayed is what ``prove`` wrote, or is refused in one line."""

import dataclasses
import json
import os

import pytest

from sc_hw.errors import UserError
from sc_hw.proof.run import lane_inputs
from sc_hw.replay.command import read_counterexample


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
    assert read_counterexample(path, core) == good


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

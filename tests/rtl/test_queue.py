"""Cores whose results wait in a queue: how many slots, the folder, what is refused."""

import json

import pytest

from sc_hw.manifest import load_core
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, core_files
from sc_hw_models.registry import RULES, get_rule
from tests.daily import few


@pytest.mark.parametrize("rule", RULES)
def test_slots(rule):
    """A power of two, the least that is as deep as the pipeline and the two clocks behind it."""
    for preset in get_rule(rule).presets.values():
        design = CoreDesign(name="dut", rule=get_rule(rule), config=preset.config, synapses=64, lanes=4, queued=True)
        assert design.queue_slots.bit_count() == 1
        assert design.queue_slots // 2 < design.pipeline_depth + 2 <= design.queue_slots
        assert design.memories[4:] == [design.queue_slots * (1 + 4 * sum(f.bits for f in design.spec.outputs))]


@pytest.mark.parametrize("generator", few(GENERATORS, ["verilog"], "the other generator"))
def test_the_folder(make_core, generator):
    core = make_core(generator, synapses=9, lanes=2, queued=True)
    assert core.design.queued
    assert core_files(core.design, generator) == core_files(load_core(core.folder).design, generator)
    names = {path.name for path in core.sources}
    assert {"dut_queue.v", "dut_queue_memory.v"} <= names
    stalled = make_core(generator, synapses=9, lanes=2, name="other")
    assert not stalled.design.queued
    assert not any("queue" in path.name or "queue" in path.read_text() for path in stalled.sources)
    ports = [json.loads((c.folder / "manifest.json").read_text())["ports"] for c in (core, stalled)]
    assert ports[0] == ports[1]


def test_options(sc_hw, tmp_path):
    status, out, _ = sc_hw("emit", "--synapses", "8", "--lanes", "2", "--results", "queue", "-o", tmp_path / "core")
    assert status == 0
    assert "results queue" in out
    assert load_core(tmp_path / "core").design.queued


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--synapses", "8", "--results", "drop"), "'drop' is not one of 'stall', 'queue'"),
        (("--pre", "2", "--post", "2", "--results", "queue"), "--results queue: is of one core"),
        (
            ("--rule", "three_factor", "--synapses", "8", "--presynaptic", "stp", "--neurons", "4", "--results", "queue"),
            "--results queue: is of one core",
        ),
    ],
)
def test_bad_input(sc_hw, tmp_path, arguments, message):
    status, out, err = sc_hw("emit", *arguments, "-o", tmp_path / "out")
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()

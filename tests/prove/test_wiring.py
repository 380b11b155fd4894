"""A graph of whose blocks each is asked about alone: its wiring is still proven, and wrong pins are found."""

from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace

import pytest

from sc_hw.manifest import load_core
from sc_hw.proof.graph import joint_task, statements_of_graph
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.graph import Channel, Graph, Node, Target
from sc_hw.rtl.store import StoreDesign
from sc_hw.rtl.verilog import joined_files
from sc_hw_models.registry import get_rule

from .questions import ask


@dataclass(frozen=True, kw_only=True)
class StoredDesign(CoreDesign):
    """A core behind a store of its events: a topology without a fan-out."""

    @cached_property
    def core(self):
        return CoreDesign(name=f"{self.name}_synapses", rule=self.rule, config=self.config, synapses=self.synapses)

    @property
    def parts(self):
        return {"synapses": ("", self.core)}

    @cached_property
    def graph(self):
        own = {stream.name: stream for stream in self.core.streams}
        event = own["event"]
        store = StoreDesign(name=f"{self.name}_event_store", stream="event", beats=event.beats, items=event.items)
        return Graph(
            name=self.name,
            purpose="synapses behind a store",
            note="A store in front.",
            nodes={"kept": Node(block=store, note="Store"), "synapses": Node(block=self.core, note="Synapses")},
            outside=(event, *((f"synapses.{name}", name) for name in ("command", "result", "host", "readback"))),
            channels=(
                Channel(source="event", targets=(Target(to="kept.event"),)),
                Channel(source="kept.beat", targets=(Target(to="synapses.event"),)),
            ),
            checks={"event": "synapses.event"},
        )


@pytest.fixture
def folder(make_core):
    """What a proof asks of an emitted folder: the design and its Verilog, that of the core inside too."""
    rule = get_rule("r_stdp")
    design = StoredDesign(name="dut", rule=rule, config=rule.config_type(), synapses=3)
    core = make_core(synapses=3, name="dut_synapses")
    return SimpleNamespace(folder=core.folder, design=design, verilog_text={**core.verilog_text, **joined_files(design)})


def decided(folder, tmp_path):
    design = folder.design
    (statements, *_) = statements_of_graph(design.graph)

    def prove(inquiry):
        inside, visible = (joint_task(design, inquiry.sources, inside=inside) for inside in (True, False))
        yield from inquiry.decide("dut", inside, visible, statements)

    return {o.name: o.verdict for o in ask(prove, folder, tmp_path)}


def test_every_pin_is_proven_without_a_fan_out(folder, tmp_path):
    assert decided(folder, tmp_path) == {"wiring": "proven"}


def test_a_pin_that_is_elsewhere_is_refuted(folder, tmp_path):
    top = folder.verilog_text["dut.v"]
    assert top.count(".event_post_spike(event_post_spike)") == 1
    folder.verilog_text["dut.v"] = top.replace(".event_post_spike(event_post_spike)", ".event_post_spike(event_pre_spike)")
    assert decided(folder, tmp_path) == {"wiring": "refuted"}


def test_cores_that_share_commands_ask_for_a_block_that_is_asked_about_with_them(make_crossbar, monkeypatch):
    core = load_core(make_crossbar(pre=2, post=2).folder)
    assert isinstance(core.design, CrossbarDesign)
    monkeypatch.setattr("sc_hw.proof.graph._together", lambda _graph: [])
    with pytest.raises(ValueError, match="cores that take their commands together"):
        joint_task(core.design, {}, inside=True)

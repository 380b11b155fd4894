"""Streams in any order: what would wait for another stream has a store in front, in every graph, or the graph is refused."""

import dataclasses

import pytest

from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.graph import Channel, Graph, Node, Target
from sc_hw.rtl.joint import FanoutDesign
from sc_hw.rtl.layer import LayerDesign
from sc_hw.rtl.net import Net
from sc_hw.rtl.order import in_any_order, stores_of
from sc_hw.rtl.store import StoreDesign
from sc_hw.rtl.stream import LAST, Item, Stream
from sc_hw_models.registry import get_rule


def crossbar(rule, *, pre=6, post=4, lanes=2, **options):
    return CrossbarDesign.made("dut", get_rule(rule), get_rule(rule).config_type(), pre=pre, post=post, lanes=lanes, **options)


def layer(neurons=4, postsynaptic=6):
    front, rule = get_rule("stp"), get_rule("three_factor")
    own = CoreDesign(name="dut_neurons", rule=front, config=front.config_type(), synapses=neurons)
    return LayerDesign(name="dut", rule=rule, config=rule.config_type(), synapses=neurons * postsynaptic, presynaptic=own)


DESIGNS = {  # what is made, and which streams are kept where they come in, with the beats of a timestep and the bits of each
    "crossbar": (lambda: crossbar("r_stdp"), {"pre_event": (6, 2)}),
    "crossbar of neurons without state": (lambda: crossbar("three_factor"), {"pre_event": (6, 6)}),
    "crossbar whose rows are one word": (lambda: crossbar("three_factor", lanes=4), {"pre_event": (6, 6)}),
    "crossbar with address events, which are kept as bits": (lambda: crossbar("r_stdp", addressed=True), {}),
    "layer": (layer, {"event": (6, 10)}),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_what_waits_for_another_stream_is_kept(name):
    made, kept = DESIGNS[name]
    graph = made().graph
    found = {store.stream: (store.beats, store.data_bits) for store in stores_of(graph).values()}
    assert {stream: beats for stream, (beats, _) in found.items()} == {stream: beats for stream, (beats, _) in kept.items()}
    for stream, (_, bits) in found.items():  # a beat as it comes: nothing is narrower
        outer = graph.stream(stream)
        assert bits == sum(item.bits for item in outer.items)
        assert outer.checked


@pytest.mark.parametrize("name", [name for name, (_, kept) in DESIGNS.items() if kept])
def test_a_graph_without_the_store_is_refused(name):
    """Whoever sends that stream first would stand still."""
    graph = DESIGNS[name][0]().graph
    ((place, store),) = stores_of(graph).items()
    (into,) = (channel for channel in graph.channels if channel.targets[0].to == f"{place}.event")
    (behind,) = (channel for channel in graph.channels if channel.source == f"{place}.beat")
    channels = [channel for channel in graph.channels if channel not in (into, behind)]
    bare = {
        "nodes": {other: node for other, node in graph.nodes.items() if other != place},
        "channels": (*channels, dataclasses.replace(behind, source=into.source)),
    }
    with pytest.raises(ValueError, match=rf"dut: kept by nobody .*'{store.stream}': '{behind.targets[0].to}'"):
        dataclasses.replace(graph, **bare)
    again = in_any_order(**{f.name: getattr(graph, f.name) for f in dataclasses.fields(graph)} | bare)
    assert stores_of(again) == {place: store}


def forked(beats):
    """Return the parts of a graph with one stream whose beats a fan-out stores and plays."""
    fan = FanoutDesign(
        name="fan", words=3, stored_bits=2, rounds=3, played_bits=2, stored="some", played="some", checked=frozenset()
    )
    items = (Item(name="data", bits=2),)
    both = Stream(name="both", several=True, offered="", taken="", items=items)
    if beats:
        both = dataclasses.replace(both, beats=beats, items=(Item(name=LAST), *items))
        fan = dataclasses.replace(fan, checked=frozenset({"stored"}))
    return {
        "name": "top",
        "purpose": "",
        "note": "",
        "nodes": {"fan_out": Node(block=fan, note="")},
        "outside": (both, ("fan_out.beat", "beat")),
        "channels": (Channel(source="both", targets=(Target(to="fan_out.stored"), Target(to="fan_out.played"))),),
        "checks": {"both": "fan_out.stored"} if beats else {},
    }


def test_of_a_stream_with_several_takers_only_what_waits_is_kept():
    """A store in front of both would offer the one nothing while the other waits for it."""
    graph = in_any_order(**forked(3))
    into, behind = graph.channels
    assert [target.to for target in into.targets] == ["fan_out.stored", "both_kept.event"]
    assert (behind.source, [target.to for target in behind.targets]) == ("both_kept.beat", ["fan_out.played"])
    assert graph.top.pins["fan_out"]["played_data"] == Net("both_kept_beat_data", 2)


def test_a_stream_that_does_not_say_how_long_a_timestep_is_cannot_be_kept():
    with pytest.raises(ValueError, match="both waits for another stream and does not say how many beats"):
        in_any_order(**forked(0))
    with pytest.raises(ValueError, match="kept by nobody"):
        Graph(**forked(0))


@pytest.mark.parametrize("beats", [1, 2, 3, 4, 5, 17, 64, 100, 256, 257, 1000, 1024, 5000])
def test_a_timestep_fits_and_no_slot_comes_twice(beats):
    store = StoreDesign(name="dut", stream="event", beats=beats, items=(Item(name="data"),))
    order = list(store.order())
    assert len(order) == len(set(order)) == store.slots
    assert max(order) < store.slots
    assert store.slots + 1 >= beats  # one more is on offer
    assert order[0] == 0
    following = order[-1] + 1 & (1 << store.slot_bits) - 1
    if store.shifted:
        following = (order[-1] << 1 | 1 ^ sum(order[-1] >> tap & 1 for tap in store.taps) & 1) & store.slots
    assert following == 0
    assert store.shifted == (beats <= 256)

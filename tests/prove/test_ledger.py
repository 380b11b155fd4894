"""The ledger: no harness assumes what is not in it, every obligation that it names is proven, and no proof leans on itself."""

import dataclasses
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from sc_hw.manifest import load_core
from sc_hw.proof.assumption import PROVEN
from sc_hw.proof.engine import engine_task, queue_task
from sc_hw.proof.expected import asked_of
from sc_hw.proof.graph import _alone, block_task, joint_task
from sc_hw.proof.induction import read_sources
from sc_hw.proof.ledger import LEDGER, assumptions_of, check_ledger, needed
from sc_hw.proof.memories import memory_task, own_memories
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.rtl.layer import LayerDesign
from sc_hw.rtl.queue import queue_of
from sc_hw_models.registry import get_rule

MEMORY_PINS = ("read_enable", "read_address", "write_enable", "write_address", "write_data")
LABEL = re.compile(r"\bassume_(\w+?)(?:_\d+)?: assume \(")


def harnesses(core):
    """Yield the questions about a folder, its parts' not among them, by the name the ledger has for them."""
    design, sources = core.design, read_sources(core)
    for module in own_memories(design):
        yield "memory", memory_task(design, {f"{module}.v": sources[f"{module}.v"]}, module)["files"]["memory.sv"]
    for inside in (True, False, None):
        if not design.parts:
            yield "engine", engine_task(design, sources, inside=inside)["files"]["engine.sv"]
            if design.queued:
                yield "queue", queue_task(design, sources, inside=inside)["files"]["engine.sv"]
        else:
            yield "fanout", joint_task(design, sources, inside=inside)["files"]["engine.sv"]
            for place, block, room in _alone(design.graph):
                yield (
                    room.title or block.harness,
                    block_task(design, place, block, room, sources, inside=inside)["files"]["engine.sv"],
                )


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    rule, other, front = (get_rule(name) for name in ("r_stdp", "three_factor", "stp"))
    noisy = rule.config_type(rounding="stochastic")
    before = CoreDesign(name="layer_neurons", rule=front, config=front.config_type(), synapses=6)
    designs = [
        CoreDesign(name="lively", rule=rule, config=noisy, synapses=5, lanes=2),
        CoreDesign(name="queued", rule=rule, config=rule.config_type(), synapses=9, lanes=5, queued=True),
        LayerDesign(name="layer", rule=other, config=other.config_type(), synapses=24, presynaptic=before),
        CrossbarDesign.made("rows", rule, rule.config_type(), pre=4, post=4, lanes=2, addressed=True),
        CrossbarDesign.made("no_rows", rule, rule.config_type(), pre=4, post=2, lanes=2),
    ]
    folder = tmp_path_factory.mktemp("ledger")
    return [load_core(emit(design, "verilog", folder / design.name)) for design in designs]


def test_no_harness_assumes_what_is_not_in_the_ledger(folders):
    known = {(one.harness, one.name) for one in LEDGER}
    used = set()
    for core in [*folders, *(part for folder in folders for part in folder.parts)]:
        expected = {(one.harness, one.name) for one in assumptions_of(core.design)}
        found = set()
        for harness, text in harnesses(core):
            assert len(re.findall(r"\bassume\b *\(", text)) == len(LABEL.findall(text)), harness
            joint = {one.name: one.harness for one in LEDGER if one.harness in ("rows", "shared")} if harness == "fanout" else {}
            names = {(harness, name) for name in LABEL.findall(text)}
            found |= {
                (joint[name], name) if name in joint and (harness, name) not in known else (harness, name)
                for harness, name in names
            }
        assert found == expected, core.design.name
        used |= found
    assert used == known


def test_every_pin_that_goes_into_what_is_cut_away_is_stated(folders):
    """What drives an input of an instance that a harness replaces is in one of its statements; clocks are in the structure."""
    count = 0
    for core in [*folders, *(part for folder in folders for part in folder.parts)]:
        design = core.design
        texts = [text for harness, text in harnesses(core) if harness != "memory" and ": assert (" in text]
        blocks = {place: node.block for place, node in design.graph.nodes.items()} if design.graph else {}
        for place, instance in design.instances().items():
            outer = place.partition(".")[0]
            if instance.parameters and outer not in design.parts:
                pins = MEMORY_PINS
            elif place in blocks:
                pins = [port.name for port in blocks[place].ports() if port.direction == "input"]
            elif place.startswith("lane_") and "." not in place:
                pins = [port.name for port in design.lane_ports() if port.direction == "input" and port.name != "seed"]
            elif place.startswith("result_queue") and "." not in place:
                pins = [port.name for port in queue_of(design).ports() if port.direction == "input"]
            else:
                continue  # within a part, which is proven in its own folder, or the datapath, whose wiring is the lane's proof
            for pin in set(pins) - {"clk"}:
                tap = rf"\\dut\.(?:\w+\.)?{place.rpartition('.')[2]}\.{pin} "
                assert any(len(re.findall(tap, text)) > 1 for text in texts), (design.name, place, pin)
                count += 1
    assert count > 100


def test_no_proof_leans_on_itself_in_one_clock(folders):
    edges, owners = {}, {"engine", "queue", "fanout", "addresses", "rows", "store", "order"}
    for core in [*folders, *(part for folder in folders for part in folder.parts)]:
        for one in assumptions_of(core.design):
            needs = edges.setdefault(one.harness, set())
            for by in needed(core.design, one, "part/") if one.kind == PROVEN and not one.before else ():
                name = by.rpartition("/")[2]
                owner = name.partition("_")[0]
                needs.add("memory" if "memory" in name else owner if owner in owners else "lane")
    assert {need for needs in edges.values() for need in needs} <= edges.keys()
    assert edges["fanout"] >= {"engine", "memory"}
    list(TopologicalSorter(edges).static_order())  # raises where there is a circle


def test_an_obligation_that_is_not_proven_is_missed(make_core):
    core = make_core(synapses=3, weight_bits=2, trace_bits=2, reward_bits=2)
    result = prove(core, [find_solver("yices")], covers=False)
    assert result.verdict == "proven", [o for o in result.obligations if o.verdict != "proven"]
    (ledger,) = (o for o in result.obligations if o.name == "ledger")
    others = [o for o in result.obligations if o.name != "ledger"]
    assert check_ledger(core.design, others) == ledger
    named = {name for row in result.to_dict()["assumptions"] for name in row["by"]}
    assert {"engine_memory", "hold", "next_weight", "lane_word"} <= named
    for name in named:
        lost = [dataclasses.replace(o, verdict="unknown") if o.name == name else o for o in others]
        assert name in check_ledger(core.design, lost).note
        assert check_ledger(core.design, lost).verdict == "unknown"
    # In a few words: of nothing that was proven only the first names, of what is refuted none.
    assert re.fullmatch(r"not proven: (\w+, ){3}\w+ and \d+ more", check_ledger(core.design, []).note)
    refuted = [dataclasses.replace(o, verdict="refuted") for o in others]
    assert check_ledger(core.design, refuted).note == "not asked: the core is refuted already"
    for lost in (others[:4] + others[5:], [*others, others[4]]):
        assert (check_ledger(core.design, lost).verdict, others[4].name in check_ledger(core.design, lost).note) == (
            "unknown",
            True,
        )


def test_the_documentation_names_every_obligation(folders):
    """But for the fields and outputs of a rule, the lanes of memories, and the folder of a part in front of a name."""
    text = (Path(__file__).parents[2] / "docs" / "proof.md").read_text()
    documented = set(re.findall(r"`(\w+)`", text))
    for core in folders:
        for name in asked_of(core.design):
            own = re.sub(r"_\d+$", "", name.rpartition("/")[2])
            assert own in documented or re.match(r"(next|out)_", own), name

"""The proof of one block of a design: what is stated of it and of its memories, in the design as it was emitted.

Where a block is asked about together with others, its own statements are, and the invariants of all. What it assumes of the
blocks around it is theirs to keep: the proof of the whole discharges it.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..manifest import Core
from .assumption import PROVEN
from .blocks import INSIDE, ROOMS, BlockRoom
from .engine import cover_queue, prove_queue, statements_of_engine
from .graph import block_task, joint_task
from .induction import Inquiry
from .ledger import ledger_record
from .memories import MEMORY, memory_name, own_memories, prove_memories
from .result import Obligation

__all__ = ["assumed_of", "cover_alone", "prove_alone", "statements_alone", "wired"]

_ASSERTION = re.compile(r"\b(\w+): assert \(.*\);$", re.MULTILINE)


def _rooms(core: Core, place: str) -> tuple[Any, list[BlockRoom]]:
    design: Any = core.design
    block = design.graph.nodes[place].block
    return block, [room for room in ROOMS if isinstance(block, room.kind)]


def _memories(block: Any) -> list[str]:
    return sorted({one.module for one in block.instances().values() if one.parameters})


def statements_alone(core: Core, place: str, block: Any) -> dict[str, str]:
    """Return what is stated of a block and of its memories, by the name of the obligation."""
    design = core.design
    texts = {memory_name(design, module): MEMORY.format(module) for module in _memories(block)}
    if design.graph is None:
        return texts | statements_of_engine(design)[1]
    _, rooms = _rooms(core, place)
    return texts | {name: text for room in rooms for name, text in {**room.statements, "inside": INSIDE}.items()}


def prove_alone(inquiry: Inquiry[Core], place: str, block: Any, *, module: str = "") -> Iterator[Obligation]:
    """Prove a block and its memories; with ``module`` only what is stated of that one of them.

    Errors: as ``prove_graph``.
    """
    memories = _memories(block)
    if not module or module in memories:
        yield from prove_memories(inquiry, only=[module] if module else memories)
    if module in memories:
        return
    design: Any = inquiry.core.design
    if design.graph is None:
        yield from prove_queue(inquiry)
        return
    block, rooms = _rooms(inquiry.core, place)
    for room in rooms:
        statements = {**room.statements, "inside": INSIDE}
        if room.alone:
            tasks = [block_task(design, place, block, room, inquiry.sources, inside=inside) for inside in (True, False)]
        else:
            together = [name for other in ROOMS if not other.alone for name in other.statements]
            joint = [joint_task(design, inquiry.sources, inside=inside) for inside in (True, False)]
            tasks = [_only(joint[0], [*together, "inside"]), _only(joint[1], statements)]
        title = "_".join(filter(None, (block.name, room.title, "alone")))
        yield from inquiry.decide(title, tasks[0], tasks[1], statements)


def cover_alone(inquiry: Inquiry[Core], place: str) -> Iterator[Obligation]:
    """Show that what is stated of a block is not vacuous, as far as that takes few words."""
    design: Any = inquiry.core.design
    if design.graph is None:
        yield from cover_queue(inquiry)
        return
    block, rooms = _rooms(inquiry.core, place)
    for room in rooms:
        if reached := room.covers(place, block):
            texts = inquiry.sources
            alone = block_task(design, place, block, room, texts, inside=None) if room.alone else None
            task = alone or joint_task(design, texts, inside=None)
            yield from inquiry.cover(f"covers_{place}", task, reached, room.depth(block))


def assumed_of(core: Core, block: Any) -> list[dict[str, Any]]:
    """Return what the proof of a block assumes, each with the obligations that discharge it."""
    # Of several blocks of a kind the ledger has one row, which names the memories of all.
    others = {memory_name(core.design, module) for module in own_memories(core.design)}
    others -= {memory_name(core.design, module) for module in _memories(block)}
    # What another obligation discharges of a memory is about those of lanes, which are read in every clock.
    own = {block.harness, *(room.title for room in ROOMS if room.title and isinstance(block, room.kind))}
    rows = [o for o in ledger_record(core.design) if o["of"] in own or (o["of"] == "memory" and not o["by"])]
    found = [{**one, "by": [name for name in one["by"] if name not in others]} for one in rows]
    if core.design.graph is not None:  # of a core the proof of its engine says what is at the pins of a queue
        found.append(wired(block.harness))
    return found


def wired(of: str) -> dict[str, Any]:
    """Return what every proof of a block alone leaves to that of the whole, for a record."""
    return {
        "of": of,
        "name": "wired",
        "meaning": "every pin of the block is on what the graph says",
        "kind": PROVEN,
        "by": ["wiring"],
    }


def _only(task: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return a task without the assertions whose names do not begin with one of these."""

    def kept(found: re.Match[str]) -> str:
        return found[0] if found[1].startswith(tuple(names)) else "begin end"

    files = dict(task["files"])
    files["engine.sv"] = _ASSERTION.sub(kept, files["engine.sv"])
    return {**task, "files": files}

"""The proof of the engine: sequencer, streams and memories around any lane, by k-induction over the emitted Verilog."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..manifest import Core
from ..rtl.design import CoreDesign
from ..rtl.queue import queue_of
from .assumption import CHOICE, READ, RESET, USER, WORD, Assumption, before, proven
from .induction import Inquiry, induction_task, render, top_of
from .memories import memory_name, memory_pins, prove_memories
from .result import Obligation

__all__ = [
    "ENGINE_ASSUMPTIONS",
    "LANE_NOISE",
    "cover_engine",
    "cover_queue",
    "covers_of_engine",
    "engine_task",
    "prove_engine",
    "prove_queue",
    "queue_task",
    "statements_of_engine",
]

# Statements by the first two words of their assertions' names.
_STATEMENTS = {
    "engine_sweep": "a timestep writes f(word, inputs) to every word once, and nothing else writes, under any stalls and gaps",
    "engine_streams": "no beat is lost, duplicated, reordered or changed; a result leaves pipeline_depth unstalled clocks after "
    "its event; the ready signals are as documented",
    "engine_clear": "a clear writes the reset word to every word, once, and ends words + pipeline_depth clocks after it began",
    "engine_reset": "the clock after rst the core is idle and has written nothing, and writes only for the host",
    "engine_kept": "nothing is written in a reset, so initial contents outlive the one after power-up",
    "engine_skip": "a beat that skips a row moves past its words and writes none of them; its result says so",
    "engine_rows": "commands, beats and results keep the order that a row filter in front of the core relies on",
    "engine_host": "a host write stores its word, a read returns what is stored, each in the documented number of clocks; an "
    "access is what is offered when it is taken, and one that waits lets one command go before it at most",
    "engine_marks": "the first event beat whose mark is not where the timestep ends is told, by which it is, until a reset",
    "engine_queue": "the queue is told of every event beat and given every result; what leaves it is the core's",
    "engine_noise": "each update draws noise once; reset and clear reload the seed",
    "inside": "the invariants by which the induction closes",
}
_QUEUE = {
    "queue_room": "there is room exactly while fewer results than slots are coming or stored; some wait until all have left",
    "queue_order": "every result leaves once, unchanged and in order, on offer two clocks after it came if none is before it",
    "inside": _STATEMENTS["inside"],
}
_COVERS = {
    "cover_result_after_gap_and_stall": "the word looked at gets a result after a gap and a stall",
    "cover_skipped_row": "a row is visited after one was skipped",
    "cover_clear": "a clear writes the word looked at",
    "cover_load_and_read_back": "a loaded word is read back",
    "cover_load_and_update": "a loaded word is updated and changed",
    "cover_reset_then_result": "the word looked at gets a result after a reset in the middle of a timestep",
}
_QUEUE_COVER = "a result leaves a queue that was full and then reset"


# Obligations about the noise of a lane, which it has where its rule draws any.
LANE_NOISE = ("lane_noise", "random_step", "random_hold", "random_restart", "lane_seeds", "lane_accept")


def _of_memories(design: Any, prefix: str) -> Iterator[str]:
    for lane in range(design.lanes):
        yield prefix + memory_name(design, design.memory_module(lane))


def _of_lane(design: Any, prefix: str) -> Iterator[str]:
    names = ["hold", *(f"next_{f.name}" for f in design.spec.state), *(f"out_{f.name}" for f in design.spec.outputs)]
    names += ["lane_word", "lane_ports", "widths", "fields"]
    if design.spec.lfsr:
        names += [*LANE_NOISE, "engine_noise"]
    yield from (prefix + name for name in names)


def _by_rows(design: Any) -> bool:
    return bool(design.row_words)


def _queues(design: Any) -> bool:
    return bool(design.queued)


ENGINE_ASSUMPTIONS = (
    Assumption(harness="engine", name="word", meaning=WORD, kind=CHOICE),
    Assumption(harness="engine", name="reset", meaning=RESET, kind=USER),
    Assumption(harness="engine", name="host_exists", meaning="the host names a word that exists", kind=USER),
    proven("engine", "memory", READ, _of_memories),
    before("engine", "lane", "LATENCY enabled clocks after an update entered a lane, its result is there", _of_lane),
    before("engine", "whole_rows", "a row is skipped before its first word or not at all", "/fanout", when=_by_rows),
    Assumption(harness="engine", name="row", meaning=WORD, kind=CHOICE, when=_by_rows),
    proven("engine", "queue_waits", "the queue says that results wait while any has not left", "queue_room", when=_queues),
    proven(
        "engine", "queue_room", "the queue has room only while fewer results than slots have not left", "queue_room", when=_queues
    ),
    proven("engine", "queue_offers", "the queue offers only what it was given", "queue_order", when=_queues),
    Assumption(harness="queue", name="reset", meaning=RESET, kind=USER),
    before("queue", "reserve", "a slot is reserved only while there is room", "engine_streams", "engine_queue"),
    before("queue", "push", "a beat is pushed only where a slot was reserved", "engine_streams", "engine_queue"),
    proven("queue", "memory", READ, "queue_memory"),
)


def prove_engine(inquiry: Inquiry[Core]) -> Iterator[Obligation]:
    """Prove the engine and the memories of an emitted core, at the core's own size.

    A waveform of a refutation is written into the folder of traces. Errors: ``UserError`` when sby is missing or the
    sources cannot be read.
    """
    design = inquiry.core.design
    yield from prove_memories(inquiry)
    statements, *rest = statements_of_engine(design)
    task, visible = (engine_task(design, inquiry.sources, inside=inside) for inside in (True, False))
    yield from inquiry.decide(design.name, task, visible, statements)
    if rest:
        yield from prove_queue(inquiry)


def prove_queue(inquiry: Inquiry[Core]) -> Iterator[Obligation]:
    """Prove the queue of a core that has one, its memory aside."""
    design = inquiry.core.design
    task, visible = (queue_task(design, inquiry.sources, inside=inside) for inside in (True, False))
    yield from inquiry.decide(f"{design.name}_queue", task, visible, _QUEUE)


def statements_of_engine(design: CoreDesign) -> list[dict[str, str]]:
    """Return the obligations about the engine of a core, and those about its queue if it has one."""
    absent = {
        *([] if design.spec.lfsr else ["engine_noise"]),
        *([] if design.row_words else ["engine_skip", "engine_rows"]),
        *([] if design.queued else ["engine_queue"]),
        *([] if design.checked else ["engine_marks"]),
        *([] if design.initial else ["engine_kept"]),
    }
    return [{name: text for name, text in _STATEMENTS.items() if name not in absent}, *([_QUEUE] if design.queued else [])]


def cover_engine(inquiry: Inquiry[Core]) -> Iterator[Obligation]:
    """Show that the statements about an engine are not vacuous."""
    design = inquiry.core.design
    reached, *rest = covers_of_engine(design)
    yield from inquiry.cover("covers", engine_task(design, inquiry.sources, inside=None), reached, 2 * design.pipeline_depth + 14)
    if rest:
        yield from cover_queue(inquiry)


def cover_queue(inquiry: Inquiry[Core]) -> Iterator[Obligation]:
    """Show that the statements about the queue of a core that has one are not vacuous."""
    design = inquiry.core.design
    task = queue_task(design, inquiry.sources, inside=None)
    yield from inquiry.cover("covers_queue", task, {"cover_queue_full": _QUEUE_COVER}, design.queue_slots + 16)


def covers_of_engine(design: CoreDesign) -> list[dict[str, str]]:
    """Return the covers of the engine of a core, and those of its queue if it has one."""
    reached = {name: text for name, text in _COVERS.items() if name != "cover_skipped_row" or design.row_words}
    return [reached, *([{"cover_queue_full": _QUEUE_COVER}] if design.queued else [])]


def _harness(design: CoreDesign, *, inside: bool | None) -> str:
    """Return the harness of the engine; without ``inside`` it looks at no register within, with ``None`` it has the covers."""
    spec = design.spec
    memories = sorted({design.memory_module(lane) for lane in range(design.lanes)})
    seen = {"state_reg": 3, "clearing_reg": 1, "fetch_valid_reg": 1, "word_valid_reg": 1, "valid_reg": spec.latency}
    seen |= {"host_passed_reg": 1, "occupied_reg": 1} | dict.fromkeys(("address_reg", "write_address_reg"), design.address_bits)
    seen |= {f"step_{f.name}_reg": f.bits for f in spec.step_inputs} | {f"fetch_{f.name}_reg": f.bits for f in spec.step_inputs}
    seen |= {f"fetch_{f.name}_reg": f.bits * design.lanes for f in spec.synapse_inputs}
    if design.row_words:
        seen["skip_reg"] = design.pipeline_depth
    if design.lanes > 1:
        seen["host_lane_reg"] = design.lane_bits
    tree = design.readback_tree
    if tree:
        seen["picked_reg"] = len(tree) + 1
    seen |= {f"pick_{level}_{k}": spec.state_bits for level, groups in enumerate(tree) for k in range(len(groups))}
    memory_ports = memory_pins(design.address_bits, spec.state_bits)
    for lane in range(design.lanes):
        seen |= {f"lane_{lane}.{port.name}": port.bits for port in design.lane_ports()}
        seen |= {f"memory_{lane}.{name}": bits for name, bits in memory_ports.items()}
    queue = queue_of(design)
    if queue:
        seen |= {f"result_queue_{k}.{port.name}": port.bits for k in range(len(queue.groups)) for port in queue.ports()}
        seen |= {"store_data_reg": spec.state_bits} | {f"store_{lane}_reg": 1 for lane in range(design.lanes)}
    return render(
        "engine.sv.j2",
        design,
        top=top_of(design),
        queue=queue,
        tree=tree,
        lfsr=spec.lfsr,
        memory_modules=memories,
        taps=seen,
        inside=inside,
        lane_bits=max(1, design.lane_bits),
        count_bits=(design.words + design.pipeline_depth * max(1, design.row_words) + 1).bit_length() + 1,
    )


def engine_task(design: CoreDesign, sources: Mapping[str, str], *, inside: bool | None = True) -> dict[str, Any]:
    """Return ``script`` and ``files`` of the question about the engine; ``inside`` as of ``_harness``."""
    replaced = {f"{design.name}_lane", *(design.memory_module(lane) for lane in range(design.lanes))}
    if queue := queue_of(design):
        replaced |= {queue.name, f"{queue.name}_memory"}
    return induction_task(design, sources, replaced, _harness(design, inside=inside))


def queue_task(design: CoreDesign, sources: Mapping[str, str], *, inside: bool | None = True) -> dict[str, Any]:
    """Return the question about the queue as ``engine_task`` does about the engine; ``inside`` is ``None`` for its cover."""
    queue = queue_of(design)
    if queue is None:
        raise ValueError(f"{design.name}: no queue")
    memory, bits = f"{queue.name}_memory", queue.slot_bits
    taps = {"valid_reg": 1} | dict.fromkeys(("write_reg", "read_reg", "promised_reg"), bits + 1)
    taps |= {f"memory.{pin}": width for pin, width in memory_pins(bits, queue.data_bits).items()}
    harness = render("queue.sv.j2", design, top=top_of(design), queue=queue, memory=memory, taps=taps, inside=inside)
    # A planted core has all its modules in one file.
    kept = {name: text for name, text in sources.items() if re.search(rf"^module {queue.name}(_memory)?\b", text, re.MULTILINE)}
    return induction_task(design, kept, [memory], harness)

"""The ledger: every assumption of every question, and which proven obligation discharges it.

A proof in parts assumes of the other parts what is proven of them elsewhere. Here stands where, as data: what a harness
assumes under a label ``assume_<name>`` is a row, and a proof that asks for everything ends with a check that each obligation
named here was proven in the same run.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..rtl.design import CoreDesign
from ..rtl.graph import inner_blocks
from .expected import difference
from .memories import memory_name, own_memories
from .result import Obligation, verdict_of

__all__ = ["CHOICE", "DEFINITION", "LEDGER", "PROVEN", "USER", "Assumption", "assumptions_of", "check_ledger", "ledger_record"]

_NAMED = 4  # of the obligations that are missing
USER, CHOICE, DEFINITION, PROVEN = "of the user", "any one stands for all", "a definition", "proven"


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """One assumption of one harness.

    ``kind`` says who answers for it: the user of the core, as the documentation tells; nobody, where one word is chosen
    that stands for all, or a name is given to a value; or a proof, that of the obligations ``by``, patterns of names, where
    ``/`` begins one of the whole that a part belongs to and ``<part>/`` one of a part. With ``before``, what is
    assumed of a clock follows from clocks before it alone, so that two proofs may lean on each other and are still no circle.
    """

    harness: str
    name: str
    meaning: str
    kind: str
    by: tuple[str, ...] = ()
    before: bool = False


def _proven(harness: str, name: str, meaning: str, *by: str) -> Assumption:
    return Assumption(harness=harness, name=name, meaning=meaning, kind=PROVEN, by=by)


def _before(harness: str, name: str, meaning: str, *by: str) -> Assumption:
    return Assumption(harness=harness, name=name, meaning=meaning, kind=PROVEN, by=by, before=True)


_LANE = ("hold", "next_*", "out_*", "lane_word", "lane_ports", "widths", "fields")
_NOISE = ("lane_noise", "random_step", "random_hold", "random_restart", "lane_seeds", "lane_accept", "engine_noise")
_WORD = "a word (a lane, a row, a slot) that exists"
_RESET = "rst is high in the first clock"
_READ = "a read gives what was last written, unless the word is written in that clock"
_STAYS = "while a memory is not read, what it gave stays"

LEDGER: tuple[Assumption, ...] = (
    Assumption(harness="memory", name="word", meaning=_WORD, kind=CHOICE),
    Assumption(harness="memory", name="content", meaning="a name for what the word holds at power-up", kind=DEFINITION),
    _before("memory", "reads", "where results queue, the lanes' memories are read in every clock", "engine_sweep"),
    Assumption(harness="engine", name="word", meaning=_WORD, kind=CHOICE),
    Assumption(harness="engine", name="reset", meaning=_RESET, kind=USER),
    Assumption(harness="engine", name="host_exists", meaning="the host names a word that exists", kind=USER),
    _proven("engine", "memory", _READ, "{memories}"),
    _before("engine", "lane", "LATENCY enabled clocks after an update entered a lane, its result is there", *_LANE),
    _before("engine", "whole_rows", "a row is skipped before its first word or not at all", "/fanout"),
    Assumption(harness="engine", name="row", meaning=_WORD, kind=CHOICE),
    _proven("engine", "queue_waits", "the queue says that results wait while any has not left", "queue_room"),
    _proven("engine", "queue_room", "the queue has room only while fewer results than slots have not left", "queue_room"),
    _proven("engine", "queue_offers", "the queue offers only what it was given", "queue_order"),
    Assumption(harness="queue", name="reset", meaning=_RESET, kind=USER),
    _before("queue", "reserve", "a slot is reserved only while there is room", "engine_streams", "engine_queue"),
    _before("queue", "push", "a beat is pushed only where a slot was reserved", "engine_streams", "engine_queue"),
    _proven("queue", "memory", _READ, "queue_memory"),
    Assumption(harness="fanout", name="word", meaning=_WORD, kind=CHOICE),
    Assumption(harness="fanout", name="reset", meaning=_RESET, kind=USER),
    _proven("fanout", "memory", _READ, "fanout_memory"),
    _proven("fanout", "played_waits", "a beat to be played is held until it is taken", "{giver}"),
    _proven("fanout", "pre_waits", "a beat for the row filter is held until it is taken", "{giver}"),
    Assumption(harness="rows", name="row", meaning=_WORD, kind=CHOICE),
    _proven("rows", "row_memory", _READ, "rows_memory"),
    _proven("rows", "row_holds", _STAYS, "rows_memory"),
    _before("rows", "synapses_take", "the synapses take beats only in a timestep", "synapses/engine_rows"),
    _before("rows", "synapses_rest", "the synapses take commands and the host after their last result", "synapses/engine_rows"),
    _before("rows", "synapses_serve", "the synapses do not take a command and the host in one clock", "synapses/engine_rows"),
    _before("rows", "synapses_give", "the synapses give results in order, after their beats", "synapses/engine_rows"),
    _before("rows", "synapses_skip", "the result of a skipped row stands for the whole row", "synapses/engine_rows"),
    _before("rows", "synapses_row", "a result says whether its row was skipped", "synapses/engine_rows"),
    Assumption(harness="addresses", name="word", meaning=_WORD, kind=CHOICE),
    Assumption(harness="addresses", name="reset", meaning=_RESET, kind=USER),
    _proven("addresses", "memory", _READ, "{addresses}"),
    _proven("addresses", "holds", _STAYS, "{addresses}"),
)
"""Every assumption; a test renders the harnesses and finds no other."""


def assumptions_of(design: CoreDesign) -> Iterator[Assumption]:
    """Yield the assumptions that the proof of a design makes, its parts' not among them."""
    wanted = {"memory"} if design.parts else {"memory", "engine"}
    absent = set[tuple[str, str]]()
    if not design.parts:
        wanted |= {"queue"} if design.queued else set()
        absent |= {("engine", name) for name in ("queue_waits", "queue_room", "queue_offers")} if not design.queued else set()
        absent |= {("engine", "whole_rows"), ("engine", "row")} if not design.row_words else set()
    absent |= {("memory", "reads")} if design.parts or not design.queued else set()
    wanted |= {block.harness for block in inner_blocks(design)} if design.graph else set()
    absent |= {("fanout", "played_waits" if "rows" in wanted else "pre_waits")}
    for assumption in LEDGER:
        if assumption.harness in wanted and (assumption.harness, assumption.name) not in absent:
            yield assumption


def _needed(design: CoreDesign, assumption: Assumption, prefix: str) -> Iterator[str]:
    """Yield the names, as patterns, of the obligations that discharge an assumption of the design whose names begin so."""
    for by in assumption.by:
        if by == "{memories}":
            yield from (prefix + memory_name(design, design.memory_module(lane)) for lane in range(design.lanes))
        elif by == "{giver}":
            yield from _givers(design, assumption.name, prefix)
        elif by == "{addresses}":
            yield from (
                prefix + memory_name(design, module) for module in own_memories(design) if module.endswith("addresses_memory")
            )
        elif by.startswith("/"):
            yield from [by[1:]] if prefix else []  # a core alone has a user who sees to it
        elif "*" in by:
            prefixes = {"next": design.spec.state, "out": design.spec.outputs}[by.partition("_")[0]]
            yield from (f"{prefix}{by[:-1]}{f.name}" for f in prefixes)
        else:
            yield prefix + by
    if assumption.name == "lane" and design.spec.lfsr:
        yield from (prefix + name for name in _NOISE)


def _givers(design: Any, stream: str, prefix: str) -> Iterator[str]:
    """Yield what proves that whoever offers a beat to be played holds it; nothing where that is the user."""
    to = "row_filter.pre" if stream == "pre_waits" else "fan_out.played"
    (source,) = (channel.source for channel in design.graph.channels for target in channel.targets if target.to == to)
    place, dot, _ = source.partition(".")
    if dot:
        yield f"{prefix}{place}/engine_streams" if place in design.parts else f"{prefix}addresses"


def _scopes(design: CoreDesign) -> Mapping[str, CoreDesign]:
    """Return a design and its parts by what the names of their obligations begin with."""
    return {"": design} | {f"{place}/": part for place, (_, part) in design.parts.items()}


def ledger_record(design: CoreDesign) -> list[dict[str, Any]]:
    """Return the assumptions of the proof of a design and its parts for a record, each with what discharges it."""
    return [
        {
            "of": prefix + one.harness,
            "name": one.name,
            "meaning": one.meaning,
            "kind": one.kind,
            "by": list(_needed(scope, one, prefix)),
        }
        for prefix, scope in _scopes(design).items()
        for one in assumptions_of(scope)
    ]


def check_ledger(design: CoreDesign, obligations: Collection[Obligation], *, covers: bool = False) -> Obligation:
    """Return the obligation that a proof of everything lacks nothing, and discharges every assumption that it makes.

    With ``covers`` it must hold what shows that the rest is not vacuous, too.
    """
    proven = {o.name for o in obligations if o.verdict == "proven"}
    missing = dict.fromkeys(
        name
        for prefix, one in _scopes(design).items()
        for assumption in assumptions_of(one)
        for name in _needed(one, assumption, prefix)
        if name not in proven
    )
    if verdict_of(obligations) == "refuted":
        note = "not asked: the core is refuted already"
    elif missing:
        first = ", ".join([*missing][:_NAMED])
        note = f"not proven: {first}{f' and {len(missing) - _NAMED} more' if len(missing) > _NAMED else ''}"
    else:
        note = difference(design, obligations, covers=covers)
    return Obligation(
        name="ledger",
        statement="every assumption is one of the user, or discharged by an obligation proven here",
        verdict="unknown" if note else "proven",
        answers=[],
        note=note or f"{len(ledger_record(design))} assumptions",
    )

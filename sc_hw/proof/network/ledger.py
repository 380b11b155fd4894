"""The ledger of a network's proof: everything that a harness assumes, and the obligations that discharge it.

As ``proof/ledger.py`` has it of cores. What a block assumes of the streams that it takes is what the block at the other end
guarantees of those it gives; that each gets what the other gave is of the wiring.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ...rtl.networks.block import NetworkBlock
from ...rtl.networks.design import NetworkDesign
from ..assumption import CHOICE, PROVEN, USER
from ..result import Obligation, verdict_of
from .blocks import harness_of

__all__ = ["LEDGER", "NetworkAssumption", "check_network_ledger", "network_ledger_record"]

_NAMED = 4
_EXISTS, _WITHIN = "exists", "within"
_JOINED = ("wiring", "moves")
SIMULATED = "proven in part, and simulated"


@dataclass(frozen=True, kw_only=True)
class NetworkAssumption:
    """One assumption of the harness of a kind of block, called ``name``, or so and a number.

    ``kind`` is as in a core's ledger; what is proven in part is simulated besides, as ``host`` and ``squares`` of what is
    simulated only. ``by`` are obligations of the block itself, ``STREAM:NAME`` one of whoever gives a stream to it, ``/NAME``
    one of the whole. ``memory`` is the one that it is about.
    """

    harness: str
    name: str
    meaning: str
    kind: str
    by: tuple[str, ...] = ()
    memory: str = ""


def _memory(harness: str, place: str) -> tuple[NetworkAssumption, ...]:
    held, exists = (f"memory_{place}",), "a word that is written exists"
    rows = {
        "reads": ("a read gives what was last written, unless the word is written in that clock", held),
        "holds": ("what it gave stays", held),
        # Of the memory's own question: registers, and a memory in two parts, could make of a word that is not there another one.
        _EXISTS: (exists, ("exists",)),
        _WITHIN: (exists, ("sweep", "access")),
    }
    return tuple(
        NetworkAssumption(harness=harness, name=f"{place}_{name}", meaning=text, kind=PROVEN, by=by, memory=place)
        for name, (text, by) in rows.items()
    )


def _row(harness: str, name: str, meaning: str, kind: str, *by: str) -> NetworkAssumption:
    return NetworkAssumption(harness=harness, name=name, meaning=meaning, kind=kind, by=by)


def _reset(*harnesses: str) -> tuple[NetworkAssumption, ...]:
    return tuple(_row(one, "reset", "rst is high in the first clock", USER) for one in harnesses)


LEDGER: tuple[NetworkAssumption, ...] = (
    *_reset("sums", "counting", "error", "feedback", "host", "projection", "pixels"),
    NetworkAssumption(
        harness="pixels", name="line_exists", meaning="a sum of a square that is written exists", kind=SIMULATED, memory="line"
    ),
    _row("sums", "word", "a word of neurons that exists", CHOICE),
    _row("sums", "last", "the last products of a sample are of a row's last word", PROVEN, "product:products"),
    _row("sums", "first", "products are marked that are of a sample's first row", PROVEN, "product:products"),
    *_memory("sums", "sums"),
    _row("error", "class", "a class that exists", CHOICE),
    _row("error", "last", "the last output is that of the last class", PROVEN, "current:order"),
    _row("error", "below", "what another class's turn reads is its output, not above the largest", PROVEN, "pass"),
    *_memory("error", "outputs"),
    _row("feedback", "neuron", "a neuron that exists", CHOICE),
    _row("feedback", "slopes", "the last slope is that of the last neuron", PROVEN, "slope:order"),
    _row("feedback", "errors", "errors of all classes come, or one beat that skips", PROVEN, "error:order"),
    *_memory("feedback", "slopes"),
    _row("host", "host_waits", "the host holds an access until it is taken", USER),
    _row("host", "host_exists", "the host names a projection that exists", USER),
    _row("host", "taken", "a projection takes an access only while it is offered", PROVEN, "answer:access"),
    _row("host", "answers", "a projection answers only its own access", PROVEN, "answer:access"),
    _row("projection", "slot", "an entry of a list that exists", CHOICE),
    _row("projection", "address", "a word of synapses that exists", CHOICE),
    _row("projection", "word", "a word of signals that exists", CHOICE),
    _row("projection", "rows", "the rows of a sample ascend, and exist", PROVEN, "active:order"),
    _row("projection", "signals", "signals of all neurons come, or one beat that skips", PROVEN, "signal:order"),
    _row("projection", "slower", "learning is slowed by no more than the octaves of the schedule", USER),
    _row("projection", "access_waits", "an access stays as it is until it is taken", PROVEN, "access:access"),
    _row("projection", "access_exists", "the host names a synapse that exists", USER),
    _row("projection", "access_still", "an access comes when nothing is under way here", SIMULATED, "access:access"),
    _row("projection", "access_alone", "while an access is served no sample begins", SIMULATED, "access:access"),
    _row(
        "projection",
        "others",
        "rows of other entries are written elsewhere, for rows of a list differ",
        PROVEN,
        "sweep",
        "active:order",
    ),
    *_memory("projection", "list"),
    *_memory("projection", "synapses"),
    *_memory("projection", "signals"),
    _row("counting", "last", "the last current of a sample is the last neuron's", PROVEN, "current:order"),
)
"""Every assumption; a test renders the harnesses and finds no other."""


def network_assumptions(design: NetworkDesign) -> Iterator[tuple[str, NetworkBlock, NetworkAssumption]]:
    """Yield the assumptions of the proof of a network with their blocks and places."""
    for place, block in design.blocks.items():
        for one in LEDGER:
            if one.harness == harness_of(block) and _applies(block, one):
                yield place, block, one


def _applies(block: NetworkBlock, one: NetworkAssumption) -> bool:
    """Return whether a block has what is assumed of."""
    if one.memory:
        there = one.memory in block.memories()
        what = one.name.removeprefix(f"{one.memory}_")
        made: dict[str, Callable[[str], object]] = {_EXISTS: block.in_registers, _WITHIN: block.whole_blocks}
        return there and bool(made.get(what, bool)(one.memory))
    needs = {"signals": "signal", "slower": "signal", "word": "signal", "others": "signal"} if one.harness == "projection" else {}
    return one.name not in needs or any(stream.name == needs[one.name] for stream in block.streams)


def _needed(design: NetworkDesign, place: str, one: NetworkAssumption) -> Iterator[str]:
    """Yield the obligations that discharge an assumption of the block at a place."""
    for by in one.by:
        stream, colon, name = by.rpartition(":")
        if by.startswith("/"):
            yield by[1:]
        elif not colon:
            yield f"{place}/{name}"
        else:
            yield from _JOINED
            for channel in design.graph.channels:
                if any(re.fullmatch(rf"{place}\.{stream}(_\d+)?", target.to) for target in channel.targets):
                    yield f"{channel.source.partition('.')[0]}/{name}"


def network_ledger_record(design: NetworkDesign) -> list[dict[str, Any]]:
    """Return the assumptions for a record, each with what discharges it."""
    return [
        {
            "of": place,
            "name": one.name,
            "meaning": one.meaning,
            "kind": one.kind,
            "by": list(dict.fromkeys(_needed(design, place, one))),
        }
        for place, _, one in network_assumptions(design)
    ]


def check_network_ledger(design: NetworkDesign, obligations: Collection[Obligation], wanted: Collection[str]) -> Obligation:
    """Return the obligation that the proof has all it consists of, ``wanted``, and discharges every assumption that it makes."""
    proven = {o.name for o in obligations if o.verdict == "proven"}
    rows = network_ledger_record(design)
    missing = dict.fromkeys(name for name in [*wanted, *(by for row in rows for by in row["by"])] if name not in proven)
    note = ""
    if verdict_of(obligations) == "refuted":
        note = "not asked: the network is refuted already"
    elif missing:
        first = ", ".join([*missing][:_NAMED])
        note = f"not proven: {first}{f' and {len(missing) - _NAMED} more' if len(missing) > _NAMED else ''}"
    return Obligation(
        name="ledger",
        statement="every assumption is one of the user, or discharged by an obligation proven here",
        verdict="unknown" if note else "proven",
        answers=[],
        note=note or f"{len(rows)} assumptions",
    )

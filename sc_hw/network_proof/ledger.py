"""The ledger of a network's proof: everything that a harness assumes, and the obligations that discharge it.

As ``proof/ledger.py`` has it of cores. What a block assumes of the streams that it takes is what the block at the other end guarantees
of those it gives; that each gets what the other gave is of the wiring.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ..proof.ledger import CHOICE, PROVEN, USER
from ..proof.result import Obligation, verdict_of
from ..rtl.networks.block import NetworkBlock
from ..rtl.networks.design import NetworkDesign
from .blocks import harness_of

__all__ = ["LEDGER", "NetworkAssumption", "check_network_ledger", "network_ledger_record"]

_NAMED = 4
_JOINED = ("wiring", "moves")


@dataclass(frozen=True, kw_only=True)
class NetworkAssumption:
    """One assumption of the harness of a kind of block, called ``name``, or so and a number.

    ``by`` are obligations of the block itself, ``STREAM:NAME`` one of whoever gives a stream to it, ``/NAME`` one of the whole.
    """

    harness: str
    name: str
    meaning: str
    kind: str
    by: tuple[str, ...] = ()


def _memory(harness: str, place: str) -> tuple[NetworkAssumption, ...]:
    meanings = {
        "reads": "a read gives what was last written, unless the word is written in that clock",
        "holds": "what it gave stays",
    }
    return tuple(
        NetworkAssumption(harness=harness, name=f"{place}_{name}", meaning=text, kind=PROVEN, by=(f"memory_{place}",))
        for name, text in meanings.items()
    )


def _row(harness: str, name: str, meaning: str, kind: str, *by: str) -> NetworkAssumption:
    return NetworkAssumption(harness=harness, name=name, meaning=meaning, kind=kind, by=by)


def _reset(*harnesses: str) -> tuple[NetworkAssumption, ...]:
    return tuple(_row(one, "reset", "rst is high in the first clock", USER) for one in harnesses)


LEDGER: tuple[NetworkAssumption, ...] = (
    *_reset("sums", "counting", "error"),
    _row("sums", "word", "a word of neurons that exists", CHOICE),
    _row("sums", "last", "the last products of a sample are of a row's last word", PROVEN, "product:products"),
    _row("sums", "first", "products are marked that are of a sample's first row", PROVEN, "product:products"),
    *_memory("sums", "sums"),
    _row("error", "class", "a class that exists", CHOICE),
    _row("error", "last", "the last output is that of the last class", PROVEN, "current:order"),
    _row("error", "below", "what another class's turn reads is its output, not above the largest", PROVEN, "pass"),
    *_memory("error", "outputs"),
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
    place = one.name.rpartition("_")[0]
    return place in block.memories() if one.name.endswith(("_reads", "_holds")) else True


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
                if any(target.to.startswith(f"{place}.{stream}") for target in channel.targets):
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

"""The ledger: every assumption of every question, and which proven obligation discharges it.

A proof in parts assumes of the other parts what is proven of them elsewhere. Here stands where, as data: what a harness
assumes under a label ``assume_<name>`` is a row, and a proof that asks for everything ends with a check that each obligation
named here was proven in the same run.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..rtl.design import CoreDesign
from ..rtl.graph import inner_blocks
from .assumption import Assumption
from .blocks import ROOMS, placed
from .engine import ENGINE_ASSUMPTIONS
from .expected import difference
from .memories import MEMORY_ASSUMPTIONS
from .result import Obligation, verdict_of
from .shared import SHARED_ASSUMPTIONS

__all__ = ["LEDGER", "assumptions_of", "check_ledger", "ledger_record", "needed"]

_NAMED = 4  # of the obligations that are missing

LEDGER: tuple[Assumption, ...] = (
    *MEMORY_ASSUMPTIONS,
    *ENGINE_ASSUMPTIONS,
    *(assumption for room in ROOMS for assumption in room.assumptions),
    *SHARED_ASSUMPTIONS,
)
"""Every assumption; a test renders the harnesses and finds no other."""


def assumptions_of(design: CoreDesign) -> Iterator[Assumption]:
    """Yield the assumptions that the proof of a design makes, its parts' not among them."""
    wanted = {"memory", "engine"}
    if design.graph:
        wanted = {"memory", "shared"} | {block.harness for block in inner_blocks(design)}
        wanted |= {room.title for room in ROOMS if room.title and placed(design.graph, room.kind)}
    wanted |= {"queue"} if design.queued and not design.parts else set()
    yield from (one for one in LEDGER if one.harness in wanted and one.when(design))


def needed(design: CoreDesign, assumption: Assumption, prefix: str) -> Iterator[str]:
    """Yield the names of the obligations that discharge an assumption of the design whose names begin so."""
    for by in assumption.by:
        if callable(by):
            yield from by(design, prefix)
        elif by.startswith("/"):
            yield from [by[1:]] if prefix else []  # a core alone has a user who sees to it
        else:
            yield prefix + by


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
            "by": list(needed(scope, one, prefix)),
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
        for name in needed(one, assumption, prefix)
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

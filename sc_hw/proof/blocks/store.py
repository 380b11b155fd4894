"""The proof of what keeps a timestep's beats: the queue, and the order in which its addresses go through the slots."""

from collections.abc import Iterator
from typing import Any

from ...rtl.store import StoreDesign
from ..assumption import CHOICE, READ, RESET, STAYS, USER, Assumption, proven
from ..memories import memory_name
from .room import BlockRoom, memories_of, placed

__all__ = ["ORDER", "STORE"]

_FEW_BEATS = 16  # as of a fan-out
_ONCE = "in the order of the slots none comes twice: {}"


def _memories(design: Any, prefix: str) -> Iterator[str]:
    for block in placed(design.graph, StoreDesign).values():
        yield from (prefix + memory_name(design, memory["module"]) for memory in memories_of(block).values())


def _registers(block: StoreDesign) -> dict[str, int]:
    return {"write_reg": block.slot_bits, "read_reg": block.slot_bits} | dict.fromkeys(
        ("full_reg", "valid_reg", "push", "pop"), 1
    )


STORE = BlockRoom(
    kind=StoreDesign,
    template="store.sv.j2",
    alone=True,
    statements={
        "store": "a timestep's beats are taken whether any leaves or not; they leave once each, unchanged, in order, without a "
        "lost clock, and one that waits is held"
    },
    assumptions=(
        Assumption(harness="store", name="reset", meaning=RESET, kind=USER),
        proven("store", "memory", READ, _memories),
        proven("store", "holds", STAYS, _memories),
        proven("store", "write", _ONCE.format("a slot is written in its turn"), "order"),
        proven("store", "read", _ONCE.format("a slot is read in its turn"), "order"),
        proven("store", "same", _ONCE.format("equal addresses are equally far"), "order"),
        proven("store", "range", "an address is that of a slot", "order"),
    ),
    registers=_registers,
    values=lambda _graph, place, block: {"store": block, "owner": place},
    covers=lambda place, block: (
        {f"cover_kept_{place}": "a beat leaves after a whole timestep was kept, and after a reset in between"}
        if block.beats <= _FEW_BEATS
        else {}
    ),
    depth=lambda block: 2 * block.beats + 16,
)
ORDER = BlockRoom(
    kind=StoreDesign,
    template="store_order.sv.j2",
    alone=True,
    title="order",
    statements={"order": "both addresses go through all slots in one order, in which none comes twice before all have come"},
    assumptions=(
        Assumption(harness="order", name="reset", meaning=RESET, kind=USER),
        Assumption(harness="order", name="own", meaning="a slot and its place in the order: any one stands for all", kind=CHOICE),
    ),
    registers=_registers,
    values=lambda _graph, _place, block: {"store": block},
)

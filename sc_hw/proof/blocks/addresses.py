"""The proof of a decoder of address events: a bit of each neuron, from spikes by number."""

from collections.abc import Iterator
from typing import Any

from ...rtl.addresses import AddressesDesign
from ..assumption import CHOICE, READ, RESET, STAYS, USER, WORD, Assumption, proven
from ..memories import memory_name
from .room import BlockRoom, memories_of, placed

__all__ = ["ADDRESSES"]

_FEW_WORDS = 16  # as of a fan-out


def _memories(design: Any, prefix: str) -> Iterator[str]:
    for block in placed(design.graph, AddressesDesign).values():
        yield from dict.fromkeys(prefix + memory_name(design, memory["module"]) for memory in memories_of(block).values())


ADDRESSES = BlockRoom(
    kind=AddressesDesign,
    template="addresses.sv.j2",
    alone=True,
    statements={
        "addresses": "every neuron's bit of a timestep says whether an event named it since the timestep before was complete; "
        "words come in order, once each, without a lost clock"
    },
    assumptions=(
        Assumption(harness="addresses", name="word", meaning=WORD, kind=CHOICE),
        Assumption(harness="addresses", name="reset", meaning=RESET, kind=USER),
        proven("addresses", "memory", READ, _memories),
        proven("addresses", "holds", STAYS, _memories),
    ),
    registers=lambda block: (
        {"open_reg": 1, "quiet_reg": 1, "read_reg": 1, "valid_reg": 1}
        | dict.fromkeys(("word_reg", "beat_word_reg"), block.word_bits)
    ),
    values=lambda _graph, place, block: {"addresses": block, "owner": place},
    covers=lambda place, block: (
        {f"cover_addressed_{place}": f"a spike of {place} is given, after a reset in between"}
        if block.words <= _FEW_WORDS
        else {}
    ),
    depth=lambda block: 3 * block.words + 16,
)

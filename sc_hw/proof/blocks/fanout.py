"""The proof of the fan-out: what is stored in a timestep is played for every beat of another stream."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...rtl.graph import Graph
from ...rtl.joint import FanoutDesign
from ...rtl.rows import RowsDesign
from ..assumption import CHOICE, READ, RESET, USER, WORD, Assumption, proven
from .room import BlockRoom, giver_of, placed

__all__ = ["FANOUT", "held_by"]

_FEW_WORDS = 16  # of a timestep, all of which a solver has to step through before anything is played


def held_by(design: Any, prefix: str, to: str) -> Iterator[str]:
    """Yield the obligation that whoever offers the beats of ``place.stream`` holds them; nothing where that is the user."""
    for place, block in giver_of(design, to):
        yield f"{prefix}{place}/engine_streams" if place in design.parts else f"{prefix}{block.harness}"


def _played_by(design: Any, prefix: str) -> Iterator[str]:
    (place,) = placed(design.graph, FanoutDesign)
    yield from held_by(design, prefix, f"{place}.played")


def _unfiltered(design: Any) -> bool:
    """Return whether nothing that is asked about together with the fan-out stands in front of it."""
    return not placed(design.graph, RowsDesign)


def _values(graph: Graph, place: str, block: FanoutDesign) -> Mapping[str, Any]:
    (taker,) = (
        target.to.partition(".")[0]
        for channel in graph.channels
        if channel.source == f"{place}.beat"
        for target in channel.targets
    )
    counted = max(block.words, block.rounds).bit_length() + 1
    return {"fanout": block, "fan_out": place, "taker": taker, "count_bits": counted}


FANOUT = BlockRoom(
    kind=FanoutDesign,
    template="fanout.sv.j2",
    alone=False,
    statements={
        "fanout": "in their k-th timestep the synapses get, in order and once each, what their neurons gave in their k-th "
        "timestep, without a lost clock; of streams that are checked the first mark that is not where a timestep ends is told"
    },
    assumptions=(
        Assumption(harness="fanout", name="word", meaning=WORD, kind=CHOICE),
        Assumption(harness="fanout", name="reset", meaning=RESET, kind=USER),
        proven("fanout", "memory", READ, "fanout_memory"),
        proven("fanout", "played_waits", "a beat to be played is held until it is taken", _played_by, when=_unfiltered),
    ),
    registers=lambda block: {"replay_reg": 1, "address_reg": block.address_bits, "round_reg": block.round_bits},
    values=_values,
    covers=lambda _place, block: (
        {
            "cover_beat_after_stall": "a beat is played after a stall",
            "cover_beat_after_reset": "a beat is played after a reset in the middle of a timestep",
        }
        if block.words <= _FEW_WORDS
        else {}
    ),
    depth=lambda block: 2 * block.words + 16,
)

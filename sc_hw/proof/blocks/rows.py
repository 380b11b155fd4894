"""The proof of the row filter: which rows of a crossbar a timestep has to visit."""

from collections.abc import Iterator
from typing import Any

from ...rtl.rows import RowsDesign
from ..assumption import CHOICE, READ, STAYS, WORD, Assumption, before, proven
from .fanout import held_by
from .room import BlockRoom, placed

__all__ = ["ROWS"]

_KEPT = "synapses/engine_rows"


def _offered_by(design: Any, prefix: str) -> Iterator[str]:
    (place,) = placed(design.graph, RowsDesign)
    yield from held_by(design, prefix, f"{place}.pre")


def _filtered(design: Any) -> bool:
    return bool(placed(design.graph, RowsDesign))


def _registers(block: RowsDesign) -> dict[str, int]:
    wide = {"row": block.row_bits, "result_row": block.row_bits, "word": block.word_bits, "level": block.level_bits}
    bits = dict.fromkeys(("open", "final", "full", "stale", "silent", "reached", "input", "traces"), 1)
    return {f"{name}_reg": width for name, width in (wide | bits).items()}


ROWS = BlockRoom(
    kind=RowsDesign,
    template="rows.sv.j2",
    alone=False,
    statements={
        "rows": "every presynaptic neuron passes the row filter once a timestep; it skips a row only when all synapses of the "
        "row rested when they were visited last, nothing changed them since, and neither an input nor a trace reaches them; "
        "where no core takes those events, the first mark that is not where a timestep ends is told"
    },
    assumptions=(
        proven("fanout", "pre_waits", "a beat for the row filter is held until it is taken", _offered_by, when=_filtered),
        Assumption(harness="rows", name="row", meaning=WORD, kind=CHOICE),
        proven("rows", "row_memory", READ, "rows_memory"),
        proven("rows", "row_holds", STAYS, "rows_memory"),
        before("rows", "synapses_take", "the synapses take beats only in a timestep", _KEPT),
        before("rows", "synapses_rest", "the synapses take commands and the host after their last result", _KEPT),
        before("rows", "synapses_serve", "the synapses do not take a command and the host in one clock", _KEPT),
        before("rows", "synapses_give", "the synapses give results in order, after their beats", _KEPT),
        before("rows", "synapses_skip", "the result of a skipped row stands for the whole row", _KEPT),
        before("rows", "synapses_row", "a result says whether its row was skipped", _KEPT),
    ),
    registers=_registers,
    values=lambda _graph, place, block: {"rows": block, "row_filter": place},
)

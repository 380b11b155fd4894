"""The moments of a row filter and what the bench keeps of it."""

from collections.abc import Iterator

from ..rtl.rows import RowsDesign
from .moment import Moment, Place, Registers, places

__all__ = ["rows_moments", "rows_registers"]


def rows_moments(design: RowsDesign, at: Place) -> Iterator[Moment]:
    """Yield the moments of what decides which rows are skipped."""
    t, skip = at.tag, at.port("result_skip")
    yield at.moment("a timestep begins", at.port("begins"), "timestep")
    for name, row in places(design.rows).items():
        yield at.moment(f"{name} row enters", f"{at.moves('pre')} & ({t}_row == {row})", "timestep")
    yield at.moment("a row waits", at.waits("played"), "timestep")
    for name, row in places(design.rows).items():
        moved = f"{at.port('result_moves')} & ~{skip} & ({t}_left == {row})"
        yield at.moment(f"{name} row's results under way", f"{moved} & ({t}_word == {(design.words - 1) // 2})", "timestep")
    for name, row in places(design.rows).items():
        yield at.moment(
            f"{name} row is skipped", f"{at.moves('played')} & {at.port('played_skip')} & ({t}_row_out == {row})", "rest"
        )
    yield at.moment("a skipped row's result leaves", f"{at.port('result_moves')} & {skip}", "rest")


def rows_registers(rows: RowsDesign, at: Place) -> Registers:
    """Return the registers of a row filter."""
    t, moved, skip = at.tag, at.port("result_moves"), at.port("result_skip")
    ends = f"({moved} & ({skip} | ({t}_word == {rows.words - 1})))"
    return (
        {
            f"{t}_row": f"{at.moves('pre')} ? ({t}_row == {rows.rows - 1} ? 0 : {t}_row + 1) : {t}_row",
            f"{t}_row_out": f"{at.moves('played')} ? ({t}_row_out == {rows.rows - 1} ? 0 : {t}_row_out + 1) : {t}_row_out",
            f"{t}_left": f"{ends} ? ({t}_left == {rows.rows - 1} ? 0 : {t}_left + 1) : {t}_left",
            f"{t}_word": f"{ends} ? 0 : {t}_word + {moved}",
        },
        {},
    )

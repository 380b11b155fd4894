"""The moments of streams whose last beats are marked: a mark that is not where the count ends is told."""

from collections.abc import Iterator

from ..rtl.design import CoreDesign
from .moment import Moment

__all__ = ["marks_moments"]


def marks_moments(design: CoreDesign, core: int) -> Iterator[Moment]:
    """Yield what is told of each stream that is checked, and the clock before, in which a reset leaves nothing to tell.

    Of one beat a timestep none can be marked too early.
    """
    for stream in design.streams:
        if stream.checked:
            told, counted = f"core_{core}.{stream.name}_last", f"{stream.name}_marks_{core}.breach"
            if stream.beats > 1:
                yield Moment(name=f"{stream.name}: an early mark is counted", condition=counted, scene="early mark")
                yield Moment(name=f"{stream.name}: an early mark is told", condition=f"{told}_unexpected", scene="early mark")
            yield Moment(name=f"{stream.name}: a missing mark is counted", condition=counted, scene="no mark")
            yield Moment(name=f"{stream.name}: a missing mark is told", condition=f"{told}_missing", scene="no mark")

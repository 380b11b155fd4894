"""The moments of a fan-out and what the bench keeps of it."""

from collections.abc import Iterator

from ..rtl.joint import FanoutDesign
from .moment import Moment, Place, Registers, places

__all__ = ["fanout_moments", "fanout_registers"]


def fanout_moments(design: FanoutDesign, at: Place, *, waits: bool) -> Iterator[Moment]:
    """Yield the moments of what stores and plays between cores; ``waits`` if the synapses have more words than stages."""
    t = at.tag
    for name, word in places(design.words).items():
        yield at.moment(f"{name} word is stored", f"{at.moves('stored')} & ({t}_stored == {word})", "timestep")
    yield at.moment("all is stored", f"{t}_playing & ({t}_round == 0) & ~{at.port('beat_valid')}", "timestep")
    for name, number in places(design.rounds).items():
        yield at.moment(f"{name} round ends", f"{at.moves('played')} & ({t}_round == {number})", "timestep")
    if design.words > 1:
        yield at.moment("a beat inside a round", f"{at.moves('beat')} & ({t}_beat == {design.words // 2})", "timestep")
    if waits:
        yield at.moment("a beat waits", at.waits("beat"), "results wait")


def fanout_registers(fan: FanoutDesign, at: Place) -> Registers:
    """Return the registers of a fan-out."""
    ends = f"({at.tag}_round == {fan.rounds - 1})"
    t, stored, played, beat = at.tag, at.moves("stored"), at.moves("played"), at.moves("beat")
    return (
        {
            f"{t}_playing": f"{stored} & ({t}_stored == {fan.words - 1}) | {t}_playing & ~({played} & {ends})",
            f"{t}_stored": f"{stored} ? ({t}_stored == {fan.words - 1} ? 0 : {t}_stored + 1) : {t}_stored",
            f"{t}_round": f"{played} ? ({t}_round == {fan.rounds - 1} ? 0 : {t}_round + 1) : {t}_round",
            f"{t}_beat": f"{stored} ? 0 : {t}_beat + {beat}",
        },
        {},
    )

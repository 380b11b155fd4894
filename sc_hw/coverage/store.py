"""The moments of what keeps a timestep's beats and what the bench keeps of it."""

from collections.abc import Iterator

from ..rtl.store import StoreDesign
from .moment import Moment, Place, Registers, places

__all__ = ["store_moments", "store_registers"]


def store_moments(design: StoreDesign, at: Place) -> Iterator[Moment]:
    """Yield the moments of what keeps a timestep's beats."""
    t = at.tag
    for name, beat in places(design.beats).items():
        yield at.moment(f"{name} beat is kept", f"{at.moves('event')} & ({t}_in == {beat})", "timestep")
        yield at.moment(f"{name} beat leaves", f"{at.moves('beat')} & ({t}_out == {beat})", "timestep")
    yield at.moment("a beat waits", at.waits("beat"), "timesteps")


def store_registers(store: StoreDesign, at: Place) -> Registers:
    """Return the registers of what keeps a timestep's beats."""

    def counted(stream: str, count: str) -> str:
        return f"{at.moves(stream)} ? ({count} == {store.beats - 1} ? 0 : {count} + 1) : {count}"

    return {f"{at.tag}_in": counted("event", f"{at.tag}_in"), f"{at.tag}_out": counted("beat", f"{at.tag}_out")}, {}

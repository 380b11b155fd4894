"""The moments of what takes address events and what the bench keeps of it."""

from collections.abc import Iterator

from ..rtl.addresses import AddressesDesign
from .moment import Moment, Place, Registers, places

__all__ = ["addresses_moments", "addresses_registers"]


def addresses_moments(design: AddressesDesign, at: Place) -> Iterator[Moment]:
    """Yield the moments of what takes address events."""
    t, end, event = at.tag, at.port("event_end"), at.moves("event")
    for name, word in places(design.words).items():
        yield at.moment(f"wipes {name} word", f"{t}_wiping & ~{at.port('event_ready')} & ({t}_age == {word})", "wipe")
    yield at.moment("no event yet", f"{at.port('event_ready')} & ~{at.port('event_valid')}", "late events")
    yield at.moment("a spike is taken", f"{event} & ~{end}", "all spike")
    yield at.moment("the events end", f"{event} & {end}", "timestep")
    for name, word in places(design.words).items():
        yield at.moment(f"{name} word leaves", f"{at.moves('beat')} & ({t}_word == {word})", "timestep")


def addresses_registers(addresses: AddressesDesign, at: Place) -> Registers:
    """Return the registers of what takes address events."""
    t = at.tag
    return (
        {
            f"{t}_wiping": f"{t}_wiping & ~{at.port('event_ready')}",
            f"{t}_age": f"{t}_age + 1",
            f"{t}_word": f"{at.moves('beat')} ? ({t}_word == {addresses.words - 1} ? 0 : {t}_word + 1) : {t}_word",
        },
        {f"{t}_wiping": "1"},
    )

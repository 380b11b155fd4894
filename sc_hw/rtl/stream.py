"""A stream of beats between blocks: its ports, monitors, drivers and channels all come from this description."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Self

from .port import Port, input_port, output_port

__all__ = ["LAST", "Item", "Stream", "Watch"]

LAST = "last"  # the item that marks the last beat of a timestep


@dataclass(frozen=True, kw_only=True)
class Item:
    """One value that a beat carries: ``bits`` bits, and what they mean."""

    name: str
    bits: int = 1
    signed: bool = False
    meaning: str = ""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Beats under valid and ready: a beat moves in each clock in which both are 1, and stays as it is until then.

    A block that ``gives`` offers beats, another takes them. ``offered`` and ``taken`` say what valid and ready mean; ``items``
    are what a beat carries; ``name`` begins the names of the ports. ``several`` says that a timestep has a beat of it for each
    word or event: data, where the others are control, a beat at a time, whose first item says what the beat does. ``period``
    is what such a timestep is called. Where ``beats`` says how many a timestep has, its taker compares the item ``last`` with its
    own count, and says until a reset which breach came first: a beat was marked as the last though more were to come
    (``NAME_last_unexpected``), or the last was not marked (``NAME_last_missing``).
    """

    name: str
    gives: bool = False
    several: bool = False
    period: str = "timestep"
    beats: int = 0
    offered: str
    taken: str
    items: tuple[Item, ...] = field(default_factory=tuple)

    @property
    def checked(self) -> bool:
        """Whether its marks are compared."""
        return self.beats > 0

    def ports(self) -> Iterator[Port]:
        """Yield its ports: valid, ready, then what a beat carries."""
        forward, back = (output_port, input_port) if self.gives else (input_port, output_port)
        yield forward(f"{self.name}_valid", meaning=self.offered)
        yield back(f"{self.name}_ready", meaning=self.taken)
        for item in self.items:
            yield forward(f"{self.name}_{item.name}", item.bits, signed=item.signed, meaning=item.meaning)

    def signals(self) -> Iterator[Port]:
        """Yield the ports that tell of a breach; they are of no beat."""
        if self.checked:
            unexpected = f"one beat of a {self.period} too few: {self.name}_last came before the last; kept until a reset"
            missing = (
                f"the last beat of a {self.period} came without {self.name}_last: one beat too many, or the last or its mark "
                "lost; kept until a reset"
            )
            yield output_port(f"{self.name}_last_unexpected", meaning=unexpected)
            yield output_port(f"{self.name}_last_missing", meaning=missing)

    def bits(self, name: str) -> int:
        """Return the width of valid, ready or an item."""
        return next((item.bits for item in self.items if item.name == name), 1)

    def named(self, name: str) -> Self:
        """Return the same stream under another name."""
        return replace(self, name=name)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Ports by which a block sees that something moved elsewhere: ``moves`` is 1 in such a clock, ``items`` are what it was.

    Where it has one, the output ``ready`` says that something may move.
    """

    name: str
    moves: str
    items: tuple[str, ...] = ()
    ready: str = ""

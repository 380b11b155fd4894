"""What keeps the beats of one timestep of a stream that something behind takes late: the module as a description."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from sc_hw_models.rule import index_bits

from .faults import Fault, fault
from .instances import Instance, memory_instance
from .port import CONTROLLED, Port
from .stream import LAST, Item, Stream, Watch
from .text import concat, select

__all__ = ["StoreDesign", "store_faults"]

# Bits of a shift register by its length, counted from 1, whose exclusive nor is shifted in: all values but all ones follow each
# other (Xilinx XAPP 052; a test goes through them). Longer ones would take a proof, which goes through all, too long.
_TAPS = {
    2: (2, 1),
    3: (3, 2),
    4: (4, 3),
    5: (5, 3),
    6: (6, 5),
    7: (7, 6),
    8: (8, 6, 5, 4),
}

_KEPT_ALL_THE_SAME = 4  # beats that one waits with which takes none while one is on offer and one is stored


@dataclass(frozen=True, kw_only=True)
class StoreDesign:
    """A first-in first-out store of at least the ``beats`` that a timestep has of a stream, each of ``items``.

    ``name`` is that of the module, ``stream`` that of the stream. It holds as many beats as it has slots, and one on offer.
    """

    component: ClassVar[str] = "event_store.EventStore"
    harness: ClassVar[str] = "store"
    template: ClassVar[str] = "lib/store.v.j2"
    kept: ClassVar[str] = "a timestep's beats of a stream"
    golden: ClassVar[str] = "store"
    watches: ClassVar[tuple[Watch, ...]] = ()
    keeps: ClassVar[bool] = True
    block_ram: ClassVar[bool] = True  # few bits, but of LUTs they and what chooses among them were more than all the rest

    name: str
    stream: str
    beats: int
    items: tuple[Item, ...]

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        return f"{self.stream} beats of a whole timestep, so that they need not wait for another stream"

    @property
    def slot_bits(self) -> int:
        """Bits of the number of a slot, at least 2."""
        return max(2, index_bits(self.beats))

    @property
    def slots(self) -> int:
        """Beats in the memory: all numbers, but for the one that is no value of the shift register."""
        return (1 << self.slot_bits) - self.shifted

    @property
    def shifted(self) -> bool:
        """Whether a shift register counts slots; else there are so many that a carry chain does."""
        return self.slot_bits in _TAPS

    @property
    def data_bits(self) -> int:
        """Bits of a beat."""
        return sum(item.bits for item in self.items)

    @property
    def memory_bits(self) -> int:
        """Bits of its memory."""
        return self.slots * self.data_bits

    @property
    def taps(self) -> tuple[int, ...]:
        """Bits of a number, from 0, whose exclusive nor is the lowest bit of the next; none where a carry chain counts."""
        return tuple(tap - 1 for tap in _TAPS.get(self.slot_bits, ()))

    def order(self) -> Iterator[int]:
        """Yield the slots in the order in which they are filled."""
        slot = 0
        for _ in range(self.slots):
            yield slot
            nor = 1 ^ sum(slot >> tap & 1 for tap in self.taps) & 1
            slot = (slot << 1 | nor) & ((1 << self.slot_bits) - 1) if self.shifted else slot + 1

    @property
    def settings(self) -> dict[str, Any]:
        """The numbers of its golden model."""
        return {"beats": self.beats, "slots": self.slots, "data_bits": self.data_bits}

    def instances(self) -> dict[str, Instance]:
        """Return the module inside that is proven apart: its memory."""
        return {"memory": memory_instance(f"{self.name}_memory", self.data_bits, self.slots, self.data_bits)}

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The beats as they come, and as they leave."""
        return (
            Stream(
                name="event",
                several=True,
                offered="a beat is offered",
                taken="it is taken at this clock edge, whatever leaves, until a timestep's beats are here",
                items=self.items,
            ),
            Stream(
                name="beat",
                gives=True,
                several=True,
                offered="the first beat that has not left is offered",
                taken="it is taken at this clock edge",
                items=self.items,
            ),
        )

    @property
    def signals(self) -> tuple[Port, ...]:
        """Ports of no stream: none."""
        return ()

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the module."""
        return (*CONTROLLED, *(port for stream in self.streams for port in stream.ports()))

    # Verilog pieces, so that templates hold no arithmetic.

    @property
    def zero(self) -> str:
        """The first slot as a sized literal."""
        return f"{self.slot_bits}'d0"

    def after(self, name: str) -> str:
        """Return the number of the slot after that in a register."""
        if not self.shifted:
            return f"{name} + {self.slot_bits}'d1"
        odd = " ^ ".join(f"{name}[{tap}]" for tap in self.taps)
        return f"{{{select(name, self.slot_bits, self.slot_bits - 2, 0)}, ~({odd})}}"

    def joined(self, stream: str) -> str:
        """Return all that a beat of a stream carries side by side, the first item lowest."""
        return concat([f"{stream}_{item.name}" for item in reversed(self.items)])


def store_faults(place: str, store: StoreDesign, *, behind: int = 0) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants in the store at a place of a graph, and in how it is reset.

    ``behind`` is how many beats what follows takes before it waits for another stream.
    """
    name = f"{store.stream} store"
    own = partial(fault, within=f"{store.stream}_store")
    few = f"of {store.beats} beats a timestep no more than {behind + _KEPT_ALL_THE_SAME} wait"
    marked = any(item.name == LAST for item in store.items)
    return [
        own(
            f"{name}: few kept",
            "a timestep's beats are not taken until what follows takes some",
            "event_ready",
            "value & ~(stored & valid)",
            few if store.beats <= behind + _KEPT_ALL_THE_SAME else "",
            stored="stored",
            valid="valid_reg",
        ),
        own(f"{name}: room overlooked", "beats are taken though no slot is free", "event_ready", "1'b1"),
        own(f"{name}: beat not held", "a beat that waits is overwritten by the next", "pop", "stored", stored="stored"),
        own(f"{name}: mark lost", "the mark of the last beat is not kept", f"beat_{LAST}", "1'b0", "" if marked else "no marks"),
        fault(f"{name}: reset ignored", "a reset keeps the beats", f"{place}.rst", "1'b0"),
    ]

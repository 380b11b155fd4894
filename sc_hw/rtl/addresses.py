"""What turns address events into spikes as bits: the module in front of one kind of a crossbar's neurons, as a description."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from sc_hw_models.rule import index_bits

from .faults import Fault, fault
from .instances import Instance, memory_instance
from .port import CONTROLLED, Port
from .stream import Item, Stream, Watch
from .text import select

__all__ = ["AddressesDesign", "address_faults"]


@dataclass(frozen=True, kw_only=True)
class AddressesDesign:
    """``neurons`` neurons whose spikes come by number, in any order, and leave as ``words`` beats of ``lanes`` bits.

    ``name`` is that of the module; ``lanes`` is a power of two and divides the neurons.
    """

    component: ClassVar[str] = "address_decoder.AddressDecoder"
    harness: ClassVar[str] = "addresses"
    golden: ClassVar[str] = "addresses"
    watches: ClassVar[tuple[Watch, ...]] = ()
    template: ClassVar[str] = "lib/addresses.v.j2"
    kept: ClassVar[str] = "which neurons of a lane spike"
    keeps: ClassVar[bool] = True

    name: str
    neurons: int
    lanes: int

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        return f"spikes of {self.neurons} neurons by number, as bits"

    @property
    def settings(self) -> dict[str, Any]:
        """The numbers of its golden model."""
        return {"neurons": self.neurons, "lanes": self.lanes}

    @property
    def words(self) -> int:
        """Beats of a timestep."""
        return self.neurons // self.lanes

    @property
    def neuron_bits(self) -> int:
        """Bits of the number of a neuron, at least 1."""
        return index_bits(self.neurons)

    @property
    def lane_bits(self) -> int:
        """Bits of a number that choose the lane, the lowest."""
        return (self.lanes - 1).bit_length()

    @property
    def word_bits(self) -> int:
        """Bits of the number of a word, at least 1."""
        return index_bits(self.words)

    @property
    def bounded(self) -> bool:
        """Whether a number may be that of no neuron."""
        return self.neurons != 1 << self.neuron_bits

    def instances(self) -> dict[str, Instance]:
        """Return the modules inside that are proven apart: a memory for each lane."""
        memory = memory_instance(f"{self.name}_memory", 1, self.words, 1)
        return {f"memory_{lane}": memory for lane in range(self.lanes)}

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Events by number, and spikes as bits."""
        number = f"neuron that spikes; numbers from {self.neurons} on are ignored"
        return (
            Stream(
                name="event",
                several=True,
                offered="an address event is offered",
                taken="the address event is taken at this clock edge",
                items=(
                    Item(name="end", meaning="1: the timestep's events are complete, no spike; 0: a spike"),
                    Item(name="neuron", bits=self.neuron_bits, meaning=number),
                ),
            ),
            Stream(
                name="beat",
                gives=True,
                several=True,
                offered="a word of spikes is offered",
                taken="the word is taken at this clock edge",
                items=(Item(name="data", bits=self.lanes, meaning="spikes of the next neurons, lane 0 lowest"),),
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

    def word_literal(self, word: int) -> str:
        """Return the number of a word as a sized literal."""
        return f"{self.word_bits}'d{word}"

    @property
    def word_of(self) -> str:
        """The word of the neuron that an event names."""
        high = self.lane_bits + self.word_bits - 1
        return select("event_neuron", self.neuron_bits, high, self.lane_bits) if self.words > 1 else "1'b0"

    def spike_of(self, lane: int) -> str:
        """Return the condition that an event is a spike of a neuron of this lane."""
        conditions = ["take", "~event_end"]
        if self.bounded:
            conditions.append(f"(event_neuron < {self.neuron_bits}'d{self.neurons})")
        if self.lane_bits:
            own = select("event_neuron", self.neuron_bits, self.lane_bits - 1, 0)
            conditions.append(f"({own} == {self.lane_bits}'d{lane})")
        return " & ".join(conditions)


def address_faults(module: str) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants in the module of that name in front of neurons."""
    own, end, early = partial(fault, within=module), "the end of a timestep's events", "those of the timestep before are played"
    kept = "a spike is not forgotten with its timestep"
    return [
        own(f"{module}: spike kept", kept, "written_0", "value & open", open="open_reg"),
        own(f"{module}: end is a spike", f"{end} is taken for a spike", "spike_0", "take", take="take"),
        own(f"{module}: events taken early", f"events are taken while {early}", "event_ready", "1'b1"),
    ]

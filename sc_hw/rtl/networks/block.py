"""What every block of a network has: a name, a template, streams, and ports that follow from them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..faults import Fault
from ..instances import Instance, memory_instance
from ..port import CONTROLLED, IDLE, Port, input_port, output_port
from ..stream import Item, Stream

__all__ = ["HOLD", "STILL", "TAKEN", "NetworkBlock", "answer_stream", "error_items", "place_of", "words_of"]

TAKEN = "it is taken at this clock edge"
HOLD = input_port("hold", meaning="1: begin no sample; the host waits")
STILL = output_port("still", meaning="no sample is under way here; one may wait to begin")
FEW_BITS, SOME_BITS = 256, 2048  # of a memory that is kept in registers: the second if its words are few and wide
FEW_WORDS, NARROW = 64, 16
DEPTHS = (2048, 1024, 512)  # words of a block of a device, by how wide they are


@dataclass(frozen=True, kw_only=True)
class NetworkBlock:
    """A module of a network, named by the chip's name and its own.

    ``template`` is its Verilog, ``component`` its Amaranth, in ``components``; ``kept`` says what its memory holds, empty
    without one. Both have the ports of ``ports()``, the memories of ``memories()`` and the same registers, and follow the
    contract in each block's docstring: which beats come of which, in which order.
    """

    template: ClassVar[str]
    component: ClassVar[str]
    kept: ClassVar[str] = ""
    filled: ClassVar[tuple[str, ...]] = ()  # memories with initial contents

    name: str

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        raise NotImplementedError

    @property
    def streams(self) -> tuple[Stream, ...]:
        """In the order of their ports."""
        raise NotImplementedError

    def stream(self, name: str) -> Stream:
        """Return a stream by its name."""
        return next(stream for stream in self.streams if stream.name == name)

    @property
    def signals(self) -> tuple[Port, ...]:
        """Ports of no stream: whether nothing is under way."""
        return (IDLE,)

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the module."""
        return (*CONTROLLED, *(port for stream in self.streams for port in stream.ports()), *self.signals)

    def memories(self) -> dict[str, tuple[int, int]]:
        """Return words and bits of each memory, by the name of its instance."""
        return {}

    def in_registers(self, place: str) -> bool:
        """Return whether a memory is kept in registers, because it would leave most of a block of a device empty."""
        words, bits = self.memories()[place]
        return place not in self.filled and words * bits <= (FEW_BITS if bits <= NARROW or words > FEW_WORDS else SOME_BITS)

    def whole_blocks(self, place: str) -> int:
        """Return how many words of a memory fill blocks of a device where the few that are left are kept apart; 0 otherwise."""
        words, _ = self.memories()[place]
        for depth in DEPTHS if place in self.filled else ():
            if words > depth and 0 < words % depth <= depth // 4:  # another row of blocks would stay almost empty
                return words - words % depth
        return 0

    def faults(self) -> list[Fault]:
        """Return the bugs that ``sc-hw selftest`` plants in it, nets as they are called in the module."""
        raise NotImplementedError

    def instances(self) -> dict[str, Instance]:
        """Return the memories inside, by place."""
        found = {}
        for place, (words, bits) in self.memories().items():
            module = f"{self.name}_{place}"
            if self.in_registers(place):
                found[place] = Instance(module=module)
            elif whole := self.whole_blocks(place):
                found |= {
                    place: Instance(module=module),
                    f"{place}.blocks": memory_instance(f"{module}_blocks", bits, whole, bits),
                    f"{place}.rest": memory_instance(f"{module}_rest", bits, words - whole, bits),
                }
            else:
                found[place] = memory_instance(module, bits, words, bits)
        return found


def error_items(bits: int, meaning: str, slower_bits: int) -> tuple[Item, ...]:
    """Return the items of a stream of errors or signals: one of each neuron in ascending order, or a single beat that skips."""
    return (
        Item(name="value", bits=bits, signed=True, meaning=meaning),
        Item(name="skip", meaning="1: nothing is learned from this sample; the only beat of it"),
        Item(name="last", meaning="last beat of the sample"),
        Item(name="slower", bits=slower_bits, meaning="octaves by which learning is slowed"),
    )


def answer_stream(name: str, bits: int) -> Stream:
    """Return the stream of synapses that were read."""
    return Stream(
        name=name,
        gives=True,
        offered="the synapse asked for is offered",
        taken=TAKEN,
        items=(Item(name="data", bits=bits, meaning="state of the synapse"),),
    )


def place_of(kind: str, name: str) -> str:
    """Return the instance of a block: its kind, then what it is of in the file, whose names may be words of Verilog."""
    return f"{kind}_{name}"


def words_of(values: np.ndarray, lanes: int, bits: int, synapse_bits: int, low: int) -> tuple[int, ...]:
    """Return rows of values as words of memory, lane 0 lowest: each value in ``bits`` from bit ``low`` of its synapse."""
    rows = np.asarray(values).reshape(-1, lanes) & ((1 << bits) - 1)
    return tuple(sum(int(value) << (lane * synapse_bits + low) for lane, value in enumerate(row)) for row in rows.tolist())

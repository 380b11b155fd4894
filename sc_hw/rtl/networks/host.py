"""The host's way to the synapses of a network, between samples."""

from dataclasses import dataclass

from sc_hw_models.rule import index_bits

from ..faults import Fault, fault
from ..port import IDLE, Port, input_port, output_port
from ..stream import Item, Stream
from .block import TAKEN, NetworkBlock, answer_stream

__all__ = ["HostBlock", "access_items"]


def access_items(address_bits: int, lane_bits: int, data_bits: int, *, consolidates: bool = False) -> tuple[Item, ...]:
    """Return the items of an access to the synapses of a projection; ``consolidates``: it may end a task."""
    task = (Item(name="consolidate", meaning="1: end a task, the rest has no meaning; 0: read or write"),)
    lane = (Item(name="lane", bits=lane_bits, meaning="lane of the synapse"),) if lane_bits else ()
    return (
        Item(name="write", meaning="1: write the data; 0: read"),
        *(task if consolidates else ()),
        Item(name="address", bits=address_bits, meaning="word: words of a row times the row, and the word in it"),
        *lane,
        Item(name="data", bits=data_bits, meaning="state of the synapse to write"),
    )


@dataclass(frozen=True, kw_only=True)
class HostBlock(NetworkBlock):
    """Takes accesses of the host, one at a time, and gives each to its projection when no sample is under way.

    While an access waits, ``hold`` keeps the next sample from beginning; it is served once ``still`` says that none is under way.
    ``accesses`` are, for each projection in the order of the file, bits of an address, of a lane (0: one lane) and of a
    synapse. A read is answered on ``readback``; an access is taken when it is done. One with ``consolidate`` goes to all
    projections of ``tasks`` at once, and is done when each of them is.
    """

    template = "networks/host.v.j2"
    component = "host.Host"

    accesses: tuple[tuple[int, int, int], ...]
    tasks: tuple[int, ...] = ()

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        return "the host's accesses to synapses, between samples"

    @property
    def number_bits(self) -> int:
        """Bits of the number of a projection."""
        return index_bits(len(self.accesses))

    @property
    def widths(self) -> tuple[int, int, int]:
        """Bits of an address, a lane and a synapse that hold those of every projection."""
        address, lane, data = (max(widths) for widths in zip(*self.accesses, strict=True))
        return address, lane, data

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The host's, then those of each projection."""
        several = len(self.accesses) > 1
        number = (
            Item(name="projection", bits=self.number_bits, meaning=f"number of the projection, below {len(self.accesses)}"),
        )
        write, *others = access_items(*self.widths, consolidates=bool(self.tasks))
        inner = []
        for k, (address, lane, data) in enumerate(self.accesses):
            inner += [
                Stream(
                    name=f"access_{k}",
                    gives=True,
                    offered="an access is offered",
                    taken="it is done at this clock edge",
                    items=access_items(address, lane, data, consolidates=k in self.tasks),
                ),
                Stream(
                    name=f"answer_{k}",
                    offered="the synapse asked for is offered",
                    taken=TAKEN,
                    items=answer_stream("answer", data).items,
                ),
            ]
        return (
            Stream(
                name="host",
                offered="an access to a synapse is offered; served between samples",
                taken="it is done at this clock edge",
                items=(write, *(number if several else ()), *others),
            ),
            answer_stream("readback", self.widths[2]),
            *inner,
        )

    @property
    def signals(self) -> tuple[Port, ...]:
        """Whether no sample is under way, whether none may begin, and whether nothing is."""
        return (
            input_port("still", meaning="no sample is under way"),
            output_port("hold", meaning="1: begin no sample"),
            IDLE,
        )

    def faults(self) -> list[Fault]:
        """Return bugs of where an access goes."""
        one = "" if len(self.accesses) > 1 else "one projection"
        return [
            fault("answer off", "a synapse is read one off", "answered_0", "value ^ 1"),
            fault("answer not waited for", "an answer counts as taken when it comes", "taken_0", "1'b1"),
            fault("answer never taken", "an answer is never taken, and the chip stands still", "taken_0", "1'b0"),
            fault("wrong projection", "accesses to the first projection go to another", "chosen_0", "~value", one),
            *(
                fault("task kept back", "a projection is not told of the end of a task", f"ends_{k}", "1'b0")
                for k in self.tasks[:1]
            ),
        ]

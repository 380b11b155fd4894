"""The decoder of address events: spikes that come by number leave as bits."""

from collections.abc import Sequence

import numpy as np

from ..rule import Field, index_bits
from .block import Beats, BlockModel, Flow, Standstill, Timestep

__all__ = ["MODEL", "AddressesModel"]


class AddressesModel(BlockModel):
    """Spikes of ``neurons`` neurons by number leave as beats of ``lanes`` bits, which divide the neurons.

    Takes ``event``: any number of spikes, each with the number of its ``neuron``, in any order, one twice as well as once; those
    of no neuron are ignored; then one with ``end``, whose number means nothing. Gives ``beat``: the bits of all neurons,
    ascending. State: none. Reset: forgets the spikes of a timestep that is not complete.
    """

    def __init__(self, *, neurons: int, lanes: int) -> None:
        self.neurons, self.lanes = neurons, lanes

    @property
    def flows(self) -> tuple[Flow, ...]:
        """``event`` in, ``beat`` out."""
        bits = tuple(Field(name=f"spike_{lane}", bits=1) for lane in range(self.lanes))
        number = Field(name="neuron", bits=index_bits(self.neurons))
        return (Flow(name="event", fields=(Field(name="end", bits=1), number)), Flow(name="beat", fields=bits, gives=True))

    def reset(self) -> None:
        """Nothing is kept from one timestep to the next."""

    def play(self, given: Timestep) -> dict[str, Beats]:
        """Return a bit for each neuron: whether an event named it."""
        event = given["event"]
        end = event.columns["end"] != 0
        if not event.count or end.sum() != 1 or not end[-1]:
            raise ValueError("the events of a timestep end with one end")
        named = event.columns["neuron"][~end]
        spikes = np.zeros(self.neurons, np.uint8)
        spikes[named[named < self.neurons]] = 1
        beats = spikes.reshape(-1, self.lanes)
        return {"beat": Beats(count=len(beats), columns={f"spike_{lane}": beats[:, lane] for lane in range(self.lanes)})}

    def held(self, given: Sequence[Timestep]) -> Standstill:
        """Return that the events of a timestep are taken."""
        return Standstill(moved={"event": given[0]["event"].count})


MODEL = AddressesModel

"""Neurons that integrate a constant current and count their spikes, all timesteps at once."""

from dataclasses import dataclass

from sc_hw_models.rule import index_bits

from ..faults import Fault, fault
from ..stream import Item, Stream
from .block import TAKEN, NetworkBlock

__all__ = ["CountingBlock"]


@dataclass(frozen=True, kw_only=True)
class CountingBlock(NetworkBlock):
    """Gives, for the current a of each neuron, its spikes clip(a >> ``threshold_shift``, 0, ``timesteps``) and its slope.

    The slope is 1 for 0 <= a < ``timesteps`` 2^``threshold_shift``. A beat of ``active`` for each of ``current``, ``row`` the
    number of the neuron. Reset: the next beat is of neuron 0.
    """

    template = "networks/counting.v.j2"
    component = "counting.Counting"

    population: str
    neurons: int
    sum_bits: int
    threshold_shift: int
    timesteps: int
    activity_bits: int

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        return f"spikes of the {self.neurons} neurons of {self.population} in {self.timesteps} timesteps"

    @property
    def row_bits(self) -> int:
        """Bits of the number of a neuron."""
        return index_bits(self.neurons)

    @property
    def count_bits(self) -> int:
        """Bits of a current in units of the threshold's part, signed, at least those of a count."""
        return max(self.sum_bits, self.threshold_shift + self.timesteps.bit_length() + 1, self.activity_bits + 1)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Currents, and what the neurons give."""
        return (
            Stream(
                name="current",
                offered="the current of a neuron is offered",
                taken=TAKEN,
                items=(
                    Item(name="value", bits=self.sum_bits, signed=True, meaning="sum over all its synapses"),
                    Item(name="last", meaning="of the last neuron"),
                ),
            ),
            Stream(
                name="active",
                gives=True,
                offered="the spikes of a neuron are offered",
                taken=TAKEN,
                items=(
                    Item(name="row", bits=self.row_bits, meaning="number of the neuron, ascending"),
                    Item(name="activity", bits=self.activity_bits, meaning="spikes in all timesteps"),
                    Item(name="slope", meaning="1: a little more current would give more spikes"),
                    Item(name="last", meaning="of the last neuron"),
                ),
            ),
        )

    def faults(self) -> list[Fault]:
        """Return bugs of the ends of a count."""
        return [
            fault("negative spikes", "a current below 0 is not cut off", "below", "1'b0"),
            fault("spikes without end", "more spikes than timesteps", "above", "1'b0"),
        ]

"""The exact current of each neuron of a population."""

from dataclasses import dataclass

from sc_hw_models.rule import index_bits

from ..faults import Fault, fault
from ..stream import Item, Stream
from .block import TAKEN, NetworkBlock

__all__ = ["SumsBlock", "product_items"]


def product_items(lanes: int, bits: int) -> tuple[Item, ...]:
    """Return the items of a stream of products."""
    lowest = ", lane 0 lowest" if lanes > 1 else ""
    return (
        Item(name="first", meaning="of the first row of the sample"),
        Item(name="last", meaning="last beat of the sample"),
        Item(name="values", bits=lanes * bits, meaning=f"activity times weight, signed{lowest}"),
    )


@dataclass(frozen=True, kw_only=True)
class SumsBlock(NetworkBlock):
    """Adds up products for each of ``neurons`` neurons, ``lanes`` of them at a time, exactly; then gives the sums one by one.

    Each of ``inputs`` are the bits of a product of one projection. A sample is all beats of ``product_0`` up to its last, then
    those of ``product_1`` and so on: rows of one beat a word, words ascending. Beats of the first row of ``product_0`` replace
    the sums, others are added. Then ``current`` gives the sum of each neuron, ascending. ``sum_bits`` hold every sum there can
    be.
    Reset: the next beat is that of a new sample.
    """

    template = "networks/sums.v.j2"
    component = "sums.Sums"
    kept = "sums of a sample"

    population: str
    neurons: int
    lanes: int
    sum_bits: int
    inputs: tuple[int, ...]

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        return f"currents of the {self.neurons} neurons of {self.population}, exact"

    @property
    def words(self) -> int:
        """Words of the sums."""
        return self.neurons // self.lanes

    @property
    def address_bits(self) -> int:
        """Bits of the number of a word."""
        return index_bits(self.words)

    @property
    def lane_bits(self) -> int:
        """Bits of the number of a lane."""
        return index_bits(self.lanes)

    @property
    def input_bits(self) -> int:
        """Bits of the number of an input."""
        return index_bits(len(self.inputs))

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Products of each projection, and currents."""
        products = (
            Stream(name=f"product_{k}", offered="products are offered", taken=TAKEN, items=product_items(self.lanes, bits))
            for k, bits in enumerate(self.inputs)
        )
        return (
            *products,
            Stream(
                name="current",
                gives=True,
                offered="the current of a neuron is offered",
                taken=TAKEN,
                items=(
                    Item(name="value", bits=self.sum_bits, signed=True, meaning="sum over all its synapses"),
                    Item(name="last", meaning="of the last neuron"),
                ),
            ),
        )

    def memories(self) -> dict[str, tuple[int, int]]:
        """Return the memory of the sums."""
        return {"sums": (self.words, self.lanes * self.sum_bits)}

    def faults(self) -> list[Fault]:
        """Return bugs of adding up."""
        return [
            fault(
                "stale sum",
                "a sum is read while it is written",
                "again",
                "1'b0",
                "" if self.words == 1 else "a word is added to again later, when it is written",
            ),
            fault("not begun anew", "the sums of the last sample are added to", "replace", "1'b0"),
            fault("begun too often", "each row replaces the sums", "replace", "1'b1"),
            fault(
                "sums out of order",
                "sums leave from the word beside",
                "read_word",
                "value ^ (giving ? 1 : 0)",
                "one word" if self.words == 1 else "",
                giving="next_word",
            ),
        ]

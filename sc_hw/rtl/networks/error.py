"""What a readout decides, and how wrong it was."""

from collections.abc import Sequence
from dataclasses import dataclass

from sc_hw_models.rule import index_bits

from ..faults import Fault, fault
from ..stream import Item, Stream
from .block import TAKEN, NetworkBlock, error_items

__all__ = ["ErrorBlock"]

ONE = 256  # of an error
NONE = 144  # sixteenths of an octave from which on an exponential is 0


@dataclass(frozen=True, kw_only=True)
class ErrorBlock(NetworkBlock):
    """Takes the outputs y_k of ``neurons`` neurons, gives the number of the first largest, and the error of each.

    ``target`` is one beat a sample. The decision is offered once all outputs are there. Then, for a sample that learns, the
    errors: softmax or hard as docs/networks.md defines them, of ``error_bits``; one beat that skips for one that does not
    learn, and where no |e_k| reaches ``margin``. Outputs are kept; each pass over them works the errors out again. Reset:
    forgets the sample, and the target that waits.
    """

    template = "networks/error.v.j2"
    component = "error.Error"
    kept = "outputs of a sample"

    neurons: int
    sum_bits: int
    error_bits: int
    softmax: bool
    output_shift: int
    margin: int
    slower_bits: int

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        return f"decision between {self.neurons} classes, and the {'softmax' if self.softmax else 'hard'} error of each"

    @property
    def index_bits(self) -> int:
        """Bits of the number of a class."""
        return index_bits(self.neurons)

    @property
    def total_bits(self) -> int:
        """Bits of the sum of all exponentials."""
        return (ONE * self.neurons).bit_length()

    @property
    def exponentials(self) -> list[int]:
        """256 times 2 to the power of minus sixteenths."""
        return [round(ONE * 2 ** (-k / 16)) for k in range(16)]

    @property
    def reciprocals(self) -> list[int]:
        """What stands for the division by each sixteenth of a sum of exponentials; the largest exponential is in every sum."""
        return [min(ONE, round(16 * ONE / max(n, 16))) for n in range(1 << (self.total_bits - 4))]

    @staticmethod
    def table(values: Sequence[int]) -> str:
        """Return numbers of 16 bits side by side, the first lowest, some in a line."""
        texts = [f"16'd{value}" for value in reversed(values)]
        return ",\n    ".join(", ".join(texts[k : k + 12]) for k in range(0, len(texts), 12))

    @staticmethod
    def by_bits(values: Sequence[int]) -> list[str]:
        """Return a literal for each bit of ``ONE``, the lowest first: that bit of each number, the first number's lowest."""
        size = len(values)
        return [
            f"{size}'h{sum((value >> bit & 1) << n for n, value in enumerate(values)):0{size // 4}x}"
            for bit in range(ONE.bit_length())
        ]

    @property
    def distance_bits(self) -> int:
        """Bits of how far an output is below the largest, scaled; at least those of ``NONE``."""
        return max(self.sum_bits + 1 - self.output_shift, NONE.bit_length() + 1)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What is to be learned, outputs, the decision, and errors."""
        slower = Item(name="slower", bits=self.slower_bits, meaning="octaves by which learning is slowed")
        return (
            Stream(
                name="target",
                offered="a sample's label is offered",
                taken=TAKEN,
                items=(
                    Item(name="label", bits=self.index_bits, meaning="its class"),
                    Item(name="learn", meaning="1: learn it, 0: decide only"),
                    slower,
                ),
            ),
            Stream(
                name="current",
                offered="an output is offered",
                taken=TAKEN,
                items=(
                    Item(name="value", bits=self.sum_bits, signed=True, meaning="sum over all its synapses"),
                    Item(name="last", meaning="of the last class"),
                ),
            ),
            Stream(
                name="decision",
                gives=True,
                several=True,
                period="sample",
                offered="a decision is offered",
                taken=TAKEN,
                items=(Item(name="class", bits=self.index_bits, meaning="the first class with the largest output"),),
            ),
            Stream(
                name="error",
                gives=True,
                offered="the error of a class is offered",
                taken=TAKEN,
                items=error_items(self.error_bits, "target less output, 256 is one", self.slower_bits),
            ),
        )

    def memories(self) -> dict[str, tuple[int, int]]:
        """Return the memory of the outputs."""
        return {"outputs": (self.neurons, self.sum_bits)}

    def faults(self) -> list[Fault]:
        """Return bugs of the decision and of the error."""
        found = [
            fault(
                "last of equals",
                "of equal outputs the last decides",
                "better",
                "value | (current == top)",
                current="current_value",
                top="top_reg",
            ),
            fault("margin", "what is learned is what the margin keeps out", "learns", "~value"),
            fault("error off", "every error is one off", "value_3", "value ^ 1"),
        ]
        if self.softmax:
            found.append(fault("share", "the shares of the softmax are too large", "product", "value + 18'd512"))
        else:
            found.append(fault("not clipped", "an output below 0 is not cut off", "negative", "1'b0"))
        return found

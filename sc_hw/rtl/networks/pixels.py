"""The input of a network: pixels to activities by their addresses, shifted by chance."""

from dataclasses import dataclass

from sc_hw_models.lfsr import Lfsr
from sc_hw_models.rule import index_bits

from ..faults import Fault, fault
from ..stream import Item, Stream
from .block import TAKEN, NetworkBlock

__all__ = ["PixelsBlock"]

PIXEL_BITS, LEVEL_BITS = 8, 5


@dataclass(frozen=True, kw_only=True)
class PixelsBlock(NetworkBlock):
    """Takes a sample's pixels, row by row, and gives the activity 0..16 of each input that is not 0, ascending.

    A sample is ``height`` x ``width`` pixels; ``last`` ends it: what was not sent is 0, what is sent beyond is dropped. Pixel
    (r, c) is added to input (r - crop + dy) // pool, (c - crop + dx) // pool, or to none beyond the sides; dy, dx are of the
    random register for a sample that learns, which then steps, else 0. An input's activity is its sum, rounded. Streams:
    ``pixel`` is taken; ``active`` is ``(row, activity, last)``, where a beat of activity 0 only ends a sample; ``target`` is one
    beat a sample (label, learn, slower), as they came with the sample's first pixel. The next sample begins when the target
    was taken. Reset: forgets the sample under way; the register is its seed.
    """

    template = "networks/pixels.v.j2"
    component = "pixels.Pixels"
    kept = "sums of a row of squares"

    height: int
    width: int
    crop: int
    pool: int
    jitter: int
    seed: int
    label_bits: int
    slower_bits: int

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        return f"{self.height} x {self.width} pixels of a sample to activities"

    @property
    def lfsr(self) -> Lfsr:
        """The shape of the random register of shifts."""
        return Lfsr(16)

    @property
    def margin(self) -> int:
        """Rows and columns of zeros behind the picture, so that squares that a shift leaves unfinished are finished, too."""
        return max(0, self.jitter - self.crop) if self.pool > 1 else 0

    @property
    def inner(self) -> tuple[int, int]:
        """Rows and columns that inputs are made of."""
        return self.height - 2 * self.crop, self.width - 2 * self.crop

    @property
    def squares(self) -> int:
        """Inputs in a row."""
        return self.inner[1] // self.pool

    @property
    def shift(self) -> int:
        """Bits by which a sum of pixels is larger than an activity."""
        return 4 + 2 * (self.pool.bit_length() - 1)

    @property
    def sum_bits(self) -> int:
        """Bits of the sum of a square."""
        return PIXEL_BITS + 2 * (self.pool.bit_length() - 1)

    @property
    def row_bits(self) -> int:
        """Bits of the number of an input."""
        return index_bits(self.inner[0] // self.pool * self.squares)

    @property
    def place_bits(self) -> int:
        """Bits of a signed row or column of the target."""
        return max(6, (max(self.height, self.width) + 2 * self.jitter + self.margin + self.crop).bit_length() + 1)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Pixels, activities, and what is to be learned."""
        told = (
            Item(name="label", bits=self.label_bits, meaning="its class"),
            Item(name="learn", meaning="1: learn it, 0: decide only"),
            Item(name="slower", bits=self.slower_bits, meaning="octaves by which learning is slowed"),
        )
        first = tuple(Item(name=i.name, bits=i.bits, meaning=f"{i.meaning}; read with the sample's first pixel") for i in told)
        return (
            Stream(
                name="pixel",
                several=True,
                period="sample",
                offered="a pixel is offered, row by row",
                taken=TAKEN,
                items=(
                    Item(name="data", bits=PIXEL_BITS, meaning="brightness"),
                    Item(name="last", meaning="last pixel of the sample; what was not sent is 0"),
                    *first,
                ),
            ),
            Stream(
                name="active",
                gives=True,
                offered="an activity is offered",
                taken=TAKEN,
                items=(
                    Item(name="row", bits=self.row_bits, meaning="number of the input, ascending"),
                    Item(name="activity", bits=LEVEL_BITS, meaning="0..16"),
                    Item(name="last", meaning="last beat of the sample"),
                ),
            ),
            Stream(name="target", gives=True, offered="a sample's label is offered", taken=TAKEN, items=told),
        )

    def memories(self) -> dict[str, tuple[int, int]]:
        """Return the sums of a row of squares, where squares are of several pixels."""
        return {"line": (self.squares, self.sum_bits)} if self.pool > 1 else {}

    def faults(self) -> list[Fault]:
        """Return bugs of rounding, of what lands, and of where a sample ends."""
        whole = "" if self.crop or self.jitter else "no pixel lands beyond the sides"
        still = "" if self.jitter else "nothing shifts"
        return [
            fault(
                "not rounded", "an activity is rounded down", "rounded", f"value - {self.sum_bits + 1}'d{2 ** (self.shift - 1)}"
            ),
            fault("beyond the sides", "pixels beyond the sides are not dropped", "lands", "1'b1", whole),
            fault("short sample", "a sample that ends early is not filled with zeros", "ends", "value & sent", sent="sent"),
            fault("not shifted down", "samples are shifted to one side only", "down", "12'd0", still),
            fault("one input on", "activities go to the input beside", "input_number", "value ^ 1"),
        ]

"""The way of the error back to hidden neurons: what each of them is told."""

from dataclasses import dataclass, field

from sc_hw_models.rule import index_bits

from ..faults import Fault, fault
from ..stream import Item, Stream
from .block import TAKEN, NetworkBlock, error_items

__all__ = ["FeedbackBlock"]


@dataclass(frozen=True, kw_only=True)
class FeedbackBlock(NetworkBlock):
    """Gives the learning signal of each of ``neurons`` neurons: the errors brought back, times 2^``gain``, times the slope.

    ``error`` is one beat of each of ``classes`` classes, or one that skips, which goes on as it is. ``slope`` comes before, a
    beat a neuron. What brings the errors back is ``row``, ``lanes`` weights of ``weight_bits`` a beat, rows ascending, or the
    fixed ``signs``, one word of ``lanes`` of them for each beat, 1 for +1. The signal saturates in ``signal_bits``.
    Reset: forgets the sample.
    """

    template = "networks/feedback.v.j2"
    component = "feedback.Feedback"
    kept = "slopes of a sample"
    filled = ("signs",)

    population: str
    neurons: int
    classes: int
    lanes: int
    weight_bits: int
    error_bits: int
    signal_bits: int
    gain: int
    slower_bits: int
    signs: tuple[int, ...] = field(default=(), repr=False)

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        way = "by fixed random signs" if self.signs else "on the weights of their own projection"
        return f"learning signals of the {self.neurons} neurons of {self.population}: errors brought back {way}"

    @property
    def words(self) -> int:
        """Beats of a neuron."""
        return self.classes // self.lanes

    @property
    def product_bits(self) -> int:
        """Bits of an error times a weight or a sign."""
        return self.error_bits + (1 if self.signs else self.weight_bits)

    @property
    def sum_bits(self) -> int:
        """Bits of the errors brought back."""
        return self.product_bits + (self.classes - 1).bit_length()

    @property
    def scaled_bits(self) -> int:
        """Bits of the same times the gain, more than those of a signal."""
        return max(self.sum_bits + max(self.gain, 0), self.signal_bits + 1)

    @property
    def word_bits(self) -> int:
        """Bits of the number of a beat of a neuron."""
        return index_bits(self.words)

    @property
    def lane_bits(self) -> int:
        """Bits of the number of a lane."""
        return index_bits(self.lanes)

    @property
    def neuron_bits(self) -> int:
        """Bits of the number of a neuron."""
        return index_bits(self.neurons)

    @property
    def sign_bits(self) -> int:
        """Bits of the address of a word of signs."""
        return index_bits(self.neurons * self.words)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Slopes, errors, what brings them back, and signals."""
        row = (
            ()
            if self.signs
            else (
                Stream(
                    name="row",
                    offered="weights of a neuron are offered",
                    taken=TAKEN,
                    items=(Item(name="weights", bits=self.lanes * self.weight_bits, meaning="signed, lane 0 lowest"),),
                ),
            )
        )
        return (
            Stream(
                name="slope",
                offered="the slope of a neuron is offered",
                taken=TAKEN,
                items=(
                    Item(name="value", meaning="1: a little more current would give more spikes"),
                    Item(name="last", meaning="of the last neuron"),
                ),
            ),
            Stream(
                name="error",
                offered="the error of a class is offered",
                taken=TAKEN,
                items=error_items(self.error_bits, "target less output, 256 is one", self.slower_bits),
            ),
            *row,
            Stream(
                name="signal",
                gives=True,
                offered="the learning signal of a neuron is offered",
                taken=TAKEN,
                items=error_items(self.signal_bits, "how wrong the neuron was", self.slower_bits),
            ),
        )

    def memories(self) -> dict[str, tuple[int, int]]:
        """Return the memory of the slopes, and of the signs where there are any."""
        return {"slopes": (self.neurons, 1)} | ({"signs": (self.neurons * self.words, self.lanes)} if self.signs else {})

    def faults(self) -> list[Fault]:
        """Return bugs of what is brought back."""
        return [
            fault("signal off", "a signal is one off", "saturated", "value ^ 1"),
            fault(
                "slope of another",
                "slopes are kept for the neuron beside",
                "kept_place",
                "value ^ 1",
                "one neuron" if self.neurons == 1 else "",
            ),
            fault(
                "last weights only",
                "only the last weights of a neuron bring errors back",
                "word_first",
                "1'b1",
                "a neuron is one beat" if self.words == 1 else "",
            ),
        ]

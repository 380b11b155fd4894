"""Synapses of a projection: their memory, the pass over the rows that are active, and the sweep that learns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sc_hw_models.rule import Field, index_bits

from ..bank import Bank, bank_of
from ..design import CoreDesign
from ..faults import Fault, fault
from ..instances import Instance
from ..port import IDLE, Port
from ..stream import Item, Stream
from .block import HOLD, STILL, TAKEN, NetworkBlock, answer_stream, error_items
from .host import access_items
from .sums import product_items

__all__ = ["ProjectionBlock"]


@dataclass(frozen=True, kw_only=True)
class ProjectionBlock(NetworkBlock):
    """Synapses from ``rows`` presynaptic neurons, the bias last, to ``neurons`` neurons, ``lanes`` of them in a word.

    For each sample: ``active`` lists the rows that are active; beats of activity 0 are left out, the bias is added. When the
    list is whole, its rows are read in that order, a row word by word, and ``product`` gives activity times weight, at least
    the products of one row, of 0 where nothing is active. With a ``core``, the design of a lane of its rule, ``signal`` then
    brings the learning signal of each neuron, or a beat that skips. With ``gives_rows`` all rows but the bias then leave as
    ``row``. Then the rows of the list are swept: word by word through the lanes and back to memory; each lane's random register
    steps with every word. ``buffers`` lists may wait: with two the next sample comes in meanwhile; ``hold`` keeps it from
    beginning.
    ``access`` reads or writes a synapse while no sample is under way, and is taken when that is done; where the kind of
    consolidation is told of the end of a task, an access with ``consolidate`` sweeps every row once with it instead. A kind that
    pulls has every row in its list, those that were not sent with activity 0. Reset: forgets lists and
    sample; synapses stay as they are, random registers are at their ``seeds``.
    """

    template = "networks/projection.v.j2"
    component = "projection.ProjectionUnit"
    kept = "synapses of a projection"
    filled = ("synapses",)

    projection: str
    rows: int
    neurons: int
    lanes: int
    bias: int
    row_bits: int
    activity_bits: int
    given_bits: int
    weight_bits: int
    weight_low: int = 0
    synapse_bits: int
    core: CoreDesign | None = None
    seeds: tuple[int, ...] = ()
    signal_bits: int = 0
    octaves: int = 0
    slower_bits: int = 1
    gives_rows: bool = False
    buffers: int = 1
    held: bool = False
    initial: tuple[int, ...] = field(default=(), repr=False)

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        what = f"learn by {self.core.spec.rule}" if self.core else "stay as they are"
        return f"{self.rows} x {self.neurons} synapses of {self.projection}, which {what}"

    @property
    def words(self) -> int:
        """Words of a row."""
        return self.neurons // self.lanes

    def bank(self, chosen: Mapping[str, int]) -> Bank:
        """Return what the host reads and writes; ``chosen`` are the items of an access that lead here."""
        units = self.rows * self.neurons
        if self.core:
            return bank_of(self.core.spec, units, self.lanes, chosen=chosen)
        weight = Field(name="weight", bits=self.weight_bits, signed=True, meaning="weight")
        lows, bits = {weight.name: self.weight_low}, self.synapse_bits
        return Bank(units=units, lanes=self.lanes, fields=(weight,), lows=lows, bits=bits, chosen=chosen)

    @property
    def word_bits(self) -> int:
        """Bits of the number of a word in its row."""
        return index_bits(self.words)

    @property
    def number_bits(self) -> int:
        """Bits of the number of a row, the bias included."""
        return index_bits(self.rows)

    @property
    def count_bits(self) -> int:
        """Bits of the number of an entry of a list, and of how many there are."""
        return self.rows.bit_length()

    @property
    def address_bits(self) -> int:
        """Bits of the address of a word."""
        return index_bits(self.rows * self.words)

    @property
    def list_bits(self) -> int:
        """Bits of the address of an entry in the memory of lists."""
        return index_bits(self.rows * self.buffers)

    @property
    def lane_bits(self) -> int:
        """Bits of the number of a lane; 0 for one lane."""
        return (self.lanes - 1).bit_length()

    @property
    def product_bits(self) -> int:
        """Bits of an activity times a weight."""
        return self.weight_bits + self.activity_bits

    @property
    def access(self) -> tuple[int, int, int]:
        """Bits of an address, a lane and a synapse, as the host's accesses have them."""
        return self.address_bits, self.lane_bits, self.synapse_bits

    @property
    def consolidates(self) -> bool:
        """Whether the end of a task is a command to it."""
        return self.core is not None and bool(self.core.spec.step_inputs)

    @property
    def every_row(self) -> bool:
        """Whether rows change that are not active, so that all are in the list."""
        return self.core is not None and bool(self.core.config.kind.pulls)

    @property
    def shifted_bits(self) -> int:
        """Bits of a signal as the rule takes it: with the octaves of the schedule."""
        return self.signal_bits + self.octaves

    @cached_property
    def latency(self) -> int:
        """Clocks of a lane."""
        return self.core.spec.latency if self.core else 0

    @property
    def signals(self) -> tuple[Port, ...]:
        """Whether nothing is under way or waits; of a projection from the input also what keeps samples from beginning."""
        return (HOLD, STILL, IDLE) if self.held else (IDLE,)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The list, products, signals, rows, accesses and what they read."""
        learns = (
            Stream(
                name="signal",
                offered="the signal of a neuron is offered",
                taken=TAKEN,
                items=error_items(self.signal_bits, "how wrong the neuron was", self.slower_bits),
            ),
        )
        rows = (
            Stream(
                name="row",
                gives=True,
                offered="weights of a row are offered",
                taken=TAKEN,
                items=(Item(name="weights", bits=self.lanes * self.weight_bits, meaning="signed, lane 0 lowest"),),
            ),
        )
        return (
            Stream(
                name="active",
                offered="an activity is offered",
                taken=TAKEN,
                items=(
                    Item(name="row", bits=self.row_bits, meaning="number of the presynaptic neuron, ascending"),
                    Item(name="activity", bits=self.given_bits, meaning="what it sent"),
                    Item(name="last", meaning="last beat of the sample"),
                ),
            ),
            Stream(
                name="product",
                gives=True,
                offered="products are offered",
                taken=TAKEN,
                items=product_items(self.lanes, self.product_bits),
            ),
            *(learns if self.core else ()),
            *(rows if self.gives_rows else ()),
            Stream(
                name="access",
                offered="an access is offered",
                taken="it is done at this clock edge",
                items=access_items(*self.access, consolidates=self.consolidates),
            ),
            answer_stream("answer", self.synapse_bits),
        )

    def memories(self) -> dict[str, tuple[int, int]]:
        """Return the synapses, the lists of active rows, and the signals of a sample."""
        found = {
            "synapses": (self.rows * self.words, self.lanes * self.synapse_bits),
            "list": (self.rows * self.buffers, self.number_bits + self.activity_bits),
        }
        return found | ({"signals": (self.words, self.lanes * self.shifted_bits)} if self.core else {})

    def instances(self) -> dict[str, Instance]:
        """Return memories, lanes and their datapaths inside, by place; a lane is called after the block."""
        found = super().instances()
        for lane in range(self.lanes) if self.core else ():
            found[f"lane_{lane}"] = Instance(module=f"{self.name}_lane")
            found[f"lane_{lane}.datapath"] = Instance(module=f"{self.name}_datapath")
        return found

    def faults(self) -> list[Fault]:
        """Return bugs of the passes, the lists, the host's access and, where it learns, of the sweep."""
        found = [
            fault("word beside", "products are of the word beside", "place_1", "value ^ 1"),
            fault(
                "row left out",
                "the last row of a list is left out",
                "entry_last",
                f"value | ((entry + {self.count_bits}'d1 == last) & sweeping)",
                entry="entry_reg",
                last="last_entry",
                sweeping="passing",
            ),
            fault("host write lost", "what the host writes is lost", "write_host", "1'b0"),
        ]
        if not self.every_row:
            found.append(fault("silent rows listed", "rows of activity 0 are listed, too", "store", "value | take", take="take"))
        if self.bias:
            found.append(fault("no bias", "the bias is the activity of the row before", "entry", "value ^ 1"))
        if not self.core:
            return found
        return [
            *found,
            fault("nothing learned", "words of a sweep are not written", "write_learned", "1'b0"),
            fault(
                "written beside",
                "words of a sweep are written one address off",
                "write_address",
                "learned ? value ^ 1 : value",
                learned="write_learned",
            ),
            fault("signals lost", "signals are those of the sample before", "keep", "1'b0"),
            fault(
                "not slowed",
                "the schedule does not slow learning",
                "slow",
                f"{self.slower_bits}'d0",
                "" if self.octaves else "there are no octaves",
            ),
            fault(
                "product off",
                "the rule's product is too large by a unit of the weight",
                "datapath.product",
                f"value + {self.shifted_bits + self.activity_bits}'d{1 << self.core.config.learning_shift}",
            ),
            *([fault("noise", "the random register makes other bits", "random.bits", "~value")] if self.core.spec.lfsr else []),
            *(self._task_faults() if self.consolidates else []),
            *([fault("nothing pulled", "rows that were not sent are left out", "gap", "1'b0")] if self.every_row else []),
        ]

    def _task_faults(self) -> list[Fault]:
        """Return bugs of the sweep that ends a task."""
        bits = self.count_bits
        return [
            fault("task not ended", "the end of a task goes through the lanes as any sample does", "end_of_task", "1'b0"),
            fault("always a task", "every sweep ends a task", "end_of_task", "1'b1"),
            fault(
                "task cut short",
                "the last row is left out at the end of a task",
                "entry_last",
                f"value | (ending & (entry + {bits}'d1 == {bits}'d{self.rows - 1}))",
                "" if self.rows > 1 else "there is one row",
                entry="entry_reg",
                ending="in_task",
            ),
            fault(
                "task of the list",
                "at the end of a task rows are taken from the list",
                "own_row",
                "1'b0",
                "the list has every row" if self.every_row else "",
            ),
        ]

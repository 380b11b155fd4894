"""The queues behind the lanes, in which results wait: what is to be built of them."""

from dataclasses import dataclass
from typing import Any, ClassVar

from sc_hw_models.rule import Field, index_bits

from .design import CoreDesign
from .faults import Fault, fault
from .instances import Instance, memory_instance
from .port import Port, input_port, output_port
from .stream import Item, Stream, Watch

__all__ = ["QueueDesign", "queue_faults", "queue_of"]


@dataclass(frozen=True, kw_only=True)
class QueueDesign:
    """A queue for each of ``groups`` of lanes, of ``slots`` beats, a power of two, of ``data_bits``; ``name`` is the module's.

    The queues move together: each has counters of its own, so that none has to reach all lanes, and the first one's count. A
    beat holds the last flag, then each of ``fields`` of every lane of a whole group.
    """

    name: str
    slots: int
    data_bits: int
    groups: tuple[range, ...]
    fields: tuple[Field, ...]

    def places(self, group: range) -> list[tuple[Field, int, int, int]]:
        """Return where the fields of a group's lanes lie: in a beat from which bit, how many bits, and how many unused above."""
        result, low = [], 1
        for f in self.fields:
            bits, missing = f.bits * len(group), f.bits * (len(self.groups[0]) - len(group))
            result.append((f, low, bits, missing))
            low += bits + missing
        return result

    @property
    def slot_bits(self) -> int:
        """Bits of the number of a slot."""
        return index_bits(self.slots)

    @property
    def one(self) -> str:
        """The number one in the width of a count of beats, for templates."""
        return f"{self.slot_bits + 1}'d1"

    @property
    def zero(self) -> str:
        """The number zero in the width of a count of beats, for templates."""
        return f"{self.slot_bits + 1}'d0"

    # What it is to a bench and a proof of it alone.
    component: ClassVar[str] = "result_queue.ResultQueue"
    harness: ClassVar[str] = "queue"
    template: ClassVar[str] = "lib/queue.v.j2"
    golden: ClassVar[str] = "queue"
    watches: ClassVar[tuple[Watch, ...]] = (
        Watch(name="reserve", moves="reserve", ready="room"),
        Watch(name="push", moves="push", items=("push_data",)),
    )

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        return f"{self.slots} results wait here, so that the lanes never have to"

    @property
    def settings(self) -> dict[str, Any]:
        """The numbers of its golden model."""
        return {"slots": self.slots, "data_bits": self.data_bits}

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The beats as they leave; how they come is no stream."""
        data = Item(name="data", bits=self.data_bits, meaning="the beat, as it was pushed")
        return (Stream(name="result", gives=True, offered="a beat is offered", taken="it is taken", items=(data,)),)

    def instances(self) -> dict[str, Instance]:
        """Return the module inside that is proven apart: its memory."""
        return {"memory": memory_instance(f"{self.name}_memory", self.data_bits, self.slots, self.data_bits)}

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the module."""
        return (
            input_port("clk", meaning="clock, rising edge"),
            input_port("rst", meaning="synchronous reset, of control only"),
            output_port("room", meaning="a slot is free"),
            input_port("reserve", meaning="a free slot is promised to a beat that will be pushed"),
            input_port("push", meaning="a beat comes for which a slot was reserved"),
            input_port("push_data", self.data_bits, meaning="the beat: outputs of every lane, and in bit 0 the last flag"),
            output_port("waiting", meaning="beats that were promised a slot have not left"),
            output_port("result_valid", meaning="a beat is offered"),
            input_port("result_ready", meaning="the beat is taken at this clock edge"),
            output_port("result_data", self.data_bits, meaning="the beat, as it was pushed"),
        )


def queue_of(design: CoreDesign) -> QueueDesign | None:
    """Return the queues of a core; ``None`` where a result that waits stops the lanes."""
    if not design.queued:
        return None
    return QueueDesign(
        name=f"{design.name}_queue",
        slots=design.queue_slots,
        data_bits=design.queue_bits,
        groups=tuple(design.lane_groups),
        fields=design.spec.outputs,
    )


def queue_faults(design: CoreDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants in the queue of a core, if it has one."""
    queue = queue_of(design)
    if queue is None:
        return []
    top = queue.slot_bits
    short = "" if design.words > 2 * queue.slots else "short sweeps: hardly any clock is lost"

    return [
        fault("queue overflows", "events are taken though no slot is free", "queue.room", "1'b1"),
        fault(
            "half the queue",
            "only half of the slots are used, so that the lanes idle",
            "queue.room",
            f"~(promised[{top}] | promised[{top - 1}])",
            short,
            promised="promised_reg",
        ),
        fault("result overwritten", "a result that waits is overwritten by the next", "queue.move", "1'b1"),
        fault("reset keeps results", "a reset leaves results in the queue", "result_queue_0.rst", "1'b0"),
        fault("queue forgets to wait", "the core says it is idle while results wait", "queue.waiting", "1'b0"),
    ]

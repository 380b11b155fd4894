"""What stands between cores: the fan-out, which stores the beats of one stream and plays them for every beat of another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sc_hw_models.rule import index_bits

from .faults import Fault, fault, marks_faults
from .instances import Instance, memory_instance
from .port import CONTROLLED, Port
from .stream import LAST, Item, Stream, Watch

__all__ = ["FanoutDesign", "fanout_faults"]


@dataclass(frozen=True, kw_only=True)
class FanoutDesign:
    """``words`` beats of ``stored_bits`` each are stored in a timestep, then played for each of ``rounds`` beats.

    With ``skips`` a played beat may skip its round: then one beat tells so. ``name`` is that of the module; ``stored`` and
    ``played`` say in words what the beats are. Of the streams ``checked`` the last beats of a timestep are marked.
    """

    component: ClassVar[str] = "fanout.Fanout"
    harness: ClassVar[str] = "fanout"
    golden: ClassVar[str] = "fanout"
    watches: ClassVar[tuple[Watch, ...]] = ()
    template: ClassVar[str] = "lib/fanout.v.j2"
    kept: ClassVar[str] = "what is stored of one timestep"
    behind: ClassVar[Mapping[str, str]] = {"played": "stored"}

    name: str
    words: int
    stored_bits: int
    rounds: int
    played_bits: int
    stored: str
    played: str
    skips: bool = False
    checked: frozenset[str] = frozenset()

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        return f"what {self.stored} give, for every one of {self.played}"

    @property
    def settings(self) -> dict[str, Any]:
        """The numbers of its golden model."""
        own = ("words", "rounds", "stored_bits", "played_bits", "skips")
        return {name: getattr(self, name) for name in own} | {"checked": sorted(self.checked)}

    @property
    def address_bits(self) -> int:
        """Bits of a word address, at least 1."""
        return index_bits(self.words)

    @property
    def round_bits(self) -> int:
        """Bits of the number of a round, at least 1."""
        return index_bits(self.rounds)

    @property
    def memory_bits(self) -> int:
        """Bits of its memory."""
        return self.words * self.stored_bits

    def instances(self) -> dict[str, Instance]:
        """Return the module inside that is proven apart: its memory."""
        return {"memory": memory_instance(f"{self.name}_memory", self.stored_bits, self.words, self.stored_bits)}

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What is stored, what is played, and the beats that come of both."""
        taken = "it is taken at this clock edge"
        skip = (Item(name="skip", meaning="1: its round is one beat"),) if self.skips else ()
        last = (Item(name=LAST, meaning="last beat of the timestep"),)
        only = (Item(name="skip", meaning="1: the only beat of a round that is skipped"),) if self.skips else ()
        return (
            Stream(
                name="stored",
                several=True,
                beats=self.words if "stored" in self.checked else 0,
                offered="a beat to store is offered",
                taken=taken,
                items=(
                    *last * ("stored" in self.checked),
                    Item(name="data", bits=self.stored_bits, meaning=f"what {self.stored} give, some in a beat"),
                ),
            ),
            Stream(
                name="played",
                several=True,
                beats=self.rounds if "played" in self.checked else 0,
                offered="a beat to play is offered",
                taken=f"{taken}, with the last word",
                items=(
                    *last * ("played" in self.checked),
                    Item(name="data", bits=self.played_bits, meaning=f"what one of {self.played} gives"),
                    *skip,
                ),
            ),
            Stream(
                name="beat",
                gives=True,
                several=True,
                offered="a beat for the synapses is offered",
                taken=taken,
                items=(
                    Item(name="stored", bits=self.stored_bits, meaning="a beat as it was stored"),
                    Item(name="played", bits=self.played_bits, meaning="the beat that is played"),
                    *only,
                ),
            ),
        )

    @property
    def signals(self) -> tuple[Port, ...]:
        """Ports of no stream: what breach there was of those that are checked."""
        return tuple(port for stream in self.streams for port in stream.signals())

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the module."""
        return (*CONTROLLED, *(port for stream in self.streams for port in stream.ports()), *self.signals)

    # Verilog pieces, so that templates hold no arithmetic.

    def address_literal(self, address: int) -> str:
        """Return a word address as a sized literal."""
        return f"{self.address_bits}'d{address}"

    def round_literal(self, number: int) -> str:
        """Return the number of a round as a sized literal."""
        return f"{self.round_bits}'d{number}"


def fanout_faults(fanout: FanoutDesign, *, waits: bool = False) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants in the fan-out ``fan_out`` of a core, and in how it is reset.

    ``waits`` when the next timestep's beats are not offered before this one's are played.
    """
    alone = "a round" if fanout.rounds == 1 else ""

    return [
        fault("beat not held", "a beat that waits for the synapses is overwritten by the next", "fanout.move", "1'b1"),
        fault(
            "stored while played",
            f"the next of {fanout.stored} is stored before this one is played",
            "fanout.stored_ready",
            "1'b1",
            "the next timestep begins when this one is played" if waits else "",
        ),
        fault(
            "one round short",
            f"the last of {fanout.played} is left out",
            "fanout.last_round",
            f"round == {fanout.round_literal(max(0, fanout.rounds - 2))}",
            alone,
            round="round_reg",
        ),
        fault(
            "input early",
            f"a beat carries what {fanout.played} have on offer",
            "fanout.beat_played",
            "played",
            alone,
            played="played_data",
        ),
        fault(
            "word reused",
            f"every beat carries the first of {fanout.stored}",
            "fanout.read_address",
            "0",
            "one word" if fanout.words == 1 else "",
        ),
        fault("reset ignored", "a reset keeps what was stored", "fan_out.rst", "1'b0"),
        *marks_faults(fanout.streams, "fanout"),
    ]

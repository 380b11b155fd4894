"""What stands between cores: the fan-out, which stores the beats of one stream and plays them for every beat of another."""

from dataclasses import dataclass

from sc_hw_models.rule import index_bits

from .design import Port, input_port, output_port
from .faults import Fault, fault
from .instances import Instance, memory_instance

__all__ = ["FanoutDesign", "fanout_faults"]


@dataclass(frozen=True, kw_only=True)
class FanoutDesign:
    """``words`` beats of ``stored_bits`` each are stored in a timestep, then played for each of ``rounds`` beats.

    With ``skips`` a played beat may skip its round: then one beat tells so. ``name`` is that of the module; ``stored`` and
    ``played`` say in words what the beats are.
    """

    name: str
    words: int
    stored_bits: int
    rounds: int
    played_bits: int
    stored: str
    played: str
    skips: bool = False

    @property
    def purpose(self) -> str:
        """What the module does, in a line."""
        return f"what {self.stored} give, for every one of {self.played}"

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

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the module."""
        return (
            input_port("clk", meaning="clock, rising edge"),
            input_port("rst", meaning="synchronous reset, of control only"),
            input_port("stored_valid", meaning="a beat to store is offered"),
            output_port("stored_ready", meaning="it is taken at this clock edge"),
            input_port("stored_data", self.stored_bits, meaning=f"what {self.stored} give, some in a beat"),
            input_port("played_valid", meaning="a beat to play is offered"),
            output_port("played_ready", meaning="it is taken at this clock edge, with the last word"),
            input_port("played_data", self.played_bits, meaning=f"what one of {self.played} gives"),
            *([input_port("played_skip", meaning="1: its round is one beat")] if self.skips else []),
            output_port("beat_valid", meaning="a beat for the synapses is offered"),
            input_port("beat_ready", meaning="it is taken at this clock edge"),
            output_port("beat_stored", self.stored_bits, meaning="a beat as it was stored"),
            output_port("beat_played", self.played_bits, meaning="the beat that is played"),
            *([output_port("beat_skip", meaning="1: the only beat of a round that is skipped")] if self.skips else []),
        )

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
        fault("stored while played", f"the next of {fanout.stored} is stored before this one is played", "fanout.stored_ready",
              "1'b1", "the next timestep begins when this one is played" if waits else ""),
        fault("one round short", f"the last of {fanout.played} is left out", "fanout.last_round",
              f"round == {fanout.round_literal(max(0, fanout.rounds - 2))}", alone, round="round_reg"),
        fault("input early", f"a beat carries what {fanout.played} have on offer", "fanout.beat_played", "played", alone,
              played="played_data"),
        fault("word reused", f"every beat carries the first of {fanout.stored}", "fanout.read_address", "0",
              "one word" if fanout.words == 1 else ""),
        fault("reset ignored", "a reset keeps what was stored", "fan_out.rst", "1'b0"),
    ]  # fmt: skip

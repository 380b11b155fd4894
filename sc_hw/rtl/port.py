"""Ports of emitted modules."""

from dataclasses import dataclass

__all__ = ["ABLE", "CLOCKED", "CONTROLLED", "IDLE", "OTHERS", "Port", "input_port", "output_port"]


@dataclass(frozen=True, kw_only=True)
class Port:
    """One port of an emitted module; its ``meaning`` stands behind it in the Verilog."""

    name: str
    direction: str
    bits: int = 1
    signed: bool = False
    meaning: str = ""

    @property
    def high(self) -> int:
        """Index of the top bit."""
        return self.bits - 1


def input_port(name: str, bits: int = 1, *, signed: bool = False, meaning: str = "") -> Port:
    """Return an input of a module."""
    return Port(name=name, direction="input", bits=bits, signed=signed, meaning=meaning)


def output_port(name: str, bits: int = 1, *, signed: bool = False, meaning: str = "") -> Port:
    """Return an output of a module."""
    return Port(name=name, direction="output", bits=bits, signed=signed, meaning=meaning)


CLOCKED = (
    input_port("clk", meaning="clock, rising edge"),
    input_port("rst", meaning="synchronous reset: drops the sweep under way, keeps the memory"),
)
CONTROLLED = (CLOCKED[0], input_port("rst", meaning="synchronous reset, of control only"))
IDLE = output_port("idle", meaning="no sweep or host access under way")
# Of a core that takes its commands together with others, all in one clock: each is shown a command before all can take it.
ABLE = output_port("command_able", meaning="a command could be taken here at this clock edge")
OTHERS = input_port("command_others", meaning="it could be taken everywhere else, too; 1 where there is nobody else")

"""How long operations take on a device: a table of nanoseconds, calibrated by place and route (docs/compiler.md)."""

from dataclasses import dataclass

from ..errors import UserError
from ..targets import Target
from .node import Node, one_sided

__all__ = ["WIRES", "Delays"]

WIRES = {"var", "const", "shl", "shr", "low", "cat", "comp", "rev", "minus", "not"}


@dataclass(frozen=True, kw_only=True)
class Delays:
    """Nanoseconds, each with the routing to it: a level of look-up tables, a carry chain and each bit of it, a multiplier.

    ``overhead`` is a register's own. A product that fits ``dsp`` (bits of both operands) takes ``mul``; another is made of
    carry chains. ``clock`` in MHz is what the device is compiled for when nothing else is asked.
    """

    overhead: float
    lut: float
    chain: float
    carry: float
    mul: float
    dsp: tuple[int, int]
    clock: float

    @classmethod
    def of_target(cls, target: Target) -> "Delays":
        """Return the delays of a device. Errors: ``UserError`` for one whose delays are not known."""
        if target.delays is None:
            raise UserError(
                f"--target {target.name}: has no delays to compile for; allowed are those with [delays] in their file"
            )
        table = dict(target.delays)
        return cls(dsp=tuple(table.pop("dsp")), **table)

    def of(self, node: Node) -> float:
        """Return how long a node takes from its latest argument."""
        kind, bits = node.operation, node.bits
        if kind in WIRES:
            return 0.0
        if kind in ("add", "sub"):
            return self.chain + self.carry * bits
        if kind == "lt":
            a, b = node.arguments
            if b.constant and b.low == 0:
                return 0.0  # the sign
            return self.chain + self.carry * max(a.bits, b.bits) if not b.constant else self.lut * _levels(a.bits)
        if kind == "mul":
            narrow, wide = sorted(argument.bits for argument in node.arguments)
            if narrow <= self.dsp[0] and wide <= self.dsp[1]:
                return self.mul
            rows = max(1, (narrow - 1).bit_length() / 1.5)
            return (self.mul if self.dsp[0] else self.lut) + (self.chain + self.carry * wide) * rows
        if kind == "clamp":
            given = node.arguments[0].bits
            if node.arguments[0].signed and one_sided(node):
                return self.lut  # the sign forces it to 0
            return self.lut * (_levels(max(1, given - node.bits + node.signed)) + 1)
        if kind in ("any", "eq"):
            return self.lut * _levels(node.arguments[0].bits)
        if kind in ("and", "or"):
            return self.lut * _levels(len(node.arguments))
        return self.lut


def _levels(inputs: int) -> int:
    """Return the levels of look-up tables with four inputs."""
    levels, reach = 1, 4
    while reach < inputs:
        levels, reach = levels + 1, reach * 4
    return levels

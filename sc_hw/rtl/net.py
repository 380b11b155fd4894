"""Combinational expressions over named nets, said once and read three ways: as Verilog, as Amaranth, and by a proof.

Only what joins blocks: parts of a net, nets side by side, a net several times, and conditions of single bits.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from .text import concat, repeat, select

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Both",
    "Either",
    "Expression",
    "Join",
    "Net",
    "Not",
    "Part",
    "Some",
    "Times",
    "amaranth_value",
    "both",
    "join",
    "nets_of",
    "part",
    "times",
    "verilog_text",
]


@dataclass(frozen=True)
class Net:
    """A wire or a port of a top module, of ``bits`` bits."""

    name: str
    bits: int = 1


@dataclass(frozen=True)
class Part:
    """Bits ``high`` to ``low`` of a net."""

    of: Net
    high: int
    low: int

    @property
    def bits(self) -> int:
        """Its width."""
        return self.high - self.low + 1


@dataclass(frozen=True)
class Join:
    """Expressions side by side, the first in the lowest bits."""

    parts: tuple["Expression", ...]

    @property
    def bits(self) -> int:
        """Its width."""
        return sum(value.bits for value in self.parts)


@dataclass(frozen=True)
class Times:
    """An expression ``copies`` times."""

    of: "Expression"
    copies: int

    @property
    def bits(self) -> int:
        """Its width."""
        return self.of.bits * self.copies


@dataclass(frozen=True)
class Both:
    """Whether all of several conditions hold; of none, 1."""

    parts: tuple["Expression", ...]
    bits: int = 1


@dataclass(frozen=True)
class Either:
    """Whether one of several conditions holds; of none, 0."""

    parts: tuple["Expression", ...]
    bits: int = 1


@dataclass(frozen=True)
class Not:
    """Whether a condition does not hold."""

    of: "Expression"
    bits: int = 1


@dataclass(frozen=True)
class Some:
    """Whether any bit is 1."""

    of: "Expression"
    bits: int = 1


Expression = Net | Part | Join | Times | Both | Either | Not | Some


def part(of: Net, high: int, low: int) -> Expression:
    """Return bits of a net, which are the net itself when they are all of it."""
    return of if high - low + 1 == of.bits else Part(of, high, low)


def join(parts: Iterable[Expression]) -> Expression:
    """Return expressions side by side, the first lowest; of one, itself."""
    values = tuple(parts)
    return values[0] if len(values) == 1 else Join(values)


def times(of: Expression, copies: int) -> Expression:
    """Return an expression several times; once, itself."""
    return of if copies == 1 else Times(of, copies)


def both(*parts: Expression) -> Expression:
    """Return whether all conditions hold; of one, itself."""
    return parts[0] if len(parts) == 1 else Both(parts)


def nets_of(value: Expression) -> list[Net]:
    """Return the nets that an expression reads, each once, in order."""
    match value:
        case Net():
            return [value]
        case Part(of=inner) | Times(of=inner) | Not(of=inner) | Some(of=inner):
            return nets_of(inner)
        case Join(parts=parts) | Both(parts=parts) | Either(parts=parts):
            return list(dict.fromkeys(net for inner in parts for net in nets_of(inner)))


def verilog_text(value: Expression, named: Callable[[str], str] = str) -> str:
    """Return an expression as Verilog; ``named`` gives what stands for a net."""

    def text(inner: Expression) -> str:
        return verilog_text(inner, named)

    def operand(inner: Expression) -> str:
        bracketed = isinstance(inner, Some) or (isinstance(inner, Both | Either) and inner.parts)
        return f"({text(inner)})" if bracketed else text(inner)

    match value:
        case Net(name=name):
            return named(name)
        case Part(of=of, high=high, low=low):
            return select(named(of.name), of.bits, high, low)
        case Join(parts=parts):
            return concat([text(inner) for inner in reversed(parts)])
        case Times(of=of, copies=copies):
            return repeat(copies, text(of))
        case Both(parts=parts):
            return " & ".join(map(operand, parts)) or "1'b1"
        case Either(parts=parts):
            return " | ".join(map(operand, parts)) or "1'b0"
        case Not(of=of):
            return f"~{operand(of)}"
        case Some(of=of):
            return f"|{operand(of)}"


def amaranth_value(value: Expression, signals: "Mapping[str, Any]") -> Any:
    """Return an expression as a value of Amaranth, given the signal of each net."""
    from amaranth.hdl import Cat, Const

    def inner(one: Expression) -> Any:
        return amaranth_value(one, signals)

    match value:
        case Net(name=name):
            return signals[name]
        case Part(of=of, high=high, low=low):
            return signals[of.name][low : high + 1]
        case Join(parts=parts):
            return Cat(inner(one) for one in parts)
        case Times(of=of, copies=copies):
            return inner(of).replicate(copies)
        case Both(parts=parts):
            return reduce(and_, map(inner, parts)) if parts else Const(1)
        case Either(parts=parts):
            return reduce(or_, map(inner, parts)) if parts else Const(0)
        case Not(of=of):
            return ~inner(of)
        case Some(of=of):
            return inner(of).any()

"""Operations of hardware on exact integers: what a step's terms are rewritten into, each with the interval of its value.

A node is an integer, not a bit vector: its interval says how many bits hold it and whether one of them is a sign, so nothing
wraps. Equal nodes of one ``Nodes`` are one object.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sc_hw_models.term import signed_bits

__all__ = ["Node", "Nodes", "decided_by_one_lut", "evaluated", "in_order", "one_sided", "value"]

Detail = Any
Interval = tuple[int, int]

# Operation, arguments, detail: its value.
#   var            name        an input
#   const          value
#   lin  x...      coefs, k    k + sum of coefficient times argument; only before sums are laid out
#   add  a b c                 a + b + c with a carry c of one bit
#   sub  a b c                 a - b - c
#   mul  a b                   a * b
#   shl  a         k           a * 2^k
#   shr  a         k           floor(a / 2^k)
#   low  a         k           a modulo 2^k
#   cat  a b       k           a * 2^k + b, where b has k bits
#   comp a         k           2^k - 1 - a, where a has k bits: every bit inverted
#   rev  a         k           the lowest k bits of a in reverse order
#   minus a                    -a of a condition: the same bit, as a sign
#   flip c a                   -1 - a where c holds, else a: every bit inverted there
#   lt   a b                   a < b
#   eq   a b                   a == b
#   any  a                     a != 0
#   not, and, or               of conditions
#   select c a b               a where c holds, else b
#   lead a         n           the place of the highest one of a, at most n - 1; 0 for none; only before it is laid out
#   clamp a        low, high   a, but not below low and not above high


class Node:
    """One operation; ``low..high`` holds its value. Made by ``Nodes``."""

    __slots__ = ("arguments", "detail", "high", "low", "number", "operation")

    def __init__(self, operation: str, arguments: tuple["Node", ...], detail: Detail, interval: Interval, number: int) -> None:
        self.operation, self.arguments, self.detail, self.number = operation, arguments, detail, number
        self.low, self.high = interval

    @property
    def signed(self) -> bool:
        """Whether its bits are two's complement."""
        return self.low < 0

    @property
    def bits(self) -> int:
        """How many bits hold it, at least one."""
        return signed_bits(self.low, self.high) if self.low < 0 else max(1, self.high.bit_length())

    @property
    def constant(self) -> bool:
        """Whether it has one value only."""
        return self.low == self.high

    @property
    def condition(self) -> bool:
        """Whether it is 0 or 1."""
        return self.low >= 0 and self.high <= 1


class Nodes:
    """All nodes of a datapath."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Node] = {}

    def make(self, operation: str, arguments: Iterable[Node], detail: Detail = None, interval: Interval | None = None) -> Node:
        """Return the node; with an ``interval`` that is known of it beyond what its operation says."""
        inside = tuple(arguments)
        key = (operation, *(a.number for a in inside), detail)
        if key not in self._known:
            natural = bounds(operation, [(a.low, a.high) for a in inside], detail)
            self._known[key] = Node(operation, inside, detail, natural or interval or (0, 0), len(self._known))
        node = self._known[key]
        if interval:
            self.narrow(node, *interval)
        return node

    def narrow(self, node: Node, low: int, high: int) -> None:
        """Note that the value of a node lies in ``low..high``."""
        low, high = max(low, node.low), min(high, node.high)
        if low <= high:  # else no value gets here, and any will do
            node.low, node.high = low, high

    def const(self, value: int) -> Node:
        """Return a number."""
        return self.make("const", (), value)


def bounds(operation: str, given: list[Interval], detail: Detail) -> Interval | None:
    """Return what an operation can give for arguments in these intervals; ``None`` for inputs."""
    match operation:
        case "var":
            return None
        case "const":
            return detail, detail
        case "lin":
            coefficients, k = detail
            ends = [sorted((c * low, c * high)) for c, (low, high) in zip(coefficients, given, strict=True)]
            return k + sum(low for low, _ in ends), k + sum(high for _, high in ends)
        case "add":
            return sum(low for low, _ in given), sum(high for _, high in given)
        case "sub":
            (a, b), (c, d), (e, f) = given
            return a - d - f, b - c - e
        case "mul":
            products = [x * y for x in given[0] for y in given[1]]
            return min(products), max(products)
        case "shl":
            return given[0][0] << detail, given[0][1] << detail
        case "shr":
            return given[0][0] >> detail, given[0][1] >> detail
        case "low":
            inside = given[0][0] >= 0 and given[0][1] < 1 << detail
            return given[0] if inside else (0, (1 << detail) - 1)
        case "cat":
            (a, b), (c, d) = given
            return (a << detail) + c, (b << detail) + d
        case "comp":
            return (1 << detail) - 1 - given[0][1], (1 << detail) - 1 - given[0][0]
        case "rev":
            return 0, (1 << detail) - 1
        case "minus":
            return -given[0][1], -given[0][0]
        case "flip":
            low, high = given[1]
            return min(low, -1 - high), max(high, -1 - low)
        case "select":
            return min(low for low, _ in given[1:]), max(high for _, high in given[1:])
        case "lead":
            return 0, detail - 1
        case "clamp":
            low, high = detail
            return min(max(given[0][0], low), high), min(max(given[0][1], low), high)
    return 0, 1


def value(node: Node, a: list[Any], given: Mapping[str, int]) -> int:
    """Return the value of a node from those of its arguments."""
    d = node.detail
    match node.operation:
        case "var":
            return given[d]
        case "const":
            return int(d)
        case "lin":
            return int(d[1] + sum(c * x for c, x in zip(d[0], a, strict=True)))
        case "add":
            return int(sum(a))
        case "sub":
            return int(a[0] - a[1] - a[2])
        case "mul":
            return int(a[0] * a[1])
        case "shl":
            return int(a[0] << d)
        case "shr":
            return int(a[0] >> d)
        case "low":
            return int(a[0] & ((1 << d) - 1))
        case "cat":
            return int((a[0] << d) + a[1])
        case "comp":
            return int((1 << d) - 1 - a[0])
        case "rev":
            return sum((int(a[0]) >> place & 1) << (d - 1 - place) for place in range(d))
        case "minus":
            return -int(a[0])
        case "flip":
            return int(-1 - a[1] if a[0] else a[1])
        case "lt":
            return int(a[0] < a[1])
        case "eq":
            return int(a[0] == a[1])
        case "any":
            return int(a[0] != 0)
        case "not":
            return 1 - int(a[0])
        case "and":
            return int(all(a))
        case "or":
            return int(any(a))
        case "select":
            return int(a[1] if a[0] else a[2])
        case "lead":
            return min(max(int(a[0]), 1).bit_length(), int(d)) - 1
        case "clamp":
            return int(min(max(a[0], d[0]), d[1]))
    raise AssertionError(node.operation)


def in_order(roots: Iterable[Node]) -> list[Node]:
    """Return the nodes and all they are made of, each once, arguments first."""
    result: dict[int, Node] = {}
    stack = [(node, False) for node in reversed(list(roots))]
    while stack:
        node, expanded = stack.pop()
        if node.number in result:
            continue
        if expanded:
            result[node.number] = node
        else:
            stack.append((node, True))
            stack.extend((argument, False) for argument in reversed(node.arguments))
    return list(result.values())


def decided_by_one_lut(a: Node, limit: Node) -> bool:
    """Return whether ``a < limit`` is one LUT of four inputs, which some devices would make a carry chain of."""
    return limit.constant and 0 < limit.low < 1 << a.bits <= 16 and not a.signed


def one_sided(clamp: Node) -> bool:
    """Return whether a bound forces all bits to 0, or all to 1, by one condition."""
    given = clamp.arguments[0]
    return not clamp.signed and (not given.signed or clamp.detail[1] == given.high)


def evaluated(roots: Mapping[str, Node], given: Mapping[str, int]) -> dict[str, int]:
    """Return the value of each root where the inputs have these values."""
    known: dict[int, int] = {}
    for node in in_order(roots.values()):
        known[node.number] = value(node, [known[a.number] for a in node.arguments], given)
    return {name: known[node.number] for name, node in roots.items()}

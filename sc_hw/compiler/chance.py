"""An event whose chance is a power of two: that none of the lowest bits of a random word is set, how many a value says."""

from dataclasses import dataclass

from .node import Node

__all__ = ["Chance", "chance_of"]

_LEAST = 5  # bits from which the place of the first one, and one comparison, take less than each bit for itself


@dataclass(frozen=True)
class Chance:
    """None of the lowest bits of ``word`` is set: so many as ``value >> shift`` says less ``less``, at most ``bits``."""

    word: Node
    bits: int
    value: Node
    shift: int
    less: int


def chance_of(node: Node) -> Chance | None:
    """Return a conjunction as a chance if it is one: its k-th part is that bit k is 0 or that the value is not above k."""
    if node.operation != "and" or len(node.arguments) < _LEAST:
        return None
    parts = [_readings(part) for part in node.arguments]
    pairs = {(word, value) for readings in parts if len(readings) == 1 for word, _, value, _ in readings}
    if len(pairs) != 1:
        return None
    word, value = next(iter(pairs))
    found = {k: limit for readings in parts for w, k, v, limit in readings if w is word and v is value}
    n, first = len(parts), found.get(0, 0)
    if sorted(found) != list(range(n)) or not all(any((w, v) == (word, value) for w, _, v, _ in r) for r in parts):
        return None
    step = found[1] - first
    shift, less = step.bit_length() - 1, first - step
    if step < 1 or step & (step - 1) or (shift and less) or any(found[k] != first + k * step for k in range(n)):
        return None
    return Chance(word, n, value, shift, less)


def _readings(part: Node) -> list[tuple[Node, int, Node, int]]:
    """Return of which value which bit is 0 where a part holds, or else which value is below which number: in one way or two."""
    if part.operation != "or" or len(part.arguments) != 2:
        return []
    orders = ((_bit(clear), _below(small)) for clear, small in (part.arguments, part.arguments[::-1]))
    return [(*bit, *below) for bit, below in orders if bit and below]


def _bit(clear: Node) -> tuple[Node, int] | None:
    """Return of which value which bit is 0 where a condition holds."""
    if clear.operation != "not":
        return None
    bit = clear.arguments[0]
    if bit.operation == "low" and bit.detail == 1:
        bit = bit.arguments[0]
    elif bit.operation != "shr" or not bit.condition:
        return None
    return (bit.arguments[0], int(bit.detail)) if bit.operation == "shr" else (bit, 0)


def _below(small: Node) -> tuple[Node, int] | None:
    """Return which value is below which number where a condition holds."""
    negated = small.operation == "not"
    inner = small.arguments[0] if negated else small
    known = len(inner.arguments) == 2 and inner.arguments[1].constant
    if known and (inner.operation == "lt" if not negated else inner.operation == "eq" and _highest(inner)):
        value, limit = inner.arguments[0], inner.arguments[1].low
    elif negated and inner.operation == "any" and inner.arguments[0].low >= 0:
        value, limit = inner.arguments[0], 1
    elif negated and inner.operation == "shr":
        value, limit = inner, 1
    else:
        return None
    return (value.arguments[0], limit << value.detail) if value.operation == "shr" else (value, limit)


def _highest(equal: Node) -> bool:
    """Return whether a value is compared with the highest that it has."""
    return equal.arguments[1].low == equal.arguments[0].high

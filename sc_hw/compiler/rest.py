"""What is left of a value from which a choice is taken that may be all of it: the choice is made of what is left.

A store pays ``min(demand, store)``: ``store - select(store < demand, store, demand)`` compares, chooses and subtracts one behind
the other. Made of what is left, it is ``max(store - demand, 0)``, whose sign is the comparison.
"""

from typing import TYPE_CHECKING

from .node import Node

if TYPE_CHECKING:
    from .algebra import Algebra

__all__ = ["left_over", "never_negative"]

_MOST = 3  # choices within each other


def left_over(algebra: "Algebra", found: dict[Node, int]) -> dict[Node, int]:
    """Return summands in which ``x - 2^k s``, where the choice s may be ``x >> k``, is a choice and the bits below."""
    for choice, c in list(found.items()):
        if choice.operation != "select":
            continue
        for x, f in list(found.items()):
            k = (c // -f).bit_length() - 1
            if k < 0 or -f << k != c or x.constant:
                continue
            part, leaves = algebra.shr(x, k, own=False), _leaves(choice, 0)
            others = {leaf for leaf in leaves if leaf is not part and not (leaf.constant and leaf.low == 0)}
            if part not in leaves or part.constant or len(others) != 1:
                continue
            rest = {node: g for node, g in found.items() if node not in (choice, x)}
            pairs = [(_rest(algebra, choice, part), f << k), *([(algebra.low(x, k), f)] if k else [])]
            for node, g in pairs:
                rest[node] = rest.get(node, 0) + g
            return {node: g for node, g in rest.items() if g}
    return found


def _leaves(node: Node, depth: int) -> list[Node]:
    """Return the values that a choice is between, nothing for one with too many choices within each other."""
    if node.operation != "select":
        return [node]
    if depth == _MOST:
        return []
    return [leaf for arm in node.arguments[1:] for leaf in _leaves(arm, depth + 1)]


def _rest(algebra: "Algebra", node: Node, whole: Node) -> Node:
    """Return ``whole - node``, made at each value that the node chooses between."""
    if node.operation != "select":
        return algebra.total((whole, 1), (node, -1))
    condition, *arms = node.arguments
    return algebra.select(condition, *(_rest(algebra, arm, whole) for arm in arms))


def never_negative(algebra: "Algebra", c: Node, a: Node, b: Node) -> Node | None:
    """Return a choice of 0 where one value is below another, else of their difference: a bound."""
    if c.operation != "lt":
        return None
    less, more = c.arguments
    for zero, difference, pairs in ((a, b, ((less, 1), (more, -1))), (b, a, ((more, 1), (less, -1)))):
        if zero.constant and zero.low == 0 and difference.low < 0 < difference.high and difference is algebra.total(*pairs):
            return algebra.clamp(difference, 0, difference.high)
    return None

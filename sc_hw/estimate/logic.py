"""Gates that are made one by one: constants are folded, and equal gates are one."""

from collections.abc import Iterable
from functools import reduce

__all__ = ["ONE", "ZERO", "Logic"]

ZERO, ONE = 0, 1  # the constant nodes
_GROUP = 4  # inputs that the trees of wide gates join at a time


class Logic:
    """A network of gates. ``nodes[n]`` are the nodes that gate n joins, none for what is no gate; all were made before it.

    ``muxes`` has, for what a multiplexer became, its condition and what there is with and without it.
    """

    def __init__(self) -> None:
        self.nodes: list[tuple[int, ...]] = [(), ()]
        self.muxes: dict[int, tuple[int, int, int]] = {}
        self._equal: dict[tuple[str, tuple[int, ...]], int] = {}

    def leaf(self, *fanins: int) -> int:
        """Return a new node."""
        self.nodes.append(fanins)
        return len(self.nodes) - 1

    def _join(self, kind: str, *fanins: int) -> int:
        """Return the gate of these nodes: an old one if there is an equal one."""
        key = (kind, fanins)
        if key not in self._equal:
            self._equal[key] = self.leaf(*fanins)
        return self._equal[key]

    def and_(self, a: int, b: int) -> int:
        """Return the conjunction."""
        if a == b or b == ONE:
            return a
        if a == ONE:
            return b
        return ZERO if ZERO in (a, b) else self._join("and", *sorted((a, b)))

    def or_(self, a: int, b: int) -> int:
        """Return the disjunction."""
        if a == b or b == ZERO:
            return a
        if a == ZERO:
            return b
        return ONE if ONE in (a, b) else self._join("or", *sorted((a, b)))

    def xor_(self, a: int, b: int) -> int:
        """Return the sum modulo two."""
        if a == b:
            return ZERO
        if b == ZERO:
            return a
        return b if a == ZERO else self.not_(max(a, b)) if ONE in (a, b) else self._join("xor", *sorted((a, b)))

    def not_(self, a: int) -> int:
        """Return the complement."""
        return ONE - a if a <= ONE else self._join("not", a)

    def mux_(self, condition: int, yes: int, no: int) -> int:
        """Return ``yes`` or ``no``, and remember of what it was made."""
        if condition in (ZERO, ONE) or yes == no:
            return yes if condition == ONE or yes == no else no
        if no == ZERO:
            result = self.and_(condition, yes)
        elif yes == ONE:
            result = self.or_(condition, no)
        elif yes == ZERO:
            result = self.and_(self.not_(condition), no)
        elif no == ONE:
            result = self.or_(self.not_(condition), yes)
        else:
            result = self._join("mux", condition, yes, no)
        self.muxes.setdefault(result, (condition, yes, no))
        return result

    def tree_(self, kind: str, nodes: Iterable[int]) -> int:
        """Return the gate of many nodes, joined in groups that fill a LUT."""
        join, rest = {"and": self.and_, "or": self.or_, "xor": self.xor_}[kind], list(nodes)
        while len(rest) > 1:
            rest = [reduce(join, rest[k : k + _GROUP]) for k in range(0, len(rest), _GROUP)]
        return rest[0] if rest else (ONE if kind == "and" else ZERO)

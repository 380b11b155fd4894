"""The rewrites: each makes a node that equals what was asked for and costs less in hardware, on the intervals that are known.

What a designer does by hand stands here as general rules: a sum is one linear form, so that equal parts meet and constants
fold; a shift drops what it cannot see; rounding below a shift becomes one carry; a choice between values that differ in one
part chooses that part; a value and its negative are one value and inverted bits; a comparison looks only at the bits that
decide. ``simplify`` applies them to the terms of a step.
"""

from collections.abc import Iterable

from .node import Node, Nodes
from .rest import left_over, never_negative

__all__ = ["Algebra"]

Pairs = list[tuple[Node, int]]


class Algebra(Nodes):
    """Nodes made by rewriting.

    ``compared`` holds what a condition says, whatever became of it: of each the value, the number, and whether it holds below it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.compared: dict[Node, list[tuple[Node, int, bool]]] = {}

    # Linear forms

    def parts(self, node: Node) -> tuple[Pairs, int]:
        """Return a node as a sum of multiples of others and a constant."""
        if node.constant:
            return [], node.low
        if node.operation == "lin":
            coefficients, k = node.detail
            return list(zip(node.arguments, coefficients, strict=True)), int(k)
        return [(node, 1)], 0

    def lin(self, pairs: Iterable[tuple[Node, int]], k: int = 0) -> Node:
        """Return ``k`` plus the sum of multiples."""
        found: dict[Node, int] = {}
        for node, c in pairs:
            if node.constant:
                k += c * node.low
            else:
                found[node] = found.get(node, 0) + c
        found = left_over(self, self._differences({node: c for node, c in found.items() if c}))
        if not found:
            return self.const(k)
        nodes = sorted(found, key=lambda node: node.number)
        if len(nodes) == 1 and (node := nodes[0]):
            if (found[node], k) == (1, 0):
                return node
            if node.condition and (found[node], k) == (-1, 1):
                return self.negated(node)
        return self.make("lin", nodes, (tuple(found[node] for node in nodes), k))

    def _differences(self, found: dict[Node, int]) -> dict[Node, int]:
        """Take ``(v >> p) - 2^q (v >> p + q)`` for what it is: q bits of v."""
        for node in list(found):
            base, p, top = _window(node)
            for other in list(found):
                inside, more, end = _window(other)
                q = more - p
                if inside is base and q > 0 and end == top and node in found and found[other] == -found[node] << q:
                    c = found.pop(node)
                    del found[other]
                    bits = self.low(node, q)
                    found[bits] = found.get(bits, 0) + c
                    return self._differences(found)
        return found

    def total(self, *terms: tuple[Node, int]) -> Node:
        """Return a sum of multiples in which linear forms are taken apart."""
        pairs, k = [], 0
        for node, c in terms:
            inside, own = self.parts(node)
            pairs += [(part, c * factor) for part, factor in inside]
            k += c * own
        return self.lin(pairs, k)

    def mul(self, a: Node, b: Node) -> Node:
        """Return a product."""
        for one, other in ((a, b), (b, a)):
            if one.constant:
                return self.total((other, one.low))
        for one, other in ((a, b), (b, a)):
            if one.condition:
                return self.both(one, other) if other.condition else self.select(one, other, self.const(0))
        for one, other in ((a, b), (b, a)):
            pairs, k = self.parts(one)
            if len(pairs) == 1 and k == 0 and pairs[0][1] != 1:
                return self.lin([(self.mul(pairs[0][0], other), pairs[0][1])])
        return self.make("mul", (a, b) if a.number <= b.number else (b, a))

    # Bits

    def low(self, a: Node, k: int) -> Node:
        """Return ``a`` modulo ``2^k``."""
        if a.constant:
            return self.const(a.low & ((1 << k) - 1))
        if a.low >= 0 and a.high < 1 << k:
            return a
        if a.operation == "low":
            return self.low(a.arguments[0], min(k, a.detail))
        return self.make("low", (a,), k)

    def bit(self, a: Node, place: int) -> Node:
        """Return a bit of ``a``."""
        return self.low(self.shr(a, place), 1)

    def shr(self, a: Node, k: int, *, own: bool = True) -> Node:
        """Return ``floor(a / 2^k)``; ``own`` says that nothing else needs ``a``, so that a sum may be taken apart."""
        if a.low >> k == a.high >> k:
            return self.const(a.low >> k)
        if k == 0:
            return a
        if a.operation == "shr":
            return self.shr(a.arguments[0], k + a.detail)
        if a.operation == "low":
            return self.low(self.shr(a.arguments[0], k), a.detail - k)
        if a.operation == "lin":
            pairs, offset = self.parts(a)
            if own or (len(pairs) == 1 and offset == 0) or all(c % (1 << k) == 0 for _, c in pairs):
                return self._rounded(pairs, offset, k)
        return self.make("shr", (a,), k)

    def _rounded(self, pairs: Pairs, offset: int, k: int) -> Node:
        """Return a shifted sum: what is a multiple of ``2^k`` leaves it, and the first summand is positive."""
        inside = [(node, c) for node, c in pairs if c % (1 << k)]
        outside = [(node, c >> k) for node, c in pairs if c % (1 << k) == 0]
        if not inside:
            return self.lin(outside, offset >> k)
        zeros = min((c & -c).bit_length() - 1 for _, c in inside)
        if zeros and not outside:  # bits that are 0 in all summands carry nothing
            return self._rounded([(node, c >> zeros) for node, c in inside], offset >> zeros, k - zeros)
        sign = 1
        turned = self._inverted(inside, offset, k)
        if turned is None and min(inside, key=lambda pair: pair[0].number)[1] < 0:
            inside, offset, sign = [(node, -c) for node, c in inside], (1 << k) - 1 - offset, -1
            turned = self._inverted(inside, offset, k)
        inside, offset = turned or (inside, offset)
        if not outside and (len(inside) > 1 or inside[0][1] != 1):  # an adder is there for the constant, too
            return self.total((self.make("shr", (self.lin(inside, offset),), k), sign))
        whole, offset = offset >> k, offset & ((1 << k) - 1)
        return self.total(*outside, (self._carried(inside, offset, k), sign), (self.const(sign * whole), 1))

    def _inverted(self, pairs: Pairs, offset: int, k: int) -> tuple[Pairs, int] | None:
        """Return a sum without subtractions, where inverted bits leave nothing of its constant above ``k`` bits."""
        turned, rest = [], offset
        for node, c in pairs:
            if c == -1 and node.low == 0 and not node.condition:
                turned.append((self.comp(node), 1))
                rest -= (1 << node.bits) - 1
            else:
                turned.append((node, c))
        return (turned, rest) if turned != pairs and 0 <= rest < 1 << k else None

    def comp(self, a: Node) -> Node:
        """Return a value that is never negative with every bit inverted."""
        return a.arguments[0] if a.operation == "comp" and a.detail == a.bits else self.make("comp", (a,), a.bits)

    def _carried(self, pairs: Pairs, offset: int, k: int) -> Node:
        """Return a shifted sum; of a value and a constant below the shift only a carry is left."""
        if len(pairs) == 1 and pairs[0][1] == 1:
            return self.total((self.shr(pairs[0][0], k), 1), (self._carry(pairs[0][0], offset, k), 1))
        if len(pairs) == 2 and offset == 0:
            for (x, c), (chosen, d) in (pairs, pairs[::-1]):
                if (c, d) == (1, 1) and chosen.operation == "select":
                    condition, *arms = chosen.arguments
                    if all(arm.constant and 0 <= arm.low < 1 << k for arm in arms):
                        yes, no = (self._carry(x, arm.low, k) for arm in arms)
                        return self.total((self.shr(x, k), 1), (self.select(condition, yes, no), 1))
        return self.make("shr", (self.lin(pairs, offset),), k)

    def _carry(self, x: Node, added: int, k: int) -> Node:
        """Return whether the lowest ``k`` bits of ``x`` and a constant carry."""
        least = (1 << k) - added
        if least == (1 << k - 1) + 1 and k > 1:
            return self.both(self.bit(x, k - 1), self.any(self.low(x, k - 1)))
        return self.negated(self.lt(self.low(x, k), self.const(least)))

    # Conditions

    def any(self, a: Node) -> Node:
        """Return whether ``a`` is not 0."""
        if a.condition:
            return a
        if a.low > 0 or a.high < 0:
            return self.const(1)
        return self.make("any", (a,))

    def negated(self, a: Node) -> Node:
        """Return whether a condition does not hold."""
        if a.constant:
            return self.const(1 - a.low)
        return a.arguments[0] if a.operation == "not" else self.make("not", (a,))

    def both(self, *conditions: Node) -> Node:
        """Return whether all conditions hold."""
        return self._joined("and", conditions, 1)

    def either(self, *conditions: Node) -> Node:
        """Return whether one of the conditions holds."""
        return self._joined("or", conditions, 0)

    def _joined(self, operation: str, conditions: Iterable[Node], neutral: int) -> Node:
        found: dict[Node, None] = {}
        for a in conditions:
            if a.constant and a.low != neutral:
                return self.const(a.low)
            inside = a.arguments if a.operation == operation else () if a.constant else (a,)
            found |= dict.fromkeys(inside)
        if any(a.operation == "not" and a.arguments[0] in found for a in found):
            return self.const(1 - neutral)
        if len(found) < 2:
            return next(iter(found), self.const(neutral))
        return self.make(operation, sorted(found, key=lambda a: a.number))

    def lt(self, a: Node, b: Node) -> Node:
        """Return whether ``a < b``."""
        if a.high < b.low:
            return self.const(1)
        if a.low >= b.high:
            return self.const(0)
        if a.condition and b.condition:
            return self.both(self.negated(a), b)
        if a.constant:
            return self.negated(self.lt(b, self.const(a.low + 1)))
        if not b.constant:
            return self.make("lt", (a, b))
        pairs, k = self.parts(a)
        if len(pairs) == 1 and (k or pairs[0][1] != 1) and abs(pairs[0][1]) == 1:
            x, c = pairs[0]
            return self.lt(x, self.const(b.low - k)) if c > 0 else self.lt(self.const(k - b.low), x)
        return self._below(a, b.low)

    def _below(self, a: Node, limit: int) -> Node:
        """Return whether ``a`` is below a number that lies within its interval."""
        zeros = (limit & -limit).bit_length() - 1 if limit else 0
        if zeros:
            return self.lt(self.shr(a, zeros, own=False), self.const(limit >> zeros))
        if limit == 1 and a.low >= 0:
            return self.negated(self.any(a))
        if limit and limit == a.high:
            return self.negated(self.eq(a, self.const(limit)))
        return self.make("lt", (a, self.const(limit)))

    def eq(self, a: Node, b: Node) -> Node:
        """Return whether ``a`` equals ``b``."""
        if a.high < b.low or b.high < a.low:
            return self.const(0)
        if a is b or (a.constant and b.constant):
            return self.const(1)
        if a.constant:
            a, b = b, a
        if b.constant:
            if b.low == 0:
                return self.negated(self.any(a))
            if a.condition:
                return a
            pairs, k = self.parts(a)
            if len(pairs) == 1 and abs(pairs[0][1]) == 1 and (k or pairs[0][1] < 0):
                return self.eq(pairs[0][0], self.const((b.low - k) * pairs[0][1]))
        return self.make("eq", (a, b) if b.constant or a.number <= b.number else (b, a))

    # Choices

    def clamp(self, a: Node, low: int, high: int) -> Node:
        """Return ``a`` within bounds."""
        if a.operation == "clamp":
            inner = a.detail
            low, high = (min(max(bound, low), high) for bound in inner)
            a = a.arguments[0]
        low, high = max(low, a.low), min(high, a.high)
        if (low, high) == (a.low, a.high):
            return a
        return self.const(low) if low >= high else self.make("clamp", (a,), (low, high))

    def select(self, condition: Node, a: Node, b: Node, *, own: bool = True) -> Node:
        """Return ``a`` where the condition is not 0, else ``b``; ``own`` as in ``shr``, of both."""
        c = self.any(condition)
        if c.constant:
            return a if c.low else b
        if a is b or (a.constant and b.constant and a.low == b.low):
            return a
        if c.operation == "not":
            return self.select(c.arguments[0], b, a, own=own)
        for found in (self._logical(c, a, b), self._leading(c, a, b), self._bounded(c, a, b), never_negative(self, c, a, b)):
            if found is not None:
                return found
        if (found := self._alike(c, a, b, own=own)) is not None:
            return found
        return self.make("select", (c, a, b))

    def _logical(self, c: Node, a: Node, b: Node) -> Node | None:
        """Return a choice between conditions, one of which is known."""
        if not (a.condition and b.condition):
            return None
        if a.constant:
            return self.either(c, b) if a.low else self.both(self.negated(c), b)
        if b.constant:
            return self.either(self.negated(c), a) if b.low else self.both(c, a)
        for one, other, d in ((a, b, c), (b, a, self.negated(c))):  # with d it is the one that the other has as a part
            if other.operation in ("and", "or") and (one in other.arguments or one.operation == other.operation):
                shared = one.arguments if one.operation == other.operation else (one,)
                if set(shared) <= set(other.arguments):
                    rest = [x for x in other.arguments if x not in shared]
                    if other.operation == "and":
                        return self.both(one, self.either(d, self.both(*rest)))
                    return self.either(one, self.both(self.negated(d), self.either(*rest)))
        return None

    def _leading(self, c: Node, a: Node, b: Node) -> Node | None:
        """Return the place of a highest one: ``a`` where it is there or above, else what ``b`` found below."""
        top = c.arguments[0] if c.operation == "any" else c
        if top.operation != "shr" or not a.constant or top.detail != a.low or a.low < 2:
            return None
        v, p = top.arguments[0], a.low
        below = b.arguments[0] if b.operation == "any" else b
        first = p == 2 and b.condition and below.operation == "shr" and below.detail == 1
        if v.low >= 0 and (first or (b.operation == "lead" and b.detail == p)) and below.arguments[0] is v:
            return self.make("lead", (v,), p + 1)
        return None

    def _bounded(self, c: Node, a: Node, b: Node) -> Node | None:
        """Return a choice that is a minimum or maximum with a number."""
        for x, limit, holds in self.compared.get(c, ()):
            below, above = (a, b) if holds else (b, a)
            if below is x and above.constant and above.low in (limit, limit - 1):
                return self.clamp(x, x.low, above.low)
            if above is x and below.constant and below.low in (limit, limit - 1):
                return self.clamp(x, below.low, x.high)
        return None

    def _alike(self, c: Node, a: Node, b: Node, *, own: bool) -> Node | None:
        """Return a choice between values that have something in common."""
        (left, k), (right, m) = self.parts(a), self.parts(b)
        for one, other in ((left, b), (right, a)):
            if one == [(other, -1)] and k == m == 0:
                negative = c if other is b else self.negated(c)
                return self.total((self.make("flip", (negative, other)), 1), (negative, 1))
        if k == -m and {node: -f for node, f in left} == dict(right) and left:
            if min(left, key=lambda pair: pair[0].number)[1] > 0:
                a, b, c = b, a, self.negated(c)
            return self.total((self.make("flip", (c, b)), 1), (c, 1))
        if left + right and k == m == 0 and len(left) < 2 and len(right) < 2 and all(f < 0 for _, f in left + right):
            return self.total((self.select(c, *(self.lin((x, -f) for x, f in pairs) for pairs in (left, right)), own=own), -1))
        if not own:
            return None
        if (found := self._unrounded(c, a, b)) is not None:
            return found
        common = [pair for pair in left if pair in right]
        rest, beside = ([pair for pair in pairs if pair not in common] for pairs in (left, right))
        if len(rest) == len(beside) == 1 and k == m:
            (x, f), (y, g) = rest[0], beside[0]
            if f == g and x.operation == y.operation == "shr" and x.detail == y.detail and _share(x, y):
                chosen = self.select(c, x.arguments[0], y.arguments[0])
                return self.total(*common, (self.shr(chosen, x.detail), f), (self.const(k), 1))
        if common and len(rest) < 2 and len(beside) < 2:
            return self.total(*common, (self.select(c, self.lin(rest, k), self.lin(beside, m)), 1))
        return None

    def _unrounded(self, c: Node, a: Node, b: Node) -> Node | None:
        """Return a choice between 0 and a rounded value, made before the rounding: what is rounded then may meet other sums."""
        zero, rounded = (a, b) if a.constant else (b, a)
        if not zero.constant or zero.low or rounded.operation != "shr" or rounded.arguments[0].operation != "lin":
            return None
        k, (pairs, offset) = int(rounded.detail), self.parts(rounded.arguments[0])
        below = [(x, f) for x, f in pairs if f == 1 and x.low >= 0 and x.high < 1 << k and not x.condition]
        value = [pair for pair in pairs if pair not in below]
        most = sum(x.high for x, _ in below) + offset
        if not value or not 0 <= offset <= most < 1 << k or most == 0:
            return None
        arms = (zero, self.lin(value)) if zero is a else (self.lin(value), zero)
        return self.shr(self.lin([(self.select(c, *arms), 1), *below], offset), k)


def _window(node: Node) -> tuple[Node, int, int]:
    """Return of what a node is some bits, the lowest of them and the one above the highest, -1 when it is all above."""
    end = -1
    if node.operation == "low":
        end, node = int(node.detail), node.arguments[0]
    place = int(node.detail) if node.operation == "shr" else 0
    return (node.arguments[0] if node.operation == "shr" else node), place, end if end < 0 else place + end


def _share(x: Node, y: Node) -> bool:
    """Return whether what two shifts drop bits of has a summand in common."""
    summands = [{inside} if inside.operation != "lin" else set(inside.arguments) for inside in (x.arguments[0], y.arguments[0])]
    return bool(summands[0] & summands[1])

"""From linear forms to adders: which summands meet first, what rides along as a carry, and what a bound looks at."""

from collections import Counter
from collections.abc import Mapping
from functools import cache

from .chance import Chance, chance_of
from .node import Node, Nodes, in_order

__all__ = ["laid_out"]

# How late a result is, roughly and on any device: in adders. Only which of two summands comes first depends on it.
_LEVELS = {"add": 1.0, "sub": 1.0, "mul": 3.0, "lt": 1.0, "clamp": 0.8, "select": 0.4, "any": 0.4, "eq": 0.5}
_MANY = 4  # comparisons with numbers that are worth a bound before them
Summand = tuple[Node, int]


def laid_out(roots: Mapping[str, Node]) -> tuple[dict[str, Node], dict[int, Node]]:
    """Return the roots without linear forms and with no bound but to a whole number of bits; and each node by its number."""
    layout = _Layout(roots.values())
    made: dict[int, Node] = {}
    for node in in_order(roots.values()):
        made[node.number] = layout.node(node, made)
    return {name: made[node.number] for name, node in roots.items()}, made


class _Layout(Nodes):
    def __init__(self, roots: object) -> None:
        super().__init__()
        self._uses: Counter[int] = Counter()
        for node in in_order(roots):  # type: ignore[arg-type]
            self._uses.update(a.number for a in node.arguments)
        self._levels: dict[int, float] = {}
        self._limits: dict[int, set[int]] = {}
        self._taken: set[tuple[Node, ...]] = set()  # the differences that are there
        for node in in_order(roots):  # type: ignore[arg-type]
            if node.operation == "lin" and node.detail == ((1, -1), 0) and not any(a.condition for a in node.arguments):
                self._taken.add(node.arguments)
            elif node.operation == "lin" and node.detail == ((-1, 1), 0) and not any(a.condition for a in node.arguments):
                self._taken.add(node.arguments[::-1])
            if node.operation == "lt" and node.arguments[1].constant:
                base, limit = _compared(node)
                self._limits.setdefault(base.number, set()).add(limit)

    def level(self, node: Node) -> float:
        """Return how late a node is."""
        if node.number not in self._levels:
            before = max((self.level(a) for a in node.arguments), default=0.0)
            self._levels[node.number] = before + _LEVELS.get(node.operation, 0.0)
        return self._levels[node.number]

    def node(self, node: Node, made: Mapping[int, Node]) -> Node:
        """Return a node as it is built."""
        known = (node.low, node.high)
        arguments = [made[a.number] for a in node.arguments]
        if node.constant:
            return self.const(node.low)
        if node.operation == "lin":
            found = self._sum(node, made)
        elif node.operation == "lt" and node.arguments[1].constant:
            found = self._below(node, made)
        elif node.operation == "lt" and node.arguments in self._taken:
            found = self.make("lt", (self.make("sub", (*arguments, self.const(0))), self.const(0)))
        elif chance := chance_of(node):
            found = self._chance(chance, made)
        elif node.operation == "lead":
            found = self._leading(arguments[0], node.detail)
        elif node.operation == "clamp":
            found = self._bound(arguments[0], *node.detail)
        else:
            return self.make(node.operation, arguments, node.detail, known)
        self.narrow(found, *known)
        return found

    # Comparisons

    def _below(self, node: Node, made: Mapping[int, Node]) -> Node:
        """Return whether a value is below a number; one of many such comparisons looks at what lies between the numbers only."""
        base, limit = _compared(node)
        limits = {each for each in self._limits[base.number] if each > 0}
        bits = max(limits, default=0).bit_length()
        if len(limits) < _MANY or limit <= 0 or (base.low >= 0 and base.bits <= bits):
            a, limit = made[node.arguments[0].number], node.arguments[1].low
            if limit != 1:
                return self.make("lt", (a, self.const(limit)))
            negative = self.make("lt", (a, self.const(0)))
            return self.make("or", (negative, self.make("not", (self.make("any", (a,)),))))
        a = self.make("clamp", (made[base.number],), (max(0, base.low), min((1 << bits) - 1, base.high)))
        zeros = (limit & -limit).bit_length() - 1
        if zeros:
            a = self.make("shr", (a,), zeros)
        if limit >> zeros > 1:
            return self.make("lt", (a, self.const(limit >> zeros)))
        return self.make("not", (a if a.condition else self.make("any", (a,)),))

    def _chance(self, chance: Chance, made: Mapping[int, Node]) -> Node:
        """Return whether the first one of a word is above the bits that count: a comparison with its place."""
        n, word, value = chance.bits, made[chance.word.number], made[chance.value.number]
        backwards = self.make("cat", (self.make("rev", (word,), n), self.const(0)), 1)
        place = self._leading(backwards, n + 1)  # n less the place of the first one from below, 0 where there is none
        if chance.less or n & (n + 1):
            zeros = self.make("sub", (self.const(n + chance.less), place, self.const(0)))
        else:
            zeros = self.make("comp", (place,), n.bit_length())
        counting = self.make("shr", (value,), chance.shift) if chance.shift else value
        within = self.make("not", (self.make("lt", (zeros, counting)),))
        if counting.high - chance.less <= n:
            return within
        none = self.make("not", (self.make("any", (backwards,)),))
        return self.make("or", (none, within))

    # Bounds

    def _bound(self, a: Node, low: int, high: int) -> Node:
        """Return a value within bounds: by its top bits where the bounds are those of a number of bits."""
        bits = max(high.bit_length(), (~low).bit_length() if low < 0 else 0)
        least, most = (-(1 << bits) if low < 0 else 0), (1 << bits) - 1
        if (low in (least, a.low)) and (high in (most, a.high)):
            return self.make("clamp", (a,), (low, high))
        if low > a.low:
            a = self.make("select", (self.make("lt", (a, self.const(low))), self.const(low), a), None, (low, a.high))
        if high < a.high:
            a = self.make("select", (self.make("lt", (self.const(high), a)), self.const(high), a), None, (a.low, high))
        return a

    def _leading(self, a: Node, n: int) -> Node:
        """Return the place of the highest one: a level a bit of the result, which halves what is left."""
        if a.bits > n:
            above = self.make("any", (self.make("shr", (a,), n - 1),))
            rest = self._leading(self.make("low", (a,), n - 1), n - 1) if n > 2 else self.const(0)
            return self.make("select", (above, self.const(n - 1), rest))
        found: Node | None = None
        for level in reversed(range((a.bits - 1).bit_length())):
            half = 1 << level
            upper = self.make("shr", (a,), half)
            some = upper if upper.condition else self.make("any", (upper,))
            found = some if found is None else self.make("cat", (found, some), 1)
            a = self.make("select", (some, upper, self.make("low", (a,), half)))
        return found or self.const(0)

    # Sums

    def _sum(self, node: Node, made: Mapping[int, Node]) -> Node:
        coefficients, k = node.detail
        pairs = self._merged(list(zip(node.arguments, coefficients, strict=True)), made)
        common = min([(c & -c).bit_length() - 1 for _, c in pairs] + ([(k & -k).bit_length() - 1] if k else []))
        total = self._added([(x, c >> common) for x, c in pairs], k >> common)
        return self._shifted(total, common)

    def _shifted(self, a: Node, k: int) -> Node:
        return self.const(a.low << k) if a.constant else self.make("shl", (a,), k) if k else a

    def _beside(self, pairs: list[Summand]) -> list[Summand]:
        """Return summands of which two that share no bits are one."""
        for high, c in pairs:
            if c > 1 and c & (c - 1) == 0:
                for low, other in pairs:
                    if other == 1 and low is not high and low.low >= 0 and low.high < c:
                        both = self.make("cat", (high, low), c.bit_length() - 1)
                        return self._beside([(both, 1), *(pair for pair in pairs if pair[0] not in (high, low))])
        return pairs

    def _minus(self, a: Node) -> Node:
        return self.const(-a.low) if a.constant else self.make("minus", (a,))

    def _merged(self, pairs: list[Summand], made: Mapping[int, Node]) -> list[Summand]:
        """Return the summands as they are built; one that rounds with what stands below its shift takes another along.

        ``x + (y + b >> k)`` with b of k bits is ``(x 2^k + b) + y >> k``: one adder, as long as both.
        """
        rest = [(node, c) for node, c in pairs]
        for rounded, sign in pairs:
            if rounded.operation != "shr" or abs(sign) != 1 or self._uses[rounded.number] > 1:
                continue
            inner, k = rounded.arguments[0], int(rounded.detail)
            if inner.operation != "lin" or self._uses[inner.number] > 1:
                continue
            inside, offset = list(zip(inner.arguments, inner.detail[0], strict=True)), int(inner.detail[1])
            below = [
                x for x, c in inside if c == 1 and x.low >= 0 and x.high < 1 << k and x.operation in ("var", "select", "comp")
            ]
            partner = next((x for x, c in rest if c == 1 and x is not rounded and not x.condition), None)
            if partner is None or not 0 <= offset < 1 << k or (below and offset) or not (below or offset):
                continue
            others = [(x, c) for x, c in inside if not below or x is not below[0]]
            if not others or max(x.bits for x, _ in others) + 2 < k:
                continue
            low = made[below[0].number] if below else self.const(offset)
            if sign < 0:
                low = self.const((1 << k) - 1 - low.low) if low.constant else self.make("comp", (low,), k)
            both = self.make("cat", (made[partner.number], low), k)
            total = self._added([(both, 1), *((made[x.number], sign * c) for x, c in others)], 0)
            rest = [pair for pair in rest if pair[0] not in (rounded, partner)]
            return [*self._merged(rest, made), (self.make("shr", (total,), k), 1)]
        return [(made[node.number], c) for node, c in rest]

    def _multiplied(self, x: Node, c: int) -> Summand:
        """Return a multiple of which the factors that save adders are in the node."""
        odd = abs(c) // (c & -c)
        while (factor := _adders(odd)[1]) > 1:
            x = self._added([(x, factor)], 0)
            c, odd = c // factor, odd // factor
        return x, c

    def _added(self, pairs: list[Summand], k: int) -> Node:
        """Return a sum of multiples and a constant as a tree of adders, early summands first."""
        pairs = self._beside([pair for x, c in pairs for pair in [self._multiplied(x, c)]])
        carries = {1: [x for x, c in pairs if x.condition and c == 1], -1: [x for x, c in pairs if x.condition and c == -1]}
        terms = [
            (self._shifted(x, place), sign) for x, c in pairs if not (x.condition and abs(c) == 1) for sign, place in _digits(c)
        ]
        zeros = (k & -k).bit_length() - 1
        for place, (x, sign) in enumerate(terms):
            if k > 0 and sign > 0 and x.low >= 0 and x.high < 1 << zeros:  # no carry leaves it
                terms[place], k = (self.make("cat", (self.const(k >> zeros), x), zeros), 1), 0
        if k in (1, -1) and len(terms) > 1 and not carries[k]:
            carries[k].append(self.const(1))
        elif k:
            terms.append((self.const(abs(k)), 1 if k > 0 else -1))
        while len(terms) > 1 or any(carries.values()):
            terms.sort(key=lambda term: (self.level(term[0]), term[0].bits, term[0].number))
            if len(terms) == 1 and all(carries.values()):  # of two conditions one is the other summand, as a sign, one the carry
                sign = terms[0][1]
                terms.append((self._minus(carries[-sign].pop(0)), sign))
            if len(terms) < 2:
                sign = 1 if carries[1] else -1
                terms.append((carries[sign].pop(), sign))
                if len(terms) < 2:
                    continue
            (a, s), (b, t) = terms[:2]
            if s < t:
                a, b, s, t = b, a, t, s
            kind = "add" if s == t else "sub"
            carry = carries[t].pop(0) if carries[t] and len(terms) + len(carries[t]) > 1 else self.const(0)
            terms[:2] = [(self.make(kind, (a, b, carry)), s)]
        total, sign = terms[0] if terms else (self.const(0), 1)
        return total if sign > 0 else self.make("sub", (self.const(0), total, self.const(0)))


def _compared(node: Node) -> tuple[Node, int]:
    """Return what a comparison with a number is of, and below which number, where bits that do not decide are left out."""
    a, limit = node.arguments[0], node.arguments[1].low
    return (a.arguments[0], limit << a.detail) if a.operation == "shr" else (a, limit)


@cache
def _adders(value: int) -> tuple[int, int]:
    """Return how many adders a multiple takes, and a factor of two digits to begin with, 1 for none."""
    best, factor = max(0, len(_digits(value)) - 1), 1
    for place in range(1, value.bit_length()):
        for each in ((1 << place) - 1, (1 << place) + 1):
            if each > 1 and value % each == 0 and value > each and 1 + _adders(value // each)[0] < best:
                best, factor = 1 + _adders(value // each)[0], each
    return best, factor


def _digits(value: int) -> list[tuple[int, int]]:
    """Return a number as the fewest powers of two, signs and exponents: no two neighbours."""
    digits, place = [], 0
    while value:
        if value & 1:
            digit = 2 - (value & 3)
            digits.append((digit, place))
            value -= digit
        value, place = value >> 1, place + 1
    return digits

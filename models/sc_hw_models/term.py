"""Symbolic integers on which a rule's ``step`` runs unchanged, so that the golden model becomes a theorem, or C.

A ``Term`` stands for a mathematical integer, not for a bit vector: every operation returns a term whose
interval holds all its results, so nothing wraps and widths follow from intervals.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Any

import numpy as np

from .fixed import select

__all__ = ["Term", "evaluate", "lift", "signed_bits", "subterms", "variable"]

Interval = tuple[int, int]


def signed_bits(low: int, high: int) -> int:
    """Return the bits of the narrowest two's complement number that holds ``low..high``."""
    return max((value if value >= 0 else ~value).bit_length() for value in (low, high)) + 1


class Term:
    """An integer expression with the interval ``low..high`` that holds its value.

    Made by ``variable`` and by ``+ - * >> <<``, comparisons, which give 0 or 1, and ``select``
    of ``sc_hw_models.fixed``. Errors: ``TypeError`` for a Python ``if`` on a term, for operands that are neither terms
    nor ints, and for sums of comparisons alone, which NumPy does not count.
    """

    __slots__ = ("arguments", "detail", "high", "low", "operation", "truth")
    __array_ufunc__ = None  # NumPy's scalars leave arithmetic with terms to the terms, and its functions refuse them

    def __init__(
        self, operation: str, arguments: tuple["Term", ...], interval: Interval, detail: int | str = 0, *, truth: bool = False
    ) -> None:
        self.operation, self.arguments, self.detail = operation, arguments, detail
        self.low, self.high = interval
        self.truth = truth  # whether it is a bool on arrays: a comparison, or made of nothing else

    @property
    def bits(self) -> int:
        """Width of the term as a two's complement number."""
        return signed_bits(self.low, self.high)

    def __bool__(self) -> bool:
        raise TypeError("a step must not branch on a value; it uses select instead of if")

    __hash__ = object.__hash__

    def __add__(self, other: Any) -> "Term":
        return _binary("+", self, other)

    def __radd__(self, other: Any) -> "Term":
        return _binary("+", other, self)

    def __sub__(self, other: Any) -> "Term":
        return _binary("-", self, other)

    def __rsub__(self, other: Any) -> "Term":
        return _binary("-", other, self)

    def __neg__(self) -> "Term":
        if self.truth:
            raise TypeError(f"- of a comparison: {_NOT_COUNTED}")
        return _binary("-", 0, self)

    def __mul__(self, other: Any) -> "Term":
        return _binary("*", self, other)

    def __rmul__(self, other: Any) -> "Term":
        return _binary("*", other, self)

    def __rshift__(self, shift: Any) -> "Term":
        if isinstance(shift, Term):
            return _shifted(self, shift, left=False)
        shift = _amount(shift)
        return Term(">>", (self,), (self.low >> shift, self.high >> shift), shift)

    def __rrshift__(self, value: Any) -> "Term":
        return _shifted(lift(value), self, left=False)

    def __lshift__(self, shift: Any) -> "Term":
        return _shifted(self, shift, left=True) if isinstance(shift, Term) else self * (1 << _amount(shift))

    def __rlshift__(self, value: Any) -> "Term":
        return _shifted(lift(value), self, left=True)

    def __lt__(self, other: Any) -> "Term":
        return _binary("<", self, other)

    def __gt__(self, other: Any) -> "Term":
        return _binary("<", other, self)

    def __le__(self, other: Any) -> "Term":
        return _binary("<=", self, other)

    def __ge__(self, other: Any) -> "Term":
        return _binary("<=", other, self)

    def __eq__(self, other: object) -> "Term":  # type: ignore[override] # a term, as on arrays
        return _binary("=", self, other)

    def __ne__(self, other: object) -> "Term":  # type: ignore[override]
        return _binary("=", _binary("=", self, other), 0)

    def __select__(self, condition: Any, when_true: Any, when_false: Any) -> "Term":
        """Return the choice; each arm counts only with the values that the condition leaves it."""
        arguments = (lift(condition), lift(when_true), lift(when_false))
        return Term("select", arguments, _choice(*arguments), truth=arguments[1].truth and arguments[2].truth)


def variable(name: str, low: int, high: int) -> Term:
    """Return a free integer ``low..high`` called ``name``."""
    return Term("variable", (), (low, high), name)


def lift(value: object) -> Term:
    """Return a term or an int as a term; ``TypeError`` for anything else."""
    if isinstance(value, Term):
        return value
    if isinstance(value, int | np.integer | np.bool_):
        truth = isinstance(value, bool | np.bool_)
        return Term("constant", (), (int(value), int(value)), int(value), truth=truth)
    raise TypeError(f"{value!r}: a step on terms takes terms and ints only")


_MOST_SHIFT = 63
_NOT_COUNTED = "NumPy has a bool there and does not count; write select(condition, 1, 0)"


def _binary(operation: str, left: object, right: object) -> Term:
    a, b = lift(left), lift(right)
    truth = a.truth and b.truth
    if truth and operation in ("+", "-"):
        raise TypeError(f"{operation} of comparisons alone: {_NOT_COUNTED}")
    low, high = _interval(operation, [(a.low, a.high), (b.low, b.high)], 0)
    closer = _approach(operation, a, b)
    interval = (max(low, closer[0]), min(high, closer[1])) if closer else (low, high)
    return Term(operation, (a, b), interval, truth=operation in ("<", "<=", "=") or (truth and operation == "*"))


def _amount(shift: Any) -> int:
    """Return by how much to shift."""
    if isinstance(shift, bool) or not isinstance(shift, int | np.integer) or shift < 0:
        raise TypeError(f"shift by {shift!r}: a step shifts by integers >= 0")
    return int(shift)


def _shifted(value: Term, shift: Term, *, left: bool) -> Term:
    """Return ``value`` shifted by what only the timestep knows: by 1, 2, 4, ... as its bits say.

    Each choice has the interval of the shifts that can have been made so far, of which the whole is the largest.
    """
    if not 0 <= shift.low <= shift.high < _MOST_SHIFT:
        raise TypeError(f"shift by a value in {shift.low}..{shift.high}; clip it to 0..{_MOST_SHIFT - 1}")
    ends, result = (value.low, value.high), value
    for position in range(shift.high.bit_length()):
        amount = 1 << position
        most = min(shift.high, 2 * amount - 1)
        reached = [end << most if left else end >> most for end in ends]
        moved = result << amount if left else result >> amount
        bit = (shift >> position) - ((shift >> position + 1) * 2)
        result = Term("select", (bit, moved, result), (min(*ends, *reached), max(*ends, *reached)))
    return result


def _approach(operation: str, a: Term, b: Term) -> Interval | None:
    """Return the interval of ``a - ((a + r) >> k)`` and of ``a + ((r - a) >> k)``, ``None`` of any other sum.

    Both approach a value by a part of the distance and never fall while ``a`` rises, so the ends of ``a`` give the ends:
    a decay does not leave the range of what decays.
    """
    sign = {"-": 1, "+": -1}.get(operation)
    if sign is None or b.operation != ">>":
        return None
    times, low, high = _apart(b.arguments[0], a)
    if times != sign:
        return None
    shift = int(b.detail)
    at_low, at_high = (high, low) if sign > 0 else (low, high)
    return a.low - sign * (sign * a.low + at_low >> shift), a.high - sign * (sign * a.high + at_high >> shift)


def _apart(term: Term, a: Term) -> tuple[int, int, int]:
    """Return how many times ``a`` is a summand of ``term``, and the interval of the rest of it."""
    if term is a:
        return 1, 0, 0
    if term.operation not in ("+", "-"):
        return 0, term.low, term.high
    (n, low, high), (m, least, most) = (_apart(argument, a) for argument in term.arguments)
    return (n + m, low + least, high + most) if term.operation == "+" else (n - m, low - most, high - least)


def _interval(operation: str, operands: list[Interval], detail: int | str) -> Interval:
    """Return what an operation can give for operands in these intervals."""
    if operation == ">>":
        return operands[0][0] >> int(detail), operands[0][1] >> int(detail)
    (a, b), (c, d) = operands[-2:]
    if operation == "+":
        return a + c, b + d
    if operation == "-":
        return a - d, b - c
    if operation == "*":
        products = [a * c, a * d, b * c, b * d]
        return min(products), max(products)
    if operation == "select":
        return min(a, c), max(b, d)
    return 0, 1


def _choice(condition: Term, when_true: Term, when_false: Term) -> Interval:
    """Return the interval of a choice, each arm under what the condition says of its operands."""
    arms = [_under(arm, _implied(condition, truth), {}) for arm, truth in ((when_true, True), (when_false, False))]
    reached = [arm for arm in arms if arm is not None] or [(arm.low, arm.high) for arm in (when_true, when_false)]
    return min(low for low, _ in reached), max(high for _, high in reached)


def _implied(condition: Term, truth: bool) -> dict[int, Interval]:
    """Return the intervals of a comparison's operands, by identity, where it is true (or false)."""
    if condition.operation not in ("<", "<="):
        return {}
    a, b = condition.arguments
    if not truth:
        a, b = b, a
    strict = (condition.operation == "<") == truth  # a < b, else a <= b
    return {id(a): (a.low, b.high - strict), id(b): (a.low + strict, b.high)}


def _under(term: Term, known: Mapping[int, Interval], seen: dict[int, Interval | None]) -> Interval | None:
    """Return the interval of a term when some of its subterms are known better; ``None`` when that is impossible."""
    if id(term) in seen:
        return seen[id(term)]
    low, high = term.low, term.high
    if id(term) in known:
        low, high = max(low, known[id(term)][0]), min(high, known[id(term)][1])
    elif term.arguments:
        operands = [_under(argument, known, seen) for argument in term.arguments]
        possible = [operand for operand in operands if operand is not None]
        if len(possible) == len(operands):
            again = _interval(term.operation, possible, term.detail)
            low, high = max(low, again[0]), min(high, again[1])
        elif term.operation != "select":
            high = low - 1
    seen[id(term)] = result = (low, high) if low <= high else None
    return result


def subterms(terms: Iterable[Term], known: Container[int] = ()) -> list[Term]:
    """Return the terms and all they are made of, each once, operands first; those ``known`` by identity are left out."""
    result: dict[int, Term] = {}
    stack = [(term, False) for term in terms]
    while stack:
        term, expanded = stack.pop()
        if id(term) in result or id(term) in known:
            continue
        if expanded:
            result[id(term)] = term
        else:
            stack.append((term, True))
            stack.extend((argument, False) for argument in term.arguments)
    return list(result.values())


def evaluate(terms: Mapping[str, Term], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of each term where the variables have the ``values``: integers, or ``int64`` arrays of one shape."""
    known: dict[int, Any] = {}
    for term in subterms(terms.values()):
        known[id(term)] = _value(term, [known[id(argument)] for argument in term.arguments], values)
    return {name: known[id(term)] for name, term in terms.items()}


def _value(term: Term, operands: list[Any], values: Mapping[str, Any]) -> Any:
    match term.operation:
        case "variable":
            return values[str(term.detail)]
        case "constant":
            return int(term.detail)
        case "+":
            return operands[0] + operands[1]
        case "-":
            return operands[0] - operands[1]
        case "*":
            return operands[0] * operands[1]
        case ">>":
            return operands[0] >> int(term.detail)
        case "<":
            return (operands[0] < operands[1]) + 0
        case "<=":
            return (operands[0] <= operands[1]) + 0
        case "=":
            return (operands[0] == operands[1]) + 0
        case "select":
            return select(*operands)
    raise AssertionError(term.operation)

"""Terms into nodes: the rewrites of ``algebra`` applied to a step, operands first."""

from collections import Counter
from collections.abc import Iterable, Mapping

from sc_hw_models.term import Term, subterms

from .algebra import Algebra
from .node import Node

__all__ = ["simplified"]


def simplified(terms: Mapping[str, Term], algebra: Algebra, order: Iterable[str] = ()) -> tuple[dict[str, Node], dict[int, Node]]:
    """Return the node of each result, and of each term by its identity.

    Variables are made in this ``order`` first: which summand comes first, and so which way round a value is taken, follows it.
    """
    variables = {str(term.detail): term for term in subterms(terms.values()) if term.operation == "variable"}
    for name in order:
        if name in variables:
            _node(algebra, variables[name], [], [])
    alone = _distinct(terms)
    uses = Counter(id(alone[id(argument)]) for term in {id(t): t for t in alone.values()}.values() for argument in term.arguments)
    uses.update(id(alone[id(term)]) for term in terms.values())
    made: dict[int, Node] = {}
    shared: set[int] = set()

    def node(term: Term) -> Node:
        return made[id(alone[id(term)])]

    for term in subterms(terms.values()):
        first = alone[id(term)]
        if id(first) in made:
            continue
        found = _node(algebra, first, [node(a) for a in first.arguments], [node(a).number not in shared for a in first.arguments])
        if not found.constant:
            algebra.narrow(found, first.low, first.high)
        made[id(first)] = found
        if uses[id(first)] > 1 and not found.constant:
            shared.add(found.number)  # whatever it was written as
    return {name: node(term) for name, term in terms.items()}, {key: made[id(term)] for key, term in alone.items()}


def _distinct(terms: Mapping[str, Term]) -> dict[int, Term]:
    """Return for each term, by identity, the first that is written alike."""
    known: dict[tuple[object, ...], Term] = {}
    result: dict[int, Term] = {}
    for term in subterms(terms.values()):
        key = (term.operation, term.detail, *(id(result[id(argument)]) for argument in term.arguments))
        result[id(term)] = known.setdefault(key, term)
    return result


def _node(algebra: Algebra, term: Term, a: list[Node], own: list[bool]) -> Node:
    match term.operation:
        case "variable":
            return algebra.make("var", (), term.detail, (term.low, term.high))
        case "constant":
            return algebra.const(int(term.detail))
        case "+" | "-":
            sign = 1 if term.operation == "+" else -1
            pairs, k = [], 0
            for x, factor, alone in zip(a, (1, sign), own, strict=True):
                inside, offset = algebra.parts(x)
                apart = alone or (len(inside) == 1 and offset == 0)
                pairs += [(part, factor * c) for part, c in inside] if apart else [(x, factor)]
                k += factor * offset if apart else 0
            return algebra.lin(pairs, k)
        case "*":
            for x, by, alone in ((a[0], a[1], own[0]), (a[1], a[0], own[1])):
                if by.constant and not alone and len(algebra.parts(x)[0]) > 1:
                    return algebra.lin([(x, by.low)])
            return algebra.mul(*a)
        case ">>":
            return algebra.shr(a[0], int(term.detail), own=own[0])
        case "<":
            return _compared(algebra, a[0], a[1])
        case "<=":
            return algebra.negated(_compared(algebra, a[1], a[0]))
        case "=":
            return algebra.eq(*a)
        case "select":
            return algebra.select(*a, own=own[1] and own[2])
    raise AssertionError(term.operation)


def _compared(algebra: Algebra, a: Node, b: Node) -> Node:
    """Return whether ``a < b``, and remember of what and with which number, for a choice that is a bound."""
    found = algebra.lt(a, b)
    inside, holds = (found.arguments[0], False) if found.operation == "not" else (found, True)
    if b.constant:
        algebra.compared.setdefault(inside, []).append((a, b.low, holds))
    elif a.constant:
        algebra.compared.setdefault(inside, []).append((b, a.low + 1, not holds))
    return found

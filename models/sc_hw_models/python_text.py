"""A rule's step as one Python function without branches or calls: what a single synapse runs, several times as fast as the text.

The step is traced once, as for C (``c_text``); a Python integer has no width, so nothing can overflow.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from .checked import open_fields
from .rule import Rule
from .term import Term, lift, subterms, variable

__all__ = ["python_step", "python_text"]

_OPERATORS = {"+": "+", "-": "-", "*": "*", "<": "<", "<=": "<=", "=": "=="}
_LONGEST = 400  # characters of an expression that is written into another; longer ones get a name of their own


def python_text(rule: Rule, config: Any) -> str:
    """Return the text of ``step``: it takes every state field, input and noise word, in the order of the specification.

    It returns the next state as a tuple, an empty one when a result leaves its field; where a term's interval shows that it
    cannot, nothing is compared.
    """
    spec = rule.spec(config)
    fields = (*spec.state, *spec.inputs, *spec.noise)
    values = {f.name: variable(f"a{k}", f.minimum, f.maximum) for k, f in enumerate(fields)}
    after, outputs = rule.step(
        config, {f.name: values[f.name] for f in spec.state}, {f.name: values[f.name] for f in (*spec.inputs, *spec.noise)}
    )
    results = [lift(after[f.name]) for f in spec.state]
    fitting = {f"next_{f.name}": f for f in spec.state} | {f"out_{f.name}": f for f in spec.outputs}
    given = dict(zip(fitting, [*results, *(lift(outputs[f.name]) for f in spec.outputs)], strict=True))
    watched = {id(given[name]): (given[name], f) for name, f in open_fields(given, fitting).items()}
    terms = subterms([*results, *(term for term, _ in watched.values())])
    used = Counter(id(argument) for term in terms for argument in term.arguments)
    lines: list[str] = []
    symbols: dict[int, str] = {}
    for term in terms:
        text = _expression(term, [symbols[id(argument)] for argument in term.arguments])
        if term.arguments and (used[id(term)] > 1 or len(text) > _LONGEST):
            lines.append(f"    v{len(lines)} = {text}")
            text = f"v{len(lines) - 1}"
        symbols[id(term)] = text
    for term, f in watched.values():
        lines.append(f"    if not {f.minimum} <= {symbols[id(term)]} <= {f.maximum}:\n        return ()")
    returned = ", ".join(f"int({symbols[id(r)]})" if r.truth else symbols[id(r)] for r in results)
    names = ", ".join(f"a{k}" for k in range(len(fields)))
    return "\n".join([f"def step({names}):", *lines, f"    return ({returned},)", ""])


def python_step(rule: Rule, config: Any) -> Callable[..., tuple[int, ...]]:
    """Return the function of ``python_text``. Its arguments are integers within their fields; that is not checked."""
    scope: dict[str, Any] = {}
    exec(python_text(rule, config), {"__builtins__": {"int": int}}, scope)  # noqa: S102 - made of names and integers of our own
    step: Callable[..., tuple[int, ...]] = scope["step"]
    return step


def _decided(condition: Term) -> bool | None:
    """Return what a comparison always gives, ``None`` if that depends."""
    if condition.operation not in ("<", "<="):
        return None
    a, b = condition.arguments
    strict = condition.operation == "<"
    if a.high < b.low or (not strict and a.high == b.low):
        return True
    return False if a.low > b.high or (strict and a.low == b.high) else None


def _expression(term: Term, operands: list[str]) -> str:
    if "0" in operands and term.operation == "+":
        return operands[1 - operands.index("0")]
    if term.operation == "select" and (known := _decided(term.arguments[0])) is not None:
        return operands[1 if known else 2]
    match term.operation:
        case "variable":
            return str(term.detail)
        case "constant":
            return f"({term.detail})" if int(term.detail) < 0 else str(term.detail)
        case ">>":
            return f"({operands[0]} >> {term.detail})" if int(term.detail) else operands[0]
        case "select":
            return f"({operands[1]} if {operands[0]} else {operands[2]})"
    return f"({operands[0]} {_OPERATORS[term.operation]} {operands[1]})"

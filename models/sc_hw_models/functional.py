"""Whether a rule's step is a function: the same integers give the same results, whoever asks, in whatever kind, and when.

A proof, the compiled step and a single synapse believe one trace of it. A step that counts its calls, draws random numbers or
looks at the kind of its values deceives them. So a step is traced more than once and the terms compared; and it is run on plain
integers and on arrays, whose results must be those of the terms.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .term import Term, evaluate, subterms

if TYPE_CHECKING:
    from .rule import Field, RuleSpec

__all__ = ["FIRST", "LAST", "as_variables", "different_terms", "different_values"]

FIRST, LAST = 64, 1024
"""Updates on which a step is compared with its terms: when it is first used, and when a verdict rests on it."""
_GROUPS = 4  # inputs of the whole timestep are one integer for all synapses of each

Values = Mapping[str, Any]


def as_variables(spec: "RuleSpec", state: Values, inputs: Values) -> dict[int, str] | None:
    """Return the field that each variable stands for, by identity; ``None`` when a reader gives anything else than variables."""
    given = {**state, **inputs}
    names = {f.name for f in (*spec.state, *spec.inputs, *spec.noise)}
    if given.keys() != names or not all(isinstance(v, Term) and v.operation == "variable" for v in given.values()):
        return None
    return {id(variable): name for name, variable in given.items()}


def different_terms(
    one: Mapping[str, Term],
    named: Mapping[int, str],
    other: Mapping[str, Term],
    other_named: Mapping[int, str],
) -> str:
    """Return the name of the first result that two traces do not give alike, empty when there is none."""
    table: dict[tuple[Any, ...], int] = {}  # of both: what is the same has one number
    first, second = _numbered(one, named, table), _numbered(other, other_named, table)
    return next((name for name in one if first[name] != second[name]), "")


def _numbered(terms: Mapping[str, Term], named: Mapping[int, str], table: dict[tuple[Any, ...], int]) -> dict[str, int]:
    numbers: dict[int, int] = {}
    for term in subterms(terms.values()):
        detail = named.get(id(term), term.detail)
        key = (term.operation, detail, *(numbers[id(argument)] for argument in term.arguments))
        numbers[id(term)] = table.setdefault(key, len(table))
    return {name: numbers[id(term)] for name, term in terms.items()}


def different_values(
    function: Callable[[Values, Values], Values],
    spec: "RuleSpec",
    terms: Mapping[str, Term],
    updates: int,
    seed: int,
) -> str:
    """Run ``updates`` random updates on plain integers and on arrays; return what first differs from the terms, or nothing.

    ``function`` takes state and inputs as a step does and returns all results by the names of the ``terms``.
    """
    generator = np.random.default_rng(seed)
    fields = (*spec.state, *spec.synapse_inputs, *spec.noise)
    for _ in range(_GROUPS):
        several = {f.name: _chosen(f, updates // _GROUPS, generator) for f in fields}
        single = {f.name: int(_chosen(f, 2, generator)[generator.integers(2)]) for f in spec.step_inputs}
        shape = {f.name: np.full(updates // _GROUPS, single[f.name], np.int64) for f in spec.step_inputs}
        expected = {name: np.broadcast_to(value, updates // _GROUPS) for name, value in evaluate(terms, several | shape).items()}
        listed = {name: values.tolist() for name, values in expected.items()}  # to compare single integers is most of the work
        for what, number, given in _kinds(several, single, updates // _GROUPS):
            state = {f.name: given[f.name] for f in spec.state}
            found = function(state, {f.name: given[f.name] for f in (*spec.inputs, *spec.noise)})
            for name, values in expected.items():
                if number is None:
                    different = np.flatnonzero(np.broadcast_to(found[name], values.shape) != values)
                    at = int(different[0]) if different.size else None
                else:
                    at = None if found[name] == listed[name][number] else number
                if at is not None:
                    value = np.broadcast_to(found[name], values.shape)[at] if number is None else found[name]
                    case = ", ".join(f"{n}={int(np.broadcast_to(v, len(values))[at])}" for n, v in (several | shape).items())
                    return f"{name}={value} on {what}, {int(values[at])} on terms, for {case}"
    return ""


def _kinds(several: Mapping[str, np.ndarray], single: Mapping[str, int], count: int) -> Iterator[tuple[str, int | None, Values]]:
    """Yield updates as arrays, all at once, and each as plain integers."""
    for array in several.values():
        array.flags.writeable = False  # a step changes nothing that it is given
    yield "arrays", None, {**several, **single}
    plain = {name: array.tolist() for name, array in several.items()}
    for number in range(count):
        yield "plain integers", number, {**{name: values[number] for name, values in plain.items()}, **single}


def _chosen(f: "Field", count: int, generator: np.random.Generator) -> np.ndarray:
    """Return values of a field: half of them anywhere in its range, half at its ends and around 0."""
    ends = [value for value in (f.minimum, f.maximum, f.minimum + 1, f.maximum - 1, -1, 0, 1) if f.minimum <= value <= f.maximum]
    anywhere = generator.integers(f.minimum, f.maximum, size=count, endpoint=True, dtype=np.int64)
    return np.where(generator.integers(2, size=count), anywhere, generator.choice(np.array(ends, np.int64), size=count))

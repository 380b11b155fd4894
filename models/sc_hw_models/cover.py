"""What a campaign should have seen of a rule, as predicates on one update.

Derived from the ``RuleSpec`` alone, so that every rule is covered; ``Rule.cover`` adds what is particular to one. A
predicate is arithmetic without ``if``, so it runs on arrays, where it counts, and on symbolic terms, where a
solver tells whether any update can satisfy it.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

from .fixed import Value
from .rule import Field, Rule, Values

__all__ = ["Predicate", "coverpoints"]

# state, inputs, and next state and outputs (as out_<name>), each by field name; true (1) where the update is in the bin
Predicate = Callable[[Values, Values, Values], Value]
_COMBINATIONS = 16  # synapse inputs with more values than this together are covered by class


def coverpoints(rule: Rule, config: Any) -> dict[str, dict[str, Predicate]]:
    """Return the bins of each cover point by name: state fields, inputs and their cross, outputs, and the rule's own."""
    spec = rule.spec(config)
    points = {f"state_{f.name}": _state(f) for f in spec.state}
    few = 1 << sum(f.bits for f in spec.synapse_inputs)
    axes = [_classes(f, each=few <= _COMBINATIONS) for f in spec.synapse_inputs]
    synapse = _cross(axes)
    points["synapse_inputs"] = synapse
    for f in spec.step_inputs:
        points[f"input_{f.name}"] = _classes(f)
        points[f"synapse_inputs_x_{f.name}"] = _cross([synapse, _classes(f)])
    points |= {f"output_{f.name}": _ends(f"out_{f.name}", f) for f in spec.outputs}
    own = {name: _bound(predicate, config) for name, predicate in rule.cover.items()}
    return points | ({f"rule_{rule.name}": own} if own else {})


def _bound(predicate: Callable[..., Value], config: Any) -> Predicate:
    return lambda state, inputs, after: predicate(config, state, inputs, after)


def _state(f: Field) -> dict[str, Predicate]:
    name, low, high, reset = f.name, f.minimum, f.maximum, f.reset
    return {
        "at reset": lambda s, i, n: s[name] == reset,
        "at minimum": lambda s, i, n: s[name] == low,
        "at maximum": lambda s, i, n: s[name] == high,
        "rises": lambda s, i, n: n[name] > s[name],
        "falls": lambda s, i, n: n[name] < s[name],
        "reaches minimum": lambda s, i, n: (s[name] > low) * (n[name] == low),
        "reaches maximum": lambda s, i, n: (s[name] < high) * (n[name] == high),
        "stays at minimum": lambda s, i, n: (s[name] == low) * (n[name] == low),
        "stays at maximum": lambda s, i, n: (s[name] == high) * (n[name] == high),
    }


def _ends(name: str, f: Field) -> dict[str, Predicate]:
    return {"at minimum": lambda s, i, n: n[name] == f.minimum, "at maximum": lambda s, i, n: n[name] == f.maximum}


def _equal(name: str, value: int) -> Predicate:
    return lambda s, i, n: i[name] == value


def _between(name: str, low: int, high: int) -> Predicate:
    return lambda s, i, n: (i[name] >= low) * (i[name] <= high)


def _classes(f: Field, *, each: bool = False) -> dict[str, Predicate]:
    """Return bins of an input: each of its values, or its ends, zero, and what lies between."""
    if each:
        return {f"{f.name}={value}": _equal(f.name, value) for value in range(f.minimum, f.maximum + 1)}
    bins = {f"{f.name}={value}": _equal(f.name, value) for value in sorted({f.minimum, 0, f.maximum})}
    for word, low, high in (("negative", f.minimum + 1, -1), ("positive", 1, f.maximum - 1)):
        if low <= high:
            bins[f"{f.name} {word}"] = _between(f.name, low, high)
    return bins


def _cross(axes: list[dict[str, Predicate]]) -> dict[str, Predicate]:
    """Return every combination of one bin of each axis."""

    def both(chosen: tuple[Predicate, ...]) -> Predicate:
        def predicate(state: Values, inputs: Values, after: Values) -> Value:
            value: Value = 1
            for one in chosen:
                value = value * one(state, inputs, after)
            return value

        return predicate

    return {
        ", ".join(labels): both(tuple(axis[label] for axis, label in zip(axes, labels, strict=True))) for labels in product(*axes)
    }

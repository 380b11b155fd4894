"""A step traced into terms, with the names and lines that its text gives to values."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from sc_hw_models import checked, fixed, functional, term
from sc_hw_models.checked import unchecked
from sc_hw_models.rule import Rule
from sc_hw_models.term import Term, lift, variable

__all__ = ["Place", "Traced", "traced", "watched"]

_ALGEBRA = {str(Path(str(module.__file__))) for module in (fixed, term, checked, functional)}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a value got its name: the name, the file's name and the line."""

    name: str
    file: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Traced:
    """``terms`` by port of the datapath, ``next_...`` and ``out_...``, over variables called as the other ports are.

    ``order`` is that of these, ``places`` are those of terms by identity.
    """

    terms: dict[str, Term]
    order: tuple[str, ...]
    places: dict[int, Place]


def traced(rule: Rule, config: Any) -> Traced:
    """Return the step of a configured rule on symbolic integers. Errors: ``StepError`` for what no step may do."""
    spec = rule.spec(config)
    groups = (("state", spec.state), ("in", spec.inputs), ("noise", spec.noise))
    inputs = {(kind, f.name): variable(f"{kind}_{f.name}", f.minimum, f.maximum) for kind, fields in groups for f in fields}
    state = {name: value for (kind, name), value in inputs.items() if kind == "state"}
    rest = {name: value for (kind, name), value in inputs.items() if kind != "state"}
    rule.step(config, state, rest)  # the checks of every reader, with their errors
    watch = _Watch(inputs.values())
    after, outputs = watch.run(rule, config, state, rest)
    found = {f"next_{f.name}": after[f.name] for f in spec.state} | {f"out_{f.name}": outputs[f.name] for f in spec.outputs}
    return Traced(
        terms={name: lift(value) for name, value in found.items()},
        order=tuple(str(value.detail) for value in inputs.values()),
        places=watch.places,
    )


def watched(rule: Rule, config: Any) -> tuple[dict[str, Term], list[tuple[Term, Place]]]:
    """Return the results of a step that nobody has checked, over variables called as fields, and what it names, in order.

    Errors: whatever the step raises, and ``TypeError`` for results that are no integers.
    """
    spec = rule.spec(config)
    values = {f.name: variable(f.name, f.minimum, f.maximum) for f in (*spec.state, *spec.inputs, *spec.noise)}
    watch = _Watch(values.values())
    after, outputs = watch.run(
        rule, config, {f.name: values[f.name] for f in spec.state}, {f.name: values[f.name] for f in (*spec.inputs, *spec.noise)}
    )
    results = {f"next_{name}": value for name, value in after.items()} | {f"out_{name}": value for name, value in outputs.items()}
    return {name: lift(value) for name, value in results.items()}, watch.named


class _Watch:
    """Sees which local variables of a step's functions become which terms, the first name of each."""

    def __init__(self, known: Any) -> None:
        self.places: dict[int, Place] = {}
        self.named: list[tuple[Term, Place]] = []
        self._kept = list(known)  # so that no identity is used twice
        self._inputs = {id(value) for value in self._kept}

    def run(self, rule: Rule, config: Any, state: Any, inputs: Any) -> Any:
        """Run a step and watch it."""
        before = sys.gettrace()
        sys.settrace(self.call)
        try:
            return unchecked(rule.step)(config, state, inputs)
        finally:
            sys.settrace(before)

    def call(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        """Follow a function unless it is the algebra's."""
        if frame.f_code.co_filename in _ALGEBRA:
            return None
        seen = {name: id(value) for name, value in frame.f_locals.items()}
        line = frame.f_lineno

        def follow(frame: FrameType, _event: str, _argument: Any) -> Any:
            nonlocal line
            for name, value in frame.f_locals.items():
                if isinstance(value, Term) and seen.get(name) != id(value):
                    self._named(name, value, frame.f_code.co_filename, line)
                    seen[name] = id(value)
            line = frame.f_lineno
            return follow

        return follow

    def _named(self, name: str, value: Term, file: str, line: int) -> None:
        if id(value) in self._inputs or id(value) in self.places or not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
            return
        shown = re.sub(r"[^A-Za-z0-9_.]", "_", Path(file).name)[:60]
        self.places[id(value)] = Place(name=name, file=shown, line=line)
        self.named.append((value, self.places[id(value)]))

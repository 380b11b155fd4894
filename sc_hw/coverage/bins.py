"""Can a bin of the functional coverage be hit at all? The model's own step on symbolic integers, asked of a solver."""

from collections.abc import Sequence
from typing import Any

from sc_hw_models.cover import coverpoints
from sc_hw_models.rule import Rule
from sc_hw_models.term import lift, variable

from ..errors import UserError
from ..proof.script import TermPrinter, extended, literal
from ..proof.solver import find_solver
from .reach import PROVEN, REACHABLE, UNDECIDED, Finding

__all__ = ["possible"]

_SOLVER = "yices"


def possible(rule: Rule, config: Any, bins: Sequence[tuple[str, str]], *, seconds: int) -> list[Finding]:
    """Return for each bin (cover point, label) whether any state, input and noise give it; a host can load any state."""
    if not bins:
        return []
    try:
        solver = find_solver(_SOLVER)
    except UserError as error:
        return [(UNDECIDED, str(error))] * len(bins)
    spec, points = rule.spec(config), coverpoints(rule, config)
    fields = {f"state_{f.name}": f for f in spec.state} | {f"in_{f.name}": f for f in (*spec.inputs, *spec.noise)}
    variables = {name: variable(name, f.minimum, f.maximum) for name, f in fields.items()}
    state = {f.name: variables[f"state_{f.name}"] for f in spec.state}
    inputs = {f.name: variables[f"in_{f.name}"] for f in (*spec.inputs, *spec.noise)}
    new_state, outputs = rule.step(config, state, inputs)
    after = {name: lift(value) for name, value in new_state.items()}
    after |= {f"out_{name}": lift(value) for name, value in outputs.items()}
    free = "".join(f"(declare-fun {name} () (_ BitVec {f.bits}))\n" for name, f in fields.items())
    bound = {name: extended(name, variables[name].bits - f.bits, signed=f.signed) for name, f in fields.items()}
    findings = []
    for point, label in bins:
        term = lift(points[point][label](state, inputs, after))
        printer = TermPrinter(bound, {})
        (text,) = printer.define([term])
        question = free + "\n".join([*printer.lines, f"(assert (distinct {text} {literal(0, term.bits)}))"])
        answer = solver.ask(question, [], timeout=seconds)
        findings.append(_FINDINGS.get(answer.verdict, (UNDECIDED, answer.text)))
    return findings


_FINDINGS = {
    "unsat": (PROVEN, f"no state and no input give it: the model's step, {_SOLVER}"),
    "sat": (REACHABLE, f"a state and inputs that give it exist: the model's step, {_SOLVER}"),
}

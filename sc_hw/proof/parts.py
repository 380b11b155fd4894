"""Theorems about the model that let a crossbar keep a neuron's state once and leave synapses at rest alone."""

from collections.abc import Mapping
from typing import Any

from sc_hw_models.parts import NEURONS, SYNAPSE, below, part, step_terms
from sc_hw_models.rule import Field, Rule
from sc_hw_models.term import Term, lift, variable

from .docket import Docket
from .script import TermPrinter, extended, literal

__all__ = ["prove_parts", "prove_rest"]


def prove_parts(rule: Rule, config: Any, docket: Docket) -> None:
    """Prove that the steps of a rule's parts, each given what it takes, are the rule's step, for all values of everything."""
    whole, terms = rule.spec(config), step_terms(rule, config)
    fields = {f.name: f for f in (*whole.state, *whole.inputs, *whole.noise)}
    for owner in (*NEURONS, SYNAPSE):
        own = part(rule, owner)
        spec, parts = own.spec(config), step_terms(own, config)
        results = [f"next_{f.name}" for f in spec.state] + [f"out_{f.name}" for f in spec.outputs if f"out_{f.name}" in terms]
        if results:
            sees = "given its neurons' state" if owner == SYNAPSE else f"which sees {owner}synaptic fields alone,"
            _decide(
                docket,
                f"{owner}_part",
                f"the step of {spec.rule}, {sees} is the rule's step",
                fields,
                [(terms[name], parts[name]) for name in results],
            )


def prove_rest(rule: Rule, config: Any, docket: Docket) -> None:
    """Prove that a synapse which rests, as the specification has it, keeps its state; nothing of a rule that never rests."""
    spec = rule.spec(config)
    if spec.rest is None:
        return
    for name, bounds, when in (
        ("quiet", spec.rest.quiet, "in a timestep whose inputs are 0"),
        ("inert", spec.rest.inert, "in every timestep"),
    ):
        for suffix, reach, silent, why in (
            (
                "trace",
                spec.rest.pre,
                {"pre"},
                "whatever the postsynaptic neuron does, while the other's state is small",
            ),
            ("spike", {}, {"pre", "post"}, "while neither neuron has an input"),
        ):
            zero = {f.name for f in spec.synapse_inputs if f.owner in silent}
            zero |= {f.name for f in spec.step_inputs} if name == "quiet" else set()
            free = {f.name: f for f in (*spec.state, *spec.inputs) if f.name not in zero}
            values = dict.fromkeys(zero, 0) | {n: variable(n, f.minimum, f.maximum) for n, f in free.items()}
            state, _ = rule.step(config, *({f.name: values[f.name] for f in fields} for fields in (spec.state, spec.inputs)))
            rests = below({**bounds, **reach}, values)
            _decide(
                docket,
                f"rest_{name}_{suffix}",
                f"a synapse that is {name} keeps its state {when}, {why}",
                free,
                [(rests * lift(state[f.name]), rests * lift(values[f.name])) for f in spec.state if f.owner == SYNAPSE],
            )


def _decide(
    docket: Docket,
    name: str,
    statement: str,
    fields: Mapping[str, Field],
    equal: list[tuple[Term, Term]],
) -> None:
    """Ask the solvers for values of the fields for which two terms differ."""
    lines, bound, wanted = [], {}, []
    for f in fields.values():
        lines.append(f"(declare-fun {f.name} () (_ BitVec {f.bits}))")
        bound[f.name] = extended(f.name, not f.signed, signed=False)
        wanted.append((f.name, f.bits))
    printer = TermPrinter(bound, {})
    different = [lift(left != right) for left, right in equal]
    goal = " ".join(
        f"(distinct {text} {literal(0, t.bits)})" for t, text in zip(different, printer.define(different), strict=True)
    )
    lines += [*printer.lines, f"(assert (or false {goal}))"]
    answer, answers = docket.decide("\n".join(lines), wanted)
    note = ", ".join(f"{name}={value}" for (name, _), value in zip(wanted, answer.values, strict=False)) or answer.text
    docket.add(name, statement, docket.verdict(answer), answers, note)

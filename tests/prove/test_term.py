"""The reading of the algebra that the theorem rests on: the SMT text of terms gives what Python ints give."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_hw.proof.question import model_terms
from sc_hw.proof.script import TermPrinter, extended, literal
from sc_hw.proof.solver import find_solver
from sc_hw_models.registry import get_rule
from sc_hw_models.term import evaluate, lift
from tests.models.test_term import EXPRESSIONS, FIELDS, VALUES, build, variables


@settings(max_examples=25, deadline=None)
@given(st.lists(EXPRESSIONS, min_size=4, max_size=4), VALUES)
def test_smt_text_means_the_same_integers(expressions, values):
    terms = [lift(build(expression, variables())) for expression in expressions]
    lines, bound = [], {}
    for name, f in FIELDS.items():
        lines += [f"(declare-fun {name} () (_ BitVec {f.bits}))", f"(assert (= {name} {literal(values[name], f.bits)}))"]
        bound[name] = extended(name, not f.signed, signed=False)
    printer = TermPrinter(bound, {})
    wanted = [(text, term.bits) for text, term in zip(printer.define(terms), terms, strict=True)]
    losses = [(f"(ite {loss} #b1 #b0)", 1) for loss in printer.losses]
    answer = find_solver("yices").ask("\n".join([*lines, *printer.lines]), wanted + losses, timeout=60)
    expected = [int(build(e, values)) % (1 << term.bits) for e, term in zip(expressions, terms, strict=True)]
    assert answer.values == (*expected, *[0] * len(losses))


@pytest.mark.parametrize("options", [{}, {"rounding": "stochastic", "decay_rounding": "stochastic", "trace_fraction_bits": 3}])
def test_model_terms_are_the_step(options):
    rule = get_rule("r_stdp")
    config = rule.config_type(**options)
    spec, terms, generator = rule.spec(config), model_terms(rule, config), random.Random(7)

    def draw(f):
        return generator.choice([f.minimum, f.maximum, generator.randint(f.minimum, f.maximum)])

    for _ in range(200):
        state = {f.name: draw(f) for f in spec.state}
        inputs = {f.name: draw(f) for f in spec.inputs + spec.noise}
        values = {f"state_{n}": v for n, v in state.items()} | {f"in_{n}": v for n, v in inputs.items()}
        values |= {f"noise_{n}": v for n, v in inputs.items()}
        new_state, outputs = rule.step(config, state, inputs)
        expected = {f"next_{n}": v for n, v in new_state.items()} | {f"out_{n}": v for n, v in outputs.items()}
        assert evaluate(terms, values) == expected

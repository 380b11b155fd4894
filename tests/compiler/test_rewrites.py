"""Every rewrite, on random terms: what the compiler makes of a step gives what the step gives."""

import random

import pytest

from sc_hw.compiler.algebra import Algebra
from sc_hw.compiler.layout import laid_out
from sc_hw.compiler.node import evaluated, in_order
from sc_hw.compiler.simplify import simplified
from sc_hw.compiler.trace import traced
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.term import evaluate

from ..daily import check
from .random_rules import random_rule


def differences(rule, config, seed, updates=60):
    """Return the first update in which terms and nodes differ, and the stages between that do."""
    found = traced(rule, config)
    algebra = Algebra()
    roots, _ = simplified(found.terms, algebra, found.order)
    laid, _ = laid_out(roots)
    names = {str(n.detail): n for n in in_order(roots.values()) if n.operation == "var"}
    generator = random.Random(seed)
    for _ in range(updates):
        given = {
            name: generator.choice((n.low, n.high, 0 if n.low < 0 else n.low, *(generator.randint(n.low, n.high),) * 3))
            for name, n in names.items()
        } | {name: 0 for name in found.order if name not in names}
        wanted = {name: int(value) for name, value in evaluate(found.terms, given).items()}
        for stage, nodes in (("rewritten", roots), ("laid out", laid)):
            if (got := evaluated(nodes, given)) != wanted:
                return stage, given, wanted, got
    return None


@pytest.mark.parametrize("name", list(RULES))
def test_every_preset_is_rewritten_into_what_it_is(name):
    rule = get_rule(name)
    for title, preset in rule.presets.items():
        assert differences(rule, preset.config, 1) is None, title


def rewritten(seeds, written):
    for seed in seeds:
        name, text = random_rule(seed)
        rule = written(name, text).rule
        assert differences(rule, rule.config_type(), seed) is None, f"seed {seed}\n{text}"


def test_random_steps_are_rewritten_into_what_they_are(written):
    rewritten(range(60), written)


@check("more random steps, the same rewrites")
def test_many_random_steps_are_rewritten_into_what_they_are(written, pytestconfig):
    seed = pytestconfig.getoption("--seed")
    print(f"seed {seed}")
    rewritten(range(seed, seed + 2000), written)


def test_a_wrong_rewrite_is_found(monkeypatch):
    right = Algebra._carry
    monkeypatch.setattr(Algebra, "_carry", lambda self, x, added, k: right(self, x, max(0, added - 1), k))
    rule = get_rule("r_stdp")
    assert differences(rule, rule.config_type(), 1, updates=600) is not None

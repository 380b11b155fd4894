"""Every rewrite, on random terms: what the compiler makes of a step gives what the step gives."""

import random

import pytest

from sc_hw.compiler.algebra import Algebra
from sc_hw.compiler.layout import laid_out
from sc_hw.compiler.node import evaluated, in_order
from sc_hw.compiler.pipeline import compiled_nodes
from sc_hw.compiler.simplify import simplified
from sc_hw.compiler.trace import traced
from sc_hw_models.fixed import chance
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.term import evaluate, variable

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


PAYING = '''"""A store that pays what is asked of it as far as it reaches, and an event of a chance; drawn from seed {seed}."""

from dataclasses import dataclass

from sc_hw_models.fixed import asr, chance, minimum, select
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    pass


def spec(config):
    return RuleSpec(
        rule="{name}",
        state=(Field(name="store", bits={bits}),),
        synapse_inputs=(Field(name="asked", bits={asked}), Field(name="open", bits=1), Field(name="double", bits=1)),
        noise=(Field(name="word", bits={word}),),
        outputs=(Field(name="paid", bits={bits}), Field(name="event", bits=1)),
        random_seed=1,
    )


def step(config, state, inputs):
    store, asked = state["store"], inputs["asked"]
    whole = asr(store, {shift})
    paid = {paid}
    event = chance(inputs["word"], {exponent}, {word})
    return {{"store": store - paid * {unit}}}, {{"paid": paid, "event": event}}


RULE = Rule(name="{name}", summary="pays", config_type=Config, spec=spec, step=step)
'''


def paying(seed):
    """Return the name and the text of a rule that pays from a store."""
    r = random.Random(seed)
    bits, shift = r.randint(3, 9), r.randint(0, 2)
    least = r.choice(("minimum(asked, whole)", "minimum(whole, asked)", "select(whole <= asked, whole, asked)"))
    paid = r.choice((least, f'select(inputs["open"], {least}, 0)', f'select(inputs["double"], whole, {least})'))
    name, exponent = f"paying_{seed}", r.choice(("asked", "asked - 3", "store - asked", "asr(asked, 1)"))
    numbers = {"bits": bits, "asked": r.randint(5, 8), "word": r.randint(5, 9), "shift": shift, "unit": 1 << shift}
    return name, PAYING.format(seed=seed, name=name, paid=paid, exponent=exponent, **numbers)


def paid(seeds, written):
    for seed in seeds:
        name, text = paying(seed)
        rule = written(name, text).rule
        assert differences(rule, rule.config_type(), seed) is None, f"seed {seed}\n{text}"
        roots, _ = compiled_nodes(rule, rule.config_type())
        assert firm(roots["next_store"]) == 1, f"seed {seed}\n{text}"
        assert [node.operation for node in in_order([roots["out_event"]])].count("rev") == 1


def test_what_pays_subtracts_once_and_a_chance_compares_once(written):
    paid(range(10), written)


@check("more seeds of the same")
def test_whatever_pays_subtracts_once_and_every_chance_compares_once(written, pytestconfig):
    seed = pytestconfig.getoption("--seed")
    print(f"seed {seed}")
    paid(range(seed, seed + 300), written)


@pytest.mark.parametrize("bits", [5, 7, 8, 16])
@pytest.mark.parametrize("exponent_bits", [3, 4, 5])
def test_the_place_of_the_first_one_is_compared(bits, exponent_bits):
    """Of eight bits and a value of four the last part reads both ways: as a bit of either, below a number of the other."""
    word, exponent = variable("word", 0, (1 << bits) - 1), variable("exponent", 0, (1 << exponent_bits) - 1)
    laid, _ = laid_out(simplified({"event": chance(word, exponent, bits)}, Algebra())[0])
    assert [node.operation for node in in_order(laid.values())].count("rev") == 1
    for given in ({"word": w, "exponent": e} for w in (0, 1, 6, 8, 1 << (bits - 1)) for e in range(1 << exponent_bits)):
        assert evaluated(laid, given)["event"] == chance(given["word"], given["exponent"], bits)


@pytest.mark.parametrize(("most", "joined"), [(3, True), (4, False)])
def test_two_summands_are_joined_where_they_share_no_bits(most, joined):
    algebra = Algebra()
    low, high = (algebra.make("var", (), name, (0, top)) for name, top in (("low", most), ("high", 99)))
    laid, _ = laid_out({"sum": algebra.total((high, 4), (low, 1))})
    assert laid["sum"].operation == ("cat" if joined else "add")


def firm(root):
    """Return how many carry chains and multipliers a result takes."""
    chains = [node for node in in_order([root]) if node.operation in ("add", "sub", "mul", "lt")]
    return sum(node.operation != "lt" or not node.arguments[1].constant for node in chains)


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

"""Stages: the clock is kept, nothing is read before it is there, and no other placement has fewer registers and masks."""

import itertools
import random

import pytest

from sc_hw.compiler.cut import best_closure
from sc_hw.compiler.delays import Delays
from sc_hw.compiler.node import Nodes, in_order
from sc_hw.compiler.pipeline import compiled_nodes, pipeline
from sc_hw.compiler.rule import Timing
from sc_hw.compiler.schedule import fastest, scheduled, slowest, stages_needed
from sc_hw_models.registry import RULES, get_rule
from tests.daily import few

from .random_rules import random_rule

DELAYS = Timing().delays


def masks(nodes, stage):
    """Return the bits of values that a condition forces to a number in the stage of an adder or multiplier that takes them."""

    def firm(node):
        for user in (u for u in nodes if node in u.arguments and stage[u.number] == stage[node.number]):
            chain = user.operation in ("add", "sub", "mul") or (user.operation == "lt" and not user.arguments[1].constant)
            if chain or (user.operation in ("shl", "shr", "low", "cat", "comp", "minus", "not") and firm(user)):
                return True
        return False

    forced = [n for n in nodes if n.operation == "select" and (n.arguments[1].constant or n.arguments[2].constant)]
    clipped = [n for n in nodes if n.operation == "clamp" and n.low >= 0]  # to one side only
    forced += [n for n in clipped if n.arguments[0].low >= 0 or n.detail[1] == n.arguments[0].high]
    return sum(node.bits for node in forced if firm(node))


def checked(roots, places, delays, period, latency):
    """Check one schedule and return the bits of its registers, and two more for a bit of a mask."""
    made = pipeline(roots, places, delays, period, latency)
    stage, late = made.schedule.stage, {}
    limit = max(made.schedule.period, slowest(roots, delays)) - delays.overhead + 1e-6
    for node in in_order(roots.values()):
        inside = [a for a in node.arguments if not a.constant]
        assert all(stage[a.number] <= stage[node.number] for a in inside)
        assert 0 <= stage[node.number] < latency
        late[node.number] = delays.of(node) + max(
            (late[a.number] for a in inside if stage[a.number] == stage[node.number]), default=0
        )
        assert late[node.number] <= limit
    return made.registers + 2 * masks([node for node in in_order(roots.values()) if not node.constant], stage)


@pytest.mark.parametrize("name", few(RULES, ["stp"], "the presets of the other rules"))
def test_every_preset_keeps_its_clock_in_as_many_stages_as_that_takes(name):
    rule = get_rule(name)
    for preset in rule.presets.values():
        roots, places = compiled_nodes(rule, preset.config)
        for period in (3.0, 5.4, 9.0, 30.0):
            least = stages_needed(roots, DELAYS, period)
            bits = [checked(roots, places, DELAYS, period, latency) for latency in (least, least + 1)]
            assert bits[1] > bits[0] or least == 1
            if least > 1 and period > slowest(roots, DELAYS):
                assert fastest(roots, DELAYS, least - 1) > period >= fastest(roots, DELAYS, least) - 1e-6


def exhaustive(roots, delays, period, latency):
    """Return the fewest register bits, and two more for a bit of a mask, of all placements of a small step."""
    nodes = [node for node in in_order(roots.values()) if not node.constant]
    free = [node for node in nodes if node.operation != "var"]
    best = None
    for choice in itertools.product(range(latency), repeat=len(free)):
        stage = {node.number: 0 for node in nodes} | {node.number: s for node, s in zip(free, choice, strict=True)}
        late, good = {}, True
        for node in nodes:
            inside = [a for a in node.arguments if not a.constant]
            good = good and all(stage[a.number] <= stage[node.number] for a in inside)
            late[node.number] = delays.of(node) + max(
                (late[a.number] for a in inside if stage[a.number] == stage[node.number]), default=0
            )
            good = good and late[node.number] <= period - delays.overhead + 1e-9
        if good:
            results = {root.number for root in roots.values()}
            last = {
                n.number: max(
                    [
                        latency if n.number in results else 0,
                        stage[n.number],
                        *(stage[u.number] for u in nodes if n in u.arguments),
                    ]
                )
                for n in nodes
            }
            bits = sum(n.bits * (last[n.number] - stage[n.number]) for n in nodes) + 2 * masks(nodes, stage)
            best = bits if best is None else min(best, bits)
    return best


def test_no_placement_has_fewer_registers_and_masks(written):
    tried = 0
    for seed in range(60):
        rule = written(*random_rule(seed)).rule
        roots, places = compiled_nodes(rule, rule.config_type())
        roots = dict(list(roots.items())[:1])
        free = sum(node.operation != "var" and not node.constant for node in in_order(roots.values()))
        period = max(slowest(roots, DELAYS), 3.0) + 1.0
        latency = max(2, stages_needed(roots, DELAYS, period))
        if free >= 2 and latency**free <= 3000:
            tried += 1
            assert checked(roots, places, DELAYS, period, latency) == exhaustive(roots, DELAYS, period, latency), seed
    assert tried >= 5


@pytest.mark.parametrize("wide", [4, 8, 14])
def test_a_mask_is_left_to_the_registers_where_that_saves_more_than_it_costs(wide):
    """A gated product is added to a wide sum: to wait with the sum costs registers, not to wait costs LUTs."""
    costs = []
    for bits in (1, wide):
        make = Nodes()
        a, b = (make.make("var", (), name, (0, (1 << bits) - 1)) for name in "ab")
        gate, weight = make.make("var", (), "gate", (0, 1)), make.make("var", (), "weight", (0, (1 << 24) - 1))
        gated = make.make("select", (gate, make.const(0), make.make("mul", (a, b))))
        total = make.make("add", (weight, make.make("shl", (gated,), 1), make.const(0)))
        roots = {"next_weight": make.make("shr", (total,), 4)}
        period = slowest(roots, DELAYS) + 1.0
        costs.append([checked(roots, {}, DELAYS, period, latency) for latency in (2, 3, 4)])
        assert costs[-1] == [exhaustive(roots, DELAYS, period, latency) for latency in (2, 3, 4)]
    assert costs[0] < costs[1]


def test_the_closure_is_the_best_of_all():
    generator = random.Random(4)
    for _ in range(150):
        n = generator.randint(1, 7)
        gains = [generator.randint(-9, 9) for _ in range(n)]
        needs = [(generator.randrange(n), generator.randrange(n)) for _ in range(generator.randint(0, 9))]
        fixed = [k for k in range(n) if generator.random() < 0.15]
        found = best_closure(gains, needs, fixed)
        closed = [
            set(s)
            for size in range(n + 1)
            for s in itertools.combinations(range(n), size)
            if not set(s) & set(fixed) and all(j in s for i, j in needs if i in s)
        ]
        assert found in closed
        assert sum(gains[k] for k in found) == max(sum(gains[k] for k in s) for s in closed)


def test_a_slow_table_takes_more_stages():
    slow = Delays(overhead=1, lut=3, chain=4, carry=0.2, mul=9, dsp=(18, 18), clock=50)
    rule = get_rule("r_stdp")
    roots, _ = compiled_nodes(rule, rule.config_type())
    assert stages_needed(roots, slow, 10.5) > stages_needed(roots, DELAYS, 10.5)
    assert scheduled(roots, DELAYS, 30.0, 3).latency == 3

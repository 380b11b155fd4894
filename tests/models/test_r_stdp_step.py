"""Reward-modulated STDP: the step against its definition, and its invariants."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_hw_models.core import CoreModel
from sc_hw_models.online_o1 import OnlineO1Synapse
from sc_hw_models.rules.r_stdp import RULE

from .r_stdp_reference import (
    FIELDS,
    LARGEST,
    SMALLEST,
    changed,
    definition_step,
    label,
    random_reward,
    random_state,
    reproducible,
    tuples,
    updates,
)

DEFINITION_CONFIGS = [
    {},
    SMALLEST,
    LARGEST,
    SMALLEST | {"learning_shift": 0, "trace_decay_shift": 0},
    SMALLEST | {"trace_decay_shift": 1},
    LARGEST | {"learning_shift": 30, "trace_decay_shift": 30},
    LARGEST | {"trace_decay_shift": 1},
    LARGEST | {"weight_bits": 1, "learning_shift": 29},
    {"trace_decay_shift": 0},
    {"trace_decay_shift": 1},
    {"trace_decay_shift": 12},
    {"trace_decay_shift": 13},
    {"learning_shift": 0},
    {"learning_shift": 19},
    {"learning_shift": 20},
    {"reward_bits": 1},
    {"weight_bits": 8, "trace_bits": 4, "trace_decay_shift": 2},
    {"weight_bits": 5, "trace_bits": 20, "reward_bits": 3, "learning_shift": 11, "trace_decay_shift": 6},
]


@pytest.mark.parametrize("options", DEFINITION_CONFIGS, ids=label)
def test_every_field_follows_the_definition_from_any_state(options):
    """20,480 updates a configuration, from states the rule may or may not reach by itself."""
    config, count = changed(**options), 1024
    generator = np.random.default_rng(20261)
    core = CoreModel(RULE, config, synapses=count)
    for _ in range(20):
        core.load(random_state(generator, core.spec, count))
        before, reward = tuples(core.state), random_reward(generator, config)
        pre, post = generator.integers(0, 2, (2, count))
        core.step({"pre_spike": pre, "post_spike": post, "reward": reward})
        inputs = zip(before, pre.tolist(), post.tolist(), strict=True)
        assert tuples(core.state) == [definition_step(config, s, a, b, reward) for s, a, b in inputs]


@pytest.mark.parametrize(
    "options", [{}, SMALLEST, LARGEST, {"weight_bits": 8, "trace_bits": 6, "trace_decay_shift": 2}], ids=label
)
def test_a_long_life_follows_the_definition(options):
    """6,000 timesteps of one synapse: bursts, silences, coincidences, rewards beyond their range."""
    config = changed(**options)
    generator = np.random.default_rng(20262)
    rates = np.repeat(generator.choice([0.0, 0.01, 0.1, 0.5, 1.0], (200, 2)), 30, axis=0)
    spikes = (generator.random((6000, 2)) < rates).tolist()
    wide = 2 * config.max_reward + 3
    rewards = np.repeat(generator.integers(-wide, wide + 1, 600), 10).tolist()
    start = (config.max_weight + 1) // 2
    synapse = OnlineO1Synapse(config, start)
    state, visited = (start, 0, 0, 0), set()
    for (pre, post), reward in zip(spikes, rewards, strict=True):
        state = definition_step(config, state, pre, post, reward)
        assert tuple(synapse.step(pre_spike=pre, post_spike=post, reward=reward)[:4]) == state
        visited.add(state)
    assert {s[0] for s in visited} >= {0, config.max_weight}
    if options != LARGEST:  # there nothing decays, so one eligibility bound is reached for good
        assert {s[3] for s in visited} >= {config.min_eligibility, config.max_eligibility}


@pytest.mark.parametrize("trace_decay_shift", range(4))
@pytest.mark.parametrize("learning_shift", range(4))
def test_a_tiny_rule_follows_the_definition_everywhere(learning_shift, trace_decay_shift):
    """All 256 states, all spikes, all rewards and two beyond the range: every case there is."""
    config = changed(
        weight_bits=2, trace_bits=2, reward_bits=2, learning_shift=learning_shift, trace_decay_shift=trace_decay_shift
    )
    cases = list(itertools.product(range(4), range(4), range(4), range(-2, 2), (0, 1), (0, 1), range(-3, 3)))
    columns = np.array(cases).T
    state = dict(zip(FIELDS, columns[:4], strict=True))
    inputs = {"pre_spike": columns[4], "post_spike": columns[5], "reward": columns[6]}
    after, outputs = RULE.step(config, state, inputs)
    assert tuples(after) == [definition_step(config, c[:4], *c[4:]) for c in cases]
    np.testing.assert_array_equal(outputs["weight"], after["weight"])


# Invariants.


many = settings(reproducible, max_examples=25)


@many
@given(updates())
def test_state_and_outputs_stay_in_their_fields(update):
    config, spec, state, inputs = update
    after, outputs = RULE.step(config, state, inputs)
    assert list(after) == [f.name for f in spec.state] == list(FIELDS)
    for f in spec.state:
        assert f.minimum <= after[f.name] <= f.maximum
    assert outputs == {"weight": after["weight"]}
    arrays, _ = RULE.step(config, {k: np.array([v]) for k, v in state.items()}, {k: np.array([v]) for k, v in inputs.items()})
    assert {name: array.tolist() for name, array in arrays.items()} == {name: [value] for name, value in after.items()}


@many
@given(updates())
def test_no_reward_no_change(update):
    config, _, state, inputs = update
    assert RULE.step(config, state, inputs | {"reward": 0})[0]["weight"] == state["weight"]


@many
@given(updates(), st.data())
def test_the_weight_follows_the_sign_of_reward_times_eligibility_and_is_monotone_in_reward(update, data):
    config, spec, state, inputs = update
    after = RULE.step(config, state, inputs)[0]
    drive = inputs["reward"] * after["eligibility"]
    change = after["weight"] - state["weight"]
    assert change >= 0 if drive >= 0 else change <= 0
    reward = spec.step_inputs[0]
    more = data.draw(st.integers(inputs["reward"], reward.maximum))
    raised = RULE.step(config, state, inputs | {"reward": more})[0]
    gain = raised["weight"] - after["weight"]
    assert gain >= 0 if after["eligibility"] >= 0 else gain <= 0
    assert {n: raised[n] for n in FIELDS[1:]} == {n: after[n] for n in FIELDS[1:]}


@many
@given(updates(), updates())
def test_a_trace_depends_on_its_own_side_only(update, other):
    """So that traces may be kept once a neuron without loss."""
    config, _, state, inputs = update
    after = RULE.step(config, state, inputs)[0]
    for side, opposite in (("pre", "post"), ("post", "pre")):
        strange_state = state | {f"{opposite}_trace": min(other[2]["pre_trace"], config.max_trace), "eligibility": 0, "weight": 0}
        strange = inputs | {f"{opposite}_spike": other[3]["pre_spike"], "reward": 0}
        assert RULE.step(config, strange_state, strange)[0][f"{side}_trace"] == after[f"{side}_trace"]
        if inputs[f"{side}_spike"]:
            assert after[f"{side}_trace"] == config.max_trace
        else:
            assert after[f"{side}_trace"] <= state[f"{side}_trace"]


@many
@given(updates())
def test_silence_only_fades_the_eligibility(update):
    config, _, state, inputs = update
    after = RULE.step(config, state, inputs | {"pre_spike": 0, "post_spike": 0})[0]["eligibility"]
    assert abs(after) <= abs(state["eligibility"])
    assert after * state["eligibility"] >= 0


@pytest.mark.parametrize("options", [{}, {"trace_fraction_bits": 3, "rounding": "stochastic"}], ids=label)
def test_cover_names_what_happened(options):
    config, count = changed(**options), 1000
    generator = np.random.default_rng(20264)
    core = CoreModel(RULE, config, synapses=count)
    core.load(random_state(generator, core.spec, count))
    before = core.state
    spikes = dict(zip(("pre_spike", "post_spike"), generator.integers(0, 2, (2, count)), strict=True))
    for reward in (config.max_reward, 0, config.min_reward):
        core.load(before)
        core.step(spikes | {"reward": reward})
        hits = {name: seen(config, before, spikes | {"reward": reward}, core.state) for name, seen in RULE.cover.items()}
        top, half = config.max_trace, config.max_eligibility
        for i, ((w, p, q, _), (new, _, _, e)) in enumerate(zip(tuples(before), tuples(core.state), strict=True)):
            pre, post = bool(spikes["pre_spike"][i]), bool(spikes["post_spike"][i])
            drive = reward * e
            expected = {
                "both spikes at once": pre and post,
                "potentiation by a decayed trace": post and not pre and 0 < p < top,
                "depression by a decayed trace": pre and not post and 0 < q < top,
                "eligibility saturates above": post and not pre and e == half,
                "eligibility saturates below": pre and not post and e == -half - 1,
                "positive reward, positive eligibility": reward > 0 and e > 0,
                "positive reward, negative eligibility": reward > 0 and e < 0,
                "negative reward, positive eligibility": reward < 0 and e > 0,
                "negative reward, negative eligibility": reward < 0 and e < 0,
                "reward without eligibility": reward != 0 and e == 0,
                "weight held at 0": w == new == 0 and drive < 0,
                "weight held at its maximum": w == new == config.max_weight and drive > 0,
            }
            assert {name: bool(np.broadcast_to(hit, count)[i]) for name, hit in hits.items()} == expected

"""What a rule's demonstration shows: its stretches, played on the golden model, do what they are called."""

import numpy as np
import pytest

from sc_hw_models.core import CoreModel
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import Demonstration

SHOWN = [(name, preset) for name in RULES if get_rule(name).demonstration for preset in get_rule(name).presets]


def play(rule, config):
    """Return the state before the first and after each stretch, one synapse."""
    shown = rule.demonstration(config)
    core = CoreModel(rule, config, synapses=1)
    core.load({name: np.array([value]) for name, value in shown.state.items()})
    states = {"start": core.state}
    idle = {f.name: np.zeros(1, dtype=int) for f in core.spec.synapse_inputs} | {f.name: 0 for f in core.spec.step_inputs}
    for name, moments in shown.stretches.items():
        for moment in moments:
            assert set(moment) <= set(idle)
            core.step(idle | {k: np.array([v]) if np.ndim(idle[k]) else v for k, v in moment.items()})
        states[name] = core.state
    return shown, {name: {field: int(array[0]) for field, array in state.items()} for name, state in states.items()}


@pytest.mark.parametrize(("name", "preset"), SHOWN)
def test_a_demonstration_fits_its_configuration(name, preset):
    rule = get_rule(name)
    shown, _ = play(rule, rule.presets[preset].config)  # CoreModel refuses what does not fit
    assert shown.timesteps == [moment for stretch in shown.stretches.values() for moment in stretch]
    assert 100 <= len(shown.timesteps) <= 250  # what a page can show


def test_stretches_follow_each_other():
    shown = Demonstration(state={}, stretches={"a": [{"x": 1}, {}], "b": [{"y": 2}]})
    assert shown.timesteps == [{"x": 1}, {}, {"y": 2}]


@pytest.mark.parametrize("preset", ["default", "fine", "delayed_reward", "widest"])
def test_r_stdp_learns_from_the_order_of_spikes_and_the_sign_of_the_reward(preset):
    rule = get_rule("r_stdp")
    config = rule.presets[preset].config
    shown, states = play(rule, config)
    weights = [state["weight"] for state in states.values()]
    start, paired, rewarded, reversed_, again, _, punished = weights
    assert list(states) == [
        "start",
        "pre before post",
        "reward",
        "post before pre",
        "reward again",
        "pre before post again",
        "punishment",
    ]
    assert start == paired == (config.max_weight + 1) // 2  # nothing is learned without a reward
    assert states["pre before post"]["eligibility"] > 0
    assert rewarded > start
    if preset not in ("delayed_reward", "widest"):  # these still remember the causal pair
        assert states["post before pre"]["eligibility"] < 0
        assert again < reversed_
        assert punished < weights[-2]
    assert [len(stretch) for stretch in shown.stretches.values()] == [30, 24, 26, 24, 30, 18]
    rewards = [moment["reward"] for moment in shown.timesteps if "reward" in moment]
    quarter = config.max_reward // 4
    assert rewards == [quarter] * 16 + [-quarter] * 8
    for name, first, second, wait in (("pre before post", "pre", "post", 4), ("post before pre", "post", "pre", 0)):
        spikes = [(k, moment) for k, moment in enumerate(shown.stretches[name]) if moment]
        assert spikes == [(wait, {f"{first}_spike": 1}), (wait + 11, {f"{second}_spike": 1})]


@pytest.mark.parametrize(("reward_bits", "rewards"), [(1, [-1] * 8), (2, [1] * 16 + [-1] * 8), (4, [1] * 16 + [-1] * 8)])
def test_r_stdp_with_few_bits_of_reward(reward_bits, rewards):
    rule = get_rule("r_stdp")
    shown, _ = play(rule, rule.config_type(reward_bits=reward_bits))
    assert [moment["reward"] for moment in shown.timesteps if "reward" in moment] == rewards
    assert len(shown.timesteps) == 152


@pytest.mark.parametrize("preset", get_rule("three_factor").presets)
def test_three_factor_learns_up_and_down_and_rests(preset):
    rule = get_rule("three_factor")
    config = rule.presets[preset].config
    shown, states = play(rule, config)
    up, down, rest = (states[name]["weight"] for name in ("error above", "error below", "no error"))
    expected = {"error above": 40, "consolidate": 1, "error below": 60, "no error": 40}
    if preset not in ("pull", "si"):
        del expected["consolidate"]
    assert {name: len(stretch) for name, stretch in shown.stretches.items()} == expected
    if preset == "lock":  # the synapse shown is locked
        assert up == down == rest == 0
        return
    assert up > 0
    assert down < (up if preset == "si" else 0)  # what was learned is protected there
    if preset == "pull":
        anchor = states["consolidate"]["anchor"]
        assert states["consolidate"]["weight"] == anchor == up
        assert down < rest <= anchor
    else:
        assert rest == down
    largest = 2 ** (config.signal_bits - 1) - 1
    moments = shown.stretches["error above"] + shown.stretches["error below"]
    assert {(m["activity"], m["signal"]) for m in moments} == {(31, largest // 4), (31, -(largest // 4))}
    if config.stored_code_bits:
        assert states["start"]["code"] == 1


def test_three_factor_with_two_bits_of_signal_still_shows_an_error():
    rule = get_rule("three_factor")
    shown, _ = play(rule, rule.config_type(signal_bits=2))
    assert {moment["signal"] for moment in shown.timesteps} == {1, 0, -1}

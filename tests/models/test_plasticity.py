"""From a modeller's units to shifts and bits: nearest in ratio, refused at the edges, and what a converted core does."""

import math

import numpy as np
import pytest

from sc_hw_models.continual.plasticity import PlasticityConfig, decay_shift, learning_shift, weight_bits
from sc_hw_models.core import CoreModel
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError

RATES = [(0.01, 0.012), (0.1, 0.1), (0.0004, 0.1), (0.02, 0.0), (0.2, 1e-4)]


def asked(**options):
    return PlasticityConfig(**({"layer_name": "a", "rule": "r_stdp"} | options))


def test_a_decay_shift_is_the_nearest_of_all():
    for largest in (5, 30):
        for tau in np.geomspace(0.5, 3e9, 60):
            taus = [-1 / math.log1p(-(2.0**-k)) for k in range(1, largest + 1)]
            ratios = [abs(math.log(made / tau)) for made in taus]
            shift, error = decay_shift(tau, largest) if largest != 30 else decay_shift(tau)
            assert ratios[shift - 1] == min(ratios)
            assert error == pytest.approx(taus[shift - 1] / tau - 1)


def test_a_learning_shift_is_the_nearest_of_all():
    for change in np.geomspace(1e-8, 1e5, 60):
        shift, error = learning_shift(1000.0, change)
        ratios = [abs(math.log(1000 * 2.0**-s / change)) for s in range(31)]
        assert ratios[shift] == min(ratios)
        assert error == pytest.approx(1000 * 2.0**-shift / change - 1)
    assert learning_shift(1000.0, 0.0) == (30, 1000 / 2**30)
    assert learning_shift(1000.0, 0.0, 3) == (3, 125.0)
    assert learning_shift(1000.0, 1e-9, 3)[0] == 3


@pytest.mark.parametrize(
    ("change", "bits"), [(1.0, 8), (2.0**-7, 8), (0.0078, 9), (2.0**-9, 10), (1e-30, 31), (0.0, 8), (0.5, 8)]
)
def test_the_weight_is_wide_enough_for_two_units_of_change(change, bits):
    assert weight_bits(change) == bits
    assert change == 0 or bits == 31 or change * 2**bits >= 2


def test_the_edges_of_a_plasticity():
    edge = asked(tau_pre=1e-9, lr_potentiation=0, lr_depression=0, w_min=-1, w_max=-0.5, homeostatic_target=1)
    assert (edge.lr_potentiation, edge.homeostatic_target) == (0, 1)
    assert asked(tau_post=np.float32(3), homeostatic_target=1e-9).tau_post == 3
    for name, value, allowed in (
        *((name, value, "finite numbers above 0") for name in ("tau_pre", "tau_post") for value in (0, math.inf)),
        *((name, -1e-9, "finite numbers at least 0") for name in ("lr_potentiation", "lr_depression")),
        ("w_min", math.nan, "finite numbers"),
        ("w_max", 0.0, "finite numbers above 0"),
        ("w_max", True, "finite numbers above 0"),
        *(("homeostatic_target", value, "finite numbers above 0 and at most 1") for value in (0, 1.001)),
        ("layer_name", "", "non-empty strings"),
        ("layer_name", 7, "non-empty strings"),
        ("rule", "x", "stdp, r_stdp, homeostatic, none"),
    ):
        with pytest.raises(ConfigError) as caught:
            asked(**{name: value})
        assert str(caught.value).startswith(f"{name}={value!r}: ")
        assert f"allowed are {allowed}" in str(caught.value)


def test_a_rule_that_is_not_required_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"^a: rule='none': .* stdp, r_stdp$"):
        asked(rule="none").require("stdp", "r_stdp")
    asked(rule="stdp").require("stdp", "r_stdp")


def one_step(config, count, state, inputs):
    """Return the mean change of the weight in a timestep, by which rounding noise is averaged out."""
    core = CoreModel(get_rule("r_stdp"), config, synapses=count)
    start = 1 << (config.weight_bits - 1)
    core.load({"weight": np.full(count, start)} | {name: np.full(count, value) for name, value in state.items()})
    idle = {"pre_spike": np.zeros(count, int), "post_spike": np.zeros(count, int), "reward": 0}
    core.step(idle | {n: np.full(count, v) if n != "reward" else v for n, v in inputs.items()})
    return (core.state["weight"] - start).mean(), core.state


@pytest.mark.parametrize(("potentiation", "depression"), RATES)
@pytest.mark.parametrize(("taus", "span"), [((20, 20), (0, 1)), ((5, 80), (-2, 2)), ((1.5, 2e5), (1, 1.5))])
def test_a_converted_r_stdp_core_pairs_as_asked(potentiation, depression, taus, span):
    wanted = asked(
        lr_potentiation=potentiation, lr_depression=depression, tau_pre=taus[0], tau_post=taus[1], w_min=span[0], w_max=span[1]
    )
    made = get_rule("r_stdp").from_plasticity(wanted)
    config, errors, width = made.config, made.errors, span[1] - span[0]
    assert set(errors) == {"tau_pre", "tau_post", "lr_potentiation", "lr_depression"}
    assert config.rounding == "stochastic"
    assert config.eligibility_gain_shift == 1  # a pair does not saturate the eligibility
    assert config.weight_bits == weight_bits(potentiation / width)
    tau = -1 / math.log1p(-(2.0**-config.trace_decay_shift))
    assert config.trace_decay_shift == decay_shift(math.sqrt(taus[0] * taus[1]))[0]
    assert config.trace_fraction_bits == min(config.trace_decay_shift, 18)  # traces decay below one unit where that is possible
    assert errors["tau_pre"] == pytest.approx(tau / taus[0] - 1)
    assert errors["tau_post"] == pytest.approx(tau / taus[1] - 1)
    scale = width / config.max_weight
    full = {"reward": config.max_reward}
    up, _ = one_step(config, 3000, {"pre_trace": config.max_trace}, {"post_spike": 1} | full)
    assert up * scale == pytest.approx(potentiation * (1 + errors["lr_potentiation"]), rel=0.02, abs=0.1 * scale)
    assert abs(math.log2(1 + errors["lr_potentiation"])) <= 0.5 + 1e-9
    if not depression:
        return
    down, _ = one_step(config, 3000, {"post_trace": config.max_trace}, {"pre_spike": 1} | full)
    assert -down * scale == pytest.approx(depression * (1 + errors["lr_depression"]), rel=0.02, abs=0.1 * scale)
    nearest = min(max(round(math.log2(potentiation / depression)), 0), 30)
    assert config.depression_shift == nearest


def test_no_learning_at_all_converts_too():
    made = get_rule("r_stdp").from_plasticity(asked(lr_potentiation=0, lr_depression=0))
    assert (made.config.weight_bits, made.config.learning_shift, made.config.depression_shift) == (8, 30, 0)
    made = get_rule("r_stdp").from_plasticity(asked(rule="stdp", lr_potentiation=0, lr_depression=0.1))
    assert made.config.depression_shift == 0
    made = get_rule("r_stdp").from_plasticity(asked(lr_potentiation=0.2, lr_depression=1e-11))
    assert made.config.depression_shift == 30
    made = get_rule("three_factor").from_plasticity(asked(lr_potentiation=0, lr_depression=0))
    assert (made.config.weight_bits, made.config.learning_shift, made.errors["lr_depression"]) == (8, 30, 0)


@pytest.mark.parametrize(("potentiation", "depression"), RATES)
def test_a_converted_three_factor_core_changes_by_what_was_asked_at_full_scale(potentiation, depression):
    wanted = asked(rule="stdp", lr_potentiation=potentiation, lr_depression=depression, w_min=-1, w_max=3)
    made = get_rule("three_factor").from_plasticity(wanted)
    config = made.config
    assert config.weight_bits == weight_bits(potentiation / 4)
    change = 31 * 255 * 2.0**-config.learning_shift / 2**config.weight_bits * 4
    assert change == pytest.approx(potentiation * (1 + made.errors["lr_potentiation"]))
    assert abs(math.log2(change / potentiation)) <= 0.5 + 1e-9
    expected = change / depression - 1 if depression else 0
    assert made.errors == pytest.approx({"lr_potentiation": change / potentiation - 1, "lr_depression": expected})

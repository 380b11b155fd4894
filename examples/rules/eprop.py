"""eprop: a synapse of e-prop with the terms of adaptive neurons (Bellec et al., Nature Communications 11 (2020), eqs. 22 to 28).

eps_v <- alpha eps_v + z_pre; e = psi (eps_v - beta eps_a); eps_a <- psi eps_v + (rho - psi beta) eps_a;
e_bar <- kappa e_bar + e; w <- w - eta L e_bar. psi, the neuron's pseudo-derivative, and L, its learning signal, come from
outside. Factors are shifts: alpha = 1 - 2^-trace_shift, rho = 1 - 2^-adaptation_shift, kappa = 1 - 2^-filter_shift,
beta = 2^-beta_shift, eta = 2^-learning_shift.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.fixed import asr, clip, decay_magnitude, minimum, rounded_asr, select
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    """A trace of 1 has ``fraction_bits`` below it; psi is in 2^-psi_bits, below 1; ``lif`` leaves out what adapts."""

    weight_bits: int = 16
    fraction_bits: int = 10
    psi_bits: int = 6
    signal_bits: int = 8
    trace_shift: int = 4
    adaptation_shift: int = 8
    filter_shift: int = 4
    beta_shift: int = 4
    learning_shift: int = 10
    neuron: str = "alif"

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "weight_bits": (4, 24),
        "fraction_bits": (4, 12),
        "psi_bits": (2, 8),
        "signal_bits": (2, 12),
        "trace_shift": (1, 6),
        "adaptation_shift": (1, 12),
        "filter_shift": (1, 8),
        "beta_shift": (0, 8),
        "learning_shift": (0, 20),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"neuron": ("lif", "alif")}


def spec(config):
    """Return a synapse's state: weight, what its spikes left, what adaptation left, the filtered eligibility."""
    trace = config.fraction_bits + config.trace_shift + 1
    slow = (Field(name="slow", bits=trace + 5, signed=True, meaning="eps_a: eligibility of the adaptation"),)
    return RuleSpec(
        rule="eprop",
        state=(
            Field(name="weight", bits=config.weight_bits, signed=True, meaning="synaptic weight"),
            Field(name="trace", bits=trace, meaning="eps_v: presynaptic spikes, filtered"),
            *(slow if config.neuron == "alif" else ()),
            Field(name="filtered", bits=trace + 5, signed=True, meaning="e_bar: eligibility, filtered as the readout"),
        ),
        synapse_inputs=(
            Field(name="pre_spike", bits=1, meaning="presynaptic spike"),
            Field(name="psi", bits=config.psi_bits, meaning="pseudo-derivative of the postsynaptic neuron"),
            Field(name="signal", bits=config.signal_bits, signed=True, meaning="its learning signal"),
        ),
        noise=(Field(name="noise", bits=config.learning_shift),) if config.learning_shift else (),
        outputs=(Field(name="weight", bits=config.weight_bits, signed=True, meaning="weight after this timestep"),),
    )


def step(config, state, inputs):
    """Filter, multiply by psi, filter, learn."""
    bits = config.fraction_bits + config.trace_shift + 1
    psi, most = inputs["psi"], (1 << bits + 4) - 1

    def leaked(value, shift):
        return decay_magnitude(value, shift, 1 << shift - 1)

    trace = minimum(
        leaked(state["trace"], config.trace_shift) + select(inputs["pre_spike"], 1 << config.fraction_bits, 0), (1 << bits) - 1
    )
    after = {"trace": trace}
    seen = trace
    if config.neuron == "alif":
        seen = trace - asr(state["slow"], config.beta_shift)
        after["slow"] = clip(leaked(state["slow"], config.adaptation_shift) + asr(psi * seen, config.psi_bits), -most - 1, most)
    eligibility = asr(psi * seen, config.psi_bits)
    filtered = clip(leaked(state["filtered"], config.filter_shift) + eligibility, -most - 1, most)
    change = rounded_asr(inputs["signal"] * filtered, config.learning_shift, inputs["noise"] if config.learning_shift else 0)
    high = (1 << config.weight_bits - 1) - 1
    weight = clip(state["weight"] - change, -high - 1, high)
    return {"weight": weight, "filtered": filtered, **after}, {"weight": weight}


def accuracy(config, seed, timesteps=1000):
    """Run the equations in float64 beside it: relative rms differences of the filtered eligibility and of the weight."""
    generator, n = np.random.default_rng(seed), 64
    fixed, one, beta = (
        CoreModel(RULE, config, synapses=n),
        1 << config.fraction_bits,
        2.0**-config.beta_shift * (config.neuron == "alif"),
    )
    keep = {name: 1 - 2.0 ** -getattr(config, f"{name}_shift") for name in ("trace", "adaptation", "filter")}
    v, a, bar, w = (np.zeros(n) for _ in range(4))
    errors, sizes = np.zeros(2), np.zeros(2)
    for _ in range(timesteps):
        spike, psi = generator.random(n) < 0.05, generator.integers(0, 1 << config.psi_bits, n) // 4
        signal = generator.integers(-20, 21, n)
        fixed.step({"pre_spike": spike, "psi": psi, "signal": signal})
        p = psi / (1 << config.psi_bits)
        v = keep["trace"] * v + spike
        e = p * (v - beta * a)
        a = keep["adaptation"] * a + e
        bar = keep["filter"] * bar + e
        w = w - 2.0**-config.learning_shift * signal * bar * one
        pairs = ((fixed.state["filtered"] / one, bar), (fixed.state["weight"], w))
        errors += [np.sum((x - y) ** 2) for x, y in pairs]
        sizes += [np.sum(y**2) for _, y in pairs]
    return {"filtered_rms": float(np.sqrt(errors[0] / sizes[0])), "weight_rms": float(np.sqrt(errors[1] / sizes[1]))}


RULE = Rule(
    name="eprop",
    summary="e-prop synapses of LIF and adaptive neurons",
    config_type=Config,
    spec=spec,
    step=step,
    accuracy=accuracy,
)

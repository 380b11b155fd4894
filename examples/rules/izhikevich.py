"""izhikevich: v' = 0.04 v^2 + 5 v + 140 - u + I, u' = a (b v - u), at v >= 30 a spike, v <- c, u <- u + d (Izhikevich 2003).

1 ms a timestep, v in two halves, as the float model `sc_hw_models.neurons.Izhikevich` does; factors in 1024ths. In Euler's steps
of 1 ms a spike may peak at some 1000 mV; cut at 512 there are 4 % more spikes, at 2048 (and a wider multiplier) 1 %.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.fixed import asr, clip, select
from sc_hw_models.neurons import Izhikevich
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec

QUADRATIC = 41  # 0.04 in 1024ths
TOP = 512  # mV: a spike's peak, which drives u, is cut here; 18 bits are what a multiplier takes


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    """``a`` and ``b`` in 1024ths, ``c`` in mV and negated, ``d`` in mV; v and u have ``fraction_bits`` below a mV."""

    fraction_bits: int = 8
    a: int = 20
    b: int = 205
    c: int = 65
    d: int = 8

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "fraction_bits": (4, 8),
        "a": (1, 255),
        "b": (1, 511),
        "c": (30, 90),
        "d": (0, 30),
    }


def spec(config):
    """Return a neuron's state: v and u."""
    bits = 10 + config.fraction_bits
    return RuleSpec(
        rule="izhikevich",
        state=(
            Field(name="voltage", bits=bits, signed=True, reset=-config.c << config.fraction_bits, meaning="v"),
            Field(name="recovery", bits=bits, signed=True, reset=-config.c * config.b << config.fraction_bits >> 10, meaning="u"),
        ),
        synapse_inputs=(Field(name="current", bits=6, meaning="I"),),
        outputs=(Field(name="spike", bits=1, meaning="spike of this timestep"),),
    )


def step(config, state, inputs):
    """Reset what spiked, integrate in two halves, spike."""
    unit = 1 << config.fraction_bits
    spiked = state["voltage"] >= 30 * unit
    v = select(spiked, -config.c * unit, state["voltage"])
    u = state["recovery"] + select(spiked, config.d * unit, 0)
    drive = (140 + inputs["current"]) * unit - u
    for _ in range(2):
        square = asr(v * v, config.fraction_bits)
        v = clip(v + asr(asr(square * QUADRATIC, 10) + 5 * v + drive, 1), -TOP * unit, TOP * unit - 1)
    recovery = clip(u + asr(config.a * (asr(config.b * v, 10) - u), 10), -TOP * unit, TOP * unit - 1)
    return {"voltage": v, "recovery": recovery}, {"spike": select(v >= 30 * unit, 1, 0)}


def accuracy(config, seed, timesteps=2000):
    """Run both on constant currents of 4..40: how many spikes more or fewer over all neurons."""
    n = 37
    exact = Izhikevich(a=config.a / 1024, b=config.b / 1024, c=-config.c, d=config.d)
    fixed, state, spikes = CoreModel(RULE, config, synapses=n), exact.rest((n,)), np.zeros(2)
    current = 4 + np.arange(n)
    noise = np.random.default_rng(seed)
    for _ in range(timesteps):
        given = np.clip(current + noise.integers(-2, 3, n), 0, 63)
        found = fixed.step({"current": given})["spike"]
        state = exact.step(state, given.astype(float))
        spikes += found.sum(), state["output"].sum()
    return {"spikes": float(spikes[0] / spikes[1] - 1)}


RULE = Rule(name="izhikevich", summary="Izhikevich's neurons", config_type=Config, spec=spec, step=step, accuracy=accuracy)

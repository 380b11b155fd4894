"""readout: leaky integrators without spikes, v[t] = kappa v[t-1] + I[t]; the float model is `sc_hw_models.neurons.Leaky`."""

from dataclasses import dataclass
from math import log1p
from typing import ClassVar

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.fixed import asr, clip, decay_magnitude
from sc_hw_models.neurons import Leaky
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    """Voltages have ``fraction_bits`` below the unit of the current, and leave without them."""

    voltage_bits: int = 20
    fraction_bits: int = 6
    current_bits: int = 8
    decay_shift: int = 4

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "voltage_bits": (12, 30),
        "fraction_bits": (0, 10),
        "current_bits": (2, 16),
        "decay_shift": (1, 15),
    }


def spec(config):
    """Return a neuron's state: its voltage."""
    return RuleSpec(
        rule="readout",
        state=(Field(name="voltage", bits=config.voltage_bits, signed=True, meaning="membrane voltage"),),
        synapse_inputs=(Field(name="current", bits=config.current_bits, signed=True, meaning="input current"),),
        outputs=(
            Field(name="value", bits=config.voltage_bits - config.fraction_bits, signed=True, meaning="the voltage, in units"),
        ),
    )


def step(config, state, inputs):
    """Leak and integrate."""
    most = (1 << config.voltage_bits - 1) - 1
    leaked = decay_magnitude(state["voltage"], config.decay_shift, 1 << config.decay_shift - 1)
    voltage = clip(leaked + inputs["current"] * (1 << config.fraction_bits), -most - 1, most)
    return {"voltage": voltage}, {"value": asr(voltage, config.fraction_bits)}


def accuracy(config, seed, timesteps=2000):
    """Run both on random currents: the voltage's rms difference relative to its own."""
    generator, n = np.random.default_rng(seed), 64
    exact = Leaky(tau_mem=-1 / log1p(-(2.0**-config.decay_shift)))
    fixed, state, errors, sizes = CoreModel(RULE, config, synapses=n), exact.rest((n,)), [], []
    for _ in range(timesteps):
        current = generator.integers(-100, 101, n)
        fixed.step({"current": current})
        state = exact.step(state, current)
        errors.append(fixed.state["voltage"] / (1 << config.fraction_bits) - state["voltage"])
        sizes.append(state["voltage"])
    return {"voltage_rms": float(np.sqrt(np.mean(np.square(errors)) / np.mean(np.square(sizes))))}


RULE = Rule(name="readout", summary="leaky integrators", config_type=Config, spec=spec, step=step, accuracy=accuracy)

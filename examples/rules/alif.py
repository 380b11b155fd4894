"""alif: LIF neurons whose threshold rises with each spike; the float model is `sc_hw_models.neurons.ALIF`.

a[t] = rho a[t-1] + z[t-1]; z[t] = 1 if v[t] > threshold + adaptation a[t] (Bellec et al. 2020, eqs. 6 to 8). a is kept in 256ths.
"""

from dataclasses import dataclass
from math import log1p
from typing import ClassVar

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.fixed import asr, clip, decay_magnitude, minimum, select
from sc_hw_models.neurons import ALIF
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    """Voltages as in lif; each spike raises the threshold by ``adaptation`` units, which decays by ``adaptation_shift``."""

    voltage_bits: int = 18
    fraction_bits: int = 8
    current_bits: int = 8
    decay_shift: int = 4
    adaptation_bits: int = 14
    adaptation_shift: int = 7
    adaptation: int = 10
    threshold: int = 100

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "voltage_bits": (8, 30),
        "fraction_bits": (8, 16),
        "current_bits": (2, 16),
        "decay_shift": (1, 15),
        "adaptation_bits": (9, 20),
        "adaptation_shift": (1, 15),
        "adaptation": (0, 255),
        "threshold": (1, 10_000),
    }


def spec(config):
    """Return a neuron's state: voltage, adaptation, whether it spiked."""
    return RuleSpec(
        rule="alif",
        state=(
            Field(name="voltage", bits=config.voltage_bits, signed=True, meaning="membrane voltage"),
            Field(name="adaptation", bits=config.adaptation_bits, meaning="spikes seen lately, in 256ths"),
            Field(name="spiked", bits=1, meaning="spike of the timestep before"),
        ),
        synapse_inputs=(Field(name="current", bits=config.current_bits, signed=True, meaning="input current"),),
        outputs=(Field(name="spike", bits=1, meaning="spike of this timestep"),),
    )


def step(config, state, inputs):
    """Leak, integrate, adapt, spike."""
    unit, most = 1 << config.fraction_bits, (1 << config.voltage_bits - 1) - 1
    leaked = decay_magnitude(state["voltage"], config.decay_shift, 1 << config.decay_shift - 1)
    voltage = clip(leaked + inputs["current"] * unit - select(state["spiked"], config.threshold * unit, 0), -most - 1, most)
    faded = decay_magnitude(state["adaptation"], config.adaptation_shift, 1 << config.adaptation_shift - 1)
    adaptation = minimum(faded + select(state["spiked"], 256, 0), (1 << config.adaptation_bits) - 1)
    raised = asr(adaptation * config.adaptation * unit, 8) + config.threshold * unit
    spike = select(voltage > raised, 1, 0)
    return {"voltage": voltage, "adaptation": adaptation, "spiked": spike}, {"spike": spike}


def accuracy(config, seed, timesteps=2000):
    """Run both on random currents: voltage's rms difference in thresholds, and how many spikes more or fewer."""
    generator, n = np.random.default_rng(seed), 64
    tau, slow = (-1 / log1p(-(2.0**-shift)) for shift in (config.decay_shift, config.adaptation_shift))
    exact = ALIF(tau_mem=tau, threshold=config.threshold, tau_adaptation=slow, adaptation=config.adaptation)
    fixed, state, errors, spikes = CoreModel(RULE, config, synapses=n), exact.rest((n,)), [], np.zeros(2)
    for _ in range(timesteps):
        current = generator.integers(0, config.threshold // 4, n)
        found = fixed.step({"current": current})["spike"]
        state = exact.step(state, current)
        spikes += found.sum(), state["output"].sum()
        errors.append(fixed.state["voltage"] / (1 << config.fraction_bits) - state["voltage"])
    return {
        "voltage_rms": float(np.sqrt(np.mean(np.square(errors)))) / config.threshold,
        "spikes": float(spikes[0] / spikes[1] - 1),
    }


RULE = Rule(
    name="alif", summary="LIF neurons with an adaptive threshold", config_type=Config, spec=spec, step=step, accuracy=accuracy
)

"""lif: leaky integrate-and-fire neurons, one a word; the float model is `sc_hw_models.neurons.LIF`.

v[t] = alpha v[t-1] + I[t] - threshold z[t-1], alpha = 1 - 2^-decay_shift; z[t] = 1 if v[t] > threshold
and the neuron is not refractory.
"""

from dataclasses import dataclass
from math import log1p
from typing import ClassVar

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.fixed import clip, decay_magnitude, maximum, select
from sc_hw_models.neurons import LIF
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    """Voltages have ``fraction_bits`` below the unit of the current and the ``threshold``; ``refractory`` in timesteps."""

    voltage_bits: int = 18
    fraction_bits: int = 8
    current_bits: int = 8
    decay_shift: int = 4
    threshold: int = 100
    refractory: int = 2

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "voltage_bits": (8, 30),
        "fraction_bits": (0, 16),
        "current_bits": (2, 16),
        "decay_shift": (1, 15),
        "threshold": (1, 10_000),
        "refractory": (0, 15),
    }


def spec(config):
    """Return a neuron's state: its voltage, whether it spiked, and how long it stays silent."""
    waiting = (Field(name="waiting", bits=config.refractory.bit_length(), meaning="timesteps without a spike left"),)
    return RuleSpec(
        rule="lif",
        state=(
            Field(name="voltage", bits=config.voltage_bits, signed=True, meaning="membrane voltage"),
            Field(name="spiked", bits=1, meaning="spike of the timestep before"),
            *(waiting if config.refractory else ()),
        ),
        synapse_inputs=(Field(name="current", bits=config.current_bits, signed=True, meaning="input current"),),
        outputs=(Field(name="spike", bits=1, meaning="spike of this timestep"),),
    )


def step(config, state, inputs):
    """Leak, integrate, take the threshold of a spike before, spike."""
    unit, most = 1 << config.fraction_bits, (1 << config.voltage_bits - 1) - 1
    leaked = decay_magnitude(state["voltage"], config.decay_shift, 1 << config.decay_shift - 1)
    reset = select(state["spiked"], config.threshold * unit, 0)
    voltage = clip(leaked + inputs["current"] * unit - reset, -most - 1, most)
    above = voltage > config.threshold * unit
    if config.refractory:
        waiting = select(state["spiked"], config.refractory, maximum(state["waiting"] - 1, 0))
        spike = select(waiting == 0, above, 0)
        return {"voltage": voltage, "spiked": spike, "waiting": waiting}, {"spike": spike}
    spike = select(above, 1, 0)
    return {"voltage": voltage, "spiked": spike}, {"spike": spike}


def accuracy(config, seed, timesteps=2000):
    """Run both on random currents: voltage's rms difference in thresholds, and how many spikes more or fewer."""
    generator, n = np.random.default_rng(seed), 64
    fixed, exact = (
        CoreModel(RULE, config, synapses=n),
        LIF(tau_mem=-1 / log1p(-(2.0**-config.decay_shift)), threshold=config.threshold, refractory=config.refractory),
    )
    state, errors, spikes = exact.rest((n,)), [], np.zeros(2)
    for _ in range(timesteps):
        current = generator.integers(0, config.threshold // 5, n)
        found = fixed.step({"current": current})["spike"]
        state = exact.step(state, current)
        spikes += found.sum(), state["output"].sum()
        errors.append(fixed.state["voltage"] / (1 << config.fraction_bits) - state["voltage"])
    return {
        "voltage_rms": float(np.sqrt(np.mean(np.square(errors)))) / config.threshold,
        "spikes": float(spikes[0] / spikes[1] - 1),
    }


RULE = Rule(name="lif", summary="leaky integrate-and-fire neurons", config_type=Config, spec=spec, step=step, accuracy=accuracy)

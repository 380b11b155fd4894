"""structural: synapses come and go in a memory: weak ones are pruned, new ones grow between neurons that spike together.

After Bellec et al., "Deep rewiring", ICLR 2018. A place holds a synapse or none. In a timestep with ``rewire`` a synapse below
``threshold`` leaves its place, and an empty place whose neurons spike together gets one, at twice the threshold, with
probability growth / 256. Whoever counts ``present`` among the results and sets ``growth`` holds the number of synapses.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.fixed import clip, minimum, select
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    """``change_bits`` of what another rule adds to a weight, signed; the host may set ``threshold`` while the core runs."""

    weight_bits: int = 10
    change_bits: int = 6
    threshold: int = 16

    RUNTIME: ClassVar[tuple[str, ...]] = ("threshold",)
    RANGES: ClassVar[dict[str, tuple[int, int]]] = {"weight_bits": (4, 24), "change_bits": (2, 12), "threshold": (1, 255)}


def spec(config):
    """Return a place's state: whether it holds a synapse, and that one's weight."""
    present = Field(name="present", bits=1, meaning="1: the place holds a synapse")
    weight = Field(name="weight", bits=config.weight_bits, meaning="synaptic weight, 0 where there is none")
    return RuleSpec(
        rule="structural",
        state=(weight, present),
        outputs=(weight, present),
        synapse_inputs=(
            Field(name="pre_spike", bits=1, meaning="the presynaptic neuron spikes"),
            Field(name="post_spike", bits=1, meaning="the postsynaptic neuron spikes"),
            Field(name="change", bits=config.change_bits, signed=True, meaning="what the learning rule adds to the weight"),
        ),
        step_inputs=(
            Field(name="rewire", bits=1, meaning="1: prune and grow in this timestep"),
            Field(name="growth", bits=8, meaning="chance, in 256ths, that an empty place gets a synapse"),
        ),
        noise=(Field(name="noise", bits=8),),
    )


def step(config, state, inputs):
    """Change the weight where there is one; then prune, then grow."""
    most, present, rewire = (1 << config.weight_bits) - 1, state["present"], inputs["rewire"]
    changed = select(present, clip(state["weight"] + inputs["change"], 0, most), 0)
    pruned = rewire * present * (changed < config.threshold)
    together = inputs["pre_spike"] * inputs["post_spike"]
    grown = rewire * (1 - present) * together * (inputs["noise"] < inputs["growth"])
    weight = select(grown, minimum(2 * config.threshold, most), select(pruned, 0, changed))
    held = select(grown, 1, select(pruned, 0, present))
    return {"weight": weight, "present": held}, {"weight": weight, "present": held}


def accuracy(config, seed, timesteps=400):
    """Run both with chances of their own: how far apart are their numbers of synapses and mean weights, relative to the second.

    2,048 places, a third of them taken at first, weights that walk at random; the second is a float model with NumPy's chance.
    """
    generator, n, growth = np.random.default_rng(seed), 2048, 40
    fixed = CoreModel(RULE, config, synapses=n, lanes=4)
    held = generator.random(n) < 1 / 3
    weight = held * generator.integers(config.threshold, 4 * config.threshold, n)
    fixed.load({"present": held.astype(int), "weight": weight})
    half, most, sums = (1 << config.change_bits - 1) - 1, (1 << config.weight_bits) - 1, np.zeros((2, 2))
    for _ in range(timesteps):
        change, spikes = generator.integers(-half, half + 1, n), generator.integers(0, 2, (2, n))
        fixed.step({"pre_spike": spikes[0], "post_spike": spikes[1], "change": change, "rewire": 1, "growth": growth})
        weight = np.clip(weight + change, 0.0, most) * held
        gone = held & (weight < config.threshold)
        new = ~held & (spikes.all(axis=0)) & (generator.random(n) < growth / 256)
        held, weight = (held & ~gone) | new, np.where(new, 2.0 * config.threshold, np.where(gone, 0.0, weight))
        sums += [[fixed.state["present"].sum(), fixed.state["weight"].sum()], [held.sum(), weight.sum()]]
    return {"number": float(sums[0, 0] / sums[1, 0] - 1), "weight": float(sums[0, 1] / sums[1, 1] - 1)}


RULE = Rule(
    name="structural", summary="synapses pruned and grown in places", config_type=Config, spec=spec, step=step, accuracy=accuracy
)

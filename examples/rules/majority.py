"""majority: federated learning by votes: each worker says up or down; the weight follows the majority, and a tie leaves it.

Votes are bits of one input, 1 for up; a step of `rate`. With an odd number of workers there is no tie.
"""

from dataclasses import dataclass
from typing import ClassVar

from sc_hw_models.fixed import bit, clip, select
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    """How many ``workers`` vote, and by how much the weight moves."""

    weight_bits: int = 12
    workers: int = 8
    rate: int = 1

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {"weight_bits": (2, 24), "workers": (1, 32), "rate": (1, 255)}


def spec(config):
    """Return a synapse's state: its weight."""
    weight = Field(name="weight", bits=config.weight_bits, signed=True, meaning="synaptic weight")
    return RuleSpec(
        rule="majority",
        state=(weight,),
        outputs=(weight,),
        synapse_inputs=(Field(name="votes", bits=config.workers, meaning="1: up, of each worker"),),
    )


def step(config, state, inputs):
    """Count and follow."""
    ups = 0
    for worker in range(config.workers):
        ups = bit(inputs["votes"], worker) + ups
    move = select(2 * ups > config.workers, config.rate, select(2 * ups < config.workers, -config.rate, 0))
    high = (1 << config.weight_bits - 1) - 1
    weight = clip(state["weight"] + move, -high - 1, high)
    return {"weight": weight}, {"weight": weight}


RULE = Rule(name="majority", summary="votes of workers, ties leave the weight", config_type=Config, spec=spec, step=step)

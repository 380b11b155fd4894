"""scaling: homeostatic synaptic scaling, slow form: dw = w (target - rate) 2^-shift, sign kept (van Rossum et al. 2000, eq. 4).

The neuron's distance from its target rate comes from outside, one for each synapse; the weight is rounded with noise.
"""

from dataclasses import dataclass
from typing import ClassVar

from sc_hw_models.fixed import clip, rounded_asr
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    """``error_bits`` of target - rate, signed; ``shift`` is how slow it is."""

    weight_bits: int = 16
    error_bits: int = 8
    shift: int = 14

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {"weight_bits": (4, 24), "error_bits": (2, 12), "shift": (1, 24)}


def spec(config):
    """Return a synapse's state: its weight."""
    weight = Field(name="weight", bits=config.weight_bits, signed=True, meaning="synaptic weight")
    return RuleSpec(
        rule="scaling",
        state=(weight,),
        outputs=(weight,),
        synapse_inputs=(Field(name="error", bits=config.error_bits, signed=True, meaning="target rate less rate of the neuron"),),
        noise=(Field(name="noise", bits=config.shift),),
    )


def step(config, state, inputs):
    """Scale; a weight of 0 stays 0 on average."""
    high = (1 << config.weight_bits - 1) - 1
    change = rounded_asr(state["weight"] * inputs["error"], config.shift, inputs["noise"])
    weight = clip(state["weight"] + change, -high - 1, high)
    return {"weight": weight}, {"weight": weight}


RULE = Rule(name="scaling", summary="homeostatic synaptic scaling", config_type=Config, spec=spec, step=step)

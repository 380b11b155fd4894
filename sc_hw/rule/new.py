"""A file to begin a rule with: it runs as it stands, and says what each part is for."""

import os
import re
from pathlib import Path

from sc_hw_models.registry import RULES

from ..errors import UserError, in_shell, shown
from ..outlet import write_outlet
from ..reading import read_text

__all__ = ["MOST_NAME", "new_rule"]

MOST_NAME = 40
_MARK = "from sc_hw_models.rule import "  # in every rule's file, and hardly in another

TEXT = '''"""{name}: say here what the rule does, and where it comes from.

This one is a weight that grows by a presynaptic trace at a postsynaptic spike, and shrinks by a constant at a presynaptic one.
"""

from dataclasses import dataclass
from typing import ClassVar

from sc_hw_models.fixed import asr, clip, decay_magnitude, select
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    """What a user may set: each a field with a default, and its smallest and largest value."""

    weight_bits: int = 12
    trace_bits: int = 10
    decay_shift: int = 4  # every timestep the trace loses its 2^-decay_shift part
    gain_shift: int = 3  # of the trace, 2^-gain_shift is added to the weight
    depression: int = 20

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {{
        "weight_bits": (4, 24),
        "trace_bits": (4, 16),
        "decay_shift": (0, 15),
        "gain_shift": (0, 15),
        "depression": (0, 1000),
    }}


def spec(config):
    """Return the widths: what a synapse keeps, what it is given, and what leaves."""
    return RuleSpec(
        rule="{name}",
        state=(  # kept for each synapse; a field may also have signed=True and a reset value
            Field(name="weight", bits=config.weight_bits, reset=1 << config.weight_bits - 1, meaning="synaptic weight"),
            Field(name="trace", bits=config.trace_bits, meaning="presynaptic trace"),
        ),
        synapse_inputs=(  # one value for each synapse and timestep; step_inputs would be one for all synapses
            Field(name="pre_spike", bits=1, meaning="presynaptic spike in this timestep"),
            Field(name="post_spike", bits=1, meaning="postsynaptic spike in this timestep"),
        ),
        outputs=(Field(name="weight", bits=config.weight_bits, meaning="weight after this timestep"),),
        # noise=(Field(name="noise", bits=8),) would be fresh random bits for every update
    )


def step(config, state, inputs):
    """Return the next state and the outputs of one timestep.

    Integers that never wrap: + - * >> << and comparisons, select(condition, a, b) in place of if, clip(value, low, high) in
    place of min and max. The same text runs in simulation, becomes the hardware, and is what the hardware is proven against.
    """
    full = (1 << config.trace_bits) - 1
    pre, post = inputs["pre_spike"], inputs["post_spike"]
    decayed = decay_magnitude(state["trace"], config.decay_shift, 0)
    trace = select(pre, full, decayed)
    potentiation = select(post, asr(decayed, config.gain_shift), 0)
    depression = select(pre, config.depression, 0)
    weight = clip(state["weight"] + potentiation - depression, 0, (1 << config.weight_bits) - 1)
    return {{"weight": weight, "trace": trace}}, {{"weight": weight}}


RULE = Rule(name="{name}", summary="potentiation by a trace, depression by a constant", config_type=Config, spec=spec, step=step)
'''


def new_rule(name: str, output: Path | None, *, force: bool) -> str:
    """Write the file and return a line about it.

    Errors: ``UserError`` for a name that cannot be, and for a file that is there.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*", name) or len(name) > MOST_NAME or name in RULES:
        raise UserError(
            f"{name!r}: not a name for a rule; allowed are lower-case words joined by _, at most {MOST_NAME} "
            f"characters, and none of ours: {', '.join(RULES)}"
        )
    path = output or Path(f"{name}.py")
    if path.suffix != ".py":
        raise UserError(f"--output {path}: a rule's file ends in .py")
    if os.path.lexists(path) and not force:
        raise UserError(f"{path}: is there already; give another name, or --force to replace it")
    if os.path.lexists(path) and _MARK not in read_text(path, option="--output", what="a rule's file"):
        raise UserError(
            f"--output {path}: not a rule's file (no {_MARK!r} in it), so --force will not replace it; give another name"
        )
    write_outlet(path, TEXT.format(name=name).encode(), "--output")
    return f"{shown(path)}: a rule to begin with; next: sc-hw rule check {in_shell(path)}"

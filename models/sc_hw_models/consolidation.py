"""Consolidation: how a synapse that matters for what was learned resists being changed by what is learned next.

A stage between a rule's proposed weight change and its weight, the same for every rule that proposes one. A rule gives
its ``drive``, the change before it is scaled by 2^-shift; the stage gives the next weight and keeps what it needs in
the state word. A synapse's ``code`` says how much it matters, on a logarithmic scale: importances span many octaves.

Sources: Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS 114 (2017): the quadratic
pull toward the old weight, scaled by the Fisher information (``pull``); Zenke, Poole and Ganguli, "Continual learning
through synaptic intelligence", ICML 2017: importance as the path integral of gradient times change (``si``); Fusi, Drew
and Abbott, "Cascade models of synaptically stored memories", Neuron 45 (2005): plasticity that falls as a synapse
consolidates (``shift``, ``probabilistic``); Morris, "Counting large numbers of events in small registers", CACM 21
(1978): the logarithmic counter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .fixed import (
    ROUNDINGS,
    Value,
    absolute,
    bit,
    chance,
    clip,
    floor_log2,
    maximum,
    minimum,
    rounded,
    select,
)
from .rule import ConfigError, Field, RuleConfig, RuleSpec

__all__ = [
    "ConsolidationConfig", "consolidated", "consolidated_float", "consolidation_latency", "consolidation_noise",
    "consolidation_state", "consolidation_step_inputs", "random_protection", "resting_without_drive",
]  # fmt: skip

IMPORTANCE_BITS = 5
IMPORTANCE_CHANCE_BITS = 15  # rarer than one in 2^15 is counted as that


@dataclass(frozen=True, kw_only=True)
class ConsolidationConfig(RuleConfig):
    """Settings of the weight stage, part of the configuration of every rule that has one.

    ``consolidation`` is one of
    ``none``: the change is applied as the rule proposes it;
    ``shift``: a code c scales the change by a further 2^-c; the largest code locks the weight;
    ``probabilistic``: the change is applied with probability 2^-c;
    ``pull``: after the change, the 2^-(``pull_shift`` + c) part of the distance to the anchor is taken back, so a
    *small* code protects; the largest code does not pull at all;
    ``lock``: a code of one bit, 1 locks the weight;
    ``si``: as ``shift``, and the core counts importance itself and turns it into codes when it consolidates.

    ``code_bits`` k is 1..4 (lock: always 1). A timestep whose ``consolidate`` input is 1 leaves the weights as they
    are, makes them the anchors (``pull``, ``si``) and makes codes of importances (``si``). Importance is a logarithmic
    counter of drive times change, in units of 2^``importance_scale`` (floor(log2) of each factor); the new code is
    the larger of the old one and importance - 2 max(floor(log2 |weight - anchor|), ``importance_damping``) -
    ``importance_offset``, limited to the codes: Omega = omega / max(distance^2, xi), in octaves.
    ``rounding`` is applied to the change and to the pull: floor, nearest or stochastic.
    """

    rounding: str = "floor"
    consolidation: str = "none"
    code_bits: int = 3
    pull_shift: int = 6
    importance_scale: int = 4
    importance_damping: int = 7
    importance_offset: int = -3

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "code_bits": (1, 4),
        "pull_shift": (0, 15),
        "importance_scale": (0, 30),
        "importance_damping": (0, 31),
        "importance_offset": (-62, 31),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "rounding": ROUNDINGS,
        "consolidation": ("none", "shift", "probabilistic", "pull", "lock", "si"),
    }

    @property
    def stored_code_bits(self) -> int:
        """Bits of a stored code; 0 without one."""
        return {"none": 0, "lock": 1}.get(self.consolidation, self.code_bits)

    @property
    def max_code(self) -> int:
        """Largest code: 2^k - 1."""
        return (1 << self.stored_code_bits) - 1

    @property
    def change_headroom(self) -> int:
        """Bits the drive is shifted up by before it is scaled down, so that a code's scaling loses nothing."""
        return self.max_code if self.consolidation in ("shift", "si") else 0

    def check_drive(self, bits: int) -> None:
        """Refuse a drive of more ``bits`` than the scaling leaves room for; the error names what to narrow."""
        if bits + self.change_headroom > 62:
            raise ConfigError(
                f"consolidation={self.consolidation} with code_bits={self.code_bits}: the change before scaling has {bits} bits; "
                f"allowed are {62 - self.change_headroom}; narrow the rule's inputs or the code"
            )


def consolidation_state(config: ConsolidationConfig, weight: Field) -> tuple[Field, ...]:
    """Return the state the stage adds behind the rule's own; ``weight`` is the rule's weight field."""
    fields = []
    if config.consolidation in ("pull", "si"):
        fields.append(Field(name="anchor", bits=weight.bits, signed=weight.signed, meaning="weight when last consolidated"))
    if config.consolidation == "si":
        fields.append(Field(name="importance", bits=IMPORTANCE_BITS, meaning="log2 of drive times change since then"))
    if config.stored_code_bits:
        fields.append(Field(name="code", bits=config.stored_code_bits, meaning="how much the synapse is protected"))
    return tuple(fields)


def consolidation_step_inputs(config: ConsolidationConfig) -> tuple[Field, ...]:
    """Return the inputs of a timestep that the stage adds."""
    if config.consolidation not in ("pull", "si"):
        return ()
    return (Field(name="consolidate", bits=1, meaning="make the weights the anchors instead of changing them"),)


def resting_without_drive(config: ConsolidationConfig) -> bool:
    """Return whether a synapse without drive stays as it is in every timestep: nothing pulls and no command changes it."""
    return config.consolidation not in ("pull", "si")


def consolidation_noise(config: ConsolidationConfig, shift: int) -> tuple[Field, ...]:
    """Return the noise words of the stage; ``shift`` is the rule's own scaling of its drive."""
    stochastic = config.rounding == "stochastic"
    widths = {
        "weight_noise": (shift + config.change_headroom) * stochastic,
        "pull_noise": (config.pull_shift + config.max_code) * stochastic if config.consolidation == "pull" else 0,
        "chance_noise": config.max_code if config.consolidation == "probabilistic" else 0,
        "importance_noise": IMPORTANCE_CHANCE_BITS if config.consolidation == "si" else 0,
    }
    return tuple(Field(name=name, bits=bits) for name, bits in widths.items() if bits)


def consolidation_latency(config: ConsolidationConfig) -> int:
    """Return the clocks from a registered drive to the next weight: sum and clip, and those of each kind around them."""
    return {"none": 2, "shift": 3, "probabilistic": 3, "lock": 3, "pull": 5, "si": 6}[config.consolidation]


def consolidated(
    config: ConsolidationConfig, weight: Field, state: Mapping[str, Value], inputs: Mapping[str, Value], drive: Value, shift: int
) -> dict[str, Value]:
    """Return the next value of the weight and of every field of ``consolidation_state``.

    The rule's change is ``drive * 2^-shift``, rounded; ``weight`` gives the range it saturates in.
    """

    def scaled(value: Value, amount: int, name: str) -> Value:
        return rounded(value, amount, config.rounding, inputs.get(name))

    kind, top, old = config.consolidation, config.max_code, state["weight"]
    code = state.get("code", 0)
    if config.change_headroom:
        change = select(code == top, 0, scaled(_raised(config, drive, code), shift + top, "weight_noise"))
    else:
        change = scaled(drive, shift, "weight_noise")
    if kind == "probabilistic":
        change = select(chance(inputs["chance_noise"], code, top), change, 0)
    elif kind == "lock":
        change = select(code, 0, change)
    new = clip(old + change, weight.minimum, weight.maximum)
    if kind == "pull":
        back = scaled(_raised(config, new - state["anchor"], code), config.pull_shift + top, "pull_noise")
        new = select(code == top, new, new - back)
    if kind not in ("pull", "si"):
        return {"weight": new} | ({"code": code} if config.stored_code_bits else {})
    hold = inputs["consolidate"]
    result = {"weight": select(hold, old, new), "anchor": select(hold, old, state["anchor"])}
    if kind == "si":
        counted = _counted(config, state["importance"], inputs["importance_noise"], drive, change)
        distance = floor_log2(absolute(old - state["anchor"]), weight.bits + 1)
        octaves = state["importance"] - 2 * maximum(distance, config.importance_damping) - config.importance_offset
        result["importance"] = select(hold, 0, counted)
        code = select(hold, maximum(code, clip(octaves, 0, top)), code)
    return result | {"code": code}


def _raised(config: ConsolidationConfig, value: Value, code: Value) -> Value:
    """Return ``value * 2^(max_code - code)``: with a fixed shift behind it, a scaling by 2^-code that drops no bit early."""
    for j in range(config.stored_code_bits):
        value = select(bit(code, j), value, value * (1 << (1 << j)))
    return value


def _counted(config: ConsolidationConfig, importance: Value, noise: Value, drive: Value, change: Value) -> Value:
    """Return the counter n, about log2 of what it has counted, after counting drive times change.

    What is as large as 2^e raises a smaller counter to e, and another by one with probability 2^(e - n).
    """
    limit = (1 << IMPORTANCE_BITS) - 1
    e = floor_log2(absolute(drive), 62) + floor_log2(absolute(change), 62) - config.importance_scale
    raised = importance + chance(noise, importance - e, IMPORTANCE_CHANCE_BITS)
    new = minimum(maximum(raised, e), limit)
    return select(change == 0, importance, select(e < 0, importance, new))


def consolidated_float(
    config: ConsolidationConfig, state: Mapping[str, np.ndarray], change: np.ndarray, low: float, high: float
) -> np.ndarray:
    """Return the float64 weights after a timestep that does not consolidate; ``probabilistic`` on average.

    ``state`` holds weight, code and anchor as far as the kind has them; weights and change are in the units of ``low..high``.
    """
    kind, code = config.consolidation, state.get("code", np.zeros(1))
    if kind in ("shift", "si", "probabilistic"):
        change = change * 2.0**-code
    if kind in ("shift", "si", "lock"):
        change = np.where(code == config.max_code, 0.0, change)
    weight: np.ndarray = np.clip(state["weight"] + change, low, high)
    if kind == "pull":
        part = np.where(code == config.max_code, 0.0, 2.0 ** -(config.pull_shift + code))
        weight = weight - (weight - state["anchor"]) * part
    return weight


def random_protection(spec: RuleSpec, weight: np.ndarray, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Return random codes and the ``weight`` as anchor, as far as the state has them: a start for accuracy figures."""
    fields = {f.name: f for f in spec.state}
    result = {"anchor": weight} if "anchor" in fields else {}
    if "code" in fields:
        result["code"] = generator.integers(0, fields["code"].maximum + 1, len(weight))
    return result

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

from .fixed import ROUNDINGS, Value
from .kind import Kind, Update
from .kinds import KINDS, get_kind
from .rule import ConfigError, Field, RuleConfig

__all__ = ["ConsolidationConfig", "Stage"]


@dataclass(frozen=True, kw_only=True)
class ConsolidationConfig(RuleConfig):
    """Settings of the weight stage, part of the configuration of every rule that has one.

    ``consolidation`` names a kind (``kinds``): ``none``, or what protects weights; the file of each says how.

    ``code_bits`` k is 1..4; a lock has one bit. A timestep whose ``consolidate`` input is 1 leaves the weights as they
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
        "consolidation": KINDS,
    }

    @property
    def kind(self) -> Kind:
        """What protects the weights."""
        return get_kind(self.consolidation)

    @property
    def stored_code_bits(self) -> int:
        """Bits of a stored code; 0 without one."""
        return self.kind.code_bits(self) if self.kind.coded else 0

    @property
    def max_code(self) -> int:
        """Largest code: 2^k - 1."""
        return (1 << self.stored_code_bits) - 1

    @property
    def change_headroom(self) -> int:
        """Bits the drive is shifted up by before it is scaled down, so that a code's scaling loses nothing."""
        return self.kind.headroom(self)

    def next_float(self, state: Mapping[str, np.ndarray], change: np.ndarray, low: float, high: float) -> np.ndarray:
        """Return the float64 weights after a timestep that does not consolidate; what is by chance, on average.

        ``state`` holds weight, code and anchor as far as the kind has them; weights and change are in the units of ``low..high``.
        """
        code = state.get("code", np.zeros(1))
        weight = np.clip(state["weight"] + self.kind.change_float(self, change, code), low, high)
        return self.kind.settled_float(self, state, weight, code)

    def check_drive(self, bits: int) -> None:
        """Refuse a drive of more ``bits`` than the scaling leaves room for; the error names what to narrow."""
        if bits + self.change_headroom > 62:
            raise ConfigError(
                f"consolidation={self.consolidation} with code_bits={self.code_bits}: the change before scaling has {bits} bits; "
                f"allowed are {62 - self.change_headroom}; narrow the rule's inputs or the code"
            )


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The weight stage of a configured rule: what it adds to the specification, and the next weight.

    ``weight`` is the rule's weight field, whose range the weight saturates in; the rule's change is its drive times 2^-``shift``.
    """

    config: ConsolidationConfig
    weight: Field
    shift: int

    @property
    def state(self) -> tuple[Field, ...]:
        """The state that the stage adds behind the rule's own."""
        bits = self.config.stored_code_bits
        code = [Field(name="code", bits=bits, meaning="how much the synapse is protected")] if bits else []
        return (*self.config.kind.fields(self.weight), *code)

    @property
    def step_inputs(self) -> tuple[Field, ...]:
        """The inputs of a timestep that the stage adds."""
        return self.config.kind.step_inputs

    @property
    def noise(self) -> tuple[Field, ...]:
        """The noise words of the stage."""
        rounding = (self.shift + self.config.change_headroom) * (self.config.rounding == "stochastic")
        widths = {"weight_noise": rounding} | self.config.kind.noise(self.config)
        return tuple(Field(name=name, bits=bits) for name, bits in widths.items() if bits)

    @property
    def latency(self) -> int:
        """Clocks from a registered drive to the next weight."""
        return self.config.kind.clocks

    @property
    def resting(self) -> bool:
        """Whether a synapse without drive stays as it is in every timestep."""
        return self.config.kind.resting

    def update(self, state: Mapping[str, Value], inputs: Mapping[str, Value], drive: Value) -> dict[str, Value]:
        """Return the next value of the weight and of every field of ``state``, for the rule's ``drive``."""
        return self.config.kind.update(
            Update(config=self.config, weight=self.weight, state=state, inputs=inputs, drive=drive, shift=self.shift)
        )

    def random_protection(self, weight: np.ndarray, generator: np.random.Generator) -> dict[str, np.ndarray]:
        """Return random codes and the ``weight`` as anchor, as far as the state has them: a start for accuracy figures."""
        fields = {f.name: f for f in self.state}
        result = {"anchor": weight} if "anchor" in fields else {}
        if "code" in fields:
            result["code"] = generator.integers(0, fields["code"].maximum + 1, len(weight))
        return result

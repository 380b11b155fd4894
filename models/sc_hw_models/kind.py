"""A kind of consolidation: everything that the weight stage asks of what protects a weight, and what most kinds answer.

A kind is an object of ``Kind`` or of a class that extends it, in a file of its own (``kinds``). The stage, the rules, the codes,
the networks and their C ask it and know no kind by name. ``config`` is always a ``ConsolidationConfig``; arithmetic is text
over integers, arrays and terms, as a rule's step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .fixed import Value, bit, clip, rounded, select
from .rule import Field

__all__ = ["Anchoring", "Kind", "Scaling", "Update"]


@dataclass(frozen=True, kw_only=True)
class Update:
    """One timestep of a weight: its ``state`` and ``inputs`` as they came, and the rule's change ``drive * 2^-shift``."""

    config: Any
    weight: Field
    state: Mapping[str, Value]
    inputs: Mapping[str, Value]
    drive: Value
    shift: int

    @property
    def code(self) -> Value:
        """How much the synapse is protected, 0 of a kind without a code."""
        return self.state.get("code", 0)

    def scaled(self, value: Value, amount: int, noise: str) -> Value:
        """Return ``value * 2^-amount``, rounded as the configuration says."""
        return rounded(value, amount, self.config.rounding, self.inputs.get(noise))

    def saturated(self, value: Value) -> Value:
        """Return the value as the weight's field holds it."""
        return clip(value, self.weight.minimum, self.weight.maximum)

    def raised(self, value: Value) -> Value:
        """Return ``value * 2^(max_code - code)``: with a fixed shift behind it, a scaling by 2^-code that drops no bit early."""
        for j in range(self.config.stored_code_bits):
            value = select(bit(self.code, j), value, value * (1 << (1 << j)))
        return value


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A weight stage that applies the rule's change; extensions say what else.

    ``clocks`` lie between a registered drive and the next weight. ``coded``: each synapse keeps a code.
    """

    clocks: int
    coded: bool = False

    resting: ClassVar[bool] = True  # a synapse without drive stays as it is: nothing pulls and no command changes it
    pulls: ClassVar[bool] = False  # a synapse without drive may change in any timestep
    step_inputs: ClassVar[tuple[Field, ...]] = ()  # what the stage adds to the inputs of a timestep

    def code_bits(self, config: Any) -> int:
        """Return the bits of a code, of a kind that keeps one."""
        return int(config.code_bits)

    def headroom(self, config: Any) -> int:
        """Return the bits the drive is shifted up by before it is scaled down, so that a code's scaling loses nothing."""
        return 0

    def fields(self, weight: Field) -> tuple[Field, ...]:
        """Return the state beside weight and code."""
        return ()

    def noise(self, config: Any) -> dict[str, int]:
        """Return the bits of the noise words beside the rounding of the change, by name."""
        return {}

    def update(self, at: Update) -> dict[str, Value]:
        """Return the next weight, code and ``fields``."""
        change = self.change(at)
        new = self.settled(at, at.saturated(at.state["weight"] + change))
        return {"weight": new} | ({"code": at.code} if self.coded else {})

    def change(self, at: Update) -> Value:
        """Return the change of the weight, rounded."""
        return at.scaled(at.drive, at.shift, "weight_noise")

    def settled(self, at: Update, new: Value) -> Value:
        """Return the weight that a changed and saturated one becomes."""
        return new

    def change_float(self, config: Any, change: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Return the change in float64; what is by chance, on average."""
        return change

    def settled_float(self, config: Any, state: Mapping[str, np.ndarray], weight: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Return the float64 weight that a changed and saturated one becomes."""
        return weight

    def codes(self, importance: np.ndarray, below: np.ndarray, top: int) -> np.ndarray:
        """Return codes up to ``top`` for importances that are so many octaves ``below`` the largest, ``top`` at most."""
        return top - below


class Scaling(Kind):
    """A code c scales the change by a further 2^-c, the largest one to nothing."""

    def headroom(self, config: Any) -> int:
        """Return the largest code."""
        return int(config.max_code)

    def change(self, at: Update) -> Value:
        """Return the change that the code leaves."""
        top = at.config.max_code
        return select(at.code == top, 0, at.scaled(at.raised(at.drive), at.shift + top, "weight_noise"))

    def change_float(self, config: Any, change: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Return the change that the code leaves, in float64."""
        return np.where(code == config.max_code, 0.0, change * 2.0**-code)


class Anchoring(Kind):
    """Weights are kept as anchors: a timestep whose ``consolidate`` input is 1 makes them these and changes none."""

    resting: ClassVar[bool] = False
    step_inputs: ClassVar[tuple[Field, ...]] = (
        Field(name="consolidate", bits=1, meaning="make the weights the anchors instead of changing them"),
    )

    def fields(self, weight: Field) -> tuple[Field, ...]:
        """Return the state beside weight and code."""
        return (Field(name="anchor", bits=weight.bits, signed=weight.signed, meaning="weight when last consolidated"),)

    def update(self, at: Update) -> dict[str, Value]:
        """Hold the weight in a timestep that consolidates."""
        hold, old = at.inputs["consolidate"], at.state["weight"]
        change = self.change(at)
        new = self.settled(at, at.saturated(old + change))
        kept = {"weight": select(hold, old, new), "anchor": select(hold, old, at.state["anchor"])}
        return kept | self.remembered(at, change)

    def remembered(self, at: Update, change: Value) -> dict[str, Value]:
        """Return the next code and what else the kind keeps beside weight and anchor."""
        return {"code": at.code}

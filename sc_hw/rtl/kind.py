"""A kind of consolidation in Amaranth: what it adds to the weight stage, and what most kinds add.

A kind is an object of ``StageKind`` or of a class that extends it, in a file of its own (``kinds``); the stage
(``consolidation``) finds it by the name in the configuration and knows none by name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from amaranth.hdl import Mux, Signal, Value

from .arithmetic import apart, wire
from .faults import Fault
from .faults import datapath_fault as fault

if TYPE_CHECKING:
    from .consolidation import BuiltStage, WeightStage

__all__ = ["AnchoringStage", "ScalingStage", "StageKind", "stage_kind"]


def stage_kind(config: Any) -> "StageKind":
    """Return the Amaranth of the kind that a configuration has; it was checked against the registry."""
    kind = import_module(f"sc_hw.rtl.kinds.{config.consolidation}").KIND
    if not isinstance(kind, StageKind):
        raise TypeError(f"sc_hw.rtl.kinds.{config.consolidation}.KIND is not a StageKind")
    return kind


class StageKind:
    """Applies the change. ``gates``: something acts on the drive, a clock before the sum."""

    gates = False

    def gated(self, at: "BuiltStage", drive: Value) -> Value:
        """Return, as a net called ``gated``, what goes on of the drive; of a kind that gates."""
        raise NotImplementedError

    def finish(self, at: "BuiltStage", drive: Signal, clipped: Signal, clock: int) -> None:
        """Drive the ``next_...`` ports; ``clipped`` is the changed and saturated weight before stage ``clock`` ends."""
        at.leave("weight", clipped)
        if at.config.stored_code_bits:
            at.leave("code", at.input("state_code", clock - 1))

    def faults(self, stage: "WeightStage") -> list[Fault]:
        """Return the bugs that ``sc-hw selftest`` plants in what the kind adds."""
        return []


class ScalingStage(StageKind):
    """A code scales the drive down, the largest one to nothing."""

    gates = True

    def gated(self, at: "BuiltStage", drive: Value) -> Value:
        """Return what the code lets through."""
        return at.raised("gated", drive, at.input("state_code", 0))

    def faults(self, stage: "WeightStage") -> list[Fault]:
        """Return the kind's bugs."""
        headroom, wide = stage.design.config.change_headroom, stage.gated_bits
        halved, still = f"{{value[{wide - 1}], value[{wide - 1}:1]}}", stage.still
        ignored = f"{{drive, {headroom}'d0}}"
        return [
            fault("code ignored", "every change counts in full", "gated", ignored, still, drive=stage.register),
            fault("code one too strong", "a change is halved once more", "gated", halved, still),
            fault("lock ignored", "the largest code only slows a weight down", "unlocked", "1'b1", still),
        ]


class AnchoringStage(StageKind):
    """Keeps anchors: a timestep that consolidates makes the weights these."""

    def finish(self, at: "BuiltStage", drive: Signal, clipped: Signal, clock: int) -> None:
        """Register weight and anchor, then let the kind settle."""
        hold, weight = at.input("in_consolidate", clock - 1), at.input("state_weight", clock - 1)
        anchor_old = wire(at.m, "anchor_old", apart(at.input("state_anchor", clock - 1)))
        weight_held = wire(at.m, "weight_held", Mux(hold, weight, clipped))
        anchor_next = wire(at.m, "anchor_next", Mux(hold, weight, anchor_old))
        anchor = at.register("anchor", anchor_next, clock)
        at.leave("anchor", at.delayed("anchor", anchor, clock, 2))
        self.settle(at, drive, at.register("weight", weight_held, clock), anchor, clock)

    def settle(self, at: "BuiltStage", drive: Signal, weight: Signal, anchor: Signal, clock: int) -> None:
        """Drive the other ``next_...`` ports from weight and anchor as they are registered at the end of stage ``clock``."""
        raise NotImplementedError

    def faults(self, stage: "WeightStage") -> list[Fault]:
        """Return the kind's bugs."""
        nets = {"clipped": "weight_clipped", "anchor": "anchor_old"}
        unheld, forgotten = ("weight_held", "clipped"), {"anchor_next": "anchor"}
        ignored = "a timestep that consolidates changes the weight and not the anchor"
        changed = "a timestep that consolidates changes the weight"
        return [
            fault("consolidate ignored", ignored, *unheld, also=forgotten, **nets),
            fault("weight not held", changed, *unheld, stage.still, clipped="weight_clipped"),
            fault("anchor not updated", "the anchor stays for ever", "anchor_next", "anchor", anchor="anchor_old"),
        ]

"""After the change, a part of the weight's distance from its anchor is taken back."""

from amaranth.hdl import Signal

from ..arithmetic import cut, floor_part
from ..consolidation import BuiltStage, WeightStage, hardly_moves
from ..faults import Fault
from ..faults import datapath_fault as fault
from ..kind import AnchoringStage

__all__ = ["KIND"]


class Pull(AnchoringStage):
    """Three more stages: the distance, what the code says of it, the weight less that; it cannot leave the range."""

    def settle(self, at: BuiltStage, drive: Signal, weight: Signal, anchor: Signal, clock: int) -> None:
        """Drive weight, code and what else is kept."""
        distance = at.register("distance", weight - anchor, clock + 1)
        pull = at.register("pull", at.raised("pull", distance, at.input("state_code", clock + 1)), clock + 2)
        shift = at.config.pull_shift + at.config.max_code
        # Less floor((x + noise) / 2^s) is less x plus the noise's complement, floored: one subtractor does all.
        noise = at.noise("pull_noise", shift, clock + 2)
        waited = at.above(~noise, at.delayed("weight", weight, clock, 2))
        fine = waited - floor_part(at.m, pull.name, pull, shift - len(noise))
        at.leave("weight", cut(at.m, "weight_pulled", fine, len(noise), weight.shape()))
        at.leave("code", at.input("state_code", clock + 2))

    def faults(self, stage: WeightStage) -> list[Fault]:
        """Return the kind's bugs."""
        c = stage.design.config
        bits = stage.weight.bits + 1 + c.max_code
        weak = hardly_moves(stage.design, bits, c.pull_shift + c.max_code)
        halved = f"{{value[{bits - 1}], value[{bits - 1}:1]}}"
        return [
            *super().faults(stage),
            fault("pull sign", "a weight is pushed away from its anchor", "pull", "~value", weak),
            fault("code one too strong", "half as much is taken back", "pull", halved, weak),
            fault("lock ignored", "the largest code pulls", "unlocked", "1'b1", weak),
        ]


KIND = Pull()

"""The beats of a store alone: they come whenever they like."""

from sc_hw_models.blocks.block import Beats
from sc_hw_models.blocks.store import StoreModel

from .stimulus import Stimulus

__all__ = ["STIMULUS", "StoreStimulus"]


class StoreStimulus(Stimulus[StoreModel]):
    """As many beats as a timestep has, of anything."""

    def timestep(self) -> dict[str, Beats]:
        """Return what is to be kept."""
        return {"event": self.drawn(self.fields("event"), self.model.beats)}


STIMULUS = StoreStimulus

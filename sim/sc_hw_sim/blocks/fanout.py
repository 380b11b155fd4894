"""The beats of a fan-out alone: both of its streams come whenever they like."""

from sc_hw_models.blocks.block import Beats
from sc_hw_models.blocks.fanout import FanoutModel

from .stimulus import Stimulus

__all__ = ["STIMULUS", "FanoutStimulus"]


class FanoutStimulus(Stimulus[FanoutModel]):
    """As many beats of each stream as a timestep has, of anything."""

    def timestep(self) -> dict[str, Beats]:
        """Return what is stored and what is played."""
        counts = {"stored": self.model.words, "played": self.model.rounds}
        return {name: self.drawn(self.fields(name), count) for name, count in counts.items()}


STIMULUS = FanoutStimulus

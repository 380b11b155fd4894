"""The beats of a queue of results alone: each pushed some time after its slot was promised."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from sc_hw_models.blocks.block import Beats, Timestep
from sc_hw_models.blocks.queue import QueueModel

from .stimulus import Stimulus

__all__ = ["STIMULUS", "QueueStimulus"]


class QueueStimulus(Stimulus[QueueModel]):
    """Few beats, or more than there are slots."""

    order: ClassVar[Mapping[str, tuple[str, ...]]] = {"push": ("reserve",)}

    def timestep(self) -> dict[str, Beats]:
        """Return reservations and as many beats."""
        count = int(self.generator.integers(1, self.generator.choice([3, 2 * self.model.slots + 3])))
        return {"reserve": Beats(count=count), "push": self.drawn(self.fields("push"), count)}

    def waits(self, given: Timestep, out: Timestep) -> Mapping[str, np.ndarray]:
        """Return that a beat follows its reservation."""
        return {"push": np.arange(1, given["push"].count + 1).reshape(-1, 1)}


STIMULUS = QueueStimulus

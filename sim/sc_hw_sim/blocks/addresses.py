"""The beats of a decoder of address events alone: events of any number, some twice, some of no neuron."""

import numpy as np

from sc_hw_models.blocks.addresses import AddressesModel
from sc_hw_models.blocks.block import Beats

from .stimulus import Stimulus

__all__ = ["STIMULUS", "AddressesStimulus"]


class AddressesStimulus(Stimulus[AddressesModel]):
    """No event, some or many in a timestep, then its end, whose number is anything."""

    def timestep(self) -> dict[str, Beats]:
        """Return the events of a timestep."""
        most = self.generator.choice([1, 3, 2 * self.model.neurons + 1])
        count = 1 + int(self.generator.integers(most))
        end = (np.arange(count) == count - 1).astype(np.uint8)
        return {"event": Beats(count=count, columns={**self.drawn(self.fields("event"), count).columns, "end": end})}


STIMULUS = AddressesStimulus

"""A layer: synapses that learn from what their presynaptic neurons release, with one state word for each neuron.

Synapse ``j * neurons + i`` joins presynaptic neuron ``i`` to postsynaptic neuron ``j``. In timestep k it gets what neuron ``i``
gives in timestep k as its presynaptic input, and neuron ``j``'s value of each other input.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .core import CoreModel
from .rule import ConfigError, connection

__all__ = ["LayerModel"]

Arrays = dict[str, np.ndarray]


class LayerModel:
    """The golden model of a layer: two golden models and what goes from one to the other.

    ``neurons`` and ``synapses`` are their models; the number of synapses is a multiple of that of neurons.
    Errors: ``ConfigError`` for rules or numbers that do not fit.
    """

    def __init__(self, neurons: CoreModel, synapses: CoreModel) -> None:
        given, taken = connection(neurons.spec, synapses.spec)
        if synapses.synapses % neurons.synapses:
            raise ConfigError(f"{synapses.synapses} synapses: allowed are multiples of the {neurons.synapses} neurons")
        self.neurons, self.synapses = neurons, synapses
        self.postsynaptic = synapses.synapses // neurons.synapses
        self.postsynaptic_inputs = tuple(f for f in synapses.spec.synapse_inputs if f != taken)
        self._given, self._taken = given, taken

    def synapse_inputs(self, given: Mapping[str, np.ndarray], inputs: Mapping[str, Any]) -> Arrays:
        """Return the inputs of the synapses ``(timesteps, synapses)`` and of their timesteps.

        ``given`` are the neurons' outputs, ``(timesteps, neurons)``; ``inputs`` those of the postsynaptic neurons,
        ``(timesteps, postsynaptic)``, and of the timesteps.
        """
        released = np.asarray(given[self._given.name]) >> (self._given.bits - self._taken.bits)
        result = {self._taken.name: np.tile(released, (1, self.postsynaptic))}
        result |= {f.name: np.repeat(inputs[f.name], self.neurons.synapses, axis=1) for f in self.postsynaptic_inputs}
        return result | {f.name: np.asarray(inputs[f.name]) for f in self.synapses.spec.step_inputs}

    def run(self, inputs: Mapping[str, Any]) -> tuple[Arrays, Arrays]:
        """Play many timesteps; return the outputs of the neurons and those of the synapses after each of them."""
        _, given = self.neurons.run({f.name: inputs[f.name] for f in self.neurons.spec.inputs})
        _, outputs = self.synapses.run(self.synapse_inputs(given, inputs))
        return given, outputs

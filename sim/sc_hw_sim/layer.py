"""The bench of a layer: presynaptic neurons and synapses in one design, each driven and compared as a core of its own."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from sc_hw_models.layer import LayerModel
from sc_hw_models.rule import Field, Rule

from .bench import CoreBench
from .stimulus import Kind, inputs_of

__all__ = ["NEURON", "LayerBench"]

NEURON = "neuron_"  # begins the names of the streams that belong to the presynaptic neurons

Arrays = dict[str, np.ndarray]


class LayerBench(CoreBench):
    """Drives the synapses of a layer and, through ``neurons``, the bench of its neurons, both.

    The synapses are fed with what their postsynaptic neurons have; the rest must come from the neurons, as in the model.
    """

    def __init__(self, dut: Any, index: int, rule: Rule, config: Any, *, neurons: Sequence[CoreBench], **options: Any) -> None:
        super().__init__(dut, index, rule, config, **options)
        (self._front,) = neurons
        self._layer = LayerModel(self._front.model, self.model)
        self.parts = [self._front, self]

    @property
    def _event_fields(self) -> list[Field]:
        return [*self._mark_field, *self._own_inputs]

    @property
    def _own_inputs(self) -> list[Field]:
        """The inputs of a synapse that are its postsynaptic neuron's."""
        return [f for f in self.spec.synapse_inputs if f.name != self.spec.presynaptic_input]

    def _inputs(self, kind: Kind, steps: int) -> Arrays:
        """Return inputs of the neurons, of the postsynaptic neurons and of the timesteps; a motif is the synapses'."""
        own = dataclasses.replace(self.spec, synapse_inputs=tuple(self._own_inputs))
        others = Kind(kind.name, "random", kind.step) if kind.spikes == "motif" else kind
        given = inputs_of(others, self._front.spec, steps, self._front.synapses, self.generator)
        return given | inputs_of(kind, own, steps, self._layer.postsynaptic, self.generator)

    def _ask(self, inputs: Arrays, steps: int) -> Arrays:
        given = self._front._ask({f.name: inputs[f.name] for f in self._front.spec.inputs}, steps)
        return super()._ask(self._layer.synapse_inputs(given, inputs), steps)

    def _offer(self, inputs: Arrays, steps: int) -> None:
        """Queue the commands, and one event beat for each postsynaptic neuron."""
        values = [inputs[f.name][:, :: self._front.synapses].reshape(-1) for f in self._own_inputs]
        self.event.load([*self._marks(steps, self._layer.postsynaptic), *values])
        self.command.load([np.zeros(steps), *(inputs[f.name] for f in self.spec.step_inputs)])

    def _event_beats(self, steps: int) -> list[int]:
        return [self._layer.postsynaptic] * steps

    def _clocks_of(self, steps: int) -> int:
        """Return how many clocks timesteps take: the neurons fill the fan-out while the synapses are idle."""
        return super()._clocks_of(steps) + self._front._clocks_of(steps) + 2 * steps

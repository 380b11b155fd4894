"""The golden model of a layer."""

from collections.abc import Callable

from sc_hw_models.core import CoreModel
from sc_hw_models.layer import LayerModel

from ...rtl.design import CoreDesign
from ...rtl.layer import LayerDesign

__all__ = ["model"]


def model(design: LayerDesign, made: Callable[[CoreDesign], CoreModel]) -> LayerModel:
    """Return the model: neurons in front of synapses."""
    neurons, synapses = (made(own) for _, own in design.parts.values())
    return LayerModel(neurons, synapses)

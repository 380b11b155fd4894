"""Networks that learn in the chip: description, golden model, compiled model."""

from .compiled import CompiledNetwork, network_model
from .model import NetworkModel
from .reader import read_network
from .spec import NetworkSpec, Population, Projection, Sample

__all__ = [
    "CompiledNetwork",
    "NetworkModel",
    "NetworkSpec",
    "Population",
    "Projection",
    "Sample",
    "network_model",
    "read_network",
]

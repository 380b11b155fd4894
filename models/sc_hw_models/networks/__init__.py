"""Networks that learn in the chip: description, golden model, compiled model."""

from .compiled import CompiledNetwork, network_model
from .model import NetworkModel
from .reader import read_network
from .spec import NetworkSpec, PopulationSpec, ProjectionSpec, Sample

__all__ = [
    "CompiledNetwork",
    "NetworkModel",
    "NetworkSpec",
    "PopulationSpec",
    "ProjectionSpec",
    "Sample",
    "network_model",
    "read_network",
]

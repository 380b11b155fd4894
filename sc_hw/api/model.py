"""The golden model of an emitted design."""

from typing import Any

from sc_hw_models.core import CoreModel
from sc_hw_models.networks import network_model

from ..rtl.design import CoreDesign
from ..rtl.networks.design import NetworkDesign
from .topologies import TOPOLOGIES

__all__ = ["golden_model"]


def golden_model(design: CoreDesign | NetworkDesign) -> Any:
    """Return the model of a design with the state that its memories hold at first."""
    return network_model(design.spec) if isinstance(design, NetworkDesign) else TOPOLOGIES[design.kind](design, _core)


def _core(design: CoreDesign) -> CoreModel:
    model = CoreModel(design.rule, design.config, synapses=design.synapses, lanes=design.lanes)
    model.load(design.initial or {})
    return model

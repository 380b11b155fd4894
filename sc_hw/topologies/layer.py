"""A layer: presynaptic neurons and their synapses."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..config import build_config
from ..errors import UserError
from ..rtl.design import CoreDesign
from ..rtl.layer import LayerDesign
from . import core
from .request import Request

__all__ = ["KEY", "axes", "check", "check_chosen", "make", "synapses"]

KEY = "presynaptic"


def check(options: Mapping[str, Any]) -> None:
    """Raise ``UserError`` for an option without the one it belongs to."""
    name, neurons = options.get("presynaptic"), options.get("neurons")
    if name is not None and neurons is None:
        raise UserError(f"--presynaptic {name or repr(name)}: needs --neurons N, the number of presynaptic neurons")
    if name is None and (neurons is not None or options.get("neuron_settings")):
        raise UserError("--neurons and --neuron-set: are of presynaptic neurons; give --presynaptic RULE too")


def check_chosen(_options: Mapping[str, Any]) -> None:
    """Nothing more is asked."""


def synapses(_options: Mapping[str, Any]) -> int | None:
    """Return nothing: the user says how many."""
    return None


def axes(options: Mapping[str, Any], synapses: int, shape: Sequence[int]) -> dict[str, int] | None:
    """Return the order of weights of two axes and their lengths, outermost first."""
    neurons = options["neurons"]
    return {"post": synapses // neurons, "pre": neurons} if neurons and synapses % neurons == 0 and len(shape) == 2 else None


def make(request: Request) -> CoreDesign:
    """Return the layer."""
    options, front = request.options, request.rule_of(request.options["presynaptic"])
    config = build_config(front, options.get("neuron_set") or {}, options.get("neuron_settings") or ())
    before = CoreDesign(
        name=f"{request.name}_neurons", rule=front, config=config, synapses=options["neurons"], lanes=request.lanes
    )
    return LayerDesign(**vars(core.make(request)), presynaptic=before)

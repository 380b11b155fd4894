"""The bench of each topology: what drives its synapses, and what its neurons."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .bench import CoreBench
from .crossbar import CrossbarBench, NeuronBench
from .layer import NEURON, LayerBench

__all__ = ["TOPOLOGIES", "Topology"]

Entry = Mapping[str, Any]


def _none(_whole: Entry, _neurons: Entry) -> dict[str, Any]:
    return {}


def _in_front(_whole: Entry, _neurons: Entry) -> dict[str, Any]:
    return {"prefix": NEURON}


def _on_a_side(whole: Entry, neurons: Entry) -> dict[str, Any]:
    return {"prefix": f"{neurons['rule'].rpartition('.')[2]}_", "addressed": whole["addressed"]}


@dataclass(frozen=True, kw_only=True)
class Topology:
    """``bench`` is that of the synapses, made with the benches of their ``neurons``, of which the plan's entries give options."""

    bench: type[CoreBench]
    neurons: type[CoreBench] = CoreBench
    options: Callable[[Entry, Entry], dict[str, Any]] = _none


TOPOLOGIES = {
    "core": Topology(bench=CoreBench),
    "layer": Topology(bench=LayerBench, options=_in_front),
    "crossbar": Topology(bench=CrossbarBench, neurons=NeuronBench, options=_on_a_side),
}

"""A layer: neurons, a fan-out, synapses."""

from ...rtl.layer import LayerDesign
from ...rtl.order import stores_of
from ..engine import Part
from ..fanout import fanout_moments, fanout_registers
from ..moment import Moment, Place, Registers
from ..store import store_moments, store_registers

__all__ = ["blocks", "parts"]


def parts(design: LayerDesign, core: int) -> list[Part]:
    """Return neurons and synapses; the bench holds back events of the neurons, and of the synapses where a round has one word."""
    return [
        Part(
            place=Place(f"core_{core}.{place}", f"{place}_{core}", f"{place}: ", number),
            design=part,
            late=number == 0 or design.fanout.words == 1,
        )
        for number, (place, (_, part)) in enumerate(design.parts.items())
    ]


def blocks(design: LayerDesign, core: int, _idle: Moment) -> tuple[list[Moment], list[Registers]]:
    """Return what is of the fan-out, and of what keeps a timestep's events in front of it."""
    at, fan = Place(f"core_{core}.fan_out", f"fan_{core}", "fan-out: ", 1), design.fanout
    found, registers = list(fanout_moments(fan, at, waits=design.words > design.pipeline_depth)), [fanout_registers(fan, at)]
    for place, store in stores_of(design.graph).items():
        at = Place(f"core_{core}.{place}", f"{place}_{core}", f"{store.stream} store: ", 1)
        found += store_moments(store, at)
        registers.append(store_registers(store, at))
    return found, registers

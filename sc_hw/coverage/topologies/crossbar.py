"""A crossbar: neurons of both sides that keep something, a fan-out, a row filter, and what takes address events."""

from dataclasses import replace

from ...rtl.crossbar import CrossbarDesign
from ...rtl.order import stores_of
from ..addresses import addresses_moments, addresses_registers
from ..engine import Part
from ..fanout import fanout_moments, fanout_registers
from ..moment import Moment, Place, Registers
from ..rows import rows_moments, rows_registers
from ..store import store_moments, store_registers

__all__ = ["blocks", "parts"]

_NUMBERS = {"pre": 0, "post": 1, "synapses": 2}  # of a part's bench
_VISITED = ("inside a round", "results under way", "a row waits")  # moments that need a row that is not skipped


def parts(design: CrossbarDesign, core: int) -> list[Part]:
    """Return the cores inside; neurons take their commands with the synapses and are done before.

    What postsynaptic neurons give is stored at once, and what one presynaptic neuron gives goes into the row filter. The bench
    can hold back the events of postsynaptic neurons whose spikes come as bits.
    """
    result = []
    for place, (_, part) in design.parts.items():
        several = place == "synapses" or (place == "pre" and part.words > 1)
        result.append(
            Part(
                place=Place(f"core_{core}.{place}", f"{place}_{core}", f"{place}: ", _NUMBERS[place]),
                design=part,
                commanded=place == "synapses",
                commands=f"core_{core}",
                results_wait=several,
                last_result_waits=several and (place == "synapses" or design.post.words > 1),
                late=place == "post" and not design.addresses,
                ahead=place != "synapses",
            )
        )
    return result


def blocks(design: CrossbarDesign, core: int, idle: Moment) -> tuple[list[Moment], list[Registers]]:
    """Return what is of the blocks between the cores; what they forget wrongly shows where rows can be skipped."""
    at, fan = Place(f"core_{core}.fan_out", f"fan_{core}", "fan-out: ", 2), design.fanout
    found, registers = list(fanout_moments(fan, at, waits=design.words > design.pipeline_depth)), [fanout_registers(fan, at)]
    if design.rows:
        at = Place(f"core_{core}.row_filter", f"rows_{core}", "row filter: ", 2)
        found += rows_moments(design.rows, at)
        registers.append(rows_registers(design.rows, at))
    for number, (owner, addresses) in enumerate(design.addresses.items()):
        at = Place(f"core_{core}.{owner}_decoder", f"{owner}_spikes_{core}", f"{owner} decoder: ", number)
        found += addresses_moments(addresses, at)
        registers.append(addresses_registers(addresses, at))
    for place, store in stores_of(design.graph).items():
        at = Place(f"core_{core}.{place}", f"{place}_{core}", f"{store.stream} store: ", 0)
        found += store_moments(store, at)
        registers.append(store_registers(store, at))
    if design.rows:
        always = [m for m in (idle, *found) if m.scene in ("timestep", "idle") and not m.name.endswith(_VISITED)]
        found += [replace(m, name=f"{m.name}, rows at rest", scene="rest") for m in always]
    return found, registers

"""Planted faults: what they change in an emitted core, and those of the engine, which every rule shares."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from .design import CoreDesign
from .stream import Stream

__all__ = ["Fault", "datapath_fault", "engine_faults", "fault", "marks_faults"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A bug to plant: nets whose value is replaced.

    ``cuts`` maps a net to a Verilog expression over ``value``, the net's right value, and the names in
    ``reads``, which maps them to other nets of the same module. A net is a name in the core, or
    ``<module>.<name>`` in its module ``<core>_<module>``, or ``<instance>.<port>`` at an instance in the
    core; an input of a module is cut where the lane instantiates it. ``reason`` is set, and ``cuts`` empty,
    when the fault cannot show in this configuration.
    """

    name: str
    description: str
    cuts: Mapping[str, str] = field(default_factory=dict)
    reads: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


def fault(
    name: str,
    description: str,
    net: str,
    expression: str,
    reason: str = "",
    *,
    within: str = "",
    also: Mapping[str, str] = MappingProxyType({}),
    **reads: str,
) -> Fault:
    """Return a bug of a net, and ``also`` of others, ``within`` a module; with a ``reason`` why it cannot show, that instead."""
    if reason:
        return Fault(name=name, description=description, reason=reason)
    place = f"{within}." if within else ""
    cuts = {f"{place}{cut}": value for cut, value in {net: expression, **also}.items()}
    return Fault(name=name, description=description, cuts=cuts, reads=reads)


datapath_fault = partial(fault, within="datapath")


def marks_faults(streams: Iterable[Stream], within: str = "") -> list[Fault]:
    """Return the faults of how marks of last beats are compared, of those streams that are checked."""
    found = []
    for stream in streams:
        if stream.checked:
            name, one = stream.name, "one beat a timestep" if stream.beats == 1 else ""
            own = partial(fault, within=within, last=f"{name}_last")
            found += [
                own(f"{name} marked early", "a mark that comes too early is not told", f"{name}_breach", "value & ~last", one),
                own(f"{name} not marked", "a last beat without its mark is not told", f"{name}_breach", "value & last"),
            ]
    return found


def engine_faults(design: CoreDesign) -> list[Fault]:
    """Return the faults of sweep, memory, streams and clear."""
    last_lane = (design.synapses - 1) % design.lanes
    bits = design.spec.state_bits
    top_bit = f"{{1'b1, {{{bits - 1}{{1'b0}}}}}}"
    store = "store_0_reg" if design.queued else "host_store"
    one_word = "one word: the first is the last" if design.words == 1 else ""
    overlap = "more words than pipeline stages: sweeps may overlap" if design.overlap else ""

    faults = [
        fault(
            "stuck enable",
            "the pipeline ignores backpressure",
            "enable",
            "1'b1",
            "results wait in a queue" if design.queued else "",
        ),
        fault(
            "wrong write address",
            "words are written back one address off",
            "memory_0.write_address",
            "host_store ? value : value ^ 1",
            host_store=store,
        ),
        fault(
            "lost last synapse",
            "the last word of a sweep is not written",
            f"write_enable_{last_lane}",
            "value & ~(write_back & write_last)",
            write_back="write_back",
            write_last="write_last",
        ),
        fault(
            "wrong reset value",
            "a clear writes 1 into the lowest bit",
            "write_data_0",
            "value ^ (clearing & ~host_store)",
            clearing="clearing_reg",
            host_store=store,
        ),
        fault(
            "sweep one short",
            "the sweep ends one word early",
            "issue_last",
            f"address == {design.address_bits}'d{max(0, design.words - 2)}",
            one_word,
            address="address_reg",
        ),
        fault(
            "result_last early",
            "the last beat is flagged on the first word",
            "pushed_last" if design.queued else "result_last",
            "write_address == 0",
            one_word,
            write_address="write_address_reg",
        ),
        fault(
            "load loses a bit",
            "a host write flips the top bit of the word",
            "write_data_0",
            f"host_store ? value ^ {top_bit} : value",
            host_store=store,
        ),
        fault("never idle", "idle is low while the core waits", "idle", "1'b0"),
        fault("idle too early", "idle is high in a host's read", "idle", "value | reads", reads="readback_valid"),
        fault(
            "host starves",
            "a command goes before a host access however long that waits",
            "host_accept",
            "value & ~command",
            command="command_valid",
        ),
        fault("sweep not drained", "a sweep may start before the last one is written back", "drained", "1'b1", overlap),
    ]
    faults += marks_faults(design.streams)
    if design.spec.lfsr:
        faults.append(fault("noise repeats", "the random register does not step", "random.step", "1'b0"))
        faults.append(fault("noise not seeded", "the random register ignores reset and clear", "random.restart", "1'b0"))
    return faults

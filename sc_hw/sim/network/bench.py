"""The bench around a network: what it watches, and the simulator made of both."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import FileSystemLoader

import sc_hw_sim

from ...network_folder import EmittedNetwork
from ...rtl.graph import Channel
from ...rtl.net import Net, verilog_text
from ...rtl.networks.design import NetworkDesign
from ...rtl.networks.projection import ProjectionBlock
from ...rtl.stream import Stream
from ...templates import verilog_templates
from ..simulator import BRIEF, Simulator

__all__ = ["NetworkSimulator", "monitors", "projection_places"]

_SIM = Path(sc_hw_sim.__file__).parent
_WATCHED = ("active", "current", "error", "signal")  # streams between blocks that are compared beat by beat
_OWN = {"active": ("row", "activity", "slope"), "current": ("value",), "error": ("value", "skip"), "signal": ("value", "skip")}

Fields = list[tuple[str, int, bool]]


def projection_places(design: NetworkDesign) -> dict[str, ProjectionBlock]:
    """Return the synapses of a network by place."""
    return {place: block for place, block in design.blocks.items() if isinstance(block, ProjectionBlock)}


def _inside(design: NetworkDesign) -> dict[str, tuple[Stream, str, list[tuple[str, Net, bool]]]]:
    """Return each stream that is watched inside: how a beat moves, and the items that some block reads, with their nets."""
    found = {}
    for channel in design.graph.channels:
        place, _, name = channel.source.partition(".")
        if name in _WATCHED and place != "host":
            found[channel.source] = _watched(design, channel, place, name)
    return found


def _watched(design: NetworkDesign, channel: Channel, place: str, name: str) -> tuple[Stream, str, list[tuple[str, Net, bool]]]:
    stream, pins = design.graph.stream(channel.source), design.graph.top.pins[place]
    nets = [(item.name, pins[f"{name}_{item.name}"], item.signed) for item in stream.items if item.name in _OWN[name]]
    kept = [(item, net, signed) for item, net, signed in nets if isinstance(net, Net)]
    moves = " & ".join(f"({verilog_text(pins[f'{name}_{end}'], lambda net: f'chip.{net}')})" for end in ("valid", "ready"))
    return stream, moves, kept


def _outside(design: NetworkDesign) -> list[tuple[str, str, Stream]]:
    return [(stream.name, "sink" if stream.gives else "source", stream) for stream in design.streams]


def monitors(design: NetworkDesign) -> dict[str, Fields]:
    """Return the fields of every stream and memory that the bench sees, by name."""
    found: dict[str, Fields] = {
        name: [(item.name, item.bits, item.signed) for item in stream.items] for name, _, stream in _outside(design)
    }
    found["host_done"] = [("decided", 32, False)]
    for name, (_, _, nets) in _inside(design).items():
        found[name] = [(item, net.bits, signed) for item, net, signed in nets]
    for place, block in projection_places(design).items():
        lanes: Fields = [(f"lane_{lane}", block.synapse_bits, False) for lane in range(block.lanes)]
        found[f"{place}.write"] = [("address", block.address_bits, False), *lanes]
    return found


def _registers(design: NetworkDesign) -> list[tuple[str, str, int]]:
    found = [("register_jitter", "pixels.random.state_reg", design.pixels.lfsr.bits)] if design.pixels.jitter else []
    for place, block in projection_places(design).items():
        if block.core and block.core.spec.lfsr:
            found += [(f"register_{block.projection}_{lane}", f"{place}.lane_{lane}.random.state_reg", block.core.spec.lfsr.bits)
                      for lane in range(block.lanes)]  # fmt: skip
    return found


def _bench_text(design: NetworkDesign) -> str:
    environment = verilog_templates(FileSystemLoader(_SIM))
    outside = [(name, kind, [port for port in stream.ports() if not port.name.endswith(("_valid", "_ready"))])
               for name, kind, stream in _outside(design)]  # fmt: skip
    inside = [(name, moves, [net for _, net, _ in nets]) for name, (_, moves, nets) in _inside(design).items()]
    places = projection_places(design)
    memories = [(f"{place}.write", f"{place}.synapses", block.address_bits + block.lanes * block.synapse_bits)
                for place, block in places.items()]  # fmt: skip
    return environment.get_template("network.sv.j2").render(
        design=design, outside=outside, inside=inside, memories=memories, registers=_registers(design), projections=list(places),
    )  # fmt: skip


class NetworkSimulator(Simulator):
    """The bench around a network; ``files`` is its Verilog, or that of a copy in which faults are planted.

    It is compiled for a run of so many ``samples``: a short one is done earlier if less is optimised.
    """

    def __init__(self, network: EmittedNetwork, *, waves: bool, samples: int, files: Mapping[str, bytes] | None = None) -> None:
        design = network.design
        widest = max(sum(bits for _, bits, _ in fields) for fields in monitors(design).values())
        synapses = sum(block.rows * block.neurons for block in projection_places(design).values())
        verilog, bench, brief = dict(files or network.verilog), _bench_text(design), samples * synapses < BRIEF
        self._make(verilog, bench, widest=widest, moments=1, waves=waves, brief=brief)

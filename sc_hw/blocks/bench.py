"""The bench around one block: its streams and what it watches, as its golden model has them, and the simulator made of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import FileSystemLoader

import sc_hw_sim
from sc_hw_models.blocks import get_block
from sc_hw_models.blocks.block import Flow
from sc_hw_sim.blocks import get_stimulus

from ..rtl.blocks import PlayedBlock
from ..rtl.port import CLOCKED, Port
from ..sim.simulator import Simulator
from ..templates import verilog_templates

__all__ = ["BlockSimulator", "bench_text", "pins_of"]


@dataclass(frozen=True, kw_only=True)
class Pins:
    """How the beats of a stream of the model reach the block: ``ports`` are a beat, lowest first; ``after`` whom they wait for.

    One that is ``watched`` moves elsewhere: ``valid`` is 1 in the clock in which it does, ``ready`` may be empty.
    """

    name: str
    gives: bool
    watched: bool
    valid: str
    ready: str
    ports: list[Port]
    after: tuple[str, ...]


def pins_of(block: PlayedBlock) -> list[Pins]:
    """Return the pins of every stream of a block's golden model.

    Errors: ``ValueError`` for a block whose ports are not those of its model: a fault of its description.
    """
    order = get_stimulus(block.golden).order
    found = [_pins(block, flow, order.get(flow.name, ())) for flow in get_block(block.golden)(**block.settings).flows]
    ports = {port.name for one in found for port in one.ports} | {name for one in found for name in (one.valid, one.ready)}
    left = [port.name for port in block.ports() if port.direction == "input" and port.name not in ports | _clocked()]
    if left:
        raise ValueError(f"{block.name}: of no stream of its golden model: {', '.join(left)}")
    return found


def _clocked() -> set[str]:
    return {port.name for port in CLOCKED}


def _pins(block: PlayedBlock, flow: Flow, after: tuple[str, ...]) -> Pins:
    streams = {stream.name: stream for stream in block.streams}
    watched = {watch.name: watch for watch in block.watches}
    by_name = {port.name: port for port in block.ports()}
    if stream := streams.get(flow.name):
        ports = [by_name[f"{flow.name}_{item.name}"] for item in stream.items]
        pins = Pins(
            name=flow.name,
            gives=stream.gives,
            watched=False,
            valid=f"{flow.name}_valid",
            ready=f"{flow.name}_ready",
            ports=ports,
            after=after,
        )
    elif watch := watched.get(flow.name):
        ports = [by_name[item] for item in watch.items]
        pins = Pins(name=flow.name, gives=False, watched=True, valid=watch.moves, ready=watch.ready, ports=ports, after=after)
    else:
        raise ValueError(f"{block.name}: no stream {flow.name}, which its golden model has")
    bits = sum(port.bits for port in pins.ports), sum(f.bits for f in flow.fields)
    if bits[0] != bits[1] or pins.gives != flow.gives:
        raise ValueError(f"{block.name}: {flow.name} has {bits[0]} bits, and {bits[1]} in its golden model")
    return pins


def bench_text(block: PlayedBlock) -> str:
    """Return the SystemVerilog of the bench around a block."""
    flows = pins_of(block)
    used = {name for one in flows for name in (one.valid, one.ready)} | {port.name for one in flows for port in one.ports}
    told = [port for port in block.ports() if port.direction == "output" and port.name not in used]
    told += [port for one in flows if one.watched for port in block.ports() if port.name == one.ready]
    environment = verilog_templates(FileSystemLoader(Path(sc_hw_sim.__file__).parent))
    return environment.get_template("block.sv.j2").render(
        block=block,
        flows=flows,
        told=told,
        told_names={port.name for port in told},
        marked=[stream for stream in block.streams if stream.checked],
    )


class BlockSimulator(Simulator):
    """The bench around a block; ``files`` hold its Verilog, or that of a copy in which faults are planted."""

    def __init__(self, block: PlayedBlock, files: Mapping[str, bytes], *, waves: bool, brief: bool) -> None:
        bits = [sum(port.bits for port in one.ports) + 32 * len(one.after) for one in pins_of(block)]
        self._make(dict(files), bench_text(block), widest=max(bits), moments=1, waves=waves, brief=brief)

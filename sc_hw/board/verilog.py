"""The Verilog between a serial line and a design's registers: receiver, sender, the bridge of frames to a bus, and their top."""

from collections.abc import Mapping

from ..bus.buses import BUSES
from ..bus.verilog import bus_verilog, top_ports
from ..driver.frames import DONE, DROPPED, ERROR, READ, WRITE
from ..errors import UserError
from ..registers.layout import Layout
from ..rtl.port import Port, input_port, output_port
from ..rtl.verilog import template_text

__all__ = [
    "BUS",
    "GAP",
    "board_name",
    "board_ports",
    "board_verilog",
    "bridge_ports",
    "bridge_verilog",
    "receiver_verilog",
    "sender_verilog",
    "with_own",
]

BUS = BUSES["wishbone"]  # docs/decisions/0029-boards.md says why
GAP = 9  # clocks from a byte that comes to the next, at least
_CLOCKED = (input_port("clk", meaning="clock, rising edge"), input_port("rst", meaning="synchronous reset"))
_BYTES = (
    ("byte_valid", 1, "a byte came"),
    ("byte_data", 8, "what came"),
    ("byte_torn", 1, "it had no stop bit"),
)
_RECEIVER = (
    *_CLOCKED,
    input_port("rx", meaning="the line"),
    *(output_port(name, width, meaning=meaning) for name, width, meaning in _BYTES),
)
_SENDER = (
    *_CLOCKED,
    output_port("tx", meaning="the line"),
    input_port("answer_valid", meaning="a byte is offered"),
    input_port("answer_data", 8, meaning="the byte"),
    output_port("answer_ready", meaning="it is taken at this clock edge"),
)


def board_name(layout: Layout) -> str:
    """Return the name of the module on top."""
    return f"{layout.name}_board"


def board_ports() -> tuple[Port, ...]:
    """Return the ports of the top."""
    return (
        *_CLOCKED,
        input_port("rx", meaning="the line to the board"),
        output_port("tx", meaning="the line from the board"),
        output_port("learning", meaning="a sweep or host access is under way"),
        output_port("error", meaning="in this clock an access ended with an error, or a frame was dropped"),
    )


def bridge_ports(address_bits: int) -> tuple[Port, ...]:
    """Return the ports of the bridge; the bus has byte addresses of so many bits."""
    master = (
        output_port("wb_cyc_o", meaning="an access is under way"),
        output_port("wb_stb_o", meaning="the same"),
        output_port("wb_we_o", meaning="1: write; 0: read"),
        output_port("wb_sel_o", 4, meaning="all bytes"),
        output_port("wb_adr_o", address_bits, meaning="byte address in the window"),
        output_port("wb_dat_o", 32, meaning="data to write"),
        input_port("wb_ack_i", meaning="answer: done"),
        input_port("wb_err_i", meaning="answer: an error"),
        input_port("wb_dat_i", 32, meaning="what was read"),
    )
    return (
        *_CLOCKED,
        *(input_port(name, bits, meaning=meaning) for name, bits, meaning in _BYTES),
        output_port("answer_valid", meaning="a byte of an answer is offered"),
        output_port("answer_data", 8, meaning="the byte"),
        input_port("answer_ready", meaning="it is taken at this clock edge"),
        *master,
        output_port("error", meaning="in this clock an access ended with an error, or a frame was dropped"),
    )


def bridge_verilog(module: str, address_bits: int) -> str:
    """Return the bridge."""
    return template_text(
        "board/bridge.v.j2",
        module=module,
        ports=bridge_ports(address_bits),
        address_bits=address_bits,
        read=READ,
        write=WRITE,
        done=DONE,
        error=ERROR,
        dropped_address=DROPPED,
        gap=GAP,
    )


def receiver_verilog(module: str) -> str:
    """Return what makes bytes of the line."""
    return template_text("board/receiver.v.j2", module=module, ports=_RECEIVER)


def sender_verilog(module: str) -> str:
    """Return what puts bytes on the line."""
    return template_text("board/sender.v.j2", module=module, ports=_SENDER)


def board_verilog(layout: Layout) -> dict[str, str]:
    """Return the Verilog files around a design by name, the top first; the design's own are not among them.

    Errors: ``UserError`` for a design whose streams are no registers, and for a name that something inside has.
    """
    if layout.axi_stream:
        raise UserError(
            "spikes of this design go through AXI4-Stream, and a serial line reaches registers; emit with --bus-streams registers"
        )
    top = board_name(layout)
    names = {part: f"{top}_{part}" for part in ("receiver", "bridge", "sender")}
    bits = layout.map.address_bits
    bridge = bridge_ports(bits)
    behind = top_ports(layout, BUS, idle=True)
    return {
        f"{top}.v": template_text(
            "board/top.v.j2",
            module=top,
            layout=layout,
            ports=board_ports(),
            wires=[*_inner((*_RECEIVER, *bridge)), ("irq", 1), ("idle", 1)],
            instances=[
                (names["receiver"], "line_receiver", "From the line", True, _pins(_RECEIVER)),
                (names["bridge"], "line_bridge", "Frames and accesses", False, _pins(bridge)),
                (names["sender"], "line_sender", "To the line", True, _pins(_SENDER)),
                (f"{layout.name}_bus", "registers", BUS.title, False, [(p.name, _opposite(p.name)) for p in behind]),
            ],
        ),
        f"{names['receiver']}.v": receiver_verilog(names["receiver"]),
        f"{names['bridge']}.v": bridge_verilog(names["bridge"], bits),
        f"{names['sender']}.v": sender_verilog(names["sender"]),
        **bus_verilog(layout, BUS, idle=True),
    }


def with_own(around: Mapping[str, str], own: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files around a design with its own. Errors: ``UserError`` for a name that both have."""
    if clash := around.keys() & own.keys():
        raise UserError(f"{min(clash)}: the board has a file of that name, and so has the design; emit it with another --name")
    return {name: text.encode() for name, text in around.items()} | dict(own)


def _inner(ports: tuple[Port, ...]) -> list[tuple[str, int]]:
    """Return the signals between the modules: those of the bridge that the top does not have as ports."""
    outer = {port.name for port in board_ports()}
    return list({port.name: port.bits for port in ports if port.name not in outer}.items())


def _pins(ports: tuple[Port, ...]) -> list[tuple[str, str]]:
    return [(port.name, port.name) for port in ports]


def _opposite(name: str) -> str:
    """Return what the master calls a signal of the slave: its output is the other's input."""
    if name.startswith("wb_"):
        return name[:-1] + {"i": "o", "o": "i"}[name[-1]]
    return name

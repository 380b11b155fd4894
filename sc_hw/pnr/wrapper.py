"""The module around a core that is placed and routed: five pins however wide the ports are, registers at the ports."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import FileSystemLoader

from ..rtl.port import Port
from ..templates import verilog_templates

__all__ = ["CORE_CLOCK", "INSTANCE", "PORT_SUFFIX", "wrapper_registers", "wrapper_text"]

CORE_CLOCK = "core_clock"  # the clock whose frequency counts
INSTANCE = "core"  # the core inside the wrapper
PORT_SUFFIX = "_port"  # the register at a port


def wrapper_text(name: str, top: str, ports: Sequence[Port]) -> str:
    """Return the Verilog of module ``name`` around module ``top``, which has ``ports``, the clock ``clk`` first."""
    environment = verilog_templates(FileSystemLoader(Path(__file__).parent))
    inputs, outputs = _data_ports(ports)
    return environment.get_template("wrapper.v.j2").render(name=name, top=top, ports=ports, inputs=inputs, outputs=outputs)


def wrapper_registers(ports: Sequence[Port]) -> int:
    """Return the flip-flops of the wrapper: one at every port bit and one in a chain."""
    return 2 * sum(port.bits for ports in _data_ports(ports) for port in ports)


def _data_ports(ports: Sequence[Port]) -> tuple[list[Port], list[Port]]:
    inputs = [port for port in ports if port.direction == "input" and port.name != "clk"]
    return inputs, [port for port in ports if port.direction == "output"]

"""IP-XACT (IEEE 1685-2014): the component that ``--bus`` writes, with the Verilog where the package has it."""

from ..bus.buses import BUSES
from ..registers.xml_text import ip_xact
from .description import Contents, Package

__all__ = ["IP_XACT"]


def _files(contents: Contents) -> dict[str, str]:
    ports = [(port.name, port.direction, port.bits) for port in contents.ports]
    text = ip_xact(contents.layout, contents.interfaces, ports, contents.sources)
    return {f"{contents.top}.xml": text}


IP_XACT = Package(
    name="ip-xact",
    tool="tools that read IP-XACT 1685-2014",
    buses=tuple(BUSES),
    files=_files,
    use="import {output}/{top}.xml",
)

"""The description of registers in the forms that others read, each a file beside the Verilog of the bus."""

from collections.abc import Sequence

from ..rtl.port import Port
from .c_header import c_header
from .layout import Layout
from .markdown import markdown
from .python_text import python_text
from .rdl_text import rdl_text
from .xml_text import Interface, ip_xact, svd

__all__ = ["register_files"]


def register_files(
    layout: Layout, *, interfaces: Sequence[Interface], ports: Sequence[Port], sources: Sequence[str]
) -> dict[str, str]:
    """Return the files by name; ``interfaces`` and ``ports`` are those of the module on top, ``sources`` its Verilog."""
    name = layout.name
    return {
        f"{name}_registers.h": c_header(layout),
        f"{name}_registers.py": python_text(layout),
        f"{name}.svd": svd(layout),
        f"{name}.rdl": rdl_text(layout),
        f"{name}.xml": ip_xact(layout, interfaces, [(port.name, port.direction, port.bits) for port in ports], sources),
        "registers.md": markdown(layout),
    }

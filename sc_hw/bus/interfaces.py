"""The bus and the streams of a top module as IP-XACT knows them: which definition, and which port is which of its signals."""

from ..registers.layout import Layout, ends
from ..registers.xml_text import Interface
from .buses import Bus

__all__ = ["interfaces"]

# Vendor, library, name and version of a bus; that of its signals has another name.
_DEFINITIONS = {
    "axi_lite": (("amba.com", "AMBA4", "AXI4-Lite", "r0p0_0"), "AXI4-Lite_rtl"),
    "wishbone": (("opencores.org", "bus", "wishbone", "b4"), "wishbone_rtl"),
    "apb": (("amba.com", "AMBA4", "APB4", "r0p0_0"), "APB4_rtl"),
}
_STREAM = (("amba.com", "AMBA4", "AXI4Stream", "r0p0_0"), "AXI4Stream_rtl")


def interfaces(layout: Layout, bus: Bus) -> list[Interface]:
    """Return the bus of the registers and every AXI4-Stream."""
    definition, signals = _DEFINITIONS[bus.template]
    names = [*bus.addresses, *(port.name for port in bus.others)]
    found: list[Interface] = [("bus", definition, _signals(definition, signals), {_logical(name): name for name in names})]
    for stream in layout.ports:
        place = f"{'m' if stream.gives else 's'}_axis_{stream.name}"
        last = ["tlast"] if ends(stream) else []
        mapped = {f"T{name[1:].upper()}": f"{place}_{name}" for name in ("tvalid", "tready", "tdata", *last)}
        found.append((place, _STREAM[0], _signals(*_STREAM), mapped))
    return found


def _signals(definition: tuple[str, str, str, str], name: str) -> tuple[str, str, str, str]:
    return (*definition[:2], name, definition[3])


def _logical(port: str) -> str:
    """Return what the definition calls a port: Wishbone's in the specification's own spelling."""
    return port.removeprefix("wb_").upper() if port.startswith("wb_") else port.removeprefix("s_axi_").upper()

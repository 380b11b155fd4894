"""Registers in the two XML forms: CMSIS-SVD, which debuggers and Rust's svd2rust read, and IP-XACT (IEEE 1685-2014)."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from .description import WORD, BitField, Register
from .layout import ABI, Layout

__all__ = ["Interface", "ip_xact", "svd"]

_SVD_ACCESS = {"ro": "read-only", "rw": "read-write", "wo": "write-only", "w1c": "read-write"}
_IPXACT = "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"


def _element(parent: ET.Element, tag: str, text: object = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    if text is not None:
        child.text = str(text)
    return child


def _text(root: ET.Element) -> str:
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def svd(layout: Layout) -> str:
    """Return a device of one peripheral, at base address 0: whoever places it gives another."""
    root = ET.Element("device", {"schemaVersion": "1.3"})
    for tag, text in (
        ("vendor", "sc-hw"),
        ("name", layout.name),
        ("version", f"{ABI}.0"),
        ("description", layout.title),
        ("addressUnitBits", 8),
        ("width", WORD),
        ("size", WORD),
    ):
        _element(root, tag, text)
    peripheral = _element(_element(root, "peripherals"), "peripheral")
    _element(peripheral, "name", layout.name.upper())
    _element(peripheral, "description", layout.title)
    _element(peripheral, "baseAddress", "0x00000000")
    block = _element(peripheral, "addressBlock")
    for tag, text in (("offset", "0x0"), ("size", f"0x{layout.map.size:x}"), ("usage", "registers")):
        _element(block, tag, text)
    registers = _element(peripheral, "registers")
    for register in layout.map:
        _svd_register(registers, register)
    return _text(root)


def _svd_register(parent: ET.Element, register: Register) -> None:
    one = _element(parent, "register")
    several = register.count > 1
    if several:
        _element(one, "dim", register.count)
        _element(one, "dimIncrement", "0x4")
    _element(one, "name", f"{register.name}[%s]" if several else register.name)
    _element(one, "description", register.meaning)
    _element(one, "addressOffset", f"0x{register.address:x}")
    _element(one, "access", _SVD_ACCESS[register.access])
    _element(one, "resetValue", f"0x{register.reset:08x}")
    if register.access == "w1c":
        _element(one, "modifiedWriteValues", "oneToClear")
    if register.moves and register.access == "ro":
        _element(one, "readAction", "modify")
    fields = _element(one, "fields")
    for f in register.fields:
        field = _element(fields, "field")
        for tag, text in (("name", f.name), ("description", f.meaning), ("bitOffset", f.low), ("bitWidth", f.bits)):
            _element(field, tag, text)


Interface = tuple[str, tuple[str, str, str, str], tuple[str, str, str, str], dict[str, str]]
"""A bus to IP-XACT: name, its type and its abstraction (vendor, library, name, version), and ports by logical name."""


def _tagged(parent: ET.Element, tag: str, text: object = None) -> ET.Element:
    return _element(parent, f"{{{_IPXACT}}}{tag}", text)


def ip_xact(layout: Layout, interfaces: Sequence[Interface], ports: Sequence[tuple[str, str, int]], files: Sequence[str]) -> str:
    """Return a component with its registers; ``ports`` are name, direction and bits, ``files`` the Verilog."""
    ET.register_namespace("ipxact", _IPXACT)
    root = ET.Element(f"{{{_IPXACT}}}component")
    for tag, text in (("vendor", "sc-hw"), ("library", "learning"), ("name", f"{layout.name}_bus"), ("version", f"{ABI}.0")):
        _tagged(root, tag, text)
    buses = _tagged(root, "busInterfaces")
    for name, kind, abstraction, mapped in interfaces:
        bus = _tagged(buses, "busInterface")
        _tagged(bus, "name", name)
        _reference(_tagged(bus, "busType"), kind)
        types = _tagged(_tagged(bus, "abstractionTypes"), "abstractionType")
        _reference(_tagged(types, "abstractionRef"), abstraction)
        maps = _tagged(types, "portMaps")
        for logical, physical in mapped.items():
            pair = _tagged(maps, "portMap")
            _tagged(_tagged(pair, "logicalPort"), "name", logical)
            _tagged(_tagged(pair, "physicalPort"), "name", physical)
        if kind[2].endswith("Stream"):
            _tagged(bus, "master" if name.startswith("m_") else "slave")
        else:
            _element(_tagged(bus, "slave"), f"{{{_IPXACT}}}memoryMapRef", None, memoryMapRef="registers")
    memory = _tagged(_tagged(root, "memoryMaps"), "memoryMap")
    _tagged(memory, "name", "registers")
    block = _tagged(memory, "addressBlock")
    for tag, content in (
        ("name", "registers"),
        ("baseAddress", "0x0"),
        ("range", f"0x{layout.map.size:x}"),
        ("width", WORD),
        ("usage", "register"),
    ):
        _tagged(block, tag, content)
    for register in layout.map:
        _ip_xact_register(block, register)
    _tagged(memory, "addressUnitBits", 8)
    model = _tagged(root, "model")
    views = _tagged(_tagged(model, "views"), "view")
    _tagged(views, "name", "rtl")
    _tagged(views, "componentInstantiationRef", "verilog")
    made = _tagged(_tagged(model, "instantiations"), "componentInstantiation")
    _tagged(made, "name", "verilog")
    _tagged(made, "language", "Verilog")
    _tagged(made, "moduleName", f"{layout.name}_bus")
    _tagged(_tagged(made, "fileSetRef"), "localName", "sources")
    listed = _tagged(model, "ports")
    for name, direction, bits in ports:
        port = _tagged(listed, "port")
        _tagged(port, "name", name)
        wire = _tagged(port, "wire")
        _tagged(wire, "direction", {"input": "in", "output": "out"}[direction])
        if bits > 1:
            vector = _tagged(_tagged(wire, "vectors"), "vector")
            _tagged(vector, "left", bits - 1)
            _tagged(vector, "right", 0)
    sources = _tagged(_tagged(root, "fileSets"), "fileSet")
    _tagged(sources, "name", "sources")
    for path in files:
        file = _tagged(sources, "file")
        _tagged(file, "name", path)
        _tagged(file, "fileType", "verilogSource")
    _tagged(root, "description", layout.title)
    return _text(root)


def _reference(element: ET.Element, kind: tuple[str, str, str, str]) -> None:
    for key, value in zip(("vendor", "library", "name", "version"), kind, strict=True):
        element.set(key, value)


def _ip_xact_register(block: ET.Element, register: Register) -> None:
    one = _tagged(block, "register")
    _tagged(one, "name", register.name)
    _tagged(one, "description", register.meaning)
    if register.count > 1:
        _tagged(one, "dim", register.count)
    _tagged(one, "addressOffset", f"0x{register.address:x}")
    _tagged(one, "size", WORD)
    for f in register.fields:
        _ip_xact_field(one, register, f)


def _ip_xact_field(one: ET.Element, register: Register, f: BitField) -> None:
    field = _tagged(one, "field")
    _tagged(field, "name", f.name)
    _tagged(field, "description", f.meaning)
    _tagged(field, "bitOffset", f.low)
    if f.reset is not None:
        _tagged(_tagged(_tagged(field, "resets"), "reset"), "value", f"0x{f.reset:x}")
    _tagged(field, "bitWidth", f.bits)
    _tagged(field, "access", _SVD_ACCESS[register.access])
    if register.access == "w1c":
        _tagged(field, "modifiedWriteValue", "oneToClear")
    if register.moves and register.access == "ro":
        _tagged(field, "readAction", "modify")

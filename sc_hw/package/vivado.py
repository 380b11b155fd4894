"""Vivado: a component.xml in the form of its IP catalogue, which is SPIRIT's, IEEE 1685-2009, with Xilinx's extensions."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from ..registers.description import WORD, Register
from ..registers.layout import ABI, ends
from ..rtl.port import Port
from .description import Contents, Package

__all__ = ["VIVADO"]

_SPIRIT = "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"
_XILINX = "http://www.xilinx.com"
_SPACE = "registers"
_BUSES = {"axi-lite": ("aximm", "s_axi"), "apb": ("apb", "s_apb")}
_ACCESS = {"ro": "read-only", "rw": "read-write", "wo": "write-only", "w1c": "read-write"}
_FAMILIES = ("artix7", "kintex7", "spartan7", "virtex7", "zynq", "artixuplus", "kintexuplus", "zynquplus", "versal")
_SETS = (("synthesis", "vivado.xilinx.com:synthesis"), ("simulation", "vivado.xilinx.com:simulation"))


def _files(contents: Contents) -> dict[str, str]:
    for prefix, space in (("spirit", _SPIRIT), ("xilinx", _XILINX)):
        ET.register_namespace(prefix, space)
    root = ET.Element(_spirit("component"))
    layout = contents.layout
    for tag, text in (("vendor", "sc-hw"), ("library", "learning"), ("name", contents.top), ("version", f"{ABI}.0")):
        _add(root, tag, text)
    _interfaces(_add(root, "busInterfaces"), contents)
    _memory(_add(root, "memoryMaps"), contents)
    _model(_add(root, "model"), contents)
    _sources(_add(root, "fileSets"), contents.sources)
    _add(root, "description", layout.title)
    parameter = _add(_add(root, "parameters"), "parameter")
    _add(parameter, "name", "Component_Name")
    value = _add(parameter, "value", f"{contents.top}_0")
    for key, text in (("resolve", "user"), ("id", "PARAM_VALUE.Component_Name")):
        value.set(_spirit(key), text)
    _extensions(_add(root, "vendorExtensions"), contents)
    ET.indent(root)
    return {"component.xml": f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'}


def _spirit(tag: str) -> str:
    return f"{{{_SPIRIT}}}{tag}"


def _add(parent: ET.Element, tag: str, text: object = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, _spirit(tag), {_spirit(key): value for key, value in attributes.items()})
    if text is not None:
        child.text = str(text)
    return child


def _interface(buses: ET.Element, name: str, kind: Sequence[str], role: str, ports: Mapping[str, str]) -> ET.Element:
    """Add a bus of Xilinx's library ``kind[0]`` and type ``kind[1]``; return it."""
    bus = _add(buses, "busInterface")
    _add(bus, "name", name)
    _add(bus, "busType", None, vendor="xilinx.com", library=kind[0], name=kind[1], version="1.0")
    _add(bus, "abstractionType", None, vendor="xilinx.com", library=kind[0], name=f"{kind[1]}_rtl", version="1.0")
    chosen = _add(bus, role)
    if role == "slave" and kind[1] in {bus for bus, _ in _BUSES.values()}:
        _add(chosen, "memoryMapRef", None, memoryMapRef=_SPACE)
    maps = _add(bus, "portMaps")
    for logical, physical in ports.items():
        pair = _add(maps, "portMap")
        _add(_add(pair, "logicalPort"), "name", logical)
        _add(_add(pair, "physicalPort"), "name", physical)
    return bus


def _parameter(bus: ET.Element, name: str, text: str) -> None:
    found = bus.find(_spirit("parameters"))
    parameter = _add(_add(bus, "parameters") if found is None else found, "parameter")
    _add(parameter, "name", name)
    _add(parameter, "value", text)


def _interfaces(buses: ET.Element, contents: Contents) -> None:
    kind, place = _BUSES[contents.bus.name]
    names = [*contents.bus.addresses, *(port.name for port in contents.bus.others)]
    _interface(buses, place, ("interface", kind), "slave", {_logical(name): name for name in names})
    places = [place]
    for stream in contents.layout.ports:
        axis = f"{'m' if stream.gives else 's'}_axis_{stream.name}"
        signals = ("tvalid", "tready", "tdata", *(["tlast"] if ends(stream) else []))
        role = "master" if stream.gives else "slave"
        _interface(buses, axis, ("interface", "axis"), role, {name.upper(): f"{axis}_{name}" for name in signals})
        places.append(axis)
    clock = _interface(buses, "clk", ("signal", "clock"), "slave", {"CLK": "clk"})
    _parameter(clock, "ASSOCIATED_BUSIF", ":".join(places))
    _parameter(clock, "ASSOCIATED_RESET", "rst")
    _parameter(_interface(buses, "rst", ("signal", "reset"), "slave", {"RST": "rst"}), "POLARITY", "ACTIVE_HIGH")
    _parameter(_interface(buses, "irq", ("signal", "interrupt"), "master", {"INTERRUPT": "irq"}), "SENSITIVITY", "LEVEL_HIGH")


def _logical(port: str) -> str:
    return port.removeprefix("s_axi_").upper()


def _memory(maps: ET.Element, contents: Contents) -> None:
    memory = _add(maps, "memoryMap")
    _add(memory, "name", _SPACE)
    block = _add(memory, "addressBlock")
    size = contents.layout.map.size
    for tag, text in (("name", "reg0"), ("baseAddress", 0), ("range", size), ("width", WORD), ("usage", "register")):
        _add(block, tag, text)
    for register in contents.layout.map:
        _register(block, register)
    _add(memory, "addressUnitBits", 8)


def _register(block: ET.Element, register: Register) -> None:
    one = _add(block, "register")
    _add(one, "name", register.name)
    _add(one, "description", register.meaning)
    if register.count > 1:
        _add(one, "dim", register.count)
    _add(one, "addressOffset", f"0x{register.address:x}")
    _add(one, "size", WORD)
    _add(one, "access", _ACCESS[register.access])
    reset = _add(one, "reset")
    _add(reset, "value", f"0x{register.reset:x}")
    for f in register.fields:
        field = _add(one, "field")
        for tag, text in (("name", f.name), ("description", f.meaning), ("bitOffset", f.low), ("bitWidth", f.bits)):
            _add(field, tag, text)
        _add(field, "access", _ACCESS[register.access])
        if register.access == "w1c":
            _add(field, "modifiedWriteValue", "oneToClear")
        if register.moves and register.access == "ro":
            _add(field, "readAction", "modify")


def _model(model: ET.Element, contents: Contents) -> None:
    views = _add(model, "views")
    for kind, environment in _SETS:
        view = _add(views, "view")
        _add(view, "name", f"xilinx_any{kind}")
        _add(view, "envIdentifier", f":{environment}")
        _add(view, "language", "Verilog")
        _add(view, "modelName", contents.top)
        _add(_add(view, "fileSetRef"), "localName", f"xilinx_any{kind}_view_fileset")
    listed = _add(model, "ports")
    for port in contents.ports:
        _port(listed, port)


def _port(listed: ET.Element, port: Port) -> None:
    one = _add(listed, "port")
    _add(one, "name", port.name)
    wire = _add(one, "wire")
    _add(wire, "direction", {"input": "in", "output": "out"}[port.direction])
    if port.bits > 1:
        vector = _add(wire, "vector")
        _add(vector, "left", port.bits - 1)
        _add(vector, "right", 0)
    types = _add(_add(wire, "wireTypeDefs"), "wireTypeDef")
    _add(types, "typeName", "wire")
    for kind, _ in _SETS:
        _add(types, "viewNameRef", f"xilinx_any{kind}")


def _sources(sets: ET.Element, sources: Sequence[str]) -> None:
    for kind, _ in _SETS:
        one = _add(sets, "fileSet")
        _add(one, "name", f"xilinx_any{kind}_view_fileset")
        for path in reversed(sources):  # the top last, as Vivado writes it
            file = _add(one, "file")
            _add(file, "name", path)
            _add(file, "fileType", "verilogSource")


def _extensions(extensions: ET.Element, contents: Contents) -> None:
    core = ET.SubElement(extensions, f"{{{_XILINX}}}coreExtensions")
    families = ET.SubElement(core, f"{{{_XILINX}}}supportedFamilies")
    for name in _FAMILIES:
        family = ET.SubElement(families, f"{{{_XILINX}}}family", {f"{{{_XILINX}}}lifeCycle": "Beta"})
        family.text = name
    taxonomies = ET.SubElement(core, f"{{{_XILINX}}}taxonomies")
    ET.SubElement(taxonomies, f"{{{_XILINX}}}taxonomy").text = "/UserIP"
    for tag, text in (
        ("displayName", f"{contents.layout.name}: learning core of sc-hw"),
        ("vendorDisplayName", "sc-hw"),
        ("definitionSource", "package_project"),
        ("coreRevision", str(ABI)),
    ):
        ET.SubElement(core, f"{{{_XILINX}}}{tag}").text = text


VIVADO = Package(
    name="vivado",
    tool="Vivado's IP catalogue",
    buses=tuple(_BUSES),
    files=_files,
    use="set_property ip_repo_paths {output} [current_project]; update_ip_catalog",
)

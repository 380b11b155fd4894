"""Every form of the registers, read by the library that is made for it, says what the description says."""

import re
import subprocess

import pytest

from sc_hw.bus.buses import BUSES
from sc_hw.bus.interfaces import interfaces
from sc_hw.bus.verilog import top_ports
from sc_hw.registers.exports import register_files
from sc_hw.registers.layout import Layout
from sc_hw.rtl.stream import Item, Stream

from .test_abi import layouts

LAYOUTS = dict(layouts())
SOURCES = ["dut_bus.v", "../dut.v"]


def files_of(layout, bus="axi-lite"):
    chosen = BUSES[bus]
    ports = top_ports(layout, chosen)
    return register_files(layout, interfaces=interfaces(layout, chosen), ports=ports, sources=SOURCES)


def expected(layout):
    return {
        register.name: (register.address, register.count, {f.name: (f.low, f.bits) for f in register.fields})
        for register in layout.map
    }


def of_rdl(text, tmp_path):
    systemrdl = pytest.importorskip("systemrdl")
    (tmp_path / "dut.rdl").write_text(text)
    compiler = systemrdl.RDLCompiler()
    compiler.compile_file(str(tmp_path / "dut.rdl"))
    return {
        node.inst_name: (
            node.raw_address_offset if node.is_array else node.address_offset,
            node.array_dimensions[0] if node.is_array else 1,
            {f.inst_name: (f.low, f.width) for f in node.fields()},
        )
        for node in compiler.elaborate().top.registers()
    }


def of_svd(text, tmp_path):
    parser = pytest.importorskip("cmsis_svd.parser")
    (tmp_path / "dut.svd").write_text(text)
    (peripheral,) = parser.SVDParser.for_xml_file(str(tmp_path / "dut.svd")).get_device().peripherals
    found = {}
    for one in peripheral.get_registers():  # arrays are unrolled
        name = re.sub(r"\[?\d+\]?$", "", one.name) if "[" in one.name else one.name
        fields = {f.name: (f.bit_offset, f.bit_width) for f in one.fields}
        address, count, _ = found.get(name, (one.address_offset, 0, None))
        found[name] = (min(address, one.address_offset), count + 1, fields)
    return found


def of_ip_xact(text, tmp_path):
    ipyxact = pytest.importorskip("ipyxact.ipyxact")
    (tmp_path / "dut.xml").write_text(text)
    component = ipyxact.Component()
    component.load(str(tmp_path / "dut.xml"))
    (block,) = component.memoryMaps.memoryMap[0].addressBlock
    return {
        one.name: (
            int(str(one.addressOffset), 0),
            int(one.dim or 1),
            {f.name: (int(f.bitOffset), int(f.bitWidth)) for f in one.field},
        )
        for one in block.register
    }


def of_python(text, _tmp_path):
    found = {}
    exec(compile(text, "registers", "exec"), found)  # noqa: S102 - what we emitted
    return {
        name: (address, found["COUNT"][name], {key: value[:2] for key, value in found["FIELDS"][name].items()})
        for name, address in found["ADDRESS"].items()
    }


READERS = {"dut.rdl": of_rdl, "dut.svd": of_svd, "dut.xml": of_ip_xact, "dut_registers.py": of_python}


@pytest.mark.parametrize("form", READERS)
def test_a_form_says_what_the_description_says(form, tmp_path):
    for layout in LAYOUTS.values():
        assert READERS[form](files_of(layout)[form], tmp_path) == expected(layout)


def test_a_header_compiles_and_says_the_same(tmp_path):
    """Every address and mask of the description as an assertion of the compiler."""
    for layout in LAYOUTS.values():
        (tmp_path / "dut_registers.h").write_text(files_of(layout)["dut_registers.h"])
        lines = ['#include "dut_registers.h"', '#include "dut_registers.h"', "int nothing;"]
        facts = []
        for register in layout.map:
            facts.append(f"DUT_{register.name.upper()} == {register.address}u")
            facts += [f"DUT_{register.name.upper()}_{f.name.upper()}_MASK == {f.mask}u" for f in register.fields]
        lines += [f"extern int fact_{k}[({fact}) ? 1 : -1];" for k, fact in enumerate(facts)]
        (tmp_path / "facts.c").write_text("\n".join(lines) + "\n")
        flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-ffreestanding", "-fsyntax-only"]
        subprocess.run(["gcc", *flags, str(tmp_path / "facts.c")], check=True)
        (tmp_path / "facts.c").write_text("\n".join([*lines, f"extern int wrong[({facts[5]} + 1u) ? 1 : -1];"]) + "\n")
        assert subprocess.run(["gcc", *flags, str(tmp_path / "facts.c")], check=False, capture_output=True).returncode


@pytest.mark.parametrize("bus", BUSES)
def test_a_component_names_ports_that_there_are(bus, tmp_path):
    ipyxact = pytest.importorskip("ipyxact.ipyxact")
    for layout in LAYOUTS.values():
        (tmp_path / "dut.xml").write_text(files_of(layout, bus)["dut.xml"])
        component = ipyxact.Component()
        component.load(str(tmp_path / "dut.xml"))
        ports = {port.name for port in component.model.ports.port}
        assert ports == {port.name for port in top_ports(layout, BUSES[bus])}
        text = (tmp_path / "dut.xml").read_text()
        physical = re.findall(r"physicalPort>\s*<ipxact:name>(\w+)<", text)
        assert set(physical) == ports - {"clk", "rst", "irq"}
        assert len(physical) == len({*physical})


def test_words_of_languages_are_no_obstacle(tmp_path):
    """A rule's author may call an input as a language calls something of its own."""
    items = tuple(Item(name=name, bits=3, meaning='says "x" & <y> */ \\ done') for name in ("field", "reg", "enable", "signal"))
    streams = (
        Stream(name="command", offered="", taken="", items=(Item(name="clear"), *items)),
        Stream(name="result", gives=True, several=True, offered="", taken="", items=(Item(name="last"), *items)),
    )
    layout = Layout(name="dut", title="a */ <title>", streams=streams, axi_stream=False, digest="00" * 32)
    for form, reader in READERS.items():
        assert reader(files_of(layout)[form], tmp_path) == expected(layout)
    (tmp_path / "dut_registers.h").write_text(files_of(layout)["dut_registers.h"])
    subprocess.run(["gcc", "-std=c99", "-Werror", "-fsyntax-only", str(tmp_path / "dut_registers.h")], check=True)

"""LiteX: a Python module with a class that a SoC takes by ``add_module``, and the registers as CSRs at their own addresses."""

from ..registers.description import Register
from ..registers.layout import ABI
from .description import Contents, Package

__all__ = ["LITEX"]

_BUSES = ("axi-lite", "wishbone")


def class_name(name: str) -> str:
    """Return what a design's class is called."""
    return "".join(word.capitalize() for word in name.split("_") if word) or "Core"


def _plain(text: str) -> str:
    """Return a text that ends no docstring."""
    return text.replace("\\", "").replace('"', "'")


def _files(contents: Contents) -> dict[str, str]:
    return {f"{contents.layout.name}_litex.py": _module(contents)}


def _module(contents: Contents) -> str:
    layout = contents.layout
    name = class_name(layout.name)
    sources = "".join(f"    {path!r},\n" for path in contents.sources)
    wishbone = contents.bus.template == "wishbone"
    interface, made = ("wishbone", _WISHBONE) if wishbone else ("axi", _AXI_LITE)
    made = made.format(bits=layout.map.address_bits)
    streams = [(port.name, port.direction, port.bits) for port in contents.ports if "_axis_" in port.name]
    return f'''"""{layout.name} behind {contents.bus.title} for LiteX, ABI {ABI}. Written by sc-hw; belongs to whoever wrote it.

    from {layout.name}_litex import {name}
    {name}.add_to(soc, "learner")  # in a SoC's constructor: module, bus, interrupt, and the registers as CSRs

A read or a write may take as long as its stream lets it wait, so the registers are on the bus, not on that of the CSRs; but they
are among these in every file that LiteX writes, at the addresses that they have.
"""

import os

from migen import ClockSignal, Constant, Instance, ResetSignal, Signal

from litex.gen import LiteXModule
from litex.soc.integration.soc import SoCCSRRegion, SoCRegion
from litex.soc.interconnect import {interface}
from litex.soc.interconnect.csr import CSRField, CSRStatus, CSRStorage
from litex.soc.interconnect.csr_eventmanager import EventManager, EventSourceLevel

ABI = {ABI}
WINDOW = {layout.map.size}
IDENTITY = bytes.fromhex("{layout.identity.hex()}")
SOURCES = (
{sources})
STREAMS = {streams!r}  # ports of AXI4-Stream: signals of the module, to be connected

# Name, byte address, access, what a reset leaves, meaning, and of each field name, lowest bit, bits, meaning.
REGISTERS = (
{_registers(contents)})


class {name}(LiteXModule):
    """{_plain(layout.title)}: its bus is ``self.bus``, its interrupt ``events`` of ``self.ev``."""

    def __init__(self, platform):
{made}
        self.ev = EventManager()
        self.ev.events = EventSourceLevel()
        self.ev.finalize()
        for stream, _direction, bits in STREAMS:
            setattr(self, stream, Signal(bits, name=stream))
        streams = {{f"{{direction[0]}}_{{stream}}": getattr(self, stream) for stream, direction, _bits in STREAMS}}
        self.specials += Instance("{contents.top}",
            i_clk=ClockSignal(), i_rst=ResetSignal(), o_irq=self.ev.events.trigger, **pins, **streams)
        here = os.path.abspath(os.path.dirname(__file__))
        for path in SOURCES:
            platform.add_source(os.path.join(here, path))

    @classmethod
    def add_to(cls, soc, name="{layout.name}", origin=None):
        """Add it to a SoC by ``add_module``, on the SoC's bus, with its interrupt if there is a CPU; return the module."""
        if f"{{name}}_registers" in soc.csr.regions:
            raise ValueError(f"{{name}}: is there already")
        base = soc.mem_map["csr"]
        if origin is None:
            origin = _free(soc, base + 2**(soc.csr.address_width + 2))
        if origin < base or origin % WINDOW:
            # LiteX counts the addresses in csr.h from where the CSRs begin, and a bus's windows are whole ones.
            allowed = f"multiples of 0x{{WINDOW:x}} behind the CSRs, which are at 0x{{base:x}}"
            raise ValueError(f"origin 0x{{origin:x}}: allowed are {{allowed}}")
        module = cls(soc.platform)
        soc.add_module(name=name, module=module)
        region = SoCRegion(origin=origin, size=WINDOW, cached=False)
        soc.bus.add_slave(name=name, slave=module.bus, region=region)
        soc.csr.add_region(f"{{name}}_registers", SoCCSRRegion(origin=soc.bus.regions[name].origin, busword=32, obj=_csrs()))
        if soc.irq.enabled:
            soc.irq.add(name, use_loc_if_exists=True)
        return module


def _free(soc, origin):
    """Return the first address for the window at which there is nothing yet."""
    for region in sorted(soc.bus.regions.values(), key=lambda region: region.origin):
        if region.origin < origin + WINDOW and origin < region.origin + region.size:
            origin = -(-(region.origin + region.size) // WINDOW) * WINDOW
    return -(-origin // WINDOW) * WINDOW


def _csrs():
    """Return the registers one behind the other as LiteX counts them, where there is none a word that is reserved."""
    found, address = [], 0
    for name, at, access, reset, meaning, fields in REGISTERS:
        for gap in range(address, at, 4):
            found.append(CSRStatus(32, name=f"reserved_{{gap:03x}}", description="no register: a bus error"))
        shown = [CSRField(field, size=bits, offset=low, reset=reset >> low & (1 << bits) - 1, description=text)
            for field, low, bits, text in fields]
        kind = CSRStatus if access == "ro" else CSRStorage
        found.append(kind(32, fields=shown, name=name, description=f"{{meaning}} ({{access}})"))
        found[-1].size = 32
        address = at + 4
    return found
'''


_WISHBONE = """        self.bus = wishbone.Interface(data_width=32, address_width=32, addressing="byte")
        pins = dict(
            i_wb_adr_i=self.bus.adr[:{bits}], i_wb_cyc_i=self.bus.cyc, i_wb_stb_i=self.bus.stb, i_wb_we_i=self.bus.we,
            i_wb_sel_i=self.bus.sel, i_wb_dat_i=self.bus.dat_w, o_wb_ack_o=self.bus.ack, o_wb_err_o=self.bus.err,
            o_wb_dat_o=self.bus.dat_r)"""
_AXI_LITE = """        self.bus = axi.AXILiteInterface(data_width=32, address_width=32)
        pins = dict(
            i_s_axi_awaddr=self.bus.aw.addr[:{bits}], i_s_axi_awvalid=self.bus.aw.valid, o_s_axi_awready=self.bus.aw.ready,
            i_s_axi_awprot=Constant(0, 3), i_s_axi_wdata=self.bus.w.data, i_s_axi_wstrb=self.bus.w.strb,
            i_s_axi_wvalid=self.bus.w.valid, o_s_axi_wready=self.bus.w.ready, o_s_axi_bvalid=self.bus.b.valid,
            i_s_axi_bready=self.bus.b.ready,
            o_s_axi_bresp=self.bus.b.resp, i_s_axi_araddr=self.bus.ar.addr[:{bits}], i_s_axi_arvalid=self.bus.ar.valid,
            o_s_axi_arready=self.bus.ar.ready, i_s_axi_arprot=Constant(0, 3), o_s_axi_rvalid=self.bus.r.valid,
            i_s_axi_rready=self.bus.r.ready, o_s_axi_rdata=self.bus.r.data, o_s_axi_rresp=self.bus.r.resp)"""


def _registers(contents: Contents) -> str:
    """Return a line for each word: of those behind each other one for each."""
    return "".join(f"    {_line(register, k)},\n" for register in contents.layout.map for k in range(register.count))


def _line(register: Register, k: int) -> str:
    name = f"{register.name}_{k}" if register.count > 1 else register.name
    fields = tuple((f.name, f.low, f.bits, f.meaning) for f in register.fields)
    return repr((name, register.address + 4 * k, register.access, register.reset, register.meaning, fields))


LITEX = Package(
    name="litex",
    tool="LiteX",
    buses=_BUSES,
    files=_files,
    use="from {name}_litex import its class with {output} on sys.path, and add_to(soc)",
)

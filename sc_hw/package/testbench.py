"""A testbench in plain Verilog that reaches a design through its bus: identity, registers, errors, state words."""

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import PackageLoader

from .. import __version__
from ..registers.description import WORD
from ..registers.layout import Layout
from ..rtl.bank import Bank
from ..rtl.text import finished, vector
from ..templates import verilog_templates
from .description import Contents

__all__ = ["accesses", "testbench"]

_ALL = (1 << WORD) - 1
_UNITS = 3  # of each bank: the first, one in the middle, the last


def testbench(contents: Contents, module: str) -> str:
    """Return the testbench of a package."""
    environment = verilog_templates(PackageLoader("sc_hw.package", "."))
    environment.globals.update(vector=vector)
    values: dict[str, Any] = {
        "module": module,
        "contents": contents,
        "layout": contents.layout,
        "version": __version__,
        "address_bits": contents.layout.map.address_bits,
        "accesses": list(accesses(contents.layout, contents.banks)),
        "events": contents.layout.map["events"].address,
        "refused": next(f.low for f in contents.layout.map["events"].fields if f.name == "refused"),
    }
    return finished(environment.get_template("testbench.v.j2").render(values))


Access = tuple[str, int, int, int, str]
"""``write``, ``read`` or ``refuse_write``, ``refuse_read``; address; value; bits of what is read that count; why."""


def accesses(layout: Layout, banks: Mapping[str, Bank]) -> Iterator[Access]:
    """Yield the accesses of a testbench: all follow from the description of the registers."""
    registers = layout.map
    for k, byte in enumerate(layout.identity):
        yield "read", 4 * k, byte, _ALL, f"identity {k}"
    plain = [r for r in registers if r.readable and not r.stream and r.count == 1]
    for register in plain:
        known = _ALL & ~sum(f.mask for f in register.fields if f.reset is None)
        yield "read", register.address, register.reset & known, known, f"{register.name} after the reset"
    enable = registers["enable"]
    every = sum(f.mask for f in enable.fields)
    yield "write", enable.address, _ALL, 0, "enable all"
    yield "read", enable.address, every, _ALL, "enable holds what was written"
    yield "write", enable.address, 0, 0, "enable none"
    yield from _errors(layout)
    for number, (name, bank) in enumerate(banks.items()):
        yield from _state(layout, name or "the state", bank, number)


def _errors(layout: Layout) -> Iterator[Access]:
    registers = layout.map
    wrong = next(f.mask for f in registers["events"].fields if f.name == "wrong")
    yield "refuse_write", registers["status"].address, 0, 0, "status is only read"
    yield "refuse_read", registers.size - 4, 0, 0, "no such register"
    yield "read", registers["events"].address, wrong, _ALL, "these errors are told"
    yield "write", registers["events"].address, wrong, 0, "and forgotten"
    yield "read", registers["events"].address, 0, _ALL, "they are"


def _state(layout: Layout, name: str, bank: Bank, number: int) -> Iterator[Access]:
    """Write words of a bank, each with bits of its own, and read them back."""
    trays = {tray.name: tray for tray in layout.trays}
    host, readback = trays[f"{bank.owner}host"], trays[f"{bank.owner}readback"]
    units = sorted({0, bank.units // 2, bank.units - 1})[:_UNITS]
    words = {unit: _pattern(bank, unit + 131 * number) for unit in units}
    for write in (1, 0):
        for unit in units:
            address, lane = divmod(unit, bank.lanes)
            items = {"address": address, "lane": lane, "data": words[unit], **bank.chosen}
            registers = iter(host.registers)
            for item in host.stream.items[1:]:
                for k in range(-(-item.bits // WORD)):
                    register = next(registers)
                    if item.name in items and (write or item.name != "data"):
                        yield "write", register.address, items[item.name] >> WORD * k & _ALL, 0, f"{name} {unit}: {register.name}"
            yield "write", host.mover.address, write, 0, f"{name} {unit}: {'write' if write else 'read'}"
            if not write:
                for k, register in enumerate(readback.registers):
                    value = words[unit] >> WORD * k & _ALL
                    yield "read", register.address, value, _ALL, f"{name} {unit}: word {k}"


def _pattern(bank: Bank, number: int) -> int:
    """Return a state word in which every field has bits of its own."""
    word, value = 0, number + 1
    for f in bank.fields:
        value = (value * 0x9E3779B1 + 0x7F4A7C15) & 0xFFFFFFFFFFFFFFFF
        word |= (value >> 16 & (1 << f.bits) - 1) << bank.lows[f.name]
    return word

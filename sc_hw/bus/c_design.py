"""A design as constants in C: what the driver of ``sc_hw_driver.h`` goes by, and where the fields of a state word are."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from ..registers.layout import ABI, LAST, Layout, Tray, packing
from ..rtl.bank import Bank

__all__ = ["c_files"]

_DRIVER = ("sc_hw_driver.h", "sc_hw_driver.c")
_NO_BIT = 255
_ENDS = "host_consolidate"  # of a network: an access that ends a task


def c_files(layout: Layout, parts: Mapping[str, Bank]) -> dict[str, str]:
    """Return the driver and the header of a design, whose state is in ``parts`` by name."""
    return {f"{layout.name}_design.h": _design(layout, parts), **_driver()}


@cache
def _driver() -> dict[str, str]:
    folder = Path(__file__).parents[1] / "driver" / "c"
    return {name: (folder / name).read_text(encoding="utf-8") for name in _DRIVER}


def _design(layout: Layout, parts: Mapping[str, Bank]) -> str:
    name, upper = layout.name, layout.name.upper()
    trays = {tray.name: tray for tray in layout.trays}
    inputs = [tray for tray in layout.inlets if tray.stream.several]
    outputs = [tray for tray in layout.outlets if tray.stream.several]
    commands = [tray for tray in layout.inlets if tray.name.endswith("command")]
    refused = next(f.low for f in layout.map["events"].fields if f.name == "refused")
    drops = int(any(f.name == "drop" for f in layout.map["control"].fields))
    digest = ", ".join(f"0x{byte:02x}u" for byte in layout.identity[8:])
    told = sum(1 << _status_bit(layout, port.name) for port in layout.told)
    rooms = 1 | sum(1 << _status_bit(layout, tray.name) for tray in layout.inlets)
    at = {key: f"0x{layout.map[key].address:03x}" for key in ("control", "status", "events", layout.counter)}
    ends = f"0x{layout.map[_ENDS].address:03x}" if _ENDS in layout.map else "0"
    lines = [
        f"/* {name} for the driver. Emitted by sc-hw; belongs to whoever emitted it. */",
        f"#ifndef {upper}_DESIGN_H",
        f"#define {upper}_DESIGN_H",
        '#include "sc_hw_driver.h"',
        "",
        *_state(upper, parts),
        *_table(f"struct sc_stream {name}_input", (_stream(layout, tray) for tray in inputs)),
        *_table(f"struct sc_stream {name}_output", (_stream(layout, tray) for tray in outputs)),
        *_table(f"struct sc_part {name}_part", (_part(part, own, trays) for part, own in parts.items())),
        *_table(f"struct sc_command {name}_command", (_command(tray) for tray in commands)),
        f"static const struct sc_design {name}_design = {{",
        f"  {ABI}, {{{digest}}},",
        f"  {at['control']}, {at['status']}, {at['events']}, {at[layout.counter]}, {ends},",
        f"  {refused}, {drops}, 0x{rooms:08x}u, 0x{told:08x}u, {len(inputs)}, {len(outputs)}, {len(parts)}, {len(commands)},",
        f"  {name}_input, {name}_output, {name}_part, {name}_command,",
        "};",
        "",
        "#endif",
        "",
    ]
    return "\n".join(lines)


def _table(kind: str, rows: Iterable[str]) -> list[str]:
    listed = list(rows) or ["{0}"]
    return [f"static const {kind}[] = {{", *(f"  {row}," for row in listed), "};", ""]


def _state(upper: str, parts: Mapping[str, Bank]) -> list[str]:
    """Return where each field of a part's state word is: its lowest bit, counted over the whole word, and its bits."""
    lines = []
    for number, (part, own) in enumerate(parts.items()):
        stem = f"{part.removesuffix('_').upper()}_" if part else ""
        lines += [f"#define {upper}_PART_{stem or 'OWN_'}NUMBER {number}u"]
        for f in own.fields:
            base = f"{upper}_STATE_{stem}{f.name.upper()}"
            lines += [f"#define {base}_LOW {own.lows[f.name]}u", f"#define {base}_BITS {f.bits}u"]
    return [*lines, ""]


def _status_bit(layout: Layout, name: str) -> int:
    return next(f.low for f in layout.map["status"].fields if f.name == name)


def _stream(layout: Layout, tray: Tray) -> str:
    last = next((low for item, low in packing(tray.items) if item.name == LAST), _NO_BIT)
    words, bits = len(tray.registers), tray.bits if tray.beats else 0
    address = tray.registers[0].address
    ending = tray.ending.address if tray.ending else 0
    numbers = f"{words}, {tray.beats}, {bits}, {_status_bit(layout, tray.name)}, {last}, 0x{ending:03x}"
    return f"{{0x{address:03x}, {numbers}}} /* {tray.name} */"


def _part(part: str, own: Bank, trays: Mapping[str, Tray]) -> str:
    host, readback = trays[f"{own.owner}host"], trays[f"{own.owner}readback"]
    places = {register.name.removeprefix(f"{own.owner}host_"): register.address for register in host.registers}
    words = sum(name == "data" or name.startswith("data_") for name in places)
    data = places["data"] if words == 1 else places["data_0"]
    lane, first = places.get("lane", 0), readback.registers[0].address
    choose, chosen = next(((places[name], value) for name, value in own.chosen.items()), (0, 0))
    addresses = (choose, lane, places["address"], data, host.mover.address, first)
    numbers = ", ".join(f"0x{place:03x}" for place in addresses)
    return f"{{{own.units}u, {own.lanes}, {words}, {chosen}, {numbers}}} /* {part or 'its own'} */"


def _command(tray: Tray) -> str:
    return f"{{0x{tray.registers[0].address:03x}, {len(tray.registers) - 1}}} /* {tray.name} */"

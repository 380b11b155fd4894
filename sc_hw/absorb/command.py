"""``sc-hw absorb``: anybody's netlist of an ECP5, with the registers behind hard blocks moved into these.

A plain flow of Yosys and nextpnr leaves them outside, where an emitted core is a fifth slower than ``sc-hw pnr`` says. This is
step between the two: a netlist as ``write_json`` of Yosys writes it goes in, one that nextpnr-ecp5 reads comes out.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from ..errors import UserError
from ..outlet import check_outlet, write_outlet
from ..pnr.block_registers import BLOCKS, GLOBAL_RESETS, absorb_registers
from ..reading import read_text, reading

__all__ = ["absorb_command", "absorb_netlist"]

_WHAT = "give a netlist of synth_ecp5 -json or write_json of Yosys"
_Bit = int | str


class _Cell(msgspec.Struct):
    """What must be there of a cell; all else is kept as it is."""

    type: str
    port_directions: dict[str, str]
    connections: dict[str, list[_Bit]]
    parameters: dict[str, _Bit] = {}
    attributes: dict[str, _Bit] = {}


class _Port(msgspec.Struct):
    direction: str
    bits: list[_Bit]


class _Module(msgspec.Struct):
    ports: dict[str, _Port]
    cells: dict[str, _Cell]
    attributes: dict[str, _Bit] = {}


class _Netlist(msgspec.Struct):
    modules: dict[str, _Module]


def absorb_netlist(netlist: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Move registers in every module that is not a black box, in place; return how many each block took, by module and cell.

    Errors: ``UserError`` for a netlist without a block of the family, which is one of something else.
    """
    modules = {
        name: module
        for name, module in netlist["modules"].items()
        if not {"blackbox", "whitebox"} & module.get("attributes", {}).keys()
    }
    if not any(cell["type"] in BLOCKS for module in modules.values() for cell in module["cells"].values()):
        raise UserError(f"no block of ECP5 is in it ({', '.join(BLOCKS)}), so there is nothing to move; map it with synth_ecp5")
    if any(cell["type"] in GLOBAL_RESETS for module in modules.values() for cell in module["cells"].values()):
        return {name: {} for name in modules}  # wherever it stands, it reaches all
    return {name: absorb_registers(module) for name, module in modules.items()}


def absorb_command(path: Path, output: Path, json_path: Path | None, echo: Callable[[str], None]) -> int:
    """Read a netlist, move registers, write it to ``output``; return 0."""
    check_outlet(output, "-o")
    text = read_text(path, what=_WHAT, fault="not a netlist")
    with reading(path, what=_WHAT, fault="not a netlist"):
        msgspec.json.decode(text, type=_Netlist)
        netlist = json.loads(text, object_pairs_hook=_once)
    with reading(path, what=_WHAT):
        _check_directions(netlist)
        moved = absorb_netlist(netlist)
    write_outlet(output, (json.dumps(netlist, indent=1) + "\n").encode(), "-o")
    if json_path:
        record = {"verb": "absorb", "netlist": str(path), "moved": moved}
        write_outlet(json_path, (json.dumps(record, indent=2) + "\n").encode(), "--json")
    blocks = {f"{module} {name}": count for module, cells in moved.items() for name, count in cells.items()}
    for name, count in blocks.items():
        echo(f"{count:5d}  {name}")
    echo(f"{sum(blocks.values())} registers became those of {len(blocks)} blocks")
    return 0


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. Errors: ``ValueError`` for a name that stands twice: tools differ in which one they take."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)[:80]!r} stands twice")
    return found


def _check_directions(netlist: dict[str, Any]) -> None:
    """Refuse a cell with a port of no direction: what it reads would be unknown. Errors: ``ValueError``."""
    for module in netlist["modules"].values():
        for name, cell in module["cells"].items():
            if missing := cell["connections"].keys() - cell["port_directions"].keys():
                raise ValueError(f"port {min(missing)} of cell {name[:80]} has no direction")

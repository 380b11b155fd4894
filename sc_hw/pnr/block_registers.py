"""Output registers of hard blocks: moves the registers behind a block RAM or a multiplier of ECP5 into the block.

Yosys leaves them in the fabric, where the way out of a block RAM alone takes 5.8 ns; vendors' tools move them by themselves.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["absorb_registers"]

Cell = dict[str, Any]
Bit = int | str
Readers = dict[Bit, list[tuple[str, str]]]  # what reads a net: a cell, or "" for the outside, and its port
_REGISTER = "TRELLIS_FF"


@dataclass(frozen=True)
class _Control:
    """What a register listens to: the net of its clock and that of its enable, ``"1"`` for none."""

    clock: Bit
    enable: Bit


def absorb_registers(module: Mapping[str, Any]) -> int:
    """Let blocks of a mapped, flat ECP5 module register their outputs; return how many registers that saves.

    ``module`` is as Yosys writes it in JSON and is changed in place. A block takes its registers when every output bit that is
    used at all goes to one register and nowhere else, all of these have the block's clock, one enable and no reset, and the block
    has no reset either: it would clear the register at its output instead. It then does in every clock what it and they did:
    block and registers power up holding zeros, and hold while the enable is low.
    """
    cells: dict[str, Cell] = module["cells"]
    readers: Readers = defaultdict(list)
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] != "output":
                for bit in bits:
                    readers[bit].append((name, port))
    for port, declared in module["ports"].items():
        for bit in declared["bits"]:
            readers[bit].append(("", port))
    saved = 0
    for cell in list(cells.values()):
        for side in _SIDES.get(cell["type"], ()):
            saved += side.absorb(cell, cells, readers)
    return saved


@dataclass(frozen=True)
class _Side:
    """A group of a block's outputs: their ports begin with ``outputs``; ``use`` turns their registers on."""

    outputs: str
    clock: str
    reset: str
    use: Callable[[Cell, _Control], None]

    def absorb(self, block: Cell, cells: dict[str, Cell], readers: Readers) -> int:
        registers, controls = {}, set()
        for port, (bit, *_) in block["connections"].items():
            if not port.removeprefix(self.outputs).isdigit() or bit not in readers:
                continue
            name, read_by = readers[bit][0]
            control = _control(cells[name]) if name in cells and read_by == "DI" else None
            if control is None or len(readers[bit]) > 1:
                return 0
            registers[port] = name
            controls.add(control)
        if len(controls) != 1:
            return 0
        (control,) = controls
        clock, reset = (block["connections"].get(port) for port in (self.clock, self.reset))
        if clock not in (None, [control.clock]) or reset not in (None, ["0"]):
            return 0
        for port, name in registers.items():
            block["connections"][port] = cells.pop(name)["connections"]["Q"]
        self.use(block, control)
        return len(registers)


def _control(cell: Cell) -> _Control | None:
    """Return what a plain register listens to; ``None`` for any other cell, and where reset or polarity do more than that."""
    if cell["type"] != _REGISTER:
        return None
    parameters = {name: value.strip() for name, value in cell["parameters"].items()}
    connections = cell["connections"]
    plain = parameters["CLKMUX"] == "CLK" and parameters["REGSET"] == "RESET" and connections.get("LSR", ["0"]) == ["0"]
    if not plain or parameters["LSRMUX"] != "LSR" or parameters["CEMUX"] not in ("1", "CE"):
        return None
    return _Control(connections["CLK"][0], "1" if parameters["CEMUX"] == "1" else connections["CE"][0])


def _use_memory(mode: str, enable: str) -> Callable[[Cell, _Control], None]:
    def use(cell: Cell, control: _Control) -> None:
        cell["parameters"][mode] = "OUTREG"
        cell["connections"][enable] = [control.enable]

    return use


def _use_multiplier(cell: Cell, control: _Control) -> None:
    for port, bit in (("CLK0", control.clock), ("CE0", control.enable), ("RST0", "0")):
        cell["port_directions"][port] = "input"
        cell["connections"][port] = [bit]
        cell["parameters"][f"REG_OUTPUT_{port[:-1]}"] = port


# A block RAM without registers is clocked anyway; a multiplier without registers has no clock connected.
_SIDES = {
    "DP16KD": [_Side(f"DO{side}", f"CLK{side}", f"RST{side}", _use_memory(f"REGMODE_{side}", f"OCE{side}")) for side in "AB"],
    "PDPW16KD": [_Side("DO", "CLKR", "RST", _use_memory("REGMODE", "OCER"))],
    "MULT18X18D": [_Side("P", "CLK0", "RST0", _use_multiplier)],
}

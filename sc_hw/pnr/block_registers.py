"""Output registers of hard blocks: moves the registers behind a block RAM or a multiplier of ECP5 into the block.

Yosys leaves them in the fabric, where the way out of a block RAM alone takes 5.8 ns; vendors' tools move them by themselves.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["BLOCKS", "GLOBAL_RESETS", "absorb_registers"]

Cell = dict[str, Any]
Bit = int | str
Readers = dict[Bit, list[tuple[str, str]]]  # what reads a net: a cell, or "" for the outside, and its port
_REGISTER = "TRELLIS_FF"
_PLAIN = {
    "CLKMUX": "CLK",
    "LSRMUX": "LSR",
    "LSRMODE": "LSR",
    "REGSET": "RESET",
}  # of a register that powers up as 0; the defaults
# The other parameters of a register that may be there: how a reset that never comes is taken. One more could mean anything.
_HARMLESS = {"GSR", "SRMODE", "CEMUX", *_PLAIN}
GLOBAL_RESETS = ("GSR", "SGSR")  # which cells listen is a parameter of each, so nothing moves in their presence


@dataclass(frozen=True)
class _Control:
    """What a register listens to: the net of its clock and that of its enable, ``"1"`` for none."""

    clock: Bit
    enable: Bit


def absorb_registers(module: Mapping[str, Any]) -> dict[str, int]:
    """Let blocks of a mapped ECP5 module register their outputs; return how many registers each block that does takes.

    ``module`` is as Yosys writes it in JSON and is changed in place. A block takes its registers when every output bit that is
    used at all goes to one register and nowhere else, all of these have the block's clock, one enable and no reset, and the block
    has neither a reset, which would clear the register at its output instead, nor such registers already. It then does in every
    clock what it and they did: block and registers power up holding zeros, and hold while the enable is low. What is told to be
    kept (attribute ``keep``, of a cell or of a net at it) is kept.
    """
    cells: dict[str, Cell] = module["cells"]
    kept = {bit for net in module.get("netnames", {}).values() if _kept(net) for bit in net["bits"]}
    readers: Readers = defaultdict(list)
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] != "output":
                for bit in bits:
                    readers[bit].append((name, port))
    for port, declared in module["ports"].items():
        for bit in declared["bits"]:
            readers[bit].append(("", port))
    for cell in cells.values():  # a register is kept by the name of its net, too
        if kept.intersection(cell["connections"].get("Q", ())):
            kept.update(cell["connections"].get("DI", ()))
    for bit in kept:
        readers[bit].append(("", "keep"))
    saved: dict[str, int] = {}
    if any(cell["type"] in GLOBAL_RESETS for cell in cells.values()):
        return saved
    for name, cell in list(cells.items()):
        for side in _SIDES.get(cell["type"], ()):
            if taken := side.absorb(cell, cells, readers):
                saved[name] = saved.get(name, 0) + taken
    return saved


@dataclass(frozen=True)
class _Side:
    """A group of a block's outputs: their ports begin with ``outputs``; ``use`` turns their registers on.

    ``without`` is what parameters of the block are while it has no register that would share a clock or an enable with them.
    """

    outputs: str
    clock: str
    reset: str
    without: Mapping[str, str]
    use: Callable[[Cell, _Control], None]

    def absorb(self, block: Cell, cells: dict[str, Cell], readers: Readers) -> int:
        parameters = {**self.without, **_texts(block)}
        inverted = "INV" in parameters.values()  # a clock or an enable: another edge
        if any(parameters[name] != value for name, value in self.without.items()) or inverted or _kept(block):
            return 0
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
    if cell["type"] != _REGISTER or _kept(cell):
        return None
    parameters = {**_PLAIN, **_texts(cell)}
    connections = cell["connections"]
    enabled = parameters.get("CEMUX")  # tools differ in what it is when nobody says
    plain = all(parameters[name] == value for name, value in _PLAIN.items()) and connections.get("LSR", ["0"]) == ["0"]
    plain &= cell.get("parameters", {}).keys() <= _HARMLESS
    if not plain or enabled not in ("1", "CE") or not {"CLK", "Q", *(["CE"] if enabled == "CE" else [])} <= connections.keys():
        return None
    return _Control(connections["CLK"][0], "1" if enabled == "1" else connections["CE"][0])


def _texts(cell: Cell) -> dict[str, str]:
    """Return the parameters of a cell as text; a number where a word is meant is no such word."""
    return {name: str(value).strip() for name, value in cell.get("parameters", {}).items()}


def _kept(cell: Cell) -> bool:
    return "keep" in cell.get("attributes", {})


def _use_memory(mode: str, enable: str) -> Callable[[Cell, _Control], None]:
    def use(cell: Cell, control: _Control) -> None:
        cell.setdefault("parameters", {})[mode] = "OUTREG"
        cell["connections"][enable] = [control.enable]

    return use


def _use_multiplier(cell: Cell, control: _Control) -> None:
    for port, bit in (("CLK0", control.clock), ("CE0", control.enable), ("RST0", "0")):
        cell["port_directions"][port] = "input"
        cell["connections"][port] = [bit]
        cell.setdefault("parameters", {})[f"REG_OUTPUT_{port[:-1]}"] = port


def _memory(side: str, clock: str, reset: str, mode: str, enable: str) -> _Side:
    return _Side(side, clock, reset, {mode: "NOREG"}, _use_memory(mode, enable))


_BYPASS = {"MULT_BYPASS": "DISABLED", "HIGHSPEED_CLK": "NONE", "CLK0_DIV": "ENABLED"}
_STAGES = ("INPUTA", "INPUTB", "INPUTC", "PIPELINE", "OUTPUT")  # of a multiplier, each with registers of its own
# A block RAM without registers is clocked anyway; a multiplier without registers has no clock connected.
_SIDES = {
    "DP16KD": [_memory(f"DO{side}", f"CLK{side}", f"RST{side}", f"REGMODE_{side}", f"OCE{side}") for side in "AB"],
    "PDPW16KD": [_memory("DO", "CLKR", "RST", "REGMODE", "OCER")],
    "MULT18X18D": [_Side("P", "CLK0", "RST0", {**{f"REG_{stage}_CLK": "NONE" for stage in _STAGES}, **_BYPASS}, _use_multiplier)],
}
BLOCKS = tuple(_SIDES)

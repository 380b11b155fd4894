"""From an emitted design to a bitstream for a board: top on pins, synthesis, place and route until the clock is met."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sc_hw_models.scratch import temporary_folder

from ..errors import CheckError, UserError
from ..pnr.nextpnr import FAMILIES, bitstream, place_and_route
from ..registers.layout import Layout
from ..rtl.port import Port, input_port, output_port
from ..rtl.verilog import template_text
from ..synth.synthesise import map_pinned, map_sources
from ..targets import RESOURCES, Target, load_target
from ..toolchain import nextpnr
from .boards import BOARDS
from .description import Board, Pin, Pll, platform_of
from .verilog import board_name, board_verilog, with_own

__all__ = ["BAUD", "Built", "Plan", "build", "plan"]

BAUD = 115_200
_TOLERANCE = 0.02  # of the line's speed, for both ends together some 5 % are too many
_LIT, _RESET = 0.05, 20e-6  # seconds an LED is lit at least, and that the reset lasts
_NETLIST = "netlist.json"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be built: ``verilog`` by name, the top first; ``mhz`` of the design, ``divider`` of them a bit of the line."""

    board: Board
    top: str
    verilog: Mapping[str, str]
    pins: list[Pin]
    pll: Pll | None
    mhz: float
    divider: int

    @property
    def baud(self) -> float:
        """Bits a second of the line."""
        return self.mhz * 1e6 / self.divider


@dataclass(frozen=True, kw_only=True)
class Built:
    """What came of it: the bitstream and its name, the MHz that the design could have from that ``seed``, what it takes."""

    bitstream: bytes
    name: str
    seed: int
    mhz: float
    cells: Mapping[str, tuple[int, int]]
    resources: Mapping[str, float]
    tools: Mapping[str, str]


def plan(layout: Layout, board: Board, *, clock: float | None, baud: int) -> Plan:
    """Return what is to be built for a board, with its own clock or one of ``clock`` MHz.

    Errors: ``UserError`` for a clock or a line's speed that the board cannot have, and those of ``board_verilog``.
    """
    inner, own, pins = board_verilog(layout), board.clock_mhz(), board.pins()
    pll = None if clock is None or clock == own else board.family.pll(own, clock)
    mhz = pll.mhz if pll else own
    divider = round(mhz * 1e6 / baud)
    if divider < 2 or abs(mhz * 1e6 / divider / baud - 1) > _TOLERANCE:
        near = mhz * 1e6 / max(2, divider)
        raise UserError(
            f"--baud {baud}: {mhz:g} MHz have no whole number of clocks, of at least 2, for such a bit; the nearest is {near:.0f}"
        )
    top = f"{board_name(layout)}_pins"
    ports = [_port(pin) for pin in pins]
    inverted = {pin.port: pin.inverted for pin in pins}
    text = template_text(
        "board/pins.v.j2",
        module=top,
        title=board.title,
        inner=board_name(layout),
        ports=ports,
        pll=pll,
        mhz=mhz,
        divider=divider,
        lit_bits=max(2, int(mhz * 1e6 * _LIT).bit_length()),
        reset_bits=max(2, int(mhz * 1e6 * _RESET).bit_length()),
        leds=[(p, f"{p.removeprefix('led_')}_reg", inverted[p]) for p in ("led_learning", "led_error") if p in inverted],
        inverted_rx=inverted["rx"],
    )
    verilog = {f"{top}.v": text, **inner, **({"pll.v": pll.text} if pll else {})}
    return Plan(board=board, top=top, verilog=verilog, pins=pins, pll=pll, mhz=mhz, divider=divider)


def build(what: Plan, sources: Mapping[str, bytes], *, seeds: int, progress: Callable[[str], None] = lambda _text: None) -> Built:
    """Synthesise, place and route from seeds 1, 2, ... until the clock is met, and pack.

    ``sources`` are the design's own files. Errors: ``UserError`` for a board that is too small, with what would fit, and for
    missing tools; ``CheckError`` with the slack where no seed meets the clock.
    """
    board, target = what.board, load_target(what.board.target)
    if target.pnr is None:
        raise UserError(f"--board {board.name}: no open tool places its device")
    tool = nextpnr(target.pnr.tool)
    tool.require()
    files = with_own(what.verilog, sources)
    progress("synthesis")
    netlist, whole = map_pinned(files, what.top, target)
    counted = _counted(netlist.cells, board, target)
    if too_much := _over(counted, target):
        progress("it is too large; looking for a board that fits")
        raise UserError(f"--board {board.name}: {too_much}; {_fitting(what, files)}")
    family = FAMILIES[target.pnr.tool]
    family.absorb(whole["modules"][what.top])
    constraints = f"pins{board.family.suffix}"
    device = replace(
        target.pnr,
        arguments=board.family.arguments(platform_of(board), constraints),
        frequency_mhz=what.mhz,
        pins={},
        pack=(*target.pnr.pack, *board.family.pack),
    )
    best, failure = 0.0, ""
    with temporary_folder() as folder:
        (folder / _NETLIST).write_text(json.dumps(whole), encoding="utf-8")
        (folder / constraints).write_text(board.family.pins(what.pins, board.clock_mhz()), encoding="utf-8")
        for seed in range(1, seeds + 1):
            progress(f"place and route, seed {seed}")
            run = place_and_route(tool.path, device, folder, _NETLIST, seed)
            if run.error:
                failure = run.error
                continue
            reached = _reached(run.report)
            best = max(best, reached)
            if reached < what.mhz:
                continue
            packed = bitstream(device, folder, seed)
            if packed is None:
                raise CheckError(f"{family.packer}: made no bitstream; install it with: pip install 'sc-hw[boards]'")
            cells = {name: (n["used"], n["available"]) for name, n in run.report.get("utilization", {}).items() if n["used"]}
            return Built(
                bitstream=packed.read_bytes(),
                name=f"{what.top}{packed.suffix}",
                seed=seed,
                mhz=reached,
                cells=cells,
                resources=counted,
                tools={"yosys": netlist.tool_version, target.pnr.tool: tool.version},
            )
    if not best:
        raise CheckError(f"{target.pnr.tool}: {failure}")
    slack = 1000 / what.mhz - 1000 / best
    raise CheckError(
        f"{board.name}: {what.mhz:g} MHz are not met: the best of {seeds} seeds reaches {best:.2f} MHz, slack {slack:.2f} ns; "
        f"give --clock {int(best * 0.97)} or less, or more --seeds"
    )


def _port(pin: Pin) -> Port:
    meanings = {
        "clock_pin": "the board's own clock",
        "rx": "the line to the board",
        "tx": "the line from the board",
        "led_learning": "a sweep is under way, or was a moment ago",
        "led_error": "a bus error or a dropped frame a moment ago",
    }
    make = input_port if pin.port in ("clock_pin", "rx") else output_port
    return make(pin.port, meaning=f"{meanings[pin.port]}; pin {pin.site}{', inverted' if pin.inverted else ''}")


def _reached(report: Mapping[str, Any]) -> float:
    """Return the MHz of the slowest clock there is."""
    return min((clock["achieved"] for clock in report.get("fmax", {}).values()), default=0.0)


def _counted(cells: Mapping[str, int], board: Board, target: Target) -> dict[str, float]:
    """Return the units of each resource without what is of pins and clocks."""
    return target.count({name: count for name, count in cells.items() if name not in board.family.own})


def _over(counted: Mapping[str, float], target: Target) -> str:
    """Return what a device has too little of, empty when it has enough."""
    return ", ".join(
        f"needs {counted[name]:,.0f} {name.replace('_', ' ')} of {target.capacity[name]:,.0f}"
        for name in RESOURCES
        if counted[name] > target.capacity[name]
    )


def _fitting(what: Plan, files: Mapping[str, bytes]) -> str:
    """Return which of the other boards have enough, counted as this one was."""
    inner = what.top.removesuffix("_pins")
    sources = {name: text for name, text in files.items() if name not in (f"{what.top}.v", "pll.v")}
    counts: dict[str, Mapping[str, int]] = {}
    fitting = []
    for board in BOARDS.values():
        if board.name == what.board.name:
            continue
        target = load_target(board.target)
        like = target.like or target.name
        if like not in counts:
            counts[like] = map_sources(sources, inner, target).cells
        if not _over(_counted(counts[like], board, target), target):
            fitting.append(board.name)
    listed = " and ".join(filter(None, (", ".join(fitting[:-1]), *fitting[-1:])))
    return f"{listed} would fit" if fitting else "no board here is large enough; emit a smaller design"

"""nextpnr: one run places and routes a netlist from a seed; another tool turns the result into a bitstream."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sc_hw_models.scratch import run_process

from ..targets import PlaceAndRoute
from .block_registers import absorb_registers

__all__ = ["FAMILIES", "Family", "Run", "bitstream", "companion", "place_and_route"]


@dataclass(frozen=True, kw_only=True)
class Family:
    """What differs between the nextpnrs: ``routed`` is the option that writes what ``packer`` makes a bitstream of.

    ``absorb`` moves registers of a flat netlist into hard blocks, where Yosys does not; it returns how many each took.
    """

    routed: str
    packer: str
    suffix: str
    absorb: Callable[[Mapping[str, Any]], dict[str, int]] = lambda _module: {}


FAMILIES = {
    "nextpnr-ice40": Family(routed="--asc", packer="icepack", suffix=".bin"),
    "nextpnr-ecp5": Family(routed="--textcfg", packer="ecppack", suffix=".bit", absorb=absorb_registers),
    "nextpnr-himbaechel-gowin": Family(routed="--write", packer="gowin_pack", suffix=".fs"),
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run: nextpnr's own report in JSON, empty after an ``error``; ``command`` repeats it."""

    command: tuple[str, ...]
    report: dict[str, Any]
    error: str
    seconds: float


def place_and_route(path: str, device: PlaceAndRoute, folder: Path, netlist: str, seed: int) -> Run:
    """Place and route a netlist, a file in ``folder``, for a device from a seed, with the nextpnr at ``path``."""
    report = f"report{seed}.json"
    command = [*device.arguments, "--json", netlist, "--report", report, FAMILIES[device.tool].routed, f"routed{seed}"]
    command += ["--freq", f"{device.frequency_mhz:g}", "--timing-allow-fail", "--seed", str(seed)]
    if device.pins:
        (folder / "pins.cst").write_text("".join(f'IO_LOC "{port}" {pin};\n' for port, pin in device.pins.items()))
        command += ["--vopt", "cst=pins.cst"]
    start = time.monotonic()
    done = run_process([path, *command], cwd=folder)
    status, text = done.returncode, done.stdout + done.stderr
    errors = [line for line in text.splitlines() if line.startswith("ERROR")]
    error = (errors or [f"exit status {status}"])[-1] if status else ""
    return Run(
        command=(device.tool, *command),
        error=error,
        seconds=time.monotonic() - start,
        report={} if error else json.loads((folder / report).read_text(encoding="utf-8")),
    )


def companion(name: str) -> str | None:
    """Return where a tool is that comes with a nextpnr: on PATH, else beside the interpreter; ``None`` when it is nowhere."""
    beside = Path(sys.executable).parent
    found = (shutil.which(each, path=place) for each in (name, f"yowasp-{name}") for place in (None, beside))
    return next(filter(None, found), None)


def bitstream(device: PlaceAndRoute, folder: Path, seed: int) -> Path | None:
    """Return the bitstream of the run in ``folder`` from a seed; ``None`` when its packer is not there or refuses."""
    family = FAMILIES[device.tool]
    packer = companion(family.packer)
    if packer is None:
        return None
    routed, result = f"routed{seed}", f"routed{seed}{family.suffix}"
    files = ("-o", result, routed) if family.packer == "gowin_pack" else (routed, result)
    status = run_process([packer, *device.pack, *files], cwd=folder).returncode
    return folder / result if status == 0 and (folder / result).is_file() else None

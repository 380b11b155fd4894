"""Synthesis: what a core costs on a device after Yosys has mapped it, and whether its state really is memory."""

import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sc_hw_models.scratch import end_processes, temporary_folder

from ..blocks.cost import Costed
from ..errors import UserError
from ..manifest import Core
from ..network_folder import EmittedNetwork
from ..rtl.design import CoreDesign
from ..rtl.networks.design import NetworkDesign
from ..targets import Target
from ..yosys import YosysError, find_yosys, run_yosys
from .result import MemoryProof, SynthResult

__all__ = [
    "MODULES",
    "Netlist",
    "Structure",
    "map_pinned",
    "map_sources",
    "map_wrapped",
    "read_structure",
    "synthesise",
    "synthesise_many",
    "top_module",
]

MODULES = ("core", "lane")
# Every synth_* command of Yosys has this label, between mapping memories to RAM and dissolving what is left into registers.
_SPLIT = "map_ffram"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_REGISTER = re.compile(r"\$(?:(?:a|al|s)?dff(?:e|ce|sr|sre)?|ff|a?dlatch(?:sr)?|sr)_(\d+)")


@dataclass(frozen=True, kw_only=True)
class Structure:
    """A netlist before it is mapped to a device: bits of its memories, bits of its registers."""

    memory_bits: int
    register_bits: int


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """A netlist mapped to a device; ``left_to_registers`` counts the memories that no RAM of the device took."""

    cells: Mapping[str, int]
    left_to_registers: int
    script: str
    tool_version: str
    seconds: float


def _run(
    sources: Mapping[str, bytes],
    top: str,
    commands: Sequence[str],
    outputs: Sequence[str],
    texts: Mapping[str, str] | None = None,
) -> tuple[list[Any], str, str]:
    """Run Yosys in a folder of its own on the sources, given by name; return the JSON outputs, the script and the version.

    ``texts`` are files beside the sources that only the commands read, by name.
    """
    for name in (*(Path(name).stem for name in sources), top):
        if not _NAME.fullmatch(name):
            raise UserError(f"{name!r}: not usable as a file or module name in synthesis; allowed are letters, digits and _")
    path, number = find_yosys()
    script = "\n".join([f"read_verilog -sv {' '.join(sources)}", *commands]) + "\n"
    with temporary_folder() as folder:
        for name, content in sources.items():
            (folder / name).write_bytes(content)
        for name, text in (texts or {}).items():
            (folder / name).write_text(text, encoding="utf-8")
        try:
            run_yosys(script, path=path, cwd=folder)
        except YosysError as error:
            raise UserError(f"Yosys {number} cannot synthesise {top}: {error.reason}") from error
        return [json.loads((folder / name).read_text(encoding="utf-8")) for name in outputs], script, number


def read_structure(sources: Mapping[str, bytes], top: str) -> Structure:
    """Return the memory and register bits of module ``top`` before any mapping."""
    commands = [f"hierarchy -check -top {top}", "proc", "flatten", "opt", "tee -q -o structure.json stat -json -width"]
    (stat,), _, _ = _run(sources, top, commands, ["structure.json"])
    registers = [(_REGISTER.fullmatch(kind), count) for kind, count in stat["design"]["num_cells_by_type"].items()]
    return Structure(
        memory_bits=stat["design"]["num_memory_bits"],
        register_bits=sum(int(found[1]) * count for found, count in registers if found),
    )


def map_sources(sources: Mapping[str, bytes], top: str, target: Target) -> Netlist:
    """Synthesise module ``top`` of Verilog files, given by name, for a target, flattened, in a Yosys process of its own."""
    return _map(sources, top, target)[0]


def map_wrapped(
    sources: Mapping[str, bytes], top: str, target: Target, *, wrapper: str, text: str
) -> tuple[Netlist, dict[str, Any]]:
    """Map ``top`` as ``map_sources`` does and put it, cell for cell, into the module ``wrapper``.

    ``text`` is the wrapper's Verilog, which declares ``top`` as a black box. Returns the netlist of ``top`` alone and
    the whole as Yosys writes it in JSON.
    """
    commands = [
        "design -stash core",
        "read_verilog wrapper.v",
        target.command(wrapper, pins=True),
        f"design -copy-from core -as {top} {top}",
        "flatten",
        "write_json whole.json",
    ]
    netlist, (whole,) = _map(sources, top, target, commands, ["whole.json"], {"wrapper.v": text})
    return netlist, whole


def map_pinned(sources: Mapping[str, bytes], top: str, target: Target) -> tuple[Netlist, dict[str, Any]]:
    """Map ``top``, whose ports are pins, as ``map_sources`` does; return its netlist, and the same as Yosys writes it in JSON."""
    netlist, (whole,) = _map(sources, top, target, ["write_json whole.json"], ["whole.json"], pins=True)
    return netlist, whole


def _map(
    sources: Mapping[str, bytes],
    top: str,
    target: Target,
    then: Sequence[str] = (),
    outputs: Sequence[str] = (),
    texts: Mapping[str, str] | None = None,
    *,
    pins: bool = False,
) -> tuple[Netlist, list[Any]]:
    command = target.command(top, pins=pins)
    commands = [
        f"{command} -run begin:{_SPLIT}",
        "tee -q -o memory.json stat -json",
        f"{command} -run {_SPLIT}:",
        "tee -q -o cells.json stat -json",
        *then,
    ]
    start = time.monotonic()
    (memory, cells, *rest), script, number = _run(sources, top, commands, ["memory.json", "cells.json", *outputs], texts)
    netlist = Netlist(
        cells=dict(sorted(cells["design"]["num_cells_by_type"].items())),
        left_to_registers=sum(n for kind, n in memory["design"]["num_cells_by_type"].items() if kind.startswith("$mem")),
        script=script,
        tool_version=number,
        seconds=time.monotonic() - start,
    )
    return netlist, rest


def _proof(
    design: CoreDesign | NetworkDesign,
    module: str,
    structure: Structure,
    netlist: Netlist,
    target: Target,
    block: Costed | None,
) -> MemoryProof:
    memories = block.memories if block else design.memories if module == "core" else []
    smallest = min(target.bits[cell] for cell in target.weights["block_ram"])
    return MemoryProof(
        memory_bits=structure.memory_bits,
        expected_bits=sum(memories),
        synapse_bits=design.synapse_bits if memories and not block else 0,
        register_bits=structure.register_bits,
        block_ram_bits=target.ram_bits(netlist.cells),
        lut_ram_cells=target.lut_ram_cells(netlist.cells),
        left_to_registers=netlist.left_to_registers,
        due_bits=sum(bits for bits in memories if bits >= smallest),
    )


def top_module(core: Core | EmittedNetwork, module: str) -> str:
    """Return the name of the module to synthesise. Errors: ``UserError`` when ``module`` is none of ``MODULES``."""
    if module not in MODULES:
        raise UserError(f"--module {module!r}: unknown; allowed are {', '.join(MODULES)}")
    if module != "core" and isinstance(core, EmittedNetwork):
        raise UserError(f"--module {module}: is of cores; {core.folder} is a network; leave it out")
    if module != "core" and isinstance(core, Core):
        core.check_single(f"--module {module}")
    return str(core.design.name if module == "core" else f"{core.design.name}_lane")


def synthesise(
    core: Core | EmittedNetwork,
    target: Target,
    *,
    module: str = "core",
    structure: Structure | None = None,
    block: Costed | None = None,
) -> SynthResult:
    """Synthesise a core, one lane of it, or a ``block`` inside, for a target and return counts and verdicts.

    ``structure`` is what ``read_structure`` returned for the same module, so that several targets need it
    once; it is read when not given. Errors: ``UserError`` for an unknown module, a netlist with cell types
    that the target does not know, and sources that Yosys refuses.
    """
    top = block.top if block else top_module(core, module)
    structure = structure or read_structure(core.verilog, top)
    netlist = map_sources(core.verilog, top, target)
    return SynthResult(
        core=core.design.name,
        generator=core.manifest["generator"],
        rule=core.design.title,
        synapses=core.design.synapses,
        lanes=core.design.lanes,
        module=block.place if block else module,
        top=top,
        edited=core.edited,
        target=target.name,
        part=target.part,
        family=target.family,
        tool_version=netlist.tool_version,
        script=netlist.script,
        cells=netlist.cells,
        resources=target.count(netlist.cells),
        capacity=target.capacity,
        memory=_proof(core.design, module, structure, netlist, target, block),
        seconds=netlist.seconds,
    )


def synthesise_many(
    core: Core | EmittedNetwork,
    targets: Sequence[Target],
    jobs: int | None = None,
    *,
    module: str = "core",
    block: Costed | None = None,
    progress: Callable[[SynthResult], None] = lambda _result: None,
) -> list[SynthResult]:
    """Synthesise for several targets, ``jobs`` Yosys processes at a time (one a processor), in the order given.

    ``progress`` is called with each result as it arrives. Errors: those of ``synthesise``; the first ends it all.
    """
    structure = read_structure(core.verilog, block.top if block else top_module(core, module))
    with ThreadPoolExecutor(max_workers=jobs or os.cpu_count() or 1) as pool:
        futures = [pool.submit(synthesise, core, target, module=module, structure=structure, block=block) for target in targets]
        try:
            for future in as_completed(futures):
                progress(future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end_processes()
            raise
    return [future.result() for future in futures]

"""Faults and mutants planted into one block: a netlist of its own files that holds them all."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..faults.instance_faults import InstanceFault, by_turns, instance_faults, plant_instances
from ..faults.instances import Instance, read_instances, without_directives
from ..faults.plant import Mutant, fault_plan, of_registers, planted_files, read_mutants
from ..rtl.faults import Fault
from ..rtl.topologies import TOPOLOGIES
from .place import Placed

__all__ = ["drawn_faults", "fault_files", "faults_of", "mutant_files", "texts_of"]


def texts_of(placed: Placed) -> dict[str, str]:
    """Return the Verilog of a block and its memories by file, without directives."""
    return {name: without_directives(text) for name, text in placed.files.items()}


def faults_of(placed: Placed) -> list[Fault]:
    """Return the faults by hand that are in a block, their nets as they are called there."""
    design, own = placed.core.design, placed.block.name.removeprefix(f"{placed.core.design.name}_")
    found = []
    for fault in TOPOLOGIES[design.kind].faults(design):
        places = {net.partition(".")[0] for net in fault.cuts if "." in net}
        if fault.cuts and places == {own} and all("." in net for net in fault.cuts):
            found.append(dataclasses.replace(fault, cuts={net.partition(".")[2]: text for net, text in fault.cuts.items()}))
    return found


def drawn_faults(placed: Placed, count: int, seed: int, *, corners: bool) -> tuple[list[InstanceFault], list[Instance]]:
    """Return up to ``count`` faults at the instances in a block, and these; with ``corners`` those too that show there only."""
    instances = [one for one in read_instances(placed.core) if one.parent == placed.block.name]
    faults = [
        fault
        for fault in instance_faults(instances, texts_of(placed))
        if corners or not (fault.rare or fault.kind in ("corner", "word"))
    ]
    return by_turns(faults, count, seed), instances


def fault_files(
    placed: Placed,
    faults: Sequence[Fault],
    folder: Path,
    instances: Sequence[InstanceFault] = (),
    *,
    registers: int = 0,
    seed: int = 0,
) -> tuple[dict[str, bytes], list[Mutant]]:
    """Return the Verilog of a block with faults in it, as ``plant_faults`` does of a core, and those of registers."""
    name, texts = placed.block.name, texts_of(placed)
    if numbered := dict(enumerate(instances, 1 + len(faults))):
        texts = plant_instances(texts, numbered, selection=f"{name}_selection")
    what = fault_plan(faults, instances, registers=registers, seed=seed)
    return _planted(name, folder, what, texts), of_registers(folder)


def mutant_files(placed: Placed, count: int, seed: int, folder: Path) -> tuple[dict[str, bytes], list[Mutant]]:
    """Return the Verilog of a block with mutants in it, as ``plant_mutants`` does of a core, and what they are."""
    what = {"count": count, "seed": seed, "datapaths": [], "first": 1, "registers": count}
    files = _planted(placed.block.name, folder, what, texts_of(placed))
    return files, [*read_mutants(folder), *of_registers(folder)]


def _planted(name: str, folder: Path, what: dict[str, object], texts: Mapping[str, str]) -> dict[str, bytes]:
    return {file: (folder / file).read_bytes() for file in planted_files(name, folder, what, texts)}

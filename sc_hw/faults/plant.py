"""Plants faults and mutants in a copy of a core: one netlist that holds them all, one of which a number selects.

Simulation and proof read the same netlist. It asks a small module for the number, in which alone they differ: the
bench sets the number while it runs, a proof has it fixed.
"""

import dataclasses
import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sc_hw_models.scratch import run_process, temporary_folder

from ..errors import CheckError
from ..manifest import Core
from ..network_folder import EmittedNetwork
from ..rtl.faults import Fault
from .instance_faults import COPIES, InstanceFault, plant_instances
from .instances import read_texts, source_module, without_directives

__all__ = [
    "SELECTION_BITS",
    "Mutant",
    "alone",
    "as_mutants",
    "fault_plan",
    "fixed",
    "fixed_modules",
    "in_part",
    "of_registers",
    "plant_faults",
    "plant_mutants",
    "planted_files",
    "planted_mutants",
    "planted_network",
    "planted_part",
    "read_mutants",
]

SELECTION_BITS = 16


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One changed bit: ``mode`` is Yosys's name of the change, ``sources`` are places in the emitted Verilog.

    The bit is bit ``bit`` of a port of a cell; ``wire`` is the name in the Verilog of what is connected there, if it has one.
    Or a fault at an instance, which ``fault`` describes, the cell; then the mode is its kind. Or one of a register, the wire, in
    a reset; then the mode is ``reset``. A ``rare`` one shows so seldom that only the proof can be asked to notice it.
    """

    number: int
    mode: str
    module: str
    cell: str
    port: str
    bit: int
    wire: str
    sources: tuple[str, ...]
    fault: str = ""
    rare: bool = False

    @property
    def text(self) -> str:
        """The mutant on one line."""
        if self.fault:
            return self.fault
        where = f"{self.wire} at " if self.wire else ""
        cell = re.sub(r"^(\$flatten)?\\?(.*?)\$(\w+)\$.*", r"\3", self.cell)
        return f"{self.mode} {where}{cell}.{self.port}[{self.bit}], {self.sources[-1] if self.sources else self.module}"


def plant_faults(
    core: Core,
    faults: Sequence[Fault],
    folder: Path,
    instances: Sequence[InstanceFault] = (),
    *,
    registers: int = 0,
    seed: int = 0,
) -> tuple[Core, list[Mutant]]:
    """Return a core in ``folder`` with every fault in it; number ``K`` selects ``[*faults, *instances][K-1]``, 0 none.

    Then come up to ``registers`` faults of registers in a reset, drawn from the seed, which are returned, too.
    Errors: ``CheckError`` when Yosys fails or a fault names a net that the core does not have.
    """
    texts = read_texts(core)
    numbered = dict(enumerate(instances, 1 + len(faults)))
    if numbered:
        texts = plant_instances(texts, numbered, selection=f"{core.design.name}_selection")
    plan = fault_plan(faults, instances, registers=registers, seed=seed)
    return _plant(core, folder, plan, texts), of_registers(folder)


def fault_plan(
    faults: Sequence[Fault], instances: Sequence[InstanceFault], *, registers: int = 0, seed: int = 0
) -> dict[str, object]:
    """Return what the planter is asked for: faults by hand, and ``registers`` of a reset numbered after those at instances."""
    return {
        "faults": [{"cuts": dict(fault.cuts), "reads": dict(fault.reads)} for fault in faults],
        "seed": seed,
        "first": 1 + len(faults) + len(instances),
        "registers": registers,
        "copies": COPIES,
    }


def plant_mutants(core: Core, count: int, seed: int, folder: Path) -> tuple[Core, list[Mutant]]:
    """Return a core in ``folder`` with up to ``count`` mutants that Yosys draws from the seed, and what they are.

    Then come up to as many faults of registers in a reset. A mutant is in every instance of its module. Errors: ``CheckError``
    when Yosys fails.
    """
    datapaths = [part.manifest["modules"]["datapath"] for part in core.parts or (core,)]
    plan = {"count": count, "seed": seed, "datapaths": datapaths, "first": 1, "registers": count}
    planted = _plant(core, folder, plan, read_texts(core))
    return planted, [*read_mutants(folder), *of_registers(folder)]


def fixed(planted: Core, number: int, folder: Path) -> Core:
    """Return a core in ``folder``, which is made, in which the number is a constant: what a proof reads, a file a module."""
    netlist = planted.verilog_text[planted.manifest["verilog"][0]]
    files = fixed_modules(netlist, planted.design.name, planted.manifest["modules"]["selection"], number)
    folder.mkdir()
    for name, module in files.items():
        (folder / name).write_text(module, encoding="utf-8")
    names = {kind: name for kind, name in planted.manifest["modules"].items() if kind != "selection"}
    return dataclasses.replace(
        planted,
        folder=folder,
        texts={name: text.encode() for name, text in files.items()},
        manifest={**planted.manifest, "verilog": list(files), "modules": names},
    )


def fixed_modules(netlist: str, name: str, selection: str, number: int) -> dict[str, str]:
    """Return the Verilog of a planted netlist of design ``name``, whose module ``selection`` tells the number, a constant here.

    A file a module; modules of which there are several sets of parameters are in one.
    """
    text, count = re.subn(
        rf"{selection} \w+ \(\s*\.selected\((\w+)\)\s*\);", rf"assign \1 = {SELECTION_BITS}'d{number};", netlist
    )
    if not count:
        raise CheckError("the planted netlist selects nothing")
    files: dict[str, str] = {}
    for found in re.finditer(r"^module ([^\s(;]+).*?^endmodule\n", text, re.MULTILINE | re.DOTALL):
        # A module of which there are several sets of parameters is called after them, not as it was emitted.
        module = found[1] if re.fullmatch(r"\w+", found[1]) else f"{name}_derived"
        file = f"{re.sub(r'_reset_[0-9]+$', '', module)}.v"  # what stands in front of a register belongs to its module
        if re.match(rf"{name}(_|\.)", file):
            files[file] = files.get(file, "") + found[0]
    return files


def in_part(part: Core, module: str) -> bool:
    """Return whether a module is one of a part of a layer or a crossbar."""
    return bool(re.match(rf"{part.design.name}(_|$)", module))


def planted_part(planted: Core, part: Core) -> Core:
    """Return a part of a planted layer or crossbar as a planted core."""
    modules = {**part.manifest["modules"], "selection": planted.manifest["modules"]["selection"]}
    manifest = {**part.manifest, "verilog": planted.manifest["verilog"], "modules": modules}
    return dataclasses.replace(part, folder=planted.folder, texts=planted.texts, manifest=manifest)


def as_mutants(faults: Sequence[InstanceFault], first: int) -> list[Mutant]:
    """Return faults at instances as mutants numbered from ``first``."""
    return [
        Mutant(
            number=number,
            mode=fault.kind,
            module=fault.instance.parent,
            cell=fault.instance.name,
            bit=0,
            wire="",
            port=fault.pin.name if fault.pin else "",
            sources=(fault.instance.file,),
            fault=fault.name,
            rare=fault.rare,
        )
        for number, fault in enumerate(faults, first)
    ]


def alone(core: Core, fault: InstanceFault) -> Core:
    """Return a core, of which nothing is on disk, in which one instance has one fault, always."""
    changed = plant_instances(read_texts(core), {1: fault})

    def edited(whole: Core) -> Core:
        texts = {name: changed[name].encode() for name in whole.texts}
        return dataclasses.replace(whole, texts=texts, parts=tuple(edited(part) for part in whole.parts))

    return edited(core)


def _plant(core: Core, folder: Path, what: dict[str, Any], texts: Mapping[str, str]) -> Core:
    name = core.design.name
    files = planted_files(name, folder, what, texts)
    modules = {**core.manifest["modules"], "selection": f"{name}_selection"}
    return dataclasses.replace(
        core,
        folder=folder,
        parts=(),
        texts={name: (folder / name).read_bytes() for name in files},
        manifest={**core.manifest, "verilog": files, "modules": modules},
    )


def planted_network(
    network: EmittedNetwork, faults: Sequence[Fault], instances: Sequence[InstanceFault] = ()
) -> dict[str, bytes]:
    """Return the Verilog of a network with every fault in it; number ``K`` selects ``[*faults, *instances][K-1]``, 0 none.

    Errors: ``CheckError`` when Yosys fails or a fault names a net that the network does not have.
    """
    texts = {name: without_directives(content.decode()) for name, content in network.verilog.items()}
    if numbered := dict(enumerate(instances, 1 + len(faults))):
        texts = plant_instances(texts, numbered, selection=f"{network.design.name}_selection")
    what = fault_plan(faults, instances)
    return _planted_network(network, what, texts)[0]


def planted_mutants(network: EmittedNetwork, count: int, seed: int) -> tuple[dict[str, bytes], list[Mutant]]:
    """Return the Verilog of a network with mutants in it, as ``plant_mutants`` does of a core, and what they are."""
    texts = {name: without_directives(content.decode()) for name, content in network.verilog.items()}
    datapaths = [f"{block.name}_datapath" for block in network.design.projections.values() if block.core]
    what = {"count": count, "seed": seed, "datapaths": datapaths, "first": 1, "registers": count}
    return _planted_network(network, what, texts)


def _planted_network(
    network: EmittedNetwork, what: dict[str, Any], texts: Mapping[str, str]
) -> tuple[dict[str, bytes], list[Mutant]]:
    with temporary_folder() as folder:
        files = planted_files(network.design.name, folder, what, texts)
        mutants = [*(read_mutants(folder) if "count" in what else []), *of_registers(folder)]
        return {name: (folder / name).read_bytes() for name in files}, mutants


def planted_files(name: str, folder: Path, what: dict[str, Any], texts: Mapping[str, str]) -> list[str]:
    """Plant into the Verilog of the module ``name``; return the names of the files, which are in ``folder``."""
    files = [f"{name}_planted.v", f"{name}_selection.v"]
    with temporary_folder() as scratch:
        for source, text in texts.items():
            (scratch / source).write_text(text, encoding="utf-8")
        plan = {**what, "name": name, "bits": SELECTION_BITS, "sources": list(texts)}
        (scratch / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        command = [sys.executable, "-m", "sc_hw.faults.planter", str(scratch)]
        done = run_process(command)
        if done.returncode:
            raise CheckError(f"planting faults failed: {(done.stdout + done.stderr).strip()[-1500:]}")
        shutil.copyfile(scratch / "planted.v", folder / files[0])
        for file in ("mutants.txt", "registers.json"):
            if (scratch / file).is_file():
                shutil.copyfile(scratch / file, folder / file)
    (folder / files[1]).write_text(_selection(name, f"sc_hw_bench.fault[{SELECTION_BITS - 1}:0]"), encoding="utf-8")
    return files


def _selection(name: str, value: str) -> str:
    return f"module {name}_selection (output [{SELECTION_BITS - 1}:0] selected);\n  assign selected = {value};\nendmodule\n"


def read_mutants(folder: Path) -> list[Mutant]:
    """Return the mutants that the planter listed."""
    lines = (folder / "mutants.txt").read_text(encoding="utf-8").splitlines()
    return [_mutant(number, line) for number, line in enumerate(lines, 1)]


def of_registers(folder: Path) -> list[Mutant]:
    """Return the faults of registers that the planter listed."""
    return [
        Mutant(
            number=one["number"],
            mode="reset",
            module=source_module(one["module"]),
            cell=one["register"],
            port="D",
            bit=0,
            wire=one["register"],
            sources=(one["source"],),
            fault=f"reset: {source_module(one['module'])}.{one['register']} {one['wrong']}",
        )
        for one in json.loads((folder / "registers.json").read_text(encoding="utf-8"))
    ]


def _mutant(number: int, line: str) -> Mutant:
    options = re.findall(r"-(\w+) (\S+)", line)
    one = dict(options)
    return Mutant(
        number=number,
        mode=one["mode"],
        module=one["module"].rpartition("\\")[2],
        cell=one["cell"],
        port=one["port"],
        bit=int(one["portbit"]),
        wire=one.get("wire", ""),
        sources=tuple(value for name, value in options if name == "src"),
    )

"""Plants faults and mutants in a copy of a core: one netlist that holds them all, one of which a number selects.

Simulation and proof read the same netlist. It asks a small module for the number, in which alone they differ: the
bench sets the number while it runs, a proof has it fixed.
"""

import dataclasses
import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sc_hw_models.scratch import run_process, temporary_folder

from .errors import CheckError
from .manifest import Core
from .rtl.faults import Fault

__all__ = ["SELECTION_BITS", "Mutant", "fixed", "plant_faults", "plant_mutants"]

SELECTION_BITS = 16


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One changed bit: ``mode`` is Yosys's name of the change, ``sources`` are places in the emitted Verilog.

    The bit is bit ``bit`` of a port of a cell; ``wire`` is the name in the Verilog of what is connected there, if it has one.
    """

    number: int
    mode: str
    module: str
    cell: str
    port: str
    bit: int
    wire: str
    sources: tuple[str, ...]

    @property
    def text(self) -> str:
        """The mutant on one line."""
        where = f"{self.wire} at " if self.wire else ""
        cell = re.sub(r"^(\$flatten)?\\?(.*?)\$(\w+)\$.*", r"\3", self.cell)
        return f"{self.mode} {where}{cell}.{self.port}[{self.bit}], {self.sources[-1] if self.sources else self.module}"


def plant_faults(core: Core, faults: Sequence[Fault], folder: Path) -> Core:
    """Return a core in ``folder`` with every fault in it; number ``K`` selects ``faults[K-1]``, 0 none.

    Errors: ``CheckError`` when Yosys fails or a fault names a net that the core does not have.
    """
    return _plant(core, folder, {"faults": [{"cuts": dict(fault.cuts), "reads": dict(fault.reads)} for fault in faults]})


def plant_mutants(core: Core, count: int, seed: int, folder: Path) -> tuple[Core, list[Mutant]]:
    """Return a core in ``folder`` with up to ``count`` mutants that Yosys draws from the seed, and what they are.

    A mutant is in every instance of its module. Errors: ``CheckError`` when Yosys fails.
    """
    planted = _plant(core, folder, {"count": count, "seed": seed})
    lines = (folder / "mutants.txt").read_text(encoding="utf-8").splitlines()
    return planted, [_mutant(number, line) for number, line in enumerate(lines, 1)]


def fixed(planted: Core, number: int, folder: Path) -> Core:
    """Return a core in ``folder``, which is made, in which the number is a constant: what a proof reads, a file a module."""
    netlist = planted.verilog_text[planted.manifest["verilog"][0]]
    instance = rf"{planted.design.name}_selection \w+ \(\s*\.selected\((\w+)\)\s*\);"
    text, count = re.subn(instance, rf"assign \1 = {SELECTION_BITS}'d{number};", netlist)
    if not count:
        raise CheckError("the planted netlist selects nothing")
    folder.mkdir()
    files = {f"{found[1]}.v": found[0] for found in re.finditer(r"^module (\w+).*?^endmodule\n", text, re.MULTILINE | re.DOTALL)}
    for name, module in files.items():
        (folder / name).write_text(module, encoding="utf-8")
    modules = {kind: name for kind, name in planted.manifest["modules"].items() if kind != "selection"}
    return dataclasses.replace(planted, folder=folder, texts={name: text.encode() for name, text in files.items()},
                               manifest={**planted.manifest, "verilog": list(files), "modules": modules})  # fmt: skip


def _plant(core: Core, folder: Path, what: dict[str, Any]) -> Core:
    name = core.design.name
    files = [f"{name}_planted.v", f"{name}_selection.v"]
    with temporary_folder() as scratch:
        for file, verilog in core.verilog_text.items():
            # Yosys counts a line too many for each directive; without them places are those of the file.
            text = re.sub(r"^`.*$", "", verilog, flags=re.MULTILINE)
            (scratch / file).write_text(text, encoding="utf-8")
        plan = {**what, "name": name, "bits": SELECTION_BITS, "sources": list(core.verilog)}
        (scratch / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        command = [sys.executable, "-m", "sc_hw.planter", str(scratch)]
        done = run_process(command)
        if done.returncode:
            raise CheckError(f"planting faults failed: {(done.stdout + done.stderr).strip()[-1500:]}")
        shutil.copyfile(scratch / "planted.v", folder / files[0])
        if "count" in what:
            shutil.copyfile(scratch / "mutants.txt", folder / "mutants.txt")
    (folder / files[1]).write_text(_selection(name, f"sc_hw_bench.fault[{SELECTION_BITS - 1}:0]"), encoding="utf-8")
    modules = {**core.manifest["modules"], "selection": f"{name}_selection"}
    return dataclasses.replace(core, folder=folder, parts=(), texts={name: (folder / name).read_bytes() for name in files},
                               manifest={**core.manifest, "verilog": files, "modules": modules})  # fmt: skip


def _selection(name: str, value: str) -> str:
    return f"module {name}_selection (output [{SELECTION_BITS - 1}:0] selected);\n  assign selected = {value};\nendmodule\n"


def _mutant(number: int, line: str) -> Mutant:
    options = re.findall(r"-(\w+) (\S+)", line)
    one = dict(options)
    return Mutant(
        number=number, mode=one["mode"], module=one["module"].rpartition("\\")[2], cell=one["cell"], port=one["port"],
        bit=int(one["portbit"]), wire=one.get("wire", ""), sources=tuple(value for name, value in options if name == "src"),
    )  # fmt: skip

"""The proof of memories: what every other part of the proof takes for granted of them, and what they hold at power-up."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sc_hw_models.scratch import temporary_folder

from ..errors import UserError
from ..manifest import Core
from ..rtl.design import CoreDesign
from ..rtl.instances import Instance
from ..yosys import YosysError, find_yosys, run_yosys
from .induction import Inquiry, memory_script, render, top_of
from .result import Obligation

__all__ = ["MEMORY", "memory_name", "memory_task", "own_memories", "prove_memories"]

MEMORY = "{} returns what was last written to a word; while it is not read, what it gave stays"
_INITIAL = "at power-up the memories hold the words of the initial state"
_READ = """read_verilog -sv {files}
{parameters}
hierarchy -check -top {module}
proc
memory_collect
write_json memory.json
"""


def own_memories(design: CoreDesign) -> dict[str, Instance]:
    """Return the memories of a design by module, without those of its parts, which are proven in their own folders."""
    own = (i for place, i in design.instances().items() if i.parameters and place.partition(".")[0] not in design.parts)
    return {instance.module: instance for instance in own}


def memory_name(design: CoreDesign, module: str) -> str:
    """Return the name of the obligation about a memory module; it begins the names of its assertions."""
    own = module.removeprefix(f"{design.name}_")
    return f"engine_{own}" if own.startswith("memory") else own


def memory_task(design: CoreDesign, sources: Mapping[str, str], module: str) -> dict[str, Any]:
    """Return ``script`` and ``files`` of the question about a memory module; ``sources`` hold it."""
    # With faults planted in it, a memory has its parameters filled in.
    parameters = any("parameter" in text for text in sources.values())
    # Where the lanes never stop, neither do the reads of their memories; the engine's proof has it.
    always = design.queued and module in {design.memory_module(lane) for lane in range(design.lanes)}
    harness = render(
        "memory.sv.j2",
        design,
        top=top_of(design),
        module=module,
        always=always,
        parameters=parameters,
        label=memory_name(design, module),
        **own_memories(design)[module].parameters,
    )
    return {"script": memory_script(sources, design), "files": {**sources, "memory.sv": harness}}


def prove_memories(inquiry: Inquiry) -> Iterator[Obligation]:
    """Prove each memory module of a core, or of what joins cores."""
    design = inquiry.core.design
    for module in sorted(own_memories(design)):
        task = memory_task(design, {f"{module}.v": inquiry.sources[f"{module}.v"]}, module)
        yield from inquiry.decide(module, task, task, {memory_name(design, module): MEMORY.format(module)})
    if design.initial and not design.parts:
        yield _initial(inquiry.core)


def _initial(core: Core) -> Obligation:
    """Compare what the emitted memories hold at power-up, as Yosys elaborates it, with the initial state of the design."""
    started, design = time.monotonic(), core.design
    wrong, yosys = [], find_yosys()
    for lane in range(design.lanes):
        found = _contents(core, own_memories(design)[design.memory_module(lane)], yosys)
        for address, word in enumerate(design.initial_words(lane)):
            expected = f"{word:0{design.spec.state_bits}b}"
            if found.get(address) != expected:
                wrong.append(f"lane {lane}, word {address}: {found.get(address, 'nothing')}, should be {expected}")
    answer = {"solver": "yosys", "version": yosys[1], "answer": "read", "seconds": round(time.monotonic() - started, 3)}
    note = "; ".join(wrong[:4]) + (f"; and {len(wrong) - 4:,} more" if len(wrong) > 4 else "")
    return Obligation(
        name="engine_initial", statement=_INITIAL, verdict="refuted" if wrong else "proven", answers=[answer], note=note
    )


def _contents(core: Core, memory: Instance, yosys: tuple[Path | None, str]) -> dict[int, str]:
    """Return the words of a memory module at power-up as binary digits, by address; those without are absent."""
    name = f"{memory.module}.v"
    parameters = "\n".join(f"chparam -set {name} {value} {memory.module}" for name, value in memory.parameters.items())
    with temporary_folder() as folder:
        (folder / name).write_text(core.verilog_text[name], encoding="utf-8")
        script = _READ.format(files=name, parameters=parameters, module=memory.module)
        try:
            run_yosys(script, path=yosys[0], cwd=folder)
        except YosysError as error:
            raise UserError(f"{core.folder}: Yosys {yosys[1]} cannot read {name}: {error.reason}") from error
        modules = json.loads((folder / "memory.json").read_text(encoding="utf-8"))["modules"]
    columns: dict[int, tuple[int, str]] = {}
    for cell in (cell for module in modules.values() for cell in module["cells"].values() if cell["type"] == "$mem_v2"):
        values = cell["parameters"]
        place = re.fullmatch(r"\\columns\[(\d+)\]\.words", values["MEMID"])
        if place:
            columns[int(place[1])] = int(values["WIDTH"], 2), values["INIT"]
    words = {}
    for address in range(memory.parameters["WORDS"]):
        parts = [_word(columns[column], address) for column in sorted(columns, reverse=True)]
        text = "".join(parts)
        if "x" not in text and text:
            words[address] = text
    return words


def _word(column: tuple[int, str], address: int) -> str:
    """Return one word of a memory's initial contents, whose last digits belong to address 0."""
    width, digits = column
    if len(digits) < (address + 1) * width:
        return "x" * width
    end = len(digits) - address * width
    return digits[end - width : end]

"""The proof of memories: what every other part of the proof takes for granted of them, and what they hold at power-up."""

import json
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sc_hw_models.scratch import temporary_folder

from ..errors import UserError
from ..manifest import Core
from ..rtl.design import CoreDesign
from ..rtl.instances import Instance
from ..yosys import YosysError, find_yosys, run_yosys
from .assumption import CHOICE, DEFINITION, WORD, Assumption, before
from .induction import Folder, Inquiry, harness, memory_script
from .result import Obligation

__all__ = [
    "MEMORY",
    "MEMORY_ASSUMPTIONS",
    "contents_differ",
    "initial_obligation",
    "memory_name",
    "memory_pins",
    "memory_question",
    "memory_task",
    "own_memories",
    "prove_memories",
]

MEMORY_ASSUMPTIONS = (
    Assumption(harness="memory", name="word", meaning=WORD, kind=CHOICE),
    Assumption(harness="memory", name="content", meaning="a name for what the word holds at power-up", kind=DEFINITION),
    before(
        "memory",
        "reads",
        "where results queue, the lanes' memories are read in every clock",
        "engine_sweep",
        when=lambda design: design.queued and not design.parts,
    ),
)
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


def memory_pins(address_bits: int, bits: int) -> dict[str, int]:
    """Return the pins of a memory but for its clock, with bits."""
    sides = (("read_enable", "read_address", "read_data"), ("write_enable", "write_address", "write_data"))
    return {pin: width for pins in sides for pin, width in zip(pins, (1, address_bits, bits), strict=True)}


def memory_task(design: CoreDesign, sources: Mapping[str, str], module: str) -> dict[str, Any]:
    """Return ``script`` and ``files`` of the question about a memory module; ``sources`` hold it."""
    # With faults planted in it, a memory has its parameters filled in.
    parameters = any("parameter" in text for text in sources.values())
    # Where the lanes never stop, neither do the reads of their memories; the engine's proof has it.
    always = design.queued and module in {design.memory_module(lane) for lane in range(design.lanes)}
    return memory_question(
        own_memories(design)[module], sources, label=memory_name(design, module), always=always, parameters=parameters
    )


def memory_question(
    memory: Instance,
    sources: Mapping[str, str],
    *,
    label: str,
    always: bool = False,
    parameters: bool = True,
    parts: Sequence[tuple[str, int, int]] = (),
    registers: bool = False,
    exists: bool = False,
) -> dict[str, Any]:
    """Return ``script`` and ``files`` of the question about a memory with its parameters; ``label`` begins the assertions.

    ``parts`` are places of memories inside, each with its first word and the bits of its address, where it is not one by
    itself; ``registers`` says that its words are registers. ``always``: it is read in every clock; ``exists``: only words that
    there are are written; ``parameters``: the module has some.
    """
    top = f"{memory.module}_proof"
    text = harness(
        "memory.sv.j2",
        top=top,
        module=memory.module,
        always=always,
        parameters=parameters,
        label=label,
        parts=parts or [("", 0, memory.parameters["ADDRESS_BITS"])],
        registers=registers,
        exists=exists,
        **memory.parameters,
    )
    return {"script": memory_script(sources, top), "files": {**sources, "memory.sv": text}}


def prove_memories(inquiry: Inquiry[Core], *, only: Collection[str] | None = None) -> Iterator[Obligation]:
    """Prove each memory module of a core, or of what joins cores, or those of ``only`` one block of it."""
    design = inquiry.core.design
    for module in sorted(own_memories(design) if only is None else only):
        task = memory_task(design, {f"{module}.v": inquiry.sources[f"{module}.v"]}, module)
        yield from inquiry.decide(module, task, task, {memory_name(design, module): MEMORY.format(module)})
    if design.initial and not design.parts and only is None:
        yield _initial(inquiry.core)


def _initial(core: Core) -> Obligation:
    """Compare what the emitted memories hold at power-up, as Yosys elaborates it, with the initial state of the design."""
    started, design = time.monotonic(), core.design
    wrong, yosys = [], find_yosys()
    for lane in range(design.lanes):
        memory = own_memories(design)[design.memory_module(lane)]
        wrong += contents_differ(core, memory, design.initial_words(lane), f"lane {lane}", yosys)
    return initial_obligation("engine_initial", _INITIAL, wrong, yosys[1], time.monotonic() - started)


def initial_obligation(name: str, statement: str, wrong: Sequence[str], version: str, seconds: float) -> Obligation:
    """Return what became of the question what memories hold at power-up; ``wrong`` are words that differ."""
    answer = {"solver": "yosys", "version": version, "answer": "read", "seconds": round(seconds, 3)}
    note = "; ".join(wrong[:4]) + (f"; and {len(wrong) - 4:,} more" if len(wrong) > 4 else "")
    return Obligation(name=name, statement=statement, verdict="refuted" if wrong else "proven", answers=[answer], note=note)


def contents_differ(
    core: Folder, memory: Instance, words: Sequence[int], place: str, yosys: tuple[Path | None, str]
) -> list[str]:
    """Return the words of a memory module that at power-up are not ``words``."""
    found, bits = _contents(core, memory, yosys), memory.parameters["WORD_BITS"]
    return [
        f"{place}, word {address}: {found.get(address, 'nothing')}, should be {word:0{bits}b}"
        for address, word in enumerate(words)
        if found.get(address) != f"{word:0{bits}b}"
    ]


def _contents(core: Folder, memory: Instance, yosys: tuple[Path | None, str]) -> dict[int, str]:
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

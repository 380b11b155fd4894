"""Which mutants of the engine or of a memory break a statement of the proof? A search from reset by ABC, of one netlist."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sc_hw_models.scratch import temporary_folder

from ..faults.plant import SELECTION_BITS
from ..manifest import Core
from ..rtl.queue import queue_of
from ..yosys import run_abc, run_pinned_yosys
from .engine import engine_task, queue_task
from .induction import read_sources
from .memories import memory_task

__all__ = ["find_broken"]

_CLOCKS = 80  # of the search, for most a matter of a second
# The harness has one output, and the number of the mutant is an input.
_WRITE = """
expose -evert t:{selection}
expose w:broken
chformal -lower
memory_map
setundef -undriven -anyseq
opt -full
techmap
opt -fast
dffunmap
setundef -zero
aigmap
opt_clean
write_aiger -ascii -zinit -map question.map question.aag
"""
_SEARCH = "read_aiger mutant.aig; fold; strash; scorr; bmc3 -F {clocks}"


def find_broken(planted: Core, module: str) -> Callable[[int, int], int | None]:
    """Return a function of a mutant of ``module`` and seconds: the clock in which it can break a statement, ``None`` if unfound.

    The statements are those of ``prove_engine``, its invariants among them: what breaks one of these from reset may still
    be invisible. A search takes at most the seconds given, of a processor, and goes no further than 80 clocks.
    Errors: ``YosysError``.
    """
    names = planted.manifest["modules"]
    sources = {name: text for name, text in read_sources(planted).items() if not name.startswith(names["selection"])}
    task = _task(planted, module, sources)
    script = re.sub(r"^write_json .*\n", "", task["script"], flags=re.MULTILINE)
    with temporary_folder() as folder:
        for file, text in task["files"].items():
            (folder / file).write_text(text if file in sources else _one_output(text, names["selection"]), encoding="utf-8")
        run_pinned_yosys(script + _WRITE.format(selection=names["selection"]), cwd=folder)
        question, table = ((folder / f"question.{kind}").read_text(encoding="ascii") for kind in ("aag", "map"))
    # Every module with a choice in it asks for the number: each of these places gets the bit.
    inputs = {
        int(place): int(bit) for place, bit in re.findall(r"^input (\d+) (\d+) \S*selection\.selected$", table, re.MULTILINE)
    }

    def search(number: int, seconds: int) -> int | None:
        with temporary_folder() as folder:
            chosen = {place: number >> bit & 1 for place, bit in inputs.items()}
            (folder / "mutant.aig").write_bytes(_fixed(question, chosen))
            said = run_abc(_SEARCH.format(clocks=_CLOCKS), cwd=folder, processor=seconds)
        found = re.search(r"was asserted in frame +(\d+)", said)
        return int(found[1]) if found else None

    return search


def _task(planted: Core, module: str, sources: Mapping[str, str]) -> dict[str, Any]:
    """Return the question of which ``module`` is part."""
    design, queue = planted.design, queue_of(planted.design)
    if module == planted.manifest["modules"]["core"]:
        return engine_task(design, sources)
    if queue and module == queue.name:
        return queue_task(design, sources)
    return memory_task(design, sources, module)


def _one_output(harness: str, selection: str) -> str:
    """Return a harness whose assertions make ``broken`` high, and whose core takes its number from outside."""
    head, *blocks = re.sub(r"^ *\w+: cover \(.*\);\n", "", harness, flags=re.MULTILINE).split("always @* if (started) begin\n")
    text = f"{head}  reg [{len(blocks) - 1}:0] breaks;\n  (* keep *) wire broken = |breaks;\n"
    for k, block in enumerate(blocks):
        text += f"  always @* if (!started) breaks[{k}] = 0; else begin breaks[{k}] = 0;\n"
        text += re.sub(r"\w+: assert \((.*)\);$", rf"if (!(\1)) breaks[{k}] = 1;", block, flags=re.MULTILINE)
    return f"{text}(* blackbox *) module {selection} (output wire [{SELECTION_BITS - 1}:0] selected); endmodule\n"


def _fixed(question: str, inputs: Mapping[int, int]) -> bytes:
    """Return an AIGER text in its binary form, which is what ABC reads, with some ``inputs`` (by place) constant."""
    head, *lines = question.splitlines()
    _, *numbers = head.split()
    _, given, latches, outputs, ands, *properties = (int(number) for number in numbers)
    constants = {2 * place + 2: value for place, value in inputs.items()}

    def literal(word: str) -> int:
        number = int(word)
        return constants.get(number & ~1, number & ~1) ^ (number & 1)

    low = given + latches
    high = low + outputs + sum(properties)
    text = [" ".join(["aig", *numbers])]
    for line in lines[given:low]:
        _, following, *reset = line.split()
        text.append(" ".join([str(literal(following)), *reset]))
    text += [str(literal(line)) for line in lines[low:high]]
    gates = bytearray()
    for line in lines[high : high + ands]:
        result, *operands = line.split()
        larger, smaller = sorted((literal(word) for word in operands), reverse=True)
        for delta in (int(result) - larger, larger - smaller):
            while delta >= 128:
                gates.append(delta & 127 | 128)
                delta >>= 7
            gates.append(delta)
    return "\n".join([*text, ""]).encode("ascii") + bytes(gates)

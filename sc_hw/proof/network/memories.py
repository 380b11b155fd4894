"""The memories of a network's blocks: what each gives, and what those with contents hold at power-up."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...network_folder import EmittedNetwork
from ...rtl.instances import Instance, memory_instance
from ...rtl.networks.block import NetworkBlock
from ...rtl.networks.feedback import FeedbackBlock
from ...rtl.networks.projection import ProjectionBlock
from ...yosys import find_yosys
from ..induction import Inquiry
from ..memories import MEMORY, contents_differ, initial_obligation, memory_question
from ..result import Obligation

__all__ = ["memory_statements", "prove_block_memories"]

_INITIAL = "at power-up {} holds the words of the network"


def memory_statements(block: NetworkBlock) -> dict[str, str]:
    """Return the obligations about the memories of a block by name, each after the place of its memory."""
    found = {f"memory_{place}": MEMORY.format(f"{block.name}_{place}") for place in block.memories()}
    return found | {f"initial_{place}": _INITIAL.format(f"{block.name}_{place}") for place in _contents(block)}


def _contents(block: NetworkBlock) -> dict[str, Sequence[int]]:
    """Return the words of the memories that are filled, by place."""
    match block:
        case ProjectionBlock():
            return {"synapses": block.initial}
        case FeedbackBlock() if block.signs:
            return {"signs": block.signs}
    return {}


def prove_block_memories(inquiry: Inquiry[EmittedNetwork], block: NetworkBlock) -> Iterator[Obligation]:
    """Prove each memory of a block, named as ``memory_statements``."""
    statements = memory_statements(block)
    for place in block.memories():
        task = memory_task(block, place, inquiry.sources)
        name = f"memory_{place}"
        yield from inquiry.decide(f"{block.name}_{place}", task, task, {name: statements[name]})
    for place, content in _contents(block).items():
        started, yosys = time.monotonic(), find_yosys()
        wrong: list[str] = []
        for memory, first in _filled(block, place):
            own = content[first : first + memory.parameters["WORDS"]]
            wrong += contents_differ(inquiry.core, memory, own, memory.module, yosys)
        yield initial_obligation(f"initial_{place}", statements[f"initial_{place}"], wrong, yosys[1], time.monotonic() - started)


def _filled(block: NetworkBlock, place: str) -> Iterator[tuple[Instance, int]]:
    """Yield the memories that hold a block's contents, each with its first word."""
    instances = block.instances()
    if whole := block.whole_blocks(place):
        yield instances[f"{place}.blocks"], 0
        yield instances[f"{place}.rest"], whole
    else:
        yield instances[place], 0


def memory_task(block: NetworkBlock, place: str, sources: Mapping[str, str]) -> dict[str, Any]:
    """Return the question about one memory, with the modules that it is made of."""
    module = f"{block.name}_{place}"
    words, bits = block.memories()[place]
    whole = block.whole_blocks(place)
    memory = memory_instance(module, bits, words, bits)
    inner = [f"{module}_blocks", f"{module}_rest"] if whole else []
    parts = []
    if whole:
        own = block.instances()
        parts = [
            (f"{part}.", first, own[f"{place}.{part}"].parameters["ADDRESS_BITS"])
            for part, first in (("blocks", 0), ("rest", whole))
        ]
    return memory_question(
        memory,
        {f"{name}.v": sources[f"{name}.v"] for name in (module, *inner)},
        label=f"memory_{place}",
        parameters=bool(block.instances()[place].parameters),
        parts=parts,
        registers=block.in_registers(place),
        # Of what is written beyond, registers and a memory in two parts may make another word; the ledger has what rules it out.
        exists=block.in_registers(place) or bool(whole),
    )

"""The register of shifts: each of its steps is the golden model's, from any state, and so also long after a reset."""

from collections.abc import Iterator, Mapping
from typing import Any

from sc_hw_models.lfsr import Lfsr

from ...network_folder import EmittedNetwork
from ...rtl.networks.block import NetworkBlock
from ...rtl.networks.pixels import PixelsBlock
from ..induction import Inquiry, engine_script
from ..result import Obligation
from .question import render

__all__ = ["chance_statements", "chance_task", "prove_chance", "steps_of"]

_STATEMENTS = {"chance": "the register of shifts is restarted, steps and is kept as the golden model's, and gives its low bits"}


def chance_statements(block: NetworkBlock) -> dict[str, str]:
    """Return the obligations about the random register of a block by name: none where it has none of its own."""
    return _STATEMENTS if isinstance(block, PixelsBlock) and block.jitter else {}


def steps_of(lfsr: Lfsr) -> list[list[int]]:
    """Return for each bit of a register the bits before a step of which it is the parity, as the golden model's step says."""
    images = [lfsr.step(1 << source) for source in range(lfsr.bits)]
    return [[source for source, image in enumerate(images) if image >> bit & 1] for bit in range(lfsr.bits)]


def chance_task(block: PixelsBlock, sources: Mapping[str, str]) -> dict[str, Any]:
    """Return the question about the random register of a block."""
    module, top = f"{block.name}_random", f"{block.name}_random_proof"
    lfsr = block.lfsr
    text = render("chance.sv.j2", top=top, module=module, bits=lfsr.bits, fresh=lfsr.fresh, steps=steps_of(lfsr))
    files = {f"{module}.v": sources[f"{module}.v"], "engine.sv": text}
    return {"script": engine_script([f"{module}.v"], [], top), "files": files}


def prove_chance(inquiry: Inquiry[EmittedNetwork], block: NetworkBlock) -> Iterator[Obligation]:
    """Prove what ``chance_statements`` has."""
    if isinstance(block, PixelsBlock) and (statements := chance_statements(block)):
        task = chance_task(block, inquiry.sources)
        yield from inquiry.decide(f"{block.name}_random", task, task, statements)

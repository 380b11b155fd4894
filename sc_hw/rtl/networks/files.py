"""The Verilog of a network, by file name."""

from collections.abc import Iterator

from ..contents import contents
from ..graph_text import graph_text
from ..text import finished
from ..verilog import block_text, divided_text, lane_files, memory_file, random_text, registers_text
from .block import NetworkBlock
from .design import NetworkDesign
from .feedback import FeedbackBlock
from .pixels import PixelsBlock
from .projection import ProjectionBlock

__all__ = ["network_files"]


def network_files(design: NetworkDesign) -> dict[str, str]:
    """Return the Verilog files of a network, the top first: each block, what stands inside it, its memories."""
    files = {f"{design.name}.v": finished(graph_text(design.graph))}
    for block in design.blocks.values():
        files[f"{block.name}.v"] = block_text(block.template, block)
        files |= dict(_inside(block))
    return files


def _inside(block: NetworkBlock) -> Iterator[tuple[str, str]]:
    """Yield the files of what a block is made of."""
    if isinstance(block, ProjectionBlock) and block.core:
        yield from lane_files(block.core).items()
    if isinstance(block, PixelsBlock) and block.jitter:
        yield f"{block.name}_random.v", random_text(block.name, block.lfsr)
    held = {}
    if isinstance(block, ProjectionBlock):
        held = {"synapses": block.initial}
    if isinstance(block, FeedbackBlock) and block.signs:
        held = {"signs": block.signs}
    for place, (words, bits) in block.memories().items():
        module = f"{block.name}_{place}"
        if block.in_registers(place):
            yield f"{module}.v", registers_text(module, f"{place} of {block.name}", words, bits)
            continue
        if whole := block.whole_blocks(place):
            yield f"{module}.v", divided_text(module, f"{place} of {block.name}", words, bits, whole)
            for part, own in (("blocks", held[place][:whole]), ("rest", held[place][whole:])):
                yield from memory_file(f"{module}_{part}", f"{part} of {module}", contents(own, bits)).items()
            continue
        filled = contents(held[place], bits) if place in held else ""
        yield from memory_file(module, f"{place} of {block.name}", filled).items()

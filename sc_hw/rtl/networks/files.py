"""The Verilog of a network, by file name, whichever generator makes it."""

from collections.abc import Iterator, Mapping

from ..contents import contents
from ..generators import DEFAULT_GENERATOR
from ..graph_text import graph_text
from ..text import finished
from ..verilog import block_text, divided_text, lane_files, memory_file, random_text, registers_text
from .block import NetworkBlock
from .design import NetworkDesign
from .feedback import FeedbackBlock
from .pixels import PixelsBlock
from .projection import ProjectionBlock

__all__ = ["network_files"]


def network_files(design: NetworkDesign, generator: str = DEFAULT_GENERATOR) -> dict[str, str]:
    """Return the Verilog files of a network, the top first: each block, what stands inside it, its memories.

    Both generators instantiate the same memories. Errors: as the generator's.
    """
    if generator == "amaranth":
        from .modules import network_modules_text  # imported here: it costs a quarter of a second

        made = network_modules_text(design)
    else:
        made = _templates(design)
    top = f"{design.name}.v"
    files = {top: made[top]}
    for block in design.blocks.values():
        kept = {f"{block.name}_{place}.v" for place in block.memories()}
        inside = [name for name in made if name.startswith(f"{block.name}_") and name not in kept]
        files |= {name: made[name] for name in (f"{block.name}.v", *inside)} | dict(_memories(block, made))
    return files


def _templates(design: NetworkDesign) -> dict[str, str]:
    """Return the files that are no memories, from their templates."""
    files = {f"{design.name}.v": finished(graph_text(design.graph))}
    for block in design.blocks.values():
        files |= {f"{block.name}.v": block_text(block.template, block)} | dict(_inside(block))
    return files


def _inside(block: NetworkBlock) -> Iterator[tuple[str, str]]:
    """Yield the Verilog of what a block is made of beside memories."""
    if isinstance(block, ProjectionBlock) and block.core:
        yield from lane_files(block.core).items()
    if isinstance(block, PixelsBlock) and block.jitter:
        yield f"{block.name}_random.v", random_text(block.name, block.lfsr)
    for place, (words, bits) in block.memories().items():
        module, kept = f"{block.name}_{place}", f"{place} of {block.name}"
        if block.in_registers(place):
            yield f"{module}.v", registers_text(module, kept, words, bits)
        elif whole := block.whole_blocks(place):
            yield f"{module}.v", divided_text(module, kept, words, bits, whole)


def _memories(block: NetworkBlock, made: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the memories of a block by place, with those that a generator made."""
    held = {}
    if isinstance(block, ProjectionBlock):
        held = {"synapses": block.initial}
    if isinstance(block, FeedbackBlock) and block.signs:
        held = {"signs": block.signs}
    for place, (_, bits) in block.memories().items():
        module = f"{block.name}_{place}"
        if (file := f"{module}.v") in made:
            yield file, made[file]
        if block.in_registers(place):
            continue
        if whole := block.whole_blocks(place):
            for part, own in (("blocks", held[place][:whole]), ("rest", held[place][whole:])):
                yield from memory_file(f"{module}_{part}", f"{part} of {module}", contents(own, bits)).items()
            continue
        filled = contents(held[place], bits) if place in held else ""
        yield from memory_file(module, f"{place} of {block.name}", filled).items()

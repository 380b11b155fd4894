"""The Amaranth of a network, by module: its top, its blocks, and what stands inside them beside memories."""

from importlib import import_module

from ..amaranth import AmaranthModule, lane_modules, module_of, random_module, written
from ..graph_top import GraphTop
from ..verilog import memory_ports, random_purpose
from .block import NetworkBlock
from .components.memories import DividedMemory, RegisterMemory
from .design import NetworkDesign
from .pixels import PixelsBlock
from .projection import ProjectionBlock

__all__ = ["block_modules", "network_modules", "network_modules_text"]


def network_modules(design: NetworkDesign) -> dict[str, AmaranthModule]:
    """Return the modules of a network by name, the top first; memories are not among them, but those that are none are."""
    graph = design.graph
    modules = {design.name: module_of(design.name, graph.purpose, graph.ports(), GraphTop(graph))}
    for block in design.blocks.values():
        modules |= block_modules(block)
    return modules


def network_modules_text(design: NetworkDesign) -> dict[str, str]:
    """Return the Verilog files of ``network_modules`` by name. Errors: ``YosysError``, which is a bug here."""
    return written(network_modules(design))


def block_modules(block: NetworkBlock) -> dict[str, AmaranthModule]:
    """Return the modules of a block by name, its own first."""
    file, _, component = block.component.partition(".")
    made = getattr(import_module(f"{__package__}.components.{file}"), component)(block)
    modules = {block.name: module_of(block.name, block.purpose, block.ports(), made)}
    if isinstance(block, ProjectionBlock) and block.core:
        modules |= lane_modules(block.core)
    if isinstance(block, PixelsBlock) and block.jitter:
        name = f"{block.name}_random"
        modules[name] = random_module(name, random_purpose(block.lfsr, of=""), block.lfsr)
    for place, (words, bits) in block.memories().items():
        name, ports, kept = f"{block.name}_{place}", memory_ports(words, bits), f"{place} of {block.name}"
        if block.in_registers(place):
            purpose = f"{kept}, so few bits that they are registers"
            modules[name] = module_of(name, purpose, ports, RegisterMemory(words, bits), reset=False)
        elif whole := block.whole_blocks(place):
            purpose = f"{kept}, {whole} words in whole blocks and {words - whole} beside them"
            modules[name] = module_of(name, purpose, ports, DividedMemory(name, words, bits, whole), reset=False)
    return modules

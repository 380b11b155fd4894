"""What one block costs: its own module as the top, with the memories and the parameters that it has in its design."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..manifest import Core
from ..network_folder import EmittedNetwork, is_network
from ..rtl.port import Port
from ..run import Run, begin, begin_network
from .network import network_place, within_network
from .place import placed, within

__all__ = ["Costed", "begun", "costed"]


@dataclass(frozen=True, kw_only=True)
class Costed:
    """A block of ``core`` as synthesis sees it: its ``place``, its module ``top``, its ports, the bits of each memory in it."""

    core: str
    place: str
    top: str
    ports: Sequence[Port]
    memories: list[int]

    @property
    def named(self) -> dict[str, Any]:
        """What a record says of which block it is."""
        return {"core": self.core, "block": self.place, "module": self.top}


def costed(core: Core | EmittedNetwork, name: str) -> Costed:
    """Return the block that a name means. Errors: ``UserError`` for no block of the folder."""
    if isinstance(core, EmittedNetwork):
        place = network_place(core, name)
        block = core.design.blocks[place]
        # One that is kept in registers by intent is no memory to synthesis.
        own = {memory: words * bits for memory, (words, bits) in block.memories().items()}
        bits = [size for memory, size in own.items() if not block.in_registers(memory)]
        return Costed(core=core.design.name, place=place, top=block.name, ports=block.ports(), memories=bits)
    one = placed(core, name)
    top, ports = one.block.name, one.block.ports()
    return Costed(core=core.design.name, place=one.place, top=top, ports=ports, memories=one.memory_bits)


def begun(verb: str, folder: Path, block: str, module: str) -> AbstractContextManager[Run[Any]]:
    """Return the run of a verb on a folder, or on a ``block`` inside.

    Errors: ``UserError`` for a block and a ``module`` of the core, which are two choices of one thing.
    """
    if block and module != "core":
        raise UserError(f"--module {module}: is of a core, and --block {block} is no core; leave out one of the two")
    if is_network(folder):
        return begin_network(verb, folder, within=within_network(block)) if block else begin_network(verb, folder)
    return begin(verb, folder, within=within(block)) if block else begin(verb, folder)

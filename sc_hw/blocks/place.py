"""Which block a name means: a core inside, which has a folder of its own, or one of the blocks between cores."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..elaboration import standing
from ..errors import UserError, in_shell, shown
from ..manifest import MANIFEST, Core
from ..manifest.topologies import by_schema
from ..network_folder import EmittedNetwork, is_network
from ..rtl.blocks import PlayedBlock, blocks_of
from ..rtl.design import CoreDesign
from ..strict import read_json

__all__ = ["Placed", "block_names", "inside", "names_in", "only_core", "placed", "refuse_network", "see_standing", "within"]


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A block at its ``place`` in an emitted core, layer or crossbar."""

    core: Core
    place: str
    block: PlayedBlock

    @property
    def memories(self) -> dict[str, int]:
        """The memories inside by module, each with its bits."""
        inner = self.block.instances().values()
        return {one.module: one.parameters["WORDS"] * one.parameters["WORD_BITS"] for one in inner if one.parameters}

    @property
    def memory_bits(self) -> list[int]:
        """The bits of each memory, a module as often as it stands inside."""
        inner = self.block.instances().values()
        return [one.parameters["WORDS"] * one.parameters["WORD_BITS"] for one in inner if one.parameters]

    @property
    def files(self) -> dict[str, str]:
        """The Verilog of the block and its memories by file, as it is in the folder."""
        texts = self.core.verilog_text
        return {f"{module}.v": texts[f"{module}.v"] for module in (self.block.name, *self.memories)}

    @property
    def named(self) -> dict[str, str]:
        """What a record says of which block it is."""
        return {"core": self.core.design.name, "block": self.place, "module": self.block.name}

    @property
    def edited(self) -> list[str]:
        """Those of its files that are not as they were emitted."""
        return [name for name in self.core.edited if name in self.files]


def inside(folder: Path, name: str | None) -> tuple[Path, str]:
    """Return the folder that a verb works on and the name of the block in it; of a core inside its own folder, and no name.

    ``place/name`` is the block of a core inside. What is no folder of ours is left to the verb, which says so better.
    """
    if name is None:
        return folder, ""
    if not name:
        raise UserError(f"--block {shown(name)}: no name; leave it out for the whole, or give that of a block")
    place, _, rest = name.partition("/")
    return inside(folder / place, rest or None) if place in _parts(folder) else (folder, name)


def only_core(folder: Path, name: str | None, verb: str, why: str) -> Path:
    """Return the folder of a core inside, or the whole.

    Errors: ``UserError`` for another block, with which the verb does nothing, because it does what ``why`` says.
    """
    folder, block = inside(folder, name)
    if block:
        raise UserError(f"--block {shown(block)}: sc-hw {verb} {why}; leave it out, or give a core inside")
    return folder


def placed(core: Core, name: str) -> Placed:
    """Return the block that a name means: its place in the graph, or its module. Errors: ``UserError`` for none."""
    blocks = blocks_of(core.design)
    for place, block in blocks.items():
        if name in (place, block.name, block.name.removeprefix(f"{core.design.name}_")):
            return Placed(core=core, place=place, block=block)
    allowed = names_in(core.design)
    if not allowed:
        raise UserError(f"--block {shown(name)}: {in_shell(core.folder)} is a core with no block inside; leave it out")
    raise UserError(f"--block {shown(name)}: no block of {in_shell(core.folder)}; allowed are {', '.join(allowed)}")


def refuse_network(folder: Path, name: str, verb: str) -> None:
    """Raise ``UserError`` for a network, of whose blocks this verb knows nothing alone."""
    if is_network(folder):
        raise UserError(
            f"--block {shown(name)}: {folder} is a network, whose blocks sc-hw {verb} only takes together; leave --block out, or "
            "use sc-hw prove, synth or pnr, which take one"
        )


def see_standing(core: Core | EmittedNetwork, place: str, module: str) -> None:
    """Raise ``UserError`` unless a block stands at its place in what may have been edited; else nothing of the design is played.

    It says what the obligation ``structure`` of a proof says of such a folder.
    """
    if not core.edited:
        return
    found = standing(core.verilog_text, core.design.name).get(place)
    if found != module:
        wrong = f"missing, should be {module}" if found is None else f"is {shown(found)}, should be {module}"
        text = f"--block {place}: {wrong}, in {in_shell(core.folder)}, which was edited; correct its files or emit it again"
        raise UserError(text)


def within(name: str, *, proof: bool = False) -> Callable[[Core], str]:
    """Return where in the results of a core those of the block called ``name`` go.

    It must stand in the core, which a ``proof`` says itself of all that does.
    """

    def of_block(core: Core) -> str:
        one = placed(core, name)
        if not proof:
            see_standing(core, one.place, one.block.name)
        return f"blocks/{one.place}"

    return of_block


def names_in(design: CoreDesign) -> list[str]:
    """Return what names a block or a core of a design, its blocks first."""
    own = [*blocks_of(design), *design.parts]
    return own + [f"{place}/{name}" for place, (_, part) in design.parts.items() for name in names_in(part)]


def block_names(folder: Path) -> list[str]:
    """Return what names a block of an emitted folder, as far as its manifest alone tells; none of what is no folder of ours."""
    try:
        manifest = read_json(folder / MANIFEST, remedy="")
        if isinstance(manifest, Mapping) and isinstance(blocks := manifest.get("blocks"), Mapping):  # of a network
            return [*map(str, blocks)]
        return names_in(by_schema()[manifest["schema"]].built(manifest, {}))
    except (UserError, KeyError, TypeError, ValueError, AttributeError):
        return []


def _parts(folder: Path) -> Mapping[str, Any]:
    try:
        manifest = read_json(folder / MANIFEST, remedy="")
    except UserError:
        return {}
    parts = manifest.get("parts") if isinstance(manifest, Mapping) else None
    return parts if isinstance(parts, Mapping) else {}

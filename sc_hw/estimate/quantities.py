"""What a design holds before synthesis: gates, registers, carries, multipliers, memories, counted in the RTL itself."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import msgspec

from ..rtl.amaranth import AmaranthModule, amaranth_joined_modules, amaranth_modules
from ..rtl.design import CoreDesign
from ..rtl.graph import inner_blocks
from .gates import Multiplier, Placed, gates_of
from .rtlil import Module, read_module

__all__ = ["SIZES", "Memory", "Quantities", "quantities_of"]

SIZES = (4, 6)  # inputs of the LUTs of the devices there are


class Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """A memory with a read and a write port, as it is given to synthesis: ``words`` of ``bits``, or told to be ``block`` RAM."""

    words: int
    bits: int
    block: bool = False


@dataclass(frozen=True)
class Quantities:
    """The sums over a design. ``packed`` are the LUTs that its gates fill, of lanes and of the rest: of ``SIZES`` inputs each.

    Products and memories come with how many there are of each.
    """

    lane_packed: tuple[int, ...]
    rest_packed: tuple[int, ...]
    registers: int
    random: int
    carries: int
    chains: int
    controls: int
    multipliers: tuple[tuple[Multiplier, int], ...]
    memories: tuple[tuple[Memory, int], ...]


@dataclass
class _Sums:
    counts: Counter[str] = field(default_factory=Counter)
    multipliers: Counter[Multiplier] = field(default_factory=Counter)
    memories: Counter[Memory] = field(default_factory=Counter)

    def add(self, other: "_Sums") -> None:
        self.counts.update(other.counts)
        self.multipliers.update(other.multipliers)
        self.memories.update(other.memories)


def quantities_of(design: CoreDesign, *, module: str = "core") -> Quantities:
    """Return the quantities of a design, or of one lane of it. Nothing is emitted and no tool is run."""
    modules = {name: read_module(module.rtlil) for name, module in _modules(design).items()}
    top = design.name if module == "core" else f"{design.name}_lane"
    inner = inner_blocks(design) if design.graph else []
    blocks = {f"{block.name}_memory" for block in inner if getattr(block, "block_ram", False)}
    sums = _Reader(modules, blocks).sums(Placed(top, (), frozenset(), frozenset()), top=True)
    counts = sums.counts
    return Quantities(
        tuple(counts[f"lane {k}"] for k in SIZES),
        tuple(counts[f"rest {k}"] for k in SIZES),
        counts["registers"],
        counts["random"],
        counts["carries"],
        counts["chains"],
        counts["controls"],
        tuple(sums.multipliers.items()),
        tuple(sums.memories.items()),
    )


def _modules(design: CoreDesign) -> dict[str, AmaranthModule]:
    if not design.graph:
        return amaranth_modules(design)
    return {name: module for _, part in design.parts.values() for name, module in amaranth_modules(part).items()} | (
        amaranth_joined_modules(design)
    )


class _Outputs(dict[str, list[str]]):
    def __missing__(self, name: str) -> list[str]:
        return ["read_data"]  # of a memory


class _Reader:
    """Reads each module once for each way in which it is placed: lanes are alike."""

    def __init__(self, modules: Mapping[str, Module], blocks: Collection[str]) -> None:
        self._modules, self._blocks = modules, blocks  # memories that say that they are block RAM
        self._outputs = _Outputs({name: [output[1:] for output in module.outputs] for name, module in modules.items()})
        self._known: dict[Placed, _Sums] = {}

    def sums(self, placed: Placed, *, top: bool = False) -> _Sums:
        sums = _Sums()
        if placed.name not in self._modules:
            return self._memory(placed)
        gates = gates_of(self._modules[placed.name], self._outputs, None if top else placed)
        part = "lane" if placed.name.endswith(("_lane", "_datapath", "_random")) else "rest"
        sums.counts.update({f"{part} {k}": gates.packed(k) for k in SIZES})
        if placed.name.endswith("_random"):
            sums.counts["random"] += gates.registers
        sums.counts.update(registers=gates.registers, carries=gates.carries, chains=gates.chains, controls=gates.controls)
        sums.multipliers.update(gates.multipliers)
        sums.counts["shared"] = gates.shared_registers
        for inner in gates.instances:
            if inner not in self._known:
                self._known[inner] = self.sums(inner)
            sums.add(self._known[inner])
        names = Counter(inner.name for inner in gates.instances)
        for inner in {inner.name: inner for inner in gates.instances}.values():  # what all have alike becomes one
            sums.counts["registers"] -= (names[inner.name] - 1) * self._known[inner].counts["shared"]
        if top or any(count > 1 for count in names.values()):
            sums.counts["shared"] = gates.shared_registers
        return sums

    def _memory(self, placed: Placed) -> _Sums:
        """Return a memory as the columns that its module splits it into."""
        p, sums = dict(placed.parameters), _Sums()
        whole, left = divmod(p["WORD_BITS"], p["COLUMN_BITS"])
        for bits, number in ((p["COLUMN_BITS"], whole), (left, 1)):
            if bits:
                sums.memories[Memory(p["WORDS"], bits, placed.name in self._blocks)] += number
        return sums

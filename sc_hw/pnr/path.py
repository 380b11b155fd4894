"""The critical path in the design's own terms: from which register, through which signals, to which register or memory."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .wrapper import CORE_CLOCK, INSTANCE, PORT_SUFFIX

__all__ = ["Names", "TimingPath", "critical_path"]

_PACKED = re.compile(r"(_LC|_DFFLC|_RAM|_DSP|_SPRAM|\$.*)$")  # what nextpnr appends to a cell that it packs
_PART = re.compile(r"(\.\d+)+$")  # one of the blocks that a memory is made of
_BIT = re.compile(r"\[\d+\]$")


@dataclass(frozen=True, kw_only=True)
class TimingPath:
    """A path in ns: ``start`` and ``end`` are registers, memories or ports, ``through`` the named signals on the way.

    ``levels`` counts the cells between its ends; ``logic_ns`` holds clock-to-output and setup too.
    """

    start: str
    through: tuple[str, ...]
    end: str
    levels: int
    logic_ns: float
    routing_ns: float

    @property
    def text(self) -> str:
        """The path in one line."""
        return " > ".join((self.start, *self.through, self.end))


class Names:
    """Names of a wrapped netlist as Yosys wrote it in JSON; ``cell_types`` are the cells of the device."""

    def __init__(self, module: Mapping[str, Any], cell_types: Iterable[str]) -> None:
        # Yosys names what it makes SIGNAL_CELL_PORT after a signal nearby.
        self._made = re.compile(rf"_(?:{'|'.join(map(re.escape, sorted(cell_types)))})_.*$")
        self._cells = module["cells"]
        self._bit_of: dict[str, int | str] = {}
        self._aliases: dict[int | str, list[str]] = {}
        for name, net in module["netnames"].items():
            single, first = len(net["bits"]) == 1, net.get("offset", 0)
            for index, bit in enumerate(net["bits"]):
                alias = name if single else f"{name}[{index + first}]"
                self._bit_of[alias] = bit
                self._aliases.setdefault(bit, []).append(alias)
        self._loaded = {c["connections"]["D"][0]: c for c in self._cells.values() if {"D", "Q"} <= c["connections"].keys()}

    def signal(self, net: str) -> str:
        """Return the design's name of a net, the shortest if it has several; empty when it has none of its own."""
        return self._best(self._aliases.get(self._bit_of.get(net, ""), []))

    def cell(self, name: str) -> str:
        """Return the design's name of a packed cell: of its register, or of the memory or product it belongs to."""
        name = _PACKED.sub("", name)
        connections = self._cells.get(name, {}).get("connections", {})
        for output in ("O", "Z", "F"):  # a LUT that is packed with the register behind it
            if (bit := next(iter(connections.get(output, [])), None)) in self._loaded and "Q" not in connections:
                connections = self._loaded[bit]["connections"]
        if best := self._best(self._aliases.get(next(iter(connections.get("Q", [])), ""), [])):
            return best
        return self._shown(_PART.sub("", self._made.sub("", name)))

    def _best(self, aliases: list[str]) -> str:
        own = [self._shown(alias) for alias in aliases if not self._made.search(alias) and "$" not in alias]
        return min(own, key=lambda alias: (alias.startswith("port "), alias.count("."), len(alias), alias), default="")

    def _shown(self, name: str) -> str:
        inside = name.removeprefix(f"{INSTANCE}.")
        if inside != name:
            return inside
        index = _BIT.search(name)
        return f"port {_BIT.sub('', name).removesuffix(PORT_SUFFIX)}{index[0] if index else ''}"


def critical_path(report: Mapping[str, Any], names: Names) -> TimingPath:
    """Return the slowest path from the core's clock to the core's clock in a report of nextpnr."""
    steps = next(p["path"] for p in report["critical_paths"] if CORE_CLOCK in p["from"] and CORE_CLOCK in p["to"])
    nets = [step["net"] for step in steps if step["type"] == "routing"]
    start = names.signal(nets[0]) or names.cell(steps[0]["from"]["cell"])
    end = names.cell(steps[-1]["to"]["cell"])
    through = [signal for net in nets[1:] if (signal := _BIT.sub("", names.signal(net)))]
    ends = (_BIT.sub("", start), _BIT.sub("", end))
    routing = sum(step["delay"] for step in steps if step["type"] == "routing")
    return TimingPath(
        start=start,
        end=end,
        through=tuple(name for name in dict.fromkeys(through) if name not in ends),
        levels=sum(step["type"] == "logic" for step in steps),
        routing_ns=round(routing, 3),
        logic_ns=round(sum(step["delay"] for step in steps) - routing, 3),
    )

"""What a kind of package is, and what it is made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..bus.buses import Bus
from ..bus.interfaces import interfaces
from ..bus.verilog import top_ports
from ..registers.layout import Layout
from ..registers.xml_text import Interface
from ..rtl.bank import Bank
from ..rtl.port import Port

__all__ = ["Contents", "Package"]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What every package holds: a design's registers, its bus, its state by name.

    ``sources`` and ``software`` are paths in the package: Verilog, the top first, and what firmware is made with.
    """

    layout: Layout
    bus: Bus
    banks: Mapping[str, Bank]
    sources: Sequence[str]
    software: Sequence[str]

    @property
    def top(self) -> str:
        """The module on top."""
        return f"{self.layout.name}_bus"

    @property
    def ports(self) -> tuple[Port, ...]:
        """Of the top."""
        return top_ports(self.layout, self.bus)

    @property
    def interfaces(self) -> list[Interface]:
        """The buses of the top, as IP-XACT knows them."""
        return interfaces(self.layout, self.bus)


@dataclass(frozen=True, kw_only=True)
class Package:
    """A kind: its name on the command line, its tool, the buses that this tool knows, and what it needs beside the Verilog.

    ``files`` gives these by path in the package. ``use`` is a line that tells how to begin with it; ``{top}`` is the module on
    top, ``{name}`` that of the design, ``{output}`` the folder.
    """

    name: str
    tool: str
    buses: Sequence[str]
    files: Callable[[Contents], dict[str, str]]
    use: str

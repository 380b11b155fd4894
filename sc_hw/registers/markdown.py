"""Registers as a page."""

from .description import BitField, Register
from .layout import Layout

__all__ = ["markdown", "table"]


def markdown(layout: Layout) -> str:
    """Return a page of all registers."""
    intro = (
        f"# Registers of {layout.name}\n\n{layout.title}. ABI {layout.map.version}; a window of {layout.map.size} bytes, "
        "words of 32 bits, the lowest byte first.\n\n"
    )
    return intro + table(layout)


def table(layout: Layout) -> str:
    """Return the table of registers."""
    lines = ["| address | register | access | bits | meaning |", "|---|---|---|---|---|"]
    for register in layout.map:
        lines.append(f"| {_address(register)} | `{register.name}` | {register.access} | | {register.meaning} |")
        lines += [f"| | | | {_bits(f)} | `{f.name}`: {f.meaning} |" for f in _shown(register)]
    return "\n".join(lines) + "\n"


def _address(register: Register) -> str:
    first = f"0x{register.address:03x}"
    return first if register.count == 1 else f"{first} to 0x{register.end - 4:03x}"


def _bits(f: BitField) -> str:
    return f"{f.high}:{f.low}" if f.bits > 1 else str(f.low)


def _shown(register: Register) -> list[BitField]:
    """Return the fields that a page shows: of beats behind each other in a word the first two and the last."""
    fields = list(register.fields)
    return fields if len(fields) <= 8 else [*fields[:4], fields[-1]]

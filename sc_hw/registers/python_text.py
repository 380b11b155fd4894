"""Registers as constants in Python, for who has no sc-hw beside the board."""

from .layout import ABI, Layout

__all__ = ["python_text"]


def python_text(layout: Layout) -> str:
    """Return a module without imports."""
    lines = [
        f'"""Registers of {layout.name}, ABI {ABI}. Emitted by sc-hw; belongs to whoever emitted it."""',
        "",
        f"ABI = {ABI}",
        f"WINDOW = {layout.map.size}",
        f'IDENTITY = bytes.fromhex("{layout.identity.hex()}")',
        "",
        "# Byte address of each register, and how many of them stand behind each other.",
        "ADDRESS = {",
        *(f'    "{register.name}": 0x{register.address:03x},' for register in layout.map),
        "}",
        "COUNT = {",
        *(f'    "{register.name}": {register.count},' for register in layout.map),
        "}",
        "# Lowest bit, bits and sign of each field.",
        "FIELDS = {",
    ]
    for register in layout.map:
        lines.append(f'    "{register.name}": {{')
        lines += [f'        "{f.name}": ({f.low}, {f.bits}, {f.signed}),' for f in register.fields]
        lines.append("    },")
    return "\n".join([*lines, "}", ""])

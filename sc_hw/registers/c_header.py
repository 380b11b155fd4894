"""Registers as a C header: addresses, masks and positions, and how beats are made of them."""

import re

from .description import Register
from .layout import ABI, Layout

__all__ = ["c_header"]


def c_header(layout: Layout) -> str:
    """Return the header. Names are upper case, behind that of the design."""
    prefix = layout.name.upper()
    lines = [
        f"/* Registers of {layout.name}, ABI {ABI}: {_comment(layout.title)}. Emitted by sc-hw, yours without conditions. */",
        f"#ifndef {prefix}_REGISTERS_H",
        f"#define {prefix}_REGISTERS_H",
        "",
        f"#define {prefix}_ABI {ABI}u",
        f"#define {prefix}_WINDOW {layout.map.size}u",
        f"#define {prefix}_DIGEST {{{', '.join(f'0x{byte:02x}u' for byte in layout.identity[8:])}}}",
        "",
    ]
    for register in layout.map:
        lines += _register(f"{prefix}_{register.name.upper()}", register)
    return "\n".join([*lines, f"#endif /* {prefix}_REGISTERS_H */", ""])


def _register(name: str, register: Register) -> list[str]:
    lines = [f"/* {_comment(register.meaning)} ({register.access}) */", f"#define {name} 0x{register.address:03x}u"]
    if register.count > 1:
        lines.append(f"#define {name}_COUNT {register.count}u")
    for f in register.fields:
        field = f"{name}_{f.name.upper()}"
        lines.append(f"#define {field}_LOW {f.low}u")
        lines.append(f"#define {field}_MASK 0x{f.mask:08x}u /* {_comment(f.meaning)} */")
    return [*lines, ""]


def _comment(text: str) -> str:
    """Return a text that ends no comment."""
    return re.sub(r"\*/|/\*", "", text)

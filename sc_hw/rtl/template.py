"""The instantiation template of an emitted folder: an instance with every port, to copy into a design of one's own."""

from collections.abc import Sequence

from .port import Port
from .text import vector

__all__ = ["TEMPLATE", "template_text"]

TEMPLATE = "instance.v.txt"


def template_text(name: str, ports: Sequence[Port]) -> str:
    """Return a signal for each port and an instance of module ``name`` with all of them, a port a line with its meaning.

    The text is to stand inside a module; it follows from the ports alone.
    """
    heads = [f"wire {vector(port.bits, signed=port.signed)}" for port in ports]
    head, width = max(map(len, heads)), max(len(port.name) for port in ports)
    lines = [
        f"// {TEMPLATE}: an instance of {name} with every port. Copy it into a module of yours, give the",
        "// inputs what drives them and drop the declarations of signals that you have. No tool reads this file.",
    ]
    lines += [
        f"{start:<{head}}{port.name + ';':<{width + 1}}  // {port.direction}: {port.meaning}"
        for start, port in zip(heads, ports, strict=True)
    ]
    lines += ["", f"{name} {name}_instance ("]
    for k, port in enumerate(ports):
        connection = f"  .{port.name:<{width}} ({port.name}){'' if k + 1 == len(ports) else ','}"
        bits = f"{port.bits} bit{'s' * (port.bits != 1)}{', signed' * port.signed}"
        lines.append(f"{connection:<{2 * width + 9}}// {port.direction}, {bits}")
    return "\n".join(line.rstrip() for line in [*lines, ");"]) + "\n"

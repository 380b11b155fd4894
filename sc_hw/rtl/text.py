"""How emitted Verilog looks, whichever generator wrote it: its first lines, a port a line with its meaning, no line over 120."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .. import __version__

if TYPE_CHECKING:
    from sc_hw_models.rule import Field

    from .port import Port

__all__ = ["LINE", "concat", "finished", "port_list", "prologue", "repeat", "select", "vector", "widened"]

LINE = 120
# Where a line may go on, the places further out first.
_BREAKS = (", ", " : ", " ? ", " | ", " & ", " + ", " - ", " = ", " <= ")


def prologue(file: str, purpose: str) -> str:
    """Return the first lines of an emitted file."""
    return (
        f"// {file}: {purpose}\n"
        f"// Emitted by sc-hw {__version__}. This file belongs to whoever emitted it, without conditions.\n"
        "`resetall\n`timescale 1ns / 1ps\n`default_nettype none"
    )


def vector(bits: int, *, signed: bool = False) -> str:
    """Return what stands before the name of a signal of so many bits: nothing for one bit."""
    return f"{'signed ' if signed else ''}{f'[{bits - 1}:0] ' if bits > 1 else ''}"


def select(name: str, total: int, high: int, low: int) -> str:
    """Return bits ``high`` to ``low`` of a signal of ``total`` bits, which has no range when that is 1."""
    if high - low + 1 == total:
        return name
    return f"{name}[{high}:{low}]" if high > low else f"{name}[{low}]"


def widened(name: str, total: int, bits: int, high: int | None = None, low: int = 0) -> str:
    """Return bits ``high`` (by default the topmost) to ``low`` of a signal of ``total`` bits as a signed number of ``bits``.

    No tool that looks at widths finds one that grows on its own; what this gives has no sign of its own.
    """
    high = total - 1 if high is None else high
    more, part = bits - (high - low + 1), select(name, total, high, low)
    copies = f"{{{more}{{{select(name, total, high, high)}}}}}"
    return f"{{{copies}, {part}}}" if more > 0 else part


def concat(values: "Iterable[str | Field]", prefix: str = "") -> str:
    """Return signals one behind the other, the first highest; fields are signals of their name behind the ``prefix``."""
    names = [value if isinstance(value, str) else prefix + value.name for value in values]
    return names[0] if len(names) == 1 else f"{{{', '.join(names)}}}"


def repeat(copies: int, name: str) -> str:
    """Return a signal several times."""
    return name if copies == 1 else f"{{{copies}{{{name}}}}}"


def port_list(ports: "Sequence[Port]", registers: Iterable[str] = ()) -> str:
    """Return the ports of a module, a line each with its meaning behind it; ``registers`` are outputs of that kind."""
    stored = set(registers)
    heads = [f"  {p.direction:<6} {'reg' if p.name in stored else 'wire':<4} {vector(p.bits, signed=p.signed)}" for p in ports]
    kinds = max(map(len, heads), default=0)
    names = max(len(p.name) for p in ports) + 1
    lines = []
    for k, (head, port) in enumerate(zip(heads, ports, strict=True)):
        name = port.name + ("," if k + 1 < len(ports) else "")
        lines.append(f"{head:<{kinds}}{name:<{names}}  // {port.meaning}".rstrip())
    return "\n" + "\n".join(lines) + "\n"


def finished(text: str) -> str:
    """Return a file as it is emitted: no blank where none is needed, no two empty lines, and no line that is too long."""
    text = text.replace("{ {", "{{")
    lines: list[str] = []
    margin = ""
    words: list[str] = []  # of a paragraph of comments, once it is too wide
    for line in [*text.splitlines(), ""]:
        line = line.rstrip()
        note = re.fullmatch(r"( *)// (?!verilator )(.*)", line)
        if note and (words or len(line) > LINE):
            words, margin = [*words, note[2]], note[1]
            continue
        if words:
            lines += _broken(" ".join(words), f"{margin}// ", f"{margin}// ", (" ",))
            words = []
        if line or (lines and lines[-1]):
            lines += _fitted(line) if len(line) > LINE else [line]
    return "\n".join(lines).rstrip() + "\n"


def _fitted(line: str) -> list[str]:
    """Return a line as several: a comment between words; code where an expression or a list goes on."""
    code, mark, comment = line.partition("//")
    indent = line[: len(line) - len(line.lstrip())]
    if not code.strip():
        return _broken(comment.strip(), f"{indent}// ", f"{indent}// ", (" ",))
    if not mark:
        return _broken(line.strip(), indent, f"{indent}    ", _BREAKS)
    if re.match(r"\s*(?:input|output) ", code):  # the meaning of a port goes on below itself
        start = " " * len(code) + "// "
        first, *rest = _broken(comment.strip(), start, start, (" ",))
        return [code + first[len(code) :], *rest]
    return [*_fitted_or_whole(f"{indent}// {comment.strip()}"), *_fitted_or_whole(code.rstrip())]


def _fitted_or_whole(line: str) -> list[str]:
    return _fitted(line) if len(line) > LINE else [line]


def _broken(text: str, first: str, next_: str, breaks: Sequence[str]) -> list[str]:
    lines, start = [], first
    while len(start) + len(text) > LINE:
        room = LINE - len(start)
        at = _place(text, room, breaks)
        if at <= 0:
            break
        lines.append(start + text[:at].rstrip())
        text, start = text[at:].lstrip(), next_
    return [*lines, start + text]


def _place(text: str, room: int, breaks: Sequence[str]) -> int:
    """Return where a text is broken: as far out of its brackets as can be, then as far to the right."""
    best, depth = (99, 0), 0
    for k, character in enumerate(text[:room]):
        depth += (character in "([{") - (character in ")]}")
        for separator in breaks:
            if text.startswith(separator, k):
                at = k + 2 if separator == ", " else k + 1  # an operator begins the next line, a comma ends this one
                if at <= room and at > room // 3 and (depth, -at) < best:
                    best = depth, -at
    return -best[1] if best[0] < 99 else 0

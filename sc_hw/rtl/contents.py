"""What a memory holds at power-up, as Verilog: a few literals of many words each, and how that text is known again.

An assignment a word makes Verilator write, and a compiler read, a statement a word; one literal for all words is copied whole
for each of them by Icarus, and no tool has to take a vector above 65,536 bits. So a literal holds 128 words, or as many more as
keep the literals few. Each has an ``initial`` block of its own, because Yosys takes the square of the statements of a block.
The words stand in the order of their addresses, in lines of whole words; lines are joined in two steps (``_grouped``).

It is known again in this form alone, because procedures at power-up have no order, and a nonblocking assignment in one of them
is later than all others, which not every tool heeds: every other ``initial`` is refused where a folder is read.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Placed", "contents", "first_and_last", "held", "without_contents"]

_WORDS, _LITERALS = 128, 64  # of a literal, and the literals up to which it is not longer
_BITS = 1 << 16  # of a vector, at most: what IEEE 1364 asks of every tool
_ROW_DIGITS = 96  # of a line
_ROWS = r"(?:[ ]*\{?\d+'h[0-9a-f]+\}?,?\n)+"  # the lines of a literal
_NAMED = (
    rf"^ *localparam \[(?P<top>\d+):0\] CONTENTS_(?P<name>\d+) = \{{\n(?P<rows>{_ROWS}) *\}};\n"
    r" *initial\n *for \(index = 0; index < (?P<count>\d+); index = index \+ 1\)\n"
    r" *words\[(?P<first>\d+) \+ index\] = CONTENTS_(?P=name)\[(?P<bits>\d+)\*\((?P<last>\d+) - index\)\+column\+:BITS\];\n"
)
_LITERAL = re.compile(_NAMED, re.MULTILINE)
_BLOCK = re.sub(r"\?P<\w+>", "?:", _NAMED).replace("(?P=name)", r"\d+")
_CONTENTS = re.compile(rf"^ *reg \[31:0\] index;\n(?:{_BLOCK})+", re.MULTILINE)


def contents(words: Sequence[int], bits: int) -> str:
    """Return what fills ``words`` of a memory module, each of so many ``bits``."""
    lines = ["      // What the memory holds at power-up, the word of the lowest address first.", "      reg [31:0] index;"]
    step = max(1, min(max(_WORDS, -(-len(words) // _LITERALS)), _BITS // bits))
    for number, first in enumerate(range(0, len(words), step)):
        part = words[first : first + step]
        lines += [
            f"      localparam [{len(part) * bits - 1}:0] CONTENTS_{number} = {{",
            ",\n".join(f"        {row}" for row in _grouped(_rows(part, bits))),
            "      };",
            "      initial",
            f"        for (index = 0; index < {len(part)}; index = index + 1)",
            f"          words[{first} + index] = CONTENTS_{number}[{bits}*({len(part) - 1} - index)+column+:BITS];",
        ]
    return "\n".join(lines) + "\n"


def _grouped(rows: list[str]) -> list[str]:
    """Return rows in braces, about as many in each pair as there are pairs.

    Tools join what stands in braces one by one and copy what they have: all in one pair would be copied again for each row.
    """
    count = math.isqrt(len(rows) - 1) + 1
    groups = [rows[first : first + count] for first in range(0, len(rows), count)]
    return [f"{'{' * (row is group[0])}{row}{'}' * (row is group[-1])}" for group in groups for row in group]


def _rows(words: Sequence[int], bits: int) -> list[str]:
    """Return literals that hold the words one after another, the first in the highest bits, as many as fit in each."""
    step = max(1, 4 * _ROW_DIGITS // bits)
    rows = []
    for first in range(0, len(words), step):
        row = 0
        for word in words[first : first + step]:
            row = row << bits | word
        width = bits * len(words[first : first + step])
        rows.append(f"{width}'h{row:0{-(-width // 4)}x}")
    return rows


def held(text: str) -> tuple[int, int]:
    """Return how many words of how many bits the Verilog of a memory says it holds at power-up; none unless as emitted."""
    found = list(_CONTENTS.finditer(text))
    if len(found) != 1:
        return 0, 0
    literals = list(_LITERAL.finditer(found[0][0]))
    if "".join(literal[0] for literal in literals) != found[0][0].partition("\n")[2]:
        return 0, 0
    words, bits = 0, int(literals[0]["bits"])
    for number, literal in enumerate(literals):
        count, rows = int(literal["count"]), literal["rows"]
        width = sum(map(int, re.findall(r"(\d+)'h", rows)))
        if not int(literal["top"]) + 1 == width == count * bits or int(literal["last"]) != count - 1 or not _whole(rows):
            return 0, 0
        if (int(literal["name"]), int(literal["first"]), int(literal["bits"])) != (number, words, bits):
            return 0, 0
        words += count
    return words, bits


def _whole(rows: str) -> bool:
    """Return whether lines are joined by pairs of braces and commas as they are emitted, and no number has a digit too many."""
    marks = "".join(re.findall(r"[{},]|\d+'h", re.sub(r"\d+'h", "0'h", rows))).replace("0'h", "0")
    digits = all(len(value) == -(-int(size) // 4) for size, value in re.findall(r"(\d+)'h([0-9a-f]+)", rows))
    return digits and re.fullmatch(r"(?:\{0(?:,0)*\})(?:,\{0(?:,0)*\})*", marks) is not None


def without_contents(text: str) -> str:
    """Return the Verilog of a memory with blank lines for what it holds at power-up, or as it is if that is not as emitted."""
    return _CONTENTS.sub(lambda found: "\n" * found[0].count("\n"), text) if held(text)[0] else text


@dataclass(frozen=True)
class Placed:
    """A word of a memory's contents: its address, and the text before and after its lowest bit is inverted."""

    address: int
    right: str
    wrong: str


def first_and_last(text: str) -> list[Placed]:
    """Return the first and the last word in the Verilog of a memory; none where it has no contents."""
    blocks = list(re.finditer(_BLOCK, text, re.MULTILINE))
    if not blocks:
        return []
    result = []
    for block, last in ((blocks[0], False), (blocks[-1], True)):
        bits, rows = held(text)[1], list(re.finditer(r"(\d+)'h([0-9a-f]+)", block[0]))
        row = rows[-1] if last else rows[0]
        value = int(row[2], 16) ^ (1 if last else 1 << (int(row[1]) - bits))
        wrong = f"{block[0][: row.start(2)]}{value:0{len(row[2])}x}{block[0][row.end(2) :]}"
        result.append(Placed(held(text)[0] - 1 if last else 0, block[0], wrong))
    return result[:1] if result[0].address == result[1].address else result

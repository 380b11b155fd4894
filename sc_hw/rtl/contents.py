"""What a memory holds at power-up, as Verilog: a few literals of many words each, and how that text is known again.

An assignment a word makes Verilator write, and a compiler read, a statement a word; one literal for all words is copied whole
for each of them by Icarus, and no tool has to take a vector above 65,536 bits. So a literal holds 128 words, or as many more as
keep the literals few. Each has an ``initial`` block of its own, because Yosys takes the square of the statements of a block.
The words stand in the order of their addresses, in lines of whole words; lines are joined in two steps (``_grouped``).
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ROWS", "Placed", "contents", "first_and_last", "without_contents"]

_WORDS, _LITERALS = 128, 64  # of a literal, and the literals up to which it is not longer
_BITS = 1 << 16  # of a vector, at most: what IEEE 1364 asks of every tool
_ROW_DIGITS = 96  # of a line
ROWS = r"(?:[ ]*\{?\d+'h[0-9a-f]+\}?,?\n)+"  # the lines of a literal
_BLOCK = (
    rf"^ *localparam \[\d+:0\] CONTENTS_\d+ = \{{\n{ROWS} *\}};\n"
    r" *initial\n *for \(index = 0; index < \d+; index = index \+ 1\)\n"
    r" *words\[\d+ \+ index\] = CONTENTS_\d+\[(\d+)\*\(\d+ - index\)\+column\+:BITS\];\n"
)
_CONTENTS = re.compile(f"(?:{_BLOCK})+", re.MULTILINE)


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


def without_contents(text: str) -> str:
    """Return the Verilog of a memory without what it holds at power-up."""
    return _CONTENTS.sub("", text)


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
    words = [found for block in blocks for found in re.findall(r"index < (\d+);", block[0])]
    result = []
    for block, last in ((blocks[0], False), (blocks[-1], True)):
        bits, rows = int(block[1]), list(re.finditer(r"(\d+)'h([0-9a-f]+)", block[0]))
        row = rows[-1] if last else rows[0]
        value = int(row[2], 16) ^ (1 if last else 1 << (int(row[1]) - bits))
        wrong = f"{block[0][: row.start(2)]}{value:0{len(row[2])}x}{block[0][row.end(2) :]}"
        result.append(Placed(sum(map(int, words)) - 1 if last else 0, block[0], wrong))
    return result[:1] if result[0].address == result[1].address else result

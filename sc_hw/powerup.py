"""What a memory holds at power-up, known again in its Verilog: the one form of ``initial`` that a folder may have.

Procedures at power-up have no order, and a nonblocking assignment in one of them is later than all others, which not every tool
heeds. So what is taken is what is emitted, read as text: assignments of one number to each word, in the order of the addresses.
"""

import re

__all__ = ["without_contents"]

_WORDS = re.compile(r"^ *initial begin\n((?: *words\[\d+\] = \d+'h[0-9a-f]+;\n)+) *end\n", re.MULTILINE)
_WORD = re.compile(r"words\[(\d+)\] =")
# Or literals of many words, each of which one loop takes apart.
_LITERAL = re.compile(
    r"^ *localparam \[(?P<top>\d+):0\] CONTENTS_(?P<name>\d+) = \{\n(?P<rows>(?: *\d+'h[0-9a-f]+,\n)* *\d+'h[0-9a-f]+\n) *\};\n"
    r" *initial\n *for \(index = 0; index < (?P<count>\d+); index = index \+ 1\)\n"
    r" *words\[(?P<first>\d+) \+ index\] = CONTENTS_(?P=name)\[(?P<bits>\d+)\*\((?P<last>\d+) - index\)\+column\+:BITS\];\n",
    re.MULTILINE,
)
_INDEX = re.compile(r"^ *integer index;\n", re.MULTILINE)


def without_contents(text: str) -> str:
    """Return the Verilog of a memory with blank lines for what it holds at power-up, or the text as it is.

    The latter when it holds nothing, or something that is not in one of the emitted forms, which then stays to be refused.
    """
    blocks = list(_WORDS.finditer(text))
    if len(blocks) == 1 and _rising([int(address) for address in _WORD.findall(blocks[0][1])]):
        return _WORDS.sub(_blank, text)
    literals = list(_LITERAL.finditer(text))
    if literals and _joined(literals) and len(_INDEX.findall(text)) == 1:
        return _INDEX.sub("\n", _LITERAL.sub(_blank, text))
    return text


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _rising(addresses: list[int]) -> bool:
    return addresses == list(range(len(addresses)))


def _joined(literals: list[re.Match[str]]) -> bool:
    """Return whether each literal holds as many words as its loop takes, and the next begins with the word after its last."""
    following = 0
    for number, literal in enumerate(literals):
        count, bits = int(literal["count"]), int(literal["bits"])
        held = sum(int(width) for width in re.findall(r"(\d+)'h", literal["rows"]))
        if not int(literal["top"]) + 1 == held == count * bits or int(literal["last"]) != count - 1:
            return False
        if int(literal["name"]) != number or int(literal["first"]) != following:
            return False
        following += count
    return True

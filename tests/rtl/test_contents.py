"""Initial contents as text: every word once, in order, in vectors that every tool takes, and known again."""

import random
import re

import pytest

from sc_hw.rtl.contents import contents, first_and_last, without_contents

BEFORE, AFTER = "      reg [7:0] words [0:7];\n", "      always @(posedge clk) begin\n"


def held(text):
    """Return what each address holds: blocks of joined literals, filled word by word from their highest bits."""
    result = {}
    for width, rows, count, first, bits, last in re.findall(
        r"localparam \[(\d+):0\] CONTENTS_\d+ = (\{.*?\});\s*initial\s*for \(index = 0; index < (\d+); index = index \+ 1\)\s*"
        r"words\[(\d+) \+ index\] = CONTENTS_\d+\[(\d+)\*\((\d+) - index\)\+column\+:BITS\];", text, re.DOTALL,
    ):  # fmt: skip
        block = "".join(f"{int(value, 16):0{size}b}" for size, value in re.findall(r"(\d+)'h([0-9a-f]+)", rows))
        assert len(block) == int(width) + 1 <= 1 << 16
        assert rows.count("{") == rows.count("}")
        assert "}{" not in re.sub(r"\s", "", rows)
        for index in range(int(count)):
            low = int(bits) * (int(last) - index)
            word = block[len(block) - low - int(bits) : len(block) - low]
            assert int(first) + index not in result
            result[int(first) + index] = int(word, 2)
    return result


@pytest.mark.parametrize("bits", [1, 13, 52, 64, 130])
@pytest.mark.parametrize("count", [1, 2, 7, 128, 129, 1000, 8193])
def test_every_word_stands_once_at_its_address(count, bits):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    generator = random.Random(seed)
    words = [generator.getrandbits(bits) for _ in range(count)]
    text = contents(words, bits)
    assert held(text) == dict(enumerate(words))
    assert max(map(len, text.splitlines())) <= 120
    assert without_contents(BEFORE + text + AFTER).replace("      reg [31:0] index;\n", "").count("\n") == 3
    places = first_and_last(text)
    assert [place.address for place in places] == sorted({0, count - 1})
    for place in places:
        other = held(text.replace(place.right, place.wrong))
        assert {k: other[k] ^ words[k] for k in other if other[k] != words[k]} == {place.address: 1}


@pytest.mark.parametrize(("count", "literals"), [(128, 1), (129, 2), (8192, 64), (65_536, 64)])
def test_literals_are_few(count, literals):
    assert contents(range(count), 52).count("localparam") == literals

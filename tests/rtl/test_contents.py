"""Initial contents as text: every word once, in order, in vectors that every tool takes, and known again."""

import random
import re

import numpy as np
import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.manifest.sources import check_verilog
from sc_hw.rtl.contents import contents, first_and_last, without_contents
from sc_hw.rtl.contents import held as in_text

BEFORE, AFTER = "      reg [7:0] words [0:7];\n", "      always @(posedge clk) begin\n"


def held(text):
    """Return what each address holds: blocks of joined literals, filled word by word from their highest bits."""
    result = {}
    for width, rows, count, first, bits, last in re.findall(
        r"localparam \[(\d+):0\] CONTENTS_\d+ = (\{.*?\});\s*initial\s*for \(index = 0; index < (\d+); index = index \+ 1\)\s*"
        r"words\[(\d+) \+ index\] = CONTENTS_\d+\[(\d+)\*\((\d+) - index\)\+column\+:BITS\];",
        text,
        re.DOTALL,
    ):
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
    left = without_contents(BEFORE + text + AFTER)
    assert left.count("\n") == (BEFORE + text + AFTER).count("\n")
    assert left.split() == (BEFORE + text.splitlines(keepends=True)[0] + AFTER).split()
    assert in_text(text) == (count, bits)
    places = first_and_last(text)
    assert [place.address for place in places] == sorted({0, count - 1})
    for place in places:
        other = held(text.replace(place.right, place.wrong))
        assert {k: other[k] ^ words[k] for k in other if other[k] != words[k]} == {place.address: 1}


@pytest.mark.parametrize(("count", "literals"), [(128, 1), (129, 2), (8192, 64), (65_536, 64)])
def test_literals_are_few(count, literals):
    assert contents(range(count), 52).count("localparam") == literals


MODULE = """module m(input wire clk);
  genvar column;
  generate
    for (column = 0; column < 8; column = column + 8) begin : columns
      localparam BITS = 8;
      reg [BITS-1:0] words [0:199];
{}      always @(posedge clk) words[0] <= words[1];
    end
  endgenerate
endmodule
"""
TWO = contents(range(56, 186), 8)
OTHERS = {
    "one more": ("      reg [31:0] index;\n", "      reg [31:0] index;\n      initial words[1] <= 8'h5;\n"),
    "one before": ("      reg [31:0]", "      initial words[1] <= 8'h5;\n      reg [31:0]"),
    "one after": ("[8*(1 - index)+column+:BITS];\n", "[8*(1 - index)+column+:BITS];\n      initial words[1] = 8'h5;\n"),
    "twice": (TWO, TWO * 2),
    "undefined": ("16'hb8b9", "16'hb8bx"),
    "signed": ("16'hb8b9", "16'shb8b9"),
    "a value": ("16'hb8b9", "words[0]"),
    "too many digits": ("16'hb8b9", "16'h1b8b9"),
    "delayed": ("words[128", "#1 words[128"),
    "fewer words": ("index < 128", "index < 127"),
    "more words": ("index < 2;", "index < 3;"),
    "words twice": ("words[128", "words[127"),
    "a literal twice": ("CONTENTS_1", "CONTENTS_0"),
    "another literal": ("= CONTENTS_1[", "= CONTENTS_0["),
    "wider": ("[1023:0]", "[1024:0]"),
    "another word first": ("(127 - index)", "(126 - index)"),
    "other bits": ("CONTENTS_1[8*", "CONTENTS_1[4*"),
    "nonblocking": ("+ index] =", "+ index] <="),
    "braces": ("{16'hb8b9}", "{16'hb8b9},{16'hb8b9}"),
}


def test_emitted_contents_are_taken_and_leave_the_lines_where_they_were():
    text = MODULE.format(TWO)
    check_verilog(text, "memory.v")
    check_verilog(text.replace("\n", "\r\n"), "memory.v")
    line = 1 + text[: text.index("always")].count("\n")
    with pytest.raises(UserError, match=rf"^memory\.v:{line}: "):
        check_verilog(text.replace("words[0] <=", "words[0] ="), "memory.v")


@pytest.mark.parametrize("name", OTHERS)
def test_another_form_is_refused(name):
    old, new = OTHERS[name]
    assert old in TWO
    with pytest.raises(UserError, match=r"^memory\.v:\d+: .* is not allowed"):
        check_verilog(MODULE.format(TWO.replace(old, new)), "memory.v")


def test_a_folder_keeps_to_it(make_core, sc_hw):
    core = make_core(synapses=5, lanes=2, initial={"weight": np.arange(5)})
    path = core.folder / "dut_memory_0.v"
    text = path.read_text()
    place = first_and_last(text)[0]
    path.write_text(text.replace(place.right, place.wrong))
    assert load_core(core.folder).edited == ("dut_memory_0.v",)
    path.write_text(text.replace("      reg [31:0] index", "      initial words[0] <= 52'h5555;\n      reg [31:0] index"))
    assert "in the form in which it is emitted" in sc_hw("prove", core.folder)[2]
    head, foot = (text[: text.index("      // What the memory")], text[text.index("      always") :])
    path.write_text(head + contents(range(2), 52) + foot)
    assert "contents of 2 words of 52 bits" in sc_hw("sim", core.folder)[2]
    path.write_text(text.replace("      reg [31:0] index;\n", "      reg [31:0] index;\n" * 2))
    assert "index" in sc_hw("sim", core.folder)[2]
    path.write_text(text)
    (core.folder / "dut_lane.v").write_text(contents(range(2), 52))
    assert sc_hw("sim", core.folder)[0] == 2

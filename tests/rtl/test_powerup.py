"""What a memory holds at power-up is known again in the emitted forms, and in no other."""

import re

import numpy as np
import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.powerup import without_contents
from sc_hw.sources import check_verilog

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
ASSIGNED = """      initial begin
        words[0] = 8'h1;
        words[1] = 8'hff;
      end
"""
LITERALS = """      // What the memory holds at power-up, the word of the lowest address first.
      integer index;
      localparam [1023:0] CONTENTS_0 = {{
        768'h{},
        256'h{}
      }};
      initial
        for (index = 0; index < 128; index = index + 1)
          words[0 + index] = CONTENTS_0[8*(127 - index)+column+:BITS];
      localparam [15:0] CONTENTS_1 = {{
        16'h1234
      }};
      initial
        for (index = 0; index < 2; index = index + 1)
          words[128 + index] = CONTENTS_1[8*(1 - index)+column+:BITS];
""".format("12" * 96, "34" * 32)
OTHERS = {
    "one more": (ASSIGNED, "      end\n", "      end\n      initial words[1] <= 8'h5;\n"),
    "one before": (ASSIGNED, "      initial begin", "      initial words[1] <= 8'h5;\n      initial begin"),
    "twice": (ASSIGNED, ASSIGNED, ASSIGNED * 2),
    "nonblocking": (ASSIGNED, "words[1] =", "words[1] <="),
    "one word twice": (ASSIGNED, "words[1] =", "words[0] ="),
    "another order": (ASSIGNED, "words[0] =", "words[2] ="),
    "another name": (ASSIGNED, "words[1]", "wordz[1]"),
    "of a value": (ASSIGNED, "8'hff", "words[0]"),
    "undefined": (ASSIGNED, "8'hff", "8'hfx"),
    "signed": (ASSIGNED, "8'hff", "8'shff"),
    "delayed": (ASSIGNED, "8'hff", "#1 8'hff"),
    "a clause before": (ASSIGNED, "      initial", "      if (BITS) initial"),
    "fewer words": (LITERALS, "index < 128", "index < 127"),
    "more words": (LITERALS, "index < 2", "index < 3"),
    "words twice": (LITERALS, "words[128", "words[127"),
    "a literal twice": (LITERALS, "CONTENTS_1", "CONTENTS_0"),
    "wider": (LITERALS, "[1023:0]", "[1024:0]"),
    "a row less": (LITERALS, "        256'h" + "34" * 32 + "\n", "        248'h" + "34" * 31 + "\n"),
    "another word first": (LITERALS, "(127 - index)", "(126 - index)"),
    "other bits": (LITERALS, "CONTENTS_1[8*", "CONTENTS_1[4*"),
    "nonblocking in a loop": (LITERALS, "+ index] =", "+ index] <="),
    "two variables": (LITERALS, "      integer index;\n", "      integer index;\n      integer index;\n"),
}


@pytest.mark.parametrize("contents", [ASSIGNED, LITERALS], ids=["assigned", "literals"])
def test_emitted_contents_are_taken_and_leave_the_lines_where_they_were(contents):
    text = MODULE.format(contents)
    check_verilog(text, "memory.v")
    check_verilog(text.replace("\n", "\r\n"), "memory.v")
    left = without_contents(text)
    assert "initial" not in left
    assert left.count("\n") == text.count("\n")
    line = 1 + text[: text.index("always")].count("\n")
    with pytest.raises(UserError, match=rf"^memory\.v:{line}: "):
        check_verilog(text.replace("words[0] <=", "words[0] ="), "memory.v")


@pytest.mark.parametrize("name", OTHERS)
def test_another_form_is_refused(name):
    contents, old, new = OTHERS[name]
    assert old in contents
    with pytest.raises(UserError, match=r"^memory\.v:\d+: .* is not allowed"):
        check_verilog(MODULE.format(contents.replace(old, new)), "memory.v")


def test_a_folder_keeps_to_it(make_core, sc_hw):
    core = make_core(synapses=5, lanes=2, initial={"weight": np.arange(5)})
    path = core.folder / "dut_memory_0.v"
    text = path.read_text()
    assert "initial begin" in text
    path.write_text(re.sub(r"words\[0\] = (\d+)'h\w+;", r"words[0] = \1'h7;", text))
    assert load_core(core.folder).edited == ("dut_memory_0.v",)
    path.write_text(text.replace("      initial begin", "      initial words[0] <= 52'h5555;\n      initial begin"))
    assert "in the form in which it is emitted" in sc_hw("prove", core.folder)[2]
    path.write_text(text.replace("words[0] = 52", "words[0] = 51"))
    assert load_core(core.folder).edited
    path.write_text(re.sub(r"(words\[2\] = .*\n)", r"\1        words[3] = 52'h0;\n", text))
    assert "cannot refer to element 3" in sc_hw("sim", core.folder)[2]

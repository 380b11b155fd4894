"""What tools read differently in a whole design, though each file is plain, is refused: by file, line and instance."""

import re

import pytest

from sc_hw.elaboration import check_elaborated
from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.manifest.grammar import check_grammar

DESIGN = """`default_nettype none
module part #(parameter W = 4, parameter [3:0] K = 3) (
  input wire clk, input wire [W-1:0] value, input wire signed [7:0] s, output wire [W-1:0] result
);
  assign result = value + K;
endmodule
module top(input wire clk, input wire [3:0] a, input wire [2:0] b, input wire signed [7:0] s8, output reg [3:0] q);
  wire [3:0] r; reg [3:0] m [0:4]; genvar k;
{}
endmodule
"""
PART = "part {} p(.clk(clk), .value({}), .s({}), .result({}));"
REFUSED = [
    # the border between two modules
    *(
        (PART.format("", value, "s8", "r"), r"top\.p\.value: not allowed \(\d+ bits on a pin of 4")
        for value in (
            "b",
            "b + b",
            "~b",
            "-b",
            "(b)",
            "b << 1",
            "clk ? b : b",
            "b + 3'd1",
            "a + 1",
            "4",
            "3'd5",
            "b == 3'd2",
            "{b, b}",
            "b[1:0]",
            "a & 8'd3",
            "s8",
        )
    ),
    (PART.format("", "a", "$signed(b)", "r"), r"top\.p\.s: not allowed \(3 bits on a pin of 8"),
    (PART.format("", "a", "s8", "r[2:0]"), r"top\.p\.result: not allowed \(3 bits on a pin of 4"),
    (PART.format("", "a", "s8", "{r, q[0]}"), r"top\.p\.result: not allowed \(5 bits on a pin of 4"),
    (PART.format("#(.W(5))", "a", "s8", "r"), r"top\.p\.value: not allowed \(4 bits on a pin of 5"),
    # constants
    (PART.format("#(.K(5'd20))", "a", "s8", "r"), "fewer bits than its value"),
    (PART.format("#(.K(-1))", "a", "s8", "r"), "fewer bits than its value"),
    (PART.format("#(.W($signed(4'd4)))", "a", "s8", "r"), "a signed parameter of other than 32 bits"),
    (PART.format("#(.Z(1))", "a", "s8", "r"), "does not exist"),
    ("wire [3:0] x = 4'd31;", "too large"),
    *(
        (f"localparam L = {text}; wire x = L == 0;", "constants whose result its bits cannot hold")
        for text in ("4'd10 + 4'd10", "3'd7 * 3'd7", "4'd3 - 4'd4", "{4{1'b1}} + 4'd1", "(4'd8 + 4'd8) >> 1")
    ),
    (PART.format("#(.K(4'd10 + 4'd10))", "a", "s8", "r"), "constants whose result its bits cannot hold"),
    ("wire [40:0] x = 68719476735;", "overflows"),
    # indices
    ("wire [3:0] x = m[5];", "cannot refer to element 5"),
    ("wire x = a[4];", "cannot refer to element 4"),
    ("localparam T = 9; wire x = 1'b1 ? s8[0] : s8[T];", "an index outside the vector|cannot refer"),
    ("wire x = 1'b1 ? s8[0] : a[s8];", "an index that may be outside the vector"),
    ("wire [1:0] x = a[4:3];", "cannot select range"),
    ("wire [1:0] x = a[0:1];", "reversed"),
    ("wire [0:3] x;", r"a vector that is not \[M:N\]"),
    ("wire [-1:-4] x;", r"a vector that is not \[M:N\]"),
    ("wire [1:0][1:0] x;", r"a vector that is not \[M:N\]"),
    ("reg [3:0] x [3:0];", r"an array that is not \[0:N\]"),
    ("reg [3:0] x [1:4];", r"an array that is not \[0:N\]"),
    ("reg [3:0] x [0:1][0:1];", r"an array that is not \[0:N\]"),
    # the sign of the whole of a vector
    ("wire signed [8:0] x = s8[7:0];", "the whole of a signed vector"),
    ("wire signed [8:0] x = s8[0+:8];", "the whole of a signed vector"),
    ("wire signed [8:0] x = {s8[7:0] + 9'd0};", "the whole of a signed vector"),
    ("wire x = s8[7:0] < s8;", "the whole of a signed vector"),
    ("wire x = (s8 << b) < {a, a, a};", "made wider without its sign"),
    ("wire [15:0] x = clk ? s8 : a;", "made wider without its sign"),
    ("wire [15:0] x = s8 + a;", "made wider without its sign"),
    ("localparam N = 0 - 3; wire [35:0] x = {9{a}} - N;", "made wider without its sign"),  # 33 bits to Icarus
    ("wire x = (s8 >>> b) == {a, a};", "shifted without its sign"),
    ("wire [7:0] x = (s8 >>> 1) + {a, a};", "shifted without its sign"),
    ("wire x = {s8} < s8;", "a signed vector in braces"),
    ("wire x = {1{s8}} < s8;", "a signed vector in braces"),
    ("wire [3:0] x = m[$signed(b)];", "with a sign, or of more than the 3 bits"),
    ("wire signed [2:0] n = 0; wire [3:0] x = m[n];", "with a sign, or of more than the 3 bits"),
    ("wire [3:0] x = m[a];", "with a sign, or of more than the 3 bits"),
    ("wire [3:0] x = m[b + 1];", "with a sign, or of more than the 3 bits"),
    ("always @(posedge clk) m[s8] <= a;", "with a sign, or of more than the 3 bits"),
    ("wire x = a[s8];", "an index that may be outside the vector"),
    ("wire x = s8[a];", "an index that may be outside the vector"),
    ("wire [1:0] x = s8[b+:2];", "an index that may be outside the vector"),
    ("wire [1:0] x = s8[b-:2];", "an index that may be outside the vector"),
    ("always @* begin q = 4'd0; q[b] = clk; end", "an index that may be outside the vector"),
    ("wire signed x; wire signed [1:0] y = x[0];", "x.*(?:cannot|scalar)"),
    ("wire signed [0:0] x; wire signed [1:0] y = x[0];", "the whole of a signed vector"),
    # order, and when a procedure runs
    ("always @(posedge clk) q <= a; always @(posedge clk) q[0] <= 1;", "assigned in two procedures"),
    ("always @(posedge clk) m[0] <= a; always @(posedge clk) m[1] <= a;", "assigned in two procedures"),
    *(
        (text, "bits that two things drive")
        for text in (
            "wire t; assign t = 1'b0; assign t = clk;",
            "wire t = 1'b1; assign t = clk;",
            "wire t = clk; wire u = t; assign t = u;",
            "wire [3:0] t; assign t = a; assign t[2] = clk;",
            "wire [3:0] t; assign {t[1], t[0]} = b[1:0]; assign t[3:1] = b;",
            "part p0(.clk(clk), .value(a), .s(s8), .result(r)); part p1(.clk(clk), .value(a), .s(s8), .result(r));",
            "generate for (k = 0; k < 3; k = k + 1) begin : g assign r[k] = clk; end endgenerate assign r[3:2] = 2'd0;",
        )
    ),
    (PART.format("", "a", "s8", "r") + " assign r[3] = clk;", "coerced to 'inout'"),
    ("reg [3:0] t; always @* begin q = t; t = a; end", "read where it is assigned"),
    ("reg [3:0] t; always @* begin t[0] = b[0]; q = t; t[1] = b[1]; end", "read where it is assigned"),
    ("always @* q = 4'd1;", "never runs it"),
    ("reg x = clk;", "initialization"),
    # drivers and names
    ("assign q = a; assign q = b;", "multiple-cont-assigns"),
    ("assign q = a; always @(posedge clk) q <= a;", "continuous"),
    ("assign a = 4'd1;", "input"),
    ("wire x = y;", "undeclared"),
    ("assign x = clk;", "undeclared"),
    ("wire r;", "redefinition"),
    ("nothing p(.clk(clk));", "unknown module"),
    ("generate for (k = 0; k < 3; k = k + 1) begin : l wire z = a[k]; end endgenerate wire x = l[5].z;", "out of scope"),
]
TAKEN = [
    PART.format("", "a", "s8", "r"),
    PART.format("", "a + b", "s8 >>> 1", "{r[1:0], r[3:2]}"),
    PART.format("", "a ^ 4'd1", "$signed({5'd0, b})", "r"),
    PART.format("", "clk ? a : b + a", "~s8", "r"),
    PART.format("#(.W(2 + 1), .K(4'd9))", "b", "-s8", ""),
    PART.format("#(.W(32'd3))", "b << a", "8'd255", "r[3:1]"),
    "wire [7:0] x = a + b; wire [2:0] y = a + 1; wire z = s8 < a; wire [7:0] w = s8 >> 3;",
    "localparam T = 3; wire x = 1'b1 ? s8[0] : s8[T]; wire y = 1'b0 ? s8[7:T] == 0 : s8[T+:2] == 0;",
    "wire x = m[b] == m[3]; wire y = s8[b]; wire z = a[b[1:0]]; wire [4:0] w = s8[a[1:0]+:5];",
    "localparam [3:0] P = 4'd3; localparam Q = 4'd3; wire [3:0] x = {{4{clk}} & P} + Q;",
    "always @* case (b) 3'd1: q = 4'd1; 3'd1: q = 4'd2; default: q = 4'd0; endcase",
    "always @(posedge clk) begin q <= q + 1; m[b] <= q; end",
    "reg x; always @(posedge clk) x <= !x && a;",
    "wire [3:0] t; assign t[1:0] = a; assign t[3] = clk; generate for (k = 2; k < 3; k = k + 1) begin : g assign t[k] = clk; "
    "end endgenerate",
    "wire signed [3:0] x; part p(.clk(clk), .value(x[3:0]), .s(s8[7:0]), .result(r));",
    "wire signed [3:0] x; part p(.clk(clk), .value(a), .s(s8), .result(x[3:0]));",
    "wire [3:0] x = 5'd31; wire [2:0] y = -3; wire z = a && b || clk; wire v = !a == b; wire [3:0] w = a >>> 1;",
    "wire x = ~(|s8[7:0]) ^ !s8[7:0]; wire [8:0] y = {s8[7:0], 1'b0};",
    "wire [11:8] x; assign x[9:8] = b; assign x[11:10] = b; wire y = x[8]; wire [5:5] z;",
    "wire [23:0] x = {{3{s8}}} * {a, a};",
    "wire [3:0] x = y; wire [3:0] y = a;",
    "reg x = 1'd1; always @(posedge clk) x <= a[0];",
]


def check(item):
    check_elaborated({"dut.v": DESIGN.format(item)}, "top")


@pytest.mark.parametrize(("item", "words"), REFUSED)
def test_what_tools_read_differently_is_refused_with_its_line(item, words):
    with pytest.raises(UserError, match=rf"^dut\.v:\d+: .*(?:{words})") as caught:
        check(item)
    assert str(caught.value).isprintable()


def test_a_net_that_nobody_declared_is_refused():
    for text in ("", "`default_nettype wire\n"):
        with pytest.raises(UserError, match=r"^dut\.v:\d+: .*implicit"):
            check_elaborated({"dut.v": DESIGN.format("assign x = clk;").replace("`default_nettype none\n", text)}, "top")


@pytest.mark.parametrize("item", TAKEN)
def test_what_they_read_alike_is_taken(item):
    check_grammar(DESIGN.format(item), "dut.v")
    check(item)


@pytest.mark.parametrize("generator", ["verilog", "amaranth"])
def test_a_folder_is_elaborated_as_a_whole(make_core, sc_hw, generator):
    core = make_core(synapses=5, lanes=2, generator=generator)
    path = core.folder / "dut_lane.v"
    text = path.read_text()
    path.write_text(text.replace("(word_in[15:0])", "(word_in[14:0] + 15'd1)"))
    status, out, err = sc_hw("prove", core.folder)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "dut_lane.v:" in err
    assert "dut.lane_0.datapath.state_weight: not allowed (15 bits on a pin of 16" in err
    path.write_text(text.replace("(word_in[15:0])", "(word_in[15:0] ^ 16'd1)"))
    assert load_core(core.folder).edited


def test_what_was_refused_leaves_nothing_behind(tmp_path):
    """slang's objects that nothing can free print many lines when Python ends."""
    import subprocess
    import sys

    program = "from tests.rtl.test_elaboration import *\nfor item, _ in REFUSED:\n  try: check(item)\n  except UserError: pass\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


PORTS = {"clk": ("input", 1), "a": ("input", 4), "b": ("input", 3), "s8": ("input", 8), "q": ("output", 4)}


@pytest.mark.parametrize("ports_only", [False, True])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("input wire clk,", "input wire clk, input wire bug,"), r"top\.bug: .*a port that manifest.json does not list"),
        (("output reg [3:0] q", "output reg [3:0] q, output wire seen"), r"top\.seen: not allowed \(a port that"),
        (("input wire [2:0] b, ", ""), r"top\.b: not allowed \(no such port"),
        (("input wire [3:0] a", "input wire [4:0] a"), r"top\.a: .*input of 5 bits, and input of 4 bits in manifest.json"),
        (("input wire [2:0] b", "output wire [2:0] b"), r"top\.b: .*output of 3 bits, and input of 3 bits"),
        (("module top", "module other"), "no module top in the design"),
    ],
)
def test_ports_that_are_not_the_manifests_are_named(change, why, ports_only):
    text = DESIGN.format(PART.format("", "a", "s8", "r")).replace("module top(", "module top(\n", 1)
    check_elaborated({"top.v": text}, "top", {"top": PORTS}, ports_only=ports_only)
    with pytest.raises(UserError, match=why) as caught:
        check_elaborated({"top.v": text.replace(*change)}, "top", {"top": PORTS}, ports_only=ports_only)
    assert str(caught.value).startswith("top.v:")


@pytest.mark.parametrize("generator", ["amaranth", "verilog"])
def test_every_verb_that_reads_a_folder_compares_ports(make_core, make_crossbar, sc_hw, generator):
    core = make_core(generator, synapses=3)
    path = core.folder / "dut.v"
    path.write_text(re.sub(r"module dut\s*\(", r"\g<0>input wire bug, ", path.read_text(), count=1))
    for verb in ("sim", "sim --allow-system-tasks", "prove", "selftest", "mutate", "report", "files", "synth", "pnr"):
        name, *options = verb.split()
        status, out, err = sc_hw(name, core.folder, *options)
        assert (status, out) == (2, ""), verb
        assert f"{path}:" in err
        assert "dut.bug: not allowed (a port that manifest.json does not list)" in err
    crossbar = make_crossbar(generator, pre=2, post=2, lanes=1)
    part = crossbar.folder / "synapses"
    (file,) = part.glob("*_synapses.v")
    file.write_text(re.sub(rf"module {file.stem}\s*\(", r"\g<0>input wire bug, ", file.read_text(), count=1))
    assert f"{file.stem}.bug: not allowed" in sc_hw("report", crossbar.folder)[2]


def test_what_was_sound_for_another_question_is_asked_again():
    """The same text with other ports, and where only its ports had been looked at."""
    text = DESIGN.format(PART.format("", "a", "s8", "r")).replace("module top(", "module top(\n", 1)
    check_elaborated({"top.v": text}, "top", {"top": PORTS}, ports_only=True)
    with pytest.raises(UserError, match=r"in manifest\.json"):
        check_elaborated({"top.v": text}, "top", {"top": {**PORTS, "a": ("input", 5)}}, ports_only=True)
    wrong = DESIGN.format("wire [3:0] never;\n  assign never[1:0] = a[1:0];\n  assign never[1:0] = b[1:0];")
    check_elaborated({"top.v": wrong}, "top", {"top": PORTS}, ports_only=True)
    with pytest.raises(UserError):
        check_elaborated({"top.v": wrong}, "top", {"top": PORTS})

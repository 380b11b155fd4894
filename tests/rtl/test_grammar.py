"""Constructs that one tool reads in another way than the next are refused, by name; what our generators write is taken."""

import pytest

from sc_hw.errors import UserError
from sc_hw.manifest.grammar import check_grammar
from sc_hw.manifest.sources import check_verilog

MODULE = "module m(input clk, input [3:0] a, output reg [3:0] b);\n{}\nendmodule\n"
REFUSED = [
    # a hierarchical write: what is not visible under a block's name is a module's
    ("if (0) begin : hide if (1) begin : m end end always @(posedge clk) m.q <= 8'd1;", "an if outside a generate loop"),
    ("always @(posedge clk) other.q <= 8'd1;", "in the bench around it"),
    ("generate for (k = 0; k < 3; k = k + 1) begin : l wire t; end endgenerate wire x = l.t;", "inside another module"),
    ("generate for (k = 0; k < 3; k = k + 1) begin : l wire t; end endgenerate wire x = l[0].t.u;", "inside another module"),
    ("wire x = lanes[0].y;", "inside another module"),
    ("wire x = m.y;", "inside another module"),
    ("wire x = m::y;", "inside another module"),
    ("generate if (1) begin wire y; end endgenerate", "an if outside a generate loop"),
    ("if (0) wire y;", "an if outside a generate loop"),
    ("generate case (1) 1: wire y; endcase endgenerate", "a case generate"),
    # signs: of a parameter, of a number, of a case
    ("localparam signed K = 4'd9;", "a signed parameter"),
    ("parameter signed [3:0] K = 4'd9;", "a signed parameter"),
    ("localparam integer K = 4'd9;", "integer type"),
    ("wire x = 4'sd9 == a;", "a number of another kind"),
    ("wire x = 4'So7 == a;", "a number of another kind"),
    ("wire [3:0] x = '1;", "unbased unsized"),
    ("wire signed [7:0] s = a; always @* case (s) 8'd3: b = 1; default: b = 0; endcase", "a case of other than"),
    ("integer s;", "integer type"),
    ("always @* case (a + b) 8'd3: b = 1; default: b = 0; endcase", "a case of other than"),
    ("always @* case (a) -8'd1: b = 1; default: b = 2; endcase", "an item of a case"),
    ("localparam K = 3; always @* case (a) K: b = 1; default: b = 2; endcase", "an item of a case"),
    ("always @* case (a) 3: b = 1; default: b = 2; endcase", "an item of a case"),
    # when a procedure runs
    ("always @(a) b = a;", "a procedure of other than"),
    ("always @(a or b) b = a;", "binary event"),
    ("always @(negedge clk) b <= a;", "a procedure of other than"),
    ("always @(posedge clk or posedge a) b <= a;", "binary event"),
    ("always @(posedge (clk & a)) b <= a;", "a procedure of other than"),
    ("always @(posedge a[0]) b <= a;", "a procedure of other than"),
    ("always b = a;", "a procedure of other than"),
    ("always @(posedge clk) b = a;", "a blocking assignment at a clock edge"),
    ("always @* b <= a;", "a nonblocking assignment without a clock edge"),
    ("always @(posedge clk) b <= #1 a;", "timing control"),
    ("assign #1 b = a;", "delay"),
    ("wire #3 x = 1;", "delay"),
    ("always @(posedge clk) for (k = 0; k < 3; k = k + 1) b <= a;", "for loop"),
    ("initial b = 1;", "in the form in which it is emitted"),
    ("always @(posedge clk) begin : x b <= a; end", "a named block"),
    # what drives a net
    ("wire (strong0, weak1) x = 1;", "drive strength"),
    ("and (x, a, b);", "primitive"),
    ("alias a = b;", "alias"),
    ("always @* assign b = a;", "procedural assign"),
    # instances
    ("part one [3:0] (.clk(clk));", "an array of instances"),
    ("part one (clk);", "ordered port"),
    ("part one (.*);", "wildcard port"),
    # values that are undefined somewhere
    ("wire x = a / b;", "divide"),
    ("wire x = a % b;", "mod"),
    ("wire x = a ** b;", "power"),
    ("wire x = a === b;", "case equality"),
    ("wire x = a ==? b;", "wildcard"),
    # the rest of the language
    ("function f; input a; f = a; endfunction", "function"),
    ("always @(posedge clk) b += 1;", "assignment"),
    ("wire x = y++;", "increment"),
    ("wire [3:0] x = {<<{a}};", "streaming"),
    ("reg [3:0] m [0:3] = '{default: 0};", "pattern"),
    ("wire [3:0] x = 4'(a);", "cast"),
    ("wire x = a inside {1, 2};", "inside"),
    ("let x = 1;", "let"),
    ("typedef reg t;", "typedef"),
    ("specify endspecify", "specify"),
    ("module inner; endmodule", "a module declaration"),
]
WORDS = [
    "wand [1:0] v;",
    "wor v;",
    "tri v;",
    "tri0 v;",
    "supply1 v;",
    "wire vectored [3:0] v;",
    "casez (a) endcase",
    "logic v;",
    "always_comb b = a;",
    "always_latch b = a;",
    "trireg v;",
    "inout v;",
    "deassign b;",
    "uwire v;",
]


@pytest.mark.parametrize(("item", "words"), REFUSED)
def test_a_construct_with_two_readings_is_refused_with_its_line(item, words):
    with pytest.raises(UserError, match=rf"^dut\.v:2: .*is not allowed \(.*(?:{words})") as caught:
        check_grammar(MODULE.format(item), "dut.v")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("item", "words"), [("wire x = ;", "expected expression"), ("wire x", "expected ';'"), ("]", "unexpected")]
)
def test_what_cannot_be_read_is_refused_in_one_line(item, words):
    with pytest.raises(UserError, match=rf"^dut\.v:[23]: '.*' is not allowed \(no Verilog: .*{words}") as caught:
        check_grammar(MODULE.format(item), "dut.v")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("item", ["wire x;", "localparam K = 3;", "typedef reg t;"])
def test_what_stands_in_no_module_is_refused(item):
    for text in (item + "\n" + MODULE.format(""), MODULE.format("") + item):
        with pytest.raises(UserError, match="stands in no module"):
            check_grammar(text, "dut.v")


@pytest.mark.parametrize("item", WORDS)
def test_a_word_that_our_generators_do_not_write_is_refused(item):
    with pytest.raises(UserError, match=r"^dut\.v:2: '\w+' is not allowed"):
        check_verilog(MODULE.format(item), "dut.v")


@pytest.mark.parametrize("generator", ["verilog", "amaranth"])
def test_what_is_emitted_is_taken(make_core, generator):
    core = make_core(synapses=5, lanes=2, generator=generator)
    for path in core.folder.glob("*.v"):
        check_verilog(path.read_text(), path.name)

"""Verilog that acts on something outside the design, or that two tools read differently, is refused in every spelling."""

from importlib import import_module

import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.manifest.sources import check_verilog
from sc_hw.rtl.contents import contents

ACTS = [
    '$system("touch x");',
    '$c("system(1)");',
    "$finish;",
    "x = $unsigned(y);",
    "$fatal;",
    "$display;",
    "$ display;",
    "$unit::x = 1;",
    '$readmemh("a", words);',
    'integer f = $fopen("a");',
    '$dumpfile("a");',
    '$value$plusargs("a", x);',
    "$random;",
    "x = 12$random;",
    "x = y+$random;",
    'import "DPI-C" function void f();',
    'export "DPI-C" function f;',
    "(* keep *) // harmless\n$system;",
    "// harmless \n/* */ $stop /* */ ;",
    "/* // */ $stop; /* */",
    "/**/$stop;/**/",
    "/*/ */ $stop; /**/",
    "\\quoted $stop;",
    'x = "text";',
    'x = "// $display',
]
NEVER_READ = ("$ display;", 'x = "// $display', "$unit::x = 1;", "x = 12$random;", "\\quoted $stop;")
ALWAYS = [
    '`include "/etc/passwd"',
    "`define S $sys``tem",
    "`define A(x) x\n`A($stop)",
    "`ifdef YOSYS\nwire x;\n`endif",
    "`S",
    "` include x",
    "`\\\ninclude",
    '`line 1 "a" 1',
    "`pragma protect",
    "`verilator_config",
    "`systemc_header\nint x;",
    "`resetall`define x",
    '`begin_keywords "1364-2001"',
    "bind dut other inside (.clk(clk));",
    "module a; defparam b.c = 1; endmodule",
    "config c; endconfig",
    "library l a.v;",
    "assume (x);",
    "assert property (@(posedge clk) x);",
    "restrict (x);",
    "force x = 1;",
    "program p; endprogram",
    "class c; endclass",
    "wait (x);",
    "(* blackbox *) module a; endmodule",
    "(* full_case *) case (x) endcase",
    '(* techmap_wrap = "exec" *) wire x;',
    "(* keep, anyconst *) wire x;",
    '(* src = "a *)" *) wire x;',
    '(* src = "dut_lane.v:3" *) module lane; endmodule',
    "(* keep, src *) wire x;",
    "(* keep",
    "wire x = sc_hw_bench.fault;",
    "wire x = dut.lane_0.word_in;",
    "wire x = lanes[0].word;",
    "begin : level end wire x = level.part.word;",
    "begin : level end wire x = (level).word;",
    "wire x = dut /* here */ . // or there\n lane;",
    "wire x = \\dut .lane;",
    "wire x = dut.\\lane ;",
    "// verilator lint_off WIDTH translate_off",
    "// verilator public_flat_rw",
    "/*verilator tracing_off*/",
    "/* verilator\n lint_off WIDTH */",
    "//synopsys translate_off",
    "// Synthesis Translate_Off",
    "case (x) // synopsys full_case",
    "/* , synthesis attribute keep */",
    "// pragma translate_off",
    "// note: translate_off",
    "// a comment \\\n$stop",
    "// a comment \\\r\n",
    "/* never closed",
    "\\a;exec ",
    "\\$display ;",
    '\\x"y ',
    "\\\n",
    "wire é;",
    "wire x\x00;",
    "wire x;\x0c",
    "// a\rwire x;",
    "// \u202e hidden",
    "\ufeff// begins with a mark",
]
HARMLESS = [
    '// 5 $ a piece, `quoted`, "said", \\ and (* star *)',
    "/* $system in a comment, and `include */",
    "// überall",
    "wire foo$bar = $signed(a) + $clog2(8);",
    "always @(*) x = (a)*(b);",
    "always @ ( * ) x = 1;",
    '(* keep *) (* ram_style = "block", no_rw_check *) reg [3:0] words [0:3];',
    "// verilator lint_off UNUSEDSIGNAL\r\n",
    "`resetall\n`timescale 1ns / 1ps\n`default_nettype none\n",
    "wire \\a.b[3] = 8'hff;",
    contents([3, 10], 4).partition("\n")[2].strip(),
    "wire important, bindings, forced;",
    "part #(.BITS(3), .SIGN(1)) one (.clk(clk), /* the value. It */ .value(x[3]) , .\\a (b));",
    "// the file dut.v. It has a.b",
    "generate for (k = 0; k < 3; k = k + 1) begin : level wire upper; end endgenerate"
    "  assign x = level[K].upper & level [0] . upper;",
]


def inside(text):
    """Return a module with an item of a module, or with statements, in it."""
    item = text.startswith(("import", "export", "integer", "wire", "reg", "always", "initial", "begin", "part", "`"))
    return f"module m;\n{text}\nendmodule\n" if item else f"module m;\nreg x, y; initial begin\n{text}\nend\nendmodule\n"


@pytest.mark.parametrize("text", ACTS)
def test_what_acts_needs_the_flag(text):
    for whole in (text, "module m;\n" + text, inside(text)):
        with pytest.raises(UserError, match="is not allowed") as error:
            check_verilog(whole, "dut.v")
        assert str(error.value).isprintable()
    if text not in NEVER_READ:
        check_verilog(inside(text), "dut.v", system_tasks=True)


@pytest.mark.parametrize("text", ALWAYS)
def test_what_tools_read_differently_is_refused_with_the_flag_too(text):
    for system_tasks in (False, True):
        with pytest.raises(UserError, match="is not allowed") as error:
            check_verilog(f"wire a;\n{text}\n", "dut.v", system_tasks=system_tasks)
        assert str(error.value).isprintable()
        assert str(error.value).startswith("dut.v:")


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_is_taken(text):
    check_verilog(text if text.startswith("`") else f"module m;\n{text}\nendmodule\n", "dut.v")


def test_the_line_is_named():
    with pytest.raises(UserError, match=r"^dut\.v:3: '\$stop' is not allowed"):
        check_verilog("// one\n/* two */\n  $stop;\n", "dut.v")


@pytest.mark.parametrize("verb", ["selftest", "mutate", "prove", "synth", "pnr", "sim", "replay"])
def test_every_verb_that_reads_verilog_refuses_it(make_core, sc_hw, verb):
    core = make_core(synapses=4)
    path = core.folder / "dut_lane.v"
    path.write_text(path.read_text().replace("endmodule", 'initial $system("touch here");\nendmodule'))
    status, out, err = sc_hw(verb, core.folder)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "'$system' is not allowed" in err
    assert not (core.folder / "results").exists()


def test_the_flag_is_of_simulation_alone(make_core, sc_hw, monkeypatch, tmp_path):
    core = make_core(synapses=4)
    path = core.folder / "dut_lane.v"
    path.write_text(path.read_text().replace("endmodule", 'initial $display("here");\nendmodule'))
    seen = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # where the traceback of a defect is left
    monkeypatch.setattr(import_module("sc_hw.sim.command"), "simulate", lambda cores, **_: seen.extend(cores) or 1 / 0)
    assert sc_hw("sim", core.folder, "--allow-system-tasks")[0] == 70  # what stands for the simulation is a defect
    assert seen[0].edited == ("dut_lane.v",)
    status, _, err = sc_hw("sim", core.folder, "--allow-system-tasks", "--coverage")
    assert status == 2
    assert "--coverage" in err
    assert sc_hw("report", core.folder)[0] == 1  # it runs nothing, and says what was run
    path.write_bytes(path.read_bytes() + b"// \xff\n")
    with pytest.raises(UserError, match=r"dut_lane\.v: byte \d+ is no text in UTF-8"):
        load_core(core.folder, system_tasks=True)


def test_what_is_allowed_with_system_tasks_is_refused_without():
    """In one process, in either order: what was read once is known by what it was allowed for."""
    text = 'module m;\n  initial $display("a");\nendmodule\n'
    check_verilog(text, "dut.v", system_tasks=True)
    with pytest.raises(UserError, match="is not allowed"):
        check_verilog(text, "dut.v")

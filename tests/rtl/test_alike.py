"""Random expressions that a folder may hold mean the same to Yosys, which proves, and to Verilator, which simulates."""

import random

from sc_hw.elaboration import check_elaborated
from sc_hw.errors import UserError
from sc_hw.manifest.sources import check_verilog
from sc_hw.sim.simulator import ccache_environment
from sc_hw.toolchain import VERILATED_MAKE, verilator
from sc_hw.yosys import run_yosys
from sc_hw_models.scratch import run_process
from tests.daily import check

SEED, COUNT, CLOCKS = 20261128, 40, 4000
LEAVES = [
    "a",
    "b",
    "c",
    "d",
    "n",
    "a[3:0]",
    "c[5:2]",
    "a[0]",
    "c[7]",
    "$signed(a)",
    "$signed(c[4:1])",
    "3",
    "-2",
    "4'd9",
    "1'b1",
    "{a, b}",
    "{2{c[1:0]}}",
    "c[b[2:0]]",
]
PORTS = "input wire [7:0] a, input wire [7:0] b, input wire signed [7:0] c, input wire signed [7:0] d, output wire [15:0] y"
MODULE = "`default_nettype none\nmodule {}({});\nwire signed [2:0] n = c >>> 1;\nassign y = {};\nendmodule\n"
MAIN = """#include "Vtop.h"
#include <cstdio>
#include <random>
int main() {
  VerilatedContext context; Vtop top(&context); std::mt19937 next(1);
  for (int clock = 0; clock < CLOCKS; clock++) {
    top.x = next();
    if (clock % 7 == 0) top.x &= 0x07070707;
    top.clk = 0; top.eval(); top.clk = 1; top.eval();
  }
  for (int k = 0; k < COUNT; k++) putchar('0' + (top.bad[k / 32] >> k % 32 & 1));
}
"""


def expression(chosen, depth):
    """Return a random expression."""
    if depth == 0 or chosen.random() < 0.12:
        return chosen.choice(LEAVES)
    inner = [expression(chosen, depth - 1) for _ in range(3)]
    match chosen.randrange(6):
        case 0 | 1 | 2:
            signs = ["+", "-", "*", "&", "|", "^", "~^", "<", "<=", ">", "==", "!=", "&&", "||", "<<", ">>", ">>>"]
            return f"({inner[0]} {chosen.choice(signs)} {inner[1]})"
        case 3:
            return f"({chosen.choice('~-!&|^+')}({inner[0]}))"
        case 4:
            return f"({inner[0]} ? {inner[1]} : {inner[2]})"
    return f"$signed({inner[0]})"


def taken(text, top):
    try:
        check_verilog(text, "dut.v")
        check_elaborated({"dut.v": text}, top)
    except UserError:
        return False
    return True


@check("what is emitted is read alike by every tool in every run")
def test_random_expressions(tmp_path):
    print("seed", SEED)
    chosen, texts, refused = random.Random(SEED), [], 0
    while len(texts) < COUNT:
        name = f"s{len(texts)}"
        text = MODULE.format(name, PORTS, expression(chosen, 4))
        if taken(text, name):
            texts.append(text)
        else:
            refused += 1
    assert refused < 3 * COUNT
    (tmp_path / "read.v").write_text("".join(texts))
    names = "".join(f"rename s{k} g{k}\n" for k in range(COUNT))
    run_yosys(f"read_verilog -sv read.v\nproc\n{names}write_verilog -noattr written.v\n", cwd=tmp_path)
    pins = ".a(x[7:0]), .b(x[15:8]), .c(x[23:16]), .d(x[31:24])"
    pairs = "".join(
        f"wire [15:0] y{k}, z{k}; s{k} p{k}({pins}, .y(y{k})); g{k} q{k}({pins}, .y(z{k}));\n"
        f"always @(posedge clk) if (y{k} != z{k}) bad[{k}] <= 1'b1;\n"
        for k in range(COUNT)
    )
    # Wide, so that it is an array in C++ whatever the count.
    top = f"module top(input wire clk, input wire [31:0] x, output reg [127:0] bad);\ninitial bad = 0;\n{pairs}endmodule\n"
    (tmp_path / "top.v").write_text(top)
    (tmp_path / "main.cpp").write_text(MAIN.replace("CLOCKS", str(CLOCKS)).replace("COUNT", str(COUNT)))
    tool = verilator().require()
    command = [
        tool.path,
        "--cc",
        "--exe",
        "--no-timing",
        "-Wno-fatal",
        "-Wno-lint",
        "--top-module",
        "top",
        "-Mdir",
        ".",
        "top.v",
        "read.v",
        "written.v",
        "main.cpp",
    ]
    environment = {**dict(tool.environment), **ccache_environment(tmp_path)}
    build = ["make", "-f", "Vtop.mk", "Vtop", *VERILATED_MAKE, "OPT_FAST=-O0", "OPT_SLOW=-O0"]
    for step in (command, build):
        done = run_process(step, cwd=tmp_path, environment=environment)
        assert done.returncode == 0, done.stdout + done.stderr
    found = run_process([str(tmp_path / "Vtop")], cwd=tmp_path).stdout
    assert len(found) == COUNT
    assert [texts[k] for k in range(COUNT) if found[k] == "1"] == []

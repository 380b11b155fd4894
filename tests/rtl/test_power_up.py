"""What both generators make does the same from power-up on without any reset, where registers and memories are 0 then."""

import re

import pytest

from sc_hw.sim.simulator import ccache_environment
from sc_hw.toolchain import VERILATED_MAKE, verilator
from sc_hw_models.scratch import run_process

from ..daily import check

CLOCKS, LEAST = 10000, 100  # clocks, and results of each that must come
SMALL = {"weight_bits": 3, "trace_bits": 3, "reward_bits": 2}
MAIN = """#include "Vtop.h"
#include <cstdio>
#include <random>
int main() {
  VerilatedContext context; Vtop top(&context); std::mt19937 next(1);
  for (int clock = 0; clock < CLOCKS; clock++) {
    for (int k = 0; k < WORDS; k++) top.x[k] = next();
    top.clk = 0; top.eval(); top.clk = 1; top.eval();
  }
  for (int k = 0; k < COUNT; k++) std::printf("%d %d\\n", (int)(top.bad >> k & 1), (int)top.results[k]);
}
"""


def pair(number, cores):
    """Return an instance of each of two cores with the same inputs, what compares them, and how many bits of input they take."""
    inputs = [port for port in cores[0].design.ports() if port.direction == "input" and port.name not in ("clk", "rst")]
    outputs = [port for port in cores[0].design.ports() if port.direction == "output"]
    low, pins, text = 0, [".clk(clk)", ".rst(1'b0)"], ""
    for port in inputs:
        pins.append(f".{port.name}(x[{low + port.bits - 1}:{low}])")
        low += port.bits
    for k, core in enumerate(cores):
        own = [f".{port.name}({port.name}_{number}_{k})" for port in outputs]
        text += "".join(f"wire [{port.bits - 1}:0] {port.name}_{number}_{k};\n" for port in outputs)
        text += f"{core.design.name} i_{number}_{k}({', '.join(pins + own)});\n"
    differ = " | ".join(f"({port.name}_{number}_0 != {port.name}_{number}_1)" for port in outputs)
    ready = next(pin for pin in pins if pin.startswith(".result_ready("))
    moves = f"result_valid_{number}_0 & {ready[len('.result_ready(') : -1]}"
    text += f"always @(posedge clk) if ({differ}) bad[{number}] <= 1'b1;\n"
    text += f"always @(posedge clk) if ({moves}) results[{number}] <= results[{number}] + 1;\n"
    return text, low


KINDS = {
    "core": lambda core, layer, crossbar, g, name: core(g, name=name, synapses=4, rounding="stochastic", **SMALL),
    "crossbar": lambda core, layer, crossbar, g, name: crossbar(g, name=name, pre=4, post=4, **SMALL),
    "queue": lambda core, layer, crossbar, g, name: core(g, name=name, synapses=8, lanes=2, queued=True, **SMALL),
    "layer": lambda core, layer, crossbar, g, name: layer(g, name=name, neurons=4, postsynaptic=2),
    "addresses": lambda core, layer, crossbar, g, name: crossbar(g, name=name, pre=4, post=4, addressed=True, **SMALL),
}


@pytest.mark.parametrize("kinds", [["core"], pytest.param([*KINDS][1:], marks=check("further kinds of designs"))], ids=len)
def test_both_generators_do_the_same_without_a_reset(make_core, make_layer, make_crossbar, tmp_path, kinds):
    """Of the first kind once more with a register that is 1 at power-up: that is seen."""
    pairs = [
        [KINDS[kind](make_core, make_layer, make_crossbar, g, f"{g[0]}{k}") for g in ("verilog", "amaranth")]
        for k, kind in enumerate(kinds)
    ]
    for core in (core for own in pairs for core in own):  # no register of either has a value of its own
        for path in core.sources:
            assert not re.search(r"^\s*(reg [^;]*[^<=!]=[^=]|initial\b)", path.read_text(), re.MULTILINE), path
    planted = KINDS[kinds[0]](make_core, make_layer, make_crossbar, "verilog", "planted")
    texts = {path.name: path.read_text() for own in [*pairs, [planted]] for core in own for path in core.sources}
    texts = {
        name: text.replace("reg [2:0] state_reg;", "reg [2:0] state_reg = 3'd4;") if name.startswith("planted") else text
        for name, text in texts.items()
    }
    pairs.append([pairs[0][0], planted])
    parts = [pair(k, own) for k, own in enumerate(pairs)]
    words = max(3, -(-max(bits for _, bits in parts) // 32))  # so many that they are an array in C++
    head = f"module top(input wire clk, input wire [{32 * words - 1}:0] x, output reg [{len(pairs) - 1}:0] bad, "
    head += f"output reg [31:0] results [0:{len(pairs) - 1}]);\n"
    texts["top.sv"] = f"{head}{''.join(text for text, _ in parts)}endmodule\n"
    texts["main.cpp"] = MAIN.replace("CLOCKS", str(CLOCKS)).replace("WORDS", str(words)).replace("COUNT", str(len(pairs)))
    folder = tmp_path / "build"
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text)
    tool = verilator().require()
    sources = [name for name in texts if name.endswith((".v", ".sv"))]
    verilate = [tool.path, "--cc", "--exe", "--no-timing", "-Wno-fatal", "-Wno-lint", "--x-initial", "0", "--top-module", "top"]
    environment = {**dict(tool.environment), **ccache_environment(tmp_path)}
    build = ["make", "-f", "Vtop.mk", "Vtop", *VERILATED_MAKE, "OPT_FAST=-O0", "OPT_SLOW=-O0"]
    for step in ([*verilate, "-Mdir", ".", *sources, "main.cpp"], build):
        done = run_process(step, cwd=folder, environment=environment)
        assert done.returncode == 0, done.stdout + done.stderr
    found = [line.split() for line in run_process([str(folder / "Vtop")], cwd=folder).stdout.splitlines()]
    assert [int(bad) for bad, _ in found] == [*(0 for _ in kinds), 1]
    moved = zip([*kinds, kinds[0]], found, strict=True)  # what takes spikes by number takes none before a reset
    assert all(int(results) > LEAST for kind, (_, results) in moved if kind != "addresses"), found

"""Two crossbars in a row, an example of a topology made of what is there: emitted, simulated, its wiring proven."""

import dataclasses
import runpy
import shutil
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from sc_hw.rtl.amaranth import AmaranthModule, _rtlil, written
from sc_hw.rtl.emit import GENERATORS, core_files
from sc_hw.rtl.graph_text import graph_text
from sc_hw.rtl.graph_top import GraphTop
from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.registry import get_rule

from ..daily import few

ROOT = Path(__file__).parents[2]
pair = runpy.run_path(str(ROOT / "examples" / "pair.py"))["pair"]
SIZES, STEPS, SEED = (16, 18, 2), 40, 11  # more in front than a pipeline takes
RULE = get_rule("r_stdp")
CONFIG = RULE.config_type(weight_bits=6, trace_bits=4, reward_bits=4, learning_shift=2, rounding="stochastic")


def tops(graph):
    """Return the top of each generator."""
    made = AmaranthModule(graph.purpose, graph.ports(), _rtlil(graph.name, GraphTop(graph), reset=True))
    return {"verilog": graph_text(graph), "amaranth": written({graph.name: made})[f"{graph.name}.v"]}


@pytest.mark.parametrize("checks", [{}, {"middle_event": "first.command"}, {"middle_event": "second.post_event"}])
def test_marks_that_nobody_compares_are_refused(checks):
    """Nobody at all, a stream without marks, and one of another length."""
    with pytest.raises(ValueError, match=r"checked: .*middle_event"):
        dataclasses.replace(pair("dut", RULE, CONFIG, sizes=(2, 3, 4)), checks=checks)


def turn(name, order, sizes):
    """Return the condition that one source of all streams, which sends a timestep of each in that order, is at this one."""
    at = order.index(name)
    step = f"n_{name} / {sizes[name]}"
    before = [f"n_{other} >= ({step} + 1) * {sizes[other]}" for other in order[:at]]
    return " && ".join([*before, *(f"n_{other} >= {step} * {sizes[other]}" for other in order[at + 1 :])])


def bench(graph, spikes, rewards, order=()):
    """Return a bench that offers every stream its next beat and writes the weights of both crossbars as they leave.

    With an ``order`` one source sends a timestep of each stream in it.
    """
    inputs = {port.name: port for port in graph.ports() if port.direction == "input"}
    streams = {"first_pre_event": spikes[0], "middle_event": spikes[1], "second_post_event": spikes[2]}
    sizes = {name: values.shape[1] for name, values in streams.items()}
    text = "module bench;\nreg clk = 0, rst = 1; always #1 clk = ~clk;\n"
    for name, values in streams.items():
        bits = "".join(str(bit) for bit in reversed(values.ravel()))
        text += f"reg [{len(bits) - 1}:0] bits_{name} = {len(bits)}'b{bits}; integer n_{name} = 0; wire r_{name};\n"
        offered = f"!rst && n_{name} < {len(bits)}" + (f" && {turn(name, order, sizes)}" if order else "")
        text += f"wire o_{name} = {offered};\nalways @(posedge clk) if (o_{name} && r_{name}) n_{name} <= n_{name} + 1;\n"
    word = "".join(f"{reward & 15:04b}" for reward in reversed([0, *rewards]))
    text += f"reg [{4 * STEPS + 3}:0] rewards = {4 * STEPS + 4}'b{word}; integer t = 0; wire taken;\n"
    text += f"always @(posedge clk) if (!rst && taken && t <= {STEPS}) t <= t + 1;\n"
    pins = {
        "clk": "clk",
        "rst": "rst",
        "command_valid": f"!rst && t <= {STEPS}",
        "command_ready": "taken",
        "command_clear": "t == 0",  # what memories hold at first is nobody's
    }
    pins["command_reward"] = "rewards[4 * t +: 4]"
    for name in streams:
        item = next(port for port in inputs if port.startswith(f"{name}_") and port.endswith("_spike"))
        pins |= {
            f"{name}_valid": f"o_{name}",
            f"{name}_ready": f"r_{name}",
            item: f"bits_{name}[n_{name}]",
        }
    for place in ("first", "second"):
        text += f"wire v_{place}; wire [5:0] w_{place};\n"
        pins |= {f"{place}_result_valid": f"v_{place}", f"{place}_result_ready": "1'b1", f"{place}_result_weight": f"w_{place}"}
        text += f'always @(posedge clk) if (!rst && v_{place}) $display("{place} %0d", w_{place});\n'
    pins |= {name: "0" for name in inputs if name not in pins}
    joined = ", ".join(f".{name}({value})" for name, value in pins.items())
    return text + f"{graph.name} dut ({joined});\ninitial begin #20 rst = 0; #80000 $finish; end\nendmodule\n"


@pytest.fixture(scope="module")
def graph():
    return pair("two", RULE, CONFIG, sizes=SIZES)


def test_it_takes_forty_lines():
    lines = (ROOT / "examples" / "pair.py").read_text().splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 40


STREAMS = ("first_pre_event", "middle_event", "second_post_event")
ORDERS = ["at once", *map(", ".join, permutations(STREAMS))]


@pytest.mark.skipif(not shutil.which("iverilog"), reason="no iverilog")
@pytest.mark.parametrize(
    ("generator", "order"),
    few(
        [(generator, order) for generator in GENERATORS for order in ORDERS],
        [*((generator, "at once") for generator in GENERATORS), ("verilog", ORDERS[1])],
        "further orders of the streams, which differ by who waits",
    ),
)
def test_both_crossbars_learn_as_their_models(graph, generator, order, tmp_path):
    """The streams come at once, or one source sends a timestep of one after that of another, in any order."""
    generated = np.random.default_rng(SEED)
    spikes = [generated.integers(0, 2, (STEPS, n)) for n in SIZES]
    rewards = generated.integers(-8, 8, STEPS)
    (tmp_path / "two.v").write_text(tops(graph)[generator])
    (tmp_path / "bench.v").write_text(bench(graph, spikes, rewards, [] if order == "at once" else order.split(", ")))
    for node in graph.nodes.values():
        for name, text in core_files(node.block, generator).items():
            if name.endswith(".v"):
                (tmp_path / name.replace("/", "_")).write_text(text)
    files = sorted(str(path) for path in tmp_path.glob("*.v"))
    subprocess.run(["iverilog", "-g2012", "-s", "bench", "-o", str(tmp_path / "sim"), *files], check=True)
    out = subprocess.run(["vvp", str(tmp_path / "sim")], capture_output=True, text=True, check=True).stdout
    for place, pre, post in (("first", 0, 1), ("second", 1, 2)):
        model = CrossbarModel.made(RULE, CONFIG, pre=SIZES[pre], post=SIZES[post])
        _, outputs = model.run({"pre_spike": spikes[pre], "post_spike": spikes[post], "reward": rewards})
        seen = [int(line.split()[1]) for line in out.splitlines() if line.startswith(place)]
        assert seen == outputs["weight"].ravel().tolist(), f"{place}, seed {SEED}"
        assert len(set(seen)) > 8  # it learned


PROOF = """
import sys
from pyosys import libyosys as ys
d = ys.Design()
for side in ("gold", "gate"):
    for pass_ in (f"read_verilog -lib parts.v", f"read_verilog {side}.v", f"rename two {side}", f"proc {side}",
                  f"select {side}/c:first {side}/c:second", "expose -evert", "select -clear", f"design -stash {side}"):
        ys.run_pass(pass_, d)
for pass_ in ("design -reset", "design -copy-from gold -as gold gold", "design -copy-from gate -as gate gate",
              "equiv_make gold gate both", "cd both", "opt_clean", "equiv_simple", "equiv_status -assert"):
    ys.run_pass(pass_, d)
print("EQUAL")
"""


def proven(folder, graph, gold, gate):
    """Return whether both tops join the same two crossbars, whatever these do, in the same way."""
    parts = []
    for node in graph.nodes.values():
        ports = ", ".join(f"{p.direction} [{p.bits - 1}:0] {p.name}" for p in node.block.ports())
        parts.append(f"module {node.block.name} ({ports}); endmodule\n")
    for name, text in (("parts.v", "".join(parts)), ("gold.v", gold), ("gate.v", gate)):
        (folder / name).write_text(text)
    done = subprocess.run([sys.executable, "-c", PROOF], cwd=folder, capture_output=True, text=True, check=False)
    assert ("EQUAL" in done.stdout) == (done.returncode == 0), done.stdout[-2000:] + done.stderr[-2000:]
    return done.returncode == 0


def test_the_tops_of_both_generators_are_proven_equal(graph, tmp_path):
    made = tops(graph)
    assert proven(tmp_path, graph, made["verilog"], made["amaranth"])
    swapped = made["verilog"].replace(".pre_event_pre_spike(", ".pre_event_pre_spike(~", 1)
    assert swapped != made["verilog"]
    assert not proven(tmp_path, graph, swapped, made["amaranth"])

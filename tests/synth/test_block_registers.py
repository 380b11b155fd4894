"""Output registers of blocks: the netlist with them does what the one before did, and registers that do more stay outside."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from sc_hw.manifest import load_core
from sc_hw.pnr.block_registers import absorb_registers
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.targets import load_target
from sc_hw.yosys import YosysError, find_yosys, run_yosys
from sc_hw_models.registry import get_rule

from ..daily import check

# What the blocks do is the same before and after, so small stand-ins serve: four words, and a mixture instead of a product.
_BLOCKS = """
module DP16KD #(parameter REGMODE_A = "NOREG", REGMODE_B = "NOREG") ({ports});
  reg [17:0] words [0:3];
  reg [17:0] read;
  wire [17:0] write = {{{write}}};
  always @(posedge CLKA) if (CEA & WEA) words[{{ADA5, ADA4}}] <= write;
  always @(posedge CLKB) if (CEB) read <= words[{{ADB5, ADB4}}];
  if (REGMODE_B == "OUTREG") begin : registered
    reg [17:0] out;
    always @(posedge CLKB) if (OCEB) out <= read;
    assign {{{read}}} = out;
  end else assign {{{read}}} = read;
endmodule
module MULT18X18D #(
  parameter REG_OUTPUT_CLK = "NONE", REG_OUTPUT_CE = "CE0", REG_OUTPUT_RST = "RST0"
) (input CLK0, CE0, RST0, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, {factors}, {unused}, output {product});
  wire [35:0] mixture = {{{a}, 18'h2a5a5}} ^ {{18'h15a5a, {b}}} ^ {{18'd0, {a}}};
  if (REG_OUTPUT_CLK == "CLK0") begin : registered
    reg [35:0] out;
    always @(posedge CLK0) if (RST0) out <= 0; else if (CE0) out <= mixture;
    assign {{{p}}} = out;
  end else assign {{{p}}} = mixture;
endmodule
"""


# What becomes another signal of a block: its outputs, now registered, and what its registers listen to.
_MOVED = re.compile(r"DOB|OCE|P\d|CLK0|CE0|RST0")


def _names(prefix: str, width: int) -> str:
    return ", ".join(f"{prefix}{bit}" for bit in reversed(range(width)))


def _blocks(module: dict[str, Any]) -> str:
    """Return the stand-ins, with all ports that the netlist connects."""
    used = [cell for cell in module["cells"].values() if cell["type"] == "DP16KD"]
    directions = used[0]["port_directions"] if used else {}
    return _BLOCKS.format(
        ports=", ".join(f"{direction} {port}" for port, direction in directions.items()),
        write=_names("DIA", 18),
        read=_names("DOB", 18),
        factors=f"{_names('A', 18)}, {_names('B', 18)}",
        unused=_names("C", 18),
        product=_names("P", 36),
        p=_names("P", 36),
        a=f"{{{_names('A', 18)}}}",
        b=f"{{{_names('B', 18)}}}",
    )


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A core of 1,024 synapses, mapped."""
    folder = tmp_path_factory.mktemp("blocks")
    rule = get_rule("three_factor")
    design = CoreDesign(name="dut", rule=rule, config=rule.presets["default"].config, synapses=1024)
    core = load_core(emit(design, "verilog", folder / "core"))
    sources = " ".join(str(source) for source in core.sources)
    script = f"read_verilog -sv {sources}\n{load_target('ecp5-25k').command('dut')}\nflatten\nwrite_json mapped.json\n"
    run_yosys(script, path=find_yosys()[0], cwd=folder)
    return json.loads((folder / "mapped.json").read_text())["modules"]["dut"]


def _same(before: dict[str, Any], after: dict[str, Any], folder: Path) -> bool:
    """Return whether induction over the nets of the same name, each of which is equal from power-up on, goes through."""
    (folder / "blocks.v").write_text(_blocks(before))
    inner: set[str] = set()
    for stage, module in (("before", before), ("after", after)):
        cells = copy.deepcopy(module["cells"])
        blocks = {name: cell for name, cell in cells.items() if cell["type"] in ("DP16KD", "MULT18X18D")}
        for cell in blocks.values():
            cell["parameters"] = {key: value for key, value in cell["parameters"].items() if key.startswith("REG")}
        inner |= {f"\\{name}.{port}" for name, cell in blocks.items() for port in cell["port_directions"] if _MOVED.match(port)}
        moved = {bits[0] for cell in blocks.values() for port, bits in cell["connections"].items() if _MOVED.match(port)}
        names = {net: value for net, value in module["netnames"].items() if moved.isdisjoint(value["bits"])}
        text = json.dumps({"modules": {stage: module | {"cells": cells, "netnames": names, "attributes": {}}}})
        (folder / f"{stage}.json").write_text(text)
    (folder / "moved.txt").write_text("\n".join(sorted(inner)))
    script = """
        read_json before.json
        read_json after.json
        read_verilog +/lattice/common_sim.vh
        read_verilog -sv +/lattice/ccu2c_sim.vh blocks.v
        hierarchy -check
        proc
        flatten before after
        memory before after
        opt_clean
        equiv_make -blacklist moved.txt before after pair
        equiv_simple pair
        equiv_induct pair
        equiv_status -assert pair
    """
    try:
        run_yosys(script, path=find_yosys()[0], cwd=folder)
    except YosysError as error:
        if "unproven $equiv cells in 'equiv_status -assert'" not in error.reason:
            raise
        return False
    return True


@check("that they are alike; that an enable forgotten is seen is in every run")
def test_no_input_tells_them_apart(netlist: dict[str, Any], tmp_path: Path) -> None:
    after = copy.deepcopy(netlist)
    saved = absorb_registers(after)
    kinds = [cell["type"] for cell in after["cells"].values()]
    assert saved == len(netlist["cells"]) - len(after["cells"]) > 0
    modes = [cell["parameters"].get("REGMODE_B") for cell in after["cells"].values() if cell["type"] == "DP16KD"]
    assert modes == ["OUTREG"] * kinds.count("DP16KD") != []
    (multiplier,) = [cell for cell in after["cells"].values() if cell["type"] == "MULT18X18D"]
    assert multiplier["parameters"]["REG_OUTPUT_CLK"] == "CLK0"
    assert _same(netlist, after, tmp_path)


@check("a proof over two netlists; which registers may be moved is told in every run")
@pytest.mark.parametrize(
    ("block", "enable"),
    [("DP16KD", "OCEB"), ("MULT18X18D", "CE0")],
)
def test_an_enable_forgotten_is_seen(netlist: dict[str, Any], tmp_path: Path, block: str, enable: str) -> None:
    after = copy.deepcopy(netlist)
    absorb_registers(after)
    for cell in after["cells"].values():
        if cell["type"] == block:
            cell["connections"][enable] = ["1"]
    assert not _same(netlist, after, tmp_path)


def _product(*changes: tuple[str, str, Any]) -> dict[str, Any]:
    """Return a multiplier of two output bits with registers, after changes: (cell, parameter or port, value)."""
    directions = {"CLK": "input", "DI": "input", "LSR": "input", "CE": "input", "Q": "output"}
    parameters = {"CLKMUX": "CLK", "CEMUX": "CE", "LSRMUX": "LSR", "REGSET": "RESET", "SRMODE": "LSR_OVER_CE"}
    registers = {
        f"register_{bit}": {
            "type": "TRELLIS_FF",
            "parameters": dict(parameters),
            "port_directions": dict(directions),
            "connections": {"CLK": [2], "DI": [10 + bit], "LSR": ["0"], "CE": [3], "Q": [20 + bit]},
        }
        for bit in (0, 1)
    }
    multiplier = {
        "type": "MULT18X18D",
        "parameters": {},
        "port_directions": {"A0": "input", "P0": "output", "P1": "output", "P2": "output"},
        "connections": {"A0": [4], "P0": [10], "P1": [11], "P2": [12]},
    }
    cells: dict[str, Any] = {"multiplier": multiplier, **registers}
    for cell, key, value in changes:
        cells[cell]["parameters" if key in parameters else "connections"][key] = value
    return {"cells": cells, "ports": {"result": {"direction": "output", "bits": [20, 21]}}}


def test_registers_of_a_product() -> None:
    module = _product()
    assert sum(absorb_registers(module).values()) == 2
    cell = module["cells"]["multiplier"]
    assert cell["connections"] == {"A0": [4], "P0": [20], "P1": [21], "P2": [12], "CLK0": [2], "CE0": [3], "RST0": ["0"]}
    assert cell["parameters"] == {"REG_OUTPUT_CLK": "CLK0", "REG_OUTPUT_CE": "CE0", "REG_OUTPUT_RST": "RST0"}
    assert list(module["cells"]) == ["multiplier"]


@pytest.mark.parametrize(
    "change",
    [
        ("register_1", "CE", [5]),
        ("register_1", "CEMUX", "1 "),
        ("register_1", "CLK", [5]),
        ("register_1", "LSR", [5]),
        ("register_1", "REGSET", "SET"),
        ("register_1", "CLKMUX", "INV"),
        ("register_1", "LSRMUX", "INV"),
        ("register_0", "LSR", [11]),
        ("multiplier", "A0", [11]),
        ("register_0", "DI", [11]),
    ],
    ids=lambda change: f"{change[0]} {change[1]} {change[2]}",
)
def test_registers_that_do_more_stay(change: tuple[str, str, Any]) -> None:
    """Another enable, clock or polarity, a reset, a set, a bit without a register or with a second reader."""
    module = _product(change)
    before = copy.deepcopy(module)
    assert absorb_registers(module) == {}
    assert module == before


def test_an_output_of_the_module_stays_where_it_is() -> None:
    module = _product()
    module["ports"]["result"]["bits"].append(11)
    assert absorb_registers(module) == {}


@pytest.mark.parametrize(("port", "net"), [("CLKB", 6), ("RSTB", 7)])
def test_a_memory_with_another_clock_or_a_reset_stays(port: str, net: int) -> None:
    module = _product()
    memory = module["cells"]["multiplier"] | {"type": "DP16KD"}
    usual = {"CLKB": [2], "RSTB": ["0"], "DOB0": [10], "DOB1": [11]}
    memory["connections"] = usual | {port: [net]}
    memory["port_directions"] = {"CLKB": "input", "RSTB": "input", "DOB0": "output", "DOB1": "output"}
    module["cells"]["multiplier"] = memory
    assert absorb_registers(module) == {}
    memory["connections"] = usual
    assert sum(absorb_registers(module).values()) == 2
    assert memory["parameters"] == {"REGMODE_B": "OUTREG"}

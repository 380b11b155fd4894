"""``sc-hw absorb``: a netlist of one's own, what it moves, what it leaves alone, and what it refuses."""

import copy
import json
import os
from pathlib import Path

import pytest

from sc_hw.absorb.command import absorb_netlist
from sc_hw.pnr.block_registers import absorb_registers
from sc_hw.yosys import find_yosys, run_yosys

# A read register behind a memory and behind a product, as anybody writes them.
OWN = """
module own (
  input clk, en, we, input [9:0] a, input signed [17:0] d, output reg signed [17:0] q, output reg signed [35:0] p
);
  (* no_rw_check *) reg signed [17:0] words [0:1023];
  reg signed [17:0] read;
  always @(posedge clk) begin
    if (we) words[a] <= d;
    if (en) read <= words[a];
    if (en) q <= read;
    if (en) p <= q * d;
  end
endmodule
"""


@pytest.fixture(scope="module")
def netlist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "own.v").write_text(OWN)
    run_yosys("read_verilog -sv own.v\nsynth_ecp5 -top own -json in.json\n", path=find_yosys()[0], cwd=folder)
    return (folder / "in.json").read_text()


def parts(text, kind):
    return [cell for cell in json.loads(text)["modules"]["own"]["cells"].values() if cell["type"] == kind]


def test_registers_of_a_netlist_of_ones_own_move(netlist, sc_hw, tmp_path):
    (tmp_path / "in.json").write_text(netlist)
    status, out, err = sc_hw("absorb", tmp_path / "in.json", "-o", tmp_path / "out.json", "--json", tmp_path / "record.json")
    assert (status, err) == (0, "")
    assert "54 registers became those of 2 blocks" in out
    after = (tmp_path / "out.json").read_text()
    assert len(parts(netlist, "TRELLIS_FF")) - len(parts(after, "TRELLIS_FF")) == 18 + 36
    (memory,), (product,) = parts(after, "DP16KD"), parts(after, "MULT18X18D")
    assert "OUTREG" in {memory["parameters"]["REGMODE_A"].strip(), memory["parameters"]["REGMODE_B"].strip()}
    assert product["parameters"]["REG_OUTPUT_CLK"] == "CLK0"
    (moved,) = json.loads((tmp_path / "record.json").read_text())["moved"].values()
    assert sorted(moved.values()) == [18, 36]
    # A second time there is nothing left to move: two registers never become one.
    status, out, _ = sc_hw("absorb", tmp_path / "out.json", "-o", tmp_path / "again.json")
    assert (status, "0 registers became those of 0 blocks" in out) == (0, True)
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads(after)


CELL = '{"modules": {"a": {"ports": {}, "cells": {"b": {"type": "DP16KD", %s"connections": {"X": [1]}}}}}}'


def of_registers(**parameters):
    """Give every register other parameters."""

    def change(module):
        for cell in module["cells"].values():
            if cell["type"] == "TRELLIS_FF":
                cell["parameters"] |= parameters

    return change


def of_blocks(**parameters):
    def change(module):
        for cell in module["cells"].values():
            if cell["type"] in ("DP16KD", "MULT18X18D"):
                cell["parameters"] |= parameters

    return change


def kept(module):
    for cell in module["cells"].values():
        if cell["type"] == "TRELLIS_FF":
            cell["attributes"]["keep"] = "00000000000000000000000000000001"


def global_reset(module):
    module["cells"]["gsr"] = {"type": "GSR", "port_directions": {"GSR": "input"}, "connections": {"GSR": ["1"]}, "parameters": {}}


def kept_by_name(module):
    registers = {bit for cell in module["cells"].values() if cell["type"] == "TRELLIS_FF" for bit in cell["connections"]["Q"]}
    for net in module["netnames"].values():
        if registers.intersection(net["bits"]):
            net["attributes"]["keep"] = "00000000000000000000000000000001"


def test_a_global_reset_reaches_every_module(netlist):
    whole = json.loads(netlist)
    whole["modules"]["above"] = {"ports": {}, "cells": {}, "netnames": {}}
    assert any(absorb_netlist(copy.deepcopy(whole)).values())
    global_reset(whole["modules"]["above"])
    before = copy.deepcopy(whole)
    assert not any(absorb_netlist(whole).values())
    assert whole == before


@pytest.mark.parametrize(
    "change",
    [
        of_registers(REGSET="SET"),
        of_registers(LSRMODE="PRLD"),
        of_registers(CLKMUX="INV"),
        of_registers(CEMUX="INV"),
        of_registers(LSRMUX="INV"),
        of_blocks(REGMODE_A="OUTREG", REGMODE_B="OUTREG", REG_OUTPUT_CLK="CLK0"),
        of_blocks(REGMODE_A="OUTREG", REGMODE_B="OUTREG", REG_INPUTA_CLK="CLK0"),
        of_blocks(CLKAMUX="INV", CLKBMUX="INV", CLK0MUX="INV"),
        of_registers(REGSET=1),
        of_blocks(REGMODE_A=0, REGMODE_B=0, REG_OUTPUT_CLK=0),
        of_registers(SD="0"),
        of_registers(REGMODE="LATCH"),
        of_blocks(REGMODE_A="OUTREG", REGMODE_B="OUTREG", MULT_BYPASS="ENABLED"),
        kept,
        kept_by_name,
        global_reset,
    ],
    ids=[
        "powers up as 1",
        "powers up as its input",
        "other edge",
        "enable is inverted",
        "reset is inverted",
        "registers already",
        "registers at the inputs of a product, with an enable of their own",
        "blocks of the other edge",
        "a number for a word, of a register",
        "a number for a word, of a block",
        "data from elsewhere",
        "a latch",
        "a product that is passed by",
        "keep",
        "keep of a net",
        "global reset",
    ],
)
def test_what_would_do_something_else_stays(netlist, change):
    module = json.loads(netlist)["modules"]["own"]
    assert absorb_registers(copy.deepcopy(module))
    change(module)
    before = copy.deepcopy(module)
    assert absorb_registers(module) == {}
    assert module == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a netlist"),
        ("[]", "not a netlist"),
        (CELL % "", "not a netlist"),
        (CELL % '"port_directions": {}, ', "port X of cell b has no direction"),
        ('{"modules": {"a": {"ports": {}, "cells": {}}}}', "no block of ECP5 is in it"),
        ('{"modules": {"a": {"ports": {}, "cells": {}, "cells": {}}}}', "'cells' stands twice"),
        ('{"modules": ' + '{"a": ' * 5000, "not a netlist"),
    ],
    ids=["empty", "a list", "no directions", "a direction is missing", "no blocks", "twice", "nested"],
)
def test_what_is_no_netlist_is_one_line(sc_hw, tmp_path, text, said):
    (tmp_path / "in.json").write_text(text)
    status, _, err = sc_hw("absorb", tmp_path / "in.json", "-o", tmp_path / "out.json")
    assert (status, err.count("\n"), said in err) == (2, 1, True), err
    assert not (tmp_path / "out.json").exists()


def test_a_fifo_and_a_folder_are_refused(sc_hw, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, Path(tmp_path / "none")):
        status, _, err = sc_hw("absorb", path, "-o", tmp_path / "out.json")
        assert (status, err.count("\n")) == (2, 1), err

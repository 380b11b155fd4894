"""Both generators make the same network: each module of one equals that of the other, clock by clock, for every input."""

import re
from functools import cache
from pathlib import Path

import pytest

from sc_hw.faults.equivalence import compare_modules
from sc_hw.network_file import network_of
from sc_hw.network_folder import network_design
from sc_hw.rtl.networks.files import network_files
from sc_hw.rtl.text import port_list
from sc_hw.rtl.verilog import memory_ports
from sc_hw.yosys import run_pinned_yosys
from sc_hw_models.scratch import temporary_folder
from tests.daily import check, few
from tests.networks.small import SMALL, WIDE, consolidating

# A device's block holds 512 words: 513 rows are a memory in two parts. One sample comes in at a time.
DIVIDED = SMALL.replace("size = 6", "size = 512\nahead = 0")
NETWORKS = {
    "small": (SMALL, ()),
    "wide": (WIDE, ()),
    "divided": (DIVIDED, ()),
    **{kind: (SMALL, consolidating(kind)) for kind in ("pull", "si", "shift")},
}
DAILY = ["chip", "chip_pixels", "chip_sums_0", "chip_neurons_0", "chip_back_0_slopes", "chip_host"]
SECONDS = 120  # of a processor, for one module

# Operands of a product as wide as it is, without a sign: what is multiplied is then mapped to gates alike.
WIDEN = r"""
(* techmap_celltype = "$mul" *)
module widen (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  wire _TECHMAP_FAIL_ = !A_SIGNED && !B_SIGNED && A_WIDTH == Y_WIDTH && B_WIDTH == Y_WIDTH;
  wire [Y_WIDTH-1:0] a, b;
  generate
    if (A_SIGNED) assign a = $signed(A); else assign a = A;
    if (B_SIGNED) assign b = $signed(B); else assign b = B;
  endgenerate
  assign Y = a * b;
endmodule
"""


@cache
def design_of(name):
    text, changes = NETWORKS[name]
    with temporary_folder() as folder:
        file = Path(folder) / "network.toml"
        file.write_text(text)
        return network_design(network_of(file, option="", settings=list(changes)), "chip")


@cache
def files_of(name, generator):
    return network_files(design_of(name), generator)


def inside_of(name):
    """Return every module that a generator makes of a network, each with the modules that stand inside it."""
    design = design_of(name)
    found = {design.name: {block.name for block in design.blocks.values()}}
    for block in design.blocks.values():
        inside = {place: instance.module for place, instance in block.instances().items()}
        drawn = {f"{block.name}_random"} & {file.removesuffix(".v") for file in files_of(name, "verilog")}
        found[block.name] = {module for place, module in inside.items() if "." not in place} | drawn
        for place in block.memories():
            module = f"{block.name}_{place}"
            if block.in_registers(place):
                found[module] = set()
            elif block.whole_blocks(place):
                found[module] = {f"{module}_blocks", f"{module}_rest"}
    return found


def products_alike(text):
    """Return a module whose products are all of the same form."""
    if " * " not in text:
        return text
    with temporary_folder() as folder:
        (folder / "widen.v").write_text(WIDEN)
        (folder / "module.v").write_text(text)
        run_pinned_yosys("read_verilog -sv module.v\nproc\ntechmap -map widen.v\nwrite_verilog -noattr made.v\n", cwd=folder)
        return (folder / "made.v").read_text()


def ports_only(name, module):
    """Return a block, or what in it is made of modules, without what is inside; of another module nothing."""
    for block in design_of(name).blocks.values():
        for own, ports in {block.name: block.ports(), **made_of(block)}.items():
            if own == module:
                return f"module {module} ({port_list(ports)});\nendmodule\n"
    return ""


def made_of(block):
    """Return the ports of a block's lane, and of its memories in two parts, by module."""
    core, memories = getattr(block, "core", None), block.memories()
    lane = {f"{block.name}_lane": core.lane_ports()} if core else {}
    return lane | {f"{block.name}_{place}": memory_ports(*memories[place]) for place in memories if block.whole_blocks(place)}


def compared(name, module, changed=lambda text: text):
    """Return what is found of a module of both generators; ``changed`` is what is done to that of Amaranth."""
    inside = inside_of(name)[module]
    gold, gate = (
        {f"{own}.v": files_of(name, generator)[f"{own}.v"] for own in (module, *sorted(inside))}
        for generator in ("verilog", "amaranth")
    )
    file = f"{module}.v"
    gold[file], gate[file] = products_alike(gold[file]), products_alike(changed(gate[file]))
    for own in inside:  # taken out: only its ports are read
        gold[f"{own}.v"] = gate[f"{own}.v"] = ports_only(name, own) or gold[f"{own}.v"]
    return compare_modules(gold, gate, module, inside, timeout=SECONDS)[0]


@pytest.mark.parametrize("module", DAILY)
def test_a_module_of_one_generator_is_that_of_the_other(module):
    assert compared("small", module) == "equal"


@check("seconds to a minute each; the smaller modules of one network are in every run")
@pytest.mark.parametrize("name", NETWORKS)
def test_every_module_of_one_generator_is_that_of_the_other(name):
    others = [module for module in inside_of(name) if name != "small" or module not in DAILY]
    assert {module: compared(name, module) for module in others} == dict.fromkeys(others, "equal")


def nets_of(name, module):
    """Return the nets of a module that Amaranth made, by which faults are planted."""
    return set(re.findall(r"[\w.]+", re.sub(r"//.*", "", files_of(name, "amaranth")[f"{module}.v"])))


@pytest.mark.parametrize("name", few(NETWORKS, 1, "the faults of one network, which has most, are in every run"))
def test_the_nets_that_faults_are_planted_in_have_the_same_names(name):
    for fault in design_of(name).faults():
        for net in fault.cuts:
            module, _, own = net.rpartition(".")
            assert {own, *fault.reads.values()} <= nets_of(name, f"chip_{module}"), fault.name


WRONG = {
    "chip_pixels": ("assign brightness = sent ? pixel_data : 8'h00;", "assign brightness = pixel_data;"),
    "chip_sums_0": ("assign again = written_reg & ", "assign again = 1'b0 & "),
    "chip_host": ("assign hold = host_valid | serving_reg;", "assign hold = serving_reg;"),
}


@pytest.mark.parametrize("module", few(WRONG, ["chip_sums_0"], "one that differs is in every run"))
def test_a_module_that_is_not_is_told(module):
    old, new = WRONG[module]

    def changed(text):
        assert text.count(old) == 1
        return text.replace(old, new)

    assert compared("small", module, changed) == "different"

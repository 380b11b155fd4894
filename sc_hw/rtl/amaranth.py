"""The Amaranth generator: components become RTLIL, and the pinned Yosys writes all of it as Verilog in one run."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sc_hw_models.lfsr import Lfsr
from sc_hw_models.scratch import temporary_folder

from ..yosys import run_pinned_yosys
from .design import CoreDesign
from .dress import dressed
from .graph import inner_blocks
from .port import Port
from .queue import queue_of
from .tied import Tied
from .verilog import has_whole, joint_memories, memory_files, random_ports, random_purpose

__all__ = [
    "AmaranthModule",
    "amaranth_files",
    "amaranth_joined_files",
    "amaranth_joined_modules",
    "amaranth_modules",
    "lane_modules",
    "module_of",
    "random_module",
    "written",
]

if TYPE_CHECKING:
    from amaranth.lib import wiring

# A Yosys library that writes out the extension of operands, which Amaranth leaves implicit: every operator
# then has operands of one width, with nothing left to the rules of Verilog for mixed widths and signs.
_WIDEN = r"""
`define WIDE(X) {{(BITS - X``_WIDTH){X``_SIGNED ? X[X``_WIDTH-1] : 1'b0}}, X}
`define COMPARED(HOW) \
  if (A_SIGNED && B_SIGNED) assign Y = $signed(`WIDE(A)) HOW $signed(`WIDE(B)); else assign Y = `WIDE(A) HOW `WIDE(B)
(* techmap_celltype = "$add $sub $mul $eq $ne $lt $le $gt $ge" *)
module widen (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CELLTYPE_ = "";
  localparam SUM = _TECHMAP_CELLTYPE_ == "$add" || _TECHMAP_CELLTYPE_ == "$sub" || _TECHMAP_CELLTYPE_ == "$mul";
  localparam BITS = SUM ? Y_WIDTH : A_WIDTH > B_WIDTH ? A_WIDTH : B_WIDTH;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  wire _TECHMAP_FAIL_ = A_WIDTH == BITS && B_WIDTH == BITS;
  generate
    case (_TECHMAP_CELLTYPE_)
      "$add": assign Y = `WIDE(A) + `WIDE(B);
      "$sub": assign Y = `WIDE(A) - `WIDE(B);
      "$mul": assign Y = `WIDE(A) * `WIDE(B);
      "$eq": assign Y = `WIDE(A) == `WIDE(B);
      "$ne": assign Y = `WIDE(A) != `WIDE(B);
      "$lt": `COMPARED(<);
      "$le": `COMPARED(<=);
      "$gt": `COMPARED(>);
      "$ge": `COMPARED(>=);
    endcase
  endgenerate
endmodule
(* techmap_celltype = "$shl $sshl $shr $neg" *)
module widen_one (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CELLTYPE_ = "";
  localparam BITS = Y_WIDTH > A_WIDTH ? Y_WIDTH : A_WIDTH;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  wire _TECHMAP_FAIL_ = A_WIDTH >= Y_WIDTH;
  generate
    case (_TECHMAP_CELLTYPE_)
      "$shl", "$sshl": assign Y = `WIDE(A) << B;
      "$shr": assign Y = `WIDE(A) >> B;
      "$neg": assign Y = -`WIDE(A);
    endcase
  endgenerate
endmodule
"""

# Clean-up only: no pass that could optimise a named signal away. Power-up values go first, before a pass could
# use them; -nosdff keeps opt_dff from moving a named gate, such as a spike's, into the reset of a register.
_PASSES = """
setattr -unset init w:*
proc -noopt
opt_clean
pmuxtree
opt_dff -simple-dffe -nosdff
techmap -map widen.v
opt_clean
"""


@dataclass(frozen=True)
class AmaranthModule:
    """A module: what it is for in a line, its ports, and its RTLIL."""

    purpose: str
    ports: Sequence[Port]
    rtlil: str


def module_of(
    name: str, purpose: str, ports: Sequence[Port], component: "wiring.Component", *, reset: bool = True
) -> AmaranthModule:
    """Return a component as a module of that name, by default one that a reset clears."""
    return AmaranthModule(purpose, ports, _rtlil(name, component, reset=reset))


def random_module(name: str, purpose: str, lfsr: Lfsr) -> AmaranthModule:
    """Return a random register as a module of that name."""
    from .random import RandomRegister

    return AmaranthModule(purpose, random_ports(lfsr), _rtlil(name, RandomRegister(lfsr)))


def _rtlil(name: str, component: "wiring.Component", *, reset: bool = False) -> str:
    """Return a component as the RTLIL of a module of that name."""
    from amaranth.back import rtlil
    from amaranth.hdl import ClockDomain

    def domain(domain_name: str) -> ClockDomain:
        return ClockDomain(domain_name, reset_less=not reset)

    return _with_bits(rtlil.convert(component, name=name, emit_src=False, missing_domain=domain))


def _with_bits(text: str) -> str:
    """Return RTLIL in which a constant 0 that an operator takes has one bit.

    Amaranth trims it to no bits, of which Verilog makes two: ``[-1:0]``.
    """
    text = re.sub(r"(parameter \\[AB]_WIDTH) 0$", r"\1 1", text, flags=re.MULTILINE)
    return re.sub(r"(connect \\[AB]) \{ +\}", r"\1 1'0", text)


def amaranth_files(design: CoreDesign) -> dict[str, str]:
    """Return the emitted Verilog files by name, the top first; the same design gives the same bytes.

    Errors: ``YosysError`` when Yosys refuses the RTLIL, which is a bug here.
    """
    return written(amaranth_modules(design)) | memory_files(design)


def amaranth_modules(design: CoreDesign) -> dict[str, AmaranthModule]:
    """Return the modules of a core by name, the top first; memories are not among them."""
    from .engine import Engine

    rule, top = design.rule, design.name
    purpose = f"{design.synapses} synapses of {rule.name} on {design.lanes} lane{'s' if design.lanes > 1 else ''}"
    modules = {top: module_of(top, purpose, design.ports(), Engine(design)), **lane_modules(design)}
    if queue := queue_of(design):
        from .result_queue import ResultQueue

        purpose = f"{queue.slots} results wait here, so that the lanes never have to"
        modules[queue.name] = module_of(queue.name, purpose, queue.ports(), ResultQueue(queue))
    return modules


def lane_modules(design: CoreDesign) -> dict[str, AmaranthModule]:
    """Return the modules of a core's lane by name, without its engine: what a block that has lanes of its own takes."""
    from .lane import Lane

    lfsr, lane, random = design.spec.lfsr, f"{design.name}_lane", f"{design.name}_random"
    of_lane = f"one update a clock through the {design.rule.name} datapath"
    modules = {lane: AmaranthModule(of_lane, design.lane_ports(), _rtlil(lane, Lane(design))), **_datapath(design)}
    return modules | ({random: random_module(random, random_purpose(lfsr), lfsr)} if lfsr else {})


def _datapath(design: CoreDesign) -> dict[str, AmaranthModule]:
    """Return the datapath of a design by name; of a synapse's part of a rule also the whole rule's, inside it."""
    ports, name = design.datapath_ports(), f"{design.name}_datapath"
    if compiler := design.rule.datapath:
        return {name: AmaranthModule(compiler.purpose(design), ports, _rtlil(name, compiler.component(design)))}
    if has_whole(design):
        from .part import PartDatapath

        purpose = f"{design.rule.name}, one update, pipelined"
        return {name: AmaranthModule(purpose, ports, _rtlil(name, PartDatapath(design))), **_datapath(Tied(design).whole)}
    rule: Any = import_module(f"{__package__}.rules.{(design.rule.whole or design.rule).name}")
    if design.rule.whole:
        purpose = f"{design.rule.summary}, what a {design.rule.owner}synaptic neuron keeps, pipelined"
        return {name: AmaranthModule(purpose, ports, _rtlil(name, rule.NeuronDatapath(design)))}
    return {name: AmaranthModule(f"{design.rule.summary}, one synapse, pipelined", ports, _rtlil(name, rule.Datapath(design)))}


def amaranth_joined_files(design: Any) -> dict[str, str]:
    """Return the Verilog files of a graph beside its cores, the top first. Errors: as ``amaranth_files``."""
    return written(amaranth_joined_modules(design)) | joint_memories(design)


def amaranth_joined_modules(design: Any) -> dict[str, AmaranthModule]:
    """Return as ``amaranth_modules`` those of a graph beside its cores."""
    from .graph_top import GraphTop

    modules = {design.name: module_of(design.name, design.graph.purpose, design.ports(), GraphTop(design.graph))}
    for block in inner_blocks(design):
        room, _, component = block.component.partition(".")
        made = getattr(import_module(f"{__package__}.{room}"), component)(block)
        modules[block.name] = module_of(block.name, block.purpose, block.ports(), made)
    return modules


def written(modules: Mapping[str, AmaranthModule]) -> dict[str, str]:
    """Return the Verilog files of modules by name."""
    reads = "".join(f"read_rtlil {name}.il\n" for name in modules)
    writes = "".join(f"select {name}\nwrite_verilog -noattr -selected {name}.v\nselect -clear\n" for name in modules)
    with temporary_folder() as folder:
        (folder / "widen.v").write_text(_WIDEN, encoding="utf-8")
        for name, module in modules.items():
            (folder / f"{name}.il").write_text(module.rtlil, encoding="utf-8")
        run_pinned_yosys(reads + _PASSES + writes, cwd=folder)
        bodies = {name: (folder / f"{name}.v").read_text(encoding="utf-8") for name in modules}
    return {f"{name}.v": dressed(f"{name}.v", modules[name].purpose, body, modules[name].ports) for name, body in bodies.items()}

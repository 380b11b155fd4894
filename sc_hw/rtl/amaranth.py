"""The Amaranth generator: components become RTLIL, and the pinned Yosys writes all of it as Verilog in one run."""

import re
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sc_hw_models.scratch import temporary_folder

from .. import __version__
from ..yosys import run_pinned_yosys
from .crossbar import CrossbarDesign
from .design import CoreDesign
from .layer import LayerDesign
from .queue import queue_of
from .tied import Tied
from .verilog import joint_memories, memory_files

__all__ = ["amaranth_files", "amaranth_joined_files", "amaranth_joined_modules", "amaranth_modules"]

if TYPE_CHECKING:
    from amaranth.lib import wiring

# A Yosys library that writes out the extension of operands, which Amaranth leaves implicit: every operator
# then has operands of one width, with nothing left to the rules of Verilog for mixed widths and signs.
_WIDEN = r"""
(* techmap_celltype = "$add $sub $mul $eq" *)
module widen (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CELLTYPE_ = "";
  localparam BITS = _TECHMAP_CELLTYPE_ != "$eq" ? Y_WIDTH : A_WIDTH > B_WIDTH ? A_WIDTH : B_WIDTH;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  wire _TECHMAP_FAIL_ = A_WIDTH == BITS && B_WIDTH == BITS;
  `define WIDE(X) {{(BITS - X``_WIDTH){X``_SIGNED ? X[X``_WIDTH-1] : 1'b0}}, X}
  generate
    case (_TECHMAP_CELLTYPE_)
      "$add": assign Y = `WIDE(A) + `WIDE(B);
      "$sub": assign Y = `WIDE(A) - `WIDE(B);
      "$mul": assign Y = `WIDE(A) * `WIDE(B);
      "$eq": assign Y = `WIDE(A) == `WIDE(B);
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
    return _written(amaranth_modules(design)) | memory_files(design)


def amaranth_modules(design: CoreDesign) -> dict[str, tuple[str, str]]:
    """Return what each module of a core is for and its RTLIL, by name, the top first; memories are not among them."""
    from .engine import Engine
    from .lane import Lane
    from .random import RandomRegister

    rule, lfsr, name = design.rule, design.spec.lfsr, design.name
    lanes = f"{design.lanes} lane{'s' if design.lanes > 1 else ''}"
    modules = {
        name: (f"{design.synapses} synapses of {rule.name} on {lanes}", _rtlil(name, Engine(design), reset=True)),
        f"{name}_lane": (f"one update a clock through the {rule.name} datapath", _rtlil(f"{name}_lane", Lane(design))),
        **_datapath(design),
    }
    if lfsr:
        purpose = f"random register of one lane, x^{lfsr.taps[0]} + x^{lfsr.taps[1]} + 1, {lfsr.fresh} new bits a step"
        modules[f"{name}_random"] = purpose, _rtlil(f"{name}_random", RandomRegister(lfsr))
    if queue := queue_of(design):
        from .result_queue import ResultQueue

        purpose = f"{queue.slots} results wait here, so that the lanes never have to"
        modules[queue.name] = purpose, _rtlil(queue.name, ResultQueue(queue), reset=True)
    return modules


def _datapath(design: CoreDesign) -> dict[str, tuple[str, str]]:
    """Return the datapath of a design by name, its purpose and RTLIL; of a part of a rule also the whole rule's, inside it."""
    name = f"{design.name}_datapath"
    if design.rule.whole:
        from .part import PartDatapath

        return {name: (f"{design.rule.name}, one update, pipelined", _rtlil(name, PartDatapath(design))),
                **_datapath(Tied(design).whole)}  # fmt: skip
    rule: Any = import_module(f"{__package__}.rules.{design.rule.name}")
    return {name: (f"{design.rule.summary}, one synapse, pipelined", _rtlil(name, rule.Datapath(design)))}


def amaranth_joined_files(design: LayerDesign | CrossbarDesign) -> dict[str, str]:
    """Return the Verilog files of a layer or a crossbar beside its cores, the top first. Errors: as ``amaranth_files``."""
    return _written(amaranth_joined_modules(design)) | joint_memories(design)


def amaranth_joined_modules(design: LayerDesign | CrossbarDesign) -> dict[str, tuple[str, str]]:
    """Return as ``amaranth_modules`` those of a layer or a crossbar beside its cores."""
    from .crossbar_top import Crossbar
    from .fanout import Fanout, Layer

    name, fanout = design.name, design.fanout
    if isinstance(design, LayerDesign):
        top: wiring.Component = Layer(design)
        purpose = (
            f"{fanout.stored} of {design.presynaptic.rule.name}, each with {design.postsynaptic} synapses of {design.rule.name}"
        )
    else:
        top, purpose = Crossbar(design), f"{fanout.played} and {fanout.stored}, a synapse of {design.rule.name} between each two"
    modules = {
        name: (purpose, _rtlil(name, top, reset=True)),
        fanout.name: (fanout.purpose, _rtlil(fanout.name, Fanout(fanout), reset=True)),
    }
    if isinstance(design, CrossbarDesign):
        from .address_decoder import AddressDecoder
        from .row_filter import RowFilter

        for module in design.addresses.values():
            text = _rtlil(module.name, AddressDecoder(module), reset=True)
            modules[module.name] = f"spikes of {module.neurons} neurons by number, as bits", text
        if rows := design.rows:
            text = _rtlil(rows.name, RowFilter(rows), reset=True)
            modules[rows.name] = "which rows of a crossbar a timestep has to visit", text
    return modules


def _written(modules: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return the Verilog files of modules by name, given what each is for and its RTLIL."""
    reads = "".join(f"read_rtlil {name}.il\n" for name in modules)
    writes = "".join(f"select {name}\nwrite_verilog -noattr -selected {name}.v\nselect -clear\n" for name in modules)
    with temporary_folder() as folder:
        (folder / "widen.v").write_text(_WIDEN, encoding="utf-8")
        for name, (_, text) in modules.items():
            (folder / f"{name}.il").write_text(text, encoding="utf-8")
        run_pinned_yosys(reads + _PASSES + writes, cwd=folder)
        bodies = {name: (folder / f"{name}.v").read_text(encoding="utf-8") for name in modules}
    return {f"{name}.v": _dressed(f"{name}.v", modules[name][0], body) for name, body in bodies.items()}


def _dressed(file: str, purpose: str, body: str) -> str:
    """Return what Yosys wrote between the prologue and epilogue of every emitted file."""
    body = re.sub(r"/\*.*?\*/\s*", "", body, count=1, flags=re.DOTALL)  # names the build of Yosys
    # Repeated bits of a concatenation, such as a sign, are counted instead of listed.
    body = re.sub(
        r"(?<![\w'])(\w+(?:\[\d+\])?)((?:, \1(?![\w\['.]))+)", lambda run: f"{{{run[2].count(',') + 1}{{{run[1]}}}}}", body
    )
    return (
        f"// {file}: {purpose}\n"
        f"// Emitted by sc-hw {__version__}. This file belongs to whoever emitted it, without conditions.\n"
        f"`resetall\n`timescale 1ns / 1ps\n`default_nettype none\n\n{body}`resetall\n"
    )

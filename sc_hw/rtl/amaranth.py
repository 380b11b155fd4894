"""The Amaranth generator: components become RTLIL, and the pinned Yosys writes all of it as Verilog in one run."""

import re
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from .. import __version__
from ..yosys import run_pinned_yosys
from .design import CoreDesign
from .verilog import memory_files

__all__ = ["amaranth_files"]

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


def _rtlil(design: CoreDesign) -> dict[str, tuple[str, str]]:
    """Return the purpose and the RTLIL of every module by its name, the top first."""
    from amaranth.back import rtlil
    from amaranth.hdl import ClockDomain
    from amaranth.lib import wiring

    from .engine import Engine
    from .lane import Lane
    from .random import RandomRegister

    modules: dict[str, tuple[str, str]] = {}

    def convert(name: str, component: wiring.Component, purpose: str, *, reset: bool = False) -> None:
        def domain(domain_name: str) -> ClockDomain:
            return ClockDomain(domain_name, reset_less=not reset)

        modules[name] = purpose, _with_bits(rtlil.convert(component, name=name, emit_src=False, missing_domain=domain))

    rule, lfsr, name = design.rule, design.spec.lfsr, design.name
    lanes = f"{design.lanes} lane{'s' if design.lanes > 1 else ''}"
    convert(name, Engine(design), f"{design.synapses} synapses of {rule.name} on {lanes}", reset=True)
    convert(f"{name}_lane", Lane(design), f"one update a clock through the {rule.name} datapath")
    datapath: Any = import_module(f"{__package__}.rules.{rule.name}")
    convert(f"{name}_datapath", datapath.Datapath(design), f"{rule.summary}, one synapse, pipelined")
    if lfsr:
        purpose = f"random register of one lane, x^{lfsr.taps[0]} + x^{lfsr.taps[1]} + 1, {lfsr.fresh} new bits a step"
        convert(f"{name}_random", RandomRegister(lfsr), purpose)
    return modules


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
    modules = _rtlil(design)
    reads = "".join(f"read_rtlil {name}.il\n" for name in modules)
    writes = "".join(f"select {name}\nwrite_verilog -noattr -selected {name}.v\nselect -clear\n" for name in modules)
    with tempfile.TemporaryDirectory(prefix="sc-hw-") as temporary:
        folder = Path(temporary)
        (folder / "widen.v").write_text(_WIDEN, encoding="utf-8")
        for name, (_, text) in modules.items():
            (folder / f"{name}.il").write_text(text, encoding="utf-8")
        run_pinned_yosys(reads + _PASSES + writes, cwd=folder)
        bodies = {name: (folder / f"{name}.v").read_text(encoding="utf-8") for name in modules}
    files = {f"{name}.v": _dressed(f"{name}.v", modules[name][0], body) for name, body in bodies.items()}
    return files | memory_files(design)


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

"""The question whether points can be reached, as an AIGER file: the flat design, one output for each point."""

import re
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from sc_hw_models.scratch import temporary_folder

from ..manifest import Core
from ..yosys import YosysError, run_pinned_yosys
from .arms import branches, find_arms, mark
from .points import Point
from .protocol import conditions, instance, monitor, monitored

__all__ = ["SEEN", "datapath_question", "settling_clocks", "write_question"]

_READ = "read_verilog -sv {files}\nhierarchy -check -top {top}\nwrite_rtlil core.il\n"
# A memory may hold and return anything: what is unreachable then is unreachable with the real one.
_FLATTEN = """read_rtlil core.il
hierarchy -check -top {top}
proc
memory_collect
cutpoint t:$mem_v2{cut}
flatten
write_rtlil core.il
"""
_ARITHMETIC = "mul add sub neg shl shr sshl sshr shift shiftx lt le gt ge".split()  # cells of Yosys
# Registers start with anything (-zinit gives those without an initial value a free one).
_AIGER = """read_rtlil core.il
read_verilog -sv question.v
hierarchy -check -top sc_hw_question
proc
flatten
opt_clean
setundef -undriven -anyseq
opt -full
techmap
opt -fast
dffunmap
aigmap
opt_clean
write_aiger -zinit question.aig
"""
_SMT = """read_rtlil core.il
hierarchy -check -top {top}
setundef -undriven -anyseq
async2sync
opt -full
dffunmap
write_smt2 -stbv question.smt2
"""
SEEN = "sc_hw_seen"


def settling_clocks(core: Core) -> int:
    """Return for how many clocks of reset nothing counts: until no power-up value is left in any pipeline."""
    designs = [part.design for part in core.parts] or [core.design]
    return sum(design.pipeline_depth + 8 for design in designs)


def write_question(
    core: Core, wanted: Sequence[Point], points: Sequence[Point], path: Path, *, inside: bool = False, apart: bool = False
) -> list[int]:
    """Write an AIGER file whose outputs are high where a point of ``wanted`` is reached; return which have an output, in order.

    A toggle is reached in a clock whose bit has just changed, an arm of a branch in a clock that takes it. Reset is
    high for ``settling_clocks`` and one more, without a host access, whatever the registers hold before; from then on it and
    every input are free, except that host accesses name words that exist. ``points`` are all points of the core. What an
    ``inside`` core is told of others that take its commands is free, too; with ``apart`` so is whatever datapaths calculate.
    Errors: ``YosysError``.
    """
    with temporary_folder() as folder:
        cut = [str(one.manifest["modules"]["datapath"]) for one in core.parts or (core,)] if apart else []
        order = list(_marked(core, core.design.name, wanted, points, folder, monitors=True, cut=cut))
        (folder / "question.v").write_text(_question(core, [wanted[k] for k in order], inside=inside), encoding="utf-8")
        run_pinned_yosys(_AIGER, cwd=folder)
        shutil.copyfile(folder / "question.aig", path)
    return order


def datapath_question(core: Core, wanted: Sequence[Point], points: Sequence[Point]) -> tuple[str, list[int]]:
    """Return the datapath alone as SMT-LIB 2, with a port ``SEEN`` whose bits are what ``wanted`` are about, and which have one.

    The scope of each point of ``wanted`` is given from the datapath down. Errors: ``YosysError``.
    """
    top = str(core.manifest["modules"]["datapath"])
    with temporary_folder() as folder:
        order = list(_marked(core, top, wanted, points, folder))
        run_pinned_yosys(_SMT.format(top=top), cwd=folder)
        return (folder / "question.smt2").read_text(encoding="utf-8"), order


def _marked(
    core: Core,
    top: str,
    wanted: Sequence[Point],
    points: Sequence[Point],
    folder: Path,
    *,
    monitors: bool = False,
    cut: Sequence[str] = (),
) -> dict[int, str]:
    """Write the flat module ``top`` as core.il, with a port of the bits that points are about; return these by point.

    Whatever is calculated in the modules ``cut`` is free; what chooses, and their registers, are there.
    """
    texts, beside = core.verilog_text, list[str]()
    seen: dict[tuple[str, str], str] = {}  # the bits of conditions, by place and name
    for place, design in monitored(core.design).items() if monitors else ():
        wire, inner = instance(design)
        file, labels = f"{design.name}.v", conditions(design)
        texts[file] = f" {inner} ".join(_module_of(texts[file], design.name))  # on the last line: others keep their numbers
        beside.append(f"sc_hw_protocol_{design.name}.v")
        (folder / beside[-1]).write_text(monitor(design), encoding="utf-8")
        scope = f"{place}." if place else ""
        seen |= {(place, label): f"\\{scope}{wire} [{k}]" for k, label in enumerate(labels)}
    for file, verilog in texts.items():
        # Directives shift Yosys' line numbers; blank lines do not.
        lines = verilog.split("\n")
        (folder / file).write_text("\n".join("" if line.startswith("`") else line for line in lines), encoding="utf-8")
    run_pinned_yosys(_READ.format(files=" ".join([*texts, *beside]), top=top), cwd=folder)
    text = folder / "core.il"
    lines = text.read_text(encoding="utf-8").split("\n")
    found = list(branches(lines))
    arms = {f"sc_hw_arm_{k}": find_arms(p, found, points) for k, p in enumerate(wanted) if p.kind in ("line", "branch")}
    text.write_text(mark(lines, arms), encoding="utf-8")
    free = "".join(f" *{module}*/t:${cell}" for module in cut for cell in _ARITHMETIC)
    run_pinned_yosys(_FLATTEN.format(top=top, cut=free), cwd=folder)
    flat = text.read_text(encoding="utf-8")
    wires = set(re.findall(r"^  wire (?:.* )?\\(\S+)$", flat, re.MULTILINE))
    bits = {k: bit for k, p in enumerate(wanted) if (bit := seen[p.scope, p.what] if p.kind == "user" else _bit(wires, p, k))}
    text.write_text(_show(flat, top, list(bits.values())), encoding="utf-8")
    return bits


def _module_of(text: str, name: str) -> tuple[str, str]:
    """Return a file's text until the end of a module, and the rest."""
    begun = re.search(rf"^[^/\n]*\bmodule\s+{name}\b", text, re.MULTILINE)
    end = re.compile(r"^[^/\n]*\bendmodule\b", re.MULTILINE).search(text, begun.end() if begun else 0)
    if not begun or not end:
        raise YosysError(f"no module {name} in its file")
    where = end.end() - len("endmodule")
    return text[:where], text[where:]


def _bit(wires: Collection[str], point: Point, index: int) -> str:
    """Return the bit of the flat netlist that a point is about, as RTLIL; nothing when the netlist does not have it."""
    what = point.what.partition(":")[0] if point.kind == "toggle" else f"sc_hw_arm_{index}"
    name = ".".join(part for part in (point.scope, what) if part)
    base, bit = re.fullmatch(r"(.*?)(?:\[(\d+)\])?", name).groups()  # type: ignore[union-attr] # matches anything
    for wire, text in ((name, f"\\{name}"), (base, f"\\{base} [{bit}]")):
        if wire in wires:
            return text
    return ""


def _show(flat: str, top: str, bits: Sequence[str]) -> str:
    """Add to the flat module an output of the ``bits``, first one lowest."""
    if not bits:
        return flat
    port = f"  wire width {len(bits)} output 100000 \\{SEEN}\n"
    value = f"  connect \\{SEEN} {{ {' '.join(reversed(bits))} }}\n"
    before, head, body = flat.partition(f"\nmodule \\{top}\n")
    body, end, after = body.partition("\nend\n")
    return f"{before}{head}{port}{body}\n{value}{end}{after}"


def _question(core: Core, asked: Sequence[Point], *, inside: bool) -> str:
    """Return the Verilog around the design: reset at the start, no host access outside, one output a point."""
    design, clocks = core.design, settling_clocks(core) + 1  # so that a toggle has a settled clock before it
    ports = {p.name: p for p in design.ports() if p.name not in ("clk", "rst")}
    hosts = dict(design.parts.values()) or {"": design}
    names = {name: name for name in ports} | {f"{prefix}host_valid": f"({prefix}host_valid & settled)" for prefix in hosts}
    if not inside:
        names |= {"command_others": "1'b1"}  # as in its bench: nobody else is there
    bounded = [
        (f"{prefix}host_{name}", f"bounded_{prefix}{name}", limit)
        for prefix, part in hosts.items()
        for name, limit in (("address", part.words), ("lane", part.lanes))
        if f"{prefix}host_{name}" in ports
    ]
    names |= {name: own for name, own, _ in bounded}
    reached = []
    for k, point in enumerate(asked):
        now, before = f"seen[{k}]", f"before[{k}]"
        direction = point.what.rpartition(":")[2] if point.kind == "toggle" else ""
        change = {"0->1": f"{now} & ~{before}", "1->0": f"~{now} & {before}"}.get(direction, now)
        reached.append(f"settled & {change}")
    head = "".join(f"  input wire [{p.bits - 1}:0] {p.name},\n" for p in ports.values() if p.direction == "input")
    given = "".join(f"  wire [{p.bits - 1}:0] {p.name};\n" for p in ports.values() if p.direction == "output")
    pins = "".join(f", .{name}({names[name]})" for name in ports)
    seen = f", .{SEEN}(seen)" if asked else ""
    return f"""
module sc_hw_question (
  input wire clk,
  input wire rst,
{head}  output wire [{max(len(reached), 1) - 1}:0] reached
);
{given}  reg [15:0] age = 16'd0;
  wire settled = age == 16'd{clocks};
  wire reset = rst | ~settled;
{"".join(f"  wire [{ports[n].bits - 1}:0] {own} = {n} < {limit} ? {n} : 0;{chr(10)}" for n, own, limit in bounded)}
  wire [{max(len(asked), 1) - 1}:0] seen;
  reg [{max(len(asked), 1) - 1}:0] before;
  always @(posedge clk) begin
    if (!settled) age <= age + 16'd1;
    before <= seen;
  end
  {design.name} core (.clk(clk), .rst(reset){pins}{seen});
{"".join(f"  assign reached[{k}] = {text};{chr(10)}" for k, text in enumerate(reached))}
endmodule
"""

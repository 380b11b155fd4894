"""Is a planted mutant the same circuit after all? Sequential equivalence with the core without it, decided by ABC.

Both start with every register at 0, as after a reset, and get the same inputs for ever. Modules kept apart (datapath,
memory) are taken out of both: what they are given must be equal, what they give is any common value. A ``timeout`` is seconds
of a processor: a busy machine changes no verdict.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sc_hw_models.scratch import temporary_folder

from ..manifest import Core
from ..rtl.design import CoreDesign
from ..yosys import run_abc, run_pinned_yosys
from .instance_faults import RIGHT, InstanceFault
from .instances import Instance, locate

__all__ = ["compare", "compare_around", "compare_modules"]

# Undefined values and power-up contents become 0 before any pass that would choose them to its liking.
_READ = """read_verilog -sv {files}
hierarchy -check -top {top}
proc
{apart}
memory_collect
memory_map
flatten -noscopeinfo
{evert}
setundef -zero -undriven -init
opt_clean
rename {top} {name}
design -stash {name}
design -reset
"""
_MITER = """design -copy-from gold -as gold gold
design -copy-from gate -as gate gate
miter -equiv -flatten gold gate miter
hierarchy -top miter
techmap
opt -fast
dffunmap
opt_clean
write_blif miter.blif
"""
# What differs for a clock or two only, as a register does that a reset leaves alone, is seen by induction over two clocks.
_DECIDE = "read_blif miter.blif; strash; zero; scorr; scorr -F 2; pdr; sat"
_WATCHED = """design -load gate
expose w:*{shows}
delete -output o:* o:*{shows} %d
opt_clean
techmap
opt -fast
dffunmap
opt_clean
write_blif miter.blif
"""
# Generalised, with registers left out until they matter: a question of control alone is then decided in seconds.
_NEVER = "read_blif miter.blif; strash; zero; orpos; scorr; pdr -n -c -t; sat"
# A memory takes no notice of what it is given while it is not enabled.
_MASKED = """module {module} (
  input clk, input read_enable, input [{top}:0] read_address, output [{word}:0] read_data,
  input write_enable, input [{top}:0] write_address, input [{word}:0] write_data
);
  {module}_itself itself (
    .clk(clk), .read_enable(read_enable), .read_address(read_enable ? read_address : {{1'b0}}), .read_data(read_data),
    .write_enable(write_enable), .write_address(write_enable ? write_address : {{1'b0}}),
    .write_data(write_enable ? write_data : {{1'b0}}));
endmodule
"""
# Nobody takes notice of what a stream holds while it offers no beat.
_SEEN = """module {module} ({ports});
{wires}
  {module}_itself itself ({pins});
{shown}
endmodule
"""
_LARGEST_MEMORY = 1 << 13  # bits that become registers


def compare_around(gold: Core, gate: Core, fault: InstanceFault, instances: Sequence[Instance], *, timeout: int) -> str:
    """Return ``equal`` when a fault at an instance cannot be seen, ``different`` or ``unknown``; ``gate`` is ``gold`` with it.

    The module that the instance is in is compared first, with anything at its inputs, then the one around that, and so on up to
    the whole. What stands beside is taken out: what it is given must be equal. Memories too large to become registers are,
    too. With a fault of a clock the clocks are inputs like others.
    """
    module, inside, kept = fault.instance.parent, {fault.instance.parent}, _within(fault.instance.module, instances)
    large = {i.module for i in instances if i.memory_bits > _LARGEST_MEMORY}
    if fault.instance.module in large and (fault.copied or fault.kind == "module"):
        return "unknown"
    while True:
        beside = {i.module for i in instances if i.parent == module} - inside - kept | large
        apart = _with_parameters(beside)
        read = [_read(name, _named_for(name, core.verilog), module, apart) for name, core in (("gold", gold), ("gate", gate))]
        miter = _MITER.replace("dffunmap", "clk2fflogic\nopt -fast\ndffunmap") if fault.kind == "clock" else _MITER
        verdict, _ = _decided("".join(read) + miter, gold, gate, timeout)
        around = {instance.parent for instance in instances if instance.module == module}
        if verdict == "equal":
            return verdict
        if not around:
            return "equal" if _never_shows(gate, fault, instances, timeout) else verdict
        module = around.pop() if len(around) == 1 else gold.design.name
        inside.add(module)


def _never_shows(gate: Core, fault: InstanceFault, instances: Sequence[Instance], timeout: int) -> bool:
    """Return whether a fault at an input of an instance never changes what the instance gives, wherever the design gets to.

    A copy of the instance with the right value at that input stands beside it: as long as both give the same, the rest of the
    design is the one without the fault. Memories and datapaths around it are taken out: what they give is any value.
    """
    instance, pin = fault.instance, fault.pin
    text = gate.verilog_text[instance.file]
    if pin is None or pin.output or fault.kind == "clock" or f" {RIGHT};" not in text:
        return False
    place = locate(text, instance)
    given = {name: text[slice(*span)] for name, span in place.connections.items()} | {pin.name: RIGHT}
    outputs = [p for p in instance.pins if p.output and given[p.name].strip()]
    if not outputs:
        return False
    beside = given | {p.name: f"{RIGHT}_{p.name}" for p in outputs}
    lines = [f"  wire [{p.bits - 1}:0] {beside[p.name]};" for p in outputs]
    ports = ", ".join(f".{name}({what})" for name, what in beside.items())
    lines += [f"  {instance.module}{text[slice(*place.parameters)]} {RIGHT}_copy ({ports});"]
    lines += [f"  (* keep *) wire {RIGHT}_shows = {' | '.join(f'({beside[p.name]} != {given[p.name]})' for p in outputs)};"]
    watched = text[: place.end] + "\n" + "\n".join(lines) + text[place.end :]
    apart = {i.module for i in instances if i.memory_bits or i.module.endswith("_datapath")} - _within(instance.module, instances)
    script = _read("gate", gate.verilog, gate.design.name, _with_parameters(apart))
    files = gate.verilog_text | {instance.file: watched}
    return _answered(script + _WATCHED.format(shows=f"{RIGHT}_shows"), files, timeout, _NEVER)[0] == "equal"


def compare(
    gold: Core, gate: Core, module: str, *, timeout: int, through: bool = False, enabled: bool = False
) -> tuple[str, str]:
    """Return ``equal``, ``different`` or ``unknown`` for two variants of a planted core that differ in ``module``, and how.

    A difference inside a memory or the datapath is looked for there alone, any other in the whole core. With ``through`` the
    datapath is part of the core: what it is given may differ if nothing comes of that, and what is in it if the core never
    shows. With ``enabled`` what a memory is given may differ while it is not written, or not read, and so may what a stream
    holds while it offers no beat. Of a layer or a crossbar its cores are taken out.
    """
    gold, gate = _named(gold), _named(gate)
    design, memories = gold.design, list[str]()
    if design.parts:
        alone = [part.name for _, part in design.parts.values()]
    else:
        memories = sorted({design.memory_module(lane) for lane in range(design.lanes)})
        alone = memories if through else [*memories, gold.manifest["modules"]["datapath"]]
    if module in memories and design.words * design.spec.state_bits > _LARGEST_MEMORY:
        return "unknown", f"a memory of more than {_LARGEST_MEMORY} bits"
    kinds = {m: _kinds(gold, m) for m in alone}
    top, apart = (
        (module, [])
        if kinds.get(module) == [module]
        else (design.name, [kind for m in alone if m != module for kind in kinds[m]])
    )
    masked = [kind for m in memories for kind in kinds[m] if enabled and kind in apart]
    wrapped = [*masked, *([top] if enabled and top == design.name else [])]
    asked = "".join(f"rename {m} {m}_itself\n" for m in wrapped) + ("read_verilog masked.v\n" if wrapped else "")
    apart = [f"{m}_itself" if m in masked else m for m in apart]
    script = "".join(
        _read(name, _named_for(name, core.manifest["verilog"]), top, apart).replace("hierarchy", f"{asked}hierarchy", 1)
        for name, core in (("gold", gold), ("gate", gate))
    )
    modules = "".join(_MASKED.format(module=m, top=design.address_bits - 1, word=design.spec.state_bits - 1) for m in masked)
    modules += _seen(design) if design.name in wrapped else ""
    return _decided(script + _MITER, gold, gate, timeout, {"masked.v": modules})


def _seen(design: CoreDesign) -> str:
    """Return the module around a design that shows what a stream holds in the clocks alone in which it offers a beat."""
    ports = design.ports()
    shown = {f"{one.name}_{item.name}": f"{one.name}_valid" for one in design.streams if one.gives for item in one.items}
    return _SEEN.format(
        module=design.name,
        ports=", ".join(f"{port.direction} [{port.bits - 1}:0] {port.name}" for port in ports),
        wires="\n".join(f"  wire [{port.bits - 1}:0] {port.name}_held;" for port in ports if port.name in shown),
        pins=", ".join(f".{port.name}({port.name}{'_held' * (port.name in shown)})" for port in ports),
        shown="\n".join(f"  assign {name} = {valid} ? {name}_held : {{1'b0}};" for name, valid in shown.items()),
    )


def compare_modules(
    gold: Mapping[str, str], gate: Mapping[str, str], module: str, inside: Collection[str], *, timeout: int
) -> tuple[str, str]:
    """Return ``equal``, ``different`` or ``unknown``, and how, for two variants of a module, each texts by file name.

    The modules ``inside`` it are taken out: what they are given must be equal.
    """
    apart = _with_parameters(inside)
    script = "".join(_read(name, _named_for(name, texts), module, apart) for name, texts in (("gold", gold), ("gate", gate)))
    files = {f"{name}_{file}": text for name, texts in (("gold", gold), ("gate", gate)) for file, text in texts.items()}
    return _answered(script + _MITER, files, timeout)


def _read(name: str, files: Iterable[str], top: str, apart: Sequence[str]) -> str:
    """Return the script that reads a design, its modules ``apart`` taken out, and keeps it under a name."""
    return _READ.format(
        files=" ".join(files),
        top=top,
        name=name,
        apart="\n".join(f"blackbox {kind}" for kind in apart),
        evert="\n".join(f"expose -evert t:{kind}" for kind in apart),
    )


def _named_for(name: str, files: Iterable[str]) -> list[str]:
    """Return the files of one of two designs as they stand beside those of the other."""
    return [f"{name}_{file}" for file in files]


def _within(module: str, instances: Sequence[Instance]) -> set[str]:
    """Return a module and all that is in it."""
    inside = {module}
    while more := {i.module for i in instances if i.parent in inside} - inside:
        inside |= more
    return inside


def _with_parameters(modules: Iterable[str]) -> list[str]:
    """Return modules as Yosys calls them, each with any parameters too."""
    return [kind for m in sorted(modules) for kind in (m, rf"$paramod*\\{m}")]


def _named(core: Core) -> Core:
    """Return a planted core in which the kinds of a module, one for each set of parameters, are plain names."""

    def plain(found: re.Match[str]) -> str:
        module = re.search(r"\\(\w+)", found[1])
        return f"{module[1] if module else 'module'}_as_{hashlib.sha256(found[1].encode()).hexdigest()[:12]} "

    texts = {name: re.sub(r"\\(\$paramod\S*) ", plain, text.decode()).encode() for name, text in core.texts.items()}
    return replace(core, texts=texts)


def _kinds(core: Core, module: str) -> list[str]:
    """Return the names that a module has in a planted core."""
    names = [name for text in core.verilog_text.values() for name in re.findall(r"^module (\w+)", text, re.MULTILINE)]
    return sorted({name for name in names if name == module or name.startswith(f"{module}_as_")})


def _decided(script: str, gold: Core, gate: Core, timeout: int, files: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Return what ABC says of the question that a script writes; ``files`` are read beside those of both cores."""
    written = {f"{name}_{file}": text for name, core in (("gold", gold), ("gate", gate)) for file, text in core.verilog.items()}
    return _answered(script, {**(files or {}), **{name: text.decode() for name, text in written.items()}}, timeout)


def _answered(script: str, files: Mapping[str, str], timeout: int, decide: str = _DECIDE) -> tuple[str, str]:
    with temporary_folder() as folder:
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        run_pinned_yosys(script, cwd=folder)
        said = run_abc(decide, cwd=folder, processor=timeout)
    line = next((line for line in said.splitlines() if "was asserted in frame" in line), "")
    if line:
        return "different", f"clock {line.split('frame', 1)[1].split('.')[0].strip()} after reset"
    equal = "Property proved" in said or "UNSATISFIABLE" in said
    return ("equal", "") if equal else ("unknown", f"no answer in {timeout} s of a processor")

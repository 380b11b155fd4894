"""The planter: rewrites the netlist, as a process of its own (``python -m sc_hw.planter FOLDER``).

Yosys ends its process on an error. The folder holds the sources and ``plan.json``; it gets ``planted.v``, for
mutants ``mutants.txt``, Yosys's list of them, and for faults of registers ``registers.json``. A fault's net is found by its
name, which both generators keep; it is separated from its driver, and a module between the two passes the value on or replaces
it. So does one in front of each register that a reset sets.
"""

import json
import os
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SPARE = 50  # mutants drawn in place of those dropped
# What a register gets in a reset, in place of what it should: its own value, and another one.
_RESETS = {"keeps its value in a reset": "now", "is reset to the value with its lowest bit inverted": "value ^ 1'b1"}


def _main() -> None:
    from pyosys import libyosys as ys

    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    design, name = ys.Design(), plan["name"]
    ys.run_pass(f"read_verilog -sv {' '.join(plan['sources'])}", design)
    ys.run_pass(f"hierarchy -top {name}", design)
    text = _faults(ys, design, plan) if "faults" in plan else ""
    ys.run_pass("proc", design)
    drawn = _draw(ys, design, plan) if "count" in plan else []
    registers = _registers(ys, design, plan)
    if drawn:
        _apply(ys, design, plan, drawn)
    text += _reset_faults(ys, design, plan, registers, plan["first"] + len(drawn))
    ys.run_pass("write_verilog -noattr netlist.v", design)
    # A mutant may make several cases of a choice true, which Yosys's comment promises not to happen; the first one counts.
    netlist = Path("netlist.v").read_text(encoding="utf-8").replace("// synopsys parallel_case", "")
    Path("planted.v").write_text(_plain(netlist, plan.get("copies", "")) + text, encoding="utf-8")


def _plain(netlist: str, copies: str) -> str:
    """Return the netlist with modules of which the design has one set of parameters called as they were emitted.

    Copies of an instance, which hold faults of its parameters and are called as ``copies`` matches, may have others.
    """
    instances = re.findall(r"^ +(\\\$paramod\S*\\(\w+)) +(\S+) \($", netlist, re.MULTILINE)
    derived = {(long, name) for long, name, instance in instances if not re.fullmatch(copies, instance)}
    names = [name for _, name in derived]
    for long, name in derived:
        if names.count(name) == 1:
            netlist = netlist.replace(f"{long} ", f"{name} ").replace(f"{long}(", f"{name}(")
    return netlist


def _draw(ys: Any, design: Any, plan: dict[str, Any]) -> list[str]:
    """Draw mutants over all modules."""
    # Inlined, the parts of a datapath that are instances of one module can be mutated one by one.
    if plan["datapaths"]:
        ys.run_pass(f"flatten -noscopeinfo {' '.join(plan['datapaths'])}", design)
    ys.run_pass(f"hierarchy -top {plan['name']}", design)
    ys.run_pass("opt_clean", design)
    ys.run_pass(f"mutate -list {plan['count'] + _SPARE} -seed {plan['seed']} -o drawn.txt", design)
    drawn = Path("drawn.txt").read_text(encoding="utf-8").splitlines()
    # The clock is no logic: nothing drives it, and the proof refuses a register that is not on it. Neither is the enable of a
    # read without a clock, of which no Verilog can be written. What a memory holds at power-up has faults of its own.
    return [line for line in drawn if not re.search(r" -port (clk|CLK) |\$memrd\S* -port EN |\$meminit", line)][: plan["count"]]


def _apply(ys: Any, design: Any, plan: dict[str, Any], kept: list[str]) -> None:
    """Apply mutants, each behind its number."""
    lines = [line.replace("mutate ", f"mutate -ctrl selected {plan['bits']} {k} ", 1) for k, line in enumerate(kept, 1)]
    Path("mutants.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for module in sorted(set(re.findall(r"-module (\S+)", "\n".join(kept)))):
        # "mutate" uses a wire of this name where there is one, and would add a port otherwise.
        target = design.module(ys.IdString(module if module.startswith("$") else f"\\{module}"))
        wire = target.addWire(ys.IdString("\\selected"), plan["bits"])
        selection = target.addCell(ys.IdString("\\selection"), ys.IdString(f"\\{plan['name']}_selection"))
        selection.setPort(ys.IdString("\\selected"), ys.SigSpec(wire))
    ys.run_pass("script mutants.txt", design)


def _registers(ys: Any, design: Any, plan: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Draw faults of registers that ``rst`` sets to a constant: module, cell, register, its place, and what is wrong."""
    ys.run_pass("write_json netlist.json", design)
    found = []
    for name, module in sorted(json.loads(Path("netlist.json").read_text(encoding="utf-8"))["modules"].items()):
        if "rst" not in module["ports"]:
            continue
        names: dict[tuple[Any, ...], list[str]] = {}
        for net, what in module["netnames"].items():
            if not what["hide_name"]:
                names.setdefault(tuple(what["bits"]), []).append(net)
        set_bits = set(_set_by(module, module["ports"]["rst"]["bits"]))
        for cell, what in module["cells"].items():
            called = names.get(tuple(what["connections"].get("Q", ())), [])
            if what["type"] == "$dff" and called and set_bits.issuperset(what["connections"]["D"]):
                register = next((net for net in called if net.endswith("_reg")), called[0])
                # The cell's place is the block that sets it, where its name need not be.
                place = module["netnames"][register]["attributes"].get("src", "")
                found += [(name, cell, register, place, wrong) for wrong in _RESETS]
    random.Random(plan["seed"]).shuffle(found)  # noqa: S311 # a choice, not a secret
    return found[: plan["registers"]]


def _set_by(module: dict[str, Any], reset: list[int]) -> Iterator[int]:
    """Yield the bits that are a constant while ``reset`` is high, because a choice by it is what drives them."""
    for cell in module["cells"].values():
        if cell["type"] == "$mux" and cell["connections"]["S"] == reset:
            ports = cell["connections"]
            yield from (bit for bit, constant in zip(ports["Y"], ports["B"], strict=True) if constant in ("0", "1"))


def _reset_faults(ys: Any, design: Any, plan: dict[str, Any], drawn: list[tuple[str, str, str, str, str]], first: int) -> str:
    """Put a module in front of each register drawn, list the faults by number, and return the Verilog of these modules."""
    name, text, listed = plan["name"], "", []
    cells: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for number, (place, cell_name, register, source, wrong) in enumerate(drawn, first):
        cells.setdefault((place, cell_name), []).append((number, _RESETS[wrong]))
        listed.append({"number": number, "module": place, "register": register, "source": source, "wrong": wrong})
    for k, ((place, cell_name), cases) in enumerate(cells.items()):
        module = design.module(ys.IdString(place if place.startswith("$") else f"\\{place}"))
        cell = module.cell(ys.IdString(cell_name if cell_name.startswith("$") else f"\\{cell_name}"))
        value, now = cell.getPort(ys.IdString("\\D")), cell.getPort(ys.IdString("\\Q"))
        result = ys.SigSpec(module.addWire(ys.IdString(f"\\reset_net_{k}"), value.size()))
        cell.setPort(ys.IdString("\\D"), result)
        emitted = place.rpartition("\\")[2]
        between = f"{emitted}_reset_{k}"  # called after the module that it is in, as a part's own are
        chooser = module.addCell(ys.IdString(f"\\reset_{k}"), ys.IdString(f"\\{between}"))
        ports = {"value": value, "result": result, "rst": ys.SigSpec(_wire(ys, module, "rst")), "now": now}
        for port, signal in ports.items():
            chooser.setPort(ys.IdString("\\" + port), signal)
        within = [(number, f"rst ? {wrong} : value") for number, wrong in cases]
        text += _chooser(between, name, value.size(), within, {"rst": 1, "now": value.size()}, plan["bits"])
    Path("registers.json").write_text(json.dumps(listed), encoding="utf-8")
    return text


def _faults(ys: Any, design: Any, plan: dict[str, Any]) -> str:
    """Cut the nets of the faults and return the Verilog of the modules put between.

    This comes before "proc": there the readers of a net still use its name; later they may use any alias of it.
    """
    name = plan["name"]
    cut: dict[str, list[tuple[int, str, dict[str, str]]]] = {}
    for number, fault in enumerate(plan["faults"], 1):
        for net, expression in fault["cuts"].items():
            cut.setdefault(net, []).append((number, expression, fault["reads"]))
    text = ""
    for k, (net, cases) in enumerate(cut.items()):
        place, _, port = net.rpartition(".")
        module, cell = _place(ys, design, name, place, port)
        clean, faulty = _cut_port(ys, module, cell, port, k) if cell is not None else _cut_net(ys, module, port, k)
        chooser = module.addCell(ys.IdString(f"\\fault_{k}"), ys.IdString(f"\\{name}_fault_{k}"))
        chooser.setPort(ys.IdString("\\value"), clean)
        chooser.setPort(ys.IdString("\\result"), faulty)
        reads: dict[str, int] = {}
        for _number, _expression, names in cases:
            for read, target in names.items():
                wire = _wire(ys, module, target)
                reads[read] = wire.width
                chooser.setPort(ys.IdString("\\" + read), ys.SigSpec(wire))
        text += _chooser(f"{name}_fault_{k}", name, clean.size(), [(n, e) for n, e, _ in cases], reads, plan["bits"])
    return text


def _chooser(module: str, name: str, width: int, cases: list[tuple[int, str]], reads: dict[str, int], bits: int) -> str:
    """Return the Verilog of a module that passes ``value`` on or, when selected, a fault's expression."""
    ports = "".join(f", input [{read_bits - 1}:0] {read}" for read, read_bits in reads.items())
    arms = "\n".join(f"      {number}: result = {expression};" for number, expression in cases)
    return f"""
module {module} (input [{width - 1}:0] value, output reg [{width - 1}:0] result{ports});
  wire [{bits - 1}:0] selected;
  {name}_selection selection (.selected(selected));
  always @*
    case (selected)
{arms}
      default: result = value;
    endcase
endmodule
"""


def _place(ys: Any, design: Any, name: str, place: str, port: str) -> tuple[Any, Any]:
    """Return the module a net is cut in, and the instance when the net is an input port of one."""
    core, lane = (design.module(ys.IdString(f"\\{name}{suffix}")) for suffix in ("", "_lane"))
    if not place:
        return core, None
    instance = ys.IdString("\\" + place)
    module = design.module(ys.IdString(f"\\{name}_{place}"))
    if (cell := core.cell(instance)) is not None and (module is None or cell.hasPort(ys.IdString("\\" + port))):
        return core, cell
    if module is None:
        raise SystemExit(f"the core has no module {name}_{place}")
    return (lane, lane.cell(instance)) if _wire(ys, module, port).port_input else (module, None)


def _wire(ys: Any, module: Any, net: str) -> Any:
    wire = module.wire(ys.IdString("\\" + net))
    if wire is None:
        raise SystemExit(f"the core has no net {net} in {module.name.str()[1:]}")
    return wire


def _cut_port(ys: Any, module: Any, cell: Any, port: str, k: int) -> tuple[Any, Any]:
    """Put a new wire between an instance's input port and what drives it; return the driver and the new wire."""
    name = ys.IdString("\\" + port)
    if not cell.hasPort(name):
        raise SystemExit(f"the core has no port {port} at {cell.name.str()[1:]}")
    clean = cell.getPort(name)
    faulty = ys.SigSpec(module.addWire(ys.IdString(f"\\fault_net_{k}"), clean.size()))
    cell.setPort(name, faulty)
    return clean, faulty


def _cut_net(ys: Any, module: Any, net: str, k: int) -> tuple[Any, Any]:
    """Move the driver of a net to a new wire; return that wire and the net, which its readers go on reading."""
    wire = _wire(ys, module, net)
    named, moved = ys.SigSpec(wire), ys.SigSpec(module.addWire(ys.IdString(f"\\fault_net_{k}"), wire.width))
    changed = False

    def rewritten(signal: Any) -> Any:
        nonlocal changed
        result = ys.SigSpec(signal)
        result.replace(named, moved)
        changed = changed or result != signal
        return result

    for cell in module.selected_cells():
        for port, signal in list(cell.connections().items()):
            target = module.design.module(cell.type)
            driven = target.wire(port).port_output if target is not None else cell.output(port)
            if driven:
                cell.setPort(port, rewritten(signal))
    module.new_connections([(rewritten(left), right) for left, right in module.connections()])
    if not changed:
        raise SystemExit(f"the net {net} in {module.name.str()[1:]} is not driven by an expression, so it cannot be cut")
    return moved, named


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    _main()

"""Plants faults in emitted Verilog: one netlist that holds them all, one of which a plusarg selects.

Run as a process of its own (``python -m sc_hw.plant PLAN``), because Yosys ends its process on an error.
A net is found by its name, which both generators keep; it is separated from its driver, and a selector
module between the two passes the value on or replaces it. Every lane gets the fault.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .manifest import Core
from .rtl.faults import Fault

__all__ = ["PLUSARG", "plant"]

PLUSARG = "sc_hw_fault"


def plant(core: Core, faults: Sequence[Fault], output: Path) -> Path:
    """Write ``output``: the core with every fault in it; ``+sc_hw_fault=K`` plants ``faults[K-1]``, 0 none.

    Errors: ``RuntimeError`` when Yosys fails or a fault names a net that the core does not have.
    """
    with tempfile.TemporaryDirectory(prefix="sc-hw-") as folder:
        copies = []
        for number, source in enumerate(core.sources):
            copy = Path(folder) / f"{number}.v"
            copy.write_bytes(source.read_bytes())
            copies.append(str(copy))
        plan = Path(folder) / "plan.json"
        netlist = Path(folder) / "netlist.v"
        cuts = [{"cuts": dict(fault.cuts), "reads": dict(fault.reads)} for fault in faults]
        plan.write_text(json.dumps({"name": core.design.name, "sources": copies, "netlist": str(netlist), "faults": cuts}))
        done = subprocess.run([sys.executable, "-m", "sc_hw.plant", str(plan)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"planting faults failed: {(done.stdout + done.stderr).strip()[-1500:]}")
        output.write_text(
            netlist.read_text(encoding="utf-8") + Path(f"{netlist}.faults").read_text(encoding="utf-8"), encoding="utf-8"
        )
    return output


def _selector(name: str, width: int, cases: list[tuple[int, str]], reads: dict[str, int]) -> str:
    """Return the Verilog of a module that passes ``value`` on or, when selected, a fault's expression."""
    ports = "".join(f", input [{bits - 1}:0] {read}" for read, bits in reads.items())
    arms = "\n".join(f"      {number}: result = {expression};" for number, expression in cases)
    return f"""
module {name} (input [{width - 1}:0] value, output reg [{width - 1}:0] result{ports});
  integer selected;
  initial if (!$value$plusargs("{PLUSARG}=%d", selected)) selected = 0;
  always @*
    case (selected)
{arms}
      default: result = value;
    endcase
endmodule
"""


def _main(plan: dict[str, Any]) -> None:
    from pyosys import libyosys as ys

    design = ys.Design()
    ys.run_pass("read_verilog -sv " + " ".join(f'"{source}"' for source in plan["sources"]), design)
    ys.run_pass(f"hierarchy -top {plan['name']}", design)
    cut: dict[str, list[tuple[int, str, dict[str, str]]]] = {}
    for number, fault in enumerate(plan["faults"], 1):
        for net, expression in fault["cuts"].items():
            cut.setdefault(net, []).append((number, expression, fault["reads"]))
    text = ""
    for k, (net, cases) in enumerate(cut.items()):
        # Before "proc": there the readers of a net still use its name; later they may use any alias of it.
        place, _, port = net.rpartition(".")
        module, cell = _place(ys, design, plan["name"], place, port)
        clean, faulty = _cut_port(ys, module, cell, port, k) if cell is not None else _cut_net(ys, module, port, k)
        selector = module.addCell(ys.IdString(f"\\fault_{k}"), ys.IdString(f"\\{plan['name']}_fault_{k}"))
        selector.setPort(ys.IdString("\\value"), clean)
        selector.setPort(ys.IdString("\\result"), faulty)
        reads: dict[str, int] = {}
        for _number, _expression, names in cases:
            for name, target in names.items():
                wire = _wire(ys, module, target)
                reads[name] = wire.width
                selector.setPort(ys.IdString("\\" + name), ys.SigSpec(wire))
        text += _selector(f"{plan['name']}_fault_{k}", clean.size(), [(n, e) for n, e, _ in cases], reads)
    ys.run_pass("proc", design)
    ys.run_pass(f'write_verilog -noattr "{plan["netlist"]}"', design)
    Path(plan["netlist"] + ".faults").write_text(text, encoding="utf-8")


def _place(ys: Any, design: Any, name: str, place: str, port: str) -> tuple[Any, Any]:
    """Return the module a net is cut in, and the instance when the net is an input port of one."""
    core, lane = (design.module(ys.IdString(f"\\{name}{suffix}")) for suffix in ("", "_lane"))
    if not place:
        return core, None
    instance = ys.IdString("\\" + place)
    if core.cell(instance) is not None:
        return core, core.cell(instance)
    module = design.module(ys.IdString(f"\\{name}_{place}"))
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
    _main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))

"""What the modules of an edited folder remember: no bit of state but those that the emitted ones have.

An induction looks for a step that breaks from any state, and a search for one from reset. A register that nobody knows of, such
as a count of what came since the reset, leaves the first undecided and is too slow for the second. So it is named instead.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from ..manifest import Core
from ..rtl.contents import without_contents
from ..rtl.emit import core_files

__all__ = ["CLEANED", "emitted_texts", "strange_registers"]

CLEANED = """read_verilog -sv {files}
chformal -remove
hierarchy -check -top {top}
proc
opt_clean
write_json cleaned.json
"""
"""How Yosys reads modules for this: what nothing reads remembers nothing."""


def emitted_texts(core: Core) -> dict[str, str]:
    """Return the Verilog that the design of a folder is emitted as, by file name, without initial contents."""
    files = core_files(core.design, core.manifest["generator"])
    return {PurePosixPath(name).name: without_contents(text) for name, text in files.items() if name.endswith(".v")}


def strange_registers(found: list[tuple[str, Mapping[str, Any]]], emitted: list[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """Yield the registers and memories of modules ``found``, (name, netlist), that those of these names ``emitted`` lack."""
    known: dict[str, dict[tuple[str, int], int]] = {}  # which bit of an emitted module has a name
    nameless: dict[str, int] = {}
    memories: dict[str, set[tuple[str, int, int]]] = {}
    for module, netlist in emitted:
        bits = _bits(netlist)
        numbers = known.setdefault(module, {})
        for names in bits:  # of a module with other parameters, too
            number = next((numbers[place] for place in names if place in numbers), len(numbers))
            numbers |= dict.fromkeys(names, number)
        nameless[module] = max(nameless.get(module, 0), sum(not names for names in bits))
        memories.setdefault(module, set()).update(_memories(netlist))
    for module, netlist in found:
        bits = _bits(netlist)
        strange: dict[str, int] = {}
        taken: set[int] = set()  # a bit of the emitted module may have several names, and is one all the same
        options = [({known.get(module, {}).get(place, -1) for place in names} - {-1}, names) for names in bits if names]
        for numbers_of, names in sorted(options, key=lambda each: len(each[0])):
            if free := numbers_of - taken:
                taken.add(min(free))
            else:
                strange[names[0][0]] = strange.get(names[0][0], 0) + 1
        for name, count in strange.items():
            yield f"module {module}: {name} holds {count} bit{'s' * (count > 1)} of state that the emitted module has not"
        if sum(not names for names in bits) > nameless.get(module, 0):
            yield f"module {module}: has registers without a name that the emitted module has not"
        for name, width, size in sorted(_memories(netlist) - memories.get(module, set())):
            yield f"module {module}: {name}, {size} words of {width} bits, is a memory that the emitted module has not"


def _bits(netlist: Mapping[str, Any]) -> list[list[tuple[str, int]]]:
    """Return for each bit that a register of a netlist holds the names and places it has in the Verilog."""
    held = dict.fromkeys(
        bit for cell in netlist["cells"].values() if "dff" in cell["type"].lower() for bit in cell["connections"]["Q"]
    )
    names: dict[int, list[tuple[str, int]]] = {bit: [] for bit in held if isinstance(bit, int)}
    for name, net in netlist["netnames"].items():
        for place, bit in enumerate(net["bits"]):
            if bit in names and not net["hide_name"]:
                names[bit].append((name, place + int(net.get("offset", 0))))
    return list(names.values())


def _memories(netlist: Mapping[str, Any]) -> set[tuple[str, int, int]]:
    return {(name, int(memory["width"]), int(memory["size"])) for name, memory in netlist.get("memories", {}).items()}

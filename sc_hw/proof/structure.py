"""The closed world: what the proof argues about module by module is all there is, in its place and on the clock.

A proof replaces lanes, memories and cores by what is proven of their modules. That says something of the hardware only when
each of these instances is of exactly that module with exactly those parameters, has the clock, and when nothing else stands
in the files: this is read off the elaborated hierarchy of the whole folder, before anything is proven.
"""

import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sc_hw_models.scratch import temporary_folder

from ..errors import UserError
from ..manifest import Core
from ..rtl.contents import without_contents
from ..rtl.instances import Instance
from ..yosys import YosysError, find_yosys, run_yosys
from .registers import CLEANED, emitted_texts, strange_registers
from .result import Obligation

__all__ = ["DEFINED", "STRUCTURE", "Original", "check_structure", "is_sound", "structure_of"]

_READ = """read_verilog -sv {files}
tee -q -o listed.txt ls
chformal -remove
hierarchy -check -top {top}
proc
tee -q -o checked.txt check
write_json netlist.json
"""
# Cells that give one defined value for all inputs, the same to every tool. Others, such as an index that may be out of range,
# a division, a latch or an assumption, mean something that this proof does not model.
_KINDS = {
    *("$not", "$pos", "$neg", "$and", "$or", "$xor", "$xnor", "$reduce_and", "$reduce_or", "$reduce_xor", "$reduce_xnor"),
    *("$reduce_bool", "$logic_not", "$logic_and", "$logic_or", "$add", "$sub", "$mul", "$shl", "$shr", "$sshl", "$sshr"),
    *("$shift", "$lt", "$le", "$eq", "$ne", "$ge", "$gt", "$mux", "$pmux", "$dff", "$dffe", "$sdff", "$sdffe", "$sdffce"),
    *("$memrd", "$memwr_v2", "$meminit_v2", "$scopeinfo"),
}
# Attributes that change how a tool reads a module or a case, so that two tools may not read the same hardware.
_ATTRIBUTES = {
    *("blackbox", "whitebox", "keep_hierarchy", "anyconst", "anyseq", "allconst", "allseq", "gclk", "init", "techmap_wrap"),
}
# Words, in comments too, by which some tools read something else than others: Yosys passes over a defparam of a parameter that
# the instance sets, and over what is bound from elsewhere.
_DIRECTIONS = re.compile(r"\b(full_case|parallel_case|translate_o(?:n|ff)|synthesis_o(?:n|ff)|defparam|bind|primitive|specify)\b")
STRUCTURE = (
    "every instance is the proven module with the proven parameters, on the clock; nothing else stands in the files, and "
    "every net has one driver"
)
_NO_VALUE = {"x", "z"}
DEFINED = "no bit of the Verilog is undefined ('x, 'z), so that all tools and the silicon agree"


@dataclass(frozen=True, kw_only=True)
class _Module:
    """A module of the elaborated hierarchy: its name in the Verilog, its parameters, and its netlist as Yosys writes it."""

    name: str
    parameters: Mapping[str, int]
    netlist: Mapping[str, Any]


class _Made(Protocol):
    """What a design says it is made of."""

    @property
    def name(self) -> str:
        """Of its top module."""

    def instances(self) -> Mapping[str, Instance]:
        """Return what stands in it, by place."""


class _Folder(Protocol):
    """What is read of an emitted folder."""

    @property
    def folder(self) -> Path:
        """Where it is."""

    @property
    def design(self) -> _Made:
        """What should be in it."""

    @property
    def edited(self) -> tuple[str, ...]:
        """Files that are not as they were emitted."""

    @property
    def verilog_text(self) -> dict[str, str]:
        """The Verilog by file name."""


@dataclass(frozen=True, kw_only=True)
class Original:
    """The Verilog that a design is emitted as, without contents, and its modules whose registers the proof follows itself."""

    texts: Mapping[str, str]
    followed: Collection[str]


def _original_of(core: Core) -> Original:
    """Return that of a core: the proof of a datapath follows all that it holds, from any value on."""
    followed = {str(part.manifest["modules"]["datapath"]) for part in core.parts or (core,)}
    return Original(texts=emitted_texts(core), followed=followed)


def check_structure(core: Core, *, registers: bool = True) -> list[Obligation]:
    """Return those of ``structure_of`` of a core and all its parts; without ``registers`` it may remember what it likes."""
    return structure_of(core, (lambda: _original_of(core)) if registers else None)


def structure_of(core: _Folder, original: Callable[[], Original] | None) -> list[Obligation]:
    """Return the obligations ``structure`` and ``defined`` of an emitted folder and of all its parts, proven or refuted.

    A note of ``structure`` names each instance and pin that is not as the proof takes it, and, given the ``original``, what an
    edited module remembers besides what the emitted one does. Errors: ``UserError`` when Yosys cannot read the files.
    """
    started = time.monotonic()
    number = find_yosys()[1]
    texts = {name: without_contents(text) for name, text in core.verilog_text.items()}
    names = list(texts)
    listed, checked, netlist = _read(core, texts, _READ, ("listed.txt", "checked.txt", "netlist.json"))
    modules = {kind: _module(kind, module) for kind, module in json.loads(netlist)["modules"].items()}
    strange = list(_strange(core, texts, modules, original())) if original and core.edited else []
    answer = {"solver": "yosys", "version": number, "answer": "read", "seconds": round(time.monotonic() - started, 3)}
    structure = [
        *_instances(core.design.name, core.design.instances(), modules),
        *_leftovers(re.findall(r"^  (\S+)$", listed, re.MULTILINE), modules),
        *(fault for module in modules.values() for fault in _oddities(module)),
        *_places(names, modules),
        *(
            f"{name}: {word} makes tools read different things"
            for name, text in core.verilog_text.items()
            for word in _DIRECTIONS.findall(text)
        ),
        *re.findall(r"^Warning: (.*)$", checked, re.MULTILINE),
        *strange,
    ]
    undefined = sorted({where for module in modules.values() for where in _undefined(module)})
    return [
        Obligation(
            name=title,
            statement=statement,
            verdict="refuted" if faults else "proven",
            answers=[answer],
            note="; ".join(dict.fromkeys(faults)),
        )
        for title, statement, faults in (("structure", STRUCTURE, structure), ("defined", DEFINED, undefined))
    ]


def _below(modules: Mapping[str, _Module], tops: set[str]) -> set[str]:
    """Return the modules of these names and all that have instances in them."""
    found, left = set[str](), [kind for kind, module in modules.items() if module.name in tops]
    while left:
        found.add(kind := left.pop())
        left += {cell["type"] for cell in modules[kind].netlist["cells"].values()} & modules.keys() - found
    return found


def _strange(core: _Folder, texts: Mapping[str, str], modules: Mapping[str, _Module], original: Original) -> Iterator[str]:
    """Yield what edited modules remember besides."""
    below = {modules[kind].name for kind in _below(modules, set(original.followed))}
    found = [module for module in _cleaned(core, texts) if module[0] not in below]
    yield from strange_registers(found, _cleaned(core, original.texts))


def _cleaned(core: _Folder, texts: Mapping[str, str]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the netlists of the modules, by their names in the Verilog, without what nothing reads."""
    (netlist,) = _read(core, texts, CLEANED, ("cleaned.json",))
    return [(_module(kind, module).name, module) for kind, module in json.loads(netlist)["modules"].items()]


def _read(core: _Folder, texts: Mapping[str, str], script: str, files: Sequence[str]) -> list[str]:
    """Return the files that Yosys writes when it reads Verilog by a script. Errors: ``UserError`` when it cannot."""
    path, number = find_yosys()
    with temporary_folder() as folder:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        try:
            run_yosys(script.format(files=" ".join(texts), top=core.design.name), path=path, cwd=folder)
        except YosysError as error:
            raise UserError(f"{core.folder}: Yosys {number} cannot read the Verilog: {error.reason}") from error
        return [(folder / file).read_text(encoding="utf-8") for file in files]


def is_sound(obligations: Sequence[Obligation]) -> bool:
    """Return whether a structure is one about which anything can be proven."""
    return all(obligation.verdict == "proven" for obligation in obligations)


def _module(kind: str, netlist: Mapping[str, Any]) -> _Module:
    # A module whose parameters were set at an instance is a copy with a name made of both.
    name = netlist["attributes"].get("hdlname", kind).strip() if kind.startswith("$paramod") else kind
    values = netlist.get("parameter_default_values", {})
    return _Module(name=name, parameters={key: _number(value) for key, value in values.items()}, netlist=netlist)


def _number(value: str) -> int:
    """Return a parameter of a Yosys netlist as a number, -1 for what is none."""
    return int(value, 2) if re.fullmatch("[01]+", value) else -1


def _instances(top: str, expected: Mapping[str, Instance], modules: Mapping[str, _Module]) -> Iterator[str]:
    """Yield what is wrong with the instances below ``top``: which module, which parameters, which clock, which are missing."""
    apart = {instance.module for instance in expected.values()}
    found = set()

    def walk(kind: str, place: str) -> Iterator[str]:
        clock = modules[kind].netlist["ports"].get("clk", {}).get("bits")
        for name, cell in modules[kind].netlist["cells"].items():
            inner, where = modules.get(cell["type"]), f"{place}{name}"
            if inner is None:
                continue
            if "clk" in inner.netlist["ports"] and (clock is None or cell["connections"].get("clk") != clock):
                yield f"{where}: pin clk is not on the clock of the module around it"
            wanted = expected.get(where)
            if wanted or inner.name in apart:
                found.add(where)
                yield from _instance(where, wanted, inner)
            yield from walk(cell["type"], f"{where}.")

    yield from walk(top, "")
    for where in expected.keys() - found:
        yield f"{where}: missing, should be {expected[where].module}"


def _instance(where: str, wanted: Instance | None, found: _Module) -> Iterator[str]:
    """Yield what is wrong with the module behind one instance."""
    if wanted is None:
        yield f"{where}: an instance of {found.name} of which the proof knows nothing"
    elif found.name != wanted.module:
        yield f"{where}: is {found.name}, should be {wanted.module}"
    elif found.parameters != wanted.parameters:
        for key in sorted(found.parameters.keys() | wanted.parameters.keys()):
            have, want = found.parameters.get(key), wanted.parameters.get(key)
            if have != want:
                yield f"{where}: parameter {key} is {have}, should be {want}"


def _leftovers(listed: Sequence[str], modules: Mapping[str, _Module]) -> Iterator[str]:
    """Yield the modules in the files that no instance needs."""
    used = {module.name for module in modules.values()}
    for name in listed:
        if name not in used:
            yield f"module {name}: stands in the files and is used nowhere"


def _places(files: Sequence[str], modules: Mapping[str, _Module]) -> Iterator[str]:
    """Yield the modules that are not in the file of their name, which is where each is read to be proven."""
    for module in modules.values():
        file = module.netlist["attributes"].get("src", "").partition(":")[0]
        if file != f"{module.name}.v":
            yield f"module {module.name}: stands in {file}, should be in {module.name}.v"
    for file in files:
        if file.removesuffix(".v") not in {module.name for module in modules.values()}:
            yield f"file {file}: holds nothing of this design"


def _oddities(module: _Module) -> Iterator[str]:
    """Yield cells that the proof does not model, attributes that bend how tools read, and names that pose as an instance's."""
    cells = module.netlist["cells"]
    instances = [name for name, cell in cells.items() if not cell["type"].startswith("$") or cell["type"].startswith("$paramod")]
    for name, cell in cells.items():
        if name not in instances and cell["type"] not in _KINDS:
            yield f"{_where(module, cell)}: a {cell['type']}, whose meaning tools do not share"
    for name, item in [("", module.netlist), *cells.items(), *module.netlist["netnames"].items()]:
        for attribute in sorted(_ATTRIBUTES & item["attributes"].keys()):
            yield f"{_where(module, item)}: attribute {attribute} of {name or 'the module'}"
    posing = re.compile(rf"({'|'.join(map(re.escape, instances))})[.\[]") if instances else None
    for name in [*module.netlist["netnames"], *cells]:
        if posing and posing.match(name):
            yield f"module {module.name}: {name} is named as if it were inside an instance"


def _undefined(module: _Module) -> Iterator[str]:
    """Yield where the netlist of a module has undefined bits that anything but a memory's unused write can see."""
    cells = module.netlist["cells"].values()
    readers: dict[int, set[str]] = {}
    kept = {bit for port in module.netlist["ports"].values() if port["direction"] == "output" for bit in port["bits"]}
    read = kept | {bit for cell in cells for pin, bits in cell["connections"].items() if not _gives(cell, pin) for bit in bits}
    for cell in cells:
        if cell["type"] == "$dff" and not read & set(cell["connections"]["Q"]):
            continue  # Yosys leaves one behind for each write of a memory
        for pin, bits in cell["connections"].items():
            if not _gives(cell, pin):
                for bit in bits:
                    readers.setdefault(bit, set()).add(f"{cell['type']}.{pin}")
    written = {"$memwr_v2.ADDR", "$memwr_v2.DATA"}  # undefined while nothing is written
    for cell in cells:
        undefined = {pin for pin, bits in cell["connections"].items() if _NO_VALUE & set(bits)}
        if cell["type"] == "$memrd":
            undefined -= {"CLK", "EN"}  # reads at once
        if cell["type"] in ("$mux", "$pmux"):
            given = cell["connections"]["Y"]
            if all(readers.get(bit, set()) <= written and bit not in kept for bit in given):
                continue
        if undefined and cell["type"] != "$meminit_v2":
            yield f"'x at {_where(module, cell)}"
    for name, net in module.netlist["netnames"].items():
        if _NO_VALUE & set(net["bits"]):
            yield f"'x at {_where(module, net)}: {name}"


def _gives(cell: Mapping[str, Any], pin: str) -> bool:
    """Return whether a pin of a cell is an output; of instances of modules the directions are in the netlist, too."""
    return bool(cell.get("port_directions", {}).get(pin) == "output")


def _where(module: _Module, item: Mapping[str, Any]) -> str:
    """Return the place in the Verilog, file and line."""
    source = str(item["attributes"].get("src", module.name)).partition("|")[0]
    return re.sub(r"\.\d+(-\d+\.\d+)?$", "", source)

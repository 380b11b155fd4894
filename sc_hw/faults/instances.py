"""The instances of an elaborated design: what each is of, its pins, and where it stands in the Verilog text.

Yosys elaborates, so that nothing here knows a block or a topology by name; what is edited is the text that was emitted, so
that a design with one fault in it is otherwise the emitted one byte for byte.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sc_hw_models.scratch import temporary_folder

from ..errors import UserError
from ..manifest import Core
from ..network_folder import EmittedNetwork
from ..yosys import run_pinned_yosys

__all__ = ["Instance", "Pin", "Place", "locate", "read_instances", "read_texts", "source_module", "without_directives"]

_READ = "read_verilog -sv {files}\nhierarchy -check -top {top}\nproc\nwrite_json design.json\n"
_CLOCKS = ("CLK", "RD_CLK", "WR_CLK", "C")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A connected pin of an instance, as wide as the port; ``clock`` when registers inside are on it."""

    name: str
    output: bool
    bits: int
    clock: bool


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance of ``module`` with its parameters filled in, in the module ``parent``, which is in ``file``.

    ``memory_bits`` are those of memories right in its module.
    """

    parent: str
    name: str
    module: str
    file: str
    module_file: str
    parameters: Mapping[str, int]
    pins: tuple[Pin, ...]
    memory_bits: int

    @property
    def path(self) -> str:
        """The instance for a reader."""
        return f"{self.parent}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an instance stands in its text: spans of its module's name, parameters, pins by name, and the module's end."""

    start: int
    module: tuple[int, int]
    parameters: tuple[int, int]  # with "#" and brackets, empty if there are none
    connections: Mapping[str, tuple[int, int]]
    end: int


def read_texts(core: Core | EmittedNetwork) -> dict[str, str]:
    """Return the Verilog of a core and its parts by file name, without directives, which would shift the places Yosys gives."""
    return {name: without_directives(text) for name, text in core.verilog_text.items()}


def without_directives(text: str) -> str:
    """Return Verilog without directives, each a blank line."""
    return re.sub(r"^`.*$", "", text, flags=re.MULTILINE)


def source_module(name: str) -> str:
    """Return the module's name in the Verilog from the one it has with parameters filled in."""
    return re.sub(r"^\$paramod(\$[0-9a-f]+)?\\(\w+).*$", r"\2", name)


def read_instances(core: Core | EmittedNetwork) -> list[Instance]:
    """Return every instance of a module of the design with its connected pins, once for each module that it is in.

    Errors: ``YosysError`` for sources that Yosys cannot elaborate.
    """
    texts = read_texts(core)
    with temporary_folder() as folder:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        run_pinned_yosys(_READ.format(files=" ".join(texts), top=core.design.name), cwd=folder)
        modules = json.loads((folder / "design.json").read_text(encoding="utf-8"))["modules"]
    found: dict[tuple[str, str], Instance] = {}
    for name, module in sorted(modules.items()):
        for cell, instance in sorted(module["cells"].items()):
            if instance["type"] in modules:
                made = _instance(modules, name, cell, instance)
                found.setdefault((made.parent, made.name), made)
    return list(found.values())


def _instance(modules: Mapping[str, Any], parent: str, name: str, cell: Mapping[str, Any]) -> Instance:
    module = modules[cell["type"]]
    pins = tuple(
        Pin(name=port, output=what["direction"] == "output", bits=len(what["bits"]), clock=_is_clock(modules, cell["type"], port))
        for port, what in module["ports"].items()
        if cell["connections"].get(port)
    )
    parameters = {key: int(value, 2) for key, value in module.get("parameter_default_values", {}).items() if _binary(value)}
    return Instance(
        parent=source_module(parent),
        name=name,
        module=source_module(cell["type"]),
        file=_file(modules[parent]),
        module_file=_file(module),
        parameters=parameters,
        pins=pins,
        memory_bits=sum(m["width"] * m["size"] for m in module.get("memories", {}).values()),
    )


def _file(module: Mapping[str, Any]) -> str:
    return str(module["attributes"]["src"].partition(":")[0])


def _binary(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[01]+", value) is not None


def _is_clock(modules: Mapping[str, Any], module: str, port: str) -> bool:
    """Return whether registers of a module, or of one inside it, are on the clock that a port is."""
    bits = modules[module]["ports"][port]["bits"]
    if modules[module]["ports"][port]["direction"] == "output" or len(bits) > 1:
        return False
    for cell in modules[module]["cells"].values():
        for pin, connected in cell["connections"].items():
            if bits[0] in connected:
                inside = cell["type"] in modules
                if _is_clock(modules, cell["type"], pin) if inside else pin in _CLOCKS:
                    return True
    return False


def locate(text: str, instance: Instance) -> Place:
    """Return where an instance stands in the text of its file; ``UserError`` when its pins are not connected by name."""
    plain = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    begin = re.search(rf"^\s*module\s+{instance.parent}\b", plain, re.MULTILINE)
    if not begin:
        raise UserError(f"{instance.file}: no module {instance.parent}")
    end = plain.index("endmodule", begin.end())
    called = instance.name if re.fullmatch(r"\w+", instance.name) else rf"\\{re.escape(instance.name)}\s"
    for found in re.finditer(rf"(?<![\w$\\.]){instance.module}\s*(?=[#\w\\])", plain[:end]):
        at, parameters = found.end(), (found.end(), found.end())
        if found.start() > begin.start() and plain[at] == "#":
            at = _closing(plain, plain.index("(", at)) + 1
            parameters = (found.end(), at)
        opened = re.compile(rf"\s*{called}\s*\(").match(plain, at)
        if found.start() > begin.start() and opened:
            pins = _named(plain, opened.end() - 1)
            if missing := [pin.name for pin in instance.pins if pin.name not in pins]:
                raise UserError(
                    f"{instance.file}: {instance.path} does not connect {missing[0]} by name; connect every pin by name"
                )
            module = found.start(), found.start() + len(instance.module)
            return Place(start=found.start(), module=module, parameters=parameters, connections=pins, end=end)
    raise UserError(f"{instance.file}: no text of the instance {instance.path}")


def _closing(text: str, opened: int) -> int:
    """Return where the bracket that opens at a place closes."""
    depth = 0
    for at in range(opened, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if not depth:
            return at
    raise UserError("a bracket in the Verilog never closes")


def _named(text: str, opened: int) -> dict[str, tuple[int, int]]:
    """Return the spans of what ``.name(...)`` connects within the brackets that open at a place."""
    pins, at, last = {}, opened + 1, _closing(text, opened)
    while found := re.compile(r"[\s,]*\.(\w+)\s*\(").match(text, at, last):
        close = _closing(text, found.end() - 1)
        pins[found[1]] = (found.end(), close)
        at = close + 1
    return pins

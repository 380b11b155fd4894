"""Emitted modules as SMT-LIB 2 text: Yosys writes one transition, this module unrolls it."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sc_hw_models.scratch import temporary_folder

from ..errors import UserError
from ..faults.plant import SELECTION_BITS
from ..manifest import Core
from ..rtl.contents import without_contents
from ..rtl.port import Port
from ..yosys import YosysError, find_yosys, run_yosys
from .script import literal

__all__ = ["Circuit", "Product", "Register", "check_clocks", "read_circuit", "read_whole_lane"]

_READ = """read_verilog -sv {files}
hierarchy -check -top {top}
proc
"""
# Modules kept apart become ports: what they are given is an output of the top, what they give a free input.
_APART = """setattr -mod -set keep_hierarchy 1 {apart}
flatten
write_json circuit.json
expose -evert {top}
"""
_FLAT = """flatten
write_json circuit.json
"""
# async2sync first, because write_smt2 knows plain registers only.
_WRITE = """setundef -undriven {undefined}
async2sync
opt -full
dffunmap
hierarchy -top {top}
write_smt2 -stbv circuit.smt2
"""

_STORAGE = re.compile(r"\$(?!paramod).*(ff|latch|mem)|\$_?sr", re.IGNORECASE)
_ARRAY = re.compile(r"\$mem")
_REGISTERS = ("$dff", "$dffe", "$sdff", "$sdffe", "$sdffce")


class Placed(Protocol):
    """What a message needs of an emitted folder."""

    @property
    def folder(self) -> Path:
        """Where it is."""


@dataclass(frozen=True, kw_only=True)
class Register:
    """A register: its name in the Verilog, the function of the state that reads it, its bits, whether that is a Bool."""

    name: str
    symbol: str
    bits: int
    boolean: bool


@dataclass(frozen=True, kw_only=True)
class Product:
    """A multiplier: the function of the state that gives its result, its bits, its operands in that width."""

    symbol: str
    bits: int
    operands: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """A module as read back from its Verilog.

    ``text`` is what Yosys wrote, ``bits`` the width of its state, ``modules`` the netlist of every module, as Yosys
    writes it to JSON. With mutants planted in it, the circuit is the one of the number ``selected``.
    """

    top: str
    text: str
    bits: int
    registers: tuple[Register, ...]
    products: tuple[Product, ...]
    modules: dict[str, Any]
    yosys: str
    selected: int = 0

    def instances(self, module: str) -> dict[str, str]:
        """Return the instances of a module in the top, each with the name of its module after parameters are filled in."""
        found = {name: cell["type"] for name, cell in self.modules[self.top]["cells"].items()}
        return {name: kind for name, kind in found.items() if re.fullmatch(rf"(\$paramod.*\\)?{module}(\\.*)?", kind)}

    def unrolled(self, steps: int, *, cut: bool) -> list[str]:
        """Return the definitions, the states ``s0`` .. ``s<steps>`` and the transitions between them.

        A state holds registers and inputs. With ``cut`` every multiplier gives anything at all in every
        clock, from bits added to the state. The functions ``<product>_a`` and ``<product>_b`` are its operands.
        """
        text, bits = self.text, self.bits
        for product in self.products:
            head = f"(define-fun |{product.symbol}{{}}| ((state |{self.top}_s|)) (_ BitVec {product.bits}) {{}})\n"
            whole = head.format("", f"(bvmul {' '.join(product.operands)})")
            result = "(bvmul " + " ".join(f"(|{product.symbol}_{side}| state)" for side in "ab") + ")"
            if cut:
                result = f"((_ extract {bits + product.bits - 1} {bits}) state)"
                bits += product.bits
            operands = [head.format(f"_{side}", operand) for side, operand in zip("ab", product.operands, strict=True)]
            text = text.replace(whole, "".join(operands) + head.format("", result))
        text = text.replace(_sort(self.top, self.bits), _sort(self.top, bits))
        lines = [text, *(f"(declare-fun s{k} () |{self.top}_s|)" for k in range(steps + 1))]
        for name in sorted(set(re.findall(rf"\|{self.top}_n ((?:\S+\.)?selection\.selected)\|", self.text))):
            lines += [
                f"(assert (= {self.port(name, SELECTION_BITS, k)} {literal(self.selected, SELECTION_BITS)}))"
                for k in range(steps + 1)
            ]
        return lines + [f"(assert (|{self.top}_t| s{k} s{k + 1}))" for k in range(steps)]

    def port(self, port: str, bits: int, step: int) -> str:
        """Return a port in a step as a bit vector."""
        text = f"(|{self.top}_n {port}| s{step})"
        return f"(ite {text} #b1 #b0)" if bits == 1 else text

    def register(self, register: Register, step: int) -> str:
        """Return a register in a step as a bit vector."""
        text = f"(|{register.symbol}| s{step})"
        return f"(ite {text} #b1 #b0)" if register.boolean else text


def _sort(top: str, bits: int) -> str:
    return f"(define-sort |{top}_s| () (_ BitVec {bits}))\n"


def read_circuit(core: Core, module: str) -> Circuit:
    """Read the ``datapath``, the ``lane`` without it or the ``core`` without lanes and memories of an emitted folder.

    Modules left out become ports, ``<instance>.<port>``. Errors as ``_read``.
    """
    names, design = core.manifest["modules"], core.design
    selection = names.get("selection", "")
    ports, apart = {
        "datapath": (design.datapath_ports(), selection),
        "lane": (design.lane_ports(), f"{names['datapath']} {selection}".strip()),
        "core": (design.ports(), "*"),
    }[module]
    return _read(core, module, ports, apart=apart)


def read_whole_lane(core: Core) -> Circuit:
    """Read the lane, datapath and all, with undefined bits 0 as they are in a simulation; errors as ``_read``."""
    return _read(core, "lane", core.design.lane_ports(), undefined="-zero")


def _read(core: Core, module: str, ports: Sequence[Port], *, apart: str = "", undefined: str = "-anyseq") -> Circuit:
    """Read a module of an emitted folder.

    Errors: ``UserError`` when Yosys cannot read the sources, a port is not as the manifest has it, or there
    is storage that is not on the rising edge of ``clk``, because the unrolling gives all the same clock.
    """
    top = str(core.manifest["modules"][module])
    path, number = find_yosys()
    names = list(core.verilog)
    if not all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*(\.v)?", name) for name in (top, *names)):
        raise UserError(f"{core.folder}: a file or module name is not letters, digits and _; emit the core again")
    memories = {core.design.memory_module(lane) for lane in range(core.design.lanes)}
    script = (_READ + (_APART if apart else _FLAT) + _WRITE).format(
        files=" ".join(names), top=top, apart=apart, undefined=undefined
    )
    with temporary_folder() as folder:
        for name, text in core.verilog_text.items():
            # Power-up contents are an obligation of their own, and Yosys takes a while to read them.
            kept = without_contents(text) if name.removesuffix(".v") in memories else text
            (folder / name).write_text(kept, encoding="utf-8")
        try:
            run_yosys(script, path=path, cwd=folder)
        except YosysError as error:
            raise UserError(f"{core.folder}: Yosys {number} cannot read {top}: {error.reason}") from error
        text = (folder / "circuit.smt2").read_text(encoding="utf-8")
        modules = json.loads((folder / "circuit.json").read_text(encoding="utf-8"))["modules"]
    comments = [line for line in text.splitlines() if line.startswith(";")]
    registers = tuple(_registers(text, top))
    _check_ports(core, module, comments, ports)
    check_clocks(core, modules[top])
    sort = re.search(rf"^\(define-sort \|{top}_s\| \(\) \(_ BitVec (\d+)\)\)$", text, re.MULTILINE)
    if not sort:
        raise UserError(f"{core.folder}: Yosys {number} wrote no state for {top}; emit the core again")
    text = re.sub(r" ;[^\n]*$", "", text, flags=re.MULTILINE)
    text = "".join(f"{line}\n" for line in text.splitlines() if not line.startswith(";"))
    return Circuit(
        top=top,
        text=text,
        bits=int(sort[1]),
        registers=registers,
        products=tuple(_products(text, top)),
        modules=modules,
        yosys=number,
    )


def _registers(text: str, top: str) -> Iterable[Register]:
    """Yield what the transition function assigns."""
    for symbol, name in re.findall(rf"^  \(= .* \(\|({top}#\d+)\| next_state\)\) ; \S+ (.*)$", text, re.MULTILINE):
        sort = re.search(rf"^\(define-fun \|{symbol}\| \(\(state \|{top}_s\|\)\) (?:Bool|\(_ BitVec (\d+)\))", text, re.MULTILINE)
        bits = sort[1] if sort else None
        yield Register(name=name.removeprefix("\\"), symbol=symbol, bits=int(bits or 1), boolean=bits is None)


def _products(text: str, top: str) -> Iterable[Product]:
    """Yield the multipliers, each a definition of its own."""
    pattern = rf"^\(define-fun \|({top}#\d+)\| \(\(state \|{top}_s\|\)\) \(_ BitVec (\d+)\) \(bvmul (.*)\)\)$"
    for symbol, bits, body in re.findall(pattern, text, re.MULTILINE):
        left = _first(body)
        yield Product(symbol=symbol, bits=int(bits), operands=(left, body[len(left) + 1 :]))


def _first(text: str) -> str:
    """Return the first expression of a list of them."""
    depth = 0
    for k, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and text[k + 1 : k + 2] in (" ", ""):
            return text[: k + 1]
    raise ValueError(text)


def _check_ports(core: Core, module: str, comments: Sequence[str], ports: Sequence[Port]) -> None:
    for port in ports:
        if f"; yosys-smt2-{port.direction} {port.name} {port.bits}" not in comments:
            raise UserError(
                f"{core.folder}: the {module} has no {port.direction} {port.name} of {port.bits} bits; emit the core again"
            )


def check_clocks(core: Placed, netlist: Mapping[str, Any]) -> None:
    """Refuse every storage cell that is not a register on the rising edge of ``clk``; comments in the SMT text omit some."""
    clock = netlist["ports"]["clk"]["bits"]
    for cell in netlist["cells"].values():
        if not _STORAGE.match(cell["type"]):
            continue
        where, kind = f"{core.folder}: {cell['attributes'].get('src', '?')}", cell["type"]
        if _ARRAY.match(kind):
            raise UserError(f"{where}: an array ({kind}) in a module that has none; only the modules of the memories have one")
        if kind not in _REGISTERS:
            raise UserError(f"{where}: a {kind}, which is no register on the rising edge of clk; only such can be proven")
        if cell["connections"]["CLK"] != clock or int(cell["parameters"].get("CLK_POLARITY", "0"), 2) != 1:
            raise UserError(f"{where}: a {kind} that is not on the rising edge of clk; only registers that are can be proven")

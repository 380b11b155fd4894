"""Synthesis targets: one TOML file a device says how Yosys is called and what each cell type counts as."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .data import data_folder
from .errors import UserError
from .toolchain import NEXTPNRS

__all__ = ["RESOURCES", "PlaceAndRoute", "Target", "distinct_targets", "list_targets", "load_target", "read_target"]

RESOURCES = ("lut", "ff", "block_ram", "large_ram", "dsp")  # what is counted, each against a capacity
_RAMS = ("block_ram", "large_ram")
_TABLES = ("capacity", "lut", "lut_ram", "ff", "block_ram", "large_ram", "dsp", "ignored")
_TEXTS = ("name", "part", "family")
_DELAYS = ("clock", "overhead", "lut", "chain", "carry", "mul", "dsp")
_WORD = re.compile(r"\{top\}|[A-Za-z0-9_.-]+")  # what a synthesis command may be made of: nothing that Yosys or a path reads
_ALWAYS_IGNORED = {"$scopeinfo": "a note of Yosys on the hierarchy, not hardware"}


@dataclass(frozen=True, kw_only=True)
class PlaceAndRoute:
    """How a device is placed and routed.

    ``tool`` is the nextpnr of the family, ``arguments`` choose the device for it, ``frequency_mhz`` is what the placer
    works towards, ``cells`` maps some of ``RESOURCES`` to what nextpnr calls them, ``pins`` the pins of the
    wrapper where the tool demands them, ``pack`` arguments of the tool that writes the bitstream, ``untimed``
    what nextpnr has no delays for.
    """

    tool: str
    arguments: tuple[str, ...]
    frequency_mhz: float
    cells: Mapping[str, str]
    pins: Mapping[str, str]
    pack: tuple[str, ...]
    untimed: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """A device as read from its file.

    ``synth`` is the Yosys command as words, with ``{top}`` for the module. ``weights`` maps each of
    ``RESOURCES`` to how many units a cell type takes, ``bits`` the memory cells to the bits of the blocks
    they take, ``lut_ram`` names the cells that keep memory in LUTs (their weights are under ``lut``),
    ``ignored`` gives the reason for each cell type that is not counted. ``like`` names the device of which
    this one is another size (empty for none), ``pnr`` is ``None`` without a tool that places the device, ``estimate``
    says what its blocks hold, as ``estimate.fabric`` reads it, ``delays`` how long what takes, as ``compiler.delays`` does.
    """

    name: str
    part: str
    family: str
    synth: tuple[str, ...]
    capacity: Mapping[str, float]
    weights: Mapping[str, Mapping[str, float]]
    bits: Mapping[str, int]
    lut_ram: frozenset[str]
    ignored: Mapping[str, str]
    like: str
    pnr: PlaceAndRoute | None
    estimate: Mapping[str, Any]
    delays: Mapping[str, Any] | None

    @property
    def cell_types(self) -> frozenset[str]:
        """The cell types of a mapped netlist."""
        return frozenset(cell for weights in self.weights.values() for cell in weights) | self.ignored.keys()

    def command(self, top: str, *, pins: bool = False) -> str:
        """Return the Yosys command that synthesises module ``top``, with cells for its ports' ``pins`` if asked."""
        return " ".join(word.format(top=top) for word in self.synth if not (pins and word == "-noiopads"))

    def count(self, cells: Mapping[str, int]) -> dict[str, float]:
        """Return the units of each resource in a netlist given as cell counts.

        Errors: ``UserError`` naming the cell types that the target does not know; none is dropped silently.
        """
        known = self.cell_types | _ALWAYS_IGNORED.keys()
        unknown = sorted(set(cells) - known)
        if unknown:
            listed = ", ".join(f"{cell} ({cells[cell]})" for cell in unknown)
            raise UserError(
                f"target {self.name}: the netlist has cell types that its file does not know: {listed}; "
                f"give each a weight, or a reason under [ignored], in synth/targets/{self.name}.toml"
            )
        totals = {name: sum(weight * cells.get(cell, 0) for cell, weight in self.weights[name].items()) for name in RESOURCES}
        return {name: int(total) if total == int(total) else total for name, total in totals.items()}

    def ram_bits(self, cells: Mapping[str, int]) -> int:
        """Return the bits of the memory blocks in a netlist, used or not."""
        return sum(bits * cells.get(cell, 0) for cell, bits in self.bits.items())

    def lut_ram_cells(self, cells: Mapping[str, int]) -> int:
        """Return how many cells of a netlist keep memory in LUTs."""
        return sum(cells.get(cell, 0) for cell in self.lut_ram)


def list_targets() -> list[str]:
    """Return the names of the targets, sorted."""
    return sorted(path.stem for path in (data_folder("synth") / "targets").glob("*.toml"))


def distinct_targets() -> list[str]:
    """Return the names of the targets whose netlists differ: of several sizes of a device, the one that the others are like."""
    return [name for name in list_targets() if not load_target(name).like]


def load_target(name: str) -> Target:
    """Return a target by its name. Errors: ``UserError`` that lists the targets there are."""
    if name not in list_targets():
        raise UserError(f"--target {name!r}: unknown; allowed are {', '.join(list_targets())}")
    return read_target(data_folder("synth") / "targets" / f"{name}.toml")


def _read_table(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as TOML ({error})") from error
    if "like" not in table:
        return table
    if not isinstance(table["like"], str) or not _WORD.fullmatch(table["like"]):
        raise UserError(f"{path}: like is {table['like']!r}, not the name of a target")
    return _read_table(path.with_name(f"{table['like']}.toml")) | table


def read_target(path: Path) -> Target:
    """Read a target file. Errors: ``UserError`` with the file and the entry that cannot be used."""
    table = _read_table(path)

    def need(condition: bool, what: str) -> None:
        if not condition:
            raise UserError(f"{path}: {what}; see docs/synthesis.md for the form of a target file")

    allowed = (*_TEXTS, "like", "synth", *_TABLES, "pnr", "estimate", "delays")
    unknown = sorted(table.keys() - set(allowed))
    need(not unknown, f"unknown keys {', '.join(unknown)}; allowed are {', '.join(allowed)}")
    for key in _TEXTS:
        need(isinstance(table.get(key), str) and bool(table[key]), f"{key} is not a text")
    need(table["name"] == path.stem, f"name is {table['name']!r}, which is not the name of the file")
    words = table.get("synth", [])
    need(
        isinstance(words, list) and all(isinstance(w, str) and _WORD.fullmatch(w) for w in words), "synth is not a list of words"
    )
    need("{top}" in words, "synth does not say {top}")
    for key in _TABLES:
        need(isinstance(table.setdefault(key, {}), dict), f"[{key}] is not a table")
    need(table["capacity"].keys() <= set(RESOURCES) and "lut" in table["capacity"], f"[capacity] takes {', '.join(RESOURCES)}")
    need(
        all(isinstance(reason, str) and reason for reason in table["ignored"].values()), "[ignored] gives a reason for each cell"
    )

    def number(value: Any, where: str) -> float:
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
        need(good, f"{where} is {value!r}, not a number of at least 0")
        return float(value)

    def weights(key: str) -> dict[str, float]:
        if key not in _RAMS:
            return {cell: number(value, f"[{key}] {cell}") for cell, value in table[key].items()}
        for cell, value in table[key].items():
            need(isinstance(value, dict) and value.keys() == {"blocks", "bits"}, f"[{key}] {cell} does not say blocks and bits")
        return {cell: number(value["blocks"], f"[{key}] {cell} blocks") for cell, value in table[key].items()}

    counted = {name: weights(name) for name in RESOURCES}
    lut_ram = weights("lut_ram")
    named = [cell for part in (*counted.values(), lut_ram, table["ignored"]) for cell in part]
    twice = sorted({cell for cell in named if named.count(cell) > 1})
    need(not twice, f"{', '.join(twice)} stands in more than one table")
    return Target(
        name=table["name"],
        part=table["part"],
        family=table["family"],
        synth=tuple(words),
        capacity={name: number(table["capacity"].get(name, 0), f"[capacity] {name}") for name in RESOURCES},
        weights=counted | {"lut": counted["lut"] | lut_ram},
        bits={cell: int(number(v["bits"], f"[{key}] {cell} bits")) for key in _RAMS for cell, v in table[key].items()},
        lut_ram=frozenset(lut_ram),
        ignored=table["ignored"],
        like=table.get("like", ""),
        pnr=_read_pnr(table["pnr"], need) if "pnr" in table else None,
        estimate=table.get("estimate", {}),
        delays=_read_delays(table["delays"], need, number) if "delays" in table else None,
    )


def _read_delays(table: Any, need: Callable[[bool, str], None], number: Callable[[Any, str], float]) -> dict[str, Any]:
    need(isinstance(table, dict) and table.keys() == set(_DELAYS), f"[delays] takes {', '.join(_DELAYS)}")
    size = table["dsp"]
    need(
        isinstance(size, list) and len(size) == 2 and all(type(bits) is int and bits >= 0 for bits in size),
        "[delays] dsp is not two widths",
    )
    return {key: size if key == "dsp" else number(value, f"[delays] {key}") for key, value in table.items()}


def _read_pnr(table: Any, need: Callable[[bool, str], None]) -> PlaceAndRoute:
    keys = {field.name for field in fields(PlaceAndRoute)}
    need(isinstance(table, dict) and table.keys() <= keys, f"[pnr] takes {', '.join(sorted(keys))}")
    table = {"pins": {}, "pack": [], "untimed": ""} | table
    need(table.keys() == keys, f"[pnr] lacks {', '.join(sorted(keys - table.keys()))}")
    for key in ("arguments", "pack"):
        need(isinstance(table[key], list) and all(isinstance(w, str) for w in table[key]), f"[pnr] {key} is not a list of words")
    for key in ("cells", "pins"):
        need(isinstance(table[key], dict) and all(isinstance(v, str) for v in table[key].values()), f"[pnr] {key} names no cells")
    need(table["cells"].keys() <= set(RESOURCES) and "lut" in table["cells"], f"[pnr] cells takes {', '.join(RESOURCES)}")
    need(isinstance(table["frequency_mhz"], (int, float)) and table["frequency_mhz"] > 0, "[pnr] frequency_mhz is no frequency")
    need(table["tool"] in NEXTPNRS, f"[pnr] tool is {table['tool']!r}; allowed are {', '.join(NEXTPNRS)}")
    need(isinstance(table["untimed"], str), "[pnr] untimed is not a text")
    return PlaceAndRoute(**table | {key: tuple(table[key]) for key in ("arguments", "pack")})

"""What a simulation covered: totals, functional bins, and each point not reached with what the proof says of it."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from ..manifest import Core
from ..rtl.design import CoreDesign
from ..sim.simulate import SimulationResult
from .bins import possible
from .points import KINDS, Point, read_points
from .protocol import MONITOR, conditions, monitored
from .reach import PROVEN, Finding, reachable

__all__ = ["coverage_of", "coverage_table", "merge"]

PROTOCOL = "protocol"
_PARTS = ("total", "hit", "unreachable")
Bins = dict[str, dict[str, int]]


def coverage_of(
    cores: Sequence[Core], result: SimulationResult, *, seconds: int, note: Callable[[str], None] = lambda _text: None
) -> list[dict[str, Any]]:
    """Return a record of verb ``coverage`` for each core of a simulation that counted.

    ``seconds`` is the time for a proof about a netlist: each core, and what has several as a whole.

    ``totals`` has one row a core, module and kind, ``functional`` one a core and cover point, ``unreached`` one entry for
    each point or bin without a hit. docs/coverage.md describes every key.
    """
    if result.coverage is None:
        raise ValueError("the simulation did not count coverage")
    points = read_points(result.coverage, [name for core in cores for name in core.verilog])
    records = []
    for index, (core, bins) in enumerate(zip(cores, result.functional, strict=True)):
        mine = [_named(core, p) if p.kind == "user" else p for p in points if p.core == index]
        missed = [p for p in mine if not p.hits]
        if missed:
            note(f"{core.design.name}: can the {len(missed)} points not reached be reached at all?")
        found = list(zip(missed, reachable(core, missed, mine, seconds=seconds), strict=True)) if missed else []
        records.append(merge([_record(core, mine, found, bins, seconds)]) | {"seed": result.seed, "tools": result.tools})
    return records


def _named(core: Core, point: Point) -> Point:
    """Return a point of a monitor with the place of what it looks at and the name of its condition."""
    place = f".{point.scope}".partition(f".{MONITOR}")[0].removeprefix(".")
    labels = list(conditions(monitored(core.design)[place]))
    return dataclasses.replace(point, scope=place, what=labels[int(point.what.removeprefix("seen_"))])


def _group(place: str, point: str) -> str:
    """Return the name of a cover point of the core at a place."""
    return f"{place}/{point}" if place else point


def _record(
    core: Core, points: Sequence[Point], found: Sequence[tuple[Point, Finding]], bins: Sequence[Bins], seconds: int
) -> dict[str, Any]:
    design = core.design
    name = {"core": design.name, "generator": core.manifest["generator"]}
    totals: Counter[tuple[str, str, str]] = Counter()
    for p in points:
        if p.kind in KINDS:
            key = (_module(design.name, p.file), p.kind)
            totals.update({(*key, "total"): 1, (*key, "hit"): bool(p.hits)})
    for p, (verdict, _) in found:
        totals[_module(design.name, p.file), p.kind, "unreachable"] += verdict == PROVEN
    rows = [
        {**name, "module": module, "kind": kind, **{part: totals[module, kind, part] for part in _PARTS}}
        for module, kind in sorted({key[:2] for key in totals})
        if kind in KINDS
    ]
    unreached = [
        {
            **name,
            "kind": PROTOCOL if p.kind == "user" else p.kind,
            "place": _condition(p) if p.kind == "user" else p.name,
            "text": "" if p.kind == "user" else _text(core, p),
            "verdict": verdict,
            "reason": reason,
        }
        for p, (verdict, reason) in found
    ]
    counted: Bins = {}
    for (place, part), own in zip(_cores(core), bins, strict=True):
        missing = [(point, label) for point, counts in own.items() for label, hits in counts.items() if not hits]
        asked = possible(part.rule, part.config, missing, seconds=seconds)
        unreached += [
            {
                **name,
                "kind": "functional",
                "place": f"{_group(place, point)}: {label}",
                "text": "",
                "verdict": verdict,
                "reason": reason,
            }
            for (point, label), (verdict, reason) in zip(missing, asked, strict=True)
        ]
        counted |= {_group(place, point): counts for point, counts in own.items()}
    for place in monitored(design):
        counted[_group(place, PROTOCOL)] = {p.what: p.hits for p in points if p.kind == "user" and p.scope == place}
    functional = []
    for point, counts in counted.items():
        absent = [label for label, hits in counts.items() if not hits]
        proven = sum(u["verdict"] == PROVEN and u["place"] in (f"{point}: {label}", label) for label in absent for u in unreached)
        functional.append(
            {
                **name,
                "name": point,
                "total": len(counts),
                "hit": len(counts) - len(absent),
                "unreachable": proven,
                "missing": absent,
            }
        )
    return {"cores": [name], "totals": rows, "functional": functional, "unreached": unreached}


def _cores(core: Core) -> list[tuple[str, CoreDesign]]:
    """Return the cores inside by place, or the only one."""
    return [(part.folder.name, part.design) for part in core.parts] or [("", core.design)]


def _condition(point: Point) -> str:
    """Return where a monitor's condition is listed."""
    return f"{_group(point.scope, PROTOCOL)}: {point.what}" if point.scope else point.what


def merge(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one record of several cores or runs; its verdict is ``fail`` with anything unexplained or nothing reached."""
    keys = ("cores", "totals", "functional", "unreached")
    joined: dict[str, Any] = {key: [entry for record in records for entry in record[key]] for key in keys}
    gaps = sum(entry["verdict"] != PROVEN for entry in joined["unreached"])
    counted = sum(row["hit"] for key in ("totals", "functional") for row in joined[key])
    return {"verb": "coverage", "verdict": "pass" if counted and not gaps else "fail", "gaps": gaps, **joined}


def coverage_table(record: dict[str, Any]) -> Table:
    """Return the totals of all cores, by generator, module and kind; functional coverage by group of cover points."""
    sums: dict[tuple[str, str, str], Counter[str]] = {}
    for row in record["totals"]:
        _add(sums, (row["generator"], row["module"], row["kind"]), row)
    for row in record["functional"]:
        _add(sums, (row["generator"], "functional", row["name"].partition("_")[0]), row)
    table = Table(
        "generator",
        "module",
        "kind",
        "points",
        "reached",
        "unreachable (proven)",
        "not reached",
        title=f"coverage of {len(record['cores'])} cores",
    )
    for key, count in sums.items():
        gap = count["total"] - count["hit"] - count["unreachable"]
        table.add_row(*key, *(f"{n:,}" for n in (count["total"], count["hit"], count["unreachable"], gap)))
    return table


def _add(sums: dict[tuple[str, str, str], Counter[str]], key: tuple[str, str, str], row: dict[str, Any]) -> None:
    sums.setdefault(key, Counter()).update({part: row[part] for part in _PARTS})


def _module(core: str, file: str) -> str:
    """Return a module's role from its file: lane, datapath, memory, ..., or core."""
    return Path(file).stem.removeprefix(core).removeprefix("_") or "core"


def _text(core: Core, point: Point) -> str:
    """Return the line of Verilog a point stands in."""
    return core.verilog_text[point.file].splitlines()[point.line - 1].strip()

"""The sweep: what is varied, given as options or as a TOML file, becomes a list of points, all checked before anything runs."""

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from sc_hw_models.defaults import DEFAULT_RULE
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError, Rule, check_integer

from ..config import build_config, parse_value
from ..datapath import DATAPATHS, with_datapath
from ..errors import UserError
from ..pnr.place import load_placeable
from ..rtl.design import MAX_SYNAPSES, RESULTS, CoreDesign
from ..rtl.generators import DEFAULT_GENERATOR, GENERATORS
from ..targets import load_target
from ..topologies import Request, design_from

__all__ = ["AXES", "TOPOLOGY", "Point", "Sweep", "design_of", "read_sweep"]

MAX_POINTS = 100_000
TOPOLOGY = {"synapses": 1024, "lanes": 1, "pre": 0, "post": 0}  # pre and post make a crossbar, whatever synapses says
AXES = {
    "preset": "default",
    "generator": DEFAULT_GENERATOR,
    **TOPOLOGY,
    "results": "stall",
    "datapath": "",  # as emit chooses: by hand where there is one
}  # what can be varied beside the settings of the rule
_KEYS: dict[str, Any] = {"rule": DEFAULT_RULE, "target": ["ice40-hx8k"], "pnr": False, "seeds": 5, "stimuli": 3, "grid": [{}]}


@dataclass(frozen=True, kw_only=True)
class Point:
    """A core on a device. ``core`` is plain data: its rule, generator, numbers of ``TOPOLOGY`` and whole configuration."""

    preset: str
    target: str
    core: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What to measure of every point: its learning error over ``stimuli`` seeds, its cost, with ``pnr`` its clock over ``seeds``.

    ``varied`` names what has more than one value.
    """

    rule: Rule
    points: tuple[Point, ...]
    varied: tuple[str, ...]
    pnr: bool
    seeds: int
    stimuli: int


def design_of(core: Mapping[str, Any]) -> CoreDesign:
    """Return the design that a point's plain data describe."""
    rule = with_datapath(get_rule(core["rule"]), datapath=core["datapath"] or None)
    config, options = rule.config_type(**core["config"]), {key: core[key] or None for key in ("pre", "post", "results")}
    synapses = core["synapses"]
    return design_from(Request(name="core", rule=rule, config=config, lanes=core["lanes"], synapses=synapses, options=options))


def read_sweep(table: Mapping[str, Any], vary: Sequence[str] = ()) -> Sweep:
    """Return the sweep that a table (of a TOML file, changed by options) and ``vary``, ``key=value,value``, describe.

    The table's keys are rule, target, pnr, seeds, stimuli and grid: tables that give one value or a list of values for
    settings of the rule or for ``AXES``; every combination of a grid is a point on every target. ``vary`` is part of every grid.
    Errors: ``UserError`` for an unknown key, a value that is not allowed, and the first combination that is none.
    """
    unknown = sorted(table.keys() - _KEYS)
    if unknown:
        raise UserError(f"{unknown[0]!r}: unknown key of a sweep; allowed are {', '.join(_KEYS)}")
    given = {**_KEYS, **table}
    for key, kind in (("rule", str), ("pnr", bool), ("target", list), ("grid", list)):
        if not isinstance(given[key], kind) or given[key] == []:
            raise UserError(f"{key} = {given[key]!r}: not a {kind.__name__}, or an empty one")
    for key in ("seeds", "stimuli"):
        check_integer(key, given[key], 1, 1000)
    rule = get_rule(given["rule"])
    targets = list(dict.fromkeys(map(str, given["target"])))
    for name in targets:
        load_placeable(name) if given["pnr"] else load_target(name)
    extra = dict(_axis(rule, text) for text in vary)
    grids = [_grid(rule, grid) | extra for grid in given["grid"]]
    count = sum(math.prod(map(len, grid.values())) for grid in grids) * len(targets)
    if count > MAX_POINTS:
        raise UserError(f"the sweep has {count:,} points; allowed are {MAX_POINTS:,}; vary less")
    points: dict[str, Point] = {}
    for grid in grids:
        for values in itertools.product(*grid.values()):
            chosen = dict(zip(grid, values, strict=True))
            preset, core = _core(rule, chosen)
            points |= {f"{core} {preset} {name}": Point(preset=preset, target=name, core=core) for name in targets}
    return Sweep(
        rule=rule,
        points=tuple(points.values()),
        varied=_varied(list(points.values())),
        pnr=given["pnr"],
        seeds=given["seeds"],
        stimuli=given["stimuli"],
    )


def _allowed(rule: Rule) -> dict[str, Any]:
    """Return what can be varied and the type of each value."""
    hints = get_type_hints(rule.config_type)
    return {name: type(value) for name, value in AXES.items()} | {
        f.name: hints[f.name] for f in dataclasses.fields(rule.config_type)
    }


def _axis(rule: Rule, text: str) -> tuple[str, list[Any]]:
    """Read ``key=value,value``."""
    key, equals, values = text.partition("=")
    if not equals or not key:
        raise UserError(f"--vary {text!r}: not an axis; write key=value,value")
    allowed = _allowed(rule)
    _known(rule, key)
    return key, list(dict.fromkeys(parse_value(value.strip(), allowed[key]) for value in values.split(",")))


def _known(rule: Rule, key: str) -> None:
    if key not in _allowed(rule):
        raise UserError(f"{key!r}: unknown for a sweep of rule {rule.name}; allowed are {', '.join(_allowed(rule))}")


def _grid(rule: Rule, grid: Any) -> dict[str, list[Any]]:
    if not isinstance(grid, dict):
        raise UserError(f"grid = {grid!r}: not a table; write [[grid]] and below it lines of key = [value, value]")
    for key, values in grid.items():
        _known(rule, key)
        if values == [] or isinstance(values, dict):
            raise UserError(f"{key} = {values!r}: allowed are a value and a list of values")
    return {key: values if isinstance(values, list) else [values] for key, values in grid.items()}


def _core(rule: Rule, chosen: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the preset and the plain data of a combination of values."""
    axes = {name: chosen.get(name, value) for name, value in AXES.items()}
    try:
        for name in TOPOLOGY:
            check_integer(name, axes[name], 0 if name in ("pre", "post") else 1, MAX_SYNAPSES)
        if bool(axes["pre"]) != bool(axes["post"]):
            raise UserError("pre and post: are the two sides of a crossbar; give both, or 0 for neither")
        if axes["pre"]:
            if "synapses" in chosen and chosen["synapses"] != axes["pre"] * axes["post"]:
                raise UserError(f"synapses={chosen['synapses']}: a crossbar has pre x post; leave one of the two out")
            axes["synapses"] = axes["pre"] * axes["post"]
        if axes["generator"] not in GENERATORS:
            raise UserError(f"generator={axes['generator']!r}: unknown; allowed are {', '.join(GENERATORS)}")
        if axes["results"] not in RESULTS:
            raise UserError(f"results={axes['results']!r}: unknown; allowed are {', '.join(RESULTS)}")
        if axes["datapath"] not in ("", *DATAPATHS):
            raise UserError(f"datapath={axes['datapath']!r}: unknown; allowed are {', '.join(DATAPATHS)}")
        if axes["results"] == "queue" and axes["pre"]:
            raise UserError("results=queue: is of one core; leave it out with pre and post")
        config = build_config(rule, {k: v for k, v in chosen.items() if k not in AXES}, preset=axes["preset"])
        preset = axes.pop("preset")
        core = {"rule": rule.name, "config": dataclasses.asdict(config), **axes}
        design_of(core)
    except (UserError, ConfigError) as error:
        combination = " ".join(f"{key}={value}" for key, value in chosen.items())
        raise UserError(f"{error}; in the combination {combination or 'of defaults'}") from error
    return preset, core


def _varied(points: Sequence[Point]) -> tuple[str, ...]:
    """Return the names that take several values: of ``AXES`` first; a preset stands for the settings it makes."""
    flat = [{"preset": point.preset, **point.core, **point.core["config"]} for point in points]
    names = [*AXES, *points[0].core["config"]]
    several = [name for name in names if len({repr(values[name]) for values in flat}) > 1]
    by_preset: dict[str, dict[str, Any]] = {}
    for values in flat:
        by_preset.setdefault(values["preset"], values)
    return tuple(n for n in several if n in AXES or any(v[n] != by_preset[v["preset"]][n] for v in flat))

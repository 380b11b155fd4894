"""Points: designs as plain data, each with what it took when it was synthesised; the table that the fit rests on."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sc_hw_models.registry import get_rule

from ..config import build_config
from ..data import data_folder
from ..rtl.design import CoreDesign
from ..topologies import Request, design_from
from .quantities import Quantities

__all__ = ["Point", "points_file", "read_points"]


@dataclass(frozen=True, kw_only=True)
class Point:
    """A design that was synthesised: ``design`` is plain data, ``measured`` its resources by target, those that are not 0.

    Points of one ``group`` are much alike: the fit is judged on groups that it has not seen. ``digest`` is of the Verilog that
    was synthesised, ``holds`` what is counted in its RTL.
    """

    group: str
    design: dict[str, Any]
    module: str = "core"
    digest: str = ""
    measured: dict[str, dict[str, float]] = field(default_factory=dict)
    holds: Quantities | None = None

    def made(self) -> CoreDesign:
        """Return the design. Errors: ``UserError`` for one that is not allowed."""
        plain = dict(self.design)
        rule = get_rule(plain["rule"])
        config = build_config(rule, plain.get("set", {}), preset=plain.get("preset", "default"))
        synapses = plain.get("synapses", 0)
        return design_from(
            Request(name="core", rule=rule, config=config, lanes=plain.get("lanes", 1), synapses=synapses, options=plain)
        )

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return json.dumps([self.module, self.design], sort_keys=True)


def points_file(yosys: str) -> Path:
    """Return the table measured with a version of Yosys."""
    return data_folder("synth") / "estimate" / f"yosys-{'.'.join(yosys.split('.')[:3])}" / "points.jsonl"


def read_points(path: Path) -> list[Point]:
    """Return the points of a table, none where there is no table."""
    if not path.is_file():
        return []
    return [msgspec.json.decode(line, type=Point) for line in path.read_bytes().splitlines()]

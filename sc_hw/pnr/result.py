"""Results of place and route, ready for JSON; post-route figures, never to be mixed with counts after synthesis."""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..targets import PlaceAndRoute, Target
from .path import TimingPath

__all__ = ["STAGE", "PnrResult", "SeedResult", "all_routed", "spread"]

STAGE = "post-route"


@dataclass(frozen=True, kw_only=True)
class SeedResult:
    """One seed: the core's clock in MHz, cells by nextpnr's names as (used, there are), the critical path; or the ``error``."""

    seed: int
    command: tuple[str, ...]
    mhz: float
    cells: Mapping[str, tuple[int, int]]
    path: TimingPath | None
    error: str
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        cells = {name: {"used": used, "available": available} for name, (used, available) in self.cells.items()}
        path = dataclasses.asdict(self.path) | {"text": self.path.text} if self.path else None
        return dataclasses.asdict(self) | {"cells": cells, "path": path}


def all_routed(errors: Sequence[str]) -> bool:
    """Return whether there are seeds and none has an error."""
    return bool(errors) and not any(errors)


def spread(clocks: Sequence[float]) -> dict[str, float]:
    """Return minimum, median (the lower one of two) and maximum; empty of nothing."""
    return {"minimum": min(clocks), "median": statistics.median_low(clocks), "maximum": max(clocks)} if clocks else {}


@dataclass(frozen=True, kw_only=True)
class PnrResult:
    """One module on one target over all seeds; ``wrapper`` is the Verilog around it, ``wrapper_registers`` its flip-flops.

    ``absorbed_registers`` of the module became the output registers of block RAM and multipliers. ``bitstream`` is the name
    of the file in the results, empty for none.
    """

    top: str
    target: Target
    device: PlaceAndRoute
    tool_version: str
    yosys_version: str
    script: str
    wrapper: str
    wrapper_registers: int
    absorbed_registers: int
    runs: tuple[SeedResult, ...]
    bitstream: str

    @property
    def passed(self) -> bool:
        """Whether every seed was placed and routed."""
        return all_routed([run.error for run in self.runs])

    @property
    def routed(self) -> list[SeedResult]:
        """The runs that ended well, the slowest first."""
        return sorted((run for run in self.runs if not run.error), key=lambda run: run.mhz)

    @property
    def median(self) -> SeedResult | None:
        """The run with the median clock, the lower one of two."""
        return self.routed[(len(self.routed) - 1) // 2] if self.routed else None

    @property
    def mhz(self) -> dict[str, float]:
        """Minimum, median and maximum of the clock; empty when nothing was routed."""
        return spread([run.mhz for run in self.routed])

    @property
    def used(self) -> dict[str, tuple[int, int]]:
        """Cells of the median run by resource, as (used, there are), those of the wrapper included."""
        return {name: self.median.cells[cell] for name, cell in self.device.cells.items()} if self.median else {}

    @property
    def failures(self) -> list[str]:
        """One sentence for each seed that was not routed."""
        return [f"seed {run.seed}: {run.error}" for run in self.runs if run.error]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values; ``script`` with ``wrapper`` makes the netlist, the ``command`` of a run places it."""
        return {
            "stage": STAGE,
            "top": self.top,
            "target": self.target.name,
            "part": self.target.part,
            "tool": {"name": self.device.tool, "version": self.tool_version},
            "script": self.script,
            "wrapper": self.wrapper,
            "frequency_mhz": self.device.frequency_mhz,
            "untimed": self.device.untimed,
            "wrapper_registers": self.wrapper_registers,
            "absorbed_registers": self.absorbed_registers,
            "passed": self.passed,
            "mhz": self.mhz,
            "used": {
                name: {"cell": self.device.cells[name], "used": used, "available": available}
                for name, (used, available) in self.used.items()
            },
            "path": self.median.to_dict()["path"] | {"seed": self.median.seed} if self.median else None,
            "bitstream": self.bitstream,
            "runs": [run.to_dict() for run in self.runs],
        }

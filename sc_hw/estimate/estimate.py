"""The estimate of a design on a device, from the quantities of its RTL: no tool runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UserError
from ..rtl.design import CoreDesign
from ..targets import Target
from .fabric import fabric_of
from .features import FEATURES, exact_blocks
from .fit import COVERAGE, Fits, newest_fits
from .quantities import Quantities, quantities_of

__all__ = ["Estimate", "Range", "estimate", "estimates"]


@dataclass(frozen=True, kw_only=True)
class Range:
    """An estimate in cells, and the least and the most of its interval."""

    estimate: int
    least: int
    most: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a design will take of a device after synthesis; ``block_ram`` and ``dsp`` are exact, by rule.

    ``outside`` names what of the design lies outside of what was measured, each with its figures: then the estimate is
    extrapolated, and its interval promises nothing.
    """

    target: Target
    yosys: str
    lut: Range
    ff: Range
    block_ram: float
    dsp: float
    outside: tuple[str, ...]

    @property
    def fits(self) -> str:
        """Whether the device has enough: ``yes``, ``no``, or ``perhaps`` where the interval holds the limit."""
        capacity = self.target.capacity
        if any(
            used > capacity[name]
            for name, used in (("block_ram", self.block_ram), ("dsp", self.dsp), ("lut", self.lut.least), ("ff", self.ff.least))
        ):
            return "no"
        return "yes" if self.lut.most <= capacity["lut"] and self.ff.most <= capacity["ff"] else "perhaps"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""

        def span(found: Range) -> dict[str, int]:
            return {"estimate": found.estimate, "least": found.least, "most": found.most}

        return {
            "target": self.target.name,
            "part": self.target.part,
            "yosys": self.yosys,
            "coverage": COVERAGE,
            "lut": span(self.lut),
            "ff": span(self.ff),
            "block_ram": self.block_ram,
            "dsp": self.dsp,
            "capacity": dict(self.target.capacity),
            "fits": self.fits,
            "extrapolated": list(self.outside),
        }


def estimate(quantities: Quantities, target: Target, fits: Fits) -> Estimate:
    """Return the estimate of a design, given by its quantities, on a device.

    Errors: ``UserError`` for a device that was not measured.
    """
    own = fits.targets.get(target.name) or fits.targets.get(target.like)
    if own is None:
        raise UserError(f"--target {target.name}: no fit; allowed are {', '.join(fits.targets)} and other sizes of them")
    fabric = fabric_of(target)
    found = {resource: features(quantities, fabric) for resource, features in FEATURES.items()}
    ranges, outside = {}, []
    for name, features in found.items():
        value = own[name](features)
        ranges[name] = Range(estimate=round(value), least=int(value * own[name].low), most=-int(-value * own[name].high // 1))
        outside += own[name].outside(features)
    block_ram, dsp = exact_blocks(quantities, fabric)
    return Estimate(
        target=target,
        yosys=fits.yosys,
        lut=ranges["lut"],
        ff=ranges["ff"],
        block_ram=_plain(block_ram),
        dsp=_plain(dsp),
        outside=tuple(dict.fromkeys(outside)),
    )


def estimates(design: CoreDesign, targets: Sequence[Target], *, module: str = "core") -> list[Estimate]:
    """Return the estimate of a design, or of one lane of it, on each device, in the order given.

    Errors: ``UserError`` for a device that was not measured.
    """
    fits, quantities = newest_fits(), quantities_of(design, module=module)
    return [estimate(quantities, target, fits) for target in targets]


def _plain(value: float) -> float:
    return int(value) if value == int(value) else value

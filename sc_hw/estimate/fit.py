"""The fit: what each feature is worth on a device, and how far off the estimates of designs are that it has not seen."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ..data import data_folder
from ..errors import UserError
from ..targets import Target
from .fabric import fabric_of
from .features import FEATURES, FREE
from .points import Point

__all__ = [
    "COVERAGE",
    "Fit",
    "Fits",
    "cross_validated",
    "fit_of",
    "fits_of",
    "interval",
    "newest_fits",
    "read_fits",
    "table_of",
    "write_fits",
]

COVERAGE = 0.9  # how many of the designs that a fit has not seen lie within its interval
_TOLERANCE = 1e-9
_RIDGE = 1e-4  # pulls what the points do not tell apart to the same figure; relative to one, the target of every row


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A resource on a device. ``worth`` is by feature; an estimate times ``low`` and ``high`` is its interval.

    ``least`` and ``most`` are the range of each feature among the points: beyond it an estimate is extrapolated. ``error`` is the
    mean of the relative errors of designs that were left out of the fit, ``worst`` the largest of them.
    """

    worth: dict[str, float]
    low: float
    high: float
    least: dict[str, float]
    most: dict[str, float]
    error: float
    worst: float

    def __call__(self, features: Mapping[str, float]) -> float:
        """Return the estimate."""
        return max(0.0, sum(self.worth[name] * value for name, value in features.items()))

    def outside(self, features: Mapping[str, float]) -> list[str]:
        """Return the features that no point came near, each with its figure and the range that was measured."""
        beyond = {name: value for name, value in features.items() if not self.least[name] <= value <= self.most[name]}
        return [
            f"{name} {value:,.0f}, measured {self.least[name]:,.0f}..{self.most[name]:,.0f}" for name, value in beyond.items()
        ]


@dataclass(frozen=True, kw_only=True)
class Fits:
    """The fits of a version of Yosys by device and resource, and how many points of how many groups they rest on."""

    yosys: str
    points: int
    groups: int
    targets: dict[str, dict[str, Fit]]


def _solve(features: np.ndarray, measured: np.ndarray, free: Sequence[int]) -> np.ndarray:
    """Return what each column is worth: least squares of relative errors, none below 0 but the ``free`` ones."""
    rows = features / measured[:, None]
    scale = np.maximum(np.sqrt((rows**2).mean(axis=0)), 1e-12)
    rows = rows / scale
    square = rows.T @ rows + _RIDGE * len(rows) * np.eye(rows.shape[1])
    worth: np.ndarray = _bounded(square, rows.sum(axis=0), free) / scale
    return worth


def _bounded(square: np.ndarray, wanted: np.ndarray, free: Sequence[int]) -> np.ndarray:
    """Return the x with the least x' S x / 2 - w' x, none below 0 but the ``free`` ones, for a positive definite S.

    The active set method of Lawson and Hanson, "Solving least squares problems", 1974, chapter 23, on the normal equations.
    """
    found, inside = np.zeros(len(wanted)), np.zeros(len(wanted), dtype=bool)
    bounded = np.ones(len(wanted), dtype=bool)
    bounded[list(free)] = False
    inside[list(free)] = True
    while True:
        trial = np.zeros(len(wanted))
        trial[inside] = np.linalg.solve(square[np.ix_(inside, inside)], wanted[inside])
        below = inside & bounded & (trial <= 0)
        if below.any():  # go as far as none turns negative, and leave out what has come to 0
            steps = found[below] / (found[below] - trial[below])
            found += steps.min() * (trial - found)
            inside &= ~(below & (found <= 1e-12))
            found[~inside] = 0
            continue
        found = trial
        gain = np.where(inside, -np.inf, wanted - square @ found)
        if gain.max() <= _TOLERANCE:
            return found
        inside[int(gain.argmax())] = True


def _table(features: Sequence[Mapping[str, float]]) -> tuple[list[str], np.ndarray, list[int]]:
    names = list(features[0])
    return names, np.array([[row[name] for name in names] for row in features]), [names.index(n) for n in names if n in FREE]


def cross_validated(features: Sequence[Mapping[str, float]], measured: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Return the estimate of each point by a fit to the points of all other groups."""
    _, table, free = _table(features)
    own, found = np.array(groups), np.zeros(len(measured))
    for group in dict.fromkeys(groups):
        left_out = own == group
        found[left_out] = table[left_out] @ _solve(table[~left_out], measured[~left_out], free)
    return np.maximum(found, 1.0)


def interval(ratios: np.ndarray) -> tuple[float, float]:
    """Return what an estimate is multiplied by for an interval that holds ``COVERAGE`` of measured over estimated.

    Order statistics of the points that were left out, as in split conformal prediction (Vovk et al. 2005; Lei et al. 2018).
    """
    ordered, number = np.sort(ratios), len(ratios)
    outside = max(0, math.floor((number + 1) * (1 - COVERAGE) / 2) - 1)
    return float(ordered[outside]), float(ordered[number - 1 - outside])


def fit_of(features: Sequence[Mapping[str, float]], measured: np.ndarray, groups: Sequence[str]) -> Fit:
    """Return the fit of a resource on a device to points."""
    names, table, free = _table(features)
    estimated = cross_validated(features, measured, groups)
    errors = np.abs(estimated / measured - 1)
    low, high = interval(measured / estimated)

    def by_name(values: np.ndarray) -> dict[str, float]:
        return {name: float(f"{value:.5g}") for name, value in zip(names, values.tolist(), strict=True)}

    return Fit(
        worth=by_name(_solve(table, measured, free)),
        low=round(low, 4),
        high=round(high, 4),
        least=by_name(table.min(axis=0)),
        most=by_name(table.max(axis=0)),
        error=round(float(errors.mean()), 4),
        worst=round(float(errors.max()), 4),
    )


def table_of(points: Sequence[Point], target: Target, resource: str) -> tuple[list[dict[str, float]], np.ndarray, list[str]]:
    """Return the features, the measured counts and the groups of points on a device. ``resource`` is lut or ff."""
    fabric, features = fabric_of(target), FEATURES[resource]
    rows = [features(point.holds, fabric) for point in points if point.holds]
    measured = np.array([point.measured[target.name][resource] for point in points if point.holds], dtype=float)
    return rows, measured, [point.group for point in points if point.holds]


def fits_of(points: Sequence[Point], targets: Sequence[Target], yosys: str) -> Fits:
    """Return the fits to points that a version of Yosys gave."""
    return Fits(
        yosys=yosys,
        points=len(points),
        groups=len({point.group for point in points}),
        targets={
            target.name: {resource: fit_of(*table_of(points, target, resource)) for resource in FEATURES} for target in targets
        },
    )


def _folder() -> Path:
    return data_folder("synth") / "estimate"


def read_fits(path: Path) -> Fits:
    """Return the fits in a file. Errors: ``UserError`` for a file that holds none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Fits)
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(f"{path}: holds no fit ({error}); make estimate writes one") from error


def newest_fits() -> Fits:
    """Return the fits of the newest version of Yosys that was measured."""

    def version(path: Path) -> list[int]:
        return [int(part) for part in path.parent.name.removeprefix("yosys-").split(".")]

    return read_fits(max(_folder().glob("yosys-*/fit.json"), key=version, default=_folder() / "fit.json"))


def write_fits(fits: Fits) -> str:
    """Return the text of the file of fits."""
    document: dict[str, Any] = asdict(fits)
    return json.dumps(document, indent=1, sort_keys=True) + "\n"

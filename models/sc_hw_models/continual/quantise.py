"""Weights of a trained network as the integers a core keeps, and what was lost on the way."""

import math
from dataclasses import dataclass

import numpy as np

from ..checks import as_array, check_instance, check_number
from ..rule import ConfigError, Field

__all__ = ["ROUNDING", "Quantised", "quantised"]

ROUNDING = "nearest, ties to even"


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """Integers ``values`` that stand for ``values * scale + offset``; the errors are in units of the weights.

    ``clipped`` counts the weights beyond the field's range, ``error_max`` and ``error_rms`` compare with the weights given.
    """

    values: np.ndarray
    scale: float
    offset: float
    clipped: int
    error_max: float
    error_rms: float


def quantised(weights: np.ndarray, field: Field, scale: float | None = None) -> Quantised:
    """Return finite weights of any shape as integers of ``field``, rounded to nearest.

    ``scale`` is the value of the last bit; by default the smallest power of two that clips nothing. A signed field has
    offset 0; an unsigned one the smallest weight, where that is negative. Errors: ``ConfigError`` for a scale not above 0, and
    for weights that are none.
    """
    field = check_instance("field", field, Field)
    weights = as_array("weights", weights)
    if weights.dtype.kind not in "biuf" or not weights.size or not np.isfinite(weights).all():
        raise ConfigError(f"weights: {weights.dtype} of shape {weights.shape} given; allowed are finite numbers, at least one")
    weights = weights.astype(np.float64, copy=False)
    offset = 0.0 if field.signed else min(0.0, float(weights.min()))
    with np.errstate(over="ignore"):
        exact = weights - offset
    if not np.isfinite(exact).all():
        raise ConfigError(f"weights from {weights.min():g} to {weights.max():g}: allowed are those whose difference is a number")
    if scale is None:
        largest = float(np.abs(exact).max()) / field.maximum
        exponent = math.ceil(math.log2(largest)) if largest > 0 else 0
        scale = 2.0**exponent if exponent < 1024 else math.inf  # which is refused
    scale = check_number("scale", scale, above=0)
    with np.errstate(over="ignore"):  # what is far out of range is clipped
        rounded = np.rint(exact / scale)
    values = np.clip(rounded, field.minimum, field.maximum).astype(np.int64)
    error = values * scale - exact
    largest = float(np.abs(error).max())
    unit = 2.0 ** (math.frexp(largest)[1] - 1)  # squares of large errors overflow, those of multiples of it do not
    rms = unit * float(np.sqrt(np.mean(np.square(error / unit))))
    return Quantised(
        values=values, scale=scale, offset=offset, clipped=int((rounded != values).sum()), error_max=largest, error_rms=rms
    )

"""Surrogates for the derivative of a spike, which is 0 or infinite: dz/dv as a function of the distance from the threshold."""

from functools import partial

import numpy as np

from ..checks import check_number
from ..neurons import Surrogate

__all__ = ["fast_sigmoid", "triangular"]


def fast_sigmoid(slope: float = 10.0) -> Surrogate:
    """Return 1 / (1 + slope |v - threshold| / threshold)^2, the derivative of a fast sigmoid; ``slope`` above 0.

    Source: Zenke and Ganguli, Neural Computation 30 (2018), eq. 5; Neftci, Mostafa and Zenke, IEEE Signal Processing Magazine
    36 (2019). The distance is taken in thresholds, so that the slope means the same for neurons of any voltage scale.
    """
    return partial(_fast_sigmoid, check_number("slope", slope, above=0))


def triangular(gamma: float = 0.3) -> Surrogate:
    """Return gamma / threshold max(0, 1 - |v - threshold| / threshold), e-prop's pseudo-derivative; ``gamma`` above 0.

    Source: Bellec et al., Nature Communications 11 (2020), Methods.
    """
    return partial(_triangular, check_number("gamma", gamma, above=0))


def _fast_sigmoid(slope: float, distance: np.ndarray, threshold: float) -> np.ndarray:
    return np.asarray(1.0 / np.square(1.0 + slope / threshold * np.abs(distance)))


def _triangular(gamma: float, distance: np.ndarray, threshold: float) -> np.ndarray:
    return np.asarray(gamma / threshold * np.maximum(0.0, 1.0 - np.abs(distance) / threshold))

"""Codes: the few bits a synapse of a core keeps of its importance, on a logarithmic scale.

Importances span many octaves (the Fisher information of a trained layer: often more than ten), so a code counts octaves
below the largest.
"""

import numpy as np

from ..checks import as_array
from ..errors import shown
from ..kinds import coded_kinds, get_kind
from ..rule import ConfigError, check_integer

__all__ = ["importance_codes", "octaves"]


def octaves(importance: np.ndarray) -> np.ndarray:
    """Return floor(log2) of each importance, exact, as integers; zero is as far down as a float can be."""
    mantissa, exponent = np.frexp(np.asarray(importance, dtype=np.float64))
    return np.where(mantissa > 0, exponent.astype(np.int64) - 1, -1100)


def importance_codes(importance: np.ndarray, consolidation: str, bits: int = 3) -> np.ndarray:
    """Return codes of ``bits`` bits (1..4) for importances >= 0, in their shape.

    ``consolidation`` says what protects: where a large code does, the largest importance gets the largest code and each octave
    below one less, down to 0, unprotected; where a small code does, it gets 0 and each octave below one more; a lock of one bit
    is for what is above the median (``codes`` of each kind). Where nothing matters, nothing is protected.
    Errors: ``ConfigError`` for another kind, an importance that is negative or not finite, or none at all.
    """
    if not isinstance(consolidation, str) or consolidation not in coded_kinds():
        raise ConfigError(f"consolidation={shown(consolidation)}: keeps no code; allowed are {', '.join(coded_kinds())}")
    bits = check_integer("bits", bits, 1, 4)
    importance = as_array("importance", importance)
    if importance.dtype.kind not in "biuf":
        raise ConfigError(f"importance: dtype {importance.dtype} given; allowed are real numbers")
    importance = importance.astype(np.float64)
    if not importance.size or not np.isfinite(importance).all() or importance.min() < 0:
        raise ConfigError("importance: empty, negative or not finite; allowed are finite values of at least 0")
    top = (1 << bits) - 1
    below = octaves(importance).max() - octaves(importance) if importance.any() else np.full(importance.shape, top)
    return np.asarray(get_kind(consolidation).codes(importance, np.minimum(below, top), top), dtype=np.int64)

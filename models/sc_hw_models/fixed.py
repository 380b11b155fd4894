"""The integer algebra that every rule's ``step`` is written in.

A step is pure text over mathematical integers: ``+ - *``, comparisons, and the functions of this
module instead of Python ``if``. The same text therefore runs on three kinds of value:

* Python ``int``: exact, unbounded;
* ``numpy.ndarray`` of ``int64``: N synapses at once, exact while every intermediate fits 63 bits
  (each rule's configuration guarantees that);
* any object that has a ``__select__`` method and the arithmetic operators: the symbolic terms of
  ``term``, from which the same text becomes a theorem or C.

Nothing here wraps, saturates silently or rounds except where its name says so.
"""

from typing import Any

import numpy as np

__all__ = [
    "ROUNDINGS",
    "absolute",
    "asr",
    "bit",
    "chance",
    "clip",
    "decay_magnitude",
    "floor_log2",
    "maximum",
    "minimum",
    "rounded",
    "rounded_asr",
    "rounding_noise",
    "select",
    "truncate",
]

Value = Any
"""An ``int``, an ``int64`` array or a symbolic term. Conditions are 0/1 values of the same kinds."""

_PLAIN = (bool, int)
ROUNDINGS = ("floor", "nearest", "stochastic")


def select(condition: Value, when_true: Value, when_false: Value) -> Value:
    """Return ``when_true`` where ``condition`` holds (is not zero), else ``when_false``."""
    if type(when_true) is int and type(when_false) is int and type(condition) in _PLAIN:  # most calls, and the shortest way
        return when_true if condition else when_false
    for operand in (condition, when_true, when_false):
        symbolic = getattr(operand, "__select__", None)
        if symbolic is not None:
            return symbolic(condition, when_true, when_false)
    if isinstance(condition, np.ndarray) or isinstance(when_true, np.ndarray) or isinstance(when_false, np.ndarray):
        return np.where(condition, when_true, when_false)
    return when_true if condition else when_false


def minimum(a: Value, b: Value) -> Value:
    """Return the smaller of two values."""
    return select(a <= b, a, b)


def maximum(a: Value, b: Value) -> Value:
    """Return the larger of two values."""
    return select(a >= b, a, b)


def clip(value: Value, low: int, high: int) -> Value:
    """Saturate ``value`` into ``low..high`` (both included)."""
    return minimum(maximum(value, low), high)


def asr(value: Value, shift: Value) -> Value:
    """Arithmetic shift right: ``floor(value / 2**shift)`` for a ``shift >= 0``."""
    return value >> shift


def rounded_asr(value: Value, shift: Value, noise: Value) -> Value:
    """Return ``floor((value + noise) / 2**shift)``.

    ``noise`` chooses the rounding: 0 floors, ``2**(shift-1)`` rounds to the nearest (ties up), and a
    number drawn uniformly from ``0..2**shift-1`` rounds stochastically, which is exact on average.
    """
    return asr(value + noise, shift)


def rounding_noise(rounding: str, shift: Value, noise: Value) -> Value:
    """Return what ``rounded_asr`` adds for one of ``ROUNDINGS``; ``noise`` is used by ``stochastic`` only."""
    if rounding == "floor" or (_built_in(shift) and shift == 0):
        return 0
    return asr(1 << shift, 1) if rounding == "nearest" else noise


def rounded(value: Value, shift: Value, rounding: str, noise: Value) -> Value:
    """Return ``value / 2**shift`` by one of ``ROUNDINGS``; ``noise`` is used by ``stochastic`` only.

    A shift that only the timestep knows rounds to the nearest by a bit more of the result, which costs less than its half unit.
    """
    if rounding == "nearest" and not _built_in(shift):
        return asr(asr(2 * value, shift) + 1, 1)
    return rounded_asr(value, shift, rounding_noise(rounding, shift, noise))


def _built_in(value: Value) -> bool:
    """Return whether a setting is a constant of the hardware, not one of the timestep."""
    return isinstance(value, int | np.integer)


def absolute(value: Value) -> Value:
    """Return the magnitude of ``value``."""
    return select(value < 0, -value, value)


def bit(value: Value, position: int) -> Value:
    """Return bit ``position`` of ``value >= 0``."""
    return asr(value, position) - 2 * asr(value, position + 1)


def floor_log2(value: Value, bits: int) -> Value:
    """Return ``floor(log2(value))`` for ``0 <= value < 2**bits``, and 0 for 0: the position of the leading one."""
    result: Value = 0
    for position in range(1, bits):
        result = select(value >= 1 << position, position, result)
    return result


def chance(noise: Value, exponent: Value, bits: int) -> Value:
    """Return 1 with probability ``2**-min(max(exponent, 0), bits)``, else 0, from ``bits`` random bits.

    It is 1 when the lowest ``exponent`` bits of ``noise`` are all 0.
    """
    result: Value = 1
    for position in range(bits):
        result = select(exponent > position, select(bit(noise, position), 0, result), result)
    return result


def truncate(value: Value, shift: Value) -> Value:
    """Return ``value / 2**shift`` rounded toward zero."""
    return select(value >= 0, asr(value, shift), -asr(-value, shift))


def decay_magnitude(value: Value, shift: Value, noise: Value) -> Value:
    """Shrink ``|value|`` by its ``2**-shift`` part and keep the sign; ``shift == 0`` means no decay.

    With ``noise == 0`` the part removed is floored, so a magnitude below ``2**shift`` never decays.
    """
    if _built_in(shift) and shift == 0:
        return value
    decayed = select(
        value >= 0,
        value - rounded_asr(value, shift, noise),
        -(-value - rounded_asr(-value, shift, noise)),
    )
    return decayed if _built_in(shift) else select(shift == 0, value, decayed)

"""The error of a readout: what each output neuron is told at the end of a sample, pure text over integers.

An error stands for a part of 256 and has ``ERROR_BITS``: at most 256 outputs, and what rounding adds. Nothing divides: the
softmax takes an exponential from a table of 16 and a reciprocal from another.
"""

from collections.abc import Callable, Sequence

from ..fixed import Value, asr, clip, minimum

__all__ = [
    "ERRORS",
    "ERROR_BITS",
    "EXPONENTIALS",
    "MAX_OUTPUTS",
    "ONE",
    "distance",
    "exponential",
    "hard_error",
    "hard_output",
    "reciprocal",
    "reciprocals",
    "share",
    "signal",
    "softmax_error",
]

ONE, MAX_OUTPUTS = 256, 256
ERROR_BITS = 10  # signed: the others' shares can add up to 341, where the reciprocal of many outputs is a small number
EXPONENTIALS = tuple(round(ONE * 2 ** (-k / 16)) for k in range(16))
_NONE = 9 << 4  # from here on an exponential is 0


def reciprocals(size: int) -> tuple[int, ...]:
    """Return the table of the reciprocals of a sum of exponentials of ``size`` outputs, by its sixteenth.

    The largest exponential is always in the sum, so entries below 16 are never read; they are as entry 16.
    """
    return tuple(reciprocal(k) for k in range(16 * size + 1))


def reciprocal(total: int) -> int:
    """Return what stands for the division by a sixteenth of a sum of exponentials."""
    return min(ONE, round(16 * ONE / max(total, 16)))


def distance(top: Value, output: Value, shift: int) -> Value:
    """Return how far an output is below the largest, in sixteenths of an octave, at most what leaves nothing."""
    return minimum(asr(top - output, shift), _NONE)


def exponential(far: int) -> int:
    """Return 256 * 2^(-far / 16) of a ``distance``."""
    return EXPONENTIALS[far & 15] >> (far >> 4)


def share(part: Value, divided: Value) -> Value:
    """Return an exponential's share of the sum whose reciprocal is given."""
    return asr(part * divided, 8)


def hard_output(output: Value, shift: int) -> Value:
    """Return an output as part of 256."""
    return clip(asr(output, shift), 0, ONE)


def softmax_error(outputs: Sequence[int], label: int, shift: int) -> list[int]:
    """Return target minus softmax; the errors of a sample add up to 0 exactly, which learning needs.

    z_k = (max y - y_k) >> ``shift``; E_k = 256 2^(-z_k / 16); p_k = E_k rec[sum E >> 4] >> 8; e_k = -p_k, and the label's is
    the sum of the other p_k.
    """
    top = max(outputs)
    exponentials = [exponential(distance(top, y, shift)) for y in outputs]
    divided = reciprocal(asr(sum(exponentials), 4))
    shares = [share(e, divided) for e in exponentials]
    rest = sum(shares) - shares[label]
    return [rest if k == label else -p for k, p in enumerate(shares)]


def hard_error(outputs: Sequence[int], label: int, shift: int) -> list[int]:
    """Return 256 at the label and 0 elsewhere, less the output, ``y >> shift`` clipped to 0..256."""
    return [ONE * (k == label) - int(hard_output(y, shift)) for k, y in enumerate(outputs)]


def signal(brought: Value, slope: Value, *, gain: int, shift: int, bits: int) -> Value:
    """Return the learning signal of a hidden neuron: the errors brought back, times 2^``gain`` and its slope, saturated."""
    scaled = brought << gain if gain >= 0 else asr(brought, -gain)
    top = (1 << (bits - 1)) - 1
    return clip(asr(scaled * slope, shift), -top - 1, top)


ERRORS: dict[str, Callable[[Sequence[int], int, int], list[int]]] = {"softmax": softmax_error, "hard": hard_error}

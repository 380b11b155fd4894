"""Losses of a sequence: a sum over timesteps, so that windows of a sequence add up to the whole.

A loss takes outputs ``(timesteps, n)`` or ``(timesteps, samples, n)`` and targets, and returns its value and its gradient with
respect to the outputs, or its value only: then the gradient is taken by central differences, two calls for each output. The
losses here average over samples.
"""

from collections.abc import Callable

import numpy as np

from ..checks import as_array, check_array
from ..errors import shown
from ..rule import ConfigError

__all__ = ["Loss", "cross_entropy", "evaluated", "squared_error"]

Loss = Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray] | float]
_STEP = float(np.cbrt(np.finfo(np.float64).eps))  # balances truncation against rounding


def squared_error(outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Return 1/2 sum (y - y*)^2; ``targets`` in the shape of the outputs."""
    outputs, samples = _outputs(outputs)
    error = outputs - check_array("targets", targets, outputs.shape)
    return float(np.square(error).sum()) / (2 * samples), error / samples


def cross_entropy(outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Return -sum log softmax(y)[target]; ``targets`` are the classes of each timestep and sample, -1 where there is none."""
    outputs, samples = _outputs(outputs)
    targets = as_array("targets", targets)
    if targets.shape != outputs.shape[:-1] or targets.dtype.kind not in "iu":
        raise ConfigError(f"targets: {targets.dtype} of shape {targets.shape} given; allowed are integers {outputs.shape[:-1]}")
    if targets.min() < -1 or targets.max() >= outputs.shape[-1]:
        raise ConfigError(
            f"targets: {targets.min()}..{targets.max()} given; allowed are classes 0..{outputs.shape[-1] - 1} and -1"
        )
    shifted = outputs - outputs.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    counts = (targets >= 0)[..., None]
    truth = np.arange(outputs.shape[-1]) == targets[..., None]
    return -float(log_p[truth].sum()) / samples, np.where(counts, np.exp(log_p) - truth, 0.0) / samples


def evaluated(loss_fn: Loss, outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Return a loss and its gradient for the outputs, however ``loss_fn`` gives them.

    Errors: ``ConfigError`` for outputs or a loss that are not finite, and for what is neither a number nor a number and an array.
    """
    check_array("outputs", outputs, outputs.shape)
    result = loss_fn(outputs, targets)
    if isinstance(result, tuple):
        if len(result) != 2:
            raise ConfigError(f"loss_fn: {len(result)} values returned; allowed are the loss, or loss and gradient")
        return _value(result[0]), check_array("loss_fn's gradient", result[1], outputs.shape)
    gradient = np.zeros(outputs.shape)
    for place in np.ndindex(outputs.shape):
        step = _STEP * max(1.0, abs(float(outputs[place])))
        moved = []
        for sign in (1, -1):
            nearby = outputs.copy()
            nearby[place] += sign * step
            again = loss_fn(nearby, targets)
            moved.append((_value(again), float(nearby[place])))
        (above, high), (below, low) = moved
        gradient[place] = (above - below) / (high - low)
    return _value(result), gradient


def _value(value: object) -> float:
    number = np.asarray(value) if isinstance(value, int | float | np.number | np.ndarray) else np.zeros((0,))
    if isinstance(value, bool) or number.shape or number.dtype.kind not in "fiu" or not np.isfinite(number):
        raise ConfigError(f"loss_fn: {shown(value)} returned; allowed are finite numbers (weights too large? give a smaller lr)")
    return float(number)


def _outputs(value: np.ndarray) -> tuple[np.ndarray, int]:
    """Return outputs and their number of samples."""
    outputs = as_array("outputs", value)
    if outputs.ndim not in (2, 3) or not outputs.size or outputs.dtype.kind not in "bfiu":
        raise ConfigError(f"outputs: shape {outputs.shape} given; allowed are (timesteps, n) and (timesteps, samples, n)")
    return outputs.astype(np.float64, copy=False), 1 if outputs.ndim == 2 else outputs.shape[1]

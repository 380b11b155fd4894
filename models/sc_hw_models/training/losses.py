"""Losses of a sequence: a sum over timesteps, so that windows of a sequence add up to the whole.

A loss takes outputs ``(timesteps, n)`` or ``(timesteps, samples, n)`` and targets, and returns its value and its gradient with
respect to the outputs. Samples are averaged.
"""

from collections.abc import Callable

import numpy as np

from ..checks import check_array
from ..rule import ConfigError

__all__ = ["Loss", "cross_entropy", "squared_error"]

Loss = Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]


def squared_error(outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Return 1/2 sum (y - y*)^2; ``targets`` in the shape of the outputs."""
    samples = _samples(outputs)
    error = outputs - check_array("targets", targets, outputs.shape)
    return float(np.square(error).sum()) / (2 * samples), error / samples


def cross_entropy(outputs: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Return -sum log softmax(y)[target]; ``targets`` are the classes of each timestep and sample, -1 where there is none."""
    samples, targets = _samples(outputs), np.asarray(targets)
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


def _samples(outputs: np.ndarray) -> int:
    if np.ndim(outputs) not in (2, 3) or not np.size(outputs):
        raise ConfigError(f"outputs: shape {np.shape(outputs)} given; allowed are (timesteps, n) and (timesteps, samples, n)")
    return 1 if outputs.ndim == 2 else outputs.shape[1]

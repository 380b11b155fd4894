"""What a sequence of tasks did to what was known: figures of a matrix of accuracies.

Sources: Lopez-Paz and Ranzato, "Gradient episodic memory for continual learning", NeurIPS 2017, section 2: average accuracy,
backward and forward transfer; Chaudhry et al., "Riemannian walk for incremental learning", ECCV 2018, section 4: forgetting.
"""

from dataclasses import dataclass

import numpy as np

from ..checks import check_array
from ..rule import ConfigError

__all__ = ["TransferReport", "transfer"]


@dataclass(frozen=True, kw_only=True)
class TransferReport:
    """Figures over T tasks; those that compare tasks are 0 where there is only one.

    ``average_accuracy``: mean over tasks at the end. ``learned``: mean of each task right after its own training.
    ``backward_transfer``: mean over all tasks but the last of accuracy at the end minus that right after training; negative
    where something was forgotten. ``forward_transfer``: mean over all tasks but the first of accuracy right before training
    minus that of the untrained network. ``forgetting``: mean over all tasks but the last of the best accuracy before the last
    task minus that at the end.
    """

    average_accuracy: float
    learned: float
    backward_transfer: float
    forward_transfer: float
    forgetting: float


def transfer(matrix: np.ndarray, untrained: np.ndarray) -> TransferReport:
    """Return the figures of ``matrix[i, j]``, the accuracy (0..1) on task j after training on task i, ``(T, T)``.

    ``untrained`` ``(T,)`` has the accuracies of the network before any training. Errors: ``ConfigError`` for other shapes or
    values.
    """
    matrix = check_array("matrix", matrix, (None, None))
    tasks = len(matrix)
    matrix, untrained = check_array("matrix", matrix, (tasks, tasks)), check_array("untrained", untrained, (tasks,))
    for name, array in (("matrix", matrix), ("untrained", untrained)):
        if array.min() < 0 or array.max() > 1:
            raise ConfigError(f"{name}: {array.min():g}..{array.max():g} given; allowed are accuracies 0..1")
    end, own = matrix[-1], np.diag(matrix)
    if tasks == 1:
        return TransferReport(
            average_accuracy=float(end[0]), learned=float(end[0]), backward_transfer=0.0, forward_transfer=0.0, forgetting=0.0
        )
    return TransferReport(
        average_accuracy=float(end.mean()),
        learned=float(own.mean()),
        backward_transfer=float((end - own)[:-1].mean()),
        forward_transfer=float((np.diag(matrix, 1) - untrained[1:]).mean()),
        forgetting=float((matrix[:-1, :-1].max(axis=0) - end[:-1]).mean()),
    )

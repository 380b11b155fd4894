"""The scenes of a network's corners, and in which of their clocks a campaign resets the chip."""

from collections.abc import Sequence

import numpy as np

__all__ = ["SCENES", "TASK_SCENE", "chosen_clocks"]

SCENES = ("samples", "samples with gaps", "a dark sample", "accesses", "accesses with gaps")
TASK_SCENE = "the end of a task"
_MOST = 256  # clocks of a scene in which the chip is reset, and no more than samples are asked for


def chosen_clocks(length: int, samples: int) -> Sequence[int]:
    """Return the clocks of a scene in which the chip is reset: of a longer one half of them at its start, the others evenly."""
    most = min(samples, _MOST)
    if length <= most:
        return range(length)
    first = most // 2
    return [*range(first), *np.linspace(first, length - 1, most - first, dtype=np.int64).tolist()]

"""Archives of arrays in tests, read whole and closed: one left open warns in whatever test runs when it is collected."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_arrays"]


def read_arrays(path: str | Path) -> dict[str, NDArray[np.generic]]:
    """All arrays of the ``.npz`` file ``path`` by name."""
    with np.load(path) as archive:
        return dict(archive)

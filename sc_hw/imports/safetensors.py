"""Dense layers in a ``.safetensors`` file: a table of names, kinds and places, then the numbers; nothing of it is run.

The format is read here, in few lines, so that every size is compared with the file's before anything is made of it.
"""

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..reading import MOST_ARRAYS, limited, opened_regular, reading
from .arrays import dense_graph
from .graph import Graph, Options

__all__ = ["read"]

MOST_HEAD = 1 << 20
_KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


def read(path: Path, options: Options) -> Graph:
    """Return the graph of the dense layers in a file. Errors: ``UserError``."""
    what = "give a file that safetensors wrote, with tensors of F16, F32 or F64"
    with reading(path, what=what, fault="not a usable .safetensors"), opened_regular(path, MOST_ARRAYS) as file:
        size = int.from_bytes(file.read(8), "little")
        if not 2 <= size <= MOST_HEAD:
            raise ValueError(f"a table of {size} bytes; allowed are 2..{MOST_HEAD}")
        table: Any = json.loads(file.read(size))
        content = limited(file, MOST_ARRAYS)
        if not isinstance(table, dict):
            raise ValueError("its table is none")
        arrays = {name: _array(name, entry, content) for name, entry in table.items() if name != "__metadata__"}
    return dense_graph(path, arrays, options)


def _array(name: str, entry: Any, content: bytes) -> np.ndarray:
    table: dict[str, Any] = entry if isinstance(entry, dict) else {}
    kind: Any = table.get("dtype")
    shape: Any = table.get("shape")
    place: Any = table.get("data_offsets")
    integers = isinstance(shape, list) and isinstance(place, list) and all(type(n) is int and n >= 0 for n in [*shape, *place])
    if kind not in _KINDS or not integers or len(place) != 2 or len(shape) > 8:
        raise ValueError(f"tensor {name!r} of kind {kind!r} and shape {shape!r}")
    dtype = np.dtype(_KINDS[kind])
    if not place[0] <= place[1] <= len(content) or prod(shape) * dtype.itemsize != place[1] - place[0]:
        raise ValueError(f"tensor {name!r}: {shape} at {place[0]}..{place[1]} of {len(content)} bytes")
    # No copy: any number of tensors may name the same place.
    return np.frombuffer(content, dtype, prod(shape), place[0]).reshape(shape)

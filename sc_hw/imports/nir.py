"""NIR files, which are HDF5; what reads them is another process (``hdf5.py``)."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from sc_hw_models.scratch import TimeoutExpired, run_process, temporary_folder

from ..errors import UserError
from ..reading import opened_regular, read_npz, reading
from .graph import Graph, Node, Options
from .hdf5 import MOST_BYTES, MOST_SECONDS

__all__ = ["read"]

_WHAT = "give a file that nir.write wrote"


def read(path: Path, options: Options) -> Graph:
    """Return the graph of a NIR file. Errors: ``UserError``."""
    try:
        import h5py  # type: ignore[import-untyped,unused-ignore] # noqa: F401 - it is there, and its library can be loaded
    except ImportError as error:
        raise UserError(f"{path}: needs h5py to be read; install it with: pip install 'sc-hw[imports]'") from error
    with reading(path, what=_WHAT, fault="not a usable NIR file"), opened_regular(path, MOST_BYTES), temporary_folder() as folder:
        try:
            command = [sys.executable, "-m", "sc_hw.imports.hdf5", str(path.absolute()), str(folder)]
            done = run_process(command, timeout=MOST_SECONDS)
        except TimeoutExpired as error:
            raise ValueError(f"the HDF5 library came to no end in {MOST_SECONDS} s") from error
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            text = lines[-1] if done.returncode == 1 and lines else f"it ends the HDF5 library: status {done.returncode}"
            raise ValueError(text)
        arrays = read_npz(folder / "arrays.npz", what=_WHAT)
        tree = _placed(msgspec.json.decode((folder / "tree.json").read_bytes()), arrays)
        if not isinstance(tree, dict) or tree.get("type") != "NIRGraph":
            raise ValueError("it holds no NIRGraph")
        return _graph(tree)


def _placed(tree: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return a tree with its arrays in the place of their numbers."""
    if isinstance(tree, dict):
        return {name: _placed(one, arrays) for name, one in tree.items()}
    return arrays[str(tree)] if type(tree) is int else tree


def _graph(tree: dict[str, Any]) -> Graph:
    nodes, edges = tree.get("nodes"), tree.get("edges")
    if not isinstance(nodes, dict) or edges is None or (np.size(edges) and np.shape(edges)[1:] != (2,)):
        raise ValueError("a graph without nodes or edges")
    found = {}
    for name, table in nodes.items():
        kind = table.get("type") if isinstance(table, dict) else None
        if not isinstance(kind, str):
            raise ValueError(f"node {name!r} has no type")
        values = {key: np.asarray(value) for key, value in table.items() if isinstance(value, np.ndarray | np.generic)}
        found[name] = Node(kind, values, _graph(table) if kind == "NIRGraph" else None)
    return Graph(found, tuple((str(a), str(b)) for a, b in edges))

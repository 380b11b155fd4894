"""NIR files: HDF5 as ``nir.write`` leaves it, read by h5py alone, every size known before anything is read."""

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..reading import opened_regular, reading
from .graph import Graph, Node, Options

__all__ = ["read"]

MOST_BYTES = 1 << 30  # of a file, and of its arrays in memory
MOST_MEMBERS, MOST_DEPTH, MOST_EDGES, MOST_TEXT = 4096, 8, 4096, 1 << 10
_WHAT = "give a file that nir.write wrote"
_FILTERS = (None, "gzip", "lzf")  # built in: nothing is loaded from elsewhere


def read(path: Path, options: Options) -> Graph:
    """Return the graph of a NIR file. Errors: ``UserError``."""
    try:
        import h5py
    except ImportError as error:
        raise UserError(f"{path}: NIR files need h5py; install it: pip install 'sc-hw[imports]'") from error
    with reading(path, what=_WHAT, fault="not a usable NIR file"), opened_regular(path, MOST_BYTES) as file:
        if file.read(8) != b"\x89HDF\r\n\x1a\n":
            raise ValueError("it does not begin as HDF5 does")
        file.seek(0)
        with h5py.File(file, "r") as opened:
            reader = _Reader(h5py)
            tree = reader.members(reader.group(opened).get("node"), 0)
            if not isinstance(tree, dict) or tree.get("type") != "NIRGraph":
                raise ValueError("it holds no NIRGraph")
            return _graph(tree)


class _Reader:
    """Reads a tree of groups and arrays, and counts what it has read."""

    def __init__(self, h5py: Any) -> None:
        self._h5py, self._members, self._left = h5py, 0, MOST_BYTES

    def group(self, group: Any) -> dict[str, Any]:
        """Return what stands in a group by name. Errors: ``ValueError`` for a link elsewhere, or too many."""
        found = {}
        if len(group) > MOST_MEMBERS:
            raise ValueError(f"more than {MOST_MEMBERS} members in a group")
        for name in group:
            self._members += 1
            if self._members > MOST_MEMBERS:
                raise ValueError(f"more than {MOST_MEMBERS} members")
            if not isinstance(group.get(name, getlink=True), self._h5py.HardLink):
                raise ValueError(f"{name!r} is a link to elsewhere, which is not followed")
            found[str(name)] = group[name]
        return found

    def members(self, group: Any, depth: int) -> Any:
        """Return a group as nested tables of arrays and texts."""
        if depth > MOST_DEPTH:
            raise ValueError(f"more than {MOST_DEPTH} groups inside each other")
        if not isinstance(group, self._h5py.Group):
            return self._array(group) if isinstance(group, self._h5py.Dataset) else None
        return {name: self.members(one, depth + 1) for name, one in self.group(group).items() if name != "metadata"}

    def _array(self, array: Any) -> Any:
        name, text = array.name, self._h5py.check_string_dtype(array.dtype)
        if array.external or array.is_virtual:
            raise ValueError(f"{name}: its data are in another file, which is not read")
        if array.compression not in _FILTERS or array.id.get_create_plist().get_nfilters() > 2:
            raise ValueError(f"{name}: compressed in another way than gzip or lzf")
        if array.shape is None:
            return None
        size = int(np.prod(array.shape, dtype=object)) * array.dtype.itemsize
        chunk = int(np.prod(array.chunks or (0,), dtype=object)) * array.dtype.itemsize
        self._left -= max(size, chunk)
        if self._left < 0:
            raise ValueError(f"{name}: its arrays are larger than {MOST_BYTES >> 30} GiB, the most that is read here")
        if text is not None:
            if array.size > 2 * MOST_EDGES or (text.length or 0) > MOST_TEXT:
                raise ValueError(f"{name}: more than {MOST_EDGES} edges")
            return np.vectorize(_text, otypes=[object])(array[()])[()] if array.size else np.empty(array.shape, object)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name}: {array.dtype}; allowed are numbers and texts")
        return array[()]


def _text(value: Any) -> str:
    text = value.decode() if isinstance(value, bytes) else str(value)
    if len(text) > MOST_TEXT:
        raise ValueError(f"a name of {len(text)} characters; allowed are {MOST_TEXT}")
    return text


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

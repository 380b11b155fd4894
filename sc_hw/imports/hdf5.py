"""HDF5 as ``nir.write`` leaves it, read by h5py in a process of its own: ``python -m sc_hw.imports.hdf5 FILE FOLDER``.

Every size is known before anything is read. A damaged file can let the HDF5 library run for ever or end its process (seen with
bytes changed by chance), so that process has bounds of time and memory, and only what it wrote is believed.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ..reading import check_unpacked, opened_regular

__all__ = ["MOST_BYTES", "MOST_SECONDS"]

MOST_BYTES, MOST_SECONDS = 1 << 30, 60  # of a file, and of its arrays in memory
MOST_MEMBERS, MOST_DEPTH, MOST_EDGES, MOST_TEXT = 4096, 8, 4096, 1 << 10
_FILTERS = (None, "gzip", "lzf")  # built in: nothing is loaded from elsewhere


def _main(path: Path, folder: Path) -> None:
    """Write ``tree.json``, in which a number stands for an array, and ``arrays.npz``."""
    import h5py  # type: ignore[import-untyped,unused-ignore] # it has no types

    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (8 * MOST_BYTES, 8 * MOST_BYTES))
    arrays: list[np.ndarray] = []
    with opened_regular(path, MOST_BYTES) as file:
        if file.read(8) != b"\x89HDF\r\n\x1a\n":
            raise ValueError("it does not begin as HDF5 does")
        file.seek(0)
        with h5py.File(file, "r") as opened:
            reader = _Reader(h5py, path.stat().st_size)
            tree = _numbered(reader.members(reader.group(opened).get("node"), 0), arrays)
    np.savez(folder / "arrays.npz", allow_pickle=False, **{str(k): array for k, array in enumerate(arrays)})
    (folder / "tree.json").write_text(json.dumps(tree), encoding="utf-8")


def _numbered(tree: Any, arrays: list[np.ndarray]) -> Any:
    """Return a tree with numbers for its arrays of numbers, which are noted, and lists for its arrays of texts."""
    if isinstance(tree, dict):
        return {name: _numbered(one, arrays) for name, one in tree.items()}
    if isinstance(tree, np.ndarray | np.generic):
        if tree.dtype == object:
            return tree.tolist()
        arrays.append(np.asarray(tree))
        return len(arrays) - 1
    return tree if isinstance(tree, str) else None


class _Reader:
    """Reads a tree of groups and arrays, and counts what it has read."""

    def __init__(self, h5py: Any, size: int) -> None:
        self._h5py, self._members, self._size, self._unpacked = h5py, 0, size, 0

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
        self._unpacked += max(size, chunk)
        check_unpacked(self._unpacked, self._size, MOST_BYTES, f"{name}: its arrays are")
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


if __name__ == "__main__":
    try:
        _main(Path(sys.argv[1]), Path(sys.argv[2]))
    except Exception as error:
        sys.exit(" ".join(f"{getattr(error, 'strerror', None) or error}".split())[:300] or type(error).__name__)

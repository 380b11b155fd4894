"""A PyTorch ``state_dict`` in a ``.pt`` file, read without PyTorch: of its pickle five names are known, no other is looked up.

What ``torch.save`` writes is a zip with a pickle, in which tensors stand as a storage, a place in it, a shape and strides, and
the storages as files. ``find_class`` gives stand-ins that only note their arguments: nothing of the file is run.
"""

import io
import pickle  # with a find_class that knows five names
import pickletools
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ..reading import MOST_ARRAYS, check_archive, opened_regular, reading
from .arrays import MOST_LAYERS, dense_graph
from .graph import Graph, Options

__all__ = ["read"]

MOST_PICKLE = 1 << 20
_STORAGES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2"}
_WHAT = "give what torch.save(model.state_dict(), FILE) writes, of dense layers alone; or save it by name as .npz or .safetensors"


def read(path: Path, options: Options) -> Graph:
    """Return the graph of the dense layers in a file. Errors: ``UserError``."""
    with (
        reading(path, what=_WHAT, fault="not a usable state_dict"),
        opened_regular(path, MOST_ARRAYS) as file,
        check_archive(file) as archive,
    ):
        found = [entry for entry in archive.infolist() if entry.filename.endswith("/data.pkl")]
        if len(found) != 1 or found[0].file_size > MOST_PICKLE:
            raise ValueError(f"no data.pkl of at most {MOST_PICKLE >> 20} MiB in it")
        root = found[0].filename.removesuffix("data.pkl")
        order = next((e for e in archive.infolist() if e.filename == f"{root}byteorder"), None)
        if order and (order.file_size > 8 or archive.read(order) != b"little"):
            raise ValueError("its numbers are not little-endian")
        content = archive.read(found[0])
        _check_sizes(content)
        table = _Reader(io.BytesIO(content)).load()
        if not isinstance(table, dict) or not all(isinstance(v, _Tensor) and isinstance(k, str) for k, v in table.items()):
            raise ValueError("it holds no tensors by name")
        if len(table) > 2 * MOST_LAYERS:
            raise ValueError(f"{len(table)} tensors; allowed are {2 * MOST_LAYERS}")
        storages = {key: archive.read(f"{root}data/{key}") for key in {tensor.key for tensor in table.values()}}
        arrays = {name: tensor.array(storages[tensor.key]) for name, tensor in table.items()}
    return dense_graph(path, arrays, options)


class _Table(dict[str, Any]):
    """Stands for an ``OrderedDict``; attributes such as ``_metadata`` are let go."""

    def __setstate__(self, state: object) -> None:
        pass


class _Tensor:
    """Stands for a tensor: what was noted of it."""

    def __init__(self, storage: Any, offset: Any, shape: Any, strides: Any, *further: Any) -> None:
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides

    def __setstate__(self, state: object) -> None:
        raise ValueError("a tensor with a state")

    @property
    def key(self) -> str:
        """The name of its storage. Errors: ``ValueError``."""
        tag, _, key, *_ = self.storage
        if tag != "storage" or not isinstance(key, str):
            raise ValueError("a tensor without a storage")
        return key

    def array(self, content: bytes) -> np.ndarray:
        """Return the numbers in a storage. Errors: ``ValueError`` for a place outside of it, or a shape in another order."""
        numbers = [self.offset, *self.shape, *self.strides]
        fit = len(self.shape) == len(self.strides) <= 8
        if not fit or not all(type(n) is int and 0 <= n < 1 << 40 for n in numbers):
            raise ValueError("a tensor without a shape")
        _, kind, _, _, count = self.storage
        if kind not in _STORAGES.values() or type(count) is not int:
            raise ValueError("a tensor without a storage")
        flat = np.frombuffer(content, kind)
        inner = [prod(self.shape[k + 1 :]) for k in range(len(self.shape))]
        turned = len(self.shape) == 2 and list(self.strides) == [1, self.shape[0]]
        if not turned and any(
            size > 1 and stride != own for size, stride, own in zip(self.shape, self.strides, inner, strict=True)
        ):
            raise ValueError(f"strides {self.strides} of a tensor {self.shape}; make it contiguous")
        if self.offset + prod(self.shape) > flat.size or flat.size != count:
            raise ValueError(f"a tensor {self.shape} in a storage of {flat.size}")
        part = flat[self.offset : self.offset + prod(self.shape)]
        return part.reshape(self.shape[::-1]).T if turned else part.reshape(self.shape)


def _check_sizes(content: bytes) -> None:
    """Refuse a pickle in which a number of memory, or a length, is larger than it: both are allocated before they are looked at.

    Errors: ``ValueError``, also for what is no pickle.
    """
    for code, argument, _ in pickletools.genops(content):
        number = argument if code.name in ("PUT", "BINPUT", "LONG_BINPUT") else 0
        if not isinstance(number, int) or not 0 <= number < len(content):
            raise ValueError(f"its pickle notes object {argument}, which it cannot have")


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return _Table
        if module == "torch._utils" and name in ("_rebuild_tensor_v2", "_rebuild_parameter"):
            return _Tensor if name == "_rebuild_tensor_v2" else _first
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise ValueError(f"{module}.{name}, which is not looked up")

    def persistent_load(self, pid: Any) -> Any:
        if not isinstance(pid, tuple) or len(pid) != 5:
            raise ValueError("a storage of another form")
        return pid


def _first(tensor: Any, *further: Any) -> Any:
    """Stands for a parameter: its tensor."""
    return tensor

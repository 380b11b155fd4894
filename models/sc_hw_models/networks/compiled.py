"""A network compiled for this machine: bit for bit what the golden model computes, many thousand times as fast."""

import ctypes
from typing import Any

import numpy as np

from ..compiled import CompileError, compiler, loaded
from ..rule import ConfigError
from .c_text import PADDING, compilable, network_text
from .model import NetworkModel
from .spec import NetworkSpec

__all__ = ["CompiledNetwork", "network_model"]


class CompiledNetwork(NetworkModel):
    """``NetworkModel`` whose samples run in C; ``play`` stays the readable model, on the same state.

    Errors: as there; ``CompileError`` without a C compiler; ``ConfigError`` for a projection with consolidation.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__(spec)
        path = compiler()
        if path is None:
            raise CompileError("no C compiler: install g++ (apt-get install g++), set CXX, or use the plain model")
        if not compilable(spec):
            raise ConfigError("a projection with consolidation has no compiled form; use the plain model")
        self._run = loaded(network_text(spec), path).run
        self._run.restype = ctypes.c_int

    def partial_fit(self, samples: Any, labels: Any) -> int:
        """Do as ``NetworkModel.partial_fit``."""
        pixels, classes = self._checked(samples, labels)
        decisions = self._samples(pixels, classes, learn=True)
        self.samples += len(pixels)
        return int((decisions == classes).sum())

    def _decide(self, pixels: np.ndarray) -> np.ndarray:
        return self._samples(pixels, None, learn=False)

    def _samples(self, pixels: np.ndarray, labels: np.ndarray | None, *, learn: bool) -> np.ndarray:
        arrays: list[np.ndarray] = []
        for memory in self.memories.values():
            registers = np.array(memory.registers or [0], dtype=np.uint32)
            weights = memory.state["weight"]
            arrays += [np.append(weights.astype(np.int16), np.zeros(PADDING, np.int16)), registers]
        arrays += [np.ascontiguousarray(self.signs.get(p.name, [0]), np.int32) for p in self.spec.feedback.values()]
        port = np.array([self.port.registers["jitter"], self.port.registers["poisson"]], dtype=np.uint32)
        arrays.append(port)
        given, decisions = np.ascontiguousarray(pixels), np.empty(len(pixels), dtype=np.int32)
        wanted = np.zeros(1, np.int32) if labels is None else np.ascontiguousarray(labels, np.int32)
        pointers = (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
        self._run(ctypes.c_int64(len(given)), *(ctypes.c_void_p(array.ctypes.data) for array in (given, wanted)),
                  ctypes.c_int64(learn), ctypes.c_int64(self.slower), pointers,
                  ctypes.c_void_p(decisions.ctypes.data))  # fmt: skip
        if learn:
            for k, memory in enumerate(self.memories.values()):
                memory.state["weight"] = arrays[2 * k][:-PADDING].astype(np.int64).reshape(memory.rows, memory.neurons)
                memory.registers = [int(word) for word in arrays[2 * k + 1]] if memory.registers else []
        self.port.registers = {"jitter": int(port[0]), "poisson": int(port[1])}
        return decisions.astype(np.int64)


def network_model(spec: NetworkSpec) -> NetworkModel:
    """Return the fastest model of a network that this machine has."""
    return CompiledNetwork(spec) if compiler() is not None and compilable(spec) else NetworkModel(spec)

"""A network compiled for this machine: bit for bit what the golden model computes, many thousand times as fast."""

import ctypes
from typing import Any

import numpy as np

from ..compiled import CompileError, compiler, loaded
from .c_text import PADDING, network_text
from .inputs import checked_samples
from .model import NetworkModel, numbers, words
from .spec import NetworkSpec

__all__ = ["CompiledNetwork", "network_model"]


class CompiledNetwork(NetworkModel):
    """``NetworkModel`` whose samples run in C; ``play`` stays the readable model, on the same state.

    Errors: as there; ``CompileError`` without a C compiler.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__(spec)
        path = compiler()
        if path is None:
            raise CompileError("no C compiler: install g++ (apt-get install g++), set CXX, or use the plain model")
        self._run = loaded(network_text(spec), path).run
        self._run.restype = ctypes.c_int

    def partial_fit(self, samples: Any, labels: Any) -> int:
        """Do as ``NetworkModel.partial_fit``."""
        pixels, classes = checked_samples(self.spec, samples, labels)
        decisions = self._samples(pixels, classes, learn=True)
        self.samples += len(pixels)
        return int((decisions == classes).sum())

    def _decide(self, pixels: np.ndarray) -> np.ndarray:
        return self._samples(pixels, None, learn=False)

    def _samples(self, pixels: np.ndarray, labels: np.ndarray | None, *, learn: bool) -> np.ndarray:
        arrays: list[np.ndarray] = []
        places = {}
        for name, memory in self.memories.items():
            further = [field for field in memory.state if field != "weight"]
            registers = words(memory.registers) if further else np.array(memory.registers or [0], dtype=np.uint32)
            weights = np.append(memory.state["weight"].astype(np.int16), np.zeros(PADDING, np.int16))
            places[name] = len(arrays)
            arrays += [weights, registers, *(memory.state[field].astype(np.int16) for field in further)]
        arrays += [np.ascontiguousarray(self.signs.get(p.name, [0]), np.int32) for p in self.spec.feedback.values()]
        port = np.array([self.port.registers["jitter"], self.port.registers["poisson"]], dtype=np.uint32)
        arrays.append(port)
        given, decisions = np.ascontiguousarray(pixels), np.empty(len(pixels), dtype=np.int32)
        wanted = np.zeros(1, np.int32) if labels is None else np.ascontiguousarray(labels, np.int32)
        pointers = (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
        self._run(
            ctypes.c_int64(len(given)),
            *(ctypes.c_void_p(array.ctypes.data) for array in (given, wanted)),
            ctypes.c_int64(learn),
            ctypes.c_int64(self.slower),
            pointers,
            ctypes.c_void_p(decisions.ctypes.data),
        )
        if learn:
            for name, memory in self.memories.items():
                weights, registers, *fields = arrays[places[name] : places[name] + 1 + len(memory.state)]
                memory.state["weight"] = weights[:-PADDING].astype(np.int64).reshape(memory.rows, memory.neurons)
                names = (field for field in memory.state if field != "weight")
                memory.state |= {field: array.astype(np.int64) for field, array in zip(names, fields, strict=True)}
                if memory.registers:
                    memory.registers = numbers(registers) if fields else [int(word) for word in registers]
        self.port.registers = {"jitter": int(port[0]), "poisson": int(port[1])}
        return decisions.astype(np.int64)


def network_model(spec: NetworkSpec) -> NetworkModel:
    """Return the fastest model of a network that this machine has."""
    return CompiledNetwork(spec) if compiler() is not None else NetworkModel(spec)

"""A rule's step compiled for this machine: bit for bit what the array model computes, many times as fast.

Needs a C compiler: ``CXX`` as for the simulators, else ``g++``. The built library is kept in the cache under a digest of
its text and of everything the compiler says it would do with it, its version and the processor included.
"""

import ctypes
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from .c_text import c_text
from .cache import cached
from .rule import Rule
from .scratch import run_process

__all__ = ["CompileError", "CompiledStep", "compiler", "loaded"]

Arrays = dict[str, np.ndarray]

_FLAGS = ("-x", "c", "-std=gnu11", "-O3", "-march=native", "-fPIC", "-shared")


class CompileError(RuntimeError):
    """The compiler refused a step; the message has its command and the end of what it said."""


def compiler() -> str | None:
    """Return the path of the compiler, ``None`` when there is none."""
    return shutil.which(os.environ.get("CXX", "g++"))


@lru_cache
def _identity(path: str) -> bytes:
    """Return the commands that the compiler would run: they name its version and what ``native`` is here."""
    return run_process([path, *_FLAGS, "-E", "-###", os.devnull]).stderr.encode()


def _build(text: str, path: str, made: Path) -> None:
    """Compile a C text to the library ``made``."""
    source = made.with_name("step.c")
    source.write_text(text, encoding="utf-8")
    command = [path, *_FLAGS, str(source), "-o", str(made)]
    done = run_process(command)
    if done.returncode:
        raise CompileError(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.strip()[-400:]}")


def loaded(text: str, path: str) -> ctypes.CDLL:
    """Return the library of a C text, from the cache if it is there."""
    digest = hashlib.sha256(b"\0".join([text.encode(), os.fsencode(path), _identity(path)])).hexdigest()[:32]
    with cached("models", digest, partial(_build, text, path)) as (library, _):
        return ctypes.CDLL(str(library))


class CompiledStep:
    """A rule's step, compiled, with the loops over timesteps and synapses around it.

    Errors: ``CompileError`` when there is no compiler or it fails; ``ConfigError`` as ``c_text``.
    """

    def __init__(self, rule: Rule, config: Any) -> None:
        path = compiler()
        if path is None:
            raise CompileError("no C compiler: install g++ (apt-get install g++), set CXX, or use the plain model")
        self._spec = rule.spec(config)
        self._run = loaded(c_text(rule, config), path).run
        self._run.restype = ctypes.c_int

    def run(self, state: Arrays, random_state: list[int], inputs: Arrays, *, history: bool) -> tuple[Arrays, Arrays] | None:
        """Update ``state`` and ``random_state`` in place; return state and outputs after every timestep, if wanted.

        Shapes and ranges as in ``CoreModel``, which has checked them. When a result leaves its field nothing is updated and
        ``None`` returned: the plain step says which.
        """
        spec = self._spec
        timesteps, synapses, lanes = len(inputs[spec.inputs[0].name]), len(state[spec.state[0].name]), len(random_state) or 1
        rows, output_rows = (timesteps + 1, timesteps) if history else (2, 1)
        states = {f.name: np.empty((rows, synapses), f.dtype) for f in spec.state}
        outputs = {f.name: np.empty((output_rows, synapses), f.dtype) for f in spec.outputs}
        registers = _words(random_state, 64 if spec.lfsr and spec.lfsr.bits <= 64 else 128)
        for name, array in states.items():
            array[0] = state[name]
        arrays = [
            *states.values(),
            *(np.ascontiguousarray(inputs[f.name], f.dtype) for f in spec.inputs),
            *outputs.values(),
            *(np.empty(-(-synapses // lanes) * lanes, f.dtype) for f in spec.noise),
            registers,
        ]
        pointers = (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
        if self._run(*(ctypes.c_int64(number) for number in (timesteps, synapses, lanes, history)), pointers):
            return None
        for name, array in states.items():
            state[name] = array[timesteps % rows].astype(np.int64)
        random_state[:] = (sum(int(word) << 64 * k for k, word in enumerate(row)) for row in registers)
        return ({name: array[1:] for name, array in states.items()}, outputs) if history else ({}, {})

    def single(self) -> Callable[..., tuple[int, ...]]:
        """Return one synapse's step: state fields, then inputs, all integers in range, to the next state.

        No noise is drawn; what leaves its field gives no state, an empty tuple.
        """
        spec, ctype = self._spec, np.ctypeslib.as_ctypes_type
        state = [(ctype(f.dtype) * 2)() for f in spec.state]
        given = [*state, *((ctype(f.dtype) * 1)() for f in spec.inputs)]
        arrays = [*given, *((ctype(f.dtype) * 1)() for f in spec.outputs)]
        pointers = (ctypes.c_void_p * len(arrays))(*(ctypes.addressof(array) for array in arrays))
        function, numbers = self._run, [ctypes.c_int64(number) for number in (1, 1, 1, 0)]

        def step(*values: int) -> tuple[int, ...]:
            for array, value in zip(given, values, strict=True):
                array[0] = value
            return () if function(*numbers, pointers) else tuple([array[1] for array in state])

        return step


def _words(numbers: Sequence[int], bits: int) -> np.ndarray:
    """Return numbers of so many bits as rows of 64-bit words, lowest first."""
    mask = (1 << 64) - 1
    return np.array([[number >> low & mask for low in range(0, bits, 64)] for number in numbers], dtype=np.uint64)

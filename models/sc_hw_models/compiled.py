"""A rule's step compiled for this machine: bit for bit what the array model computes, many times as fast.

Needs a C compiler: ``CXX`` as for the simulators, else ``g++``. The built library is kept in ``cache_folder()`` under a
digest of its text and of everything the compiler says it would do with it, its version and the processor included.
"""

import ctypes
import hashlib
import os
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .c_text import c_text
from .rule import ConfigError, Rule
from .scratch import run_process, temporary_folder

__all__ = ["CompileError", "CompiledStep", "cache_folder", "compiler", "make_cache"]

Arrays = dict[str, np.ndarray]

_FLAGS = ("-x", "c", "-std=gnu11", "-O3", "-march=native", "-fPIC", "-shared")


class CompileError(RuntimeError):
    """The compiler refused a step; the message has its command and the end of what it said."""


def cache_folder() -> Path:
    """Return the folder of what sc-hw builds: ``SC_HW_CACHE``, or ``sc-hw`` in the user's cache folder."""
    base = os.environ.get("SC_HW_CACHE")
    if base:
        return Path(base).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base).absolute() / "sc-hw"


def make_cache(name: str) -> Path:
    """Return the folder called ``name`` in ``cache_folder()``, which is made. Errors: ``ConfigError`` when that cannot be."""
    folder = cache_folder() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(0, "Permission denied")
    except OSError as error:
        raise ConfigError(
            f"{folder}: the cache cannot be written ({error.strerror}); set SC_HW_CACHE to a folder that can"
        ) from error
    return folder


def compiler() -> str | None:
    """Return the path of the compiler, ``None`` when there is none."""
    return shutil.which(os.environ.get("CXX", "g++"))


@lru_cache
def _identity(path: str) -> bytes:
    """Return the commands that the compiler would run: they name its version and what ``native`` is here."""
    return run_process([path, *_FLAGS, "-E", "-###", os.devnull]).stderr.encode()


def _built(text: str, path: str) -> Path:
    """Return the library of a C text, from the cache if it is there."""
    digest = hashlib.sha256(b"\0".join([text.encode(), os.fsencode(path), _identity(path)])).hexdigest()[:32]
    library = cache_folder() / "models" / f"{digest}.so"
    if not library.exists():
        with temporary_folder(make_cache("models")) as folder:
            source, made = folder / "step.c", folder / "step.so"
            source.write_text(text, encoding="utf-8")
            command = [path, *_FLAGS, str(source), "-o", str(made)]
            done = run_process(command)
            if done.returncode:
                raise CompileError(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.strip()[-400:]}")
            made.replace(library)
    return library


class CompiledStep:
    """A rule's step, compiled, with the loops over timesteps and synapses around it.

    Errors: ``CompileError`` when there is no compiler or it fails; ``ConfigError`` as ``c_text``.
    """

    def __init__(self, rule: Rule, config: Any) -> None:
        path = compiler()
        if path is None:
            raise CompileError("no C compiler: install g++ (apt-get install g++), set CXX, or use the plain model")
        self._spec = rule.spec(config)
        self._run = ctypes.CDLL(str(_built(c_text(rule, config), path))).run
        self._run.restype = None

    def run(self, state: Arrays, random_state: list[int], inputs: Arrays, *, history: bool) -> tuple[Arrays, Arrays]:
        """Update ``state`` and ``random_state`` in place; return state and outputs after every timestep, if wanted.

        Shapes and ranges as in ``CoreModel``, which has checked them.
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
        self._run(*(ctypes.c_int64(number) for number in (timesteps, synapses, lanes, history)), pointers)
        for name, array in states.items():
            state[name] = array[timesteps % rows].astype(np.int64)
        random_state[:] = (sum(int(word) << 64 * k for k, word in enumerate(row)) for row in registers)
        return ({name: array[1:] for name, array in states.items()}, outputs) if history else ({}, {})


def _words(numbers: Sequence[int], bits: int) -> np.ndarray:
    """Return numbers of so many bits as rows of 64-bit words, lowest first."""
    mask = (1 << 64) - 1
    return np.array([[number >> low & mask for low in range(0, bits, 64)] for number in numbers], dtype=np.uint64)

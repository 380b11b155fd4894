"""Python's end of the bulk streams: NumPy arrays in and out of buffers that the simulation shares (see streams.cpp)."""

import ctypes

import numpy as np

__all__ = ["Stream", "arm", "clocks"]

_U64 = ctypes.c_uint64
_BEATS = np.ctypeslib.ndpointer(dtype=np.int64, flags="C_CONTIGUOUS")


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None)  # the simulator is this process
    signatures = {
        "sc_hw_find": (ctypes.c_int, [ctypes.c_int, ctypes.c_char_p]),
        "sc_hw_load": (None, [ctypes.c_int, _BEATS, _U64]),
        "sc_hw_flush": (None, [ctypes.c_int]),
        "sc_hw_expect": (None, [ctypes.c_int, _U64]),
        "sc_hw_count": (_U64, [ctypes.c_int]),
        "sc_hw_take": (None, [ctypes.c_int, _BEATS]),
        "sc_hw_set_stall": (None, [ctypes.c_int, ctypes.c_uint32, _U64]),
        "sc_hw_unstable_count": (_U64, [ctypes.c_int]),
        "sc_hw_arm": (None, [ctypes.c_int, _U64]),
        "sc_hw_clocks": (_U64, [ctypes.c_int]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


_LIBRARY = _library()


class Stream:
    """One stream of one core: a source (``load``), a sink or a write monitor (``take``); beats are rows of ``slots`` int64."""

    def __init__(self, core: int, name: str, slots: int) -> None:
        self.name, self.slots = name, slots
        self._id = _LIBRARY.sc_hw_find(core, name.encode())
        if self._id < 0:
            raise LookupError(f"the bench has no stream {name} for core {core}")
        self._unstable_before = _LIBRARY.sc_hw_unstable_count(self._id)

    def load(self, beats: np.ndarray) -> None:
        """Append beats to a source and make their departure part of the goal."""
        beats = np.ascontiguousarray(beats, dtype=np.int64).reshape(-1, self.slots)
        _LIBRARY.sc_hw_load(self._id, beats, len(beats))
        self.expect(len(beats))

    def expect(self, count: int) -> None:
        """Make the arrival of ``count`` more beats part of the goal."""
        _LIBRARY.sc_hw_expect(self._id, count)

    def take(self) -> np.ndarray:
        """Return and remove the beats that have arrived, shape ``(beats, slots)``."""
        beats = np.empty((_LIBRARY.sc_hw_count(self._id), self.slots), dtype=np.int64)
        _LIBRARY.sc_hw_take(self._id, beats)
        return beats

    def flush(self) -> None:
        """Drop everything buffered and every goal."""
        _LIBRARY.sc_hw_flush(self._id)

    def stall(self, probability: float, seed: int) -> None:
        """Leave gaps (source) or hold ready low (sink) with this probability a clock, 0..0.99."""
        _LIBRARY.sc_hw_set_stall(self._id, round(probability * 256), seed)

    @property
    def left(self) -> int:
        """Beats in the buffer."""
        return int(_LIBRARY.sc_hw_count(self._id))

    @property
    def unstable(self) -> int:
        """How often an offered beat was withdrawn or changed before it was taken, since this object was made."""
        return int(_LIBRARY.sc_hw_unstable_count(self._id) - self._unstable_before)


def arm(core: int, limit: int) -> None:
    """Let the core's waker rise when its goals are met or no beat has moved for ``limit`` clocks; 0 disarms it."""
    _LIBRARY.sc_hw_arm(core, limit)


def clocks(core: int) -> int:
    """Return the clocks simulated so far."""
    return int(_LIBRARY.sc_hw_clocks(core))

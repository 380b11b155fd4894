"""Python's end of the bulk streams: NumPy arrays in and out of buffers that the simulation shares (see streams.cpp)."""

import ctypes
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from sc_hw_models.rule import Field

__all__ = ["CLOCK_PERIOD", "Stream", "arm", "begin", "clocks", "contradictions", "end_turns", "met", "sprung", "trap"]

_U64, _U32, _INT = ctypes.c_uint64, ctypes.c_uint32, ctypes.c_int


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None)  # the simulator is this process
    signatures = {
        "sc_hw_find": (_INT, [_INT, ctypes.c_char_p]),
        "sc_hw_append": (None, [_INT, _U64]),
        "sc_hw_pack": (None, [_INT, _U64, _U32, _U32, _U32, ctypes.c_void_p]),
        "sc_hw_unpack": (None, [_INT, _U32, _U32, ctypes.c_bool, _U32, ctypes.c_void_p]),
        "sc_hw_flush": (None, [_INT]),
        "sc_hw_expect": (None, [_INT, _U64]),
        "sc_hw_count": (_U64, [_INT]),
        "sc_hw_outstanding": (_U64, [_INT]),
        "sc_hw_set_stall": (None, [_INT, _U32, _U64]),
        "sc_hw_hold": (None, [_INT, _U64, _U64]),
        "sc_hw_turn": (None, [_INT, _U64]),
        "sc_hw_end_turns": (None, [_INT]),
        "sc_hw_swap": (None, [_INT]),
        "sc_hw_begin": (None, [_INT]),
        "sc_hw_trap": (None, [_INT, _INT, _U64, ctypes.c_bool]),
        "sc_hw_sprung": (ctypes.c_bool, [_INT]),
        "sc_hw_met": (_U64, [_INT, _INT]),
        "sc_hw_unstable_count": (_U64, [_INT]),
        "sc_hw_arm": (None, [_INT, _U64, ctypes.c_bool]),
        "sc_hw_clocks": (_U64, [_INT]),
        "sc_hw_contradictions": (_U64, [_INT]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


_LIBRARY = _library()
CLOCK_PERIOD = _U64.in_dll(_LIBRARY, "sc_hw_clock_period").value  # simulator steps


class Stream:
    """One stream of one core: a source (``load``), a sink or a write monitor (``take``).

    ``fields`` are those of a beat, first in the lowest bits; a column is the values of one of them, in its ``dtype``.
    """

    seen = True  # from outside

    def __init__(self, core: int, name: str, fields: Sequence[Field]) -> None:
        self.name = name
        low = accumulate((f.bits for f in fields), initial=0)
        self._parts = [(f.dtype, f.bits, f.signed, start, f.dtype.itemsize) for f, start in zip(fields, low, strict=False)]
        self._id = _LIBRARY.sc_hw_find(core, name.encode())
        if self._id < 0:
            raise LookupError(f"the bench has no stream {name} for core {core}")
        self._unstable_before = _LIBRARY.sc_hw_unstable_count(self._id)
        self.loaded = False  # whether what ``load`` is given is there already: it waited for a reset

    def load(self, columns: Sequence[np.ndarray]) -> None:
        """Append beats, one column for each field, to a source and make their departure part of the goal."""
        if self.loaded:
            return
        count = len(columns[0])
        _LIBRARY.sc_hw_append(self._id, count)
        for (dtype, bits, _, low, size), column in zip(self._parts, columns, strict=True):
            values = np.ascontiguousarray(column, dtype=dtype)
            _LIBRARY.sc_hw_pack(self._id, count, low, bits, size, values.ctypes.data)
        self.expect(count)

    def expect(self, count: int) -> None:
        """Make the arrival of ``count`` more beats part of the goal."""
        _LIBRARY.sc_hw_expect(self._id, count)

    def take(self) -> list[np.ndarray]:
        """Return the beats that have arrived, one column for each field, and empty the stream."""
        count = self.left
        columns = [np.empty(count, dtype=dtype) for dtype, *_ in self._parts]
        for (_, bits, signed, low, size), column in zip(self._parts, columns, strict=True) if count else ():
            _LIBRARY.sc_hw_unpack(self._id, low, bits, signed, size, column.ctypes.data)
        self.flush()
        return columns

    def flush(self) -> None:
        """Drop everything buffered and every goal."""
        _LIBRARY.sc_hw_flush(self._id)

    def swap(self) -> None:
        """Exchange what is buffered and the goal with those for after a reset, which ``trap`` takes up; ``flush`` drops both."""
        _LIBRARY.sc_hw_swap(self._id)

    def stall(self, probability: float, seed: int) -> None:
        """Leave gaps (source) or hold ready low (sink) with this probability a clock, 0..0.99."""
        _LIBRARY.sc_hw_set_stall(self._id, round(probability * 256), seed)

    def hold(self, clocks: int, *, after: int = 0) -> None:
        """Stall for some clocks, ``after`` as many beats; those count in which there is a beat."""
        _LIBRARY.sc_hw_hold(self._id, clocks, after)

    def turn(self, count: int) -> None:
        """Offer ``count`` beats when those of all turns before have been taken, as one source of several streams does."""
        _LIBRARY.sc_hw_turn(self._id, count)

    @property
    def left(self) -> int:
        """Beats in the buffer."""
        return int(_LIBRARY.sc_hw_count(self._id))

    @property
    def outstanding(self) -> int:
        """Beats that have still to move before the goal is met."""
        return int(_LIBRARY.sc_hw_outstanding(self._id))

    @property
    def unstable(self) -> int:
        """How often an offered beat was withdrawn or changed before it was taken, since this object was made."""
        return int(_LIBRARY.sc_hw_unstable_count(self._id) - self._unstable_before)


def arm(core: int, limit: int, *, until_idle: bool = False) -> None:
    """Let the core's waker change once: when its goals are met (and the core is idle), or nothing moved for ``limit`` clocks."""
    _LIBRARY.sc_hw_arm(core, limit, until_idle)


def trap(core: int, moment: int, length: int, *, restart: bool = False) -> None:
    """Let the next clock that has this moment, by number, reset the core for ``length`` clocks; -1: none. Wakes whoever waits.

    With ``restart`` sources have from then on what was swapped away for after the reset.
    """
    _LIBRARY.sc_hw_trap(core, moment, length, restart)


def end_turns(core: int) -> None:
    """Let the streams that had turns offer beats when they have some."""
    _LIBRARY.sc_hw_end_turns(core)


def begin(core: int) -> None:
    """Forget all beats, goals, stalls, traps and resets that a campaign which ended anywhere has left."""
    _LIBRARY.sc_hw_begin(core)


def sprung(core: int) -> bool:
    """Return whether the moment of the last ``trap`` came."""
    return bool(_LIBRARY.sc_hw_sprung(core))


def met(core: int, moment: int) -> int:
    """Return in how many clocks so far a moment, by number, was met while moments were watched."""
    return int(_LIBRARY.sc_hw_met(core, moment))


def clocks(core: int) -> int:
    """Return the clocks simulated so far."""
    return int(_LIBRARY.sc_hw_clocks(core))


def contradictions(core: int) -> int:
    """Return in how many clocks so far the core was idle and not at rest, not idle after a reset, or told of marks wrongly.

    Not at rest is one that offers a beat, or takes no command though no host waits that one went before.
    """
    return int(_LIBRARY.sc_hw_contradictions(core))

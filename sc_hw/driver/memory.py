"""A transport into memory: registers that a processor sees at an address, through a file that can be mapped."""

import mmap
import os
from pathlib import Path
from typing import Self

from ..errors import UserError

__all__ = ["MemoryMap"]


class MemoryMap:
    """A window of ``size`` bytes at byte ``offset`` of a file: ``/dev/mem``, a ``/dev/uio`` of a device, or a file.

    Words are read and written whole, in the processor's own order of bytes. A bus error ends the process with
    SIGBUS on most systems: look at ``status`` before. Errors: ``UserError`` for a file that cannot be mapped.
    """

    def __init__(self, path: Path, *, offset: int = 0, size: int = 4096) -> None:
        if offset < 0 or offset % mmap.PAGESIZE:
            raise UserError(
                f"{path}: offset {offset:#x} is not the beginning of a page; allowed are multiples of {mmap.PAGESIZE:#x}"
            )
        if size < 4 or size % 4:
            raise UserError(f"{path}: a window of {size} bytes; allowed are whole words of 4")
        try:
            handle = os.open(path, os.O_RDWR | os.O_SYNC | os.O_CLOEXEC)
            try:
                self._map = mmap.mmap(handle, size, offset=offset)
            finally:
                os.close(handle)
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: cannot be mapped ({error}); give a file of at least {offset + size} bytes") from error
        self._words = memoryview(self._map).cast("I")

    def read(self, address: int) -> int:
        """Return a word."""
        return self._words[self._number(address)]

    def write(self, address: int, value: int) -> None:
        """Write a word."""
        self._words[self._number(address)] = value & 0xFFFFFFFF

    def close(self) -> None:
        """Let the memory go."""
        self._words.release()
        self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _number(self, address: int) -> int:
        if address % 4 or not 0 <= address < len(self._map):
            raise UserError(f"address {address:#x}: no word of the window of {len(self._map)} bytes")
        return address // 4

"""A transport over a serial line, with pyserial: each access is a frame that is asked again until it is answered."""

import struct
import time
from typing import Any, Self

from ..errors import CheckError, UserError
from .frames import ERROR, READ, WRITE, Splitter, framed
from .transport import BusError

__all__ = ["SerialLine", "require_pyserial"]


def require_pyserial() -> Any:
    """Return pyserial. Errors: ``UserError`` when it is not installed."""
    try:
        import serial
    except ImportError as error:
        raise UserError("a serial line needs pyserial; install it with: pip install 'sc-hw[serial]'") from error
    return serial


class SerialLine:
    """The line at ``port``, such as ``/dev/ttyUSB0``; an access is asked ``tries`` times, each for ``seconds``.

    ``dropped`` counts what came and was no whole frame. Errors: ``UserError`` for a port that cannot be opened and when pyserial
    is missing, ``CheckError`` for a line on which nobody answers.
    """

    def __init__(self, port: str, *, baud: int = 115_200, seconds: float = 0.5, tries: int = 8) -> None:
        serial = require_pyserial()
        try:
            self._line = serial.Serial(port, baud, timeout=0.02, write_timeout=seconds * tries, exclusive=True)
        except (OSError, ValueError) as error:  # pyserial's own error is an OSError
            raise UserError(f"{port}: cannot be opened ({error}); give a serial port") from error
        self._seconds, self._tries, self._splitter = seconds, tries, Splitter()
        self._number = int.from_bytes(struct.pack("<d", time.time())[:1], "little")  # another than the run's before, most likely

    @property
    def dropped(self) -> int:
        """What came and was no whole frame."""
        return self._splitter.dropped

    def read(self, address: int) -> int:
        """Return a word. Errors: ``BusError``, ``CheckError``."""
        return int(struct.unpack("<I", self._asked(READ, struct.pack("<I", address), 4))[0])

    def write(self, address: int, value: int) -> None:
        """Write a word. Errors: ``BusError``, ``CheckError``."""
        self._asked(WRITE, struct.pack("<II", address, value & 0xFFFFFFFF), 0)

    def close(self) -> None:
        """Let the port go."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _asked(self, kind: int, payload: bytes, size: int) -> bytes:
        self._number = (self._number + 1) & 0xFF
        frame = framed(self._number, kind, payload)
        try:
            for _ in range(self._tries):
                self._line.write(frame)
                deadline = time.monotonic() + self._seconds
                while time.monotonic() < deadline:
                    for number, answer, found in self._splitter.fed(self._line.read(max(1, self._line.in_waiting))):
                        if number != self._number:
                            continue  # a late answer to an earlier request
                        if answer == ERROR:
                            raise BusError(f"0x{struct.unpack('<I', payload[:4])[0]:03x}: answered with a bus error")
                        if len(found) == size:
                            return found
        except OSError as error:
            raise CheckError(f"{self._line.port}: the line is gone ({error})") from error
        raise CheckError(f"{self._line.port}: nobody answered {self._tries} times in {self._seconds:g} s; is the board on?")

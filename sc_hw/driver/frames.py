"""Frames on a serial line: accesses and answers that survive noise, with the end that answers, too.

A frame is a zero, its bytes by COBS, which leaves no zero in them, and a zero. In it: a number that goes up with every request, a
kind, what belongs to it, and CRC-32. Whatever is torn, doubled or wrong is dropped and counted: a zero begins anew. A request
that is asked again with the same number is answered again and not done again. A read of ``DROPPED`` gives the other end's count.
"""

import struct
import zlib
from collections.abc import Callable, Iterator

from .transport import BusError, Transport

__all__ = ["DONE", "DROPPED", "ERROR", "MOST", "READ", "WRITE", "Responder", "Splitter", "framed", "unframed"]

READ, WRITE, DONE, ERROR = 1, 2, 3, 4
DROPPED = 0xFFFFFFFC
MOST = 64  # bytes between two zeros; more is noise


def framed(number: int, kind: int, payload: bytes) -> bytes:
    """Return the bytes of a frame, zeros at both ends."""
    body = struct.pack("<BB", number & 0xFF, kind) + payload
    body += struct.pack("<I", zlib.crc32(body))
    blocks = body.split(b"\0")  # each shorter than 254 bytes, so that COBS needs nothing more
    return b"\0" + b"".join(bytes([len(block) + 1]) + block for block in blocks) + b"\0"


def unframed(stuffed: bytes) -> tuple[int, int, bytes] | None:
    """Return number, kind and payload of what stood between two zeros; None for what is no frame."""
    body, at = bytearray(), 0
    while at < len(stuffed):
        length = stuffed[at]
        if length == 0 or at + length > len(stuffed):
            return None
        body += stuffed[at + 1 : at + length]
        at += length
        if at < len(stuffed):
            body.append(0)
    if len(body) < 6 or struct.unpack("<I", body[-4:])[0] != zlib.crc32(bytes(body[:-4])):
        return None
    return body[0], body[1], bytes(body[2:-4])


class Splitter:
    """Turns bytes as they come into frames; ``dropped`` counts what was none."""

    def __init__(self) -> None:
        self.dropped = 0
        self._held = bytearray()
        self._lost = False

    def fed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Take bytes and yield each whole frame that they end."""
        for byte in data:
            if byte:
                self._lost = self._lost or len(self._held) >= MOST
                if not self._lost:
                    self._held.append(byte)
                continue
            found = None if self._lost else unframed(bytes(self._held))
            if self._held and found is None:
                self.dropped += 1
            self._held.clear()
            self._lost = False
            if found is not None:
                yield found


class Responder:
    """The other end: does what requests ask for through a transport and gives the bytes of answers to ``send``."""

    def __init__(self, transport: Transport, send: Callable[[bytes], object]) -> None:
        self.splitter = Splitter()
        self._strange = 0  # frames that are whole and no request
        self._transport, self._send = transport, send
        self._last: tuple[tuple[int, int, bytes], bytes] | None = None

    @property
    def dropped(self) -> int:
        """What came and was no request."""
        return self.splitter.dropped + self._strange

    def fed(self, data: bytes) -> None:
        """Take bytes from the line."""
        for request in self.splitter.fed(data):
            if self._last and self._last[0] == request:
                self._send(self._last[1])  # its answer was lost
                continue
            answer = self._answer(*request)
            if answer is None:
                self._strange += 1
                continue
            self._last = request, answer
            self._send(answer)

    def _answer(self, number: int, kind: int, payload: bytes) -> bytes | None:
        try:
            if kind == READ and len(payload) == 4:
                (address,) = struct.unpack("<I", payload)
                value = self.dropped & 0xFFFF if address == DROPPED else self._transport.read(address)
                return framed(number, DONE, struct.pack("<I", value))
            if kind == WRITE and len(payload) == 8:
                self._transport.write(*struct.unpack("<II", payload))
                return framed(number, DONE, b"")
        except BusError:
            return framed(number, ERROR, b"")
        return None

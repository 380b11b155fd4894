"""Noise on the line of a virtual board: ``python -m tests.board.fuzz`` sends a million bytes of it and compares every answer.

Between noise of several kinds stand requests: whole, torn, changed, doubled, some of them strange. Beside the board the
responder of ``sc_hw.driver.frames`` hears the same, with the same design behind its bus in another simulation. Every byte of
every answer, and the count of what was dropped, must be equal. A request is followed by more only when its answer is there.
"""

import argparse
import os
import random
import struct
import sys
import tempfile
import termios
import time
import tty
from pathlib import Path

import sc_hw
from sc_hw.board.virtual import VirtualBoard
from sc_hw.bus.folder import load_bus
from sc_hw.driver.frames import DROPPED, READ, WRITE, Responder, framed
from sc_hw.driver.simulation import Simulation
from sc_hw.manifest import Core, load_core

__all__ = ["Heard", "fuzz", "noise"]

SECONDS = 20.0  # that an answer may take, on a machine however busy


class Heard:
    """What a fuzz saw: ``sent`` bytes, ``answers`` that were equal, ``dropped`` as the board counts it."""

    def __init__(self) -> None:
        self.sent = self.answers = self.dropped = 0


class Beside:
    """The design behind its bus in another simulation: what takes some clocks is over before the next access, as on a line."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def read(self, address: int) -> int:
        try:
            return self._simulation.read(address)
        finally:
            self._simulation.wait(400)

    def write(self, address: int, value: int) -> None:
        try:
            self._simulation.write(address, value)
        finally:
            self._simulation.wait(400)

    def close(self) -> None: ...


def noise(drawn: random.Random, addresses: list[int]) -> bytes:
    """Return some bytes of the line: a request, or anything else."""
    number, address = drawn.randrange(4), drawn.choice(addresses)
    value = struct.pack("<I", drawn.choice((0, 1, 0xFF00, drawn.getrandbits(32))))
    request = framed(number, READ, struct.pack("<I", address))
    if drawn.random() < 0.5:
        request = framed(number, WRITE, struct.pack("<I", address) + value)
    match drawn.randrange(9):
        case 0:
            return drawn.randbytes(drawn.randrange(1, 200))
        case 1:
            return bytes(drawn.choice((0, 0, 1, 2, 11, 15, 255, drawn.randrange(256))) for _ in range(drawn.randrange(1, 60)))
        case 2:  # torn at either end
            return request[drawn.randrange(len(request)) :] + request[: drawn.randrange(len(request))]
        case 3:  # a bit is another
            changed = bytearray(request)
            changed[drawn.randrange(len(request))] ^= 1 << drawn.randrange(8)
            return bytes(changed)
        case 4:  # whole, and no request
            return framed(number, drawn.choice((0, 1, 2, 3, 4, 255)), drawn.randbytes(drawn.randrange(16)))
        case 5:  # a byte is lost or added
            place = drawn.randrange(len(request))
            return request[:place] + drawn.choice((b"", bytes([request[place]]) * 2)) + request[place + 1 :]
        case 6:
            return request * 2  # asked again
        case _:
            return request


def fuzz(core: Core, seed: int, size: int, *, board: VirtualBoard | None = None, patience: float = SECONDS) -> Heard:
    """Send at least ``size`` bytes to a board of a core. Errors: ``AssertionError`` for the first answer that differs."""
    around, drawn, heard = load_bus(core), random.Random(seed), Heard()
    # What has no room, or nothing to give, waits and is then refused: both do that alike. Counters of clocks are left out.
    skipped = {around.layout.map[name].address for name in ("stalls",)}
    addresses = [r.address + 4 * k for r in around.layout.map for k in range(r.count) if r.address not in skipped]
    addresses += [DROPPED, 0xFFFF0000, 0x1000, around.layout.map["enable"].address, 0xF00]
    with Simulation(core, around) as beside, board or VirtualBoard(core, around.layout) as real:
        line = os.open(real.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            tty.setraw(line, termios.TCSANOW)
            due = bytearray()
            responder = Responder(Beside(beside), due.extend)
            # What begins with anything: registers that hold what is written, and memories.
            held = [r.address for tray in around.layout.inlets for r in tray.registers if not r.moves]
            for number, (address, value) in enumerate(
                [*((address, 0) for address in held), (around.layout.map["command"].address, 1)]
            ):
                begin = framed(200 + number, WRITE, struct.pack("<II", address, value))
                responder.fed(begin)
                _send(line, begin)
                assert _taken(line, len(due), patience) == bytes(due), f"seed {seed}: at the beginning"
                due.clear()
            while heard.sent < size:
                data = noise(drawn, addresses)
                pending = bytearray()
                for byte in data:
                    pending.append(byte)
                    responder.fed(bytes([byte]))
                    if due:
                        _send(line, pending)
                        answer = _taken(line, len(due), patience)
                        assert answer == bytes(due), (
                            f"seed {seed}, byte {heard.sent}: {answer.hex()}, not {due.hex()}, to {pending.hex()}"
                        )
                        heard.answers += 1
                        pending.clear()
                        due.clear()
                _send(line, pending)
                heard.sent += len(data)
            _send(line, last := framed(9, READ, struct.pack("<I", DROPPED)))
            responder.fed(last)
            assert _taken(line, len(due), patience) == bytes(due), f"seed {seed}: another count of what was dropped"
            heard.dropped = responder.dropped
            time.sleep(0.05)
            assert _some(line) == b"", f"seed {seed}: an answer that nobody asked for"
        finally:
            os.close(line)
    return heard


def _send(line: int, data: bytes | bytearray) -> None:
    left = bytes(data)
    while left:
        try:
            left = left[os.write(line, left) :]
        except BlockingIOError:
            time.sleep(0.0005)


def _some(line: int) -> bytes:
    try:
        return os.read(line, 4096)
    except BlockingIOError:
        return b""


def _taken(line: int, size: int, patience: float) -> bytes:
    found, deadline = bytearray(), time.monotonic() + patience
    while len(found) < size and time.monotonic() < deadline:
        found += _some(line)
        if not found:
            time.sleep(0.0001)
    return bytes(found)


def main() -> None:
    """Fuzz and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--bytes", type=int, default=10**6)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        heard = fuzz(
            load_core(sc_hw.emit(synapses=16, bus="wishbone", output=Path(place) / "core").folder),
            arguments.seed,
            arguments.bytes,
        )
    print(
        f"{heard.sent:,} bytes, {heard.answers:,} answers equal, {heard.dropped:,} frames dropped and counted, "
        f"{time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())

"""The other ways to the registers: a mapped file, and frames on a serial line with noise on it."""

import os
import pty
import random
import select
import struct
import sys
import threading
import tty

import pytest

from sc_hw.driver import BusError
from sc_hw.driver.frames import DONE, DROPPED, ERROR, MOST, READ, WRITE, Responder, Splitter, framed, unframed
from sc_hw.driver.memory import MemoryMap
from sc_hw.driver.serial import SerialLine
from sc_hw.errors import CheckError, UserError

SEED = 20261129


def test_a_mapped_file_holds_words_lowest_byte_first(tmp_path):
    path = tmp_path / "window"
    path.write_bytes(bytes(8192))
    with MemoryMap(path, offset=4096, size=4096) as window:
        window.write(0x40, 0x12345678)
        window.write(0x44, 0xFFFFFFFF)
        assert (window.read(0x40), window.read(0x44), window.read(0)) == (0x12345678, 0xFFFFFFFF, 0)
        for wrong in (4096, -4, 2):
            with pytest.raises(UserError, match="no word of the window"):
                window.read(wrong)
    content = path.read_bytes()
    assert content[4096 + 0x40 : 4096 + 0x44] == bytes.fromhex("78563412")
    assert not any(content[:4096])


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"offset": 100}, "beginning of a page"), ({"size": 6}, "whole words"), ({"size": 1 << 20}, "cannot be mapped")],
)
def test_a_window_that_is_none_is_refused(tmp_path, settings, said):
    (tmp_path / "window").write_bytes(bytes(4096))
    with pytest.raises(UserError, match=said):
        MemoryMap(tmp_path / "window", **settings)
    with pytest.raises(UserError, match="cannot be mapped"):
        MemoryMap(tmp_path / "nothing")


def test_frames_come_back_and_hold_no_zero():
    drawn = random.Random(SEED)
    for _ in range(2000):
        number, kind = drawn.randrange(256), drawn.randrange(256)
        payload = bytes(drawn.choice((0, 0, 1, 255, drawn.randrange(256))) for _ in range(drawn.randrange(20)))
        frame = framed(number, kind, payload)
        assert frame[0] == frame[-1] == 0
        assert 0 not in frame[1:-1]
        assert unframed(frame[1:-1]) == (number, kind, payload)
        place, bit = drawn.randrange(1, len(frame) - 1), 1 << drawn.randrange(8)
        broken = bytearray(frame)
        broken[place] ^= bit
        assert list(Splitter().fed(bytes(broken))) == [], "a flipped bit is found"


def test_noise_is_dropped_and_frames_behind_it_are_read():
    """A million bytes of noise: nothing in them is a request, and what comes behind is."""
    drawn, splitter, frame = random.Random(SEED), Splitter(), framed(7, READ, struct.pack("<I", 0x40))
    assert list(splitter.fed(frame * 3)) == [(7, READ, struct.pack("<I", 0x40))] * 3
    noise = drawn.randbytes(10**6)
    assert list(splitter.fed(noise)) == []
    assert splitter.dropped > 1000
    assert len(splitter._held) <= MOST
    assert list(splitter.fed(frame)) == [(7, READ, struct.pack("<I", 0x40))]


class Registers:
    """Words at addresses; some are none, and every access is counted."""

    def __init__(self):
        self.words, self.writes = {}, []

    def read(self, address):
        if address >= 0x100:
            raise BusError("no such register")
        return self.words.get(address, 0)

    def write(self, address, value):
        if address >= 0x100:
            raise BusError("no such register")
        self.words[address] = value
        self.writes.append((address, value))

    def close(self):
        pass


@pytest.fixture
def board():
    """A pseudo-terminal with a board behind it, on whose line ``disturbed`` changes what passes in either direction."""
    ends = []

    def start(disturbed=lambda data: data):
        master, slave = pty.openpty()
        tty.setraw(slave)
        registers, stop = Registers(), threading.Event()
        responder = Responder(registers, lambda data: os.write(master, disturbed(data)))

        def serve():
            while not stop.is_set():
                if select.select([master], [], [], 0.02)[0]:
                    responder.fed(disturbed(os.read(master, 1024)))

        thread = threading.Thread(target=serve)
        thread.start()
        ends.append((stop, thread, master, slave))
        return os.ttyname(slave), registers, responder

    yield start
    for stop, thread, *handles in ends:
        stop.set()
        thread.join()
        for handle in handles:
            os.close(handle)


def test_words_over_a_serial_line(board):
    port, registers, _ = board()
    with SerialLine(port) as line:
        for k in range(50):
            line.write(4 * k, k * 0x01010101)
        assert [line.read(4 * k) for k in range(50)] == [k * 0x01010101 for k in range(50)]
        for access in (lambda: line.read(0x100), lambda: line.write(0x100, 1)):
            with pytest.raises(BusError, match="0x100"):
                access()
        assert line.dropped == 0
    assert len(registers.writes) == 50


def test_words_over_a_line_with_noise(board):
    """Bytes are lost, changed and added in both directions: every write is done once and in order, every read is right."""
    drawn = random.Random(SEED)

    def disturbed(data):
        result = bytearray()
        for byte in data:
            match drawn.random():
                case x if x < 0.004:
                    continue
                case x if x < 0.008:
                    result.append(byte ^ 1 << drawn.randrange(8))
                case x if x < 0.012:
                    result += bytes([byte, drawn.randrange(256)])
                case _:
                    result.append(byte)
        return bytes(result)

    port, registers, responder = board(disturbed)
    with SerialLine(port, seconds=0.1, tries=40) as line:
        wanted = [(4 * drawn.randrange(64), drawn.getrandbits(32)) for _ in range(60)]
        for address, value in wanted:
            line.write(address, value)
            assert line.read(address) == value
        assert line.dropped + responder.splitter.dropped > 5, "the noise was heard"
    assert registers.writes == wanted


def test_nobody_answers(board):
    port, *_ = board(lambda _data: b"")
    with SerialLine(port, seconds=0.05, tries=2) as line, pytest.raises(CheckError, match="nobody answered 2 times"):
        line.read(0)
    with pytest.raises(UserError, match="cannot be opened"):
        SerialLine("/dev/there-is-no-such-port")


def test_a_request_that_is_asked_again_is_done_once():
    registers, sent = Registers(), []
    responder = Responder(registers, sent.append)
    request = framed(9, WRITE, struct.pack("<II", 0x40, 5))
    responder.fed(request * 3)
    assert registers.writes == [(0x40, 5)]
    assert len(sent) == 3
    assert len({*sent}) == 1
    responder.fed(framed(10, WRITE, struct.pack("<II", 0x40, 5)))
    assert len(registers.writes) == 2


def test_what_is_no_request_is_dropped_and_counted():
    sent = []
    responder = Responder(Registers(), sent.append)
    responder.fed(b"\0\7\1\2\0")  # torn
    responder.fed(framed(1, 9, b"") + framed(2, READ, b"\0\0"))  # whole, and of no kind, or too short
    responder.fed(framed(3, READ, struct.pack("<I", DROPPED)))
    assert sent == [framed(3, DONE, struct.pack("<I", 3))]
    responder.fed(framed(4, WRITE, struct.pack("<II", DROPPED, 0)))
    assert sent[1:] == [framed(4, ERROR, b"")]


def test_without_pyserial_a_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(UserError, match=r"pip install 'sc-hw\[serial\]'"):
        SerialLine("/dev/ttyUSB0")

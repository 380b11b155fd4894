"""Which registers a design has: those of every design, and those that follow from its streams, whatever these are.

A stream of control into the design has a register for each item but the first, and one of the stream's own name, whose write
sends a beat with that first item. One of several beats a timestep has its beats packed, the first item lowest: several in a
word where a beat has at most half of one, else a beat in as many words as it takes, of which the last sends it. Where the last
beat of a timestep is marked, the mark takes no bit of a word: what sends beats of which the last ends the timestep has
addresses of its own. A stream out of the design has the words of its beat, and a read of the last takes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..rtl.port import Port
from ..rtl.stream import LAST, Item, Stream
from .description import WORD, BitField, Register, RegisterMap

__all__ = ["ABI", "COUNTER", "IDENTITY", "LAST", "MAGIC", "PATIENCE", "Layout", "Tray", "ends", "packing"]

ABI = 2  # a golden file in tests/registers has every address and meaning of it
MAGIC = b"SChw"
IDENTITY = 16  # words of a byte each that say what this is
COUNTER = 16  # bits of a counter
PATIENCE = 255  # clocks that an access waits for a stream before it is answered with an error
_STREAMS = 0x60  # where registers of streams begin
_WINDOW = 4096  # bytes, at least


def packing(items: Sequence[Item]) -> list[tuple[Item, int]]:
    """Return items with the lowest bit of each in a beat: one behind the other, the first lowest."""
    low, found = 0, []
    for item in items:
        found.append((item, low))
        low += item.bits
    return found


def ends(stream: Stream) -> bool:
    """Return whether a beat of a stream says that it is the last."""
    return any(item.name == LAST for item in stream.items)


@dataclass(frozen=True, kw_only=True)
class Tray:
    """How a stream looks from the bus: its registers, and ``beats`` in a word (0 where a beat has words of its own).

    ``ending`` is what sends as the last of ``registers`` does, but beats of which the last ends the timestep.
    """

    stream: Stream
    registers: tuple[Register, ...]
    beats: int = 0
    ending: Register | None = None

    @property
    def name(self) -> str:
        """Of the stream."""
        return self.stream.name

    @property
    def items(self) -> tuple[Item, ...]:
        """What a beat holds in its words: all items but a mark that has an address of its own."""
        return tuple(item for item in self.stream.items if not (self.ending and item.name == LAST))

    @property
    def bits(self) -> int:
        """Bits of a beat in its words."""
        return sum(item.bits for item in self.items)

    @property
    def every(self) -> tuple[Register, ...]:
        """All registers, in the order of their addresses."""
        return (*self.registers, *([self.ending] if self.ending else []))

    @property
    def held_bits(self) -> int:
        """Bits of the beats of a word."""
        return self.beats * self.bits

    @property
    def count_bits(self) -> int:
        """Bits that count the beats of a word."""
        return self.beats.bit_length()

    @property
    def movers(self) -> list[Register]:
        """The registers whose access moves beats."""
        return [register for register in self.every if register.moves]

    @property
    def mover(self) -> Register:
        """The register whose access moves a beat, whether or not there is another for the last."""
        return self.movers[0]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The registers of a design ``name`` with these streams.

    With ``axi_stream`` the streams of several beats a timestep are ports of their own and have no registers. ``title`` says what
    the design is, ``digest`` is the SHA-256 of its manifest, of which the first 64 bits can be read.
    """

    name: str
    title: str
    streams: tuple[Stream, ...]
    axi_stream: bool
    digest: str

    @cached_property
    def trays(self) -> tuple[Tray, ...]:
        """The streams that have registers, those of control first: their addresses are the same with and without ports."""
        found: list[Tray] = []
        address = _STREAMS
        for stream in sorted(self.streams, key=lambda stream: stream.several):
            if stream.several and self.axi_stream:
                continue
            tray = _out(stream, address) if stream.gives else _in(stream, address)
            found.append(tray)
            address = tray.every[-1].end
        return tuple(found)

    @property
    def inlets(self) -> list[Tray]:
        """Those that the bus feeds."""
        return [tray for tray in self.trays if not tray.stream.gives]

    @property
    def outlets(self) -> list[Tray]:
        """Those that the bus empties."""
        return [tray for tray in self.trays if tray.stream.gives]

    @property
    def ports(self) -> list[Stream]:
        """The streams that are AXI4-Stream ports."""
        return [stream for stream in self.streams if stream.several and self.axi_stream]

    @property
    def told(self) -> list[Port]:
        """What the design tells of marks that are not where a timestep ends: bits of the status behind those of the streams."""
        return [port for stream in self.streams for port in stream.signals()]

    @property
    def watched(self) -> list[Stream]:
        """The streams whose results are counted while they wait."""
        return [stream for stream in self.streams if stream.several and stream.gives]

    @property
    def ending(self) -> Stream:
        """The stream whose last beat ends a timestep of the whole; where none says which is the last, there is one a timestep."""
        return ([stream for stream in self.watched if ends(stream)] or self.watched)[-1]

    @property
    def period(self) -> str:
        """What ends with it."""
        return self.ending.period

    @property
    def counter(self) -> str:
        """The register that counts those that ended."""
        return f"{self.period}s"

    @property
    def identity(self) -> bytes:
        """What the words of identity hold, a byte each."""
        return MAGIC + bytes([ABI, 0, 0, 0]) + bytes.fromhex(self.digest[:16])

    @property
    def index_bits(self) -> int:
        """Bits of a byte address that tell registers apart; those above must be 0."""
        return (self.map.registers[-1].end - 1).bit_length()

    @cached_property
    def map(self) -> RegisterMap:
        """The registers."""
        registers = (*_common(self), *(register for tray in self.trays for register in tray.every))
        size = max(_WINDOW, 1 << (registers[-1].end - 1).bit_length())
        return RegisterMap(name=self.name, title=self.title, version=ABI, size=size, registers=registers)


def _common(layout: Layout) -> list[Register]:
    """Return the registers of every design."""
    status = [BitField(name="idle", reset=1, meaning="1: no sweep or host access under way")]
    for low, tray in enumerate(layout.trays, 1):
        meaning = f"1: a beat of {tray.name} can be taken" if tray.stream.gives else f"1: {tray.name} has room for a write"
        status.append(BitField(name=tray.name, low=low, reset=None if tray.stream.gives else 1, meaning=meaning))
    status += [
        BitField(name=port.name, low=low, meaning=f"1: {port.meaning}") for low, port in enumerate(layout.told, len(status))
    ]
    control = [BitField(name="soft_reset", meaning="write 1: reset for a clock; memories keep what they hold; reads as 0")]
    if layout.watched and not layout.axi_stream:
        names = " and ".join(stream.name for stream in layout.watched)
        control.append(BitField(name="drop", low=1, meaning=f"1: take beats of {names} as they come and forget them"))
    happened = (
        BitField(name=layout.period, meaning=f"a {layout.period} ended: its last result was taken"),
        BitField(name="wrong", low=1, meaning="an access was answered with an error: no such register, or not like this"),
        BitField(name="refused", low=2, meaning=f"an access was answered with an error: its stream waited for {PATIENCE} clocks"),
    )

    def whole(bits: int, meaning: str) -> list[BitField]:
        return [BitField(name="value", bits=bits, meaning=meaning)]

    rows: list[tuple[str, str, str, Sequence[BitField]]] = [
        ("control", "rw", "what holds until it is changed", control),
        ("status", "ro", "what is so now", status),
        ("events", "w1c", "what happened; write 1 to clear", happened),
        ("enable", "rw", "which of events raise the interrupt", happened),
        (layout.counter, "ro", f"{layout.counter} that ended since the reset", whole(COUNTER, f"number, modulo 2^{COUNTER}")),
        ("stalls", "ro", "clocks in which a result waited since the reset", whole(COUNTER, f"number, modulo 2^{COUNTER}")),
    ]
    identity = Register(
        name="identity",
        address=0,
        access="ro",
        count=IDENTITY,
        meaning="words 0 to 3: SChw; 4: version of the ABI; 5 to 7: 0; 8 to 15: first bytes of the SHA-256 of manifest.json",
        fields=(BitField(name="byte", bits=8, reset=None, meaning="a byte"),),
    )
    return [identity] + [
        Register(name=name, address=4 * (IDENTITY + k), access=access, meaning=meaning, fields=tuple(fields))
        for k, (name, access, meaning, fields) in enumerate(rows)
    ]


def _in(stream: Stream, address: int) -> Tray:
    """Return the registers of a stream into the design."""
    items = [item for item in stream.items if item.name != LAST]
    bits = sum(item.bits for item in items)
    beats = WORD // bits if stream.several else 0
    if beats > 1:
        count = 1 << (beats - 1).bit_length()
        fields = tuple(
            BitField(
                name=f"{item.name}_{k}", low=k * bits + low, bits=item.bits, signed=item.signed, reset=None, meaning=item.meaning
            )
            for k in range(beats)
            for item, low in packing(items)
        )
        register = Register(
            name=stream.name,
            address=-(-address // (4 * count)) * 4 * count,
            access="wo",
            meaning=f"a write to word k sends the lowest k + 1 beats of {stream.name}, the first lowest",
            fields=fields,
            count=beats,
            stream=stream.name,
            moves=True,
        )
        return Tray(stream=stream, registers=(register,), beats=beats, ending=_ending(stream, register, 4 * count))
    if stream.several:
        words = _words(replace(stream, items=tuple(items)), address, "wo", "sends the beat")
        return Tray(stream=stream, registers=words, ending=_ending(stream, words[-1], 4))
    first, *others = stream.items
    registers: list[Register] = []
    for item in others:
        held = _words(Stream(name=f"{stream.name}_{item.name}", offered="", taken="", items=(item,)), address, "wo", "")
        registers += [
            replace(r, stream=stream.name, meaning=f"{item.name} of {stream.name}{part}, kept until it is written again")
            for r, part in zip(held, _parts(len(held)), strict=True)
        ]
        address = registers[-1].end
    field = BitField(name=first.name, bits=first.bits, signed=first.signed, reset=None, meaning=first.meaning)
    registers.append(
        Register(
            name=stream.name,
            address=address,
            access="wo",
            meaning=f"a write sends {stream.name} with what its other registers hold",
            fields=(field,),
            stream=stream.name,
            moves=True,
        )
    )
    return Tray(stream=stream, registers=tuple(registers))


def _ending(stream: Stream, mover: Register, distance: int) -> Register | None:
    """Return what sends as ``mover`` does, so many bytes behind it, where the last beat of a timestep is marked."""
    if not ends(stream):
        return None
    meaning = f"as {mover.name}; the last of the beats that a write sends is that of its {stream.period}"
    return replace(mover, name=f"{stream.name}_{LAST}", address=mover.address + distance, meaning=meaning)


def _parts(words: int) -> list[str]:
    """Return how words of one value are told apart."""
    return [f", bits from {WORD * k}" for k in range(words)] if words > 1 else [""]


def _out(stream: Stream, address: int) -> Tray:
    """Return the registers of a stream out of the design."""
    several = sum(item.bits for item in stream.items) > WORD
    return Tray(stream=stream, registers=_words(stream, _even(address) if several else address, "ro", "takes the beat"))


def _even(address: int) -> int:
    """Return the next address of a pair of words, of which the lowest bit alone chooses one."""
    return -(-address // 8) * 8


def _words(stream: Stream, address: int, access: str, moves: str) -> tuple[Register, ...]:
    """Return a register for each word of a beat; the last moves it, if ``moves`` says how."""
    bits = sum(item.bits for item in stream.items)
    words = -(-bits // WORD)
    registers = []
    for k in range(words):
        fields = []
        for item, low in packing(stream.items):
            first, last = max(low, k * WORD), min(low + item.bits, (k + 1) * WORD) - 1
            if first > last:
                continue
            part = "" if last - first + 1 == item.bits else f" (bits {last - low} to {first - low})"
            whole = not part
            fields.append(
                BitField(
                    name=item.name,
                    low=first - k * WORD,
                    bits=last - first + 1,
                    signed=item.signed and whole,
                    reset=None,
                    meaning=item.meaning + part,
                )
            )
        moving = bool(moves) and k == words - 1
        verb = "read" if access == "ro" else "write"
        what = f"word {k} of {stream.name}" if words > 1 else f"{stream.name}"
        registers.append(
            Register(
                name=f"{stream.name}_{k}" if words > 1 else stream.name,
                address=address + 4 * k,
                access=access,
                meaning=f"{what}; a {verb} {moves}" if moving else what,
                fields=tuple(fields),
                stream=stream.name if moves else "",
                moves=moving,
            )
        )
    return tuple(registers)

"""The Verilog of a design behind a bus: registers, the bus in front of them, and the top that joins both to the design."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sc_hw_models.rule import index_bits

from ..errors import UserError
from ..registers.description import WORD, Register
from ..registers.layout import COUNTER, LAST, PATIENCE, Layout, Tray, ends, packing
from ..rtl.port import IDLE, Port, input_port, output_port
from ..rtl.stream import Item, Stream
from ..rtl.text import select
from ..rtl.verilog import template_text
from .buses import Bus

__all__ = ["bus_verilog", "top_ports"]

_CLOCKED = (
    input_port("clk", meaning="clock, rising edge"),
    input_port("rst", meaning="synchronous reset of registers and design; memories keep what they hold"),
)
_INTERRUPT = output_port("irq", meaning="one of the events that enable names has happened; a level")


def bus_verilog(layout: Layout, bus: Bus, *, idle: bool = False) -> dict[str, str]:
    """Return the Verilog files around a design by name, the top first; with ``idle`` that tells whether the design rests.

    Errors: ``UserError`` for a name that means two things.
    """
    names = {part: f"{layout.name}_bus{suffix}" for part, suffix in (("top", ""), ("registers", "_registers"), ("port", "_port"))}
    values: dict[str, Any] = {"layout": layout, "bus": bus, "packing": packing, "ends": ends}
    last, high = layout.index_bits, layout.map.address_bits - 1

    def _number(address: str) -> str:
        return f"{address}[{last - 1}:2]"

    def _outside(address: str) -> str:
        return f"|{select(address, high + 1, high, last)}" if last <= high else "1'b0"

    front = (*_CLOCKED, *bus.ports(layout.map.address_bits), *_request(layout, gives=True))
    port = template_text(
        f"bus/{bus.template}.v.j2", module=names["port"], ports=front, number=_number, outside=_outside, **values
    )
    top = template_text(
        "bus/top.v.j2",
        module=names["top"],
        ports=top_ports(layout, bus, idle=idle),
        wires=[(name, bits) for name, bits in _wires(layout) if not (idle and name == IDLE.name)],
        instances=_instances(layout, bus, names),
        carried=_carried,
        bytes=_bytes,
        width=_width,
        tdata=_tdata,
        **values,
    )
    files = {
        f"{names['top']}.v": top,
        f"{names['port']}.v": port,
        f"{names['registers']}.v": _registers(layout, names["registers"], values),
    }
    for text in files.values():
        _check_names(text)
    return files


def _check_names(text: str) -> None:
    """Raise ``UserError`` when a name that a rule's author chose makes one that stands there already."""
    declared: set[str] = set()
    for names in re.findall(r"^ *(?:input +|output +)?(?:wire|reg) +(?:signed +)?(?:\[[^]]*\] +)?([\w, ]+)", text, re.MULTILINE):
        for name in names.replace(",", " ").split():
            if name in declared:
                raise UserError(
                    f"--bus: {name} is what the bus calls a signal of its own; give that input another name in the rule"
                )
            declared.add(name)


def top_ports(layout: Layout, bus: Bus, *, idle: bool = False) -> tuple[Port, ...]:
    """Return the ports of the top: clock, reset, the bus, the interrupt, AXI4-Streams, and whether the design rests if asked."""
    streams = (port for stream in layout.ports for port in _axi_stream(stream))
    return (*_CLOCKED, *bus.ports(layout.map.address_bits), _INTERRUPT, *streams, *([IDLE] if idle else []))


def _request(layout: Layout, *, gives: bool) -> tuple[Port, ...]:
    """Return the ports between bus and registers; the bus ``gives`` requests."""
    forward, back = (output_port, input_port) if gives else (input_port, output_port)
    return (
        forward("request_valid", meaning="an access is asked for"),
        forward("request_write", meaning="1: write; 0: read"),
        forward("request_address", layout.index_bits - 2, meaning="number of the word in the window, its lowest bits"),
        forward("request_outside", meaning="a bit above those is set: there is no register"),
        forward("request_data", WORD, meaning="data to write"),
        forward("request_strobe", 4, meaning="which bytes are written"),
        back("request_done", meaning="the access is done at this clock edge"),
        back("request_error", meaning="with request_done: it is answered with an error"),
        back("request_read", WORD, meaning="with request_done: what was read"),
    )


def _reversed(stream: Stream) -> Iterator[Port]:
    """Yield the ports that face a stream of the design."""
    for port in stream.ports():
        make = output_port if port.direction == "input" else input_port
        yield make(port.name, port.bits, signed=port.signed, meaning=port.meaning)


def _registers(layout: Layout, module: str, values: dict[str, Any]) -> str:
    watched = [stream for stream in layout.ports if stream in layout.watched]
    seen = [
        input_port(f"{s.name}_{name}", meaning=f"{name} of {s.name}, which is looked at")
        for s in watched
        for name in ("valid", "ready", *([LAST] if s == layout.ending and ends(s) else []))
    ]
    ports = (
        *_CLOCKED,
        *_request(layout, gives=False),
        _INTERRUPT,
        output_port("design_rst", meaning="reset of the design"),
        input_port("idle", meaning="no sweep or host access under way"),
        *(port for tray in layout.trays for port in _reversed(tray.stream)),
        *(input_port(port.name, meaning=port.meaning) for port in layout.told),
        *seen,
    )
    drops = any(f.name == "drop" for f in layout.map["control"].fields)
    return template_text(
        "bus/registers.v.j2",
        module=module,
        ports=ports,
        pairs=[
            (pair, f"request_address[{layout.index_bits - 3}:1] == {layout.index_bits - 3}'d{pair}") for pair in _pairs(layout)
        ],
        hits=[(register, _hit(register, layout.index_bits - 2)) for register in layout.map],
        patience=PATIENCE,
        patience_ends=_patience_ends(),
        used=[register.name for register in layout.map if register.writable or register.stream],
        shifted=_shifted,
        beats_sent=_beats_sent,
        held_bits=_held_bits,
        held_bytes=_held_bytes,
        sources=_sources,
        word_of=_word_of,
        drops=drops,
        counter=COUNTER,
        identity=f"{8 * len(layout.identity)}'h{layout.identity[::-1].hex()}",
        status=_concat([(name, 1) for name in ("idle", *map(_ready_name, layout.trays), *(port.name for port in layout.told))]),
        readings=list(_readings(layout, drops)),
        **values,
    )


def _ready_name(tray: Tray) -> str:
    return f"{tray.name}_valid" if tray.stream.gives else f"{tray.name}_room"


def _pairs(layout: Layout) -> list[int]:
    """Return the numbers of the pairs of words in which one stands that can be read."""
    return sorted({register.address // 8 for register in layout.map if register.readable and register.count == 1})


def _readings(layout: Layout, drops: bool) -> Iterator[tuple[str, str]]:
    """Yield when a word or a pair of words is read, and what is read then; the lowest bit of the address chooses."""
    computed = {
        "control": _concat([("1'b0", 1), *([("drop_reg", 1)] if drops else [])]),
        "status": "status",
        "events": _concat([("events_reg", 3)]),
        "enable": _concat([("enable_reg", 3)]),
        layout.counter: _concat([(f"{layout.counter}_reg", COUNTER)]),
        "stalls": _concat([("stalls_reg", COUNTER)]),
    }
    words = {
        r.address // 4: f"word_{r.name}" if r.stream else computed[r.name] for r in layout.map if r.readable and r.count == 1
    }
    for pair in _pairs(layout):
        low, high = (words.get(2 * pair + k) for k in (0, 1))
        yield f"pair_{pair}_reg", f"(odd_reg ? {high} : {low})" if low and high else str(low or high)


def _patience_ends() -> int:
    """Return the value of the register that counts a wait when PATIENCE clocks have passed."""
    value = 1
    for _ in range(PATIENCE - 1):
        value = value << 1 & 0xFF | (value >> 7 ^ value >> 5 ^ value >> 4 ^ value >> 3) & 1
    return value


def _concat(pieces: Sequence[tuple[str, int]]) -> str:
    """Return signals, the first lowest, as a word."""
    left = WORD - sum(bits for _, bits in pieces)
    names = [name for name, _ in reversed(pieces)]
    return _joined([f"{left}'d0", *names] if left else names)


def _joined(pieces: Sequence[str]) -> str:
    """Return signals one behind the other, the first highest."""
    return pieces[0] if len(pieces) == 1 else f"{{{', '.join(pieces)}}}"


def _hit(register: Register, bits: int) -> str:
    """Return whether the number of a word, which has so many bits, is that of a register; of several, the lowest bits count."""
    word, number = "request_address", register.address // 4
    if register.count == 1:
        if register.readable:
            return f"pair_{number // 2} & {word}[0]" if number % 2 else f"pair_{number // 2} & ~{word}[0]"
        return f"{word} == {bits}'d{number}"
    low = index_bits(register.count)
    one = f"{word}[{bits - 1}:{low}] == {bits - low}'d{number >> low}"
    return one if register.count == 1 << low else f"{one} & {word}[{low - 1}:0] < {low}'d{register.count}"


def _beats_sent(tray: Tray) -> str:
    """Return how many beats a write sends: the number of the word among its like, and one."""
    low, wanted = index_bits(tray.beats), tray.count_bits
    number = f"request_address[{low - 1}:0]" if low > 1 else "request_address[0]"
    return f"{f'{{{wanted - low}{chr(39)}d0, {number}}}' if wanted > low else number} + {wanted}'d1"


def _shifted(tray: Tray) -> str:
    """Return what is left of a word when its lowest beat has left."""
    return f"{{{tray.bits}'d0, {select(f'{tray.name}_reg', tray.held_bits, tray.held_bits - 1, tray.bits)}}}"


def _held_bits(register: Register) -> int:
    return max(f.high for f in register.fields) + 1


def _held_bytes(register: Register) -> Iterator[tuple[int, int, int]]:
    """Yield the bytes of what a register holds: number, highest and lowest bit."""
    bits = _held_bits(register)
    if register.moves:
        yield 0, bits - 1, 0  # sent whole
        return
    for low in range(0, bits, 8):
        yield low // 8, min(low + 7, bits - 1), low


def _pieces(items: Sequence[Item], registers: Sequence[Register]) -> Iterator[tuple[Item, list[str]]]:
    """Yield items that are packed into the words of registers, and the bits that hold each, the lowest first."""
    for item, low in packing(items):
        found = []
        for k, register in enumerate(registers):
            first, last = max(low, k * WORD), min(low + item.bits, (k + 1) * WORD) - 1
            if first <= last:
                found.append(select(f"{register.name}_reg", _held_bits(register), last - k * WORD, first - k * WORD))
        yield item, found


def _sources(tray: Tray) -> Iterator[tuple[Item, str]]:
    """Yield what drives each item of a stream whose beat has words of its own."""
    items = tray.items
    if tray.stream.several:
        pairs = list(_pieces(items, tray.registers))
    else:
        pairs = list(_pieces(items[:1], [tray.mover]))
        left = [register for register in tray.registers if not register.moves]
        for item in items[1:]:
            words = -(-item.bits // WORD)
            pairs += _pieces([item], left[:words])
            left = left[words:]
    for item, names in pairs:
        yield item, _joined(names[::-1])


def _word_of(tray: Tray, register: Register) -> str:
    """Return the word of a beat of the design that a register shows."""
    k, pieces = tray.registers.index(register), []
    for item, low in packing(tray.stream.items):
        first, last = max(low, k * WORD), min(low + item.bits, (k + 1) * WORD) - 1
        if first <= last:
            pieces.append((select(f"{tray.name}_{item.name}", item.bits, last - low, first - low), last - first + 1))
    return _concat(pieces)


def _carried(stream: Stream) -> list[Item]:
    """Return the items that travel as data of an AXI4-Stream: all but the one that is tlast."""
    return [item for item in stream.items if item.name != LAST]


def _width(stream: Stream) -> int:
    return sum(item.bits for item in _carried(stream))


def _bytes(stream: Stream) -> int:
    return -(-_width(stream) // 8)


def _tdata(stream: Stream) -> str:
    left = 8 * _bytes(stream) - _width(stream)
    names = [f"{stream.name}_{item.name}" for item in reversed(_carried(stream))]
    return _joined([f"{left}'d0", *names] if left else names)


def _axi_stream(stream: Stream) -> Iterator[Port]:
    """Yield the ports of a stream as AXI4-Stream: items one behind the other, the first lowest, zeros up to a whole byte."""
    give, take = (output_port, input_port) if stream.gives else (input_port, output_port)
    name = f"{'m' if stream.gives else 's'}_axis_{stream.name}"
    places = "; ".join(f"{item.name} from bit {low}" for item, low in packing(_carried(stream)))
    yield give(f"{name}_tvalid", meaning=stream.offered)
    yield take(f"{name}_tready", meaning=stream.taken)
    yield give(f"{name}_tdata", 8 * _bytes(stream), meaning=places)
    if ends(stream):
        yield give(f"{name}_tlast", meaning=f"last beat of the {stream.period}")


def _wires(layout: Layout) -> list[tuple[str, int]]:
    """Return the signals inside the top, with their bits."""
    request = [(port.name, port.bits) for port in _request(layout, gives=True)]
    streams = [(port.name, port.bits) for stream in layout.streams for port in stream.ports()]
    return [*request, ("design_rst", 1), ("idle", 1), *((port.name, 1) for port in layout.told), *streams]


def _instances(layout: Layout, bus: Bus, names: dict[str, str]) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    """Return what stands in the top: module, place, note, and what each pin is on."""
    clocked = [("clk", "clk"), ("rst", "rst")]
    request = [(port.name, port.name) for port in _request(layout, gives=True)]
    around = [(port.name, port.name) for port in bus.ports(layout.map.address_bits)]
    shown = [port for tray in layout.trays for port in tray.stream.ports()]
    seen = [f"{s.name}_{n}" for s in layout.ports if s in layout.watched for n in ("valid", "ready")]
    seen += [f"{s.name}_{LAST}" for s in layout.ports if s == layout.ending and ends(s)]
    told = [(port.name, port.name) for port in layout.told]
    own = [("irq", "irq"), ("design_rst", "design_rst"), ("idle", "idle"), *told]
    streams = [(port.name, port.name) for stream in layout.streams for port in stream.ports()]
    return [
        (names["port"], "bus_port", bus.title, [*clocked, *around, *request]),
        (
            names["registers"],
            "bus_registers",
            "Registers",
            [*clocked, *request, *own, *((port.name, port.name) for port in shown), *((name, name) for name in seen)],
        ),
        (layout.name, "bus_core", "The design", [("clk", "clk"), ("rst", "design_rst"), *streams, *told, ("idle", "idle")]),
    ]

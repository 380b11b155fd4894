"""The proof of a bus and its registers: statements about every access and every beat, by induction.

The design behind is whatever keeps the rules of its streams. What is known of the registers follows from their description once
more, in another form than the template's.
"""

from collections.abc import Iterable
from pathlib import Path

from jinja2 import PackageLoader

from ..proof.sby import Run, harness_script, run_sby
from ..proof.solver import Solver
from ..registers.description import WORD, Register
from ..registers.layout import COUNTER, PATIENCE, Tray, ends, packing
from ..rtl.port import CLOCKED, IDLE
from ..templates import verilog_templates
from .folder import Behind
from .verilog import top_ports

__all__ = ["DEPTH", "harness", "prove_bus"]

DEPTH = 3  # clocks of induction


def prove_bus(
    around: Behind, solver: Solver, folder: Path, *, timeout: float = 600, verilog: dict[str, str] | None = None
) -> Run:
    """Ask a solver whether every statement holds of the bus's Verilog, or of ``verilog`` in its place, in an empty ``folder``."""
    files = {name: text.decode() for name, text in around.verilog.items()} if verilog is None else verilog
    script = harness_script(files, "bus_proof")
    sources = {**files, "proof.sv": harness(around)}
    return run_sby(folder, mode="prove", depth=DEPTH, solver=solver, script=script, files=sources, timeout=timeout)


def harness(around: Behind, *, covers: bool = False) -> str:
    """Return the module that states what is to be proven."""
    layout, bus = around.layout, around.bus
    environment = verilog_templates(PackageLoader("sc_hw.bus", ""))
    environment.globals.update(enumerate=enumerate)
    drops = any(f.name == "drop" for f in layout.map["control"].fields)
    held = [
        (register.name, _words([register]), max(f.high for f in register.fields) + 1)
        for tray in layout.inlets
        for register in tray.registers
        if not register.moves
    ]
    return environment.get_template("proof.sv.j2").render(
        layout=layout,
        ends=ends,
        bus=bus,
        covers=covers,
        drops=drops,
        ports=top_ports(layout, bus),
        design_ports=(*CLOCKED, *(port for stream in layout.streams for port in stream.ports()), *layout.told, IDLE),
        taps=_taps(around, drops, [(name, bits) for name, _, bits in held]),
        patience=PATIENCE,
        patience_values=_patience_values(),
        address_bits=layout.map.address_bits,
        word_bits=layout.map.address_bits - 2,
        number_bits=layout.index_bits - 2,
        readable=_words(r for r in layout.map if r.readable),
        writable=_words(r for r in layout.map if r.writable and not r.moves),
        sending=_words(register for tray in layout.inlets for register in tray.movers),
        words_of=lambda tray: _words(tray.every),
        mover_words=lambda tray: _words(tray.movers),
        ending_words=lambda tray: _words([tray.ending]),
        number=lambda name: layout.map[name].address // 4,
        hits={r.name: _words([r]) for r in layout.map if r.writable or r.stream},
        held=held,
        among=_among,
        beat=_beat,
        beats_sent=_beats_sent,
        readings=_readings(around, drops),
        pairs=sorted({r.address // 8 for r in layout.map if r.readable and r.count == 1}),
    )


def _taps(around: Behind, drops: bool, held: list[tuple[str, int]]) -> dict[str, int]:
    """Return the signals inside that statements speak of, with their bits."""
    layout = around.layout
    found = {"request_valid": 1, "request_write": 1, "request_data": WORD, "request_strobe": 4, "request_done": 1}
    found |= {"request_error": 1, "request_read": WORD, "design_rst": 1, "idle": 1}
    found |= {port.name: port.bits for stream in layout.streams for port in (*stream.ports(), *stream.signals())}
    inside = {
        "patience_reg": 8,
        "decided_reg": 1,
        "known_reg": 1,
        "odd_reg": 1,
        "identity_reg": 8,
        "enable_reg": 3,
        "events_reg": 3,
    }
    inside |= {f"{layout.counter}_reg": COUNTER, "stalls_reg": COUNTER} | ({"drop_reg": 1} if drops else {})
    inside |= {f"{name}_reg": bits for name, bits in held}
    inside |= {f"hit_{r.name}": 1 for r in layout.map if r.writable or r.stream}
    inside |= {f"pair_{r.address // 8}_reg": 1 for r in layout.map if r.readable and r.count == 1}
    for tray in layout.inlets:
        if tray.ending:
            inside[f"{tray.ending.name}_reg"] = 1
        if tray.beats > 1:
            inside |= {f"{tray.name}_reg": tray.held_bits, f"{tray.name}_count_reg": tray.count_bits}
    return found | {f"bus_registers.{name}": bits for name, bits in inside.items()}


def _patience_values() -> list[int]:
    """Return what the register that counts a wait holds after 1, 2, ... clocks of a request."""
    values = [1]
    while len(values) < PATIENCE:
        last = values[-1]
        values.append((last * 2 + (last // 128 + last // 32 + last // 16 + last // 8) % 2) % 256)
    return values


def _words(registers: Iterable[Register]) -> list[int]:
    """Return the numbers of the words of registers."""
    return [register.address // 4 + k for register in registers for k in range(register.count)]


def _among(words: list[int]) -> str:
    """Return whether the word asked for is one of these: runs of them as ranges."""
    runs: list[list[int]] = []
    for word in sorted(words):
        if runs and word == runs[-1][1] + 1:
            runs[-1][1] = word
        else:
            runs.append([word, word])
    tests = [f"word == {low}" if low == high else f"(word >= {low} && word <= {high})" for low, high in runs]
    return f"({' || '.join(tests) or '0'})"


def _beat(tray: Tray) -> str:
    return f"{{{', '.join(f'{tray.name}_{item.name}' for item in reversed(tray.items))}}}"


def _beats_sent(tray: Tray) -> str:
    if tray.beats <= 1:
        return "1"
    *_, first = firsts = [register.address // 4 for register in tray.movers]
    base = f"(word >= {first} ? {first} : {firsts[0]})" if len(firsts) > 1 else str(first)
    return f"(word - {base} + 1)"


def _readings(around: Behind, drops: bool) -> list[tuple[int, str]]:
    """Return what a read of each word gives, by the description: fields at their places."""
    layout = around.layout
    rooms = " | ".join(
        f"(({tray.name}_valid{'' if tray.stream.gives else ' == 0'}) << {_status(around, tray.name)})" for tray in layout.trays
    )
    values = {
        "control": "bus_registers__drop_reg << 1" if drops else "0",
        "status": " | ".join(["idle", rooms, *(f"({port.name} << {_status(around, port.name)})" for port in layout.told)]),
        "events": "bus_registers__events_reg",
        "enable": "bus_registers__enable_reg",
        layout.counter: f"bus_registers__{layout.counter}_reg",
        "stalls": "bus_registers__stalls_reg",
    }
    found = [(layout.map[name].address // 4, value) for name, value in values.items()]
    for tray in layout.outlets:
        for register in tray.registers:
            pieces = []
            for f in register.fields:
                item, low = next((item, low) for item, low in packing(tray.stream.items) if item.name == f.name)
                first = max(low, WORD * tray.registers.index(register)) - low
                pieces.append(f"((({tray.name}_{item.name} >> {first}) & {f.mask >> f.low}) << {f.low})")
            found.append((register.address // 4, " | ".join(pieces)))
    return found


def _status(around: Behind, name: str) -> int:
    return next(f.low for f in around.layout.map["status"].fields if f.name == name)

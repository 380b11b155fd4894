"""A design behind a bus, whatever it is of: its registers, its state as arrays, checkpoints, and beats of its streams."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np

from ..bus.folder import FOLDER, load_bus
from ..errors import CheckError, UserError
from ..folder import npz_bytes
from ..manifest.emitted import Design, Emitted
from ..outlet import write_outlet
from ..reading import read_npz
from ..registers.description import WORD, Register
from ..registers.layout import ABI, MAGIC, Layout, Tray
from ..rtl.bank import Bank
from .beats import Arrays, carried, integers, named
from .transport import BusError, Transport

__all__ = ["SECONDS", "Device", "state_words"]

_CHECKPOINT = "sc-hw/checkpoint/1"
SECONDS = 10.0  # that a stream may take to move a beat: far longer than any sweep
D = TypeVar("D", bound=Design)

_LOAD = "load the design that the folder is of, or give another line or address"


class Device(Generic[D]):
    """A design behind a bus, reached by a transport.

    ``core`` is what was read of its folder, emitted with ``--bus``. State is by part, as ``parts`` names them.
    Errors: ``UserError`` for a design at the other end that is not this folder's, by its digest, and for values of another
    shape or range; ``CheckError`` for a design that does not answer in time.
    """

    def __init__(self, core: Emitted[D], transport: Transport) -> None:
        if not isinstance(core, Emitted):
            raise UserError(f"core: of type {type(core).__name__}; give what load_core or sc_hw.load returns")
        self.core, self.design = core, core.design
        self.layout: Layout = load_bus(core).layout
        self.transport = transport
        self.parts: dict[str, Bank] = self.design.banks
        self._trays = {tray.name: tray for tray in self.layout.trays}
        self._check_identity()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the transport go."""
        self.transport.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {self.core.folder}: {self.design.legend}"

    def _repr_html_(self) -> str:
        return f"<div><strong>{type(self).__name__}</strong> of {escape(f'{self.core.folder}: {self.design.legend}')}</div>"

    # ---- Registers ----

    def get(self, name: str, index: int = 0) -> int:
        """Return what a register holds. Errors: ``KeyError``, ``BusError``."""
        return self.transport.read(self.layout.map[name].address + 4 * index)

    def put(self, name: str, value: int, index: int = 0) -> None:
        """Write a register. Errors: ``KeyError``, ``BusError``."""
        self.transport.write(self.layout.map[name].address + 4 * index, value)

    def registers(self) -> dict[str, int]:
        """Return all registers that can be read without taking a beat, by name; identity is its bytes in a row."""
        plain = [r for r in self.layout.map if r.readable and not r.stream and r.count == 1]
        identity = bytes(self.get("identity", k) & 0xFF for k in range(len(self.layout.identity)))
        return {"identity": int.from_bytes(identity, "big")} | {register.name: self.get(register.name) for register in plain}

    def reset(self) -> None:
        """Make the design idle and set its random registers to their seeds; memories keep what they hold."""
        self.put("control", 1)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return bool(self.get("status") & 1)

    @property
    def stalls(self) -> int:
        """Clocks in which a result waited since the reset, modulo 2^16."""
        return self.get("stalls")

    # ---- State ----

    def _load_part(self, part: str, state: Mapping[str, Any]) -> None:
        """Write the state of all units of a part: an array of integers ``(units,)`` for each field. Errors: ``UserError``."""
        own = self._part(part)
        for unit, word in enumerate(state_words(own, state)):
            self._access(own, unit, write=1, data=word)
        self._settle()

    def _read_part(self, part: str) -> Arrays:
        """Return the state of all units of a part: an array ``(units,)`` for each field. Errors: ``UserError``."""
        own = self._part(part)
        return self._read_units(own, range(own.units))

    def _read_units(self, own: Bank, units: Iterable[int]) -> Arrays:
        """Return the state of some units of a bank: an array for each field."""
        words = []
        for unit in units:
            self._access(own, unit, write=0)
            words.append(self._take(self._trays[f"{own.owner}readback"]))
        result = {}
        for f in own.fields:
            values = [(word >> own.lows[f.name]) & ((1 << f.bits) - 1) for word in words]
            result[f.name] = np.array([v - (1 << f.bits) if f.signed and v > f.maximum else v for v in values], np.int64)
        return result

    # ---- Checkpoints ----

    def save(self, path: Path) -> None:
        """Write the state of all parts, and of which design it is. Errors: ``UserError`` for a path that cannot be written."""
        arrays = {_key(part, name): values for part in self.parts for name, values in self._read_part(part).items()}
        told = json.dumps({"schema": _CHECKPOINT, "manifest_sha256": self.layout.digest})
        arrays["checkpoint"] = np.frombuffer(told.encode(), np.uint8)
        write_outlet(path, npz_bytes(arrays), "checkpoint")

    def restore(self, path: Path) -> None:
        """Load what ``save`` wrote and reset; everything is checked before anything is written. Errors: ``UserError``.

        Random registers cannot be read: they start from their seeds, as the golden model's do after its ``reset``.
        """
        what = "give a file that Driver.save wrote"
        arrays = read_npz(path, option="checkpoint", what=what)
        try:
            told = json.loads(arrays.pop("checkpoint").tobytes())
            schema, digest = told["schema"], told["manifest_sha256"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UserError(f"checkpoint {path}: not one of sc-hw ({error}); {what}") from error
        if (schema, digest) != (_CHECKPOINT, self.layout.digest):
            raise UserError(f"checkpoint {path}: of another design ({str(digest)[:16]}), not of {self.layout.digest[:16]}")
        states = {}
        for part, own in self.parts.items():
            keys = {f.name: _key(part, f.name) for f in own.fields}
            if missing := [key for key in keys.values() if key not in arrays]:
                raise UserError(f"checkpoint {path}: lacks {missing[0]}; {what}")
            states[part] = {name: arrays[key] for name, key in keys.items()}
            state_words(own, states[part])
        for part, state in states.items():
            self._load_part(part, state)
        self.reset()

    # ---- What these are made of ----

    def _check_identity(self) -> None:
        try:
            found = bytes(self.get("identity", k) & 0xFF for k in range(len(self.layout.identity)))
        except BusError as error:
            raise UserError(f"no design of sc-hw at this address ({error}); {_LOAD}") from error
        if not found.startswith(MAGIC):
            raise UserError(f"no design of sc-hw at this address: it says {found[:4].hex()}, not {MAGIC.hex()}; {_LOAD}")
        if found[4] != ABI:
            raise UserError(f"a design of ABI {found[4]}; this driver speaks {ABI}; use the driver that came with it")
        if found != self.layout.identity:
            raise UserError(
                f"another design: it has digest {found[8:].hex()}, {self.core.folder} {self.layout.digest[:16]}; give its folder"
            )

    def _part(self, part: str) -> Bank:
        if part not in self.parts:
            raise UserError(f"part {part!r}: unknown; allowed are {', '.join(map(repr, self.parts))}")
        return self.parts[part]

    def _needs_registers(self) -> None:
        if self.layout.axi_stream:
            names = " and ".join(stream.name for stream in self.layout.ports)
            raise UserError(
                f"{self.core.folder / FOLDER}: {names} go through AXI4-Stream; feed these, or emit with --bus-streams registers"
            )

    def _results(self) -> list[Tray]:
        return [tray for tray in self.layout.outlets if tray.stream.several]

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        """Let results go as they come, until everything has settled. Errors: ``CheckError``."""
        drop = next(f.mask for f in self.layout.map["control"].fields if f.name == "drop")
        self.put("control", drop)
        try:
            yield
            self._settle()
        finally:
            self.put("control", 0)

    def _check_marks(self, status: int) -> None:
        """Raise ``CheckError`` where the design tells that a timestep had another number of beats than it counts."""
        for port in self.layout.told:
            if self._bit(status, port.name):
                raise CheckError(f"{port.name}: {port.meaning}")

    def _bit(self, status: int, name: str) -> bool:
        field = next(f for f in self.layout.map["status"].fields if f.name == name)
        return bool(status >> field.low & 1)

    def _access(self, own: Bank, unit: int, **items: int) -> None:
        address, lane = divmod(unit, own.lanes)
        self._send(self._trays[f"{own.owner}host"], {"lane": lane, "address": address, **own.chosen, **items})

    def _send(self, tray: Tray, items: Mapping[str, int]) -> None:
        """Send a beat of a stream of control."""
        first, *others = tray.stream.items
        registers = iter(tray.registers)
        for item in others:
            if item.name not in items:  # of no meaning in this beat
                for _ in range(-(-item.bits // WORD)):
                    next(registers)
                continue
            value = int(items[item.name]) & ((1 << item.bits) - 1)
            for _ in range(-(-item.bits // WORD)):
                self._patient(next(registers), 0, value & 0xFFFFFFFF)
                value >>= WORD
        self._patient(next(registers), 0, int(items[first.name]))

    def _send_beats(self, tray: Tray, waiting: list[int]) -> None:
        """Send the first beats of those that wait: as many as a write does, none behind one that is marked as the last."""
        if tray.beats:
            now = [carried(tray, beat) for beat in waiting[: tray.beats]]
            count = next((k for k, (_, last) in enumerate(now, 1) if last), len(now))
            del waiting[:count]
            word = sum(beat << k * tray.bits for k, (beat, _) in enumerate(now[:count]))
            self._patient(tray.ending if tray.ending and now[count - 1][1] else tray.registers[0], count - 1, word)
            return
        beat, last = carried(tray, waiting.pop(0))
        sending = tray.ending if tray.ending and last else tray.registers[-1]
        for k, register in enumerate((*tray.registers[:-1], sending)):
            self._patient(register, 0, beat >> k * WORD & 0xFFFFFFFF)

    def _take(self, tray: Tray) -> int:
        """Return the next beat of a stream out of the design."""
        beat = 0
        for k, register in enumerate(tray.registers):
            beat |= self._patient(register) << k * WORD
        return beat & ((1 << tray.bits) - 1)

    def _patient(self, register: Register, index: int = 0, value: int | None = None) -> int:
        """Read or write a register of a stream, again when the stream was not ready in time. Errors: ``CheckError``."""
        deadline = time.monotonic() + SECONDS
        refused = next(f.mask for f in self.layout.map["events"].fields if f.name == "refused")
        while True:
            try:
                if value is None:
                    return self.transport.read(register.address)
                self.transport.write(register.address + 4 * index, value)
                return 0
            except BusError:
                if not self.get("events") & refused:
                    raise
                self.put("events", refused)
                if time.monotonic() > deadline:
                    self._check_marks(self.get("status"))
                    raise CheckError(f"{register.name}: its stream did not move in {SECONDS:g} s") from None

    def _settle(self) -> None:
        """Wait until nothing is under way. Errors: ``CheckError``."""
        rooms = [tray.name for tray in self.layout.inlets]
        deadline = time.monotonic() + SECONDS
        while True:
            status = self.get("status")
            self._check_marks(status)
            if status & 1 and all(self._bit(status, name) for name in rooms):
                return
            if time.monotonic() > deadline:
                raise CheckError(f"the design is not idle after {SECONDS:g} s: status is {status:#x}")


def _key(part: str, field: str) -> str:
    """Return what a checkpoint calls a field of a part."""
    return f"{part}{'.' if part and not part.endswith('_') else ''}{field}"


def state_words(own: Bank, state: Mapping[str, Any]) -> list[int]:
    """Return the state words of all units. Errors: ``UserError`` for arrays of another name, shape or range."""
    words = np.zeros(own.units, object)
    state = named("state", state, (f.name for f in own.fields))
    for f in own.fields:
        values = integers(f"state {f.name}", state[f.name], own.units, f.minimum, f.maximum)
        words += (values.astype(object) & ((1 << f.bits) - 1)) << own.lows[f.name]
    return [int(word) for word in words]

"""The driver of a design behind a bus: its state as arrays, timesteps, checkpoints."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..bus.folder import FOLDER, load_bus
from ..errors import CheckError, UserError
from ..folder import npz_bytes
from ..manifest import Core, load_core
from ..outlet import write_outlet
from ..reading import read_npz
from ..registers.description import WORD, Register
from ..registers.layout import ABI, LAST, MAGIC, Layout, Tray, packing
from ..rtl.design import CoreDesign
from .beats import Arrays, gathered, planned
from .transport import BusError, Transport

__all__ = ["Driver"]

_CHECKPOINT = "sc-hw/checkpoint/1"
_SECONDS = 10.0  # that a stream may take to move a beat: far longer than any sweep


class Driver:
    """A design behind a bus, reached by a transport.

    ``core`` is the emitted folder, with ``--bus``, or what was read of it. State is by part: ``""`` is the design's own, others
    are what begins the names of their streams, such as neurons' in front of synapses. Errors: ``UserError`` for a design at
    the other end that is not this folder's, by its digest, and for values of another shape or range; ``CheckError`` for
    a design that does not answer in time.
    """

    def __init__(self, core: Core | Path, transport: Transport) -> None:
        self.core = core if isinstance(core, Core) else load_core(core)
        self.layout: Layout = load_bus(self.core).layout
        self.transport = transport
        self._trays = {tray.name: tray for tray in self.layout.trays}
        self.parts: dict[str, CoreDesign] = dict(self.core.design.parts.values()) or {"": self.core.design}
        self._check_identity()

    # ---- Registers ----

    def get(self, name: str, index: int = 0) -> int:
        """Return what a register holds. Errors: ``KeyError``, ``BusError``."""
        return self.transport.read(self.layout.map[name].address + 4 * index)

    def put(self, name: str, value: int, index: int = 0) -> None:
        """Write a register. Errors: ``KeyError``, ``BusError``."""
        self.transport.write(self.layout.map[name].address + 4 * index, value)

    def reset(self) -> None:
        """Make the design idle and set its random registers to their seeds; memories keep what they hold."""
        self.put("control", 1)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return bool(self.get("status") & 1)

    @property
    def timesteps(self) -> int:
        """Timesteps that ended since the reset, modulo 2^16."""
        return self.get("timesteps")

    @property
    def stalls(self) -> int:
        """Clocks in which a result waited since the reset, modulo 2^16."""
        return self.get("stalls")

    # ---- State ----

    def clear(self) -> None:
        """Set every state field to its reset value and every random register to its seed."""
        for tray in self._commands():
            self._send(tray, {item.name: int(item is tray.stream.items[0]) for item in tray.stream.items})
        self._settle()

    def load(self, state: Mapping[str, np.ndarray], part: str = "") -> None:
        """Write the state of all synapses or neurons of a part: an array of integers for each field. Errors: ``UserError``."""
        own = self._part(part)
        for synapse, word in enumerate(_words(own, state)):
            self._access(part, own, synapse, write=1, data=word)
        self._settle()

    def read(self, part: str = "") -> Arrays:
        """Return the state of all synapses or neurons of a part: an array ``(units,)`` for each field. Errors: ``UserError``."""
        own = self._part(part)
        positions, words = own.spec.positions(), []
        for synapse in range(own.synapses):
            self._access(part, own, synapse, write=0)
            words.append(self._take(self._trays[f"{part}readback"]))
        result = {}
        for f in own.spec.state:
            values = [(word >> positions[f.name]) & ((1 << f.bits) - 1) for word in words]
            result[f.name] = np.array([v - (1 << f.bits) if f.signed and v > f.maximum else v for v in values], np.int64)
        return result

    # ---- Timesteps ----

    def step(self, inputs: Mapping[str, Any]) -> Arrays:
        """Play one timestep and return its outputs, an array for each output of each part, as its stream names it.

        ``inputs`` are as the golden model takes them: an array for each input of synapses or neurons, an integer for each of the
        timestep. What a core skipped is 0, and told by the array ``skipped``. Errors: ``UserError``.
        """
        beats, command = planned(self.core.design, self.layout, inputs)
        self._needs_registers()
        left = {name: list(found) for name, found in beats.items()}
        got: dict[str, list[int]] = {tray.name: [] for tray in self._results()}
        ending = {tray.name for tray in self._results()}
        for tray in self._commands():
            self._send(tray, command)
        deadline = time.monotonic() + _SECONDS
        while ending or any(left.values()):
            status = self.get("status")
            moved = False
            for name, waiting in left.items():
                if waiting and self._bit(status, name):
                    self._send_beats(self._trays[name], waiting)
                    moved = True
            for tray in self._results():
                if self._bit(status, tray.name) and tray.name in ending:
                    got[tray.name].append(beat := self._take(tray))
                    moved = True
                    if beat >> _low(tray, LAST) & 1:
                        ending.discard(tray.name)
            if moved:
                deadline = time.monotonic() + _SECONDS
            elif time.monotonic() > deadline:
                raise CheckError(f"no beat moved in {_SECONDS:g} s: status is {status:#x}")
        return gathered(self.core.design, self.layout, got)

    def learn(self, inputs: Mapping[str, Any]) -> None:
        """Play timesteps, whose inputs have a first axis for them, and let their results go: as fast as the bus does it.

        Errors: ``UserError``.
        """
        self._needs_registers()
        steps = {len(np.asarray(values)) for values in inputs.values()}
        if len(steps) > 1:
            raise UserError(f"inputs: of {', '.join(map(str, sorted(steps)))} timesteps; give as many of each")
        planned_steps = [
            planned(self.core.design, self.layout, {name: values[k] for name, values in inputs.items()})
            for k in range(steps.pop() if steps else 0)
        ]
        self.put("control", 2)
        try:
            for beats, command in planned_steps:
                for tray in self._commands():
                    self._send(tray, command)
                left = {name: list(found) for name, found in beats.items()}
                while any(left.values()):
                    for name, waiting in left.items():
                        if waiting:
                            self._send_beats(self._trays[name], waiting)
            self._settle()
        finally:
            self.put("control", 0)

    # ---- Checkpoints ----

    def save(self, path: Path) -> None:
        """Write the state of all parts, and of which design it is. Errors: ``UserError`` for a path that cannot be written."""
        arrays = {f"{part}{name}": values for part in self.parts for name, values in self.read(part).items()}
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
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"checkpoint {path}: not one of sc-hw ({error}); {what}") from error
        if (schema, digest) != (_CHECKPOINT, self.layout.digest):
            raise UserError(f"checkpoint {path}: of another design ({str(digest)[:16]}), not of {self.layout.digest[:16]}")
        states = {}
        for part, own in self.parts.items():
            fields = [f.name for f in own.spec.state]
            if missing := [name for name in fields if f"{part}{name}" not in arrays]:
                raise UserError(f"checkpoint {path}: lacks {part}{missing[0]}; {what}")
            states[part] = {name: arrays[f"{part}{name}"] for name in fields}
            _words(own, states[part])
        for part, state in states.items():
            self.load(state, part)
        self.reset()

    # ---- What these are made of ----

    def _check_identity(self) -> None:
        try:
            found = bytes(self.get("identity", k) & 0xFF for k in range(len(self.layout.identity)))
        except BusError as error:
            raise UserError(f"no design of sc-hw at this address ({error})") from error
        if not found.startswith(MAGIC):
            raise UserError(f"no design of sc-hw at this address: it says {found[:4].hex()}, not {MAGIC.hex()}")
        if found[4] != ABI:
            raise UserError(f"a design of ABI {found[4]}; this driver speaks {ABI}; use the driver that came with it")
        if found != self.layout.identity:
            raise UserError(
                f"another design: it has digest {found[8:].hex()}, {self.core.folder} {self.layout.digest[:16]}; give its folder"
            )

    def _part(self, part: str) -> CoreDesign:
        if part not in self.parts:
            raise UserError(f"part {part!r}: unknown; allowed are {', '.join(map(repr, self.parts))}")
        return self.parts[part]

    def _needs_registers(self) -> None:
        if self.layout.axi_stream:
            raise UserError(
                f"{self.core.folder / FOLDER}: spikes and results go through AXI4-Stream; feed these, or emit with "
                "--bus-streams registers"
            )

    def _commands(self) -> list[Tray]:
        return [tray for tray in self.layout.inlets if tray.stream.name.endswith("command")]

    def _results(self) -> list[Tray]:
        return [tray for tray in self.layout.outlets if tray.stream.several]

    def _bit(self, status: int, name: str) -> bool:
        field = next(f for f in self.layout.map["status"].fields if f.name == name)
        return bool(status >> field.low & 1)

    def _access(self, part: str, own: CoreDesign, synapse: int, **items: int) -> None:
        address, lane = divmod(synapse, own.lanes)
        self._send(self._trays[f"{part}host"], {"lane": lane, "address": address, **items})

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
        """Send the first beats of those that wait: as many as a write does."""
        if tray.beats:
            now = waiting[: tray.beats]
            del waiting[: tray.beats]
            word = sum(beat << k * tray.bits for k, beat in enumerate(now))
            self._patient(tray.registers[0], len(now) - 1, word)
            return
        beat = waiting.pop(0)
        for k, register in enumerate(tray.registers):
            self._patient(register, 0, beat >> k * WORD & 0xFFFFFFFF)

    def _take(self, tray: Tray) -> int:
        """Return the next beat of a stream out of the design."""
        beat = 0
        for k, register in enumerate(tray.registers):
            beat |= self._patient(register) << k * WORD
        return beat & ((1 << tray.bits) - 1)

    def _patient(self, register: Register, index: int = 0, value: int | None = None) -> int:
        """Read or write a register of a stream, again when the stream was not ready in time. Errors: ``CheckError``."""
        deadline = time.monotonic() + _SECONDS
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
                    raise CheckError(f"{register.name}: its stream did not move in {_SECONDS:g} s") from None

    def _settle(self) -> None:
        """Wait until nothing is under way. Errors: ``CheckError``."""
        rooms = [tray.name for tray in self.layout.inlets]
        deadline = time.monotonic() + _SECONDS
        while True:
            status = self.get("status")
            if status & 1 and all(self._bit(status, name) for name in rooms):
                return
            if time.monotonic() > deadline:
                raise CheckError(f"the design is not idle after {_SECONDS:g} s: status is {status:#x}")


def _words(own: CoreDesign, state: Mapping[str, np.ndarray]) -> list[int]:
    """Return the state words of all units. Errors: ``UserError`` for arrays of another name, shape or range."""
    words, positions = np.zeros(own.synapses, object), own.spec.positions()
    if different := {f.name for f in own.spec.state} ^ state.keys():
        raise UserError(f"state: {', '.join(sorted(different))}; give exactly {', '.join(f.name for f in own.spec.state)}")
    for f in own.spec.state:
        values = np.asarray(state[f.name])
        fits = values.shape == (own.synapses,) and values.dtype.kind in "iu"
        if not fits or np.any((values < f.minimum) | (values > f.maximum)):
            raise UserError(f"state {f.name}: give {own.synapses} integers of {f.minimum}..{f.maximum}")
        words += (values.astype(object) & ((1 << f.bits) - 1)) << positions[f.name]
    return [int(word) for word in words]


def _low(tray: Tray, name: str) -> int:
    return next(low for item, low in packing(tray.stream.items) if item.name == name)

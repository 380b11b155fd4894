"""The driver of a core, layer or crossbar behind a bus: timesteps, beside all that every device has."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CheckError, UserError
from ..manifest import Core, load_core
from ..registers.layout import LAST, Tray, packing
from ..rtl.design import CoreDesign
from .beats import Arrays, array_of, gathered, named, planned
from .device import SECONDS, Device
from .transport import Transport

__all__ = ["Driver"]


class Driver(Device[CoreDesign]):
    """A core, layer or crossbar behind a bus, reached by a transport.

    ``core`` is the emitted folder, with ``--bus``, or what was read of it. Its parts: ``""`` is the design's own state, others
    are what begins the names of their streams, such as neurons' in front of synapses. Errors: those of ``Device``.
    """

    def __init__(self, core: Core | Path, transport: Transport) -> None:
        super().__init__(load_core(Path(core)) if isinstance(core, str | Path) else core, transport)

    @property
    def timesteps(self) -> int:
        """Timesteps that ended since the reset, modulo 2^16."""
        return self.get(self.layout.counter)

    def clear(self) -> None:
        """Set every state field to its reset value and every random register to its seed."""
        for tray in self._commands():
            self._send(tray, {item.name: int(item is tray.stream.items[0]) for item in tray.stream.items})
        self._settle()

    def load(self, state: Mapping[str, np.ndarray], part: str = "") -> None:
        """Write the state of all synapses or neurons of a part: an array of integers for each field. Errors: ``UserError``."""
        self._load_part(part, state)

    def read(self, part: str = "") -> Arrays:
        """Return the state of all synapses or neurons of a part: an array ``(units,)`` for each field. Errors: ``UserError``."""
        return self._read_part(part)

    def some(self, part: str, first: int, last: int) -> Arrays:
        """Return what ``read`` does, of units ``first`` to ``last - 1``: for those who watch. Errors: ``UserError``."""
        own = self._part(part)
        if not 0 <= first <= last <= own.units:
            raise UserError(f"units {first} to {last - 1}: of part {part!r} there are 0..{own.units - 1}")
        return self._read_units(own, range(first, last))

    def step(self, inputs: Mapping[str, Any]) -> Arrays:
        """Play one timestep and return its outputs, an array for each output of each part, as its stream names it.

        ``inputs`` are as the golden model takes them: an array for each input of synapses or neurons, an integer for each of the
        timestep. What a core skipped is 0, and told by the array ``skipped``. Errors: ``UserError``; ``CheckError`` where beats
        do not move, or the design tells of a timestep with another number of them.
        """
        beats, command = planned(self.design, self.layout, inputs)
        self._needs_registers()
        left = {name: list(found) for name, found in beats.items()}
        got: dict[str, list[int]] = {tray.name: [] for tray in self._results()}
        ending = {tray.name for tray in self._results()}
        for tray in self._commands():
            self._send(tray, command)
        deadline = time.monotonic() + SECONDS
        while ending or any(left.values()):
            status = self.get("status")
            self._check_marks(status)
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
                deadline = time.monotonic() + SECONDS
            elif time.monotonic() > deadline:
                raise CheckError(f"no beat moved in {SECONDS:g} s: status is {status:#x}")
        return gathered(self.design, self.layout, got)

    def learn(self, inputs: Mapping[str, Any]) -> None:
        """Play timesteps, whose inputs have a first axis for them, and let their results go: as fast as the bus does it.

        Errors: as those of ``step``.
        """
        self._needs_registers()
        given = named("inputs", inputs, (f.name for f in self.design.inputs()))
        inputs = {name: array_of(f"input {name}", values) for name, values in given.items()}
        steps = {len(values) if values.ndim else 0 for values in inputs.values()}
        if len(steps) > 1 or not all(values.ndim for values in inputs.values()):
            raise UserError(
                f"inputs: of {', '.join(map(str, sorted(steps)))} timesteps; give as many of each, along a first axis"
            )
        planned_steps = [
            planned(self.design, self.layout, {name: values[k] for name, values in inputs.items()})
            for k in range(steps.pop() if steps else 0)
        ]
        with self._dropping():
            for beats, command in planned_steps:
                for tray in self._commands():
                    self._send(tray, command)
                left = {name: list(found) for name, found in beats.items()}
                while any(left.values()):
                    for name, waiting in left.items():
                        if waiting:
                            self._send_beats(self._trays[name], waiting)

    def _commands(self) -> list[Tray]:
        return [tray for tray in self.layout.inlets if tray.stream.name.endswith("command")]


def _low(tray: Tray, name: str) -> int:
    return next(low for item, low in packing(tray.stream.items) if item.name == name)

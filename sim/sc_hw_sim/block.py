"""The bench of a block alone: it drives its streams, takes what it gives under stalls, and compares every beat with the model."""

import copy
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from cocotb.triggers import Timer

from sc_hw_models.blocks import get_block
from sc_hw_models.blocks.block import Beats, Flow, Timestep
from sc_hw_models.rule import Field

from .blocks import get_stimulus
from .streams import CLOCK_PERIOD, Stream, arm, begin, clocks, contradictions

__all__ = ["BlockBench", "BlockMismatchError"]

_PATIENCE = 1000  # clocks in which something must move
_SLOW = 8  # clocks that a beat may take, stalls and all
_STILL = 64  # clocks after which nothing moves any more while no beat is taken
_SEVERAL = 6  # timesteps at once, at most
_BEATS = 20_000  # of a timestep, from which on it is played alone
_CUT, _HELD = 0.3, 0.15  # how often a reset comes in the middle of timesteps, and how often nothing is taken at first
_PRIMED = 0.3  # how often a beat is offered while a reset lasts, for after it
_STALLS = (0.0, 0.0, 0.1, 0.5, 0.9)
_NOTHING = Field(name="nothing", bits=1)  # what a beat without fields is made of


class BlockMismatchError(Exception):
    """A block gave, took or told something else than its golden model."""


class BlockBench:
    """Plays a block for ``steps`` whole timesteps, among resets; ``plan`` has its golden model, settings and seed.

    What comes of timesteps in whose middle a reset comes is compared as far as it came.
    """

    def __init__(self, dut: Any, plan: Mapping[str, Any]) -> None:
        begin(0)
        self._dut, self._steps = dut, int(plan["steps"])
        self._generator = np.random.default_rng([plan["seed"]])
        self._model = get_block(plan["golden"])(**plan["settings"])
        self._stimulus = get_stimulus(plan["golden"])(self._model, self._generator)
        self._flows: dict[str, Flow] = {flow.name: flow for flow in self._model.flows}
        self._order = self._stimulus.order
        told = "_last_unexpected"
        self._checked = [port.removesuffix(told) for port in self._model.told if port.endswith(told)]  # streams with marks
        self._sinks = {name: Stream(0, name, flow.fields) for name, flow in self._flows.items() if flow.gives}
        # What a source holds: the fields of its beats, and of how many others they wait for. Of what the block gives, that alone.
        self._sources = {
            name: Stream(0, f"{name}.permit" if flow.gives else name, self._fields(name) or [_NOTHING])
            for name, flow in self._flows.items()
            if not flow.gives or name in self._order
        }
        self._moves = {name: Stream(0, f"{name}.moves", [_NOTHING]) for name in self._flows}
        self._moved: dict[str, int] = {}  # beats of whole timesteps since the last reset
        self._wanted: dict[str, list[Beats]] = {}
        self._given: list[Timestep] = []
        self._contradictions = 0
        self.counts = {"timesteps": 0, "beats": 0, "resets": 0, "held": 0}

    def _fields(self, name: str) -> list[Field]:
        flow = self._flows[name]
        waits = [Field(name=f"after_{other}", bits=32) for other in self._order.get(name, ())]
        return [*(() if flow.gives else flow.fields), *waits]

    async def run(self, progress: Callable[[int], None]) -> None:
        """Play all timesteps; raises ``BlockMismatchError`` at the first difference."""
        started = clocks(0)
        if self._checked:
            self._dut.trap.value = 0  # a run before may have ended with it
        await self._reset(power_up=True)
        self._contradictions = contradictions(0)  # of what a run before left, a block tells until then
        await self._reset_in_breaches()
        while (left := self._steps - self.counts["timesteps"]) > 0:
            self._stall()
            if not self._given and self._generator.random() < _HELD:
                progress(await self._held(min(left, int(self._generator.integers(1, 3)))))
                continue
            if not self._given:  # else it was offered in a reset
                self._ask(min(left, int(self._generator.integers(1, _SEVERAL + 1))))
            if self._generator.random() < _CUT:
                beats = sum(beats.count for wanted in self._given for beats in wanted.values())
                await self._clocks(int(self._generator.integers(1, 2 * beats + 16)))
                await self._reset()
                continue
            count = len(self._given)
            await self._finish()
            self.counts["timesteps"] += count
            progress(count)
        self.counts["clocks"] = clocks(0) - started

    def _stall(self, *, flowing: bool | None = None) -> None:
        """Choose gaps and backpressure of every stream; often none anywhere."""
        flowing = self._generator.random() < 0.3 if flowing is None else flowing
        fed = [stream for name, stream in self._sources.items() if not self._flows[name].gives]
        for stream in (*fed, *self._sinks.values()):
            often = 0.0 if flowing else float(self._generator.choice(_STALLS))
            stream.stall(often, int(self._generator.integers(1 << 62)))

    def _ask(self, count: int, wrong: tuple[str, bool] | None = None) -> None:
        """Draw timesteps, let the model play them, and queue their beats.

        ``wrong`` is the stream whose mark, and none before, is wrong in the last of them, and whether it is missing or early.
        """
        for turn in range(count):
            given = self._stimulus.timestep()
            if wrong:
                self._mark(given, wrong if turn == count - 1 else None)
            out = self._model.play(given)
            beats = {**given, **out}
            waits = self._stimulus.waits(given, out)
            for name, stream in self._sources.items():
                self._load(stream, name, beats[name], waits.get(name))
            for name, stream in self._moves.items():
                stream.expect(beats[name].count)
                self._moved[name] += beats[name].count
            for name in self._sinks:
                self._wanted[name].append(out[name])
            self._given.append(given)
            if turn + 1 < count and sum(one.count for one in beats.values()) > _BEATS:
                return

    def _mark(self, given: Mapping[str, Beats], wrong: tuple[str, bool] | None) -> None:
        for name in self._checked:
            last, missing = given[name].columns["last"], wrong == (name, True)
            last[:] = 0
            last[-1] = not missing
            if wrong == (name, False):
                last[int(self._generator.integers(len(last) - 1))] = 1

    async def _reset_in_breaches(self) -> None:
        """Reset the block in the clock in which a wrong mark is counted, of each stream and kind: it tells nothing of it."""
        for name, missing, stalled in product(self._checked, (False, True), (False, True)):
            if self._stimulus.timestep()[name].count == 1 and not missing:
                continue  # none is early
            self._stall(flowing=not stalled)
            self._dut.trap.value = 1
            self._ask(2, (name, missing))
            await self._clocks(_SLOW * sum(one.count for given in self._given for one in given.values()))
            self._dut.rst.value, self._dut.trap.value = 1, 0
            await self._reset()

    def _load(self, stream: Stream, name: str, beats: Beats, waits: np.ndarray | None) -> None:
        own = () if self._flows[name].gives else self._flows[name].fields
        columns = [beats.columns[f.name] for f in own]
        if waits is not None:
            columns += list((waits + np.array([self._moved[other] for other in self._order[name]])).T)
        if beats.count:
            stream.load(columns or [np.zeros(beats.count, np.uint8)])

    async def _finish(self) -> None:
        """Wait until all that was asked for has moved, and a little longer, and compare it."""
        arm(0, _PATIENCE)
        await self._dut.wake.value_change
        for stream in self._sinks.values():
            stream.stall(0.0, 1)  # what comes too often comes now
        await self._clocks(int(self._generator.integers(4, 20)))
        self._compare(whole=True)
        for port, value in self._model.told.items():
            self._check_told(port, value, "when all has left")
        self._flush()

    async def _held(self, steps: int) -> int:
        """Take nothing of some timesteps, see how far the block gets, and what it then tells; then take all.

        Returns how many timesteps it was.
        """
        for stream in self._sinks.values():
            stream.stall(1.0, 1)
        before = copy.deepcopy(self._model)
        self._ask(steps)
        held = before.held(self._given)
        arm(0, _STILL * 16)
        await self._dut.wake.value_change
        for name, count in held.moved.items():
            if (found := self._moves[name].left) != count:
                raise BlockMismatchError(f"{self._when()}: while none is taken, {found} beats of {name} move, should be {count}")
        for port, value in held.told.items():
            self._check_told(port, value, "while no beat is taken")
        self._stall()
        played = len(self._given)
        await self._finish()
        self.counts["held"] += 1
        self.counts["timesteps"] += played
        return played

    async def _reset(self, *, power_up: bool = False) -> None:
        """Hold reset for one clock or a few and compare what came before it; what did not is dropped.

        Now and then the next beats are offered meanwhile: no reset takes them.
        """
        self._dut.rst.value = 1
        await self._clocks(int(self._generator.integers(1, 5)))
        if not power_up:
            self._compare(whole=False)
            self.counts["resets"] += 1
        self._flush()
        self._model.reset()
        self._moved = dict.fromkeys(self._flows, 0)
        if self._generator.random() < _PRIMED:
            self._dut.prime.value = 1
            self._ask(1)
            await self._clocks(2)
            self._dut.prime.value = 0
        self._dut.rst.value = 0

    def _flush(self) -> None:
        for stream in (*self._sources.values(), *self._sinks.values(), *self._moves.values()):
            stream.flush()
        self._wanted, self._given = {name: [] for name in self._sinks}, []

    async def _clocks(self, count: int) -> None:
        await Timer(count * CLOCK_PERIOD, unit="step")

    def _when(self) -> str:
        return f"timestep {self.counts['timesteps']}"

    def _compare(self, *, whole: bool) -> None:
        """Compare the beats that came with those of the model, of which all must have come when it was ``whole``."""
        if (wrong := contradictions(0) - self._contradictions) > 0:
            self._contradictions += wrong
            raise BlockMismatchError(f"{self._when()}: what is told of the marks of last beats is wrong in {wrong} clocks")
        for name, stream in self._sinks.items():
            found = stream.take()
            count = len(found[0])
            self._beats(name, found, count)
            wanted = sum(beats.count for beats in self._wanted[name])
            if stream.unstable:
                raise BlockMismatchError(f"{self._when()}: a beat of {name} was withdrawn or changed before it was taken")
            if count > wanted or (whole and count < wanted):
                raise BlockMismatchError(f"{self._when()}: {count} beats of {name}, should be {wanted}")
            self.counts["beats"] += count
        for name, stream in self._moves.items() if whole else ():
            wanted = sum({**given}[name].count for given in self._given) if name not in self._sinks else stream.left
            if stream.left != wanted:
                raise BlockMismatchError(f"{self._when()}: {stream.left} beats of {name} are taken, should be {wanted}")
            self.counts["beats"] += stream.left if name not in self._sinks else 0

    def _beats(self, name: str, found: Sequence[np.ndarray], count: int) -> None:
        """Raise at the first beat that differs."""
        first = 0
        for turn, beats in enumerate(self._wanted[name]):
            here = max(0, min(count - first, beats.count))
            for f, column in zip(self._flows[name].fields, found, strict=True):
                right = np.ma.asarray(beats.columns[f.name])[:here]
                own = column[first : first + here]
                wrong = np.flatnonzero(np.ma.filled(own != right.astype(own.dtype), fill_value=False))
                if wrong.size:
                    k = int(wrong[0])
                    raise BlockMismatchError(
                        f"timestep {self.counts['timesteps'] + turn}, beat {k} of {name}: {f.name} expected {int(right[k])}, "
                        f"found {int(own[k])} ({wrong.size} beats of the timestep differ)"
                    )
            first += beats.count

    def _check_told(self, port: str, value: int, when: str) -> None:
        found = int(getattr(self._dut, port).value)
        if found != value:
            raise BlockMismatchError(f"{self._when()}: {port} is {found} {when}, should be {value}")

"""The corners of a campaign: each moment of a design, met and met by a reset, before anything is left to chance."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from cocotb.triggers import Timer

from .driver import PATIENCE
from .stimulus import SCENES, Kind, random_state, resets_of, used_at_once
from .streams import CLOCK_PERIOD, arm, met, sprung, trap

if TYPE_CHECKING:
    from .bench import CoreBench

__all__ = ["Corners"]

_RANDOM, _ALL, _SILENT = (Kind("corner", *what) for what in (("random", "random"), ("all", "maximum"), ("none", "random")))
_TRIALS = 3
_HOLD = 128  # clocks in which results wait; more than a queue and a pipeline take
_LATE = 3  # clocks by which an access is behind a command, and in a sweep
_OFFERED = 4  # clocks of a reset in which sources begin to offer what is for after it
_WINDOW = 16  # clocks in which other things wait; words that are read back after a reset

# Scenes behind which more can be asked for, which waits while they are played.
_BUSY = (
    "timestep",
    "timesteps",
    "all spike",
    "late events",
    "results wait",
    "many results wait",
    "last results wait",
    "clear",
    "wipe",
)

_MARKS = ("early mark", "no mark")
_TIMESTEPS = {"timestep": (_RANDOM, 1), "timesteps": (_RANDOM, 2), "all spike": (_ALL, 1), "silent": (_SILENT, 1)}
_TIMESTEPS |= dict.fromkeys(_MARKS, (_RANDOM, 1))


class Corners:
    """Plays the scene of each moment of a bench, resets the core in it, and compares what was written and what follows.

    A moment that a right core has in its scene is counted in ``bench.corners``; one that did not come counts 0.
    """

    def __init__(self, bench: "CoreBench") -> None:
        self._bench, self._moments = bench, bench.moments
        self._lane = 0  # of what a host accesses

    async def run(self) -> None:
        """Visit all moments; raises ``MismatchError`` at the first difference."""
        bench = self._bench
        if not self._moments:
            return
        for stream in (s for part in bench.parts for s in part.handshakes):
            stream.stall(0.0, 0)
        bench._watching.value = 1
        await self._restart()
        for part in bench.parts:
            await part._load(random_state(part.spec.state, part.synapses, bench.generator))
        for number, moment in enumerate(self._moments):
            await self._visit(number, moment)
        await bench._more_corners()
        await bench._settled()
        for part in bench.parts:
            await part._check_readback("read-back after the corners")
        await self._restart()
        bench._watching.value = 0

    async def _visit(self, number: int, moment: Mapping[str, Any]) -> None:
        """Reset the core in a moment, and play its scene to the end; a host writes to the first, a middle and the last lane."""
        corners, lanes = self._bench.corners, self._bench.parts[moment["part"]].lanes
        for self._lane in {0, lanes // 2, lanes - 1} if "write" in moment["scene"] else {lanes - 1}:
            for name, length in resets_of(moment).items():
                corners[name] = corners.get(name, 0) + await self._reset_in(number, moment, length)
            if moment["reset"]:
                name = used_at_once(moment)
                corners[name] = corners.get(name, 0) + await self._use_at_once(number, moment)
            if moment["meets"]:
                corners[moment["name"]] = corners.get(moment["name"], 0) + await self._meet(number, moment)

    async def _restart(self) -> None:
        """Reset from outside."""
        await self._bench._settled()
        await self._bench._reset()

    async def _reset_in(self, number: int, moment: Mapping[str, Any], length: int) -> int:
        """Reset the core in a moment and return whether it came; what was written before stays, and nothing else changes."""
        bench, scene = self._bench, moment["scene"]
        check = f"reset for {length} when {moment['name']}"
        for trial in range(_TRIALS):
            await bench._settled()
            if trial:
                await self._restart()
            await self._prepare(scene)
            states = self._states()
            self._queue(scene, bench.parts[moment["part"]], moment["many"])
            trap(bench._index, number, length)
            arm(bench._index, PATIENCE)
            await bench._wake.value_change
            if not sprung(bench._index):
                trap(bench._index, -1, 0)
                self._compare(check)
                continue
            trap(bench._index, -1, 0)
            self._continue_from(states)
            if length > 1:
                bench._prime.value = 1
            await self._recover(check, scene, bench.parts[moment["part"]])
            bench._prime.value = 0
            return 1
        return 0

    def _continue_from(self, states: list[dict[str, np.ndarray]], *, restarted: bool = False) -> None:
        """Drop what a reset drops, compare what was written until then, and let the models continue from it."""
        for part, written, state in zip(self._bench.parts, self._bench._drop(restarted=restarted), states, strict=True):
            part._compare_interrupted(written, state)

    async def _use_at_once(self, number: int, moment: Mapping[str, Any]) -> int:
        """Reset the core in a moment for one clock, while more is on offer if it may be, and use it in the very next.

        Return whether the moment came.
        """
        bench, scene, part = self._bench, moment["scene"], self._bench.parts[moment["part"]]
        check = f"use at once after a reset when {moment['name']}"
        some = np.unique(np.concatenate([np.arange(part.synapses)[:_WINDOW], np.arange(part.synapses)[-_WINDOW:]]))

        def ask() -> None:
            if " with " in scene:  # both at once: the command goes first, and what is read first tells
                for one in (part if part.together else bench).together:
                    one._ask_clear()
                part._ask_read(some)
            elif "read" in scene or "write" in scene:
                part._ask_read(some)
            else:
                kind = _SILENT if scene == "rest" else _RANDOM
                bench._ask(bench._inputs(kind, 2), 2)

        for trial in range(_TRIALS):
            await bench._settled()
            if trial:
                await self._restart()
            await self._prepare(scene)
            states = self._states()
            cleared = [part.model.state[f.name][some] == f.reset for f in part.spec.state]
            some = some[np.argsort(np.all(cleared, axis=0), kind="stable")]
            self._queue(scene, part, moment["many"])
            busy = not trial and scene in _BUSY
            if busy:
                bench._ask(bench._inputs(_RANDOM, 1), 1)
                part._ask_read(some)
            if await self._reset_for(number, states, ask):
                if scene.endswith("wait"):  # what a queue still has is not taken before there is a new result
                    part.result.hold(_HOLD)
                await bench._moved(check)
                self._compare(check)
                bench._check_idle()
                bench.board.resets += 1
                return 1
            if busy:  # the reads came among the timesteps, as they were served: what they found is not known
                part._reads = []
                part.readback.flush()
            self._compare(check)
        return 0

    async def _reset_for(self, number: int, states: list[dict[str, np.ndarray]], ask: Callable[[], None]) -> bool:
        """Reset the core in a moment for one clock, in the next of which it is offered what ``ask`` asks for.

        ``states`` are those before what is under way. Return whether the moment came; if not, nothing is asked for.
        """
        bench, streams = self._bench, [stream for part in self._bench.parts for stream in part.streams]
        sources = [stream for part in bench.parts for stream in part.sources]
        # It is asked for twice: for the sources now, and, from what was written until the reset, for everything else then.
        kept = [
            (owner, {name: list(value) if isinstance(value, list) else value for name, value in vars(owner).items()})
            for part in bench.parts
            for owner in (part, part.model)
        ]
        drawn = [(part.generator.bit_generator, part.generator.bit_generator.state) for part in bench.parts]
        for stream in streams:
            stream.swap()
        ask()
        for stream in streams:
            stream.swap()
        for owner, values in kept:
            vars(owner).update(values)
        for generator, state in drawn:
            generator.state = state
        bench._prime.value = 1
        trap(bench._index, number, 1, restart=True)
        arm(bench._index, PATIENCE)
        await bench._wake.value_change
        came = sprung(bench._index)
        trap(bench._index, -1, 0)
        bench._prime.value = 0
        if came:
            self._continue_from(states, restarted=True)
            for stream in sources:
                stream.loaded = True
            ask()
            for stream in sources:
                stream.loaded = False
        return came

    async def _meet(self, number: int, moment: Mapping[str, Any]) -> int:
        """Play a scene to its end and return in how many clocks its moment was met."""
        bench, scene = self._bench, moment["scene"]
        before = met(bench._index, number)
        for trial in range(_TRIALS):
            await bench._settled()
            if trial:
                await self._restart()
            await self._prepare(scene)
            part = bench.parts[moment["part"]]
            if scene.startswith("reset, "):
                await self._primed(scene.removeprefix("reset, "), part)
            elif scene.startswith("short reset, "):
                states = self._states()
                self._queue("timestep", part)
                await self._reset_for(self._middle(part), states, partial(self._queue, scene.removeprefix("short reset, "), part))
            else:
                self._queue(scene, part, moment["many"])
            await bench._moved(moment["name"])
            self._compare(moment["name"])
            if met(bench._index, number) > before:
                break
        return met(bench._index, number) - before

    async def _primed(self, scene: str, part: "CoreBench") -> None:
        """Reset in the middle of a timestep; what the scene asks for is on offer in the reset, too, and waits when it ends."""
        bench = self._bench
        states = self._states()
        self._queue("timestep", part)
        trap(bench._index, self._middle(part), 1 + _OFFERED)
        arm(bench._index, PATIENCE)
        await bench._wake.value_change
        if not sprung(bench._index):  # then nothing is in the middle, and the reset comes from outside
            bench._rst.value = 1
            await Timer(CLOCK_PERIOD, unit="step")
        trap(bench._index, -1, 0)
        self._continue_from(states)
        self._queue(scene, part)
        bench._prime.value = 1
        await Timer(_OFFERED * CLOCK_PERIOD, unit="step")
        bench._rst.value, bench._prime.value = 0, 0

    def _middle(self, part: "CoreBench") -> int:
        """Return the number of the moment in which the last results of a timestep of ``part`` are under way."""
        number = self._bench.parts.index(part)
        return max(
            k
            for k, moment in enumerate(self._moments)
            if moment["part"] == number and moment["name"].endswith(("stages drain", "stages filled"))
        )

    def _states(self) -> list[dict[str, np.ndarray]]:
        """Return the states of all parts."""
        return [{name: values.copy() for name, values in part.model.state.items()} for part in self._bench.parts]

    async def _recover(self, check: str, scene: str, part: "CoreBench") -> None:
        """Go on after a reset at once, by timesteps or by reading: nothing of what was dropped may show."""
        bench = self._bench
        if "read" in scene or "write" in scene:
            part._ask_read(np.unique(np.concatenate([np.arange(part.synapses)[:_WINDOW], np.arange(part.synapses)[-_WINDOW:]])))
            await bench._moved(check)
            self._compare(check)
        kind = _SILENT if scene == "rest" else _RANDOM
        bench._ask(bench._inputs(kind, 2), 2)
        await bench._moved(check)
        self._compare(check)
        bench._check_idle()
        bench.board.resets += 1

    def _compare(self, check: str) -> None:
        """Compare all that was asked for."""
        for part in self._bench.parts:
            part._compare_asked(check, _RANDOM)
            part._compare_reads(check)

    async def _prepare(self, scene: str) -> None:
        """Do what a scene needs before it."""
        if scene == "wipe":
            await self._bench._reset()
        elif scene == "rest":
            await self._bench._come_to_rest()

    def _queue(self, scene: str, part: "CoreBench", many: int = 1) -> None:
        """Ask for what a scene consists of; ``part`` is the core it is about, ``many`` how many timesteps or clocks it has."""
        bench = self._bench
        master = part if part.together else bench  # the core that takes the commands
        if scene == "late events":
            for one in bench.parts:
                one.event.hold(_WINDOW)
        elif scene.endswith("wait"):
            # Clocks in which they fill whatever they wait in, which takes no more of a long sweep.
            filled = many * (min(part.words, _HOLD) + 2 * part.spec.latency)
            part.result.hold(_HOLD + filled, after=part.words - 1 if scene.startswith("last") else 0)
        elif scene.startswith("late last event"):
            part.event.hold(_HOLD, after=part.words - 1)
            if scene.endswith("clear and write"):  # no timestep went before the access, so that the clear may
                part.host.hold(_LATE)
        elif scene.startswith("last event a bit late"):
            part.event.hold(many, after=part.words - 1)
        elif ", late " in scene:  # the access comes behind the first command
            part.host.hold(_LATE)
        elif " before " in scene:  # the command comes behind the host access
            master.command.hold(_WINDOW if scene.startswith("held") else 1)
        # The last words of a lane; commands go first, so that only one access comes before a command that is there, and one
        # at most goes before an access that waits, so that only one access comes between two commands.
        actions = SCENES[scene]
        between = " before " in scene or any(action in ("read", "write") for action in actions[:-1])
        words = np.arange(self._lane, part.synapses, part.lanes)[-1 if between else -2 :]
        if scene.startswith("held"):
            part.readback.hold(2 * _WINDOW)
        for turn, action in enumerate(actions):
            if turn > 1 and scene.startswith("held"):  # what comes behind a read word is for another lane
                words = np.arange((self._lane + 1) % part.lanes, part.synapses, part.lanes)[-1:]
            if action == "clear":
                for one in master.together:
                    one._ask_clear()
            elif action == "read":
                part._ask_read(words)
            elif action == "write":
                part._ask_write(words)
            else:
                kind, steps = (_RANDOM, many) if action == "many" else _TIMESTEPS[action]
                for one in bench.parts if action in _MARKS else ():
                    one.next_mark = action
                bench._ask(bench._inputs(kind, steps), steps)

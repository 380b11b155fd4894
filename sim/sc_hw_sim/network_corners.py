"""The corners of a network's campaign: a reset of one clock in each clock of a scene, before anything is left to chance."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from cocotb.triggers import Timer

from .network import NetworkBench, NetworkMismatchError
from .packing import bits_of, packed, unpacked
from .scenes import SCENES, TASK_SCENE, chosen_clocks
from .streams import CLOCK_PERIOD, clocks

__all__ = ["CornerBench", "Drawn"]

Drawn = tuple[np.ndarray, ...]  # pixels, labels, whether they learn, slower, lengths

_PLAYS = 8  # of a scene with gaps, which are others each time, before it is reset


class _Scene(NamedTuple):
    """What is asked of the chip, which ``ask`` queues and ``play`` lets the model do; streams wait in a share of the clocks."""

    name: str
    ask: Callable[[], None]
    play: Callable[[], None]
    stalls: float = 0.0


class CornerBench(NetworkBench):
    """Resets a chip in every clock of scenes that reach every phase of its blocks; ``corners`` counts the clocks of each."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._answers: list[int] = []  # to come, in order

    async def visit_corners(self, most: int) -> None:
        """Play each scene whole, then once for each of its clocks, or ``most``, with a reset of one clock in it.

        What was written until then stays, in order; nothing else is left: a sample that learns follows at once. Errors:
        ``NetworkMismatchError``.
        """
        for scene in self._scenes():
            length = max([await self._whole(scene) for _ in range(_PLAYS if scene.stalls else 1)])
            chosen = chosen_clocks(length, most)
            for clock in chosen:
                await self._reset_in(scene, clock)
            self.corners[scene.name] = len(chosen), length
        await self.check_all("after the corners")

    async def _whole(self, scene: _Scene) -> int:
        """Play a scene to its end and return the clocks that it took."""
        self.stalls(scene.stalls)
        start = clocks(0)
        scene.ask()
        scene.play()
        await self._end(scene.name)
        return clocks(0) - start

    async def _reset_in(self, scene: _Scene, clock: int) -> None:
        what = f"reset in clock {clock} of {scene.name}"
        self.stalls(scene.stalls)
        scene.ask()
        scene.play()
        await Timer(clock * CLOCK_PERIOD + CLOCK_PERIOD // 4, unit="step")
        self._dut.rst.value = 1
        await Timer(CLOCK_PERIOD, unit="step")
        self.cut_off(what)
        self.stalls(0.0)
        sample = self.some_samples(1)
        self.offer(*sample)
        self.play_all(sample)
        await self._end(f"a sample after a {what}")

    async def _end(self, what: str) -> None:
        await self.finish(what)
        self._answered(what)

    def _answered(self, what: str) -> None:
        """Compare what the host was answered, which a reset may have cut short."""
        (found,) = self.streams["readback"].take()
        wanted, self._answers = np.array(self._answers[: found.size], dtype=np.int64), []
        self._equal(f"{what}: answers to the host", found.astype(np.int64), wanted)

    def _scenes(self) -> list[_Scene]:
        samples, label = self.some_samples(2), np.zeros(1, dtype=np.int64)
        dark = (np.zeros((1, samples[0].shape[1]), dtype=np.uint8), label, label + 1, label, label + 1)
        plain, with_gaps, of_dark, accesses, accesses_with_gaps = SCENES
        found = [
            _Scene(plain, lambda: self.offer(*samples), lambda: self.play_all(samples)),
            _Scene(with_gaps, lambda: self.offer(*samples), lambda: self.play_all(samples), 0.9),
            _Scene(of_dark, lambda: self.offer(*dark), lambda: self.play_all(dark)),
            _Scene(accesses, *self._accesses()),
            _Scene(accesses_with_gaps, *self._accesses(), 0.9),
        ]
        if self.consolidates:
            found.append(_Scene(TASK_SCENE, self.ask_consolidate, self.play_consolidate))
        return found

    def _accesses(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Return a write and a read of the first and of the last synapse of each projection."""
        drawn = []
        for number, (name, memory) in enumerate(self.model.memories.items()):
            for synapse in sorted({0, memory.rows * memory.neurons - 1}):
                drawn.append((number, name, synapse, int(self.generator.integers(0, 1 << bits_of(memory)))))

        def ask() -> None:
            for number, name, synapse, value in drawn:
                lanes = self.model.memories[name].weights.lanes
                for write in (True, False):
                    self._access(number, np.array([synapse]), write=write, values=np.array([value]), lanes=lanes)

        def play() -> None:
            for _, name, synapse, value in drawn:
                self.put(name, synapse, value)
                self._answers.append(value)

        return ask, play

    # What other parts of a campaign use, too.

    def some_samples(self, count: int) -> Drawn:
        """Draw samples of about half of the pixels, which learn."""
        g, size = self.generator, self.model.port.pixels
        pixels = (g.integers(0, 256, (count, size)) * (g.random((count, size)) < 0.6)).astype(np.uint8)
        return (
            pixels,
            g.integers(0, self.spec.output.size, count),
            np.ones(count, dtype=np.int64),
            g.integers(0, self.spec.sample.octaves + 1, count),
            np.full(count, size),
        )

    def put(self, name: str, synapse: int, value: int) -> None:
        """Let a synapse of the model be what the host writes."""
        memory = self.model.memories[name]
        lanes = memory.weights.lanes
        for own, fresh in unpacked(memory, np.array(value)).items():
            memory.state[own].reshape(-1)[synapse] = fresh
        word = packed(memory).reshape(-1, lanes)[synapse // lanes]
        self._owe(f"synapses_{name}.write", [synapse // lanes], *([value] for value in word))

    def cut_off(self, what: str) -> None:
        """End a reset, in which the chip is idle; what was seen until then was right, the model goes on from what was written."""
        self._answered(what)
        self.compare(what, prefix=True)
        if not int(self._dut.idle.value):
            raise NetworkMismatchError(f"{what}: the chip is not idle after it")
        self.resets += 1
        self.leave_reset()
        for name, memory in self.model.memories.items():
            memory.state = unpacked(memory, self._mirror[name])

"""The campaign of ``sc-hw sim`` on a network: random samples with stalls, accesses of the host and resets among them."""

from collections.abc import Callable, Sequence

import numpy as np
from cocotb.triggers import Timer

from .network import NetworkMismatchError
from .network_mined import MinedBench
from .packing import bits_of
from .streams import CLOCK_PERIOD

__all__ = ["Campaign"]


class Campaign(MinedBench):
    """Drives a chip with random samples, everything drawn from the seed of its bench."""

    async def run(self, samples: int, mined: Sequence[int], progress: Callable[[int], None]) -> None:
        """Run the campaign: random samples with stalls, accesses between them, resets in them; then everything once more.

        Before them the corners, and samples with the numbers ``mined`` from edited Verilog.
        """
        await self.reset()
        await self.check_all("after power-up")
        await self._all_equal()
        await self.visit_corners(samples)
        await self.play_mined(mined)
        turn = 0
        while self.samples < samples:
            self.stalls(0.0 if turn % 4 == 1 else 0.9)
            count = min(int(self.generator.integers(1, 9)), samples - self.samples)
            drawn = self._drawn(count)
            if turn % 4 == 3:
                await self._interrupted(drawn)
            elif turn % 4 == 2:
                await self._accessed(drawn)
            else:
                await self.learn_drawn(drawn, flowing=turn % 4 == 1)
            self.learned += int(drawn[2].sum()) if turn % 4 != 3 else 0  # cut off by a reset
            self.samples += count
            progress(count)
            turn += 1
            if turn % 8 == 0:
                await self.check_all(f"after {self.samples} samples")
        await self.check_all("at the end")

    def _drawn(self, count: int) -> tuple[np.ndarray, ...]:
        """Draw samples: dense, sparse, empty, full, of one pixel; some too short, some too long; most of them learn."""
        g, size = self.generator, self.model.port.pixels
        pixels = np.zeros((count, size), dtype=np.uint8)
        for row in pixels:
            kind = int(g.integers(0, 8))
            if kind < 5:
                row[:] = g.integers(0, 256, size) * (g.random(size) < (1.0, 0.6, 0.3, 0.15, 0.8)[kind])
            elif kind == 5:
                row[:] = 255
            elif kind == 6:
                row[int(g.integers(0, size))] = 255
        lengths = np.full(count, size)
        for k in np.flatnonzero(g.random(count) < 0.3):
            lengths[k] = g.integers(1, size + 1) if g.random() < 0.6 else size + g.integers(1, 6)
            pixels[k, lengths[k] :] = 0
        octaves = self.spec.sample.octaves
        return (
            pixels,
            g.integers(0, self.spec.output.size, count),
            (g.random(count) < 0.85).astype(np.int64),
            g.integers(0, octaves + 1, count),
            lengths,
        )

    async def _all_equal(self) -> None:
        """Let the host put all weights of the output to 0, so that all outputs are equal, and show samples."""
        output = {p.name for p in self.spec.onto(self.spec.output.name)}
        for number, (name, memory) in enumerate(self.model.memories.items()):
            if name in output:
                every = np.arange(memory.rows * memory.neurons)
                self._access(number, every, write=True, values=np.zeros(every.size), lanes=memory.weights.lanes)
                for synapse in every.tolist():
                    self.put(name, synapse, 0)
        await self.settle("weights put to 0")
        self.streams["host_done"].flush()
        self.compare("weights put to 0")
        await self.learn_drawn(self._drawn(3), flowing=False)

    async def _accessed(self, drawn: tuple[np.ndarray, ...]) -> None:
        """Let the host write synapses while samples come in: each is done between two samples, and is in the next ones."""
        pixels, labels, learn, slower, lengths = drawn
        accesses = []
        count = len(self.model.memories)
        for number in [
            *self.generator.permutation(count),
            *self.generator.integers(0, count, int(self.generator.integers(1, 4))),
        ]:
            name, memory = list(self.model.memories.items())[number]
            synapse = np.array([self.generator.integers(0, memory.rows * memory.neurons)])
            value = np.array([self.generator.integers(0, 1 << bits_of(memory))])
            self._access(number, synapse, write=True, values=value, lanes=memory.weights.lanes)
            accesses.append((name, int(synapse[0]), int(value[0])))
            if self.consolidates and self.generator.random() < 0.3:
                self.ask_consolidate()
                accesses.append(("", 0, 0))
        self.offer(pixels, labels, learn, slower, lengths)
        decided = int(self._dut.decided.value)
        await self.settle("samples with accesses of the host")
        (done,) = self.streams["host_done"].take()
        after = (done.astype(np.int64) - decided).tolist()
        if len(after) > len(accesses):
            raise NetworkMismatchError(f"samples with accesses of the host: {len(after)} were done, of {len(accesses)}")
        playing = self.play(pixels, labels, learn, slower)
        for k in range(len(pixels) + 1):
            while after and after[0] == k:
                after.pop(0)
                written, place, word = accesses.pop(0)
                if written:
                    self.put(written, place, word)
                else:
                    self.play_consolidate()
            if k < len(pixels):
                next(playing)
        next(playing, None)
        if accesses:
            raise NetworkMismatchError(f"samples with accesses of the host: {len(accesses)} were not done, or not in order")
        self.compare("samples with accesses of the host")
        self.check_image("samples with accesses of the host")
        self.check_registers("samples with accesses of the host")

    async def _interrupted(self, drawn: tuple[np.ndarray, ...]) -> None:
        """Reset in the middle of samples: what was done was right, in order; what was written stays, nothing else is left."""
        if self.consolidates and self.generator.random() < 0.5:
            self.ask_consolidate()
            self.play_consolidate()
        else:
            self.offer(*drawn)
            self.play_all(drawn)
        rows = sum(p.rows * p.neurons // p.weights.lanes for p in self.model.memories.values())
        await Timer(int(self.generator.integers(1, 2 * rows + 2 * drawn[0].size)) * CLOCK_PERIOD + CLOCK_PERIOD // 4, unit="step")
        self._dut.rst.value = 1
        await Timer(int(self.generator.integers(1, 4)) * CLOCK_PERIOD, unit="step")
        self.cut_off("samples until a reset")
        await Timer(CLOCK_PERIOD, unit="step")
        await self.check_all("after a reset")

"""Numbers that an edited network compares with, as its Verilog says: each is put wherever it fits; chance never draws it."""

from collections.abc import Iterator, Sequence

import numpy as np

from sc_hw_models.networks import PopulationSpec
from sc_hw_models.networks.memory import Memory
from sc_hw_models.networks.neurons import CountingConfig, InputConfig

from .network import NetworkMismatchError
from .network_corners import CornerBench, Drawn
from .packing import bits_of, packed, unpacked

__all__ = ["MinedBench"]

_MIXED = 12  # turns in which all numbers are mixed
_ACCESSES = 24
_ROWS = 6  # of a projection that are written for a sample


class MinedBench(CornerBench):
    """Shows a chip samples of which pixels, squares of them, synapses, words and currents are given numbers; so are accesses."""

    async def play_mined(self, numbers: Sequence[int]) -> None:
        """Put each number everywhere by itself, then all of them at random. Errors: ``NetworkMismatchError``."""
        turns = [[number] for number in numbers] + [[*numbers]] * (_MIXED if numbers else 0)
        for turn, chosen in enumerate(turns):
            self.stalls(0.0 if turn % 2 else 0.9)
            try:
                await self._play(chosen, mixed=turn >= len(numbers))
            except NetworkMismatchError as error:
                text = f"numbers of the edited Verilog, {', '.join(map(str, chosen))}: {error.text}"
                raise NetworkMismatchError(text) from error

    async def _play(self, numbers: Sequence[int], *, mixed: bool) -> None:
        pictures = list(self._pictures(numbers, mixed=mixed))
        for learn in (0, 1) if pictures else ():
            await self.learn_drawn(self._samples(pictures, learn), flowing=False)
        few = self._few_inputs()
        await self._accessed_mined(numbers)
        for name, memory in self.model.memories.items():
            rows = self._active(name, few)[: _ROWS // 2]
            words = packed(memory)[rows]
            if fits := [n for n in numbers if n < 1 << bits_of(memory)]:
                draw = self.generator.choice(fits, words.shape)
                words = np.where(self.generator.random(words.shape) < 0.5, draw, words) if mixed else draw
            if wide := [n for n in numbers if n < 1 << memory.weights.lanes * bits_of(memory) and n not in fits]:
                number, lane = int(self.generator.choice(wide)), np.arange(memory.neurons) % memory.weights.lanes
                words[:] = [number >> int(low) & (1 << bits_of(memory)) - 1 for low in lane * bits_of(memory)]
            if fits or wide:
                await self._write(name, rows, words)
                await self.learn_drawn(self._samples([few], 1), flowing=False)
        for population in self.spec.order:
            if population is not self.spec.input:
                for other in (False, True):
                    await self._sum_to(population, numbers, few, other=other)

    def _samples(self, pictures: Sequence[np.ndarray], learn: int) -> Drawn:
        """Return samples of these pixels, of any classes."""
        g, count = self.generator, len(pictures)
        pixels = np.stack(pictures).astype(np.uint8)
        labels, slower = g.integers(0, self.spec.output.size, count), g.integers(0, self.spec.sample.octaves + 1, count)
        return pixels, labels, np.full(count, learn), slower, np.full(count, pixels.shape[1])

    # Pixels.

    def _pictures(self, numbers: Sequence[int], *, mixed: bool) -> Iterator[np.ndarray]:
        """Yield pixels whose squares, wherever they begin, have these sums: each in every square, or mixed with 0."""
        pool = self._pool
        if fits := [n for n in numbers if n <= 255 * pool * pool]:
            for offset in range(pool * pool):
                block, _ = self._blocks(offset)
                yield self._filled(self.generator.choice(fits + [0] * mixed, block.max() + 1), offset)

    @property
    def _pool(self) -> int:
        neuron = self.spec.input.neuron
        return neuron.pool if isinstance(neuron, InputConfig) else 1

    def _blocks(self, offset: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the square of each pixel, of those that begin at an offset, and its place in the square."""
        neuron, pool, size = self.spec.input.neuron, self._pool, self.model.port.pixels
        if not isinstance(neuron, InputConfig) or not neuron.height:
            return np.arange(size), np.zeros(size, dtype=np.int64)
        row, column = np.divmod(np.arange(size), neuron.width)
        row, column = row + offset // pool, column + offset % pool
        across = neuron.width // pool + 1
        return row // pool * across + column // pool, row % pool * pool + column % pool

    def _filled(self, totals: np.ndarray, offset: int) -> np.ndarray:
        """Return pixels of squares with these sums: the first pixels of each are bright."""
        block, place = self._blocks(offset)
        pixels: np.ndarray = np.clip(totals[block] - 255 * place, 0, 255)
        return pixels

    def _few_inputs(self) -> np.ndarray:
        """Return pixels of which few inputs are active, one of them as little as can be."""
        neuron, pool = self.spec.input.neuron, self._pool
        crop = neuron.crop if isinstance(neuron, InputConfig) else 0
        offset = -crop % pool * (pool + 1)
        block, _ = self._blocks(offset)
        totals = np.zeros(block.max() + 1, dtype=np.int64)
        inner = self.generator.permutation(np.unique(block))[: _ROWS // 2]
        totals[inner] = 255 * pool * pool
        totals[inner[:1]] = 16 * pool * pool
        return self._filled(totals, offset)

    # Synapses.

    def _active(self, name: str, pixels: np.ndarray) -> np.ndarray:
        """Return rows of a projection that a sample makes active, the most active first and the least active one last."""
        activity = self._peek(pixels)[f"{name}.activity"]
        rows = np.flatnonzero(activity)
        rows = rows[np.argsort(-activity[rows], kind="stable")]
        return np.array([*rows[: _ROWS - 1], *rows[_ROWS - 1 :][-1:]], dtype=np.int64)

    def _peek(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """Return what the model makes of a sample that it does not learn."""
        (seen,) = self.model.play(pixels[None].astype(np.uint8), np.zeros(1, dtype=np.int64), learn=False)
        moment: dict[str, np.ndarray] = seen["timesteps"][0]
        return moment

    async def _write(self, name: str, rows: np.ndarray, words: np.ndarray) -> None:
        """Let the host write all synapses of some rows."""
        memory = self.model.memories[name]
        number, lanes = list(self.model.memories).index(name), memory.weights.lanes
        held = packed(memory)
        image = held.reshape(-1, lanes)
        synapses = (rows[:, None] * memory.neurons + np.arange(memory.neurons)).reshape(-1)
        self._access(number, synapses, write=True, values=words.reshape(-1), lanes=lanes)
        for synapse, word in zip(synapses.tolist(), words.reshape(-1).tolist(), strict=True):
            image[synapse // lanes, synapse % lanes] = word
            self._owe(f"synapses_{name}.write", [synapse // lanes], *([value] for value in image[synapse // lanes].tolist()))
        memory.state = unpacked(memory, held)
        await self.finish(f"synapses of {name} written")

    async def _sum_to(self, population: PopulationSpec, numbers: Sequence[int], pixels: np.ndarray, *, other: bool) -> None:
        """Show a sample in which currents of a population are these numbers, as far as can be; ``other``: some are 0."""
        bits = self.spec.sum_bits(population)
        fits = [n - (1 << bits) * (n >> bits - 1) for n in numbers if n < 1 << bits]
        if not fits:
            return
        source = self.spec.populations[self.spec.onto(population.name)[0].source]
        if isinstance(source.neuron, CountingConfig):  # one of a single spike, so that every sum can be made of them
            spike = 1 << source.neuron.threshold_shift
            sent = np.full(source.size, spike * self.spec.sample.timesteps)
            sent[self.generator.integers(0, source.size)] = spike
            await self._steer(source, sent, pixels)
        wanted = self.generator.choice(fits, population.size)
        if other:
            wanted[self.generator.permutation(population.size)[::2]] = 0
        await self._steer(population, wanted, pixels)
        for learn in (0, 1):
            await self.learn_drawn(self._samples([pixels], learn), flowing=False)

    async def _steer(self, population: PopulationSpec, wanted: np.ndarray, pixels: np.ndarray) -> None:
        """Let the host write weights of few rows with which a sample gives a population these currents, if weights can."""
        name = self.spec.onto(population.name)[0].name
        memory, rows, moment = self.model.memories[name], self._active(name, pixels), self._peek(pixels)
        if not len(rows):
            return
        activity = moment[f"{name}.activity"][rows]
        weights = memory.state["weight"][rows].copy()
        rest = wanted - moment[f"{population.name}.current"] + activity @ weights
        half = 1 << memory.weights.weight_bits - 1
        for k, sent in enumerate(activity):
            weights[k] = np.clip(rest // sent, -half, half - 1)
            rest = rest - weights[k] * sent
        await self._write(name, rows, self._with_weights(memory, rows, weights))

    def _with_weights(self, memory: Memory, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the words of some rows with other weights."""
        kept = memory.state["weight"]
        memory.state["weight"] = kept.copy()
        memory.state["weight"][rows] = weights
        words: np.ndarray = packed(memory)[rows]
        memory.state["weight"] = kept
        return words

    async def _accessed_mined(self, numbers: Sequence[int]) -> None:
        """Let the host read and write where addresses and data are of these numbers."""
        g, memories = self.generator, list(self.model.memories.items())
        for _ in range(_ACCESSES):
            number = int(g.integers(0, len(memories)))
            name, memory = memories[number]
            lanes, words = memory.weights.lanes, memory.rows * memory.neurons // memory.weights.lanes
            address = int(g.choice([n for n in numbers if n < words] or [int(g.integers(0, words))]))
            synapse = address * lanes + int(g.integers(0, lanes))
            value = int(g.choice([n for n in numbers if n < 1 << bits_of(memory)] or [int(g.integers(0, 1 << bits_of(memory)))]))
            self._access(number, np.array([synapse]), write=True, values=np.array([value]), lanes=lanes)
            self._access(number, np.array([synapse]), write=False, values=np.array([value]), lanes=lanes)
            self.put(name, synapse, value)
            self._answers.append(value)
        await self.finish("accesses")
        self._answered("accesses")

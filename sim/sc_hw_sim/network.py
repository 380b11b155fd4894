"""The bench of a network: samples, accesses and resets, everything compared with the golden model after each sample."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from cocotb.triggers import Timer

from sc_hw_models.networks import NetworkModel, NetworkSpec
from sc_hw_models.networks.synapses import Plastic
from sc_hw_models.rule import Field

from .packing import bits_of, packed
from .streams import CLOCK_PERIOD, Stream, arm, begin, clocks

__all__ = ["NetworkBench", "NetworkMismatchError"]

Arrays = dict[str, np.ndarray]
_PATIENCE = 4_096, 200_000  # clocks without a beat after which the chip stands still: at least, at most


class NetworkMismatchError(AssertionError):
    """The chip differs from its model; ``text`` says where and how."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass
class _Owed:
    """What one monitor must have seen: columns of beats, one after another."""

    columns: list[list[np.ndarray]] = field(default_factory=list)

    def add(self, *columns: Any) -> None:
        self.columns.append([np.asarray(column, dtype=np.int64) for column in columns])

    def joined(self, count: int) -> list[np.ndarray]:
        return (
            [np.concatenate(parts) for parts in zip(*self.columns, strict=True)]
            if self.columns
            else [np.empty(0, dtype=np.int64)] * count
        )


class NetworkBench:
    """Drives a chip and compares it with ``NetworkModel``; everything random comes from ``seed``.

    ``monitors`` are the streams and memories that the bench sees: for each its fields ``(name, bits, signed)``. After each sample
    the activities of every input, currents, spikes and slopes, the decision, errors, signals, and every word that a sweep
    wrote, in their order, are compared; random registers and, through the host, all synapses whenever ``check_all`` is called.
    """

    def __init__(self, dut: Any, spec: NetworkSpec, monitors: Mapping[str, Sequence[Any]], seed: int) -> None:
        self._dut, self.spec, self.generator = dut, spec, np.random.default_rng(seed)
        begin(0)
        self.streams = {
            name: Stream(0, name, [Field(name=n, bits=bits, signed=signed) for n, bits, signed in fields])
            for name, fields in monitors.items()
        }
        self._items = {name: [item[0] for item in fields] for name, fields in monitors.items()}
        self.model = NetworkModel(spec)
        self.tasks = self.samples = self.learned = self.values = self.resets = self.accesses = self.writes = 0
        self.flowing_samples = self.flowing_clocks = 0
        self.corners: dict[str, tuple[int, int]] = {}
        self._owed: dict[str, _Owed] = {}
        self._mirror = self._synapses()

    # Pieces.

    def _synapses(self) -> Arrays:
        return {name: packed(memory) for name, memory in self.model.memories.items()}

    async def reset(self, clocks_: int = 2) -> None:
        """Reset the chip, which is then idle, and put the model's random registers at their seeds."""
        self._dut.rst.value = 1
        await Timer(clocks_ * CLOCK_PERIOD, unit="step")
        self.leave_reset()
        await Timer(CLOCK_PERIOD, unit="step")

    def leave_reset(self) -> None:
        """End a reset before the next clock; the streams have nothing, and the model's random registers are at their seeds."""
        for stream in self.streams.values():
            stream.flush()
        self._dut.rst.value = 0
        fresh = NetworkModel(self.spec)
        self.model.port = fresh.port
        for name, memory in self.model.memories.items():
            memory.registers = fresh.memories[name].registers

    def stalls(self, most: float) -> None:
        """Let every stream leave gaps, each its own share of the clocks, up to ``most``."""
        for name in ("pixel", "decision", "host", "readback"):
            share = float(self.generator.random()) * most if self.generator.random() < 0.7 else 0.0
            self.streams[name].stall(share, int(self.generator.integers(1 << 62)))

    async def settle(self, what: str) -> None:
        """Wait until all that was asked for has moved and the chip is idle."""
        arm(0, self._patience, until_idle=True)
        start = clocks(0)
        await self._dut.wake.value_change
        waits = [
            f"{name} waits {'with' if name in ('pixel', 'host') else 'for'} {stream.outstanding} beats"
            for name, stream in self.streams.items()
            if stream.outstanding and name != "host_done"
        ]
        waits += [] if int(self._dut.idle.value) else ["it is not idle"]
        if waits:
            raise NetworkMismatchError(f"{what}: the chip stands still after {clocks(0) - start:,} clocks: {', '.join(waits)}")

    @property
    def _patience(self) -> int:
        """Clocks in which something must move: many more than all blocks have work for, one after another."""
        words = sum(memory.state["weight"].size // memory.weights.lanes for memory in self.model.memories.values())
        neurons = sum(population.size for population in self.spec.order)
        least, most = _PATIENCE
        return min(least + 16 * (words + neurons + self.model.port.pixels), most)

    # Samples.

    def offer(self, pixels: np.ndarray, labels: np.ndarray, learn: np.ndarray, slower: np.ndarray, lengths: np.ndarray) -> None:
        """Queue samples; each is sent ``lengths`` pixels long, what is beyond its own are any."""
        size, count = pixels.shape[1], len(pixels)
        total = int(lengths.sum())
        of = np.repeat(np.arange(count), lengths)
        place = np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        junk = self.generator.integers(0, 256, total)
        sent = np.where(place < size, pixels[of, np.minimum(place, size - 1)], junk)
        first = place == 0
        extra = [
            np.where(first, told[of], self.generator.integers(0, high, total))
            for told, high in ((labels, self.spec.output.size), (learn, 2), (slower, 1 << self._slower_bits))
        ]
        self.streams["pixel"].load([sent, place == lengths[of] - 1, *extra])
        self.streams["decision"].expect(count)

    @property
    def _slower_bits(self) -> int:
        return max(1, self.spec.sample.octaves.bit_length())

    def play(self, pixels: np.ndarray, labels: np.ndarray, learn: np.ndarray, slower: np.ndarray) -> Iterator[int]:
        """Let the model take samples, and note what the chip must show of each; yields after each."""
        for k, (sample, label) in enumerate(zip(pixels, labels, strict=True)):
            self.model.slower = int(slower[k])
            before = self._synapses() if learn[k] else {}
            (seen,) = self.model.play(sample[None], label[None], learn=bool(learn[k]))
            self._note(seen, before, learn=bool(learn[k]))
            yield k

    def play_all(self, drawn: tuple[np.ndarray, ...]) -> None:
        """Let the model take samples, whose lengths it does not need."""
        for _ in self.play(*drawn[:4]):
            pass

    def _owe(self, name: str, *columns: Any) -> None:
        self._owed.setdefault(name, _Owed()).add(*columns)

    def _note(self, seen: dict[str, Any], before: Arrays, *, learn: bool) -> None:
        spec, moment = self.spec, seen["timesteps"][0]
        rows = np.flatnonzero(seen["level"])
        self._owe("pixels.active", rows, seen["level"][rows])
        for population in spec.order:
            name = population.name
            if population is spec.input:
                continue
            self._owe(f"sums_{name}.current", moment[f"{name}.current"])
            if population is not spec.output:
                self._owe(
                    f"neurons_{name}.active", np.arange(population.size), moment[f"{name}.activity"], moment[f"{name}.slope"]
                )
        self._owe("decision", [seen["decision"]])
        swept = learn and any(f"{p.name}.activity" in seen for p in spec.forward)
        self._owe("error.error", seen["error"] if swept else [0], np.full(spec.output.size if swept else 1, not swept))
        learning = {p.target for p in spec.forward if isinstance(p.synapses, Plastic)}
        for name in spec.feedback:
            if name in learning:
                told = seen[f"{name}.signal"] if swept else [0]
                self._owe(f"back_{name}.signal", told, np.full(len(told), not swept))
        for projection in spec.forward:
            name, memory = projection.name, self.model.memories[projection.name]
            if not swept or memory.rule is None:
                continue
            pulls = memory.config is not None and memory.config.kind.pulls
            swept_rows = np.arange(memory.rows) if pulls else np.flatnonzero(seen[f"{name}.activity"])
            after = self._owe_rows(name, swept_rows)
            unchanged = np.delete(after == before[name], swept_rows, axis=0)
            if not unchanged.all():
                raise NetworkMismatchError(f"{name}: the model changed rows that were not swept")

    def _owe_rows(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Note that every word of some rows is written as the model has it; return all synapses."""
        memory = self.model.memories[name]
        lanes, after = memory.weights.lanes, packed(memory)
        words = memory.neurons // lanes
        addresses = (rows[:, None] * words + np.arange(words)).reshape(-1)
        self._owe(f"synapses_{name}.write", addresses, *after[rows].reshape(-1, lanes).T)
        return after

    # The end of a task.

    @property
    def consolidates(self) -> list[str]:
        """The projections to which the end of a task is a command."""
        return [name for name, memory in self.model.memories.items() if memory.rule and memory.rule.step_inputs]

    def ask_consolidate(self) -> None:
        """Queue the command that ends a task; what else it says is any."""
        any_bits = self.generator.integers(0, 2, len(self._items["host"])).tolist()
        own = dict(zip(self._items["host"], any_bits, strict=True)) | {"consolidate": 1}
        self.streams["host"].load([np.array([own[name]], dtype=np.int64) for name in self._items["host"]])
        self.streams["host_done"].expect(1)
        self.tasks += 1

    def play_consolidate(self) -> None:
        """Let the model end the task, and note what the chip must write."""
        self.model.consolidate()
        for name in self.consolidates:
            self._owe_rows(name, np.arange(self.model.memories[name].rows))

    async def consolidate(self) -> None:
        """Let chip and model end a task and compare them."""
        if not self.consolidates:
            return
        self.ask_consolidate()
        self.play_consolidate()
        await self.finish("end of a task")

    async def finish(self, what: str) -> None:
        """Wait until all that was asked for is done, and compare what moved and was written."""
        await self.settle(what)
        self.streams["host_done"].flush()
        self.compare(what)
        self.check_image(what)
        self.check_registers(what)

    def compare(self, what: str, *, prefix: bool = False) -> dict[str, int]:
        """Compare what the monitors saw with what the model says; with ``prefix`` they may have seen less of it.

        Returns how many beats each saw. Errors: ``NetworkMismatchError``.
        """
        seen_beats = {}
        for name in self.streams:
            if name in ("pixel", "host", "readback", "host_done"):
                continue
            columns = dict(zip(self._items[name], self.streams[name].take(), strict=True))
            seen = self._seen(name, columns)
            wanted = self._owed.get(name, _Owed()).joined(len(seen))
            count = len(seen[0])
            seen_beats[name] = count
            if name.endswith(".write"):
                self._store(name, seen)
            if count > len(wanted[0]) or (count < len(wanted[0]) and not prefix):
                raise NetworkMismatchError(f"{what}: {name} gave {count} beats, not {len(wanted[0])}")
            for item, got, right in zip(self._told(name), seen, wanted, strict=True):
                wrong = np.flatnonzero(got != right[:count])
                if wrong.size:
                    at = int(wrong[0])
                    raise NetworkMismatchError(f"{what}: {name} {item} of beat {at} is {int(got[at])}, not {int(right[at])}")
                self.values += count
        self._owed = {}
        return seen_beats

    def _told(self, name: str) -> list[str]:
        return self._items[name] if name.endswith(".write") else [n for n in self._items[name] if n not in ("last", "slower")]

    def _seen(self, name: str, columns: Arrays) -> list[np.ndarray]:
        """Return the columns that are compared: of inputs only those that are active; a value that is skipped is 0."""
        if name == "pixels.active":
            kept = columns["activity"] != 0
            return [columns[n][kept].astype(np.int64) for n in self._told(name)]
        values = {n: columns[n].astype(np.int64) for n in self._told(name)}
        if "skip" in values:
            values["value"] = np.where(values["skip"] != 0, 0, values["value"])
        return list(values.values())

    def _store(self, name: str, seen: list[np.ndarray]) -> None:
        """Let the image of a memory follow what was written into it."""
        projection = name.removeprefix("synapses_").removesuffix(".write")
        lanes = len(seen) - 1
        image = self._mirror[projection].reshape(-1, lanes)
        if beyond := [int(address) for address in seen[0] if address >= len(image)]:
            raise NetworkMismatchError(f"{name} address is {beyond[0]}, and there are {len(image)} words")
        image[seen[0]] = np.stack(seen[1:], axis=1)
        self.writes += len(seen[0])

    # The whole state.

    def check_image(self, what: str) -> None:
        """Compare all synapses, as their memories were written, with the model's."""
        for name, image in self._mirror.items():
            self._equal(f"{what}: synapses of {name}", image, packed(self.model.memories[name]))

    def check_registers(self, what: str) -> None:
        """Compare every random register with the model's."""
        for name, memory in self.model.memories.items():
            for lane, value in enumerate(memory.registers):
                found = int(getattr(self._dut, f"register_{name}_{lane}").value)
                self._equal(f"{what}: random register of lane {lane} of {name}", found, value)
        if hasattr(self._dut, "register_jitter"):
            self._equal(
                f"{what}: random register of shifts", int(self._dut.register_jitter.value), self.model.port.registers["jitter"]
            )

    async def check_all(self, what: str) -> None:
        """Read all synapses through the host and compare them, and the registers."""
        for number, (name, memory) in enumerate(self.model.memories.items()):
            lanes, every = memory.weights.lanes, np.arange(memory.rows * memory.neurons)
            self._access(number, every, write=False, values=np.zeros(every.size), lanes=lanes)
            await self.settle(f"{what}: read {name}")
            (found,) = self.streams["readback"].take()
            self.streams["host_done"].flush()
            own = found.astype(np.int64) & ((1 << bits_of(memory)) - 1)
            self._equal(f"{what}: synapses of {name} as the host reads them", own, packed(memory))
        self.compare(what)
        self.check_image(what)
        self.check_registers(what)

    def _equal(self, what: str, found: Any, wanted: Any) -> None:
        if np.size(found) != np.size(wanted):
            raise NetworkMismatchError(f"{what}: {np.size(found)} of them, not {np.size(wanted)}")
        wrong = np.flatnonzero(np.asarray(found).reshape(-1) != np.asarray(wanted).reshape(-1))
        if wrong.size:
            at = int(wrong[0])
            raise NetworkMismatchError(
                f"{what}: number {at} is {np.asarray(found).reshape(-1)[at]}, not {np.asarray(wanted).reshape(-1)[at]}"
            )
        self.values += int(np.asarray(wanted).size)

    def _access(self, number: int, synapses: np.ndarray, *, write: bool, values: np.ndarray, lanes: int) -> None:
        """Queue accesses to synapses by their number in row order."""
        own = {
            "consolidate": np.zeros(synapses.size),
            "projection": np.full(synapses.size, number),
            "write": np.full(synapses.size, write),
            "address": synapses // lanes,
            "lane": synapses % lanes,
            "data": values,
        }
        self.streams["host"].load([own[name].astype(np.int64) for name in self._items["host"]])
        self.streams["host_done"].expect(synapses.size)
        self.streams["readback"].expect(0 if write else synapses.size)
        self.accesses += synapses.size

    async def learn(self, pixels: np.ndarray, labels: np.ndarray, slower: int) -> None:
        """Let chip and model learn samples, without gaps, and compare them."""
        count = len(pixels)
        self.stalls(0.0)
        given = pixels, labels, np.ones(count, dtype=np.int64), np.full(count, slower), np.full(count, pixels.shape[1])
        await self.learn_drawn(given, flowing=True)
        self.samples += count
        self.learned += count

    async def learn_drawn(self, drawn: tuple[np.ndarray, ...], *, flowing: bool) -> None:
        """Let chip and model take samples and compare them; ``flowing``: count the clocks."""
        pixels = drawn[0]
        start = clocks(0)
        self.offer(*drawn)
        self.play_all(drawn)
        await self.settle("samples")
        if flowing:
            self.flowing_samples += len(pixels)
            self.flowing_clocks += clocks(0) - start
        self.compare(f"samples {self.samples}..{self.samples + len(pixels) - 1}")
        self.check_image(f"samples up to {self.samples + len(pixels) - 1}")
        self.check_registers(f"samples up to {self.samples + len(pixels) - 1}")

    async def restore(self) -> None:
        """Write every synapse as it is in the model, which was just made, and forget what the monitors saw of it."""
        await self.reset()
        for number, memory in enumerate(self.model.memories.values()):
            words = packed(memory).reshape(-1)
            self._access(number, np.arange(words.size), write=True, values=words, lanes=memory.weights.lanes)
            await self.settle("synapses written anew")
        self.accesses = 0
        for stream in self.streams.values():
            stream.flush()

    def record(self, names: Sequence[str]) -> dict[str, Any]:
        """Return what was compared, and how busy each projection was in its passes."""
        busy = {
            name: {what: int(getattr(self._dut, f"{net}_{name}").value) for what, net in (("work", "work"), ("passes", "pass"))}
            for name in names
        }
        return {
            "samples": self.samples,
            "learned": self.learned,
            "tasks_ended": self.tasks,
            "values_compared": self.values,
            "words_written": self.writes,
            "resets": self.resets,
            "corners": {name: {"reset": reset, "clocks": clocks_} for name, (reset, clocks_) in self.corners.items()},
            "host_accesses": self.accesses,
            "clocks": clocks(0),
            "busy": busy,
            "flowing_samples": self.flowing_samples,
            "flowing_clocks": self.flowing_clocks,
        }

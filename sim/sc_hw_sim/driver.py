"""The hands of a bench: the streams of one core, resets, waiting, and everything that goes through the host port."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from cocotb.triggers import Timer

from sc_hw_models.core import CoreModel
from sc_hw_models.rule import Field, Rule, index_bits

from .scoreboard import Context, Scoreboard
from .stimulus import random_state
from .streams import CLOCK_PERIOD, Stream, arm, begin

__all__ = ["PATIENCE", "Arrays", "Driver"]

_FEW = 64  # writes among which words are read
PATIENCE = 1000  # clocks in which something must move; stalls and latencies are far shorter

Arrays = dict[str, np.ndarray]


class Driver:
    """Moves beats to and from core number ``index`` of the bench; everything random comes from ``seed``."""

    parts: "Sequence[Driver]"  # the drivers of all cores in the design: several in a layer or a crossbar

    def __init__(
        self,
        dut: Any,
        index: int,
        rule: Rule,
        config: Any,
        *,
        synapses: int,
        lanes: int,
        seed: int,
        prefix: str = "",
        row_words: int = 0,
        marked: bool = True,
    ) -> None:
        self.model = CoreModel(rule, config, synapses=synapses, lanes=lanes)
        self.spec, self.words, self.lanes, self.synapses = self.model.spec, self.model.words, lanes, synapses
        self.row_words = row_words  # of which a beat may skip as many, 0 if it may not
        self._marked = marked  # whether the last event beat of a timestep says so
        self.wrong_marks = 0.0  # how often that is said of another
        self.next_mark = ""  # how it is wrong the next time: "early mark", "first mark" (of the first beat), "no mark"
        self.generator = np.random.default_rng([seed, index])
        self.board = Scoreboard(label=prefix)
        self.done = 0  # timesteps
        self._flowing = False  # whether no stream stalls
        self._index, self._prefix = index, prefix
        self._rst, self._wake = getattr(dut, f"rst_{index}"), getattr(dut, f"wake_{index}")
        self._idle = getattr(dut, f"idle_{index}")
        self._watching, self._prime = getattr(dut, f"watch_{index}"), getattr(dut, f"prime_{index}")
        self._watching.value, self._prime.value = 0, 0  # another campaign may have ended anywhere
        begin(index)
        address = Field(name="address", bits=index_bits(self.words))
        lane_number = [Field(name="lane", bits=(lanes - 1).bit_length())] if lanes > 1 else []
        results = [Field(name="last", bits=1), *self._skip_field, *(f for f in self.spec.outputs for _ in range(lanes))]
        self.command = self._stream("command", [Field(name="clear", bits=1), *self.spec.step_inputs])
        self.event = self._stream("event", self._event_fields)
        self.host = self._stream("host", [Field(name="write", bits=1), *lane_number, address, *self.spec.state])
        self.result = self._stream("result", results)
        self.readback = self._stream("readback", self.spec.state)
        self.writes = [self._stream(f"write_{lane}", [address, *self.spec.state]) for lane in range(lanes)]
        self._reads: list[tuple[np.ndarray, Arrays]] = []  # synapses whose words were asked for, and these words
        # Words of each lane that hold a synapse: the last word of the last lanes may not.
        self._lane_words = [len(range(lane, synapses, lanes)) for lane in range(lanes)]

    @property
    def streams(self) -> list[Stream]:
        """Every stream of the core."""
        return [*self.handshakes, *self.writes]

    @property
    def sources(self) -> list[Stream]:
        """Every stream that the bench feeds."""
        return [self.command, self.event, self.host]

    @property
    def handshakes(self) -> list[Stream]:
        """Every valid/ready stream of the core."""
        return [*self.sources, self.result, self.readback]

    def _stream(self, name: str, fields: Sequence[Field]) -> Stream:
        return Stream(self._index, f"{self._prefix}{name}", fields)

    @property
    def _skip_field(self) -> list[Field]:
        return [Field(name="skip", bits=1)] if self.row_words else []

    @property
    def _event_fields(self) -> list[Field]:
        """The fields of an event beat."""
        return self._mark_field + self._skip_field + [f for f in self.spec.synapse_inputs for _ in range(self.lanes)]

    @property
    def _mark_field(self) -> list[Field]:
        return [Field(name="last", bits=1)] * self._marked

    def _marks(self, steps: int, beats: int) -> list[np.ndarray]:
        """Return which events are marked as the last of their timestep, a column if they have marks; now and then a wrong one."""
        last = np.zeros((steps, beats), np.uint8)
        last[:, -1] = 1
        wrong, self.next_mark = self.next_mark, ""
        row = int(self.generator.integers(steps))
        if wrong == "no mark":
            last[row, -1] = 0
        elif wrong:
            last[row, 0 if wrong == "first mark" else int(self.generator.integers(max(1, beats - 1)))] = 1
        elif self.generator.random() < self.wrong_marks:
            last[row, -1 if self.generator.random() < 0.5 else int(self.generator.integers(beats))] ^= 1
        return [last.reshape(-1)] * self._marked

    def _event_beats(self, steps: int) -> list[int]:
        """Return how many event beats each of the last timesteps asked for has."""
        return [self.words] * steps

    def _stalls(self) -> None:
        """Choose new gaps and backpressure for every stream: none, some or much; often none anywhere."""
        self._flowing = self.generator.random() < 0.25
        for stream in (s for part in self.parts for s in part.handshakes):
            probability = self.generator.choice([0.0, 0.0, 0.1, 0.5, 0.9], p=[0.4, 0.2, 0.2, 0.15, 0.05])
            stream.stall(0.0 if self._flowing else probability, int(self.generator.integers(1 << 62)))

    async def _reset(self) -> list[list[list[np.ndarray]]]:
        """Hold reset for a few clocks, drop what was queued, and return what each part's lanes wrote until then."""
        self._rst.value = 1
        await Timer(int(self.generator.integers(2, 5)) * CLOCK_PERIOD, unit="step")
        written = self._drop()
        self._rst.value = 0
        return written

    def _drop(self, *, restarted: bool = False) -> list[list[list[np.ndarray]]]:
        """Drop what was queued as a reset does, and return what each part's lanes wrote until then.

        When sources have ``restarted``, what they have is for after the reset and stays.
        """
        written = [[stream.take() for stream in part.writes] for part in self.parts]
        for part in self.parts:
            for stream in (s for s in part.streams if not (restarted and s in part.sources)):
                stream.flush()
            part.model.reset()
            part._reads = []
        return written

    async def _moved(self, what: str, *, patience: int = PATIENCE) -> None:
        """Wait until all goals are met; a core that does not move for ``patience`` clocks is reported with what it still owes."""
        arm(self._index, patience)
        await self._wake.value_change
        for stream in (s for part in self.parts for s in (part.command, part.event, part.host)):
            self.board.count(f"{what}: stuck", f"{stream.name} beats not taken", 0, stream.left)

    async def _settled(self) -> None:
        """Wait until the core says it is idle, which it must within a few clocks of its last beat."""
        arm(self._index, self.spec.latency + 8, until_idle=True)
        await self._wake.value_change
        self.board.count("idle", "idle", 1, int(self._idle.value))

    async def _host(self, what: str, order: np.ndarray, *, write: bool) -> None:
        """Write the model's words of the synapses in ``order`` through the host port, or read them."""
        await self._settled()
        self._access(order, write=write)
        await self._moved(what)

    def _access(self, order: np.ndarray, *, write: bool) -> None:
        """Queue host accesses to the synapses in ``order``."""
        lane = [order % self.lanes] if self.lanes > 1 else []
        words = (self.model.state[f.name][order] for f in self.spec.state)
        self.host.load([np.full(len(order), write), *lane, order // self.lanes, *words])
        for stream, count in zip(self.writes, self._lane_words, strict=True):
            stream.expect(count * write)
        self.readback.expect(len(order) * (not write))

    def _ask_read(self, order: np.ndarray) -> None:
        """Queue reads of the words that the model has now."""
        self._access(order, write=False)
        self._reads.append((order, {name: values[order] for name, values in self.model.state.items()}))

    def _compare_reads(self, check: str) -> None:
        """Compare what was asked for with ``_ask_read`` and has come."""
        if not self._reads:
            return
        orders, words = zip(*self._reads, strict=True)
        self._reads, order = [], np.concatenate(orders)
        self.board.count(check, "words read back", len(order), self.readback.left)
        wanted = {name: np.concatenate([own[name] for own in words]) for name in words[0]}
        found = dict(zip(wanted, self.readback.take(), strict=True))
        self.board.host_values += self.board.tables(check, wanted, found, self._synapse_of(order))

    async def _load(self, values: Arrays) -> None:
        """Replace whole state fields through the host port, word by word in random order, and see the memory take them."""
        self.model.load(values)
        order = self.generator.permutation(self.synapses)
        await self._host("load", order, write=True)
        self._compare_stored("load", order)

    async def _mixed(self) -> None:
        """Write new words and read words between: a read returns the word that was written last before it."""
        order = self.generator.permutation(self.synapses)[:_FEW]
        read = np.where(self.generator.random(len(order)) < 0.5, order, self.generator.choice(order, len(order)))
        before, drawn = self.model.state, random_state(self.spec.state, self.synapses, self.generator)
        after = {name: values.copy() for name, values in before.items()}
        for name, values in after.items():
            values[order] = drawn[name][order]
        self.model.load(after)
        turns = {synapse: turn for turn, synapse in enumerate(order.tolist())}
        fresh = np.array([turns[synapse] for synapse in read.tolist()]) <= np.arange(len(order))
        kept = self.generator.random(len(order)) < 0.7  # so that writes follow writes, too
        wanted = {name: np.where(fresh, after[name][read], before[name][read])[kept] for name in after}

        # A write, and after most of them a read.
        pairs = np.stack([order, read], axis=1)[np.stack([np.ones_like(kept), kept], axis=1)]
        writes = np.concatenate([[1, 0] if both else [1] for both in kept.tolist()])
        await self._settled()
        lane = [pairs % self.lanes] if self.lanes > 1 else []
        self.host.load([writes, *lane, pairs // self.lanes, *(after[f.name][pairs] for f in self.spec.state)])
        for k, stream in enumerate(self.writes):
            stream.expect(int((order % self.lanes == k).sum()))
        self.readback.expect(int(kept.sum()))
        await self._moved("mixed host accesses")
        self.board.count("mixed host accesses", "words read", int(kept.sum()), self.readback.left)
        found = dict(zip(after, self.readback.take(), strict=True))
        self.board.host_values += self.board.tables("mixed host accesses", wanted, found, self._synapse_of(read[kept]))
        self._compare_stored("mixed host accesses", order)

    def _compare_stored(self, check: str, order: np.ndarray) -> None:
        """Compare what the memories took of host writes to the synapses in ``order`` with the model's state."""
        for lane, stream in enumerate(self.writes):
            mine = order[order % self.lanes == lane]
            self.board.count(check, f"words written to lane {lane}", len(mine), stream.left)
            expected = [mine // self.lanes, *(self.model.state[f.name][mine] for f in self.spec.state)]
            self.board.host_values += self.board.tables(
                check, self._word(expected), self._word(stream.take()), self._synapse_of(mine)
            )

    async def _check_readback(self, check: str) -> None:
        """Read every word through the host port and compare it."""
        order = np.arange(self.synapses)
        await self._host(check, order, write=False)
        self._compare_readback(check, order)

    def _compare_readback(self, check: str, order: np.ndarray) -> None:
        """Compare what was read with the model's state."""
        self.board.count(check, "words read back", self.synapses, self.readback.left)
        found = dict(zip(self.model.state, self.readback.take(), strict=True))
        self.board.host_values += self.board.tables(check, self.model.state, found, self._synapse_of(order))

    def _word(self, columns: Sequence[np.ndarray]) -> Arrays:
        """Name the columns of what a lane writes."""
        return dict(zip(["write address", *(f.name for f in self.spec.state)], columns, strict=True))

    def _synapse_of(self, order: np.ndarray) -> Context:
        """Return a context for a table whose rows are the synapses in ``order``."""
        return lambda row: {"timestep": self.done, "synapse": int(order[row])}

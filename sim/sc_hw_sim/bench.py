"""The bench of one core: loads, sweeps, resets, clears and reads it back, and compares everything with the golden model."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from cocotb.triggers import Timer

from sc_hw_models.core import CoreModel
from sc_hw_models.rule import Field, Rule

from .scoreboard import Context, MismatchError, Scoreboard
from .stimulus import LOAD, LOAD_TIMESTEP, Kind, inputs_of, kinds, random_state
from .streams import CLOCK_PERIOD, Stream, arm, clocks

if TYPE_CHECKING:
    from .cover import FunctionalCoverage

__all__ = ["CoreBench"]

_BATCH = 1 << 15  # synapse-steps moved at once
_FEW = 64
_SLACK = 16  # clocks until the first event is offered and the last result is seen
_PATIENCE = 1000  # clocks in which something must move; stalls and latencies are far shorter

Arrays = dict[str, np.ndarray]


def _joined(parts: Sequence[Arrays]) -> Arrays:
    """Return columns one after the other in time."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class CoreBench:
    """Drives core number ``index`` of the bench for ``steps`` timesteps; everything random comes from ``seed``."""

    def __init__(self, dut: Any, index: int, rule: Rule, config: Any, *, synapses: int, lanes: int, steps: int, seed: int,
                 initial: Arrays | None = None) -> None:  # fmt: skip
        self.model = CoreModel(rule, config, synapses=synapses, lanes=lanes)
        self.spec, self.words, self.lanes, self.synapses = self.model.spec, self.model.words, lanes, synapses
        self.steps, self.done, self.initial = steps, 0, initial
        self.generator = np.random.default_rng([seed, index])
        self.board = Scoreboard()
        self._flowing = False  # whether no stream stalls
        self.coverage: FunctionalCoverage | None = None
        self._index, self._motifs = index, rule.motifs
        self._rst, self._wake = getattr(dut, f"rst_{index}"), getattr(dut, f"wake_{index}")
        self._idle = getattr(dut, f"idle_{index}")
        address = Field(name="address", bits=max(1, (self.words - 1).bit_length()))
        lane_number = [Field(name="lane", bits=(lanes - 1).bit_length())] if lanes > 1 else []
        self.command = Stream(index, "command", [Field(name="clear", bits=1), *self.spec.step_inputs])
        self.event = Stream(index, "event", [f for f in self.spec.synapse_inputs for _ in range(lanes)])
        self.host = Stream(index, "host", [Field(name="write", bits=1), *lane_number, address, *self.spec.state])
        self.result = Stream(index, "result", [Field(name="last", bits=1), *(f for f in self.spec.outputs for _ in range(lanes))])
        self.readback = Stream(index, "readback", self.spec.state)
        self.writes = [Stream(index, f"write_{lane}", [address, *self.spec.state]) for lane in range(lanes)]
        # Words of each lane that hold a synapse: the last word of the last lanes may not.
        self._lane_words = [len(range(lane, synapses, lanes)) for lane in range(lanes)]

    @property
    def streams(self) -> list[Stream]:
        """Every stream of the core."""
        return [self.command, self.event, self.host, self.result, self.readback, *self.writes]

    async def run(self, progress: Callable[[int], None]) -> None:
        """Run the whole campaign; raises ``MismatchError`` at the first difference."""
        await self._reset()
        if self.initial:
            self.model.load(self.initial)
            await self._check_readback("initial state")
        await self._clear()
        await self._check_readback("clear after power-up")
        stimuli = kinds(self._motifs)
        corners = 6 + 3 * len(self._motifs)
        # A core of few synapses visits the ends of its state by being loaded often, not by running long.
        longest = _BATCH // self.synapses if self.synapses > _FEW else _FEW
        batch = max(1, min(longest, self.steps // (2 * corners + 2)))
        while self.done < self.steps:
            self._stalls()
            if self.generator.random() < 0.5 or self.done == 0:
                await self._load(random_state(self.spec.state, self.synapses, self.generator))
            kind = next(stimuli)
            steps = min(batch, self.steps - self.done)
            await self._timesteps(kind, inputs_of(kind, self.spec, steps, self.synapses, self.generator), steps)
            self.board.stimuli[kind.name] = self.board.stimuli.get(kind.name, 0) + steps
            progress(steps * self.synapses)
            if self.generator.random() < 0.1:
                await self._check_readback("read-back")
            if self.generator.random() < 0.2 or self.board.resets < 10:
                await self._reset_mid_run()
            if self.generator.random() < 0.1 or self.board.clears == 2:
                await self._clear()
            if self.generator.random() < 0.1 or self.board.clears == 4:
                await self._clear_between()
        await self._check_readback("final read-back")
        for stream in self.streams:
            self.board.count("protocol", f"{stream.name}: beats withdrawn or changed while waiting", 0, stream.unstable)

    async def replay(self, stimulus: Arrays, progress: Callable[[int], None]) -> None:
        """Play recorded inputs from the initial state (or from a clear) and compare as ``run`` does.

        ``stimulus`` holds each synapse input as ``(timesteps, synapses)`` and each step input as ``(timesteps,)``; and, where
        state is loaded on the way, ``load_timestep`` ``(loads,)`` and each field loaded then as ``load_FIELD``
        ``(loads, synapses)``. Before a load every word is read back.
        """
        await self._reset()
        if self.initial:
            self.model.load(self.initial)
            await self._check_readback("initial state")
        else:
            await self._clear()
        kind = Kind("recorded", "recorded", "recorded")
        batch = max(1, _BATCH // self.synapses)
        loads = {int(timestep): row for row, timestep in enumerate(stimulus.get(LOAD_TIMESTEP, ()))}
        while self.done < self.steps:
            self._stalls()
            if self.done in loads:
                await self._check_readback("read-back before a load")
                row = loads.pop(self.done)
                await self._load({f.name: stimulus[LOAD + f.name][row] for f in self.spec.state if LOAD + f.name in stimulus})
            start, stop = self.done, min([self.done + batch, self.steps, *loads])
            await self._timesteps(kind, {f.name: stimulus[f.name][start:stop] for f in self.spec.inputs}, stop - start)
            progress((stop - start) * self.synapses)
        self.board.stimuli[kind.name] = self.steps
        await self._check_readback("final read-back")

    # Pieces of a campaign.

    def _stalls(self) -> None:
        """Choose new gaps and backpressure for every stream: none, some or much; often none anywhere."""
        self._flowing = self.generator.random() < 0.25
        for stream in (self.command, self.event, self.host, self.result, self.readback):
            probability = self.generator.choice([0.0, 0.0, 0.1, 0.5, 0.9], p=[0.4, 0.2, 0.2, 0.15, 0.05])
            stream.stall(0.0 if self._flowing else probability, int(self.generator.integers(1 << 62)))

    async def _reset(self) -> list[list[np.ndarray]]:
        """Hold reset for a few clocks, drop what was queued, and return what the lanes wrote until then."""
        self._rst.value = 1
        await Timer(int(self.generator.integers(2, 5)) * CLOCK_PERIOD, unit="step")
        written = [stream.take() for stream in self.writes]
        for stream in self.streams:
            stream.flush()
        self._rst.value = 0
        self.model.reset()
        return written

    async def _moved(self, what: str) -> None:
        """Wait until all goals are met; a core that stops moving is reported with what it still owes."""
        arm(self._index, _PATIENCE)
        await self._wake.value_change
        for stream in (self.command, self.event, self.host):
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

    async def _load(self, values: Arrays) -> None:
        """Replace whole state fields through the host port, word by word in random order, and see the memory take them."""
        self.model.load(values)
        order = self.generator.permutation(self.synapses)
        await self._host("load", order, write=True)
        for lane, stream in enumerate(self.writes):
            mine = order[order % self.lanes == lane]
            self.board.count("load", f"words written to lane {lane}", len(mine), stream.left)
            expected = [mine // self.lanes, *(self.model.state[f.name][mine] for f in self.spec.state)]
            self.board.host_values += self.board.tables(
                "load", self._word(expected), self._word(stream.take()), self._synapse_of(mine)
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

    def _ask_clear(self) -> Arrays:
        """Queue a clear and return the state it writes, columns ``(1, synapses)``."""
        self.model.clear()
        self.command.load([np.array([1]), *(np.array([0]) for _ in self.spec.step_inputs)])
        return {name: values[None] for name, values in self.model.state.items()}

    async def _clear(self) -> None:
        """Clear the core: every word is written once, in order, with the reset word.

        Then clear it again with host reads waiting: whichever goes first, they return reset words.
        """
        await self._cleared("clear")
        order = np.arange(self.synapses)
        self._access(order, write=False)
        await self._cleared("clear after clear")
        await self._settled()
        self._compare_readback("read during a clear", order)

    async def _cleared(self, check: str) -> None:
        """Ask for a clear and compare what it writes."""
        expected = self._ask_clear()
        for stream, count in zip(self.writes, self._lane_words, strict=True):
            stream.expect(count)
        await self._moved(check)
        self.board.clears += 1
        self._compare_writes(check, expected, self._context())

    async def _clear_between(self) -> None:
        """Clear between timesteps, all asked for at once: it waits until they are done, and they until it is."""
        steps, kind = int(self.generator.integers(1, 5)), Kind("around a clear", "random", "random")
        states: list[Arrays] = []
        results: list[Arrays] = []
        for clear in (False, True, False):
            if clear:
                states.append(self._ask_clear())
                continue
            inputs = inputs_of(kind, self.spec, steps, self.synapses, self.generator)
            expected, outputs = self.model.run(inputs)
            self._offer(inputs, steps)
            states.append(expected)
            results.append(outputs)
        self.result.expect(2 * steps * self.words)
        for stream, count in zip(self.writes, self._lane_words, strict=True):
            stream.expect((2 * steps + 1) * count)
        await self._moved("clear between timesteps")
        self._compare_writes("clear between timesteps", _joined(states), self._context())
        self._compare_results(_joined(results), 2 * steps, self._context())
        self.board.clears += 1

    async def _timesteps(self, kind: Kind, inputs: Arrays, steps: int) -> None:
        """Play ``inputs`` and compare every state field and output of every synapse after each of them."""
        before = self.model.state
        expected, outputs = self.model.run(inputs)
        if self.coverage:
            self.coverage.sample(before, inputs, expected, outputs)
        self._offer(inputs, steps)
        self.result.expect(steps * self.words)
        for stream, count in zip(self.writes, self._lane_words, strict=True):
            stream.expect(steps * count)
        start = clocks(self._index)
        await self._moved("timesteps")
        if self._flowing:
            # A word a clock; between sweeps one clock, or a drained pipeline where a lane is not deeper than that.
            depth = self.spec.latency + 2
            late = clocks(self._index) - start - steps * (self.words + 1 + (self.words <= depth) * depth) - depth - _SLACK
            self.board.count("throughput", "clocks late", 0, max(0, late))
        context = self._context(kind, inputs, before, expected)
        self._compare_writes("state after timestep", expected, context)
        self._compare_results(outputs, steps, context)
        self.done += steps
        self.board.synapse_steps += steps * self.synapses

    async def _reset_mid_run(self) -> None:
        """Reset in the middle of timesteps or a clear: what was written before stays, in order; nothing else changes."""
        await self._settled()
        state = {name: values.copy() for name, values in self.model.state.items()}
        turn = self.board.resets % 5  # in turn: timesteps, their end, timesteps whose results wait, a clear, a sweep
        steps = 1 if turn in (1, 3) else int(self.generator.integers(1, 5))
        if turn == 3:
            expected = self._ask_clear()
        else:
            inputs = inputs_of(Kind("reset under way", "random", "random"), self.spec, steps, self.synapses, self.generator)
            expected, _ = self.model.run(inputs)
            self._offer(inputs, steps)
        late = self.words + self.spec.latency
        busy = (2, self.words)
        first, last = [(1, steps * late), (self.words + 5, late + 1), (self.spec.latency + 6, steps * late), busy, busy][turn]
        if turn:  # no gaps, so that the reset meets what it is for, which may last a few clocks only
            for stream in (self.command, self.event, self.result):
                stream.stall(0.0, 0)
        if turn == 2:
            self.result.stall(0.99, int(self.generator.integers(1 << 62)))
        wait = int(self.generator.integers(first, max(first, last) + 2))
        await Timer(wait * CLOCK_PERIOD + CLOCK_PERIOD // 4, unit="step")
        written = await self._reset()
        self.result.stall(0.0, 0)
        for lane, (found, words) in enumerate(zip(written, self._lane_words, strict=True)):
            count = len(found[0])
            self.board.count("reset under way", f"surplus writes to lane {lane}", 0, max(0, count - steps * words))
            # The lane's synapses, timestep after timestep: what it wrote is a prefix of this.
            order = np.tile(np.arange(lane, self.synapses, self.lanes), steps)[:count]
            wanted = [expected[f.name][:, lane :: self.lanes].reshape(-1)[:count] for f in self.spec.state]
            self.board.state_values += self.board.tables(
                "reset under way", self._word([order // self.lanes, *wanted]), self._word(found), self._synapse_of(order)
            )
            for values, column in zip(state.values(), wanted, strict=True):
                values[order[-words:]] = column[-words:]
        self.model.load(state)
        self.board.resets += 1
        await self._check_readback("read-back after reset")

    # Values and comparisons.

    def _offer(self, inputs: Arrays, steps: int) -> None:
        """Queue the commands and events of some timesteps; lanes without a synapse in the last word get noise."""
        padded = self.words * self.lanes
        events: list[np.ndarray] = []
        for f in self.spec.synapse_inputs:
            noise = self.generator.integers(f.minimum, f.maximum, size=(steps, padded - self.synapses), endpoint=True)
            values = np.concatenate([inputs[f.name], noise.astype(f.dtype)], axis=1)
            events.extend(values.reshape(-1, self.lanes).T)  # a column for each lane
        self.event.load(events)
        self.command.load([np.zeros(steps), *(inputs[f.name] for f in self.spec.step_inputs)])

    def _compare_writes(self, check: str, expected: Arrays, context: Context) -> None:
        """Compare everything the lanes wrote, addresses included, with ``expected``, columns ``(steps, synapses)``."""
        steps = len(next(iter(expected.values())))
        found: Arrays = {}
        for lane, stream in enumerate(self.writes):
            words = self._lane_words[lane]
            self.board.count(check, f"words written to lane {lane}", steps * words, stream.left)
            for name, column in self._word(stream.take()).items():
                found.setdefault(name, np.empty((steps, self.synapses), column.dtype))[:, lane :: self.lanes] = column.reshape(
                    steps, words
                )
        wanted = {"write address": np.arange(self.synapses) // self.lanes, **expected}
        self.board.state_values += self.board.tables(check, wanted, found, context) - steps * self.synapses  # less the addresses

    def _compare_results(self, outputs: Arrays, steps: int, context: Context) -> None:
        """Compare the result stream: count, last flag, and every output of every synapse."""
        self.board.count("results", "result beats", steps * self.words, self.result.left)
        last, *columns = self.result.take()
        wanted = np.arange(steps * self.words) % self.words == self.words - 1
        self.board.tables("results", {"result_last": wanted}, {"result_last": last}, lambda _row: {})
        found = {}
        for position, name in enumerate(outputs):
            # Lanes without a synapse in the last word mean nothing there.
            beats = np.column_stack(columns[position * self.lanes : (position + 1) * self.lanes])
            found[f"result_{name}"] = beats.reshape(steps, -1)[:, : self.synapses]
        expected = {f"result_{name}": values for name, values in outputs.items()}
        self.board.output_values += self.board.tables("results", expected, found, context)

    def _word(self, columns: Sequence[np.ndarray]) -> Arrays:
        """Name the columns of what a lane writes."""
        return dict(zip(["write address", *(f.name for f in self.spec.state)], columns, strict=True))

    def _synapse_of(self, order: np.ndarray) -> Context:
        """Return a context for a table whose rows are the synapses in ``order``."""
        return lambda row: {"timestep": self.done, "synapse": int(order[row])}

    def _context(self, kind: Kind | None = None, inputs: Arrays | None = None, before: Arrays | None = None,
                 after: Arrays | None = None) -> Context:  # fmt: skip
        """Return a function that tells, for a step and a synapse, what led to it."""

        def context(step: int, synapse: int) -> dict[str, Any]:
            result: dict[str, Any] = {"timestep": self.done + step, "synapse": synapse}
            if kind is not None and inputs is not None and before is not None and after is not None:
                given = {f.name: int(inputs[f.name][step, synapse]) for f in self.spec.synapse_inputs}
                given |= {f.name: int(inputs[f.name][step]) for f in self.spec.step_inputs}
                state = {name: int(after[name][step - 1, synapse] if step else before[name][synapse]) for name in before}
                result |= {"stimulus": kind.name, "inputs": given, "state_before": state}
            return result

        return context

    def record(self, error: MismatchError | None) -> dict[str, Any]:
        """Return the JSON-ready outcome."""
        board = self.board
        return {
            "synapse_steps": board.synapse_steps,
            "timesteps": self.done,
            "state_values_compared": board.state_values,
            "output_values_compared": board.output_values,
            "host_values_compared": board.host_values,
            "resets": board.resets,
            "clears": board.clears,
            "stimuli": board.stimuli,
            "clocks": clocks(self._index),
            "mismatch": vars(error.mismatch) | {"text": error.mismatch.text()} if error else None,
        }

"""The bench of one core: loads, sweeps, resets, clears and reads it back, and compares everything with the golden model."""

from collections.abc import Callable
from typing import Any

import numpy as np
from cocotb.triggers import RisingEdge, Timer

from sc_hw_models.core import CoreModel
from sc_hw_models.rule import Rule

from .scoreboard import Context, MismatchError, Scoreboard
from .stimulus import Kind, inputs_of, kinds, random_state
from .streams import Stream, arm, clocks

__all__ = ["CLOCK_PERIOD", "CoreBench"]

CLOCK_PERIOD = 10  # simulator steps
_BATCH = 1 << 15  # synapse-steps moved at once
_FEW = 64
_SLACK = 16  # clocks until the first event is offered and the last result is seen
_PATIENCE = 1000  # clocks in which something must move; stalls and latencies are far shorter

Arrays = dict[str, np.ndarray]


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
        self._index, self._motifs = index, rule.motifs
        self._rst, self._wake = getattr(dut, f"rst_{index}"), getattr(dut, f"wake_{index}")
        self._idle = getattr(dut, f"idle_{index}")
        fields = len(self.spec.state)
        self.command = Stream(index, "command", 1 + len(self.spec.step_inputs))
        self.event = Stream(index, "event", len(self.spec.synapse_inputs) * lanes)
        self.host = Stream(index, "host", 3 + fields)
        self.result = Stream(index, "result", 1 + len(self.spec.outputs) * lanes)
        self.readback = Stream(index, "readback", fields)
        self.writes = [Stream(index, f"write_{lane}", 1 + fields) for lane in range(lanes)]
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
                await self._load_random()
            kind = next(stimuli)
            steps = min(batch, self.steps - self.done)
            await self._timesteps(kind, inputs_of(kind, self.spec, steps, self.synapses, self.generator), steps)
            self.board.stimuli[kind.name] = self.board.stimuli.get(kind.name, 0) + steps
            progress(steps * self.synapses)
            if self.generator.random() < 0.1:
                await self._check_readback("read-back")
            if self.generator.random() < 0.2 or self.board.resets == 0:
                await self._reset_mid_run()
            if self.generator.random() < 0.1 or self.board.clears == 1:
                await self._clear()
            if self.generator.random() < 0.1 or self.board.clears == 2:
                await self._clear_between()
        await self._check_readback("final read-back")
        for stream in self.streams:
            self.board.count("protocol", f"{stream.name}: beats withdrawn or changed while waiting", 0, stream.unstable)

    async def replay(self, stimulus: Arrays, progress: Callable[[int], None]) -> None:
        """Play recorded inputs from the initial state (or from a clear) and compare as ``run`` does.

        ``stimulus`` holds each synapse input as ``(timesteps, synapses)`` and each step input as ``(timesteps,)``.
        """
        await self._reset()
        if self.initial:
            self.model.load(self.initial)
            await self._check_readback("initial state")
        else:
            await self._clear()
        kind = Kind("recorded", "recorded", "recorded")
        batch = max(1, _BATCH // self.synapses)
        for start in range(0, self.steps, batch):
            self._stalls()
            part = {name: array[start : start + batch] for name, array in stimulus.items()}
            steps = min(batch, self.steps - start)
            await self._timesteps(kind, part, steps)
            progress(steps * self.synapses)
        self.board.stimuli[kind.name] = self.steps
        await self._check_readback("final read-back")

    # Pieces of a campaign.

    def _stalls(self) -> None:
        """Choose new gaps and backpressure for every stream: none, some or much; often none anywhere."""
        self._flowing = self.generator.random() < 0.25
        for stream in (self.command, self.event, self.host, self.result, self.readback):
            probability = self.generator.choice([0.0, 0.0, 0.1, 0.5, 0.9], p=[0.4, 0.2, 0.2, 0.15, 0.05])
            stream.stall(0.0 if self._flowing else probability, int(self.generator.integers(1 << 62)))

    async def _reset(self) -> list[np.ndarray]:
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
        await RisingEdge(self._wake)
        arm(self._index, 0)
        for stream in (self.command, self.event, self.host):
            self.board.count(f"{what}: stuck", f"{stream.name} beats not taken", 0, stream.left)

    async def _settled(self) -> None:
        """Wait until the core says it is idle, which it must within a few clocks of its last beat."""
        for _ in range(self.spec.latency + 8):
            if self._idle.value == 1:
                return
            await Timer(CLOCK_PERIOD, unit="step")
        self.board.count("idle", "idle", 1, 0)

    async def _load_random(self) -> None:
        """Write a random word to every synapse through the host port and see the memory take it."""
        await self._settled()
        self.model.load(random_state(self.spec.state, self.synapses, self.generator))
        order = self.generator.permutation(self.synapses)
        beats = np.zeros((self.synapses, self.host.slots), dtype=np.int64)
        beats[:, 0], beats[:, 1], beats[:, 2] = 1, order % self.lanes, order // self.lanes
        for column, f in enumerate(self.spec.state, 3):
            beats[:, column] = self.model.state[f.name][order]
        self.host.load(beats)
        for stream, count in zip(self.writes, self._lane_words, strict=True):
            stream.expect(count)
        await self._moved("load")
        for lane, stream in enumerate(self.writes):
            mine = order % self.lanes == lane
            found = stream.take()
            self.board.count("load", f"words written to lane {lane}", int(mine.sum()), len(found))
            self.board.host_values += self.board.tables(
                "load", self._columns, beats[mine][:, 2:], found, self._synapse_of(order[mine])
            )

    async def _check_readback(self, check: str) -> None:
        """Read every word through the host port and compare it."""
        await self._settled()
        beats = np.zeros((self.synapses, self.host.slots), dtype=np.int64)
        beats[:, 1], beats[:, 2] = np.arange(self.synapses) % self.lanes, np.arange(self.synapses) // self.lanes
        self.host.load(beats)
        self.readback.expect(self.synapses)
        await self._moved(check)
        found = self.readback.take()
        self.board.count(check, "words read back", self.synapses, len(found))
        self.board.host_values += self.board.tables(
            check, self._columns[1:], self._table(self.model.state), found, self._synapse_of(np.arange(self.synapses))
        )

    async def _clear(self) -> None:
        """Clear the core: every word is written once, in order, with the reset word."""
        self.model.clear()
        self.command.load(np.array([1, *(0 for _ in self.spec.step_inputs)]))
        for stream, count in zip(self.writes, self._lane_words, strict=True):
            stream.expect(count)
        await self._moved("clear")
        self.board.clears += 1
        self._compare_writes("clear", self._table(self.model.state)[None], self._context())
        await self._settled()

    async def _clear_between(self) -> None:
        """Clear between timesteps, all asked for at once: it waits until they are done, and they until it is."""
        steps, kind = int(self.generator.integers(1, 5)), Kind("around a clear", "random", "random")
        states, results = [], []
        for clear in (False, True, False):
            if clear:
                self.model.clear()
                self.command.load(np.array([1, *(0 for _ in self.spec.step_inputs)]))
                states.append(self._table(self.model.state)[None])
                continue
            inputs = inputs_of(kind, self.spec, steps, self.synapses, self.generator)
            expected, outputs = self._golden(inputs, steps)
            self._offer(inputs, steps)
            states.append(expected)
            results.append(outputs)
        self.result.expect(2 * steps * self.words)
        for stream, count in zip(self.writes, self._lane_words, strict=True):
            stream.expect((2 * steps + 1) * count)
        await self._moved("clear between timesteps")
        self._compare_writes("clear between timesteps", np.concatenate(states), self._context())
        self._compare_results(np.concatenate(results), 2 * steps, self._context())
        self.board.clears += 1

    async def _timesteps(self, kind: Kind, inputs: Arrays, steps: int) -> None:
        """Play ``inputs`` and compare every state field and output of every synapse after each of them."""
        before = dict(self.model.state)
        expected, outputs = self._golden(inputs, steps)
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
        context = self._context(kind, inputs, np.concatenate([self._table(before)[None], expected]))
        self._compare_writes("state after timestep", expected, context)
        self._compare_results(outputs, steps, context)
        self.done += steps
        self.board.synapse_steps += steps * self.synapses

    async def _reset_mid_run(self) -> None:
        """Reset in the middle of a sweep: what was written before stays, in order; nothing else changes."""
        await self._settled()
        before = dict(self.model.state)
        steps = int(self.generator.integers(1, 5))
        inputs = inputs_of(Kind("reset under way", "random", "random"), self.spec, steps, self.synapses, self.generator)
        expected, _ = self._golden(inputs, steps)
        self._offer(inputs, steps)
        limit = steps * (self.words + self.spec.latency)
        await Timer(int(self.generator.integers(1, limit + 2)) * CLOCK_PERIOD + CLOCK_PERIOD // 4, unit="step")
        written = await self._reset()
        state = self._table(before)
        for lane, (found, words) in enumerate(zip(written, self._lane_words, strict=True)):
            self.board.count("reset under way", f"surplus writes to lane {lane}", 0, max(0, len(found) - steps * words))
            # The lane's synapses, timestep after timestep: what it wrote is a prefix of this.
            order = np.tile(np.arange(lane, self.synapses, self.lanes), steps)[: len(found)]
            wanted = expected[:, lane :: self.lanes].reshape(steps * words, -1)[: len(found)]
            addressed = np.column_stack([order // self.lanes, wanted])
            self.board.state_values += self.board.tables(
                "reset under way", self._columns, addressed, found, self._synapse_of(order)
            )
            for synapse, row in zip(order[-words:], wanted[-words:], strict=True):
                state[synapse] = row
        self.model.load({f.name: state[:, column] for column, f in enumerate(self.spec.state)})
        self.board.resets += 1
        await self._check_readback("read-back after reset")

    # Golden values and comparisons.

    def _table(self, state: Arrays) -> np.ndarray:
        """Return a state as a table ``(synapses, fields)``."""
        return np.column_stack([state[f.name] for f in self.spec.state])

    def _golden(self, inputs: Arrays, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what the model makes of the inputs: state ``(steps, synapses, fields)`` and outputs likewise."""
        expected = np.empty((steps, self.synapses, len(self.spec.state)), dtype=np.int64)
        outputs = np.empty((steps, self.synapses, len(self.spec.outputs)), dtype=np.int64)
        for step in range(steps):
            result = self.model.step({name: array[step] for name, array in inputs.items()})
            for column, f in enumerate(self.spec.state):
                expected[step, :, column] = self.model.state[f.name]
            for column, f in enumerate(self.spec.outputs):
                outputs[step, :, column] = result[f.name]
        return expected, outputs

    def _offer(self, inputs: Arrays, steps: int) -> None:
        """Queue the commands and events of some timesteps; lanes without a synapse in the last word get noise."""
        command = np.zeros((steps, self.command.slots), dtype=np.int64)
        for column, f in enumerate(self.spec.step_inputs, 1):
            command[:, column] = inputs[f.name]
        padded = self.words * self.lanes
        event = np.empty((steps, self.words, len(self.spec.synapse_inputs), self.lanes), dtype=np.int64)
        for column, f in enumerate(self.spec.synapse_inputs):
            values = np.empty((steps, padded), dtype=np.int64)
            values[:, : self.synapses] = inputs[f.name]
            values[:, self.synapses :] = self.generator.integers(f.minimum, f.maximum, size=(steps, padded - self.synapses),
                                                                 endpoint=True)  # fmt: skip
            event[:, :, column] = values.reshape(steps, self.words, self.lanes)
        self.event.load(event)
        self.command.load(command)

    def _compare_writes(self, check: str, expected: np.ndarray, context: Context) -> None:
        """Compare everything the lanes wrote, addresses included, with ``expected``, a table ``(steps, synapses, fields)``."""
        steps = len(expected)
        found = np.empty((steps, self.synapses, len(self._columns)), dtype=np.int64)
        for lane, stream in enumerate(self.writes):
            written, words = stream.take(), self._lane_words[lane]
            self.board.count(check, f"words written to lane {lane}", steps * words, len(written))
            found[:, lane :: self.lanes] = written.reshape(steps, words, -1)
        addresses = np.broadcast_to(np.arange(self.synapses) // self.lanes, (steps, self.synapses))
        wanted = np.concatenate([addresses[:, :, None], expected], axis=2)
        self.board.state_values += self.board.tables(check, self._columns, wanted, found, context) - addresses.size

    def _compare_results(self, outputs: np.ndarray, steps: int, context: Context) -> None:
        """Compare the result stream: count, last flag, and every output of every synapse."""
        found = self.result.take()
        self.board.count("results", "result beats", steps * self.words, len(found))
        last = np.arange(steps * self.words) % self.words == self.words - 1
        self.board.tables("results", ("result_last",), last[:, None].astype(np.int64), found[:, :1], lambda _row: {})
        # Beats carry field by field, lane by lane; lanes without a synapse in the last word mean nothing there.
        values = found[:, 1:].reshape(steps, self.words, -1, self.lanes).swapaxes(2, 3)
        values = values.reshape(steps, self.words * self.lanes, -1)[:, : self.synapses]
        names = [f"result_{f.name}" for f in self.spec.outputs]
        self.board.output_values += self.board.tables("results", names, outputs, values, context)

    @property
    def _columns(self) -> list[str]:
        return ["write address", *(f.name for f in self.spec.state)]

    def _synapse_of(self, order: np.ndarray) -> Context:
        """Return a context for a table whose rows are the synapses in ``order``."""
        return lambda row: {"timestep": self.done, "synapse": int(order[row])}

    def _context(self, kind: Kind | None = None, inputs: Arrays | None = None, states: np.ndarray | None = None) -> Context:
        """Return a function that tells, for a step and a synapse, what led to it."""

        def context(step: int, synapse: int) -> dict[str, Any]:
            result: dict[str, Any] = {"timestep": self.done + step, "synapse": synapse}
            if kind is not None and inputs is not None and states is not None:
                given = {f.name: int(inputs[f.name][step, synapse]) for f in self.spec.synapse_inputs}
                given |= {f.name: int(inputs[f.name][step]) for f in self.spec.step_inputs}
                state = {f.name: int(states[step, synapse, column]) for column, f in enumerate(self.spec.state)}
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

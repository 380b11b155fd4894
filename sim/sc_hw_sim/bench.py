"""The bench of one core: loads, sweeps, resets, clears and reads it back, and compares everything with the golden model."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from cocotb.triggers import Timer

from sc_hw_models.rule import Rule

from .corners import Corners
from .driver import Arrays, Driver
from .endurance import endure
from .marks import mark_wrongly
from .mined import play_mined
from .order import send_in_order
from .scoreboard import Context, MismatchError
from .stimulus import BATCH, LOAD, LOAD_TIMESTEP, Kind, inputs_of, random_state, schedule
from .streams import CLOCK_PERIOD, clocks, contradictions
from .turns import take_turns

if TYPE_CHECKING:
    from .cover import FunctionalCoverage

__all__ = ["CoreBench"]

_SLACK = 16  # clocks until the first event is offered and the last result is seen


def _joined(parts: Sequence[Arrays]) -> Arrays:
    """Return columns one after the other in time."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class CoreBench(Driver):
    """Drives core number ``index`` of the bench for ``steps`` timesteps; everything random comes from ``seed``."""

    def __init__(self, dut: Any, index: int, rule: Rule, config: Any, *, synapses: int, lanes: int, steps: int, seed: int,
                 initial: Arrays | None = None, prefix: str = "", row_words: int = 0, marked: bool = True) -> None:  # fmt: skip
        super().__init__(dut, index, rule, config, synapses=synapses, lanes=lanes, seed=seed, prefix=prefix, row_words=row_words,
                         marked=marked)  # fmt: skip
        self.steps, self.initial, self._motifs = steps, initial, rule.motifs
        self.parts: list[CoreBench] = [self]  # the benches of all cores in the design: several in a layer or a crossbar
        self.together: list[CoreBench] = [self]  # those of the cores that take a command of this one's: in a crossbar all
        self.coverage: FunctionalCoverage | None = None
        self.mined: Sequence[int] = ()  # numbers that are in the edited Verilog alone
        self.moments: Sequence[Mapping[str, Any]] = ()  # of the whole design: what ``Corners`` visits
        self.corners: dict[str, int] = {}  # how often each was met
        # What was asked for and has not been compared: states and outputs, and which synapses are visited, each
        # ``(steps, synapses)``.
        self._states: list[Arrays] = []
        self._visits: list[np.ndarray] = []
        self._outputs: list[Arrays] = []
        self._before: Arrays = {}  # the state before the last timesteps asked for
        self._given: Arrays = {}  # and their inputs

    @property
    def _commanded(self) -> "list[CoreBench]":
        """The benches of the cores in the design that have commands of their own."""
        return [part for part in self.parts if part.together]

    def _inputs(self, kind: Kind, steps: int) -> Arrays:
        """Return inputs of some timesteps."""
        return inputs_of(kind, self.spec, steps, self.synapses, self.generator)

    async def run(self, progress: Callable[[int], None]) -> None:
        """Run the whole campaign; raises ``MismatchError`` at the first difference."""
        await self._reset()
        self._contradictions = contradictions(self._index)
        for part in self.parts:
            if part.initial:
                part.model.load(part.initial)
                await part._check_readback("initial state")
        for part in self._commanded:
            await part._clear()
        for part in self.parts:
            await part._check_readback("clear after power-up")
        await Corners(self).run()
        for phase in (send_in_order, endure, play_mined, take_turns, mark_wrongly):
            await phase(self)
        for kind, steps in schedule(self._motifs, [p.synapses for p in self.parts if p.spec.state], self.steps):
            self._stalls()
            if self.generator.random() < 0.5 or self.done == 0:
                for part in self.parts:
                    await part._load(random_state(part.spec.state, part.synapses, self.generator))
            await self._timesteps(kind, self._inputs(kind, steps), steps)
            self.board.stimuli[kind.name] = self.board.stimuli.get(kind.name, 0) + steps
            progress(steps * self.synapses)
            if self.generator.random() < 0.1:
                for part in self.parts:
                    await part._check_readback("read-back")
            if self.generator.random() < 0.1 or self.done == steps:
                for part in self.parts:
                    await part._mixed()
            if self.generator.random() < 0.2 or self.board.resets < 10:
                await self._reset_mid_run()
            if self.generator.random() < 0.1 or self.board.clears == 2:
                for part in self._commanded:
                    await part._clear()
            if self.generator.random() < 0.1 or self.board.clears == 4:
                await self._clear_between()
        self._check_idle()
        for part in self.parts:
            await part._check_readback("final read-back")
            for stream in part.streams:
                self.board.count("protocol", f"{stream.name}: beats withdrawn or changed while waiting", 0, stream.unstable)

    async def replay(self, stimulus: Arrays, progress: Callable[[int], None]) -> None:
        """Play recorded inputs from the initial state (or from a clear) and compare as ``run`` does.

        ``stimulus`` holds each synapse input as ``(timesteps, synapses)`` and each step input as ``(timesteps,)``; and, where
        state is loaded on the way, ``load_timestep`` ``(loads,)`` and each field loaded then as ``load_FIELD``
        ``(loads, synapses)``. Before a load every word is read back.
        """
        await self._reset()
        for part in self.parts:
            if part.initial:
                part.model.load(part.initial)
                await part._check_readback("initial state")
        for part in self._commanded:
            if not part.initial:
                await part._clear()
        kind = Kind("recorded", "recorded", "recorded")
        batch = max(1, BATCH // self.synapses)
        loads = {int(timestep): row for row, timestep in enumerate(stimulus.get(LOAD_TIMESTEP, ()))}
        while self.done < self.steps:
            self._stalls()
            if self.done in loads:
                await self._check_readback("read-back before a load")
                row = loads.pop(self.done)
                await self._load({f.name: stimulus[LOAD + f.name][row] for f in self.spec.state if LOAD + f.name in stimulus})
            start, stop = self.done, min([self.done + batch, self.steps, *loads])
            inputs = {name: values[start:stop] for name, values in stimulus.items() if not name.startswith(LOAD)}
            await self._timesteps(kind, inputs, stop - start)
            progress((stop - start) * self.synapses)
        self.board.stimuli[kind.name] = self.steps
        for part in self.parts:
            await part._check_readback("final read-back")

    # Pieces of a campaign.

    async def _more_corners(self) -> None:
        """Visit what is a corner of this kind of design alone: nothing."""

    async def _come_to_rest(self) -> None:
        """Let all rows rest; a design without rows has no scene that needs it."""

    def _ask(self, inputs: Arrays, steps: int) -> Arrays:
        """Queue some timesteps and return the outputs they must give."""
        self._before, self._given = self.model.state, inputs
        expected, outputs = self.model.run(inputs)
        self._offer(inputs, steps)
        self.result.expect(self._beats(self._owe(expected, self._visited(inputs, outputs))))
        self._outputs.append(outputs)
        return outputs

    def _ask_clear(self) -> None:
        """Queue a clear."""
        self.model.clear()
        self.command.load([np.array([1]), *(np.array([0]) for _ in self.spec.step_inputs)])
        self._owe({name: values[None] for name, values in self.model.state.items()}, np.ones((1, self.synapses), bool))

    def _ask_write(self, order: np.ndarray) -> None:
        """Queue host writes of random words, one after the other."""
        after = {name: values.copy() for name, values in self.model.state.items()}
        drawn = random_state(self.spec.state, self.synapses, self.generator)
        states = {name: np.empty((len(order), self.synapses), np.int64) for name in after}
        visits = np.zeros((len(order), self.synapses), bool)
        for row, synapse in enumerate(order.tolist()):
            visits[row, synapse] = True
            for name, values in after.items():
                values[synapse] = drawn[name][synapse]
                states[name][row] = values
        self.model.load(after)
        lane = [order % self.lanes] if self.lanes > 1 else []
        self.host.load([np.ones(len(order)), *lane, order // self.lanes, *(after[f.name][order] for f in self.spec.state)])
        self._owe(states, visits)

    def _visited(self, _inputs: Arrays, outputs: Arrays) -> np.ndarray:
        """Return which synapses timesteps visit: all."""
        return np.ones((len(next(iter(outputs.values()))), self.synapses), bool)

    def _owe(self, states: Arrays, visits: np.ndarray) -> np.ndarray:
        """Note what sweeps that were asked for must write, to the synapses they visit, and return these."""
        self._states.append(states)
        self._visits.append(visits)
        for lane, stream in enumerate(self.writes):
            stream.expect(int(visits[:, lane :: self.lanes].sum()))
        return visits

    def _owed(self) -> tuple[Arrays, np.ndarray]:
        """Return the states after all sweeps that were asked for, and what they visit."""
        if not self._states:
            return {f.name: np.empty((0, self.synapses), f.dtype) for f in self.spec.state}, np.empty((0, self.synapses), bool)
        return _joined(self._states), np.concatenate(self._visits)

    def _beats(self, visits: np.ndarray) -> int:
        """Return how many results timesteps give."""
        return len(visits) * self.words

    def _compare_asked(self, check: str, kind: Kind | None = None) -> None:
        """Compare all that was asked for; of timesteps of one ``kind`` alone a difference is told with what led there."""
        kind = kind if len(self._states) == len(self._outputs) == 1 else None
        states, visits = self._owed()
        context = self._context(kind, self._given, self._before, states) if kind else self._context()
        self._compare_writes(check, states, visits, context)
        if self._outputs:
            outputs = _joined(self._outputs)
            self._compare_results(outputs, len(next(iter(outputs.values()))), context)
        self._states, self._visits, self._outputs = [], [], []

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
        for part in self.together:
            part._ask_clear()
        await self._moved(check)
        self.board.clears += 1
        for part in self.together:
            part._compare_asked(check)

    async def _clear_between(self) -> None:
        """Clear between timesteps, all asked for at once: it waits until they are done, and they until it is."""
        steps, kind = int(self.generator.integers(1, 5)), Kind("around a clear", "random", "random")
        self._ask(self._inputs(kind, steps), steps)
        for part in self.parts:
            part._ask_clear()
        self._ask(self._inputs(kind, steps), steps)
        await self._moved("clear between timesteps")
        for part in self.parts:
            part._compare_asked("clear between timesteps")
        self.board.clears += 1

    async def _timesteps(self, kind: Kind, inputs: Arrays, steps: int) -> None:
        """Play ``inputs`` and compare every state field and output of every synapse after each of them."""
        self._ask(inputs, steps)
        for part, counted in ((part, part.coverage) for part in self.parts if part.coverage):
            counted.sample(part._before, part._given, part._states[0], part._outputs[0], part._visits[0])
        start = clocks(self._index)
        await self._moved("timesteps")
        if self._flowing:
            elapsed = clocks(self._index) - start
            self.board.flowing_timesteps += steps
            self.board.flowing_clocks += elapsed
            late = elapsed - self._clocks_of(steps) - _SLACK
            self.board.count("throughput", "clocks late", 0, max(0, late))
        for part in self.parts:
            part._compare_asked("state after timestep", kind)
            part.done += steps
        self.board.synapse_steps += steps * self.synapses

    def _clocks_of(self, steps: int) -> int:
        """Return how many clocks timesteps take: a word a clock; between sweeps one, or a drained pipeline where it is deeper."""
        depth = self.spec.latency + 2
        drains = bool(self.row_words) or self.words <= depth
        return steps * (self.words + 1 + drains * depth) + depth

    async def _reset_mid_run(self) -> None:
        """Reset in the middle of timesteps or a clear: what was written before stays, in order; nothing else changes."""
        await self._settled()
        states = [{name: values.copy() for name, values in part.model.state.items()} for part in self.parts]
        turn = self.board.resets % 5  # in turn: timesteps, their end, timesteps whose results wait, a clear, a sweep
        steps = 1 if turn in (1, 3) else int(self.generator.integers(1, 5))
        if turn == 3:
            for part in self.parts:
                part._ask_clear()
        else:
            self._ask(self._inputs(Kind("reset under way", "random", "random"), steps), steps)
        words, latency = (sum(values) for values in zip(*((p.words, p.spec.latency) for p in self.parts), strict=True))
        late, busy = words + latency, (2, words)
        first, last = [(1, steps * late), (words + 5, late + 1), (latency + 6, steps * late), busy, busy][turn]
        if turn:  # no gaps, so that the reset meets what it is for, which may last a few clocks only
            for stream in (s for part in self.parts for s in (part.command, part.event, part.result)):
                stream.stall(0.0, 0)
        if turn == 2:
            self.result.stall(0.99, int(self.generator.integers(1 << 62)))
        wait = int(self.generator.integers(first, max(first, last) + 2))
        await Timer(wait * CLOCK_PERIOD + CLOCK_PERIOD // 4, unit="step")
        interrupted = await self._reset()
        self.result.stall(0.0, 0)
        for part, written, state in zip(self.parts, interrupted, states, strict=True):
            part._compare_interrupted(written, state)
        self.board.resets += 1
        for part in self.parts:
            await part._check_readback("read-back after reset")

    def _compare_interrupted(self, written: list[list[np.ndarray]], state: Arrays) -> None:
        """Compare what was written until a reset, in order, and continue from it; ``state`` is that before the timesteps."""
        expected, visits = self._owed()
        self._states, self._visits, self._outputs = [], [], []
        for lane, found in enumerate(written):
            count, mine = len(found[0]), visits[:, lane :: self.lanes]
            # The lane's synapses, timestep after timestep: what it wrote is a prefix of this.
            order = np.nonzero(mine)[1] * self.lanes + lane
            self.board.count("reset under way", f"surplus writes to lane {lane}", 0, max(0, count - len(order)))
            order = order[:count]
            wanted = [expected[f.name][:, lane :: self.lanes][mine][:count] for f in self.spec.state]
            self.board.state_values += self.board.tables(
                "reset under way", self._word([order // self.lanes, *wanted]), self._word(found), self._synapse_of(order)
            )
            last, place = np.unique(order[::-1], return_index=True)  # the last write to each
            for values, column in zip(state.values(), wanted, strict=True):
                values[last] = column[::-1][place]
        self.model.load(state)

    # Values and comparisons.

    def _check_idle(self) -> None:
        """Compare what the core said of being idle, so far."""
        wrong = contradictions(self._index) - self._contradictions
        check = (
            "clocks in which it is idle and offers a beat or takes no command that may go first, is not idle after a reset, lets "
            "a command or an access go before the other out of turn, or tells of another event_last than the first wrong one"
        )
        self.board.count("idle", check, 0, wrong)

    def _offer(self, inputs: Arrays, steps: int) -> None:
        """Queue the commands and events of some timesteps; lanes without a synapse in the last word get noise."""
        padded = self.words * self.lanes
        events: list[np.ndarray] = []
        for f in self.spec.synapse_inputs:
            noise = self.generator.integers(f.minimum, f.maximum, size=(steps, padded - self.synapses), endpoint=True)
            values = np.concatenate([inputs[f.name], noise.astype(f.dtype)], axis=1)
            events.extend(values.reshape(-1, self.lanes).T)  # a column for each lane
        self.event.load([*self._marks(steps, self.words), *(np.zeros(steps * self.words) for _ in self._skip_field), *events])
        self.command.load([np.zeros(steps), *(inputs[f.name] for f in self.spec.step_inputs)])

    def _compare_writes(self, check: str, expected: Arrays, visits: np.ndarray, context: Context) -> None:
        """Compare everything the lanes wrote, addresses included, with ``expected``, columns ``(steps, synapses)``."""
        address = np.broadcast_to(np.arange(self.synapses) // self.lanes, visits.shape)
        wanted = {"write address": address, **expected}
        found = {name: np.array(values) for name, values in wanted.items()}  # what is not visited is not written
        for lane, stream in enumerate(self.writes):
            mine = visits[:, lane :: self.lanes]
            self.board.count(check, f"words written to lane {lane}", int(mine.sum()), stream.left)
            for name, column in self._word(stream.take()).items():
                found[name][:, lane :: self.lanes][mine] = column
        self.board.tables(check, wanted, found, context)
        self.board.state_values += int(visits.sum()) * len(expected)

    def _compare_results(self, outputs: Arrays, steps: int, context: Context) -> None:
        """Compare the result stream: count, last flag, and every output of every synapse."""
        self.board.count("results", "result beats", steps * self.words, self.result.left)
        last, *columns = self.result.take()
        columns = columns[len(self._skip_field) :]
        wanted = np.arange(steps * self.words) % self.words == self.words - 1
        self.board.tables("results", {"result_last": wanted}, {"result_last": last}, lambda _row: {})
        found = {}
        for position, name in enumerate(outputs):
            # Lanes without a synapse in the last word mean nothing there.
            beats = np.column_stack(columns[position * self.lanes : (position + 1) * self.lanes])
            found[f"result_{name}"] = beats.reshape(steps, -1)[:, : self.synapses]
        expected = {f"result_{name}": values for name, values in outputs.items()}
        self.board.output_values += self.board.tables("results", expected, found, context)

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
            "state_values_compared": sum(part.board.state_values for part in self.parts),
            "output_values_compared": sum(part.board.output_values for part in self.parts),
            "host_values_compared": sum(part.board.host_values for part in self.parts),
            "resets": board.resets,
            "clears": board.clears,
            "stimuli": board.stimuli,
            "corners": self.corners,
            "clocks": clocks(self._index),
            "flowing_timesteps": board.flowing_timesteps,
            "flowing_clocks": board.flowing_clocks,
            "mismatch": vars(error.mismatch) | {"text": error.mismatch.text()} if error else None,
        }

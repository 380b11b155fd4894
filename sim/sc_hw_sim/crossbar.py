"""The bench of a crossbar: both kinds of neurons and the synapses in one design, each compared as a core of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.parts import REST
from sc_hw_models.rule import Field, Rule, index_bits

from .bench import CoreBench
from .resting import RowCorners
from .scoreboard import Context, MismatchError
from .stimulus import Kind, inputs_of, random_state
from .streams import Stream

__all__ = ["CrossbarBench", "NeuronBench"]

Arrays = dict[str, np.ndarray]


class _Nowhere(Stream):
    """A stream that is not seen outside."""

    seen = False

    def __init__(self, core: int, name: str, fields: Sequence[Field]) -> None:
        self.name, self.loaded = name, False

    def load(self, columns: Sequence[np.ndarray]) -> None:
        """Take nothing: the beats come from elsewhere."""

    def expect(self, count: int) -> None:
        """Expect nothing."""

    def flush(self) -> None:
        """Hold nothing."""

    def swap(self) -> None:
        """Exchange nothing."""

    def stall(self, probability: float, seed: int) -> None:
        """Stall nothing."""

    def hold(self, clocks: int, *, after: int = 0) -> None:
        """Hold nothing."""

    def take(self) -> list[np.ndarray]:
        """Return nothing."""
        return []

    @property
    def left(self) -> int:
        """No beats are ever left."""
        return 0

    @property
    def unstable(self) -> int:
        """Nothing is ever offered."""
        return 0


class NeuronBench(CoreBench):
    """Feeds the neurons of one side and, if they keep state, compares it; their commands are the synapses'.

    With ``addressed`` spikes are fed as the numbers of neurons, and ``event_beats`` has how many beats each timestep took.
    """

    def __init__(self, *arguments: Any, addressed: bool = False, **options: Any) -> None:
        self._addressed, self.event_beats = addressed, np.zeros(0, int)
        super().__init__(*arguments, **options)
        self.together = []

    @property
    def _event_fields(self) -> list[Field]:
        if not self._addressed:
            return super()._event_fields
        return [Field(name="end", bits=1), Field(name="neuron", bits=index_bits(self.synapses))]

    def _offer(self, inputs: Arrays, steps: int) -> None:
        """Queue the events of some timesteps; numbers come in any order, and some twice, or are those of no neuron."""
        if not self._addressed:
            super()._offer(inputs, steps)
            self.event_beats = np.zeros(steps, int)
            return
        (spikes,) = inputs.values()
        numbers, last = [], (1 << self._event_fields[1].bits) - 1
        for row in spikes:
            named = np.flatnonzero(row)
            extra = named[self.generator.random(len(named)) < 0.1]
            nobody = np.arange(self.synapses, last + 1)[:2] if self.generator.random() < 0.2 else named[:0]
            numbers.append(self.generator.permutation(np.concatenate([named, extra, nobody])))
        self.event_beats = np.array([len(names) + 1 for names in numbers])
        ends = np.zeros(self.event_beats.sum(), int)
        ends[np.cumsum(self.event_beats) - 1] = 1
        neurons = self.generator.integers(0, last, len(ends), endpoint=True)  # what an end carries means nothing
        neurons[ends == 0] = np.concatenate(numbers)
        self.event.load([ends, neurons])

    def _event_beats(self, steps: int) -> list[int]:
        return self.event_beats.tolist() if self._addressed else super()._event_beats(steps)

    def _stream(self, name: str, fields: Sequence[Field]) -> Stream:
        inside = name in ("command", "result") or (name != "event" and not self.spec.state)
        return _Nowhere(self._index, name, fields) if inside else super()._stream(name, fields)

    async def _load(self, values: Arrays) -> None:
        if values:
            await super()._load(values)

    async def _mixed(self) -> None:
        if self.spec.state:
            await super()._mixed()

    async def _check_readback(self, check: str) -> None:
        if self.spec.state:
            await super()._check_readback(check)

    def _compare_asked(self, check: str, kind: Kind | None = None) -> None:
        if self.spec.state:
            super()._compare_asked(check, kind)
        self._states, self._visits, self._outputs = [], [], []

    def _compare_results(self, outputs: Arrays, steps: int, context: Context) -> None:
        """Compare nothing: the synapses take them, and what they learn from them is compared."""

    def _compare_interrupted(self, written: list[list[np.ndarray]], state: Arrays) -> None:
        if self.spec.state:
            super()._compare_interrupted(written, state)
        self._states, self._visits, self._outputs = [], [], []


class CrossbarBench(CoreBench):
    """Drives the synapses of a crossbar and, through ``neurons``, the benches of its neurons, both.

    Nothing but commands is fed to the synapses; the rest must come from the neurons, as in the model.
    """

    def __init__(self, dut: Any, index: int, rule: Rule, config: Any, *, neurons: Sequence[NeuronBench], **options: Any) -> None:
        super().__init__(dut, index, rule, config, **options)
        pre, post = neurons
        self._sides, self._crossbar = neurons, CrossbarModel(pre.model, post.model, self.model)
        self.parts = [*neurons, self]
        self.together = self.parts
        self._rows: list[np.ndarray] = []  # which rows are visited, of what was asked for
        self._skipped = 0
        self._rest: np.ndarray | None = None  # what each synapse gave last, if nothing changed it since

    def _stream(self, name: str, fields: Sequence[Field]) -> Stream:
        return _Nowhere(self._index, name, fields) if name == "event" else super()._stream(name, fields)

    def _compare_interrupted(self, written: list[list[np.ndarray]], state: Arrays) -> None:
        self._rows = []
        super()._compare_interrupted(written, state)

    def _inputs(self, kind: Kind, steps: int) -> Arrays:
        """Return inputs of both kinds of neurons and of the timesteps."""
        given: Arrays = {}
        for side in self._sides:
            given |= inputs_of(kind, side.spec, steps, side.synapses, self.generator)
        own = inputs_of(kind, self.spec, steps, 1, self.generator)
        given |= {f.name: own[f.name] for f in self.spec.step_inputs}
        if self.row_words and kind.spikes == "random" and self.generator.random() < 0.7:
            # Few inputs, so that rows come to rest, and some timesteps of each kind that a row may be skipped in.
            kept = self.generator.choice([0.0, 0.1, 0.5, 1.0], size=len(given))
            given = {
                name: values * (self.generator.random(values.shape) < share)
                for (name, values), share in zip(given.items(), kept, strict=True)
            }
        return given

    def _drop(self, *, restarted: bool = False) -> list[list[list[np.ndarray]]]:
        self._rest = None
        return super()._drop(restarted=restarted)

    def _ask_write(self, order: np.ndarray) -> None:
        self._rest = None
        super()._ask_write(order)

    async def _load(self, values: Arrays) -> None:
        self._rest = None
        await super()._load(values)

    async def _mixed(self) -> None:
        self._rest = None
        await super()._mixed()

    async def _more_corners(self) -> None:
        """Visit the corners of rows at rest."""
        if self.row_words:
            await RowCorners(self).run()

    async def _come_to_rest(self) -> None:
        """Let all rows rest, and be known to."""
        await self._settled()
        if self._rest is not None and (self._rest == REST.maximum).all():
            return
        for part in self.parts:
            values = random_state(part.spec.state, part.synapses, self.generator)
            resting = part.spec.rest if part is self else None
            for name in values if part is not self else {**resting.quiet, **resting.inert} if resting else ():
                values[name][:] = 0
            await part._load(values)
        kind = Kind("come to rest", "none", "random")
        self._ask(self._inputs(kind, 1), 1)
        await self._moved(kind.name)
        for part in self.parts:
            part._compare_asked(kind.name)

    def _ask_clear(self) -> None:
        self._rest = None
        super()._ask_clear()

    def _ask(self, inputs: Arrays, steps: int) -> Arrays:
        self._neurons: Arrays = {}
        for side in self._sides:
            self._neurons |= side._ask({f.name: inputs[f.name] for f in side.spec.inputs}, steps)
        return super()._ask(self._crossbar.synapse_inputs(self._neurons, inputs), steps)

    def _visited(self, inputs: Arrays, outputs: Arrays) -> np.ndarray:
        """Return the synapses of the rows that timesteps visit; what the others are before them they are after them."""
        if not self.row_words:
            return super()._visited(inputs, outputs)
        rows = self._crossbar.visited(self._neurons, inputs, outputs["rest"], self._rest)
        self._rest = outputs["rest"][-1]
        self._rows.append(rows)
        self._skipped += int((~rows).sum())
        return np.repeat(rows, self._crossbar.post.synapses, axis=1)

    def record(self, error: MismatchError | None) -> dict[str, Any]:
        """Return the JSON-ready outcome, with how many rows were skipped."""
        return super().record(error) | {"rows_skipped": self._skipped}

    def _beats(self, visits: np.ndarray) -> int:
        """Return how many results timesteps give: a beat a word, and one for each row that is skipped."""
        if not self.row_words:
            return super()._beats(visits)
        return int(np.where(self._rows[-1], self.row_words, 1).sum())

    def _compare_results(self, outputs: Arrays, steps: int, context: Context) -> None:
        """Compare the result stream, in which one beat tells of a row that is skipped."""
        if not self.row_words:
            return super()._compare_results(outputs, steps, context)
        rows, self._rows = np.concatenate(self._rows), []
        lengths = np.where(rows, self.row_words, 1).reshape(-1)
        skips, ends = np.repeat(~rows.reshape(-1), lengths), np.cumsum(lengths)
        self.board.count("results", "result beats", int(ends[-1]), self.result.left)
        last, skip, *columns = self.result.take()
        lasts = np.zeros(len(skips), bool)
        lasts[ends[rows.shape[1] - 1 :: rows.shape[1]] - 1] = True
        self.board.tables(
            "results", {"result_last": lasts, "result_skip": skips}, {"result_last": last, "result_skip": skip}, lambda _row: {}
        )
        visits, found = np.repeat(rows, self._crossbar.post.synapses, axis=1), {}
        for position, name in enumerate(outputs):
            beats = np.column_stack(columns[position * self.lanes : (position + 1) * self.lanes])[~skips]
            found[f"result_{name}"] = np.array(outputs[name])
            found[f"result_{name}"][visits] = beats.reshape(-1)
        self.board.tables("results", {f"result_{name}": values for name, values in outputs.items()}, found, context)
        self.board.output_values += int(visits.sum()) * len(outputs)

    def _offer(self, inputs: Arrays, steps: int) -> None:
        self.command.load([np.zeros(steps), *(inputs[f.name] for f in self.spec.step_inputs)])

    def _clocks_of(self, steps: int) -> int:
        """Return how many clocks timesteps take: the postsynaptic neurons fill the fan-out while the synapses are idle."""
        depth = self.spec.latency + 2
        beats = np.maximum(*(side.event_beats for side in self._sides)).sum()  # both kinds are told at once
        return steps * (self.words + self._sides[1].words + 2 * depth + 4) + depth + int(beats)

"""The bench of a crossbar: both kinds of neurons and the synapses in one design, each compared as a core of its own."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.rule import Field, Rule

from .bench import CoreBench
from .stimulus import Kind, inputs_of
from .streams import Stream

__all__ = ["CrossbarBench", "NeuronBench"]

Arrays = dict[str, np.ndarray]


class _Nowhere(Stream):
    """A stream that is not seen outside."""

    def __init__(self, core: int, name: str, fields: Sequence[Field]) -> None:
        self.name = name

    def load(self, columns: Sequence[np.ndarray]) -> None:
        """Take nothing: the beats come from elsewhere."""

    def expect(self, count: int) -> None:
        """Expect nothing."""

    def flush(self) -> None:
        """Hold nothing."""

    def stall(self, probability: float, seed: int) -> None:
        """Stall nothing."""

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
    """Feeds the neurons of one side and, if they keep state, compares it; their commands are the synapses'."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.together = []

    def _stream(self, name: str, fields: Sequence[Field]) -> Stream:
        inside = name in ("command", "result") or (name != "event" and not self.spec.state)
        return _Nowhere(self._index, name, fields) if inside else super()._stream(name, fields)

    async def _load(self, values: Arrays) -> None:
        if values:
            await super()._load(values)

    async def _check_readback(self, check: str) -> None:
        if self.spec.state:
            await super()._check_readback(check)

    def _compare_asked(self, check: str, kind: Kind | None = None) -> None:
        self._outputs = []  # the synapses take them; what they learn from them is compared
        if self.spec.state:
            super()._compare_asked(check, kind)
        self._states = []

    def _compare_interrupted(self, written: list[list[np.ndarray]], state: Arrays, steps: int) -> None:
        self._outputs = []
        if self.spec.state:
            super()._compare_interrupted(written, state, steps)
        self._states = []


class CrossbarBench(CoreBench):
    """Drives the synapses of a crossbar and, through ``sides``, the benches of its neurons, both.

    Nothing but commands is fed to the synapses; the rest must come from the neurons, as in the model.
    """

    def __init__(self, dut: Any, index: int, rule: Rule, config: Any, *, sides: Sequence[NeuronBench], **options: Any) -> None:
        super().__init__(dut, index, rule, config, **options)
        pre, post = sides
        self._sides, self._crossbar = sides, CrossbarModel(pre.model, post.model, self.model)
        self.parts = [*sides, self]
        self.together = self.parts

    def _stream(self, name: str, fields: Sequence[Field]) -> Stream:
        return _Nowhere(self._index, name, fields) if name == "event" else super()._stream(name, fields)

    def _inputs(self, kind: Kind, steps: int) -> Arrays:
        """Return inputs of both kinds of neurons and of the timesteps."""
        given: Arrays = {}
        for side in self._sides:
            given |= inputs_of(kind, side.spec, steps, side.synapses, self.generator)
        own = inputs_of(kind, self.spec, steps, 1, self.generator)
        return given | {f.name: own[f.name] for f in self.spec.step_inputs}

    def _ask(self, inputs: Arrays, steps: int) -> Arrays:
        given: Arrays = {}
        for side in self._sides:
            given |= side._ask({f.name: inputs[f.name] for f in side.spec.inputs}, steps)
        return super()._ask(self._crossbar.synapse_inputs(given, inputs), steps)

    def _offer(self, inputs: Arrays, steps: int) -> None:
        self.command.load([np.zeros(steps), *(inputs[f.name] for f in self.spec.step_inputs)])

    def _clocks_of(self, steps: int) -> int:
        """Return how many clocks timesteps take: the postsynaptic neurons fill the fan-out while the synapses are idle."""
        depth = self.spec.latency + 2
        return steps * (self.words + self._sides[1].words + 2 * depth + 4) + depth

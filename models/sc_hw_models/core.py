"""The golden model of an N-synapse core: a rule's ``step`` on arrays, and the lanes' random registers."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from .checks import as_array
from .compiled import CompiledStep, compiler
from .lfsr import lane_seed
from .rule import ConfigError, Field, Rule, StepError, check_integer

__all__ = ["CoreModel"]

Arrays = dict[str, np.ndarray]


class CoreModel:
    """N synapses of one rule, updated together once a timestep.

    Purpose: the reference every emitted core is compared with, bit for bit.
    Parameters: ``rule`` and its ``config``; ``synapses`` >= 1; ``lanes`` in 1..synapses. Lanes matter
    only for noise: synapse ``i`` is updated by lane ``i % lanes`` as its update number ``i // lanes``
    of the timestep, and draws that lane's noise. ``compiled`` chooses what ``run`` uses: the compiled step
    (True), plain NumPy (False), or the compiled step where there is a C compiler (None); both give the same.
    State: ``state[name]``, ``int64`` of shape ``(synapses,)``; ``random_state[lane]``.
    Errors: ``ConfigError`` for an input of the wrong name, shape or range; ``StepError`` by ``step`` and ``run`` for a step
    that is not the algebra of ``fixed``, leaves int64 or gives a result outside its field, after which the model is as
    before the call; ``CompileError`` by ``run``.
    """

    def __init__(self, rule: Rule, config: Any, *, synapses: int, lanes: int = 1, compiled: bool | None = None) -> None:
        self.synapses = check_integer("synapses", synapses, 1, 1 << 32)
        self.lanes = check_integer("lanes", lanes, 1, self.synapses)
        self.rule, self.config = rule, config
        self.spec = rule.spec(config)
        self.words = -(-self.synapses // self.lanes)
        self._use_compiled = compiled
        self.random_state: list[int] = []
        self.state: Arrays = {}
        self.clear()

    def reset(self) -> None:
        """Return the random registers to their seeds, as the core's ``rst`` does; the state stays."""
        lfsr = self.spec.lfsr
        seeds = (lane_seed(self.spec.random_seed, lane, lfsr.bits) for lane in range(self.lanes)) if lfsr else ()
        self.random_state = list(seeds)

    def clear(self) -> None:
        """Set every state field to its reset value and every random register to its seed."""
        self.state = {f.name: np.full(self.synapses, f.reset, dtype=np.int64) for f in self.spec.state}
        self.reset()

    def load(self, values: Mapping[str, np.ndarray]) -> None:
        """Replace whole state fields; each array has shape ``(synapses,)`` and fits its field."""
        fields = {f.name: f for f in self.spec.state}
        checked = {}
        for name, array in values.items():
            if name not in fields:
                raise ConfigError(f"state field {name!r}: unknown; allowed are {', '.join(fields)}")
            checked[name] = self._checked(fields[name], array, (self.synapses,)).astype(np.int64)
        self.state = self.state | checked

    def step(self, inputs: Mapping[str, Any]) -> Arrays:
        """Update all synapses by one timestep and return the outputs, each of shape ``(synapses,)``.

        ``inputs`` holds every synapse input as an array ``(synapses,)`` and every step input as an integer.
        """
        return self._advance(self._checked_inputs(inputs, ()))

    def _advance(self, inputs: Arrays) -> Arrays:
        """Do as ``step`` does with inputs that are checked."""
        values: dict[str, Any] = {f.name: inputs[f.name].astype(np.int64) for f in self.spec.synapse_inputs}
        values |= {f.name: int(inputs[f.name]) for f in self.spec.step_inputs}
        registers = list(self.random_state)
        values |= self._noise()  # last, so that a refused input draws nothing
        try:
            state, outputs = self.rule.step(self.config, self.state, values)
        except StepError as error:
            self.random_state = registers
            where = error.synapse or 0
            error.state, error.inputs = (
                {name: int(np.broadcast_to(array, self.synapses)[where]) for name, array in part.items()}
                for part in (self.state, values)
            )
            raise
        self.state = self._everywhere(state)
        return self._everywhere(outputs)

    def run(self, inputs: Mapping[str, Any], *, history: bool = True) -> tuple[Arrays, Arrays]:
        """Update all synapses by many timesteps and return the state and the outputs after each of them.

        ``inputs`` holds every synapse input as an array ``(timesteps, synapses)`` and every step input as
        ``(timesteps,)``. What is returned has shape ``(timesteps, synapses)`` and each field's ``dtype``; without
        ``history`` both mappings are empty.
        """
        timesteps = len(np.atleast_1d(inputs.get(self.spec.inputs[0].name, ())))
        values = self._checked_inputs(inputs, (timesteps,))
        before, registers = self.state, list(self.random_state)
        if self._compiled:
            self.state, self.random_state = dict(self.state), list(self.random_state)  # what was handed out stays as it is
            if result := self._compiled.run(self.state, self.random_state, values, history=history):
                return result
        try:
            states, outputs = self._run_plain(values, timesteps, history=history)
        except StepError:
            self.state, self.random_state = before, registers
            raise
        if self._compiled:
            raise RuntimeError(
                f"rule {self.rule.name}: a result of the compiled step leaves its field, of the plain one none does"
            )
        return states, outputs

    def _run_plain(self, values: Arrays, timesteps: int, *, history: bool) -> tuple[Arrays, Arrays]:
        """Do as ``run`` does by ``step``."""
        kept = (self.spec.state, self.spec.outputs) if history else ((), ())
        states, outputs = ({f.name: np.empty((timesteps, self.synapses), f.dtype) for f in fields} for fields in kept)
        for t in range(timesteps):
            try:
                result = self._advance({name: array[t] for name, array in values.items()})
            except StepError as error:
                error.timestep = t
                raise
            for name, array in states.items():
                array[t] = self.state[name]
            for name, array in outputs.items():
                array[t] = result[name]
        return states, outputs

    @cached_property
    def _compiled(self) -> CompiledStep | None:
        """The compiled step, if it is wanted or there is a compiler, nothing else is wanted and there is state."""
        wanted = compiler() is not None if self._use_compiled is None else self._use_compiled
        return CompiledStep(self.rule, self.config) if wanted and self.spec.state else None

    def _checked_inputs(self, inputs: Mapping[str, Any], leading: tuple[int, ...]) -> Arrays:
        """Return the inputs of some timesteps as arrays; ``leading`` is the shape in front of a timestep's own."""
        expected = {f.name for f in self.spec.inputs}
        if set(inputs) != expected:
            raise ConfigError(f"inputs {sorted(inputs)}: allowed are exactly {sorted(expected)}")
        values = {f.name: self._checked(f, inputs[f.name], (*leading, self.synapses)) for f in self.spec.synapse_inputs}
        return values | {f.name: self._checked(f, inputs[f.name], leading) for f in self.spec.step_inputs}

    def _everywhere(self, results: Mapping[str, Any]) -> Arrays:
        """Return results as arrays; what a step gives as one integer is that of every synapse."""
        return {
            name: value if isinstance(value, np.ndarray) else np.full(self.synapses, value, np.int64)
            for name, value in results.items()
        }

    def _noise(self) -> Arrays:
        """Draw one timestep of noise from every lane's register."""
        lfsr = self.spec.lfsr
        if lfsr is None:
            return {}
        bits = np.empty((self.words, self.lanes, lfsr.fresh), dtype=np.uint8)
        for lane in range(self.lanes):
            bits[:, lane], self.random_state[lane] = lfsr.run(self.random_state[lane], self.words)
        bits = bits.reshape(-1, lfsr.fresh)[: self.synapses]
        result, low = {}, 0
        for f in self.spec.noise:
            result[f.name] = bits[:, low : low + f.bits] @ (1 << np.arange(f.bits, dtype=np.int64))
            low += f.bits
        return result

    @staticmethod
    def _checked(f: Field, value: Any, shape: tuple[int, ...]) -> np.ndarray:
        array = as_array(f.name, value)
        if array.dtype.kind not in "iub":
            raise ConfigError(f"{f.name}: dtype {array.dtype} given; allowed are integers")
        if array.shape != shape:
            raise ConfigError(f"{f.name}: shape {array.shape} given; allowed is {shape}")
        low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
        if low < f.minimum or high > f.maximum:
            raise ConfigError(f"{f.name}: values {low}..{high} given; allowed are {f.minimum}..{f.maximum}")
        return array

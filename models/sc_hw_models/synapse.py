"""Synapses of ``r_stdp`` to be stepped by hand: one alone, in Python or compiled, N under one reward; their memory, proven."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

import numpy as np

from .compiled import CompiledStep
from .core import CoreModel
from .kinds import KINDS, get_kind
from .lfsr import lane_seed
from .python_text import python_step
from .rule import ConfigError, RuleSpec, StepError, as_integer, check_flag, check_integer
from .rules.r_stdp import RULE, OnlineO1Config

__all__ = ["OnlineO1Array", "OnlineO1Snapshot", "OnlineO1Synapse", "RustOnlineO1Synapse", "build_online_o1_memory_proof"]

PROOF_SCHEMA = "sc-hw/online-o1-memory/1"
_FIELDS = 4  # of a snapshot: what every configuration keeps


class OnlineO1Snapshot(NamedTuple):
    """The state of a synapse at one moment; ``consolidation`` has code, anchor and importance, if these are kept."""

    weight: int
    pre_trace: int
    post_trace: int
    eligibility: int
    consolidation: Mapping[str, int] | None = None


def _consolidate(spec: RuleSpec, value: bool) -> tuple[int, ...]:
    """Return the command as the input it is, if the configuration has it."""
    if any(f.name == "consolidate" for f in spec.step_inputs):
        return (check_flag("consolidate", value),)
    if check_flag("consolidate", value):
        kinds = " and ".join(name for name in KINDS if get_kind(name).step_inputs)
        raise ConfigError(f"consolidate={value!r}: this configuration keeps no anchors; allowed with consolidation={kinds}")
    return ()


class OnlineO1Array(CoreModel):
    """N synapses of the rule under one reward, updated by one lane; ``state`` holds ``int64`` arrays ``(n_synapses,)``.

    ``initial_weight`` is one integer or an array of them, 0..max_weight; traces start empty.
    """

    def __init__(self, config: OnlineO1Config, n_synapses: int, initial_weight: Any = 0) -> None:
        super().__init__(RULE, config, synapses=n_synapses)
        self.load({"weight": np.broadcast_to(np.asarray(initial_weight), (n_synapses,))})

    def update(self, *, pre_spike: Any, post_spike: Any, reward: int, consolidate: bool = False) -> dict[str, np.ndarray]:
        """Advance one timestep and return the state; spikes are bool or 0/1 arrays, the reward any integer (encoded)."""
        word = self.config.encode_reward(as_integer("reward", reward))
        command = dict(zip(("consolidate",), _consolidate(self.spec, consolidate), strict=False))
        self.step({"pre_spike": pre_spike, "post_spike": post_spike, "reward": word, **command})
        return dict(self.state)


class OnlineO1Synapse:
    """One synapse of the rule on plain Python integers; ``step`` returns the snapshot after the timestep.

    ``initial_weight``, an integer, saturates into 0..max_weight. Errors: ``ConfigError`` for what is no configuration or integer.
    """

    def __init__(self, config: OnlineO1Config | None = None, initial_weight: int = 0) -> None:
        if config is not None and not isinstance(config, OnlineO1Config):
            raise ConfigError(f"config={config!r}: allowed are OnlineO1Config and None")
        self.config = config or OnlineO1Config()
        self._spec = RULE.spec(self.config)
        weight = min(max(as_integer("initial_weight", initial_weight), 0), self.config.max_weight)
        self._state = (weight, *(f.reset for f in self._spec.state[1:]))
        lfsr = self._spec.lfsr
        self._random = lane_seed(self.config.random_seed, 0, lfsr.bits) if lfsr else 0
        reward = self._spec.step_inputs[0]  # what a reward may be and stand for itself; no other in another encoding
        self._plain = (reward.minimum, reward.maximum) if self.config.reward_encoding == "linear" else (0, 0)
        self._advance = python_step(RULE, self.config)

    @property
    def state_fields(self) -> tuple[str, ...]:
        """Names of the state of one synapse; there is no other."""
        return tuple(f.name for f in self._spec.state)

    @property
    def state_bit_count(self) -> int:
        """Bits of state of one synapse."""
        return self._spec.state_bits

    @property
    def weight(self) -> int:
        """The weight, 0..max_weight."""
        return self._state[0]

    @property
    def pre_trace(self) -> int:
        """The presynaptic trace, as stored."""
        return self._state[1]

    @property
    def post_trace(self) -> int:
        """The postsynaptic trace, as stored."""
        return self._state[2]

    @property
    def eligibility(self) -> int:
        """The eligibility, as stored."""
        return self._state[3]

    def snapshot(self) -> OnlineO1Snapshot:
        """Return the state."""
        state = self._state
        if len(state) == _FIELDS:
            return OnlineO1Snapshot._make((*state, None))
        names = self.state_fields[_FIELDS:]
        kept = MappingProxyType(dict(zip(names, state[_FIELDS:], strict=True)))
        return OnlineO1Snapshot._make((*state[:_FIELDS], kept))

    def step(self, pre_spike: bool, post_spike: bool, reward: int, consolidate: bool = False) -> OnlineO1Snapshot:
        """Advance one timestep; spikes are bool or 0/1, the reward any integer (encoded: what is beyond its range saturates).

        Errors: ``ConfigError`` names the input; the state stays.
        """
        if type(pre_spike) is not bool:
            pre_spike = bool(check_flag("pre_spike", pre_spike))
        if type(post_spike) is not bool:
            post_spike = bool(check_flag("post_spike", post_spike))
        if type(reward) is not int:
            reward = as_integer("reward", reward)
        low, high = self._plain
        if not low <= reward <= high:
            reward = self.config.encode_reward(reward)
        if consolidate is False and len(self._state) == _FIELDS and not self._random:
            self._state = self._advance(*self._state, +pre_spike, +post_spike, reward) or self._refuse(
                pre_spike, post_spike, reward
            )
            return self.snapshot()
        inputs = (+pre_spike, +post_spike, reward, *_consolidate(self._spec, consolidate))
        register = self._random
        noise = self._noise()
        after = self._advance(*self._state, *inputs, *noise)
        if not after:
            self._random = register
            self._refuse(*inputs, *noise)
        self._state = after
        return self.snapshot()

    def _refuse(self, *inputs: int) -> NoReturn:
        """Raise the ``StepError`` of an update that leaves a field: the step itself knows which."""
        state, names = self._spec.state, (*self._spec.inputs, *self._spec.noise)
        RULE.step(self.config, dict(zip((f.name for f in state), self._state, strict=True)),
                  dict(zip((f.name for f in names), map(int, inputs), strict=True)))  # fmt: skip
        raise RuntimeError("a result of the traced step leaves its field, of the plain one none does")

    def _noise(self) -> list[int]:
        """Draw the noise of a timestep."""
        lfsr, low, words = self._spec.lfsr, 0, []
        for f in self._spec.noise:
            words.append((self._random >> low) & f.maximum)
            low += f.bits
        self._random = lfsr.step(self._random) if lfsr else 0
        return words


class RustOnlineO1Synapse(OnlineO1Synapse):
    """One synapse stepped in native code: the same step, compiled from the same text by the machine's C compiler.

    The name is the one under which users know such a class; nothing here is Rust. For many synapses or timesteps at once take
    ``CoreModel.run``. Errors: ``ConfigError`` as ``OnlineO1Config``; ``CompileError`` without a C compiler.
    """

    def __init__(
        self, *, weight_bits: int = 16, trace_bits: int = 12, reward_bits: int = 8, learning_shift: int = 4,
        trace_decay_shift: int = 4, initial_weight: int = 0,
    ) -> None:  # fmt: skip
        config = OnlineO1Config(weight_bits, trace_bits, reward_bits, learning_shift, trace_decay_shift)
        super().__init__(config, initial_weight)
        self._advance = CompiledStep(RULE, config).single()

    @property
    def per_synapse_state_bits(self) -> int:
        """State of one synapse in bits."""
        return self.config.per_synapse_state_bits


def build_online_o1_memory_proof(
    *, n_synapses: int, config: OnlineO1Config, sequence_length: int | None = None
) -> dict[str, Any]:
    """Return the O(1) memory claim for ``n_synapses`` >= 0; synthesis counts the netlist's bits against it.

    A synapse is stepped ``sequence_length`` >= 0 times (256 by default, at most 4096) and everything it then
    holds is compared with the claim: no other attribute or state field, and each within its width.
    """
    if not isinstance(config, OnlineO1Config):
        raise ConfigError(f"config={config!r}: allowed is an OnlineO1Config")
    n_synapses = check_integer("n_synapses", n_synapses, 0, 1 << 32)
    steps = check_integer("sequence_length", 256 if sequence_length is None else sequence_length, 0, 1 << 24)
    synapse, spec = OnlineO1Synapse(config), RULE.spec(config)
    held = True
    try:
        for k in range(min(steps, 4096)):
            synapse.step(pre_spike=k % 3 == 0, post_spike=k % 5 == 1, reward=config.max_reward - k % 7)
    except StepError:
        held = False
    state, random_bits = synapse._state, spec.lfsr.bits if spec.lfsr else 0
    attributes = set(vars(synapse)) - {"config", "_spec", "_state", "_random", "_plain", "_advance"}
    hidden = sorted(attributes) + [f"_state[{k}]" for k in range(len(spec.state), len(state))]
    held = held and all(f.minimum <= value <= f.maximum for f, value in zip(spec.state, state, strict=False))
    held = held and len(state) == len(spec.state) and 0 <= synapse._random < 1 << random_bits
    reward = spec.step_inputs[0]
    plain = (reward.minimum, reward.maximum) if config.reward_encoding == "linear" else (0, 0)
    same = (synapse.config, synapse._spec, synapse._plain) == (config, spec, plain)
    return {
        "schema_version": PROOF_SCHEMA,
        "rule": "r_stdp",
        "n_synapses": n_synapses,
        "sequence_length": None if sequence_length is None else steps,
        "steps_run": min(steps, 4096),
        "state_fields": list(synapse.state_fields),
        "per_synapse_state_bits": config.per_synapse_state_bits,
        "total_state_bits": n_synapses * config.per_synapse_state_bits,
        "sequence_length_independent": not hidden and held and same and spec.state_bits == config.per_synapse_state_bits,
        "hidden_history_fields": hidden,
    }

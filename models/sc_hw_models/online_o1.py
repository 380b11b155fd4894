"""Synapses of ``r_stdp`` under the names that users know: one alone, in Python or compiled, N under one reward; their memory."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from .checks import as_array
from .compiled import CompiledStep
from .core import CoreModel
from .errors import shown
from .kinds import KINDS, get_kind
from .rule import ConfigError, RuleSpec, as_integer, check_flag, check_integer
from .rules.r_stdp import RULE, OnlineO1Config
from .synapse import Synapse, memory_proof

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

    ``initial_weight`` is one integer or an array of them, 0..max_weight; traces start empty. Errors: ``ConfigError``.
    """

    def __init__(self, config: OnlineO1Config, n_synapses: int, initial_weight: Any = 0) -> None:
        if not isinstance(config, OnlineO1Config):
            raise ConfigError(f"config={shown(config)}: allowed is an OnlineO1Config")
        n_synapses = check_integer("n_synapses", n_synapses, 1, 1 << 32)
        weight, most = as_array("initial_weight", initial_weight), config.max_weight
        fits = weight.dtype.kind in "iu" and weight.shape in ((), (n_synapses,)) and 0 <= weight.min() <= weight.max() <= most
        if not fits:
            given = f"{weight.dtype} of shape {weight.shape}" if weight.size != 1 else shown(initial_weight)
            raise ConfigError(f"initial_weight: {given} given; allowed are an integer 0..{most}, and {n_synapses} of them")
        super().__init__(RULE, config, synapses=n_synapses)
        self.load({"weight": np.broadcast_to(weight, (n_synapses,))})

    def update(self, *, pre_spike: Any, post_spike: Any, reward: int, consolidate: bool = False) -> dict[str, np.ndarray]:
        """Advance one timestep and return the state; spikes are bool or 0/1 arrays, the reward any integer (encoded)."""
        word = self.config.encode_reward(as_integer("reward", reward))
        command = dict(zip(("consolidate",), _consolidate(self.spec, consolidate), strict=False))
        self.step({"pre_spike": pre_spike, "post_spike": post_spike, "reward": word, **command})
        return dict(self.state)


class OnlineO1Synapse(Synapse):
    """One synapse of the rule on plain Python integers; ``step`` returns the snapshot after the timestep.

    ``initial_weight``, an integer, saturates into 0..max_weight. Errors: ``ConfigError`` for what is no configuration or integer.
    """

    config: OnlineO1Config

    def __init__(self, config: OnlineO1Config | None = None, initial_weight: int = 0) -> None:
        super().__init__(RULE, config)
        weight = min(max(as_integer("initial_weight", initial_weight), 0), self.config.max_weight)
        self._state = (weight, *self._state[1:])
        reward = self._spec.step_inputs[0]  # what a reward may be and stand for itself; no other in another encoding
        self._plain = (reward.minimum, reward.maximum) if self.config.reward_encoding == "linear" else (0, 0)

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
        self._apply(+pre_spike, +post_spike, reward, *_consolidate(self._spec, consolidate))
        return self.snapshot()


class RustOnlineO1Synapse(OnlineO1Synapse):
    """One synapse stepped in native code: the same step, compiled from the same text by the machine's C compiler.

    The name is the one under which users know such a class; nothing here is Rust. For many synapses or timesteps at once take
    ``CoreModel.run``. Errors: ``ConfigError`` as ``OnlineO1Config``; ``CompileError`` without a C compiler.
    """

    def __init__(
        self,
        *,
        weight_bits: int = 16,
        trace_bits: int = 12,
        reward_bits: int = 8,
        learning_shift: int = 4,
        trace_decay_shift: int = 4,
        initial_weight: int = 0,
    ) -> None:
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
    """Return the O(1) memory claim for ``n_synapses`` >= 0; synthesis counts the netlist's bits against it (``memory_proof``)."""
    if not isinstance(config, OnlineO1Config):
        raise ConfigError(f"config={shown(config)}: allowed is an OnlineO1Config")

    def play(synapse: OnlineO1Synapse, k: int) -> None:
        synapse.step(pre_spike=k % 3 == 0, post_spike=k % 5 == 1, reward=config.max_reward - k % 7)

    return memory_proof(
        lambda: OnlineO1Synapse(config), play, n_synapses=n_synapses, sequence_length=sequence_length, schema=PROOF_SCHEMA
    )

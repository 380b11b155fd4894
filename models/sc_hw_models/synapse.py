"""A synapse of any rule to be stepped by hand, on plain Python integers, and the claim of how much it remembers, tried.

Many synapses at once are a ``CoreModel``.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from .errors import shown
from .lfsr import lane_seed
from .python_text import python_step
from .rule import ConfigError, Rule, StepError, check_integer

__all__ = ["Synapse", "build_memory_proof", "memory_proof"]

PROOF_SCHEMA = "sc-hw/memory/1"
_MOST_STEPS = 4096


class Synapse:
    """One synapse of a rule; ``update`` advances it by a timestep.

    ``start`` gives state fields another value than that after a reset. Errors: ``ConfigError`` names the field or input, its
    value and what is allowed.
    """

    def __init__(self, rule: Rule, config: Any = None, **start: int) -> None:
        if config is not None and not isinstance(config, rule.config_type):
            raise ConfigError(f"config={shown(config)}: allowed are {rule.config_type.__name__} and None")
        self.config: Any = rule.config_type() if config is None else config
        self._rule, self._spec = rule, rule.spec(self.config)
        if unknown := sorted(start.keys() - {f.name for f in self._spec.state}):
            raise ConfigError(f"{unknown[0]}: no field of {rule.name}; allowed are {', '.join(self.state_fields)}")
        fields = self._spec.state
        self._state = tuple(check_integer(f.name, start.get(f.name, f.reset), f.minimum, f.maximum) for f in fields)
        lfsr = self._spec.lfsr
        self._random = lane_seed(self._spec.random_seed, 0, lfsr.bits) if lfsr else 0
        self._advance = python_step(rule, self.config)

    @property
    def state_fields(self) -> tuple[str, ...]:
        """Names of the state of one synapse; there is no other."""
        return tuple(f.name for f in self._spec.state)

    @property
    def state_bit_count(self) -> int:
        """Bits of state of one synapse."""
        return self._spec.state_bits

    @property
    def state(self) -> dict[str, int]:
        """The state by field."""
        return dict(zip(self.state_fields, self._state, strict=True))

    def update(self, **inputs: int) -> dict[str, int]:
        """Advance one timestep and return the state; inputs of the synapse and the timestep by name, 0 where not given."""
        fields = self._spec.inputs
        if unknown := sorted(inputs.keys() - {f.name for f in fields}):
            raise ConfigError(f"{unknown[0]}: no input of {self._rule.name}; allowed are {', '.join(f.name for f in fields)}")
        self._apply(*(check_integer(f.name, int(inputs.get(f.name, 0)), f.minimum, f.maximum) for f in fields))
        return self.state

    def _apply(self, *inputs: int) -> None:
        """Advance by words that are in their ranges; when the step fails, state and random register stay."""
        register = self._random
        noise = self._noise()
        after = self._advance(*self._state, *inputs, *noise)
        if not after:
            self._random = register
            self._refuse(*inputs, *noise)
        self._state = after

    def _refuse(self, *inputs: int) -> NoReturn:
        """Raise the ``StepError`` of an update that leaves a field: the step itself knows which."""
        names = (*self._spec.inputs, *self._spec.noise)
        words = dict(zip((f.name for f in names), map(int, inputs), strict=True))
        self._rule.step(self.config, self.state, words)
        raise RuntimeError("a result of the traced step leaves its field, of the plain one none does")

    def _noise(self) -> list[int]:
        """Draw the noise of a timestep."""
        lfsr, low, words = self._spec.lfsr, 0, []
        for f in self._spec.noise:
            words.append((self._random >> low) & f.maximum)
            low += f.bits
        self._random = lfsr.step(self._random) if lfsr else 0
        return words


# All that a synapse has; state and random register are all that it keeps of what happened to it.
_FIXED = {"config", "_rule", "_spec", "_plain"}  # _plain: which of the user's inputs stand for themselves
_ATTRIBUTES = {*_FIXED, "_state", "_random", "_advance"}


def memory_proof(
    make: Callable[[], Synapse], play: Callable[[Any, int], Any], *, n_synapses: int, sequence_length: int | None, schema: str
) -> dict[str, Any]:
    """Return the O(1) memory claim of ``n_synapses`` >= 0 of those that ``make`` makes.

    One is stepped ``sequence_length`` >= 0 times (256 by default, at most 4096), ``play(synapse, k)`` each, and everything it
    then holds is compared with the claim and with one that was not: no other attribute or state field, each within its width.
    """
    n_synapses = check_integer("n_synapses", n_synapses, 0, 1 << 32)
    steps = check_integer("sequence_length", 256 if sequence_length is None else sequence_length, 0, 1 << 24)
    synapse, fresh, held = make(), make(), True
    spec, bits = fresh._spec, fresh.state_bit_count
    try:
        for k in range(min(steps, _MOST_STEPS)):
            play(synapse, k)
    except StepError:
        held = False
    state, random_bits = synapse._state, spec.lfsr.bits if spec.lfsr else 0
    hidden = sorted(vars(synapse).keys() - _ATTRIBUTES) + [f"_state[{k}]" for k in range(len(spec.state), len(state))]
    held = held and all(f.minimum <= value <= f.maximum for f, value in zip(spec.state, state, strict=False))
    held = held and len(state) == len(spec.state) and 0 <= synapse._random < 1 << random_bits
    same = all(vars(synapse).get(name) == vars(fresh).get(name) for name in _FIXED)
    return {
        "schema_version": schema,
        "rule": spec.rule,
        "n_synapses": n_synapses,
        "sequence_length": None if sequence_length is None else steps,
        "steps_run": min(steps, _MOST_STEPS),
        "state_fields": list(fresh.state_fields),
        "per_synapse_state_bits": bits,
        "total_state_bits": n_synapses * bits,
        "sequence_length_independent": not hidden and held and same,
        "hidden_history_fields": hidden,
    }


def build_memory_proof(rule: Rule, config: Any = None, *, n_synapses: int, sequence_length: int | None = None) -> dict[str, Any]:
    """Return the O(1) memory claim (``memory_proof``) of any rule, tried on inputs near both ends of their ranges."""

    def play(synapse: Synapse, k: int) -> None:
        given = {}
        for place, f in enumerate(synapse._spec.inputs):
            near = (k // (place + 2)) % 7  # each input changes at its own pace
            given[f.name] = max(f.minimum, f.maximum - near) if (k + place) % 3 else min(f.maximum, f.minimum + near)
        synapse.update(**given)

    return memory_proof(
        lambda: Synapse(rule, config), play, n_synapses=n_synapses, sequence_length=sequence_length, schema=PROOF_SCHEMA
    )


def __getattr__(name: str) -> Any:  # names that were here first; what has them imports this module
    if name in ("OnlineO1Array", "OnlineO1Snapshot", "OnlineO1Synapse", "RustOnlineO1Synapse", "build_online_o1_memory_proof"):
        from . import online_o1

        return getattr(online_o1, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

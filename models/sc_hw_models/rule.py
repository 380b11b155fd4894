"""The contract between a learning rule and everything else.

A rule is a configuration, a ``RuleSpec`` derived from it, and a pure ``step`` on integers. Memory,
streams, testbench, proof, synthesis and report read the ``RuleSpec`` and never name a rule.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from .checked import CheckedStep, unchecked
from .errors import ConfigError, StepError, shown
from .fixed import Value
from .lfsr import MAX_FRESH, Lfsr

if TYPE_CHECKING:
    from .continual.plasticity import Conversion, PlasticityConfig

__all__ = [
    "ConfigError",
    "Demonstration",
    "Field",
    "Preset",
    "Rest",
    "Rule",
    "RuleConfig",
    "RuleSpec",
    "StepError",
    "Values",
    "as_integer",
    "check_flag",
    "check_integer",
    "connection",
    "index_bits",
    "timed",
]

Values = Mapping[str, Value]
Step = Callable[[Any, Values, Values], tuple[dict[str, Value], dict[str, Value]]]


class Accuracy(Protocol):
    """How a rule measures its fixed model beside its float reference; ``timesteps`` has a default worth publishing."""

    def __call__(self, config: Any, seed: int, timesteps: int = ..., /) -> dict[str, float]:
        """Return named figures of one run."""


def index_bits(count: int) -> int:
    """Return the bits of a number below ``count``, at least 1."""
    return max(1, (count - 1).bit_length())


_MOST_BITS = 14_000  # of an integer that Python writes as decimal digits


def as_integer(name: str, value: object, allowed: str = "integers") -> int:
    """Return an integer as an ``int``; raise ``ConfigError``, which says what is ``allowed``, for anything else.

    Integers are what Python takes as an index, hence NumPy's of any width and arrays of no axes; a ``bool`` is none.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]  # refused by TypeError
    except TypeError:
        raise ConfigError(f"{name}={shown(value)}: not an integer; allowed are {allowed}") from None
    if number.bit_length() > _MOST_BITS:  # one of thousands of digits cannot even be shown
        raise ConfigError(f"{name}: an integer of {number.bit_length()} bits; allowed are {allowed}")
    return number


def check_integer(name: str, value: object, low: int, high: int) -> int:
    """Return ``value`` as an ``int`` if it is an integer in ``low..high``; raise ``ConfigError`` otherwise."""
    number = as_integer(name, value, f"integers {low}..{high}")
    if not low <= number <= high:
        raise ConfigError(f"{name}={number}: out of range; allowed are integers {low}..{high}")
    return number


def check_flag(name: str, value: object) -> int:
    """Return a ``bool``, Python's or NumPy's, or an integer 0 or 1 as 0 or 1; raise ``ConfigError`` otherwise."""
    return int(value) if isinstance(value, bool | np.bool_) else check_integer(name, value, 0, 1)


@dataclass(frozen=True, kw_only=True)
class RuleConfig:
    """Base of a rule's configuration, a frozen dataclass: checks every field against what the class declares.

    ``RANGES`` holds the smallest and the largest value of each integer field, ``CHOICES`` the words a field may
    be; a field whose default is ``None`` may be that too. Integers of NumPy are kept as ``int``. A class that has
    conditions between fields adds them in its own ``__post_init__``. ``RUNTIME`` marks integer fields that a core takes while
    it runs, unless it is emitted otherwise. Errors: ``ConfigError`` names the field, the value and what is allowed.
    """

    RUNTIME: ClassVar[tuple[str, ...]] = ()
    RANGES: ClassVar[Mapping[str, tuple[int, int]]] = {}
    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __post_init__(self) -> None:
        for name, (low, high) in self.RANGES.items():
            value = getattr(self, name)
            if value is not None or getattr(type(self), name) is not None:
                object.__setattr__(self, name, check_integer(name, value, low, high))
        for name, allowed in self.CHOICES.items():
            if not isinstance(getattr(self, name), str) or getattr(self, name) not in allowed:
                raise ConfigError(f"{name}={shown(getattr(self, name))}: not known; allowed are {', '.join(allowed)}")


_DTYPES = {
    (signed, bits): np.dtype(f"{'int' if signed else 'uint'}{next(size for size in (8, 16, 32, 64) if bits <= size)}")
    for signed in (False, True)
    for bits in range(1, 63)
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One named value of fixed width: a state field, an input, a noise word or an output.

    ``bits`` is 1..62; a signed field is two's complement; ``reset`` is the value after a clear (state only). ``owner`` is whose
    it is: the ``synapse``'s, or that of its presynaptic (``pre``) or postsynaptic neuron (``post``), all of whose synapses then
    have the same value (see ``parts``).
    """

    name: str
    bits: int
    signed: bool = False
    reset: int = 0
    meaning: str = ""
    owner: str = "synapse"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ConfigError(f"field name {shown(self.name)}: allowed are lower-case letters, digits and _")
        object.__setattr__(self, "bits", check_integer(f"{self.name}.bits", self.bits, 1, 62))
        reset = check_integer(f"{self.name}.reset", self.reset, self.minimum, self.maximum)
        object.__setattr__(self, "reset", reset)

    @property
    def minimum(self) -> int:
        """The smallest value the field can hold."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """The largest value the field can hold."""
        return (1 << (self.bits - self.signed)) - 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest NumPy integer type that holds the field."""
        return _DTYPES[self.signed, self.bits]


@dataclass(frozen=True, kw_only=True)
class Rest:
    """When a timestep leaves a synapse's state as it is: what magnitudes of state fields lie below 2^k, by field.

    Always in a timestep without presynaptic inputs. ``pre`` are fields of the presynaptic neuron: below these bounds, or without
    postsynaptic inputs, nothing of its neurons reaches the synapse. Then ``quiet`` are bounds of the synapse's own fields in a
    timestep whose own inputs are all 0, and ``inert`` whatever these are. ``sc-hw prove`` proves it of a crossbar.
    """

    pre: Mapping[str, int]
    quiet: Mapping[str, int]
    inert: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class RuleSpec:
    """Widths, signs, resets and latency of one configured rule: the only source of each of them.

    ``state`` is the word of one synapse, first field in the lowest bits. ``synapse_inputs`` arrive once
    per synapse and timestep, ``step_inputs`` once per timestep for all synapses. ``noise`` words are
    fresh random bits for every update, cut from the lane's LFSR in order, lowest bits first.
    ``outputs`` leave with every update. ``latency`` is the number of clocks from a datapath's inputs
    to its outputs; 0 where that follows from compiling the step. In a layer (``layer.py``) a rule of presynaptic neurons
    gives its ``presynaptic_output`` to a rule of synapses as their ``presynaptic_input``; the other synapse inputs
    then are the postsynaptic neuron's. ``rest`` says when an update changes nothing, if that is known and no noise is drawn.
    ``neuron_latency`` is the latency of a datapath that holds nothing but what a neuron keeps; 0 where no neuron keeps any.
    Errors: ``ConfigError`` for more noise than a register gives, and for a name that means two things.
    """

    rule: str
    state: tuple[Field, ...]
    synapse_inputs: tuple[Field, ...] = ()
    step_inputs: tuple[Field, ...] = ()
    noise: tuple[Field, ...] = ()
    outputs: tuple[Field, ...] = ()
    latency: int = 0
    random_seed: int = 0
    presynaptic_output: str = ""
    presynaptic_input: str = ""
    rest: Rest | None = None
    neuron_latency: int = 0

    def __post_init__(self) -> None:
        fresh = sum(f.bits for f in self.noise)
        if fresh > MAX_FRESH:
            words = ", ".join(f"{f.name} {f.bits}" for f in self.noise)
            raise ConfigError(
                f"{self.rule}: {fresh} random bits an update ({words}); allowed are {MAX_FRESH}; narrow the shift or the code "
                "that one of them rounds, or let it round without noise"
            )
        # The step takes state, inputs and noise by name; an output may be called as the state that it shows.
        for what, fields in (("state, input or noise", self.state + self.inputs + self.noise), ("output", self.outputs)):
            names = [f.name for f in fields]
            if twice := next((name for name in names if names.count(name) > 1), ""):
                raise ConfigError(f"{self.rule}: two of its fields ({what}) are called {twice}; give each a name of its own")

    @property
    def inputs(self) -> tuple[Field, ...]:
        """Every input of an update except noise: those of the synapse, then those of the timestep."""
        return self.synapse_inputs + self.step_inputs

    @property
    def state_bits(self) -> int:
        """Bits of state of one synapse."""
        return sum(f.bits for f in self.state)

    @property
    def lfsr(self) -> Lfsr | None:
        """The random register each lane needs, or ``None`` when the rule draws no noise."""
        fresh = sum(f.bits for f in self.noise)
        return Lfsr(fresh) if fresh else None

    def positions(self) -> dict[str, int]:
        """Return the lowest bit of each state field in the state word."""
        result, position = {}, 0
        for f in self.state:
            result[f.name] = position
            position += f.bits
        return result


def connection(neurons: RuleSpec, synapses: RuleSpec) -> tuple[Field, Field]:
    """Return the output of a presynaptic neuron and the input of a synapse that a layer joins.

    The synapse gets the leading bits of what the neuron gives. Errors: ``ConfigError`` for rules that do not fit.
    """
    given = next((f for f in neurons.outputs if f.name == neurons.presynaptic_output), None)
    taken = next((f for f in synapses.synapse_inputs if f.name == synapses.presynaptic_input), None)
    if given is None:
        raise ConfigError(f"rule {neurons.rule}: is none of presynaptic neurons; it cannot stand in front of synapses")
    if taken is None:
        raise ConfigError(f"rule {synapses.rule}: has no presynaptic input of several bits; no rule can stand in front of it")
    if taken.bits > given.bits:
        raise ConfigError(
            f"{taken.name} of {synapses.rule}: {taken.bits} bits; allowed are at most {given.bits}, as {neurons.rule} gives"
        )
    return given, taken


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A configuration with a name: what it is for, in one line, and its values."""

    summary: str
    config: Any


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """A short run that shows a rule at work to a reader.

    ``state`` is where the synapse starts (fields left out: their reset value). ``stretches`` are named
    sequences of inputs, one mapping a timestep (absent names are 0), played one after another.
    """

    state: Mapping[str, int]
    stretches: Mapping[str, Sequence[Mapping[str, int]]]

    @property
    def timesteps(self) -> list[Mapping[str, int]]:
        """The inputs of all stretches in a row."""
        return [moment for moments in self.stretches.values() for moment in moments]


@dataclass(frozen=True, kw_only=True, eq=False)  # a rule is itself alone, so that what follows from it can be kept
class Rule:
    """A learning rule as the toolchain sees it.

    ``config_type`` is a ``RuleConfig``, a frozen dataclass whose defaults are valid. ``spec(config)`` derives the
    ``RuleSpec``; ``step(config, state, inputs)`` returns ``(state, outputs)`` where ``inputs`` holds the
    synapse inputs, step inputs and noise by name; whoever calls it gets the checks of ``CheckedStep`` with it. ``motifs``
    are short input sequences, one mapping a timestep (absent names are 0), that a testbench must play;
    ``accuracy(config, seed)`` compares the
    fixed model with the float reference and returns named figures, of a shorter run if its timesteps follow. ``presets``
    are configurations to start from, each proven, mutated and measured as shipped; ``default`` is ``config_type()``, and there
    without being named.
    ``demonstration(config)``, if there is one, is what ``sc-hw report`` draws. ``cover`` names what a campaign should
    see of this rule beyond ``cover.coverpoints``: predicates ``(config, state, inputs, after)`` on one update, in the
    same algebra as ``step``; ``after`` holds the next state. ``whole`` is the rule of which this is a part,
    ``owner`` whose part (see ``parts``).
    ``from_plasticity``, if there is one, turns a layer's plasticity in a modeller's units into a configuration, and says
    what it could not represent. ``datapath``, if there is one, makes the hardware from the step (``sc_hw.compiler``); without it
    that is written by hand. ``runtime`` names the settings that are inputs of the timestep (see ``runtime``).
    """

    name: str
    summary: str
    config_type: type[RuleConfig]
    spec: Callable[[Any], RuleSpec]
    step: Step
    accuracy: Accuracy = lambda _config, _seed, _timesteps=0, /: {}
    presets: Mapping[str, Preset] = field(default_factory=dict)
    motifs: Mapping[str, Sequence[Mapping[str, int]]] = field(default_factory=dict)
    demonstration: Callable[[Any], Demonstration] | None = None
    cover: Mapping[str, Callable[[Any, Values, Values, Values], Value]] = field(default_factory=dict)
    from_plasticity: "Callable[[PlasticityConfig], Conversion] | None" = None
    whole: "Rule | None" = None
    owner: str = ""
    datapath: Any = None
    runtime: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if "default" not in self.presets:
            presets = {
                "default": Preset(summary="the settings as they are by themselves", config=self.config_type()),
                **self.presets,
            }
            object.__setattr__(self, "presets", presets)
        object.__setattr__(self, "step", CheckedStep(self.name, self.spec, unchecked(self.step)))


def timed(rule: Rule, clocks: Callable[[Any], tuple[int, int]]) -> Rule:
    """Return a rule with other latencies: ``clocks(config)`` gives that of its datapath and that of what a neuron keeps."""

    def spec(config: Any) -> RuleSpec:
        latency, neuron_latency = clocks(config)
        return replace(rule.spec(config), latency=latency, neuron_latency=neuron_latency)

    return replace(rule, spec=spec)

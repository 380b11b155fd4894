"""What a network that learns in the chip is: populations of neurons, projections between them, and what a sample does.

Every width follows from the intervals of what it holds. The same description is the golden model's and the generators'.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..consolidation import ConsolidationConfig
from ..rule import ConfigError, RuleConfig, check_integer
from ..rules.three_factor import RULE, ThreeFactorConfig
from .errors import ERROR_BITS, MAX_OUTPUTS
from .neurons import MAX_LEVEL, AlifConfig, CountingConfig, InputConfig, LifConfig, NeuronConfig, ReadoutConfig
from .synapses import Feedback, Plastic, Weights

__all__ = ["NetworkSpec", "PopulationSpec", "ProjectionSpec", "Sample"]

MOST_SYNAPSES = 1 << 24
MOST_ACTIVITY_BITS = 12
MOST_SUM_BITS = 31  # of a current: what the compiled model's sums hold
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True)
class PopulationSpec:
    """``size`` neurons (1..65536) of one rule, and one unit more that is always on where the rule's ``bias`` is not 0."""

    name: str
    size: int
    neuron: NeuronConfig

    @property
    def rows(self) -> int:
        """Rows of the memory of a projection from here: the neurons, then the bias."""
        return self.size + bool(self.neuron.bias)

    @property
    def place(self) -> str:
        """Where it stands in the file."""
        return f"[population.{self.name}]"


@dataclass(frozen=True, kw_only=True)
class ProjectionSpec:
    """Synapses from every neuron of one population, its bias included, to every neuron of another; or the way of an error.

    ``delay`` is 0 or 1 timesteps. In the memory of a projection row i holds the weights of presynaptic neuron i, the bias last,
    ``lanes`` of them in a word: weight j of the row is lane ``j % lanes`` of word ``j // lanes``.
    """

    name: str
    source: str
    target: str
    synapses: Weights | Feedback
    delay: int = 0

    @property
    def place(self) -> str:
        """Where it stands in the file."""
        return f"[projection.{self.name}]"

    @property
    def is_feedback(self) -> bool:
        """Whether it brings the error of a readout to the signal of a population."""
        return isinstance(self.synapses, Feedback)


@dataclass(frozen=True, kw_only=True)
class Sample(RuleConfig):
    """What a sample does: ``timesteps`` T, and how the error at its end comes about.

    ``output_shift`` scales the readout before the error; no weight changes after a sample whose largest error is below
    ``margin``; nothing is swept then. ``octaves`` is the room of the schedule: learning can be made 2^-1 ... 2^-octaves times
    as fast while it runs.
    """

    timesteps: int = 16
    learn: str = "end"
    error: str = "softmax"
    output_shift: int = 10
    margin: int = 1
    octaves: int = 3

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        "timesteps": (1, 255),
        "output_shift": (0, 24),
        "margin": (0, 256),
        "octaves": (0, 3),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"learn": ("end",), "error": ("softmax", "hard")}


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A network: populations and projections in the order of the file, by name, and the sample.

    ``seed`` 0..2^31-1 is of all chance. ``weights`` are what projections start with instead of chance, by name, integers
    ``(rows, neurons)``: a network that was trained elsewhere.

    Errors: ``ConfigError`` begins with the table of the file and says what is allowed.
    """

    populations: Mapping[str, PopulationSpec]
    projections: Mapping[str, ProjectionSpec]
    sample: Sample
    seed: int = 1
    weights: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_integer("[network] seed", self.seed, 0, 2**31 - 1)
        for kind, names in (("population", self.populations), ("projection", self.projections)):
            for name in names:
                if not _NAME.fullmatch(name):
                    raise ConfigError(f"[{kind}.{name}]: not a name; allowed are up to 40 lower-case letters, digits and _")
        if len(self.projections) > 200 or len(self.populations) > 200:
            raise ConfigError(
                f"[network]: {len(self.populations)} populations, {len(self.projections)} projections; allowed are 200"
            )
        self._check_roles()
        for projection in self.projections.values():
            self._check_projection(projection)
        self._check_signals()
        _ = self.order
        for population in self.populations.values():
            self._check_population(population)
        for name, weights in self.weights.items():
            self._check_weights(name, weights)

    # What there is, by role.

    def _only(self, kind: type[NeuronConfig], rule: str) -> PopulationSpec:
        found = [p for p in self.populations.values() if isinstance(p.neuron, kind)]
        if len(found) != 1:
            names = ", ".join(p.place for p in found) or "none"
            raise ConfigError(f"[population]: {len(found)} of rule {rule} ({names}); allowed is exactly one")
        return found[0]

    @cached_property
    def input(self) -> PopulationSpec:
        """The population that samples enter."""
        return self._only(InputConfig, "input")

    @cached_property
    def output(self) -> PopulationSpec:
        """The population that decides."""
        return self._only(ReadoutConfig, "readout")

    @cached_property
    def counting(self) -> bool:
        """Whether the network has the counting form: a sample is one pass; else the stepping form, T passes."""
        return any(isinstance(p.neuron, CountingConfig) for p in self.populations.values())

    @cached_property
    def forward(self) -> tuple[ProjectionSpec, ...]:
        """The projections that carry activity, in the order of the file."""
        return tuple(p for p in self.projections.values() if not p.is_feedback)

    @cached_property
    def feedback(self) -> Mapping[str, ProjectionSpec]:
        """The way of the error to each hidden population that learns."""
        return {p.target: p for p in self.projections.values() if p.is_feedback}

    def onto(self, population: str) -> list[ProjectionSpec]:
        """Return the projections that a population's current is the sum of."""
        return [p for p in self.forward if p.target == population]

    @cached_property
    def order(self) -> tuple[PopulationSpec, ...]:
        """The populations, each behind all whose activity it needs in the same timestep; otherwise as in the file."""
        left, done = dict(self.populations), list[PopulationSpec]()
        while left:
            ready = [p for p in left.values() if not any(c.delay == 0 and c.source in left for c in self.onto(p.name))]
            if not ready:
                at, way = next(iter(left)), list[str]()
                while at not in way:
                    way.append(at)
                    at = next(c.source for c in self.onto(at) if c.delay == 0 and c.source in left)
                cycle = [*way[way.index(at) :], at]
                raise ConfigError(
                    f"[projection]: a cycle without delay, {' <- '.join(cycle)}; give one of its projections delay = 1"
                )
            done.append(ready[0])
            del left[ready[0].name]
        return tuple(done)

    # Checks.

    def _check_roles(self) -> None:
        if self.output.size < 2 or self.output.size > MAX_OUTPUTS:
            raise ConfigError(f"{self.output.place} size={self.output.size}: allowed are 2..{MAX_OUTPUTS} classes")
        neuron, size = self.input.neuron, self.input.size
        assert isinstance(neuron, InputConfig)  # noqa: S101 # for the type checker; _only says so
        if bool(neuron.height) != bool(neuron.width):
            raise ConfigError(f"{self.input.place} height={neuron.height}, width={neuron.width}: give both, or none")
        if neuron.height:
            across = [(side - 2 * neuron.crop) // neuron.pool for side in (neuron.height, neuron.width)]
            fits = all(
                side - 2 * neuron.crop > 0 and (side - 2 * neuron.crop) % neuron.pool == 0
                for side in (neuron.height, neuron.width)
            )
            if not fits or across[0] * across[1] != size:
                shown = f"{across[0]} x {across[1]}" if fits else "no whole squares"
                raise ConfigError(
                    f"{self.input.place} size={size}: {neuron.height} x {neuron.width} less crop={neuron.crop} on each side in "
                    f"squares of pool={neuron.pool} are {shown}; give the size that follows, or other sides"
                )
        elif neuron.crop or neuron.jitter or neuron.pool > 1:
            raise ConfigError(f"{self.input.place}: crop, pool and jitter are of pictures; give height and width too")
        if neuron.pool == 3:
            raise ConfigError(f"{self.input.place} pool=3: allowed are 1, 2 and 4")
        stepped = [p for p in self.populations.values() if isinstance(p.neuron, LifConfig)]
        if self.counting and stepped:
            raise ConfigError(f"{stepped[0].place} rule=lif: beside neurons of rule counting; allowed is one of the two forms")
        if self.counting and neuron.code != "constant":
            raise ConfigError(
                f'{self.input.place} code={neuron.code!r}: the counting form takes constant current; give code = "constant"'
            )

    def _check_projection(self, projection: ProjectionSpec) -> None:
        place, synapses = projection.place, projection.synapses
        if isinstance(synapses, Feedback):
            self._check_feedback(projection, synapses)
            return
        for key, name in (("from", projection.source), ("to", projection.target)):
            if name not in self.populations:
                raise ConfigError(f"{place} {key}={name!r}: no population; allowed are {', '.join(self.populations)}")
        source, target = self.populations[projection.source], self.populations[projection.target]
        if target is self.input:
            raise ConfigError(f"{place} to={target.name!r}: an input takes samples, no projection; name another population")
        if source is self.output:
            raise ConfigError(f'{place} from={source.name!r}: a readout gives its error only; write from = "{source.name}.error"')
        if target.size % synapses.lanes:
            raise ConfigError(f"{place} lanes={synapses.lanes}: do not divide the {target.size} neurons of {target.name!r}")
        if source.rows * target.size > MOST_SYNAPSES:
            raise ConfigError(f"{place}: {source.rows} x {target.size} synapses; allowed are {MOST_SYNAPSES}")
        if projection.delay and self.counting:
            raise ConfigError(f"{place} delay={projection.delay}: the counting form has no timesteps to wait for; leave it out")
        if isinstance(synapses, Plastic):
            wanted = "error" if target is self.output else "feedback"
            if synapses.signal != wanted:
                raise ConfigError(f'{place} signal={synapses.signal!r}: {target.name!r} has signal = "{wanted}"')
            most = Plastic.MOST_SHIFT - self.sample.octaves
            if synapses.learning_shift > most:
                raise ConfigError(
                    f"{place} learning_shift={synapses.learning_shift}: allowed are 0..{most} with octaves="
                    f"{self.sample.octaves} of [sample]"
                )
            self.rule_config(projection)

    def _check_feedback(self, projection: ProjectionSpec, synapses: Feedback) -> None:
        place = projection.place
        source, _, what = projection.source.partition(".")
        target, _, signal = projection.target.partition(".")
        if what and (source, what) != (self.output.name, "error"):
            raise ConfigError(f'{place} from={projection.source!r}: allowed is "{self.output.name}.error"')
        if projection.delay:
            raise ConfigError(f"{place} delay={projection.delay}: an error has none; leave it out")
        if (
            target not in self.populations
            or self.populations[target] in (self.input, self.output)
            or signal not in ("", "signal")
        ):
            hidden = [f'"{p.name}.signal"' for p in self.populations.values() if p not in (self.input, self.output)]
            raise ConfigError(
                f"{place} to={projection.target!r}: allowed are {', '.join(hidden) or 'none, as no population is hidden'}"
            )
        if synapses.initial == "symmetric" and not self.symmetric(target):
            raise ConfigError(
                f"{place} rule='symmetric': there is no projection from {target!r} to {self.output.name!r} to go back on"
            )

    def symmetric(self, population: str) -> ProjectionSpec | None:
        """Return the projection from a population to the output, whose weights symmetric feedback takes."""
        return next((p for p in self.forward if (p.source, p.target) == (population, self.output.name)), None)

    def _check_signals(self) -> None:
        targets = [p.target for p in self.projections.values() if p.is_feedback]
        for projection in self.projections.values():
            synapses = projection.synapses
            if isinstance(synapses, Feedback) and targets.count(projection.target) > 1:
                raise ConfigError(f'{projection.place} to="{projection.target}.signal": has a feedback already; allowed is one')
            if isinstance(synapses, Plastic) and synapses.signal == "feedback" and projection.target not in targets:
                raise ConfigError(
                    f"{projection.place} rule='three_factor': lacks its input signal; add a projection from "
                    f'"{self.output.name}.error" to "{projection.target}.signal"'
                )

    def _check_population(self, population: PopulationSpec) -> None:
        if population is not self.input and not self.onto(population.name):
            raise ConfigError(f"{population.place}: lacks its input current; add a projection to {population.name!r}")
        if population is not self.output and not any(c.source == population.name for c in self.forward):
            raise ConfigError(f"{population.place}: nothing comes of it; add a projection from {population.name!r}")
        if population is not self.input and (bits := self.sum_bits(population)) > MOST_SUM_BITS:
            raise ConfigError(
                f"{population.place}: its current needs {bits} bits; allowed are {MOST_SUM_BITS}; narrow its weights"
            )
        if self.activity_bits(population) > MOST_ACTIVITY_BITS:
            raise ConfigError(
                f"{population.place}: its activity needs {self.activity_bits(population)} bits; allowed are "
                f"{MOST_ACTIVITY_BITS}; take fewer timesteps or a smaller bias"
            )

    def _check_weights(self, name: str, weights: np.ndarray) -> None:
        carrying = {p.name: p for p in self.forward}
        if name not in carrying:
            raise ConfigError(f"[network] weights: {name!r} is no projection that has weights; allowed are {', '.join(carrying)}")
        projection, synapses = carrying[name], carrying[name].synapses
        assert isinstance(synapses, Weights)  # noqa: S101 # for the type checker
        shape = (self.populations[projection.source].rows, self.populations[projection.target].size)
        if weights.shape != shape or weights.dtype.kind not in "iu":
            raise ConfigError(f"{projection.place} weights: {weights.dtype} {weights.shape} given; allowed are integers {shape}")
        low, high, bits = weights.min(), weights.max(), synapses.weight_bits
        if not -(1 << bits - 1) <= low <= high < 1 << bits - 1:
            allowed = f"{-(1 << bits - 1)}..{(1 << bits - 1) - 1} with weight_bits={bits}"
            raise ConfigError(f"{projection.place} weights: {low}..{high} given; allowed are {allowed}")

    # Widths.

    def step_maximum(self, population: PopulationSpec) -> int:
        """Return the largest activity of a neuron, or of the bias, in one pass."""
        neuron = population.neuron
        if isinstance(neuron, InputConfig):
            return max(MAX_LEVEL if neuron.code == "constant" else 1, neuron.bias)
        return max(self.sample.timesteps if isinstance(neuron, CountingConfig) else 1, neuron.bias)

    def activity_bits(self, population: PopulationSpec) -> int:
        """Return the bits of an activity as learning takes it: of a whole sample."""
        return (self.step_maximum(population) * (1 if self.counting else self.sample.timesteps)).bit_length()

    def sum_bits(self, population: PopulationSpec) -> int:
        """Return the bits of the exact current of a neuron in one pass; of a readout, of a whole sample, which it adds up."""
        most = 0
        for projection in self.onto(population.name):
            source, weights = self.populations[projection.source], projection.synapses
            assert isinstance(weights, Weights)  # noqa: S101 # for the type checker
            most += source.rows * self.step_maximum(source) << (weights.weight_bits - 1)
        if population is self.output and not self.counting:
            most *= self.sample.timesteps
        return most.bit_length() + 1

    def slope_bits(self, population: PopulationSpec) -> int:
        """Return the bits of a slope of a whole sample."""
        if self.counting:
            return 1
        neuron = population.neuron
        most = max(8, neuron.threshold >> 7) if isinstance(neuron, LifConfig) else 0
        return (most * self.sample.timesteps).bit_length()

    def state_fields(self, population: PopulationSpec) -> dict[str, int]:
        """Return the bits of what a neuron keeps between timesteps, by name; ``membrane`` is signed."""
        neuron = population.neuron
        if self.counting or not isinstance(neuron, LifConfig):
            return {}
        more = {"adaptation": neuron.adaptation_bits, "rest": 1} if isinstance(neuron, AlifConfig) else {}
        return {"membrane": neuron.membrane_bits} | more

    def rule_config(self, projection: ProjectionSpec) -> ThreeFactorConfig:
        """Return the configuration of the rule that a plastic projection is a core of.

        The signal comes ``octaves`` bits wider than it is computed, and the rule's shift is that much larger: the schedule shifts
        the signal, not the rule. Errors: ``ConfigError`` with the place in the file.
        """
        synapses, octaves = projection.synapses, self.sample.octaves
        assert isinstance(synapses, Plastic)  # noqa: S101 # for the type checker
        bits = ERROR_BITS if synapses.signal == "error" else self.signal_bits
        try:
            return ThreeFactorConfig(
                weight_bits=synapses.weight_bits,
                activity_bits=self.activity_bits(self.populations[projection.source]),
                signal_bits=bits + octaves,
                learning_shift=synapses.learning_shift + octaves,
                rounding="stochastic",
                random_seed=self.seed,
                consolidation=synapses.consolidation,
                **{name: getattr(synapses, name) for name in ConsolidationConfig.RANGES},
            )
        except ConfigError as error:
            raise ConfigError(f"{projection.place} {error}") from error

    def rule_bits(self, projection: ProjectionSpec) -> int:
        """Return the bits of all synapses of a projection, with what consolidation keeps."""
        synapses = projection.synapses
        if not isinstance(synapses, Weights):
            return 0
        bits = RULE.spec(self.rule_config(projection)).state_bits if isinstance(synapses, Plastic) else synapses.weight_bits
        return bits * self.populations[projection.source].rows * self.populations[projection.target].size

    @property
    def signal_bits(self) -> int:
        """Bits of the learning signal of a hidden neuron, before the schedule; it saturates."""
        return 16 - self.sample.octaves

    def stream(self, name: str) -> int:
        """Return the seed of a stream of chance: of a projection by its name, of the input ``.jitter`` and ``.poisson``."""
        return (self.seed << 8) + [".jitter", ".poisson", *self.projections].index(name)

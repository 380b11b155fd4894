"""What a projection of a network is made of: settings of its weights, their start, and the order in which chance is drawn."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..consolidation import ConsolidationConfig
from ..lfsr import lane_seed
from ..rule import RuleConfig

__all__ = ["SYNAPSES", "Feedback", "Plastic", "Static", "Symmetric", "Weights", "uniform"]


@dataclass(frozen=True, kw_only=True)
class Weights(RuleConfig):
    """Signed weights of ``weight_bits``, ``lanes`` of them in a word of memory; they start uniform in +-``spread``."""

    weight_bits: int = 12
    lanes: int = 1
    spread: int = 50

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {"weight_bits": (2, 14), "lanes": (1, 256), "spread": (0, (1 << 13) - 1)}

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "spread", min(self.spread, (1 << (self.weight_bits - 1)) - 1))


@dataclass(frozen=True, kw_only=True)
class Static(Weights):
    """Weights that stay as they start."""


@dataclass(frozen=True, kw_only=True)
class Plastic(Weights):
    """Weights that learn by the rule ``three_factor``: activity of the presynaptic times signal of the postsynaptic neuron.

    ``signal`` is ``error`` of a readout's own, or what a ``feedback`` brings. The change is scaled by 2^-``learning_shift`` and
    rounded stochastically. ``consolidation`` and what follows are as of the rule
    (``ConsolidationConfig``).
    """

    signal: str = "error"
    learning_shift: int = 12
    consolidation: str = "none"
    code_bits: int = 3

    pull_shift: int = 6
    importance_scale: int = 4
    importance_damping: int = 7
    importance_offset: int = -3

    MOST_SHIFT: ClassVar[int] = 15
    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        **Weights.RANGES,
        "learning_shift": (0, MOST_SHIFT),
        **ConsolidationConfig.RANGES,
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "signal": ("error", "feedback"),
        "consolidation": ConsolidationConfig.CHOICES["consolidation"],
    }


@dataclass(frozen=True, kw_only=True)
class Feedback(RuleConfig):
    """The way of the error to hidden neurons: by fixed random signs B, times 2^``gain``."""

    gain: int = 1
    initial: str = "random_sign"

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {"gain": (-12, 4)}
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"initial": ("random_sign",)}


@dataclass(frozen=True, kw_only=True)
class Symmetric(Feedback):
    """The way of the error back on the weights V that the hidden neurons reach the output by, as they are, times 2^``gain``."""

    gain: int = -6
    initial: str = "symmetric"

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"initial": ("symmetric",)}


SYNAPSES: dict[str, type[RuleConfig]] = {"three_factor": Plastic, "static": Static, "symmetric": Symmetric}


def uniform(seed: int, count: int, low: int, high: int) -> np.ndarray:
    """Return ``count`` integers of ``low..high`` from SplitMix64 of counters: the start of a memory, the same in every place.

    Number k is ``low + ((mixed(start + k) >> 32) (high - low + 1) >> 32)``, where ``start`` is the hash of the seed and of the
    last lane there can be. Source: as ``lfsr.lane_seed``.
    """
    start = lane_seed(seed, (1 << 20) - 1, 64)
    with np.errstate(over="ignore"):  # modulo 2^64 is meant
        value = (np.arange(count, dtype=np.uint64) + np.uint64(start)) * np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        value ^= value >> np.uint64(31)
    return low + ((value >> np.uint64(32)) * np.uint64(high - low + 1) >> np.uint64(32)).astype(np.int64)

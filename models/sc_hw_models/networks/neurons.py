"""Neurons of a network that learns in the chip: their settings, and their step, pure text over integers (``fixed``).

What a population gives to the learning sweep at the end of a sample is the same for every rule of neurons: an ``activity`` of
each neuron, what it sent in all, and a ``slope``, how far it would have sent more for more input.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from ..fixed import Value, absolute, asr, clip, maximum, select
from ..rule import RuleConfig

__all__ = [
    "MAX_LEVEL",
    "NEURONS",
    "AlifConfig",
    "CountingConfig",
    "InputConfig",
    "LifConfig",
    "NeuronConfig",
    "ReadoutConfig",
    "counting_step",
    "lif_step",
]

MAX_LEVEL = 16  # of a pixel: 0..16
PSI_SHIFT = 7  # of the triangle below: 8 where it is highest, at a threshold of 1,024


@dataclass(frozen=True, kw_only=True)
class NeuronConfig(RuleConfig):
    """Base of every rule of neurons. ``bias`` is the activity of one more unit of the population, always on; 0 for none.

    In the counting form that is its activity in a sample, in the stepping form in each timestep.
    """

    bias: int = 0

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {"bias": (0, 255)}


@dataclass(frozen=True, kw_only=True)
class InputConfig(NeuronConfig):
    """Where samples enter: pixels of ``height`` x ``width`` bytes, made into activities 0..16 by their addresses.

    ``crop`` takes that many pixels off each side, ``pool`` adds up squares of that side, ``jitter`` shifts the picture by up to
    so many pixels, drawn for each sample that is learned. Without ``height`` a sample is a row of ``size`` bytes. ``code`` is
    what a timestep of the stepping form gets: the activity itself (``constant``), a spike with probability activity / 16
    (``poisson``), or one spike, the earlier the higher the activity (``latency``). ``ahead`` is of hardware alone: whether
    the next sample comes in while one is learned, which takes a memory of activities twice as large.
    """

    height: int = 0
    width: int = 0
    crop: int = 0
    pool: int = 1
    jitter: int = 0
    code: str = "constant"
    ahead: int = 1

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        **NeuronConfig.RANGES,
        "height": (0, 1024),
        "width": (0, 1024),
        "crop": (0, 256),
        "pool": (1, 4),
        "jitter": (0, 7),
        "ahead": (0, 1),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"code": ("constant", "poisson", "latency")}


@dataclass(frozen=True, kw_only=True)
class CountingConfig(NeuronConfig):
    """Integrate-and-fire without leak and with soft reset under constant current, all T timesteps in one pass.

    The threshold is T 2^``threshold_shift``: such a neuron has sent ``clip(current >> threshold_shift, 0, T)`` spikes after T
    timesteps, whatever the current.
    """

    threshold_shift: int = 10

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {**NeuronConfig.RANGES, "threshold_shift": (0, 16)}


@dataclass(frozen=True, kw_only=True)
class LifConfig(NeuronConfig):
    """Leaky integrate-and-fire with soft reset, stepped: a membrane of ``membrane_bits`` that loses its 2^-``leak_shift`` part.

    ``slope`` is ``triangle``, falling from 8 at the threshold to 0 at twice and at none of it, or ``box``: 8 within half of the
    threshold, else 0, which is as good and cheaper.
    """

    threshold: int = 1024
    leak_shift: int = 3
    membrane_bits: int = 16
    slope: str = "box"

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        **NeuronConfig.RANGES,
        "threshold": (128, 1 << 14),
        "leak_shift": (0, 15),
        "membrane_bits": (12, 24),
    }
    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {"slope": ("triangle", "box")}


@dataclass(frozen=True, kw_only=True)
class AlifConfig(LifConfig):
    """``LifConfig`` with a threshold that rises by ``adaptation_gain`` / 256 of its adaptation, and one refractory timestep.

    The adaptation loses its 2^-``adaptation_shift`` part in a timestep; a spike adds the threshold to it.
    """

    adaptation_shift: int = 8
    adaptation_gain: int = 16
    adaptation_bits: int = 20

    RANGES: ClassVar[dict[str, tuple[int, int]]] = {
        **LifConfig.RANGES,
        "adaptation_shift": (1, 12),
        "adaptation_gain": (0, 255),
        "adaptation_bits": (12, 22),
    }


@dataclass(frozen=True, kw_only=True)
class ReadoutConfig(NeuronConfig):
    """Sums its current over the sample without a leak; the largest is the decision, the first of several."""


NEURONS: dict[str, type[NeuronConfig]] = {
    "input": InputConfig,
    "counting": CountingConfig,
    "lif": LifConfig,
    "alif": AlifConfig,
    "readout": ReadoutConfig,
}


def counting_step(config: CountingConfig, timesteps: int, current: Value) -> tuple[Value, Value]:
    """Return how often a neuron has spiked after all timesteps, 0..T, and its slope: 1 where it spiked less than T times."""
    count = clip(asr(current, config.threshold_shift), 0, timesteps)
    slope = select(current < 0, 0, select(current < timesteps << config.threshold_shift, 1, 0))
    return count, slope


def lif_step(config: LifConfig, state: dict[str, Value], current: Value) -> tuple[dict[str, Value], Value, Value]:
    """Advance LIF or ALIF neurons by a timestep; return their state, their spikes and their slopes, 0..8 at a threshold of 1,024.

    The state has ``membrane``, and of ALIF ``adaptation`` and ``rest``, 1 in the timestep after a spike. The membrane saturates.
    """
    top = (1 << (config.membrane_bits - 1)) - 1
    membrane = state["membrane"]
    membrane = clip(membrane - asr(membrane, config.leak_shift) + current, -top - 1, top)
    threshold: Any = config.threshold
    if isinstance(config, AlifConfig):
        threshold = threshold + asr(state["adaptation"] * config.adaptation_gain, 8)
    distance = absolute(membrane - threshold)
    if config.slope == "box":
        slope = select(distance < config.threshold // 2, 8, 0)
    else:
        slope = asr(maximum(config.threshold - distance, 0), PSI_SHIFT)
    spike = select(membrane >= threshold, 1, 0)
    if not isinstance(config, AlifConfig):
        return {"membrane": membrane - config.threshold * spike}, spike, slope
    spike, slope = select(state["rest"], 0, spike), select(state["rest"], 0, slope)
    adaptation = state["adaptation"] - asr(state["adaptation"], config.adaptation_shift) + config.threshold * spike
    after = {
        "membrane": membrane - config.threshold * spike,
        "adaptation": clip(adaptation, 0, (1 << config.adaptation_bits) - 1),
        "rest": spike,
    }
    return after, spike, slope

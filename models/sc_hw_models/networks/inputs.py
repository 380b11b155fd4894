"""What enters a network: pixels to activities by their addresses, shifted by chance, and activities to timesteps."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..fixed import Value
from ..lfsr import Lfsr, lane_seed
from ..rule import ConfigError
from .neurons import MAX_LEVEL, InputConfig
from .spec import NetworkSpec

__all__ = ["JITTER", "POISSON", "InputPort", "checked_pixels", "checked_samples", "rounded_level"]

JITTER, POISSON = Lfsr(16), Lfsr(4)


def checked_samples(spec: NetworkSpec, samples: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return samples ``(n, pixels)`` of bytes and their classes ``(n,)`` as arrays. Errors: ``ConfigError`` for other ones."""
    pixels, classes, size = _array("samples", samples), _array("labels", labels), InputPort(spec).pixels
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != size:
        raise ConfigError(f"samples: {pixels.dtype} {pixels.shape} given; allowed are bytes (samples, {size})")
    if classes.shape != pixels.shape[:1] or classes.dtype.kind not in "iu":
        raise ConfigError(f"labels: {classes.dtype} {classes.shape} given; allowed are integers ({len(pixels)},)")
    if classes.size and not 0 <= classes.min() <= classes.max() < spec.output.size:
        raise ConfigError(f"labels: {classes.min()}..{classes.max()} given; allowed are 0..{spec.output.size - 1}")
    return pixels, classes


def _array(what: str, given: Any) -> np.ndarray:
    try:
        return np.asarray(given)
    except (ValueError, TypeError, OverflowError) as error:  # rows of unlike lengths, or no array
        raise ConfigError(f"{what}: no array ({error}); allowed is one") from error


def checked_pixels(spec: NetworkSpec, samples: Any) -> np.ndarray:
    """Return samples without classes as ``checked_samples``. Errors: as there."""
    pixels = _array("samples", samples)
    return checked_samples(spec, pixels, np.zeros(pixels.shape[:1], dtype=np.int64))[0]


def rounded_level(total: Value, pool: int) -> Value:
    """Return the activity 0..16 of an input from the sum of its ``pool`` * ``pool`` pixels, rounded."""
    shift = 4 + 2 * (pool.bit_length() - 1)
    return (total + (1 << (shift - 1))) >> shift


class InputPort:
    """The block in front of the input population, with its two random registers.

    Pixel (r, c) of a picture, a byte, goes to input (r - crop + dy) // pool, (c - crop + dx) // pool, or nowhere beyond the
    sides; an input's activity is the sum of its pixels, rounded to 0..16. dy and dx are drawn for each sample that is learned
    where there is ``jitter`` J: ``((byte * (2 J + 1)) >> 8) - J``, dy from the low 8 bits of the register, dx from the next 8,
    then it is stepped.

    Poisson spikes: in each timestep, for each input in ascending order, the low 4 bits of a register of their own are compared,
    and it is stepped: a spike where they are less than the activity. Latency: one spike in timestep ``(16 - activity) T >> 4``.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        neuron = spec.input.neuron
        if not isinstance(neuron, InputConfig):
            raise TypeError("the input of a network is of another rule")
        self._neuron, self._size, self._timesteps = neuron, spec.input.size, spec.sample.timesteps
        self._streams = {"jitter": (spec.stream(".jitter"), JITTER), "poisson": (spec.stream(".poisson"), POISSON)}
        self.clear()

    def clear(self) -> None:
        """Put the registers at their seeds."""
        self.registers = {name: lane_seed(stream, 0, lfsr.bits) for name, (stream, lfsr) in self._streams.items()}

    @property
    def pixels(self) -> int:
        """Bytes of a sample."""
        return self._neuron.height * self._neuron.width or self._size

    def levels(self, sample: np.ndarray, *, learn: bool) -> np.ndarray:
        """Return the activities 0..16 of a sample ``(pixels,)`` of bytes, shifted by chance if it is learned."""
        neuron, pool = self._neuron, self._neuron.pool
        pixels = sample.astype(np.int64)
        if neuron.height:
            dy, dx = self._shift() if learn and neuron.jitter else (0, 0)
            height, width = neuron.height - 2 * neuron.crop, neuron.width - 2 * neuron.crop
            row, column = np.divmod(np.arange(len(pixels)), neuron.width)
            row, column = row - neuron.crop + dy, column - neuron.crop + dx
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            address = row // pool * (width // pool) + column // pool
            pixels = np.bincount(address[inside], weights=pixels[inside], minlength=self._size).astype(np.int64)
        return np.asarray(rounded_level(pixels, pool))

    def timesteps(self, levels: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the activity of each input in each timestep of a sample."""
        for t in range(self._timesteps):
            if self._neuron.code == "constant":
                yield levels
            elif self._neuron.code == "latency":
                yield ((levels > 0) & ((MAX_LEVEL - levels) * self._timesteps >> 4 == t)).astype(np.int64)
            else:
                bits, self.registers["poisson"] = POISSON.run(self.registers["poisson"], self._size)
                yield (bits @ (1 << np.arange(4)) < levels).astype(np.int64)

    def _shift(self) -> tuple[int, int]:
        register, span = self.registers["jitter"], 2 * self._neuron.jitter + 1
        self.registers["jitter"] = JITTER.step(register)
        return ((register & 255) * span >> 8) - self._neuron.jitter, ((register >> 8 & 255) * span >> 8) - self._neuron.jitter

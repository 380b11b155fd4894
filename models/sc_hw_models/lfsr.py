"""Stepped linear-feedback shift registers: the random state of stochastic rounding.

The bit sequence obeys ``b[t] = b[t-n] ^ b[t-k]`` for a primitive trinomial ``x^n + x^k + 1``. A
register keeps the last ``n`` bits, newest in bit 0. One step appends ``fresh`` new bits at once, each
one XOR of two old bits, which is what makes a wide step cheap in hardware and needs ``fresh <= k``.
The noise of an update is the low ``fresh`` bits *before* the step, so no update shares a bit with the next.

Source: the trinomials of maximal length in P. Alfke, "Efficient Shift Registers, LFSR Counters, and
Long Pseudo-Random Sequence Generators", Xilinx XAPP052 (1996), table 3.
"""

import operator
from dataclasses import dataclass

import numpy as np

__all__ = ["MAX_FRESH", "Lfsr", "lane_seed"]

# (n, k), ascending; chosen for a large k, the number of bits one step can make.
_TRINOMIALS = ((31, 28), (63, 62), (127, 126))
MAX_FRESH = _TRINOMIALS[-1][1]


@dataclass(frozen=True)
class Lfsr:
    """The shape of a register that makes ``fresh`` new bits a step (1..126)."""

    fresh: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "fresh", operator.index(self.fresh))  # of NumPy, too: shifts of its integers overflow
        if not 1 <= self.fresh <= MAX_FRESH:
            raise ValueError(f"fresh={self.fresh}: allowed are 1..{MAX_FRESH} bits a step")

    @property
    def taps(self) -> tuple[int, int]:
        """The pair ``(n, k)``: register length and second tap."""
        return next(pair for pair in _TRINOMIALS if self.fresh <= pair[1])

    @property
    def bits(self) -> int:
        """The length of the register."""
        return self.taps[0]

    def step(self, state: int) -> int:
        """Return the state after one step."""
        n, k = self.taps
        mask = (1 << self.fresh) - 1
        word = (state >> (n - self.fresh)) ^ ((state >> (k - self.fresh)) & mask)
        return ((state << self.fresh) | word) & ((1 << n) - 1)

    def run(self, state: int, steps: int) -> tuple[np.ndarray, int]:
        """Return the noise bits of ``steps`` steps, shape ``(steps, fresh)`` of 0/1 with bit 0 first, and the final state.

        Squaring the polynomial over GF(2) doubles both taps, so the sequence is extended in blocks
        that double as it grows: a handful of array operations for any number of steps.
        """
        n, k = self.taps
        total = n + steps * self.fresh
        sequence = np.zeros(total, dtype=np.uint8)
        sequence[:n] = [(state >> (n - 1 - i)) & 1 for i in range(n)]  # oldest first
        length = n
        while length < total:
            scale = 1
            while 2 * scale * n <= length:
                scale *= 2
            block = min(scale * k, total - length)
            old, young = length - scale * n, length - scale * k
            sequence[length : length + block] = sequence[old : old + block] ^ sequence[young : young + block]
            length += block
        final = int("".join(map(str, sequence[total - n :])), 2)
        noise = sequence[n - self.fresh : total - self.fresh].reshape(steps, self.fresh)[:, ::-1]
        return noise, final


def lane_seed(seed: int, lane: int, bits: int) -> int:
    """Return the non-zero reset value of a lane's register: a SplitMix64 hash of ``seed`` and ``lane``.

    Distinct lanes start at unrelated points of the one long sequence. Source: Steele, Lea and Flood,
    "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
    """
    seed, lane, bits = operator.index(seed), operator.index(lane), operator.index(bits)
    mask = (1 << 64) - 1
    value, counter = 0, ((seed << 20) + lane) & mask
    for part in range(2):
        counter = (counter + 0x9E3779B97F4A7C15) & mask
        mixed = counter
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        value |= (mixed ^ (mixed >> 31)) << (64 * part)
    return (value & ((1 << bits) - 1)) or 1

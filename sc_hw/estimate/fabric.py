"""What a device's blocks hold: how many memory blocks and multipliers synthesis takes, and what it makes of LUTs instead.

The figures of a device stand in its target file under ``[estimate]``; they are those of the libraries from which Yosys maps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from ..errors import UserError
from ..targets import Target
from .gates import Multiplier
from .quantities import Memory

__all__ = ["Blocks", "Fabric", "fabric_of"]


_Rule = tuple[int, int, int, int, int, float, bool]
_MUX = 0.5  # what Yosys reckons for a bit of a multiplexer or decoder beside a memory
_LOGIC = 1.0  # and for a bit of a memory in registers


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Where a memory or a product goes: units of block RAM or DSP, cells of LUT RAM, ``deep`` of them one behind another.

    With neither units nor cells it is made of logic.
    """

    units: float = 0
    cells: int = 0
    deep: int = 1


@dataclass(frozen=True, kw_only=True)
class Fabric:
    """A device as its target file describes it.

    ``ram``: shapes of block and LUT RAM, each as words, bits, bits that are written together, cost, how much of that goes with
    the bits used, and units of block RAM, 0 for LUT RAM. ``multipliers``, the first that fits taken: most bits of the wider and
    the narrower factor, least bits of either and of the product, units, and whether it takes signed factors only, to which
    an unsigned one adds a bit.
    """

    lut_inputs: int
    ram: tuple[tuple[int, int, int, float, float, float], ...]
    multipliers: tuple[_Rule, ...]

    def memory(self, memory: Memory) -> Blocks:
        """Return where a memory goes: the cheapest of all shapes and of registers, as Yosys reckons (memory_libmap)."""
        best, where = _LOGIC * memory.words * memory.bits, Blocks()
        if memory.block:
            best = float("inf")
        for words, bits, together, cost, scale, units in self.ram:
            if memory.block and not units:
                continue
            deep = -(-memory.words // words)
            number = -(-deep * -(-memory.bits // together) * together // bits)
            beside = (deep - 1) * memory.bits + (deep if deep > 1 else 0) + 4  # and a read port of its own
            own = (cost - scale) * number + scale * deep * memory.bits / bits + _MUX * beside
            if own < best:
                best, where = own, Blocks(units=units * number, cells=0 if units else number, deep=deep)
        return where

    def product(self, product: Multiplier) -> Blocks:
        """Return the multipliers of the device that a product takes; 0 units where LUTs make it (mul2dsp)."""
        units, deep = self._product(product.a, product.b, product.product, self.multipliers, product.unsigned)
        return Blocks(units=units, deep=deep)

    def _product(self, a: int, b: int, bits: int, rules: Sequence[_Rule], unsigned: bool) -> tuple[float, int]:
        """Return the units and how many multipliers that are; what a rule splits off too narrow goes to the next, or to LUTs."""
        for number, (most_a, most_b, least_a, least_b, least_product, units, signed) in enumerate(rules):
            extra = int(signed and unsigned)
            if b < least_b or a < least_a or bits < least_product:
                continue
            parts = [(own, other) for own in _slices(a + extra, most_a, signed) for other in _slices(b + extra, most_b, signed)]
            if len(parts) == 1:
                return units, 1
            found = [self._product(max(part), min(part), min(bits, sum(part)), rules[number:], False) for part in parts]
            return sum(unit for unit, _ in found), sum(deep for _, deep in found)
        return 0, 1


def _slices(bits: int, most: int, headroom: bool) -> list[int]:
    """Return the widths of the parts into which a factor is split: the widest that fit, and what is left."""
    if bits <= most:
        return [bits]
    number = -(-(bits - most) // (most - headroom))
    return [most] * number + [bits - number * (most - headroom)]


def fabric_of(target: Target) -> Fabric:
    """Return what a target file says under ``[estimate]``. Errors: ``UserError`` for a target whose file does not say it."""
    try:
        return msgspec.convert(dict(target.estimate), Fabric)
    except msgspec.ValidationError as error:
        raise UserError(f"target {target.name}: [estimate] is not usable ({error}); see docs/estimate.md for its form") from error

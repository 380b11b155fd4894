"""Symbolic bits on which the model's random register steps unchanged."""

from dataclasses import dataclass

__all__ = ["Bits", "slice_of"]


@dataclass(frozen=True)
class Bits:
    """A number >= 0 as one-bit SMT expressions, lowest first, with zeros above them; it knows ``<< >> & | ^``."""

    bits: tuple[str, ...]

    def __lshift__(self, by: int) -> "Bits":
        return Bits(("#b0",) * by + self.bits)

    def __rshift__(self, by: int) -> "Bits":
        return Bits(self.bits[by:])

    def __and__(self, mask: int) -> "Bits":
        return Bits(tuple(bit if mask >> k & 1 else "#b0" for k, bit in enumerate(self.bits)))

    def __or__(self, other: "Bits") -> "Bits":
        return self._bitwise("bvor", other)

    def __xor__(self, other: "Bits") -> "Bits":
        return self._bitwise("bvxor", other)

    def _bitwise(self, operation: str, other: "Bits") -> "Bits":
        count = max(len(self.bits), len(other.bits))
        pairs = zip(self._filled(count), other._filled(count), strict=True)
        return Bits(tuple(f"({operation} {a} {b})" for a, b in pairs))

    def _filled(self, count: int) -> tuple[str, ...]:
        return self.bits + ("#b0",) * (count - len(self.bits))

    def text(self, count: int) -> str:
        """Return the lowest ``count`` bits as a bit vector, which are all that may be set."""
        if any(bit != "#b0" for bit in self.bits[count:]):
            raise ValueError(f"a number of {len(self.bits)} bits does not fit {count}")
        result, *rest = self._filled(count)[:count]
        for bit in rest:
            result = f"(concat {bit} {result})"
        return result


def slice_of(text: str, low: int, bits: int) -> str:
    """Return ``bits`` bits of an expression from bit ``low``."""
    return f"((_ extract {low + bits - 1} {low}) {text})"

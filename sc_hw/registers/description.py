"""What a register is: an address, who may do what with it, and its fields with their meanings."""

from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["WORD", "BitField", "Register", "RegisterMap"]

WORD = 32  # bits of a register


@dataclass(frozen=True, kw_only=True)
class BitField:
    """Bits ``low`` to ``low + bits - 1`` of a register; ``reset`` is what they hold after a reset, None where not known."""

    name: str
    low: int = 0
    bits: int = 1
    signed: bool = False
    reset: int | None = 0
    meaning: str

    @property
    def high(self) -> int:
        """The highest bit."""
        return self.low + self.bits - 1

    @property
    def mask(self) -> int:
        """Its bits in the register."""
        return ((1 << self.bits) - 1) << self.low


@dataclass(frozen=True, kw_only=True)
class Register:
    """A word at byte ``address``, or ``count`` of them behind each other.

    ``access`` is ``ro`` (read), ``rw``, ``wo`` (written only) or ``w1c`` (read; a 1 that is written clears the bit). What is not
    allowed is answered with a bus error. ``stream`` names the stream whose beats it is of; with ``moves`` a write sends one, or a
    read takes one.
    """

    name: str
    address: int
    access: str
    meaning: str
    fields: tuple[BitField, ...]
    count: int = 1
    stream: str = ""
    moves: bool = False

    def __post_init__(self) -> None:
        taken = 0
        for f in self.fields:
            if f.low < 0 or f.high >= WORD or taken & f.mask:
                raise ValueError(f"{self.name}.{f.name}: bits {f.high}..{f.low} are taken or outside")
            taken |= f.mask

    @property
    def readable(self) -> bool:
        """Whether a read is answered with data."""
        return self.access != "wo"

    @property
    def writable(self) -> bool:
        """Whether a write is taken."""
        return self.access != "ro"

    @property
    def reset(self) -> int:
        """The whole word after a reset, unknown fields as 0."""
        return sum((f.reset or 0) << f.low for f in self.fields)

    @property
    def end(self) -> int:
        """The byte behind it."""
        return self.address + 4 * self.count


@dataclass(frozen=True, kw_only=True)
class RegisterMap:
    """All registers of a design, by rising address; ``version`` is that of the ABI, ``size`` the bytes of the window."""

    name: str
    title: str
    version: int
    size: int
    registers: tuple[Register, ...] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        end = 0
        for register in self.registers:
            if register.address < end or register.address % 4 or register.end > self.size:
                raise ValueError(f"{register.name}: 0x{register.address:x} is taken or outside")
            end = register.end
        names = [register.name for register in self.registers]
        if len({*names}) != len(names):
            raise ValueError(f"two registers of one name: {', '.join(names)}")

    def __iter__(self) -> Iterator[Register]:
        return iter(self.registers)

    def __getitem__(self, name: str) -> Register:
        """Return a register by its name. Errors: ``KeyError``."""
        for register in self.registers:
            if register.name == name:
                return register
        raise KeyError(name)

    def __contains__(self, name: str) -> bool:
        return any(register.name == name for register in self.registers)

    @property
    def address_bits(self) -> int:
        """Bits of a byte address in the window."""
        return (self.size - 1).bit_length()

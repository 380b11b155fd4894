"""Numbers of a core as sized literals of Verilog, so that templates hold no arithmetic."""

from typing import Protocol

from sc_hw_models.rule import RuleSpec

__all__ = ["Literals"]


class _Core(Protocol):
    """What literals are made of."""

    @property
    def spec(self) -> RuleSpec: ...

    @property
    def words(self) -> int: ...

    @property
    def address_bits(self) -> int: ...

    @property
    def lane_bits(self) -> int: ...

    @property
    def row_words(self) -> int: ...

    def seed(self, lane: int) -> int: ...

    def reset_value(self) -> int: ...


class Literals:
    """Literals of a core."""

    def lane_literal(self: _Core, lane: int) -> str:
        """Return the number of a lane as a sized literal."""
        return f"{self.lane_bits}'d{lane}"

    def seed_literal(self: _Core, lane: int) -> str:
        """Return the seed as a sized literal."""
        return f"{self.spec.lfsr.bits if self.spec.lfsr else 0}'h{self.seed(lane):x}"

    @property
    def reset_word(self: _Core) -> str:
        """The reset word as a sized literal."""
        return f"{self.spec.state_bits}'h{self.reset_value():x}"

    @property
    def last_address(self: _Core) -> str:
        """The last address as a sized literal."""
        return f"{self.address_bits}'d{self.words - 1}"

    @property
    def last_row(self: _Core) -> str:
        """The address of the last row's first word as a sized literal."""
        return f"{self.address_bits}'d{self.words - self.row_words}"

    @property
    def row_step(self: _Core) -> str:
        """The words of a row in the width of an address, in which a single row is none."""
        return f"{self.address_bits}'d{self.row_words % (1 << self.address_bits)}"

    @property
    def zero(self: _Core) -> str:
        """The first address as a sized literal."""
        return f"{self.address_bits}'d0"

    @property
    def one(self: _Core) -> str:
        """The number one in the width of an address."""
        return f"{self.address_bits}'d1"

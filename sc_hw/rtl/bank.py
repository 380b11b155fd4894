"""State that a host reads and writes: units of some fields, and the streams that lead to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sc_hw_models.rule import Field, RuleSpec

__all__ = ["Bank", "bank_of"]


@dataclass(frozen=True, kw_only=True)
class Bank:
    """``units`` with ``fields`` each, unit ``i`` in lane ``i % lanes`` at address ``i // lanes``.

    ``lows`` are the lowest bits of the fields in a state word of ``bits``. ``owner`` begins the names of the streams of the
    host's accesses and of what they read; ``chosen`` are the items of an access that lead here, where banks share their streams.
    """

    units: int
    lanes: int
    fields: tuple[Field, ...]
    lows: Mapping[str, int]
    bits: int
    owner: str = ""
    chosen: Mapping[str, int] = field(default_factory=dict)


def bank_of(spec: RuleSpec, units: int, lanes: int, *, owner: str = "", chosen: Mapping[str, int] | None = None) -> Bank:
    """Return the bank of units with the state of a rule."""
    return Bank(
        units=units,
        lanes=lanes,
        fields=spec.state,
        lows=spec.positions(),
        bits=spec.state_bits,
        owner=owner,
        chosen=chosen or {},
    )

"""State that a host reads and writes: units of some fields, and the streams that lead to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sc_hw_models.rule import Field

__all__ = ["Bank"]


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

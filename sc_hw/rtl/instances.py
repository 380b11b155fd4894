"""What an emitted module is made of: the instances by place, each with its module and parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sc_hw_models.rule import index_bits

__all__ = ["Instance", "below", "memory_instance"]


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A module somewhere in a design, whose place is its path below the top; ``parameters`` are those it is given."""

    module: str
    parameters: Mapping[str, int] = field(default_factory=dict)


def memory_instance(module: str, bits: int, words: int, column_bits: int) -> Instance:
    """Return a memory of ``words`` words of ``bits`` bits, kept in columns of ``column_bits``."""
    parameters = {"WORD_BITS": bits, "WORDS": words, "ADDRESS_BITS": index_bits(words), "COLUMN_BITS": column_bits}
    return Instance(module=module, parameters=parameters)


def below(place: str, inside: Mapping[str, Instance]) -> dict[str, Instance]:
    """Return the instances ``inside`` a module that stands at ``place``."""
    return {f"{place}.{name}": instance for name, instance in inside.items()}

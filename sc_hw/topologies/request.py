"""What a user asks for: a rule, its configuration, and the options that say of which topology the design is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sc_hw_models.registry import get_rule
from sc_hw_models.rule import Rule

__all__ = ["Request"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """``options`` are those of ``sc-hw emit`` by name, absent or ``None`` where not given; ``rule_of`` finds a rule by its name.

    ``synapses`` is their number where it does not follow from ``options``.
    """

    name: str
    rule: Rule
    config: Any
    lanes: int
    synapses: int
    options: Mapping[str, Any]
    rule_of: Callable[[str], Rule] = get_rule

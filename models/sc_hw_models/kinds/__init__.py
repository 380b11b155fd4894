"""One file a kind of consolidation, its name in the registry: settings, state, noise, latency and arithmetic of what protects.

The Amaranth of a kind is in ``sc_hw/rtl/kinds``, its Verilog in ``rtl_templates/kinds``, each in a file of the same name.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..kind import Kind

__all__ = ["FIRST_CHOICE", "KINDS", "coded_kinds", "get_kind"]

KINDS = ("none", "shift", "probabilistic", "pull", "lock", "si")
FIRST_CHOICE = "shift"  # of those who want codes and name no kind


def get_kind(name: str) -> "Kind":
    """Return the kind called ``name``, one of ``KINDS``."""
    kind: Kind = import_module(f"{__name__}.{KINDS[KINDS.index(name)]}").KIND
    return kind


def coded_kinds() -> tuple[str, ...]:
    """Return the names of the kinds that keep a code."""
    return tuple(name for name in KINDS if get_kind(name).coded)

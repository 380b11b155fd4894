"""The change is applied as the rule proposes it."""

from ..kind import Kind

__all__ = ["KIND"]

KIND = Kind(clocks=2)

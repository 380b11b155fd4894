"""The change as the rule proposes it."""

from ..kind import StageKind

__all__ = ["KIND"]

KIND = StageKind()

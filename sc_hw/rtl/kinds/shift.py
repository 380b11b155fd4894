"""A code scales the change down; the largest code locks the weight."""

from ..kind import ScalingStage

__all__ = ["KIND"]

KIND = ScalingStage()

"""A code c scales the change by a further 2^-c; the largest code locks the weight."""

from ..kind import Scaling

__all__ = ["KIND"]

KIND = Scaling(clocks=3, coded=True)

"""What a driver needs of whatever leads to the registers."""

from typing import Protocol

from ..errors import CheckError

__all__ = ["BusError", "Transport"]


class BusError(CheckError):
    """An access was answered with a bus error: nothing changed."""


class Transport(Protocol):
    """Reads and writes words of 32 bits at byte addresses of the window. Errors: ``BusError``."""

    def read(self, address: int) -> int:
        """Return a word."""

    def write(self, address: int, value: int) -> None:
        """Write a word."""

    def close(self) -> None:
        """Let go of what it holds."""

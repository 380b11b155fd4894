"""Drivers of an emitted design behind a bus: one class, several ways to reach its registers."""

from .driver import Driver
from .transport import BusError, Transport

__all__ = ["BusError", "Driver", "Transport"]

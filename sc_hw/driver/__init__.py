"""Drivers of an emitted design behind a bus: of timesteps and of samples, with several ways to reach its registers."""

from .driver import Driver
from .network import NetworkDriver
from .opened import open_driver
from .transport import BusError, Transport

__all__ = ["BusError", "Driver", "NetworkDriver", "Transport", "open_driver"]

"""A design behind a bus as a package of another tool: the kinds that there are, a line each."""

from .description import Package
from .fusesoc import FUSESOC
from .ip_xact import IP_XACT
from .litex import LITEX
from .vivado import VIVADO

__all__ = ["PACKAGES"]

PACKAGES: dict[str, Package] = {package.name: package for package in (FUSESOC, LITEX, IP_XACT, VIVADO)}

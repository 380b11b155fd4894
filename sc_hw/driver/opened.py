"""The driver of an emitted folder, by what the folder is of."""

from ..bus.folder import load_bus
from ..manifest import Core
from ..network_folder import EmittedNetwork
from .driver import Driver
from .network import NetworkDriver
from .serial import SerialLine
from .simulation import Simulation
from .transport import Transport

__all__ = ["VIRTUAL", "open_driver"]

VIRTUAL = "virtual"


def open_driver(core: Core | EmittedNetwork, transport: Transport | str = VIRTUAL) -> Driver | NetworkDriver:
    """Return the driver of a folder that was emitted with ``--bus``.

    ``transport`` is ``virtual`` for the Verilog in Verilator, a serial port by its name, or a transport. Errors: ``UserError``
    for a folder without a bus, a port that cannot be opened, and another design at its end; ``CheckError`` for a simulation
    that cannot be built.
    """
    around = load_bus(core)
    if isinstance(transport, str):
        transport = Simulation(core, around) if transport == VIRTUAL else SerialLine(transport)
    try:
        return NetworkDriver(core, transport) if isinstance(core, EmittedNetwork) else Driver(core, transport)
    except BaseException:
        transport.close()
        raise

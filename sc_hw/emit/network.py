"""The verb ``emit`` for a network: the chip that its file describes, checked whole, then written."""

from collections.abc import Callable
from pathlib import Path

from ..bus.folder import bus_files, bus_line, chosen_bus
from ..emitted import listed_files
from ..errors import UserError, shown
from ..folder import check_apart, check_output, write_folder
from ..network_file import network_line, network_of
from ..network_folder import network_design, network_folder
from ..options import design_option_names
from ..rtl.generators import GENERATORS

__all__ = ["emit_network"]


def emit_network(
    network: Path,
    output: Path,
    *,
    name: str,
    generator: str,
    force: bool,
    bus: str,
    bus_streams: str,
    given: Callable[[str], bool],
) -> str:
    """Write the folder of a network and return a line about it; with a ``bus`` other than none what stands around it, too.

    Errors: ``UserError`` for an option that describes a core, for what the file holds, for a network of which there is no
    hardware yet, and as ``emit``.
    """
    for value, option in design_option_names().items():
        if given(value):
            raise UserError(f"{option}: is of a core; {network} says all of a network; leave out one of the two")
    chosen = chosen_bus(bus, bus_streams, given)
    if generator not in GENERATORS:
        raise UserError(f"--generator {generator!r}: unknown; allowed are {', '.join(GENERATORS)}")
    spec = network_of(network, option="--network")
    try:
        design = network_design(spec, name)
    except UserError as error:
        raise UserError(f"--network {network}: {error}" if str(error).startswith("[") else str(error)) from error
    check_apart(output)
    output = check_output(output, listed_files, force=force, verb="emitted")
    files = network_folder(design, generator)
    around = bus_files(design, files, chosen, bus_streams) if chosen else {}
    write_folder(output, {**files, **around})
    return f"{shown(output)}: {network_line(spec)}; {len(design.blocks)} blocks, {generator}{bus_line(chosen)}"

"""A network's file: read, checked whole, and told in a line."""

from pathlib import Path

from sc_hw_models.networks import NetworkSpec, read_network
from sc_hw_models.rule import ConfigError

from .errors import UserError, one_line
from .reading import read_toml

__all__ = ["network_line", "network_of"]


def network_of(path: Path, *, option: str) -> NetworkSpec:
    """Return the network that a TOML file describes. Errors: ``UserError``, one line with the table of the file."""
    table = read_toml(path, option=option)
    try:
        return read_network(table)
    except ConfigError as error:
        raise UserError(f"{option} {path}: ".lstrip() + one_line(error, 600)) from error


def network_line(spec: NetworkSpec) -> str:
    """Return a network in a line: its populations in order, its form, and the bits of weights it learns."""
    sizes = "-".join(str(population.size) for population in spec.order)
    bits = sum(spec.rule_bits(projection) for projection in spec.forward)
    return f"network {sizes}, {'counting' if spec.counting else 'stepping'} form, {bits:,} bits of synapses"

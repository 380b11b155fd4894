"""A network's file: read, checked whole, and told in a line."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from sc_hw_models.networks import NetworkSpec, read_network
from sc_hw_models.networks.neurons import NEURONS
from sc_hw_models.networks.synapses import SYNAPSES
from sc_hw_models.rule import ConfigError

from .errors import UserError, one_line
from .folder import npz_bytes
from .reading import read_npz, read_toml

__all__ = ["WEIGHTS", "network_line", "network_of", "network_toml", "weights_bytes"]

WEIGHTS = "weights.npz"  # beside the file that names it


def network_of(path: Path, *, option: str, settings: Sequence[str] = ()) -> NetworkSpec:
    """Return the network that a TOML file describes, changed by settings ``TABLE.NAME.KEY=VALUE``; ``KEY=`` takes a key out.

    Errors: ``UserError``, one line with the table of the file.
    """
    table = read_toml(path, option=option)
    for setting in settings:
        _change(table, setting)
    try:
        return read_network(table, _weights(path, table))
    except ConfigError as error:
        raise UserError(f"{option} {path}: ".lstrip() + one_line(error, 600)) from error


def _weights(path: Path, table: dict[str, Any]) -> dict[str, np.ndarray] | None:
    """Return the arrays of the file beside ``path`` that the table names, ``None`` where it names none."""
    network = table.get("network")
    name = network.get("weights") if isinstance(network, dict) else None
    if name is None:
        return None
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", name):
        raise ConfigError(f"[network] weights={name!r}: allowed is the name of an .npz file beside this one")
    return read_npz(path.parent / name, option="[network] weights:", what="give one array of integers for each projection")


def weights_bytes(spec: NetworkSpec) -> bytes:
    """Return the ``.npz`` file of the weights that a network is given; what ``WEIGHTS`` holds."""
    return npz_bytes({name: np.ascontiguousarray(weights, dtype=np.int16) for name, weights in spec.weights.items()})


def network_line(spec: NetworkSpec) -> str:
    """Return a network in a line: its populations in order, its form, and the bits of weights it learns."""
    sizes = "-".join(str(population.size) for population in spec.order)
    bits = sum(spec.rule_bits(projection) for projection in spec.forward)
    return f"network {sizes}, {'counting' if spec.counting else 'stepping'} form, {bits:,} bits of synapses"


def network_toml(spec: NetworkSpec) -> str:
    """Return the file of a network with every setting in it; read again it is the same network."""
    lines = [
        "# A network that learns in the chip, as it was read: every setting, defaults too.",
        "[network]",
        f"seed = {spec.seed}",
        *([f'weights = "{WEIGHTS}"'] if spec.weights else []),
    ]
    for population in spec.populations.values():
        neuron = population.neuron
        rule = next(name for name, kind in NEURONS.items() if type(neuron) is kind)
        lines += ["", population.place, *_settings({"size": population.size, "rule": rule} | asdict(neuron))]
    for projection in spec.projections.values():
        synapses = projection.synapses
        rule = next((name for name, kind in SYNAPSES.items() if type(synapses) is kind), "static")
        target = f"{projection.target}.signal" if projection.is_feedback else projection.target
        table = {"from": projection.source, "to": target, "rule": rule, "delay": projection.delay} | asdict(synapses)
        lines += ["", projection.place, *_settings(table)]
    return "\n".join([*lines, "", "[sample]", *_settings(asdict(spec.sample)), ""])


def _settings(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"' for key, value in table.items()]


def _change(table: dict[str, Any], setting: str) -> None:
    path, equals, text = setting.partition("=")
    names = path.split(".")
    if not equals or not all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names):
        raise UserError(f"--set {setting!r}: not a setting; write table.name.key=value, such as population.input.jitter=1")
    for number, name in enumerate(names[:-1], 1):
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise UserError(f"--set {setting!r}: {'.'.join(names[:number])} is no table; name a key of one")
    if text:
        table[names[-1]] = int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else text
    else:
        table.pop(names[-1], None)

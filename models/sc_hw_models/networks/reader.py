"""A network from the tables of a file: every name and key known, every value checked; a fault is one line with its table."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from ..rule import ConfigError, RuleConfig, check_integer
from .neurons import NEURONS
from .spec import NetworkSpec, PopulationSpec, ProjectionSpec, Sample
from .synapses import SYNAPSES, Feedback, Static, Symmetric

__all__ = ["read_network"]


def read_network(tables: Mapping[str, Any], weights: Mapping[str, np.ndarray] | None = None) -> NetworkSpec:
    """Return the network that the tables of a TOML file describe: ``network``, ``population.*``, ``projection.*``, ``sample``.

    ``weights`` are the arrays of the file that ``weights`` of ``[network]`` names.

    Errors: ``ConfigError``, one line that begins with the table.
    """
    _known("the file", tables, ("network", "population", "projection", "sample"))
    network, sample = (_table(f"[{name}]", tables.get(name, {})) for name in ("network", "sample"))
    _known("[network]", network, ("seed", "weights"))
    if (network.pop("weights", None) is None) != (weights is None):
        raise ConfigError("[network] weights: names a file of arrays, which must be given with the tables, and only then")
    populations, projections = (_table(f"[{name}]", tables.get(name, {})) for name in ("population", "projection"))
    return NetworkSpec(
        populations={name: _population(name, _table(f"[population.{name}]", table)) for name, table in populations.items()},
        projections={name: _projection(name, _table(f"[projection.{name}]", table)) for name, table in projections.items()},
        sample=_made("[sample]", Sample, sample),
        weights=weights or {},
        **network,
    )


def _population(name: str, table: dict[str, Any]) -> PopulationSpec:
    place = f"[population.{name}]"
    rule, size = _taken(place, table, "rule"), _taken(place, table, "size")
    if not isinstance(rule, str) or rule not in NEURONS:
        raise ConfigError(f"{place} rule={rule!r}: unknown; allowed are {', '.join(NEURONS)}")
    try:
        size = check_integer("size", size, 1, 65536)
    except ConfigError as error:
        raise ConfigError(f"{place} {error}") from error
    return PopulationSpec(name=name, size=size, neuron=_made(place, NEURONS[rule], table))


def _projection(name: str, table: dict[str, Any]) -> ProjectionSpec:
    place = f"[projection.{name}]"
    rule, source, target = (_taken(place, table, key) for key in ("rule", "from", "to"))
    delay = table.pop("delay", 0)
    if not isinstance(rule, str) or rule not in SYNAPSES:
        raise ConfigError(f"{place} rule={rule!r}: unknown; allowed are {', '.join(SYNAPSES)}")
    for key, value in (("from", source), ("to", target)):
        if not isinstance(value, str):
            raise ConfigError(f"{place} {key}={value!r}: allowed is the name of a population")
    try:
        delay = check_integer("delay", delay, 0, 1)
    except ConfigError as error:
        raise ConfigError(f"{place} {error}") from error
    kind: type[RuleConfig] = SYNAPSES[rule]
    way_back = "." in source or "." in target
    if kind is Static and way_back:
        kind = Feedback
    if kind is Symmetric and not way_back:
        raise ConfigError(
            f'{place} rule=\'symmetric\': is of an error\'s way back; write from = "{source}.error", to = "{target}.signal"'
        )
    if way_back and not issubclass(kind, Feedback):
        raise ConfigError(
            f"{place} rule={rule!r}: an error comes back by a rule that does not learn; allowed are static, symmetric"
        )
    synapses: Any = _made(place, kind, table)
    if way_back:
        target = target.removesuffix(".signal")
    return ProjectionSpec(name=name, source=source, target=target, synapses=synapses, delay=delay)


def _table(place: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{place}: {value!r} given; allowed is a table")
    return dict(value)


def _taken(place: str, table: dict[str, Any], key: str) -> Any:
    if key not in table:
        raise ConfigError(f"{place} {key}: is missing; give it")
    return table.pop(key)


def _known(place: str, table: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    for key in table:
        if key not in keys:
            raise ConfigError(f"{place} {key!r}: unknown; allowed are {', '.join(keys)}")


def _made(place: str, kind: type[Any], table: Mapping[str, Any]) -> Any:
    """Return a frozen configuration of a table. Errors: ``ConfigError`` with the place."""
    _known(place, table, tuple(f.name for f in fields(kind)))
    try:
        return kind(**table)
    except ConfigError as error:
        raise ConfigError(f"{place} {error}") from error

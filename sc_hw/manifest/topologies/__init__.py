"""What the manifest of each topology says beside what all say: its shape, its entries, and the design that follows from them."""

from types import ModuleType

from . import core, crossbar, layer

__all__ = ["OLD_SCHEMAS", "TOPOLOGIES", "by_schema"]

TOPOLOGIES: dict[str, ModuleType] = {"core": core, "layer": layer, "crossbar": crossbar}
"""By ``kind`` of the design."""

OLD_SCHEMAS = tuple(schema for room in TOPOLOGIES.values() for schema in room.OLD_SCHEMAS)


def by_schema() -> dict[str, ModuleType]:
    """Return the topologies by the schema of their manifests."""
    return {room.SCHEMA: room for room in TOPOLOGIES.values()}

"""What ``sc-hw derive`` wrote, read back: a layer's settings and the values that its core starts from."""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta, Struct

from sc_hw_models.registry import get_rule
from sc_hw_models.rule import Rule

from ..axes import axes_of, in_order
from ..errors import UserError, one_line
from ..initial import read_initial
from ..reading import read_toml
from ..strict import checked, read_json

__all__ = ["NAME", "RECORD", "SCHEMA", "Derived", "listed", "read_derived"]

SCHEMA = "sc-hw/derived/1"
RECORD = "derived.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}")  # of a layer, which becomes that of a folder


class _Layer(Struct):
    layer: Annotated[str, Meta(pattern=rf"^{NAME.pattern}\Z")]
    shape: Annotated[list[Annotated[int, Meta(ge=1, le=1 << 31)]], Meta(min_length=1, max_length=8)]
    axes: list[str] | None = None


class _Record(Struct):
    rule: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*\Z")]
    layers: Annotated[list[_Layer], Meta(min_length=1)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Derived:
    """What a core of one layer starts from: its rule, a table of settings, and arrays ``(synapses,)`` by state field."""

    rule: Rule
    table: dict[str, Any]
    initial: dict[str, np.ndarray]
    layer: str
    shape: tuple[int, ...]
    axes: tuple[str, ...] | None  # of the shape, if they were named

    def ordered(self, order: Sequence[str], sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
        """Return the arrays by ``order`` of their axes, with so many neurons on their sides. Errors: ``UserError``."""
        axes = axes_of(f"layer {self.layer} of --from", self.shape, self.axes, sizes)
        return in_order(self.initial, self.shape, axes, order)

    @property
    def synapses(self) -> int:
        """Synapses of the layer."""
        return len(next(iter(self.initial.values())))


def _record(folder: Path) -> dict[str, Any]:
    path = folder / RECORD
    record = read_json(path, remedy="give a folder that sc-hw derive wrote", option="--from")
    schema = record.get("schema") if isinstance(record, dict) else None
    if schema != SCHEMA:
        raise UserError(f"{path}: schema {one_line(json.dumps(schema))}; this sc-hw reads {SCHEMA!r}; derive again")
    checked(record, _Record, path, "a record", remedy="derive again")
    return dict(record)


def listed(folder: Path) -> list[str]:
    """Return the files of a derived folder. Errors: ``UserError`` when it is none."""
    entries = _record(folder)["layers"]
    return [RECORD, *(f"{entry['layer']}/{name}" for entry in entries for name in ("config.toml", "initial.npz"))]


def read_derived(folder: Path, layer: str | None) -> Derived:
    """Return one layer of a folder that ``sc-hw derive`` wrote; ``UserError`` when there is none such."""
    record = _record(folder)
    entries = {entry["layer"]: entry for entry in record["layers"]}
    names = list(entries)
    rule = get_rule(record["rule"])
    if layer is None and len(names) > 1:
        raise UserError(f"--from {folder}: has layers {', '.join(names)}; choose one with --layer")
    if layer is not None and layer not in names:
        raise UserError(f"--layer {layer!r}: not in {folder}; allowed are {', '.join(names)}")
    entry = entries[layer or names[0]]
    part, axes = folder / entry["layer"], entry.get("axes")
    return Derived(
        rule=rule,
        table=read_toml(part / "config.toml"),
        initial=read_initial(part / "initial.npz"),
        layer=entry["layer"],
        shape=tuple(entry["shape"]),
        axes=axes and tuple(axes),
    )

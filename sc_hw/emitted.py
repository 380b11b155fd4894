"""Which files of a folder of emitted IP are ours: those its manifest lists, and what our verbs leave in ``results``."""

import re
from collections.abc import Iterator
from pathlib import Path

from .errors import UserError
from .manifest import MANIFEST
from .manifest.strays import recorded_files
from .manifest.topologies import TOPOLOGIES
from .strict import read_json

__all__ = ["is_result", "listed_files"]

_SCHEMAS = {"sc-hw/network", *(room.SCHEMA.rpartition("/")[0] for room in TOPOLOGIES.values())}  # of any version
_RESULT = re.compile(
    r"(blocks/\w+/)?((accuracy|counterexample|coverage|mutate|pnr|prove|replay|report|selftest|sim|synth|waveform)\.json|report\.html"
    r"|(sim|selftest|mutate|replay|prove/campaign)/(sim\.log|replay\.log|outcome\.json|plan\.json|run\.json|results\.xml"
    r"|waves\.vcd|final_state\.npz|coverage\.dat|stimulus\.npz)"
    r"|pnr/\w[\w-]*\.(bin|bit|fs)|prove/(\w+\.vcd|counterexample\.json)"
    r"|\.run-\w+/.+)"  # of a run that was killed
)


def listed_files(folder: Path) -> Iterator[str]:
    """Yield the files of a core, layer or crossbar, relative to its folder. Errors: ``UserError`` when it is none of ours."""
    what = "sc-hw emit writes one"
    manifest = read_json(folder / MANIFEST, remedy=what)
    try:
        if manifest["schema"].rpartition("/")[0] not in _SCHEMAS:
            raise ValueError(f"schema {manifest['schema']!r}")
        names, parts = [MANIFEST, *manifest["sha256"]], list(manifest.get("parts") or ())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{folder / MANIFEST}: not a manifest of sc-hw ({error}); {what}") from error
    yield from names
    results = folder / "results"
    if results.is_dir() and not results.is_symlink():
        found = (path.relative_to(results).as_posix() for path in results.rglob("*"))
        yield from (f"results/{name}" for name in found if is_result(name))
    yield from _bus(folder / "bus")
    for part in parts:
        if re.fullmatch(r"[a-z_]+", part) and not (folder / part).is_symlink():
            yield from (f"{part}/{name}" for name in listed_files(folder / part))


def is_result(name: str) -> bool:
    """Return whether a file in ``results`` is one that our verbs leave."""
    return bool(_RESULT.fullmatch(name))


def _bus(folder: Path) -> Iterator[str]:
    """Yield the files of a folder ``bus``, if its record is ours."""
    if folder.is_symlink() or not (folder / "bus.json").is_file():
        return
    record = read_json(folder / "bus.json", remedy="sc-hw emit --bus writes one")
    if (listed := recorded_files(record, "bus")) is not None:
        yield from (f"{folder.name}/{name}" for name in ("bus.json", *listed))

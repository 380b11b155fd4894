"""Reading a folder of emitted IP: nothing that it says is believed before it has been worked out again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sc_hw_models.rule import ConfigError

from ..elaboration import check_elaborated
from ..errors import LackingError, UserError, one_line
from ..initial import emitted_initial, initial_bytes, initial_csv
from ..rtl.design import CoreDesign
from ..rtl.template import TEMPLATE
from ..strict import checked, read_file, read_json
from .describe import INITIAL, described, difference, emitted_digests, manifest_text, own_texts, sha256
from .emitted import MANIFEST, Emitted, altered, check_folder, read_verilog, whole_digest
from .topologies import OLD_SCHEMAS, TOPOLOGIES, by_schema

__all__ = ["MANIFEST", "Core", "load_core"]

_AGAIN = "emit the core again"
_MANIFEST_BYTES = 1 << 20
_VERILOG_BYTES = 1 << 26  # of a file without initial contents; the largest emitted one has less than a tenth


@dataclass(frozen=True, kw_only=True)
class Core(Emitted[CoreDesign]):
    """An emitted core, layer or crossbar; the last two have their cores as ``parts``, the neurons first."""

    parts: "tuple[Core, ...]" = ()

    def check_single(self, what: str) -> None:
        """Raise ``UserError`` when this has several cores, because ``what`` is of one of them."""
        if self.parts:
            folders = " or ".join(str(part.folder) for part in self.parts)
            raise UserError(f"{self.folder}: a {self.design.kind}; {what} is of one core: give {folders}")


def load_core(folder: Path, *, system_tasks: bool = False) -> Core:
    """Read a folder of emitted IP.

    The manifest must have its schema, and every entry of it that follows from rule, configuration and sizes must be what
    follows; so must each part's from the whole's. Verilog that differs from its digest, or from what is emitted here, is in
    ``edited``, not refused: an edited core is just what parity is for. It must have the ports of its manifest and keep to what
    ``check_verilog`` and, all files together, ``check_elaborated`` allow; ``system_tasks`` allows more, for simulation. Any other
    file but the template must be as it was emitted, and there may be no Verilog that is not listed.
    Errors: ``UserError`` that names the file and the first entry for which this is not so.
    """
    manifest, inside = _read(folder), {}
    initial: dict[str, dict[str, np.ndarray]] = {}  # by place; that of a crossbar's neurons follows from the synapses'
    try:
        bare = _design(folder, manifest, {})
        _check(folder, manifest, bare, names=False)
        places = manifest.get("parts", {})
        if places.keys() != bare.parts.keys():
            raise UserError(f"{folder / MANIFEST}: parts are {', '.join(places)}, not {', '.join(bare.parts)}; {_AGAIN}")
        for place, (_, part) in bare.parts.items():
            inside[place] = _read(folder / place, TOPOLOGIES[part.kind].SCHEMA)
            _check_part(folder, place, inside[place], part, manifest, names=False)
            initial[place] = _initial(folder / place, inside[place], part)
        if not places:
            initial[""] = _initial(folder, manifest, bare)
        design = _design(folder, manifest, initial)
    except (ConfigError, TypeError, ValueError, OverflowError) as error:
        raise UserError(f"{folder / MANIFEST}: {one_line(error)}; {_AGAIN}") from error
    try:
        emitted_digests(design, manifest["generator"])  # those of its parts are known then, too
    except UserError as error:
        raise UserError(f"{folder / MANIFEST}: {one_line(error)}; {_AGAIN}") from error
    for place, (_, part) in design.parts.items():
        _check_part(folder, place, inside[place], part, manifest, names=True)
    parts = tuple(_core(folder / place, inside[place], part, (), system_tasks) for place, (_, part) in design.parts.items())
    _check(folder, manifest, design, names=True)
    core = _core(folder, manifest, design, parts, system_tasks)
    ports = {c.design.name: {port.name: (port.direction, port.bits) for port in c.design.ports()} for c in (core, *parts)}
    check_elaborated(core.texts_by_file, design.name, ports, ports_only=system_tasks)
    return core


def _read(folder: Path, only: str = "") -> dict[str, Any]:
    """Return a manifest that has its schema, which is ``only`` where that is given: then the folder is a part."""
    path = folder / MANIFEST
    if only and folder.is_symlink():
        raise UserError(f"{folder}: a symbolic link, not a part of this folder; {_AGAIN}")
    document = read_json(path, limit=_MANIFEST_BYTES, remedy="give a folder that sc-hw emit wrote")
    schema = document.get("schema") if isinstance(document, dict) else None
    shapes = {schema: room.Shape for schema, room in by_schema().items()}
    known = [only] if only else list(shapes)
    if isinstance(schema, str) and schema.startswith("sc-hw/network/"):
        raise UserError(
            f"{path}: a network, which this verb does not take yet; give a core, a layer or a crossbar; sc-hw sim, "
            "selftest, prove, synth, pnr and files take a network"
        )
    if schema not in known:
        age = "of an older sc-hw" if schema in OLD_SCHEMAS else "not known here"
        text = one_line(json.dumps(schema))[:80]
        raise UserError(f"{path}: schema {text} is {age}; this sc-hw reads {', '.join(known)}; {_AGAIN}")
    checked(document, shapes[schema], path, "a manifest", remedy=_AGAIN)
    return dict(document)


def _design(folder: Path, manifest: Mapping[str, Any], initial: Mapping[str, dict[str, np.ndarray]]) -> CoreDesign:
    """Return the design that the few entries describe from which all others follow; ``initial`` is state by part.

    A ``UserError`` names the file, not the option of ``emit`` alone.
    """
    try:
        return by_schema()[manifest["schema"]].built(manifest, initial)  # type: ignore[no-any-return]
    except LackingError as error:
        raise LackingError(f"{folder / MANIFEST}: {error}") from error
    except UserError as error:
        raise UserError(f"{folder / MANIFEST}: {one_line(error)}; {_AGAIN}") from error


def _check(folder: Path, manifest: Mapping[str, Any], design: CoreDesign, *, names: bool) -> None:
    """Raise ``UserError`` for the first entry that does not follow; ``names``: those of the files too, if the design is whole."""
    if text := _wrong(manifest, design, manifest["generator"], names=names):
        raise UserError(f"{folder / MANIFEST}: {one_line(text)}, which follows from its configuration; {_AGAIN}")


def _check_part(
    folder: Path, place: str, manifest: Mapping[str, Any], design: CoreDesign, whole: Mapping[str, Any], *, names: bool
) -> None:
    """Raise ``UserError`` when a part is not what the whole makes of it."""
    text = _wrong(manifest, design, whole["generator"], names=names)
    if not text and sha256(manifest_text(manifest)) != whole["parts"][place]:
        text = f"{MANIFEST} is not the one with the digest in {folder / MANIFEST}"
    if text:
        raise UserError(f"{folder / place}: a part of another emission: {one_line(text)}; emit {folder} again")


def _wrong(manifest: Mapping[str, Any], design: CoreDesign, generator: str, *, names: bool) -> str:
    """Return the first entry that does not follow from the design, and what follows; empty when all do."""
    expected = described(design, generator)
    own = {key: value for key, value in manifest.items() if key not in ("parts", "tools", "sha256")}
    if not names:  # those of memories depend on whether there is an initial state
        del expected["verilog"], own["verilog"]
        return difference(own, expected)
    if text := difference(own, expected):
        return text
    texts = own_texts(design, generator)
    listed = {*expected["verilog"], *texts}
    digests = manifest["sha256"]
    wanted = {name: sha256(texts[name]) if name in texts else digests.get(name) for name in sorted(listed)}
    return difference(digests, wanted, "sha256")


def _initial(folder: Path, manifest: Mapping[str, Any], design: CoreDesign) -> dict[str, np.ndarray]:
    """Return the initial state of a core, empty when its manifest lists none."""
    if INITIAL not in manifest["sha256"]:
        return {}
    values = emitted_initial(folder / INITIAL, design.spec, design.synapses, _AGAIN)
    if sha256(initial_csv(values)) != manifest["sha256"][INITIAL]:
        raise altered(folder / INITIAL, _AGAIN)
    return values


def _core(folder: Path, manifest: dict[str, Any], design: CoreDesign, parts: tuple[Core, ...], system_tasks: bool) -> Core:
    """Return the core of a manifest that follows from its design, with what its files are now."""
    listed = manifest["sha256"]
    contents = (64 + design.spec.state_bits // 4) * design.words if design.initial else 0
    texts = read_verilog(folder, manifest["verilog"], _VERILOG_BYTES + contents, _AGAIN, system_tasks=system_tasks)
    found = {name: sha256(text) for name, text in texts.items()}
    found[TEMPLATE] = listed[TEMPLATE]  # the user's to change: nothing is read from it
    for name in listed.keys() - found.keys():
        found[name] = sha256(read_file(folder / name, limit=initial_bytes(design.spec, design.synapses), remedy=_AGAIN))
        if found[name] != listed[name]:
            raise altered(folder / name, _AGAIN)
    check_folder(folder, texts, found, manifest.get("parts", {}), design.instances().values(), _AGAIN)
    # A digest can be written anew with the file; and nobody but the manifest says that another version wrote it so.
    emitted = emitted_digests(design, manifest["generator"])
    edited = [name for name, digest in listed.items() if found[name] != digest or (name in texts and digest != emitted[name])]
    edited += [f"{part.folder.name}/{name}" for part in parts for name in part.edited]
    whole = whole_digest(manifest, {name: found[name] for name in listed}, [part.digest for part in parts])
    return Core(folder=folder, manifest=manifest, design=design, edited=tuple(edited), digest=whole, texts=texts, parts=parts)

"""What a manifest says about a design: written at emission, worked out again whenever a folder is read."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from .. import __version__
from ..config import config_toml
from ..initial import initial_csv
from ..rtl.design import CoreDesign
from ..rtl.names import verilog_names
from ..rtl.port import Port
from ..rtl.template import TEMPLATE, template_text
from .topologies import TOPOLOGIES

__all__ = [
    "CONFIG",
    "FILE_LIST",
    "INITIAL",
    "described",
    "difference",
    "emitted_digests",
    "identity_of",
    "manifest_of",
    "manifest_text",
    "own_texts",
    "sha256",
]

FILE_LIST, CONFIG, INITIAL = "filelist.f", "config.toml", "initial_state.csv"

_digests: dict[str, dict[str, str]] = {}  # of what this process emitted, by all that it follows from
_MOST = 256


def sha256(content: str | bytes) -> str:
    """Return the digest of a file."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "direction": port.direction, "bits": port.bits, "signed": port.signed, "meaning": port.meaning}


def described(design: CoreDesign, generator: str) -> dict[str, Any]:
    """Return every entry that follows from a design and its generator: all but ``parts``, ``tools`` and ``sha256``."""
    rule = design.rule
    entries: dict[str, Any] = {
        "name": design.name,
        "top": design.name,
        "rule": rule.name,
        "generator": generator,
        "datapath": dict(rule.datapath.record) if rule.datapath else {"kind": "hand"},
        "config": dataclasses.asdict(design.config),
    }
    room = TOPOLOGIES[design.kind]
    return {
        "schema": room.SCHEMA,
        **entries,
        **room.entries(design),
        "ports": [_port(port) for port in design.ports()],
        "modules": room.modules(design),
        "verilog": verilog_names(design, generator),
    }


def own_texts(design: CoreDesign, generator: str) -> dict[str, str]:
    """Return the files of the folder itself that are no Verilog, by name, but for the manifest: they follow from the design."""
    listed = verilog_names(design, generator)
    listed += [f"{place}/{name}" for place, (_, part) in design.parts.items() for name in verilog_names(part, generator)]
    texts = {FILE_LIST: "".join(f"{name}\n" for name in listed), TEMPLATE: template_text(design.name, design.ports())}
    if not design.parts:
        texts[CONFIG] = config_toml(design.config, f"Resolved configuration of {design.name}, rule {design.rule.name}")
        if design.initial:
            texts[INITIAL] = initial_csv(design.initial)
    return texts


def manifest_of(design: CoreDesign, generator: str, files: Mapping[str, str], parts: Mapping[str, str]) -> dict[str, Any]:
    """Return the manifest of the files emitted for ``design``; it holds no date, path or host.

    ``files`` are those of its own folder, ``parts`` the text of its parts' manifests by folder.
    """
    digests = {"parts": {place: sha256(text) for place, text in parts.items()}} if parts else {}
    tools = {"sc-hw": __version__} | {name: version(name) for name in ("amaranth", "jinja2", "pyosys")}
    sha = {name: sha256(text) for name, text in sorted(files.items())}
    entries = described(design, generator)
    if len(_digests) >= _MOST:
        _digests.clear()
    _digests[identity_of(design, generator)] = sha
    return {**entries, **digests, "tools": tools, "sha256": sha}


def identity_of(design: CoreDesign, generator: str) -> str:
    """Return a digest of everything that the files of a design follow from."""
    designs = {"": design} | {place: part for place, (_, part) in design.parts.items()}
    initial = [[place, name, sha256(array.tobytes())] for place, one in designs.items() for name, array in one.initial.items()]
    return sha256(json.dumps([described(design, generator), initial], sort_keys=True))


def emitted_digests(design: CoreDesign, generator: str) -> dict[str, str]:
    """Return the digest of each file of a design's own folder as this sc-hw emits it."""
    key = identity_of(design, generator)
    if key not in _digests:
        from ..rtl.emit import core_files  # imported here: it reads folders itself, and asks manifest_of for digests

        core_files(design, generator)
    return _digests[key]


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """Return the file of a manifest."""
    return json.dumps(manifest, indent=2) + "\n"


def difference(found: Any, expected: Any, place: str = "") -> str:
    """Return where two JSON documents differ first, in the order of ``expected``, and how; empty when they are the same."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key, value in expected.items():
            name = f"{place}.{key}" if place else str(key)
            if key not in found:
                return f"{name} is missing"
            if text := difference(found[key], value, name):
                return text
        extra = next((key for key in found if key not in expected), None)
        return "" if extra is None else f"{place or 'it'} has {extra!r}, which does not belong there"
    if isinstance(found, list) and isinstance(expected, list | tuple):
        for index, value in enumerate(expected):
            if index == len(found):
                return f"{place}[{index}] is missing"
            if text := difference(found[index], value, f"{place}[{index}]"):
                return text
        return "" if len(found) == len(expected) else f"{place}[{len(expected)}] does not belong there"
    same = type(found) is type(expected) and found == expected
    return "" if same else f"{place} is {json.dumps(found)[:80]}, not {json.dumps(expected)[:80]}"

"""The manifest: everything parity, synthesis and report need to know about a folder of emitted IP."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError

from . import __version__
from .config import build_config
from .errors import UserError
from .initial import read_initial
from .reading import MOST_ARRAYS, read_bytes, read_json
from .rtl.crossbar import CrossbarDesign
from .rtl.design import CoreDesign, Port
from .rtl.layer import LayerDesign

__all__ = ["CROSSBAR_SCHEMA", "LAYER_SCHEMA", "MANIFEST", "SCHEMA", "Core", "joined_manifest", "load_core", "manifest_of"]

SCHEMA, LAYER_SCHEMA, CROSSBAR_SCHEMA = "sc-hw/manifest/1", "sc-hw/layer/1", "sc-hw/crossbar/1"
MANIFEST = "manifest.json"
INITIAL = "initial_state.csv"


@dataclass(frozen=True, kw_only=True)
class Core:
    """An emitted folder as read back from its manifest; ``digest`` is one SHA-256 over the manifest and every file as it is.

    A layer or a crossbar has its cores as ``parts``, the neurons first: cores of their own, which ``edited`` and ``digest``
    cover too.
    """

    folder: Path
    manifest: dict[str, Any]
    design: CoreDesign
    edited: tuple[str, ...]
    digest: str
    parts: tuple["Core", ...] = ()

    @property
    def sources(self) -> list[Path]:
        """The Verilog files, in the order of the file list."""
        return [self.folder / name for name in self.manifest["verilog"]] + [path for part in self.parts for path in part.sources]

    def check_single(self, what: str) -> None:
        """Raise ``UserError`` when this has several cores, because ``what`` is of one of them."""
        if self.parts:
            folders = " or ".join(str(part.folder) for part in self.parts)
            kind = "layer" if isinstance(self.design, LayerDesign) else "crossbar"
            raise UserError(f"{self.folder}: a {kind}; {what} is of one core: give {folders}")


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "direction": port.direction, "bits": port.bits, "signed": port.signed, "meaning": port.meaning}


def manifest_of(design: CoreDesign, generator: str, files: dict[str, str]) -> dict[str, Any]:
    """Return the manifest of the files emitted for ``design``; it holds no date, path or host."""
    spec, positions = design.spec, design.spec.positions()
    return {
        "schema": SCHEMA,
        "name": design.name,
        "top": design.name,
        "rule": design.rule.name,
        "generator": generator,
        "config": dataclasses.asdict(design.config),
        "synapses": design.synapses,
        "lanes": design.lanes,
        "words_per_lane": design.words,
        "row_words": design.row_words,
        "queued": design.queued,
        "latency": spec.latency,
        "pipeline_depth": design.pipeline_depth,
        "state_bits": spec.state_bits,
        "state_fields": [
            {"name": f.name, "bits": f.bits, "signed": f.signed, "reset": f.reset, "position": positions[f.name],
             "meaning": f.meaning}
            for f in spec.state
        ],
        "random_bits_per_lane": spec.lfsr.bits if spec.lfsr else 0,
        "ports": [_port(port) for port in design.ports()],
        "modules": {"core": design.name, "lane": f"{design.name}_lane", "datapath": f"{design.name}_datapath"},
        "verilog": [name for name in files if name.endswith(".v")],
        "tools": {"sc-hw": __version__, "amaranth": version("amaranth"), "jinja2": version("jinja2"),
                  "pyosys": version("pyosys")},
        "sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(files.items())},
    }  # fmt: skip


def joined_manifest(
    design: LayerDesign | CrossbarDesign, generator: str, files: dict[str, str], parts: dict[str, str]
) -> dict[str, Any]:
    """Return the manifest of a layer or a crossbar: of its own files, and the digests of its parts' manifests by folder."""
    if isinstance(design, LayerDesign):
        neurons = {"presynaptic_rule": design.presynaptic.rule.name, "presynaptic": design.presynaptic.synapses,
                   "postsynaptic": design.postsynaptic}  # fmt: skip
    else:
        neurons = {"presynaptic": design.pre.synapses, "postsynaptic": design.post.synapses, "addressed": design.addressed}
    return {
        "schema": LAYER_SCHEMA if isinstance(design, LayerDesign) else CROSSBAR_SCHEMA,
        "name": design.name,
        "top": design.name,
        "rule": design.rule.name,
        "generator": generator,
        "config": dataclasses.asdict(design.config),
        **neurons,
        "synapses": design.synapses,
        "lanes": design.lanes,
        "ports": [_port(port) for port in design.ports()],
        "modules": {"core": design.name, "fanout": design.fanout.name},
        "verilog": [name for name in files if name.endswith(".v")],
        "parts": parts,
        "tools": {"sc-hw": __version__, "amaranth": version("amaranth"), "jinja2": version("jinja2"),
                  "pyosys": version("pyosys")},
        "sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(files.items())},
    }  # fmt: skip


def load_core(folder: Path) -> Core:
    """Read a folder of emitted IP.

    Files that differ from their digest are listed in ``edited``, not refused: an edited core is just
    what parity is for. Errors: ``UserError`` when the folder or its manifest is missing or unusable.
    """
    path = folder / MANIFEST
    manifest = read_json(path, what="give a folder that sc-hw emit wrote")
    parts: tuple[Core, ...] = ()
    design: CoreDesign
    try:
        if manifest["schema"] not in (SCHEMA, LAYER_SCHEMA, CROSSBAR_SCHEMA):
            raise UserError(f"{path}: schema {manifest['schema']!r}; this sc-hw reads {SCHEMA!r}; emit the core again")
        rule = get_rule(manifest["rule"])
        described = {"name": manifest["name"], "rule": rule, "config": build_config(rule, manifest["config"]),
                     "synapses": manifest["synapses"], "lanes": manifest["lanes"]}  # fmt: skip
        if manifest["schema"] == LAYER_SCHEMA:
            neurons, synapses = parts = load_core(folder / "neurons"), load_core(folder / "synapses")
            design = LayerDesign(**described, initial=synapses.design.initial, presynaptic=neurons.design)
        elif manifest["schema"] == CROSSBAR_SCHEMA:
            parts = tuple(load_core(folder / name) for name in manifest["parts"])
            design = CrossbarDesign.made(
                manifest["name"], get_rule(manifest["rule"].partition(".")[0]), described["config"], pre=manifest["presynaptic"],
                post=manifest["postsynaptic"], lanes=manifest["lanes"], addressed=manifest["addressed"],
                initial=parts[-1].design.initial,
            )  # fmt: skip
        else:
            initial = read_initial(folder / INITIAL) if INITIAL in manifest["sha256"] else {}
            design = CoreDesign(**described, initial=initial, row_words=manifest["row_words"],
                                queued=manifest["queued"])  # fmt: skip
        if not isinstance(manifest["generator"], str) or not isinstance(manifest["tools"], dict):
            raise TypeError("generator or tools are of another kind")
        digests = dict(manifest["sha256"])
        if any(Path(name).name != name for name in (*digests, *manifest["verilog"])):
            raise UserError(f"{path}: a file name has a folder in it; emit the core again")
    except (KeyError, TypeError, AttributeError, ConfigError) as error:
        raise UserError(f"{path}: not a manifest of this version ({error}); emit the core again") from error
    found = {}
    for name in digests:
        content = read_bytes(folder / name, what="the manifest lists it; emit the core again", most=MOST_ARRAYS)
        found[name] = hashlib.sha256(content).hexdigest()
    edited = [name for name, digest in digests.items() if found[name] != digest]
    for part in parts:
        digest = hashlib.sha256((part.folder / MANIFEST).read_bytes()).hexdigest()
        replaced = [MANIFEST] if digest != manifest["parts"][part.folder.name] else []
        edited += [f"{part.folder.name}/{name}" for name in (*part.edited, *replaced)]
    whole = hashlib.sha256(json.dumps([manifest, found, *(part.digest for part in parts)], sort_keys=True).encode()).hexdigest()
    return Core(folder=folder, manifest=manifest, design=design, edited=tuple(edited), digest=whole, parts=parts)

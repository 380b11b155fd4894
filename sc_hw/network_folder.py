"""An emitted network: what its folder says, worked out again whenever it is read."""

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta, Struct

from sc_hw_models.lfsr import lane_seed
from sc_hw_models.networks import NetworkModel, NetworkSpec
from sc_hw_models.networks.errors import ERROR_BITS
from sc_hw_models.networks.synapses import Plastic, Weights
from sc_hw_models.rules.three_factor import RULE

from . import __version__
from .elaboration import check_elaborated
from .errors import UserError, one_line
from .folder import npz_bytes
from .manifest import MANIFEST, Core, load_core
from .manifest.describe import FILE_LIST, difference, manifest_text, sha256
from .manifest.emitted import Emitted, altered, check_folder, read_verilog, whole_digest
from .manifest.schema import Digest, Version
from .network_file import WEIGHTS, network_of, network_toml, weights_bytes
from .rtl.generators import DEFAULT_GENERATOR, GENERATORS
from .rtl.networks.design import NetworkDesign
from .rtl.networks.files import network_files
from .rtl.template import TEMPLATE, template_text
from .strict import checked, read_file, read_json

__all__ = [
    "SCHEMA",
    "EmittedNetwork",
    "is_network",
    "layout",
    "load_emitted",
    "load_network",
    "network_design",
    "network_folder",
    "network_in_memory",
]

SCHEMA, INITIAL, DESCRIPTION = "sc-hw/network/2", "initial.npz", "network.toml"
_AGAIN = "emit the network again"
_BYTES = 1 << 28


class _Tools(Struct, forbid_unknown_fields=True, kw_only=True, rename={"sc_hw": "sc-hw"}):
    sc_hw: Version
    jinja2: Version
    numpy: Version


class _AmaranthTools(_Tools, forbid_unknown_fields=True, kw_only=True, rename={"sc_hw": "sc-hw"}):
    amaranth: Version
    pyosys: Version


class _Told(Struct):
    """The entries of a manifest that do not follow from the network alone."""

    tools: _Tools
    sha256: Annotated[dict[str, Digest], Meta(max_length=1 << 16)]


class _ToldOfAmaranth(_Told):
    tools: _AmaranthTools


@dataclass(frozen=True, kw_only=True)
class EmittedNetwork(Emitted[NetworkDesign]):
    """An emitted network."""

    parts: "tuple[EmittedNetwork, ...]" = ()

    @property
    def generator(self) -> str:
        """Which generator made it."""
        return str(self.manifest["generator"])


def network_design(spec: NetworkSpec, name: str) -> NetworkDesign:
    """Return the hardware of a network with the memories that its golden model starts with."""
    return NetworkDesign(name=name, spec=spec, initial=_initial(spec))


def _initial(spec: NetworkSpec) -> dict[str, np.ndarray]:
    model = NetworkModel(spec)
    return {name: memory.state["weight"] for name, memory in model.memories.items()} | model.signs


def network_folder(design: NetworkDesign, generator: str) -> dict[str, str | bytes]:
    """Return every file of the folder of a network by name; the same network gives the same bytes."""
    verilog = network_files(design, generator)
    own = _own_files(design, list(verilog))
    used = ("jinja2", "numpy", *(("amaranth", "pyosys") if generator == "amaranth" else ()))
    tools = {"sc-hw": __version__} | {name: version(name) for name in used}
    digests = {name: sha256(content) for name, content in sorted({**verilog, **own}.items())}
    manifest = _entries(design, generator, list(verilog)) | {"tools": tools, "sha256": digests}
    return {**verilog, **own, MANIFEST: manifest_text(manifest)}


def _own_files(design: NetworkDesign, verilog: list[str]) -> dict[str, str | bytes]:
    """Return the files that are no Verilog but for the manifest."""
    model = NetworkModel(design.spec)
    arrays = {f"{n}.{field}": array for n, memory in model.memories.items() for field, array in memory.state.items()}
    arrays |= {f"{name}.sign": signs for name, signs in model.signs.items()}
    return {
        FILE_LIST: "".join(f"{name}\n" for name in verilog),
        INITIAL: npz_bytes(arrays),
        DESCRIPTION: network_toml(design.spec),
        TEMPLATE: template_text(design.name, design.ports()),
        **({WEIGHTS: weights_bytes(design.spec)} if design.spec.weights else {}),
    }


def _entries(design: NetworkDesign, generator: str, verilog: list[str]) -> dict[str, Any]:
    """Return every entry that follows from the network, its name and the generator."""
    ports = [
        {"name": p.name, "direction": p.direction, "bits": p.bits, "signed": p.signed, "meaning": p.meaning}
        for p in design.ports()
    ]
    blocks = {
        place: {
            "module": block.name,
            "purpose": block.purpose,
            "memories": {
                f"{block.name}_{name}": {"words": words, "bits": bits} for name, (words, bits) in block.memories().items()
            },
        }
        for place, block in design.blocks.items()
    }
    return {
        "schema": SCHEMA,
        "name": design.name,
        "top": design.name,
        "generator": generator,
        **layout(design.spec),
        "ports": ports,
        "blocks": blocks,
        "verilog": verilog,
    }


def network_in_memory(spec: NetworkSpec, name: str = "network", generator: str = DEFAULT_GENERATOR) -> EmittedNetwork:
    """Return a network as it would be emitted, without a folder: for what only runs it."""
    design = network_design(spec, name)
    texts = {file: text.encode() for file, text in network_files(design, generator).items()}
    manifest = {"verilog": list(texts), "generator": generator}
    return EmittedNetwork(folder=Path(name), manifest=manifest, design=design, edited=(), digest="", texts=texts)


def is_network(folder: Path) -> bool:
    """Return whether a folder says of itself that it is a network."""
    try:
        manifest = read_json(folder / MANIFEST, remedy=_AGAIN)
    except UserError:
        return False  # whoever reads it says so better
    return isinstance(manifest, dict) and str(manifest.get("schema", "")).startswith("sc-hw/network/")


def load_network(folder: Path, *, system_tasks: bool = False) -> EmittedNetwork:
    """Read the folder of a network: all that its manifest says must follow from its description.

    Verilog that differs from its digest is listed in ``edited``; it must keep to what ``check_verilog`` and ``check_elaborated``
    allow. Errors: ``UserError`` that names the file and the first entry that is not so.
    """
    path = folder / MANIFEST
    manifest = read_json(path, limit=1 << 22, remedy=_AGAIN)
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        found = manifest.get("schema") if isinstance(manifest, dict) else None
        raise UserError(f"{path}: schema {one_line(json.dumps(found))[:80]}; this sc-hw reads {SCHEMA}; {_AGAIN}")
    name, generator = manifest.get("name"), manifest.get("generator")
    if not isinstance(name, str) or generator not in GENERATORS:
        raise UserError(
            f"{path}: name {one_line(json.dumps(name))[:80]} of generator {one_line(json.dumps(generator))[:80]}; {_AGAIN}"
        )
    design = network_design(network_of(folder / DESCRIPTION, option=""), name)
    emitted = network_files(design, generator)
    own = _own_files(design, list(emitted))
    told = {key: value for key, value in manifest.items() if key not in ("tools", "sha256")}
    wanted = json.loads(json.dumps(_entries(design, generator, list(emitted))))
    if text := difference(told, wanted):
        raise UserError(f"{path}: {one_line(text)}, which follows from {DESCRIPTION}; {_AGAIN}")
    checked(
        {key: manifest.get(key) for key in ("tools", "sha256")},
        _ToldOfAmaranth if generator == "amaranth" else _Told,
        path,
        "a manifest",
        remedy=_AGAIN,
    )
    digests = {file: sha256(content) for file, content in sorted({**emitted, **own}.items())}
    if manifest["tools"]["sc-hw"] == __version__ and (text := difference(manifest["sha256"], digests, "sha256")):
        raise UserError(f"{path}: {one_line(text)}, which follows from {DESCRIPTION}; {_AGAIN}")
    if manifest["sha256"].keys() != digests.keys():
        raise UserError(f"{path}: sha256 does not list the files of the network; {_AGAIN}")
    for file, content in own.items():
        if file == TEMPLATE:
            continue  # the user's to change: nothing is read from it
        found = read_file(folder / file, limit=_BYTES, remedy=_AGAIN)
        if found != (content.encode() if isinstance(content, str) else content):
            raise altered(folder / file, _AGAIN)
    texts = read_verilog(folder, emitted, _BYTES, _AGAIN, system_tasks=system_tasks)
    instances = [one for block in design.blocks.values() for one in block.instances().values()]
    check_folder(folder, texts, [*emitted, *own], (), instances, _AGAIN)
    ports = {design.name: {port.name: (port.direction, port.bits) for port in design.ports()}}
    check_elaborated(
        {str(folder / file): text.decode() for file, text in texts.items()}, design.name, ports, ports_only=system_tasks
    )
    files = {file: sha256(text) for file, text in texts.items()}
    # What another version wrote otherwise counts as edited, too: its manifest alone says that nobody did.
    edited = tuple(file for file, digest in files.items() if not digest == manifest["sha256"][file] == digests[file])
    digest = whole_digest(manifest, manifest["sha256"] | files)
    return EmittedNetwork(folder=folder, manifest=manifest, design=design, edited=edited, digest=digest, texts=texts)


def load_emitted(folder: Path, *, system_tasks: bool = False) -> Core | EmittedNetwork:
    """Read an emitted folder, whatever it is of. Errors: those of ``load_core`` and ``load_network``."""
    return load_network(folder, system_tasks=system_tasks) if is_network(folder) else load_core(folder, system_tasks=system_tasks)


def layout(spec: NetworkSpec) -> dict[str, Any]:
    """Return what hardware follows: order, widths, memories and random registers of every part of a network."""
    populations = {
        p.name: {
            "size": p.size,
            "rule": type(p.neuron).__name__.removesuffix("Config").lower(),
            "bias": p.neuron.bias,
            "settings": {key: value for key, value in vars(p.neuron).items() if key != "bias"},
            "current_bits": spec.sum_bits(p) if p is not spec.input else 0,
            "state_bits": spec.state_fields(p),
            "activity_bits": spec.activity_bits(p) if p is not spec.output else 0,
            "slope_bits": spec.slope_bits(p),
        }
        for p in spec.populations.values()
    }
    return {
        "form": "counting" if spec.counting else "stepping",
        "order": [p.name for p in spec.order],
        "sample": vars(spec.sample) | {"error_bits": ERROR_BITS, "signal_bits": spec.signal_bits},
        "populations": populations,
        "projections": {name: _projection(spec, name) for name in spec.projections},
        "input_registers": {n: {"bits": 31, "seed": lane_seed(spec.stream(f".{n}"), 0, 31)} for n in ("jitter", "poisson")},
    }


def _projection(spec: NetworkSpec, name: str) -> dict[str, Any]:
    projection = spec.projections[name]
    synapses = projection.synapses
    result = {
        "from": projection.source,
        "to": projection.target,
        "delay": projection.delay,
        "rule": type(synapses).__name__.lower(),
        "settings": vars(synapses),
    }
    if not isinstance(synapses, Weights):
        return result
    rows, neurons = spec.populations[projection.source].rows, spec.populations[projection.target].size
    memory: dict[str, Any] = {
        "rows": rows,
        "words_a_row": neurons // synapses.lanes,
        "lanes": synapses.lanes,
        "fields": {"weight": synapses.weight_bits},
    }
    if isinstance(synapses, Plastic):
        rule = RULE.spec(spec.rule_config(projection))
        memory["fields"] = {f.name: f.bits for f in rule.state}
        if rule.lfsr:
            seeds = [lane_seed(spec.stream(name), lane, rule.lfsr.bits) for lane in range(synapses.lanes)]
            memory["registers"] = {"bits": rule.lfsr.bits, "fresh": rule.lfsr.fresh, "seeds": seeds}
    return result | {"memory": memory}

"""The verb ``emit`` for a network: until it has Verilog, the description that Verilog, bench and proof start from."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sc_hw_models.lfsr import lane_seed
from sc_hw_models.networks import NetworkModel, NetworkSpec
from sc_hw_models.networks.errors import ERROR_BITS
from sc_hw_models.networks.synapses import Plastic, Weights
from sc_hw_models.rules.three_factor import RULE

from . import __version__
from .emitted import listed_files
from .errors import UserError
from .folder import check_output, npz_bytes, write_folder
from .manifest import MANIFEST
from .network_file import network_line, network_of

__all__ = ["emit_network", "layout"]

SCHEMA, INITIAL = "sc-hw/network/1", "initial.npz"
_OTHERS = ("synapses", "derived", "layer", "rule", "lanes", "preset", "config", "settings", "initial", "presynaptic", "neurons",
           "neuron_settings", "pre", "post", "spikes", "results", "generator", "name")  # fmt: skip


def emit_network(network: Path, output: Path, *, force: bool, given: Callable[[str], bool]) -> str:
    """Write the folder of a network's description and return a line about it.

    Errors: ``UserError`` for an option that describes a core, for what the file holds, and as ``emit``.
    """
    for option in _OTHERS:
        if given(option):
            shown = {"derived": "from", "settings": "set", "neuron_settings": "neuron-set"}.get(option, option)
            raise UserError(f"--{shown}: is of a core; {network} says all of a network; leave out one of the two")
    spec = network_of(network, option="--network")
    output = check_output(output, listed_files, force=force, verb="emitted")
    model = NetworkModel(spec)
    initial = {f"{n}.{field}": array for n, memory in model.memories.items() for field, array in memory.state.items()}
    files = {INITIAL: npz_bytes(initial | {f"{n}.sign": signs for n, signs in model.signs.items()})}
    manifest = {"schema": SCHEMA, **layout(spec), "tools": {"sc-hw": __version__, "numpy": np.__version__},
                "sha256": {n: hashlib.sha256(content).hexdigest() for n, content in files.items()}}  # fmt: skip
    write_folder(output, {**files, MANIFEST: json.dumps(manifest, indent=2) + "\n"})
    return f"{output}: {network_line(spec)}; description and initial memories, no Verilog yet: golden model only"


def layout(spec: NetworkSpec) -> dict[str, Any]:
    """Return what hardware follows: order, widths, memories and random registers of every part of a network."""
    populations = {
        p.name: {
            "size": p.size, "rule": type(p.neuron).__name__.removesuffix("Config").lower(), "bias": p.neuron.bias,
            "settings": {key: value for key, value in vars(p.neuron).items() if key != "bias"},
            "current_bits": spec.sum_bits(p) if p is not spec.input else 0, "state_bits": spec.state_fields(p),
            "activity_bits": spec.activity_bits(p) if p is not spec.output else 0, "slope_bits": spec.slope_bits(p),
        }
        for p in spec.populations.values()
    }  # fmt: skip
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
    result = {"from": projection.source, "to": projection.target, "delay": projection.delay,
              "rule": type(synapses).__name__.lower(), "settings": vars(synapses)}  # fmt: skip
    if not isinstance(synapses, Weights):
        return result
    rows, neurons = spec.populations[projection.source].rows, spec.populations[projection.target].size
    memory: dict[str, Any] = {"rows": rows, "words_a_row": neurons // synapses.lanes, "lanes": synapses.lanes,
                              "fields": {"weight": synapses.weight_bits}}  # fmt: skip
    if isinstance(synapses, Plastic):
        rule = RULE.spec(spec.rule_config(projection))
        memory["fields"] = {f.name: f.bits for f in rule.state}
        if rule.lfsr:
            seeds = [lane_seed(spec.stream(name), lane, rule.lfsr.bits) for lane in range(synapses.lanes)]
            memory["registers"] = {"bits": rule.lfsr.bits, "fresh": rule.lfsr.fresh, "seeds": seeds}
    return result | {"memory": memory}

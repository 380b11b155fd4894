"""``sc-hw derive``: a trained network's weights and their importance become what each layer's core starts from."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from sc_hw_models.continual.codes import importance_codes
from sc_hw_models.continual.quantise import ROUNDING, quantised
from sc_hw_models.kinds import coded_kinds
from sc_hw_models.rule import Rule

from .. import __version__
from ..axes import axes_of, parse_axes, with_bias
from ..config import build_config, config_toml
from ..errors import UserError, in_shell
from ..folder import check_output, npz_bytes, write_folder
from ..reading import read_npz
from ..records import write_record
from .folder import NAME, RECORD, SCHEMA, listed

__all__ = ["derive_command"]


_WEIGHTS = "give one array of weights for each layer"
_IMPORTANCE = "give one array for each layer, in the shape of its weights"


def _numbers(path: Path, option: str, what: str) -> dict[str, np.ndarray]:
    """Return the arrays of an archive, finite and not empty; ``UserError`` names the first that is not so."""
    arrays = read_npz(path, option=option, what=what)
    if not arrays:
        raise UserError(f"{option} {path}: no arrays; {what}")
    for name, array in arrays.items():
        if not NAME.fullmatch(name):
            raise UserError(f"{option} {path}: layer {name!r}: allowed are letters, digits, _ . -, at most 48; rename the array")
        if name.lower() == RECORD:
            raise UserError(f"{option} {path}: layer {name!r}: is the name of a file that derive writes; rename the array")
        if array.dtype.kind not in "fiu":
            raise UserError(f"{option} {path}: {name} has dtype {array.dtype}; allowed are real numbers; {what}")
        if not array.size:
            raise UserError(f"{option} {path}: {name} is empty, shape {array.shape}; {what}")
        for bad, word in ((np.isnan(array), "NaN"), (np.isinf(array), "infinite")):
            if bad.any():
                raise UserError(
                    f"{option} {path}: {name} has {int(bad.sum())} values that are {word}; allowed are finite numbers"
                )
    return arrays


def _layers(weights: Path, importance: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return weights and importance of each layer, of one shape; ``UserError`` names the first layer where they do not fit."""
    first = _numbers(weights, "WEIGHTS", _WEIGHTS)
    second = _numbers(importance, "--importance", _IMPORTANCE)
    for name in first.keys() ^ second.keys():
        lacking = importance if name in first else weights
        raise UserError(f"{lacking}: no array {name!r}, which the other file has; give the same layers in both")
    for name, array in second.items():
        if array.shape != first[name].shape:
            raise UserError(f"--importance {importance}: {name} has shape {array.shape}; its weights have {first[name].shape}")
        if array.min() < 0:
            raise UserError(f"--importance {importance}: {name} has negative values; allowed are importances of at least 0")
    return {name: (array, second[name]) for name, array in first.items()}


def _joined(
    layers: Mapping[str, tuple[np.ndarray, np.ndarray]], biases: Sequence[str], named: tuple[str, ...] | None
) -> dict[str, tuple[np.ndarray, np.ndarray, tuple[str, ...] | None]]:
    """Return weights, importance and axes of each layer, with its biases; ``UserError`` where they do not fit."""
    result = {}
    pairs = dict(pair.partition("=")[::2] for pair in biases)
    if len(pairs) < len(biases):
        raise UserError(f"--bias {' --bias '.join(biases)}: a layer stands there twice; give each its biases once")
    for layer, bias in pairs.items():
        if layer not in layers or bias not in layers or bias in pairs or list(pairs.values()).count(bias) > 1:
            raise UserError(f"--bias {layer}={bias}: allowed is LAYER=ARRAY with two of the arrays {', '.join(layers)}")
    for name, (weight, matters) in layers.items():
        axes = named if weight.ndim == 2 else None
        if name in pairs:
            what, (values, their_matters) = f"--bias {name}={pairs[name]}: {pairs[name]}", layers[pairs[name]]
            axes = axes_of(f"layer {name}", weight.shape, named, {"post": values.size})
            weight, matters = with_bias(what, weight, values, axes), with_bias(what, matters, their_matters, axes)
        if name not in pairs.values():
            result[name] = weight, matters, axes
    return result


def derive_command(
    weights: Path,
    importance: Path,
    output: Path,
    rule: Rule,
    table: Mapping[str, Any],
    settings: Sequence[str],
    *,
    scale: float | None,
    axes: str | None,
    biases: Sequence[str],
    force: bool,
    json_path: Path | None,
    console: Console,
) -> int:
    """Write for each layer the lane's configuration and its initial state, and print what that cost; return 0.

    ``axes`` names those of all weights; ``biases`` are ``LAYER=ARRAY``, an array of both files that becomes the weights of
    one more presynaptic neuron of the layer.
    """
    named = parse_axes(axes)
    output = check_output(output, listed, force=force, verb="derived")
    config = build_config(rule, table, settings)
    spec = rule.spec(config)
    fields = {f.name: f for f in spec.state}
    if not {"weight", "code"} <= fields.keys():
        raise UserError(
            f"rule {rule.name} with these settings keeps {', '.join(fields)}; an importance needs a weight and a "
            f"code: choose --consolidation {', '.join(coded_kinds())}, or a rule that has one"
        )
    files: dict[str, str | bytes] = {}
    layers = []
    for name, (weight, matters, own) in _joined(_layers(weights, importance), biases, named).items():
        made = quantised(weight, fields["weight"], scale)
        if np.ptp(weight) and not np.ptp(made.values):
            raise UserError(
                f"--scale {scale}: every weight of {name} becomes {made.values.flat[0]}; give a smaller one, at most "
                f"{np.ptp(weight) / 2:.3g}"
            )
        codes = importance_codes(matters, config.consolidation, fields["code"].bits)
        state = {"weight": made.values, "anchor": made.values, "code": codes}
        files |= {
            f"{name}/config.toml": config_toml(config, f"Configuration of layer {name}, rule {rule.name}"),
            f"{name}/initial.npz": npz_bytes({key: array.reshape(-1) for key, array in state.items() if key in fields}),
        }
        layers.append(
            {
                "layer": name,
                "shape": list(weight.shape),
                "axes": own and list(own),
                "synapses": weight.size,
                "scale": made.scale,
                "offset": made.offset,
                "rounding": ROUNDING,
                "clipped": made.clipped,
                "error_max": made.error_max,
                "error_rms": made.error_rms,
                "codes": np.bincount(codes.reshape(-1), minlength=fields["code"].maximum + 1).tolist(),
            }
        )
    # The folder's own description: no date and no path, so that the same input gives the same bytes.
    record = {
        "schema": SCHEMA,
        "verb": "derive",
        "verdict": "pass",
        "rule": rule.name,
        "config": dataclasses.asdict(config),
        "tools": {"sc-hw": __version__},
        "layers": layers,
        "files": sorted([RECORD, *files]),
    }
    files[RECORD] = json.dumps(record, indent=2, allow_nan=False) + "\n"
    write_folder(output, files)
    if json_path:
        write_record(json_path, record)
    console.print(_table(layers, f"{rule.name}, consolidation {config.consolidation}, weights rounded to {ROUNDING}"))
    for layer in layers:
        counts = " ".join(map(str, layer["codes"]))
        console.print(f"{layer['layer']}: synapses with code 0, 1, ...: {counts}", highlight=False, soft_wrap=True)
        console.print(
            f"  sc-hw emit --from {in_shell(output)} --layer {in_shell(layer['layer'])} -o CORE", highlight=False, soft_wrap=True
        )
    return 0


def _table(layers: Sequence[Mapping[str, Any]], title: str) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD)
    for heading in ("layer", "synapses", "scale", "offset", "clipped", "max error", "rms error"):
        table.add_column(heading, justify="left" if heading == "layer" else "right")
    for layer in layers:
        errors = (f"{layer[key]:.3g}" for key in ("error_max", "error_rms"))
        table.add_row(
            layer["layer"],
            str(layer["synapses"]),
            f"{layer['scale']:.6g}",
            f"{layer['offset']:.6g}",
            str(layer["clipped"]),
            *errors,
        )
    return table

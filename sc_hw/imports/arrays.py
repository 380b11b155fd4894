"""Dense layers as arrays by name: an ``.npz`` of Keras' or PyTorch's weights; and how arrays of any source become a graph.

A layer is a matrix NAME/kernel (or NAME.weight, NAME/W, NAME) and its biases NAME/bias, in the order of the file.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..axes import AXES, parse_axes
from ..errors import UserError, one_line
from ..reading import MOST_ARRAYS, read_npz
from .graph import LARGEST, Graph, Node, Options

__all__ = ["dense_graph", "read"]

_PARTS = re.compile(r"(?P<name>.*?)[./:_]?(?P<part>kernel|weight|w|bias|b)(:0)?", re.IGNORECASE)
_WHAT = "give matrices and biases of dense layers by name: np.savez('FILE.npz', **{'fc1.weight': ..., 'fc1.bias': ...})"
MOST_LAYERS = 64


def read(path: Path, options: Options) -> Graph:
    """Return the graph of the dense layers in an archive of NumPy. Errors: ``UserError``."""
    return dense_graph(path, read_npz(path, what=_WHAT), options)


def dense_graph(path: Path, arrays: Mapping[str, np.ndarray], options: Options) -> Graph:
    """Return dense layers with rectified neurons between them, each always spiking at the ``threshold`` of the options.

    Errors: ``UserError`` for an array that is no part of a dense layer, axes that shapes do not tell, or no threshold.
    """
    layers = _layers(path, arrays)
    if len(layers) > 1 and options.threshold is None:
        raise UserError(
            f"{path}: {next(iter(layers))!r}: a dense layer has no threshold; give --threshold X, the activation at which a "
            "neuron spikes in every timestep"
        )
    threshold = 1.0 if options.threshold is None else options.threshold
    if not 1 / LARGEST <= threshold <= LARGEST:
        raise UserError(f"--threshold {threshold}: allowed are numbers above 0, {1 / LARGEST:g} to {LARGEST:g}")
    if options.reset is not None or options.dt is not None:
        raise UserError("--dt, --reset: dense layers have neither timestep nor reset; leave them out")
    oriented = _oriented(path, layers, parse_axes(options.axes))
    first, end = _other("input", layers), _other("output", layers)
    nodes = {first: Node("Input", {"shape": np.array([oriented[0][1].shape[1]])})}
    edges, last, amplitude = list[tuple[str, str]](), first, 1.0
    for number, (name, weights, bias) in enumerate(oriented):
        nodes[name] = Node("Affine", {"weight": weights * amplitude, "bias": bias})
        edges.append((last, name))
        last, amplitude = name, threshold
        if number + 1 < len(oriented):
            last = _other(f"{name}.neurons", layers)
            nodes[last] = Node("Rate", {"v_threshold": np.full(len(bias), threshold)})
            edges.append((name, last))
    nodes[end] = Node("Output", {})
    return Graph(nodes, (*edges, (last, end)))


def _other(name: str, layers: Mapping[str, object]) -> str:
    """Return a name of a node of ours that no layer of the file has."""
    while name in layers:
        name += "_"
    return name


def _layers(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Return the matrices and biases of layers by name. Errors: ``UserError`` that names an array that is neither."""
    found: dict[str, dict[str, np.ndarray]] = {}
    if sum(array.size for array in arrays.values()) * 8 > MOST_ARRAYS:  # as what they become, and arrays can share their bytes
        raise UserError(f"{path}: more than {MOST_ARRAYS >> 23} Mi numbers, the most that are read here; give a smaller network")
    for name, array in arrays.items():
        match = _PARTS.fullmatch(name)
        part = "bias" if match and match["part"].lower() in ("bias", "b") else "weight"
        layer, place = (match["name"] if match else name) or "dense", f"{path}: array {one_line(repr(name))[:80]}"
        if array.ndim != (1 if part == "bias" else 2) or not array.size:
            raise UserError(
                f"{place}: shape {array.shape} is no {part} of a dense layer; allowed are matrices "
                "and biases; leave other layers out"
            )
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise UserError(f"{place}: {array.dtype}; allowed are finite numbers")
        if max(abs(array.min()), abs(array.max())) > LARGEST:
            raise UserError(f"{place}: a number above {LARGEST:g}; allowed are smaller ones; scale the layer")
        if part in found.setdefault(layer, {}):
            raise UserError(f"{place}: {one_line(repr(layer))[:80]} has such an array already; allowed is one")
        found[layer][part] = array.astype(np.float64)
    for layer, parts in found.items():
        if "weight" not in parts:
            raise UserError(f"{path}: {one_line(repr(layer))[:80]} has biases, but no matrix; {_WHAT}")
    if not 1 <= len(found) <= MOST_LAYERS:
        raise UserError(f"{path}: {len(found)} layers; allowed are 1..{MOST_LAYERS}; {_WHAT}")
    return found


def _oriented(
    path: Path, layers: Mapping[str, Mapping[str, np.ndarray]], named: tuple[str, ...] | None
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return name, matrix ``(outputs, inputs)`` and biases of each layer; axes are named, or all layers' sizes tell them."""
    fitting = [axes for axes in (AXES if named is None else (named,)) if _chain(layers, axes)]
    what = f"{path}: " + ", ".join(f"{n!r} {p['weight'].shape[0]} x {p['weight'].shape[1]}" for n, p in layers.items())[:300]
    if not fitting:
        sides = f" as {','.join(named)}" if named else ""
        raise UserError(
            f"{what}{sides}: outputs of one layer are not the inputs of the next, or of its biases; give them in order"
        )
    if len(fitting) > 1:
        raise UserError(
            f"{what}: do not tell inputs from outputs; give --axes post,pre for (outputs, inputs), as PyTorch has, or pre,post"
        )
    turned = fitting[0] == ("pre", "post")
    result = []
    for name, parts in layers.items():
        weights = parts["weight"].T if turned else parts["weight"]
        result.append((name, weights, parts.get("bias", np.zeros(len(weights)))))
    return result


def _chain(layers: Mapping[str, Mapping[str, np.ndarray]], axes: tuple[str, ...]) -> bool:
    """Return whether layers follow each other and have as many biases as outputs when all have such axes."""
    pre, before = axes.index("pre"), None
    for parts in layers.values():
        shape = parts["weight"].shape
        if before not in (None, shape[pre]) or ("bias" in parts and parts["bias"].shape != (shape[1 - pre],)):
            return False
        before = shape[1 - pre]
    return True

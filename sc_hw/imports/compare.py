"""The integers of a chip's network beside the floating-point network that they were made from: spikes, sums, decisions."""

from typing import Any

import numpy as np

from sc_hw_models.compiled import CompileError
from sc_hw_models.networks import CompiledNetwork, NetworkModel
from sc_hw_models.networks.neurons import MAX_LEVEL, InputConfig

from ..errors import CheckError
from .convert import Chip
from .floats import float_counts, float_play
from .graph import Options
from .net import Net

__all__ = ["compared"]


def compared(net: Net, chip: Chip, options: Options, pixels: np.ndarray, labels: np.ndarray | None) -> dict[str, Any]:
    """Return how many spikes of each layer, and how many decisions, the golden model and the floating-point network differ in.

    Both take the same activities in each timestep. Errors: ``CheckError`` when the compiled model is not the golden model.
    """
    spec, model = chip.spec, NetworkModel(chip.spec)
    hidden = [layer for layer in net.layers if layer.kind != "sum"]
    layers = {layer.name: {"spikes": 0, "float_spikes": 0.0, "different": 0, "of": 0} for layer in hidden}
    decisions, floats = [], []
    neuron, entry = spec.input.neuron, spec.input.name
    constant = isinstance(neuron, InputConfig) and neuron.code == "constant"
    unit = options.full_scale / (MAX_LEVEL if constant else 1)
    for moment in model.play(pixels, np.zeros(len(pixels), dtype=np.int64), learn=False):
        steps = moment["timesteps"]
        given = [step[f"{entry}.activity"] * unit for step in steps]
        if any(layer.kind == "rate" for layer in hidden):
            expected, sums = float_counts(net, given[0], options.timesteps)
        else:
            expected, sums = float_play(net, given * (options.timesteps if spec.counting else 1), options.reset or "subtract")
            if spec.counting:
                expected = {name: spikes.sum(axis=0) for name, spikes in expected.items()}
        for name, row in layers.items():
            own = [step[f"{chip.populations[name]}.activity"] for step in steps]
            wanted = np.floor(np.asarray(expected[name]) + 1e-9).reshape(np.shape(own))
            row["spikes"] += int(np.sum(own))
            row["float_spikes"] += float(wanted.sum())
            row["different"] += int(np.abs(own - wanted).sum())
            row["of"] += int(np.size(own)) * (options.timesteps if spec.counting else 1)
        decisions.append(moment["decision"])
        floats.append(int(np.argmax(sums)))
    result: dict[str, Any] = {
        "samples": len(pixels),
        "layers": {name: row | {"float_spikes": int(row["float_spikes"])} for name, row in layers.items()},
        "decisions_equal": int(np.sum(np.array(decisions) == floats)),
        "compiled": _compiled(chip, pixels, decisions),
    }
    if labels is not None:
        result["accuracy"] = float(np.mean(np.array(decisions) == labels))
        result["float_accuracy"] = float(np.mean(np.array(floats) == labels))
    return result


def _compiled(chip: Chip, pixels: np.ndarray, decisions: list[int]) -> bool:
    """Return whether there is a compiled model, whose decisions then are the golden model's."""
    try:
        model = CompiledNetwork(chip.spec)
    except CompileError:
        return False
    neuron = chip.spec.input.neuron
    if isinstance(neuron, InputConfig) and neuron.code == "poisson":
        return False  # play advances the register of spikes from sample to sample, predict of each model from its start
    if model.predict(pixels).tolist() != decisions:
        raise CheckError("the compiled model decides otherwise than the golden model")
    return True
